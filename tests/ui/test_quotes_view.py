"""An answer of `quotes` on the page: a file is named once, and a computed table stands in its block alone."""

from __future__ import annotations

from typing import Any

import pytest

from chat.documents.document import Document, Page
from chat.grounding.citations import check
from chat.grounding.evidence import Evidence
from chat.turns.models import QUOTES
from chat.ui.cited_marks import SIGNS, mark_claims, mark_pending
from chat.ui.quotes_view import shorten_quotes, show_computed
from tests.ui.test_computation_view import COMPUTATION

WORDS = ("The bridge is 200 m long and made of iron.", "It was opened in 1903 by the mayor of the town.")


def quoted(unit: str, marks: list[str]) -> tuple[str, dict[str, Any], list[dict[str, Any]]]:
    """Return an answer with these marks under its quotes, its receipt, and its citations."""
    pages = tuple(Page(str(at + 1) if unit else "", words) for at, words in enumerate(WORDS))
    document = Document(
        "a river.md", "text/plain", 9, unit, pages if unit else (Page("", "\n".join(WORDS)),), 2
    )
    quotes = [f"> {WORDS[at % 2]}\n\n[{mark}]" for at, mark in enumerate(marks)]
    answer = "\n\n".join(["The files say:", *quotes])
    receipt = {
        "files": [{"name": "a river.md", "unit": unit or "section"}, {"name": "a river.md p", "unit": ""}]
    }
    return answer, receipt, [dict(one.to_json()) for one in check(answer, [Evidence.prepare(document)])]


@pytest.mark.parametrize("is_growing", [False, True])
@pytest.mark.parametrize(
    ("unit", "marks", "shown"),
    [
        ("", ["a river.md", "a river.md"], ["", "[a river.md]"]),
        ("page", ["a river.md p. 1", "a river.md p. 2"], ["[a river.md p. 1]", "[p. 2]"]),
        ("page", ["a river.md p. 1", "b.md p. 2"], ["[a river.md p. 1]", "[b.md p. 2]"]),
    ],
)
def test_a_file_is_named_once_in_a_row_of_its_quotes(
    unit: str, marks: list[str], shown: list[str], is_growing: bool
) -> None:
    answer, receipt, citations = quoted(unit, marks)
    marked = mark_pending(answer, receipt) if is_growing else mark_claims(answer, citations, "m1")
    short = SIGNS.sub("", shorten_quotes(QUOTES, marked, receipt))
    expected = "\n\n".join(f"> {WORDS[at]}\n\n{mark}" for at, mark in enumerate(shown))
    assert short == f"The files say:\n\n{expected}"
    assert shorten_quotes("a model", marked, receipt) == marked


def test_a_computed_table_is_shown_by_its_block_alone() -> None:
    receipt = {"computation": COMPUTATION}
    answer = "Computed over 2 rows:\n\n| a | b |\n| --- | --- |\n| x \\| y | 1 |\n\n- 1 row has no value."
    assert shorten_quotes(QUOTES, answer, receipt) == "Computed over 2 rows:\n\n\n- 1 row has no value."
    block = show_computed(QUOTES, receipt, answer, "en")
    assert "1,234,567.5" in block
    assert "of sales.xlsx / 2024</p>" not in block  # the text says it
    assert shorten_quotes("a model", answer, receipt) == answer
    assert "of sales.xlsx / 2024</p>" in show_computed("a model", receipt, answer, "en")


def test_a_result_that_the_text_has_in_words_is_not_shown_again() -> None:
    answer = "Computed over 2 rows:\n\ntotal: **1,234,567.5**"
    block = show_computed(QUOTES, {"computation": COMPUTATION}, answer, "en")
    assert "SELECT region" in block
    assert "1,234,567.5" not in block
    columns = {key: COMPUTATION[key] for key in ("columns", "rows")}
    assert show_computed(QUOTES, {"computation": columns}, "- a (text)", "en") == ""
