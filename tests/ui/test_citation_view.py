"""The claims of an answer: signs in its text, one line below it, and a list that opens their places."""

from __future__ import annotations

import re
from typing import Any

import pytest

from chat.documents.document import Document, Page
from chat.grounding.citations import check
from chat.grounding.evidence import Evidence
from chat.ui.citation_view import name_state, show_citations
from chat.ui.cited_marks import SIGNS, mark_claims, mark_pending
from chat.ui.markdown.rendering import render

PAGES = (
    Page("1", "The bridge is 200 m long and made of iron by the county."),
    Page("2", "It was opened in 1903 by the mayor of the town, a tall man."),
)
DOCUMENT = Document("r.pdf", "application/pdf", 9, "page", PAGES, 2)
ANSWER = (
    "It says “The bridge is 200 m long and made of iron” [r.pdf, page 1]. And “It was opened in 1903 by the "
    "mayor of the town” [r.pdf, page 1]. Not: “this is nowhere in the file at all, really” [r.pdf, page 9]."
)
STATES = [
    "found",
    "omission",
    "other_page",
    "two_places",
    "altered",
    "not_found",
    "translated",
    "page_exists",
]
SIGN = re.compile("\ue200[\ue210-\ue21f]+([^\ue200\ue201]*)\ue201")


def cite(answer: str) -> list[dict[str, Any]]:
    return [dict(one.to_json()) for one in check(answer, [Evidence.prepare(DOCUMENT)])]


def test_the_text_has_a_sign_around_each_mark_and_behind_each_quote() -> None:
    marked = mark_claims(ANSWER, cite(ANSWER), "m1")
    assert SIGN.findall(marked) == ["", "[r.pdf, page 1]", "", "[r.pdf, page 1]", "", "[r.pdf, page 9]"]
    assert SIGNS.sub("", marked) == ANSWER
    assert "iron”\ue200" in marked  # behind the quotation mark
    assert SIGN.findall(render(marked)) == SIGN.findall(marked)


def test_no_sign_stands_in_code_or_in_a_formula_and_those_of_a_model_are_taken_out() -> None:
    answer = "`“The bridge is 200 m long” [r.pdf, page 1]` and $[r.pdf, page 1]$ \ue200\ue210\ue201"
    citations = [
        {"kind": "page_mark", "status": "page_exists", "at": at, "end": at + 15}
        for at in (answer.index("[r.pdf"), answer.rindex("[r.pdf"))
    ]
    assert mark_claims(answer, citations, "m1") == answer[:-3]
    assert mark_claims(answer, [], "m1") == answer[:-3]


@pytest.mark.parametrize(
    ("language", "line"),
    [
        (
            "en",
            [
                "2 quotes found",
                "1 on page 2 instead of 1",
                "3 pages named",
                "1 not found",
                "1 page not there",
            ],
        ),
        ("zh", ["2 处引文一致", "1 处在第 2 页，不是 1", "3 处页码", "1 处没有找到", "1 页不存在"]),
    ],
)
def test_one_line_sums_up_and_opens_the_list(language: str, line: list[str]) -> None:
    again = ANSWER + "\n\n> The bridge is 200 m long and made of iron\n\n[r.pdf, p. 1]"
    shown = show_citations(cite(again), "m1", language)
    summary, _, rows = shown.partition("</summary>")
    assert re.findall(r"<span[^>]*>([^<]*)</span>", summary) == line
    assert re.findall(r'data-value="(\d+)"', rows) == [str(number) for number in range(8)]
    assert show_citations([], "m1", language) == ""


def test_words_that_were_read_from_a_picture_say_so_on_the_chip_and_in_the_line() -> None:
    page = Page("1", PAGES[0].text, confidence=0.934)
    document = Document("r.pdf", "application/pdf", 9, "page", (page,), 1)
    answer = "It says “The bridge is 200 m long and made of iron” [r.pdf, page 1]."
    citations = [dict(one.to_json()) for one in check(answer, [Evidence.prepare(document)])]
    shown = show_citations(citations, "m1", "en")
    assert re.findall(r'data-short="([^"]*)"', shown) == ["read from a picture", ""]
    assert ">1 read from a picture</span>" in shown
    assert shown.count("93% sure of its letters") == 4  # in the hint and in the list, of both
    other = {"kind": "quote", "status": "omission", "from_picture": True}
    assert name_state(other, "zh") == "有省略 · 由图片识别"


def test_a_row_has_the_words_around_the_place_and_nothing_of_a_file_is_html() -> None:
    citation = {
        "kind": "quote", "status": "found", "text": "<b>nine</b>", "name": 'a"><img src=x>.md', "unit": "",
        "page": "", "passage": "before <nine> after", "passage_start": 7, "passage_end": 13, "at": 0,
        "end": 9,
    }  # fmt: skip
    shown = show_citations([citation], "m1", "en")
    assert 'data-before="before "' in shown
    assert 'data-words="&lt;nine&gt;"' in shown
    assert 'data-after=" after"' in shown
    assert "<img" not in shown
    assert "<b>" not in shown


def test_the_words_around_a_place_are_whole_ones_of_its_paragraph() -> None:
    around = "lantern " * 20, " hourglass" * 20
    text = f"Another paragraph.\n\n{around[0]}The lamp shines for nine hours{around[1]}.\n\n## More"
    document = Document("lamp.md", "text/markdown", 9, "", (Page("", text),), 1)
    answer = "It says “The lamp shines for nine hours”."
    shown = show_citations(
        [dict(one.to_json()) for one in check(answer, [Evidence.prepare(document)])], "m1", "en"
    )
    [before], [after] = (
        re.findall(r'data-before="([^"]*)"', shown),
        re.findall(r'data-after="([^"]*)"', shown),
    )
    assert set(before.split()) == {"lantern"}
    assert set(after.split()) == {"hourglass"}


def test_a_mark_of_a_file_without_pages_counts_as_no_page() -> None:
    quote = {"kind": "quote", "status": "found", "text": "nine hours", "unit": ""}
    mark = {"kind": "page_mark", "status": "page_exists", "text": "[lamp.md]", "unit": ""}
    for citations, wanted in ([quote, mark], ["1 quote found"]), ([mark], ["1 page named"]):
        summary, _, rows = show_citations(citations, "m1", "en").partition("</summary>")
        assert re.findall(r"<span[^>]*>([^<]*)</span>", summary) == wanted
        assert rows.count("<li>") == len(citations)


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("kind", ["quote", "page_mark", "figure"])
def test_states_that_are_not_simply_true_have_words_of_their_own(kind: str, language: str) -> None:
    words = {
        status: name_state(
            {"kind": kind, "status": status, "page": "14", "cited_page": "12", "unit": "page"}, language
        )
        for status in STATES
    }
    assert {status for status, said in words.items() if not said} == {"found", "page_exists"}
    assert len(set(words.values())) == len(STATES) - 1
    assert ("14" in words["other_page"], "12" in words["other_page"]) == (True, True)


RECEIPT = {"files": [{"name": "r.pdf", "unit": "page"}]}
PENDING = re.compile("\ue200\ue202([^\ue200\ue201]*)\ue201")


def test_while_an_answer_grows_each_complete_mark_has_a_sign_and_what_was_drawn_stays() -> None:
    grown, shown = "", list[str]()
    for end in range(len(ANSWER) + 1):
        grown = mark_pending(ANSWER[:end], RECEIPT)
        assert SIGNS.sub("", grown) == ANSWER[:end]
        assert PENDING.findall(grown)[: len(shown)] == shown
        shown = PENDING.findall(grown)
    assert shown == ["", "[r.pdf, page 1]", "", "[r.pdf, page 1]", "", "[r.pdf, page 9]"]
    finished = mark_claims(ANSWER, cite(ANSWER), "m1")
    assert [one.start() for one in re.finditer("\ue201", re.sub("[\ue202\ue210-\ue21f]", "", finished))] == [
        one.start() for one in re.finditer("\ue201", re.sub("\ue202", "", grown))
    ]


@pytest.mark.parametrize(
    "answer",
    [
        "See `[r.pdf, page 1]` in code.",
        "```\nSee [r.pdf, page 1] in a fence.\n```\nAnd more.",
        "```\nSee [r.pdf, page 1] in an open fence.",
        "A link: [the guide](https://example.org/page 1 of 9).",
        "It is incomplete: [r.pdf, page 1]",
        "Nothing of the files: [other, as we said] in brackets.",
        "A slip \ue200\ue202page 1\ue201 of a model",
    ],
)
def test_no_sign_stands_in_code_or_around_what_is_no_mark_yet(answer: str) -> None:
    assert mark_pending(answer, RECEIPT) == SIGNS.sub("", answer)
    assert mark_pending("See [r.pdf, page 1] there.", {}) == "See [r.pdf, page 1] there."


def test_marks_in_words_become_chips_when_they_cannot_go_on() -> None:
    assert PENDING.findall(mark_pending("On page 1", RECEIPT)) == []
    assert PENDING.findall(mark_pending("On page 1 it says that it is made of iron.", RECEIPT)) == ["page 1"]
    sheet = {"files": [{"name": "s.xlsx", "unit": "sheet"}]}
    assert PENDING.findall(mark_pending("On page 1 it says that it is made of iron.", sheet)) == []


def test_a_condition_that_the_answer_leaves_out_is_in_the_chip_and_in_the_list() -> None:
    found = {
        "kind": "quote",
        "status": "found",
        "text": "May end",
        "name": "r.pdf",
        "condition": "unless rent is owed",
    }
    assert name_state(found, "en") == "a condition is left out"
    assert "“unless rent is owed”" in show_citations([found], "m1", "en")
    assert "“unless rent is owed”" in show_citations([found], "m1", "zh")
