"""Chips of what an answer cites: one a place, each with the passages of its own quotes."""

from __future__ import annotations

import re
from typing import Any

import pytest

from chat.ui.drawer import _citation
from chat.ui.receipt_view import show_citations, show_receipt
from chat.ui.texts import text

PLACE = {"status": "found", "name": "lamp.md", "unit": "", "page": "", "passage": ""}


def cite(text: str, **more: Any) -> dict[str, Any]:
    place = {"passage": f"before {text} after", "passage_start": 7, "passage_end": 7 + len(text)}
    return PLACE | {"kind": "quote", "text": text} | place | more


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
    citation = cite(
        "a full charge", passage="A full\ncharge takes two hours.", passage_start=0, passage_end=13
    )
    marked = "<blockquote><mark>A full\ncharge</mark> takes two hours.</blockquote>"
    assert _citation(citation, "en")[2] == marked


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("kind", ["quote", "page_mark", "figure"])
@pytest.mark.parametrize(
    "status",
    ["found", "omission", "other_page", "two_places", "altered", "not_found", "translated", "page_exists"],
)
def test_each_verdict_has_a_sentence_of_its_own(status: str, kind: str, language: str) -> None:
    shown = _citation(cite("nine", kind=kind, status=status), language)[1]
    assert len(shown) > len('<p class="hint"></p>')


def test_what_differs_is_shown() -> None:
    shown = _citation(cite("nine hours", status="altered", said="nine", stands="ten"), "en")[1]
    assert "the answer says “nine”, the file says “ten”" in shown


@pytest.mark.parametrize("note", ["images_not_sent", "images_newest"])
def test_a_picture_that_was_not_sent_stands_in_the_line_that_is_seen(note: str) -> None:
    file = {"name": "a.txt", "mode": "full", "used": 9, "characters": 9, "pages": 0, "pages_sent": 0}
    file["unit"] = ""
    for files in ([], [file]):
        shown = show_receipt({"files": files, "budget": 9, "characters": 9, "notes": [note]}, "en")
        summary, _, details = shown.partition("</summary>")
        assert text("en", f"receipt.note.{note}") in summary
        assert text("en", f"receipt.note.{note}") not in details
        assert 'data-incomplete="yes"' in summary


def test_a_mark_and_its_quote_share_a_chip() -> None:
    cited = [cite("nine hours"), cite("[lamp.md]", kind="page_mark", status="page_exists")]
    shown = show_citations(cited, "m1", "en")
    assert re.findall(r'data-value="([^"]*)"', shown) == ["0-1"]
    assert 'data-status="found"' in shown


def test_both_labels_of_a_page_are_shown_where_they_differ() -> None:
    shown = show_citations([cite("x", unit="page", page="140", printed="127")], "m1", "en")
    assert "page 127 (number 140 in the file)" in shown
