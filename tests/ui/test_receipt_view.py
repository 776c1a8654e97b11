"""Chips of what an answer cites: one a place, each with the passages of its own quotes."""

from __future__ import annotations

import re
from typing import Any

from chat.ui.drawer import _citation
from chat.ui.receipt_view import show_citations

PLACE = {"status": "found", "name": "lamp.md", "unit": "", "page": "", "passage": ""}


def cite(text: str, **more: Any) -> dict[str, Any]:
    return PLACE | {"text": text, "passage": f"before {text} after"} | more


def test_quotes_of_a_file_without_pages_are_one_chip_that_opens_all_of_them() -> None:
    shown = show_citations([cite("nine hours"), cite("two years")], "m1", "en")
    assert re.findall(r'data-value="([^"]*)"[^>]*>([^<]*)<', shown) == [("0-1", "lamp.md ×2")]


def test_each_page_and_each_quote_that_stands_nowhere_has_a_chip_of_its_own() -> None:
    paged = [cite("a", unit="page", page="1"), cite("b", unit="page", page="2")]
    missing = [cite("c", status="not_found"), cite("d", status="not_found")]
    shown = show_citations([*paged, *missing], "m1", "en")
    assert re.findall(r'data-value="([^"]*)"', shown) == ["0", "1", "2", "3"]


def test_a_citation_shows_its_quote_marked_in_its_passage() -> None:
    assert (
        _citation(cite("<nine>"), "en")[2]
        == "<blockquote>before <mark>&lt;nine&gt;</mark> after</blockquote>"
    )


def test_a_quote_is_marked_in_the_case_and_the_lines_of_the_file() -> None:
    citation = cite("a full charge", passage="A full\ncharge takes two hours.")
    marked = "<blockquote><mark>A full\ncharge</mark> takes two hours.</blockquote>"
    assert _citation(citation, "en")[2] == marked
