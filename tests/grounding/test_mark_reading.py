"""Marks in every usual form, and what is no mark."""

from __future__ import annotations

from dataclasses import replace

import pytest

from chat.grounding.evidence import Evidence
from chat.grounding.mark_reading import Mark, find_marks, find_names
from tests.made_documents import make_document

REPORT = Evidence.prepare(make_document(*(f"Page {n} of owls." for n in range(1, 10))))
LAW = Evidence.prepare(
    make_document("第一条 甲。\n第一千一百二十九条 乙。\n第一千一百三十条 丙。", name="law.txt", unit="")
)


def marks_of(answer: str, *evidence: Evidence) -> list[Mark]:
    known = evidence or (REPORT,)
    return find_marks(answer, find_names(answer, known), known)


def pages_of(mark: Mark) -> list[str]:
    return [place.evidence.document.page_at(start).label for place in mark.places for start, _ in place.spans]


@pytest.mark.parametrize(
    ("answer", "pages"),
    [
        ("So (p. 3).", "3"),
        ("So [report.pdf, p. 3].", "3"),
        ("所以【report.pdf 第3页】。", "3"),
        ("So (S. 3).", "3"),
        ("So (Seite 3).", "3"),
        ("所以（P3）。", "3"),
        ("所以（第三页）。", "3"),
        ("So [pp. 3-5].", "3 4 5"),
        ("So [p. 3, 7].", "3 7"),
        ("So [p. 3; p. 7].", "3|7"),
        ("So (pages 3 and 7).", "3 7"),
        ("On page 6 it says so.", "6"),
        ("The balance sheet is on page 6.", "6"),
        ("Auf Seite 6 steht es.", "6"),
        ("见第6页。", "6"),
        ("So (see p. 3).", "3"),
        ("So (report.pdf, Table 2, p. 3).", "3"),
        ("So (Note 5, p. 3).", "3"),
        ("In report.pdf, page 3 says so.", "3"),
        ("So `report.pdf` (p. 3).", "3"),
        ("Así (pág. 3), página 6.", "3|6"),
        ("Так (с. 3), на стр. 6 и на странице 7.", "3|6|7"),
        ("そうである（3ページ）。", "3"),
        ("| Fact | Page |\n|---|---|\n| Owls | 3 |\n| Bats | 5-6 |", "3|5 6"),
        ("| **S.** | Was |\n| --- | --- |\n| 3 | Eulen |", "3"),
        ("| Fact | Page |\n|---|---|\n| Owls | p. 3 |", "3"),
        ("| Fact | Count |\n|---|---|\n| Owls | 3 |", ""),
    ],
)
def test_a_page_is_named(answer: str, pages: str) -> None:
    assert "|".join(" ".join(pages_of(mark)) for mark in marks_of(answer)) == pages


@pytest.mark.parametrize(
    "answer",
    [
        "It has 12 pages.",
        "Chapter 3 of the story (2019).",
        "So (slide show).",
        "So [a link](http://x/p.3).",
        "So [1] and [2].",
        "He saw § 9 BGB (§ 433).",
        "（第一千一百二十九条）",
        "Part (3) is P. Smith's.",
    ],
)
def test_what_names_no_page_of_the_file_is_no_mark(answer: str) -> None:
    assert marks_of(answer) == []


@pytest.mark.parametrize("answer", ["So [report.pdf p. 12].", "So [other.pdf p. 3].", "So (p. 99)."])
def test_a_page_or_file_that_is_not_there_has_no_place(answer: str) -> None:
    (mark,) = marks_of(answer)
    assert mark.places == ()


@pytest.mark.parametrize(
    "name", ["Chapter 2.pdf", "slides.pptx", "第3章.pdf", "P. Smith.pdf", "a (1) [x].pdf"]
)
def test_a_name_that_begins_like_a_unit_is_a_name(name: str) -> None:
    one = Evidence.prepare(make_document("a", "b", "c", name=name))
    (mark,) = marks_of(f"So [{name} p. 2].", one, REPORT)
    assert (mark.name, pages_of(mark)) == (name, ["2"])


def test_the_longest_name_wins_and_two_files_may_share_one() -> None:
    short, long = (Evidence.prepare(make_document("a", "b", name=name)) for name in ("a.pdf", "my a.pdf"))
    assert [place.evidence for place in marks_of("So [my a.pdf p. 2].", short, long)[0].places] == [long]
    twin = Evidence.prepare(make_document("a", name="a.pdf"))
    assert marks_of("So [a.pdf p. 1].", short, twin)[0].files == (short, twin)


def test_each_file_of_a_bracket_has_a_mark() -> None:
    other = Evidence.prepare(make_document("a", "b", name="b.pdf"))
    marks = marks_of("So [report.pdf p. 3; b.pdf p. 2].", REPORT, other)
    assert [(mark.name, *pages_of(mark)) for mark in marks] == [("report.pdf", "3"), ("b.pdf", "2")]


def test_an_article_is_found_by_its_heading() -> None:
    (mark,) = marks_of("（第1129条）", LAW)
    ((start, end),) = mark.places[0].spans
    assert mark.is_section
    assert LAW.document.text[start:end] == "第一千一百二十九条 乙。"


def test_a_sheet_is_named_with_its_cells() -> None:
    sheet = Evidence.prepare(make_document("1 | 2", name="Sheet1.xlsx", unit="sheet"))
    (mark,) = marks_of("So [Sheet1.xlsx sheet 1!B2:C4].", sheet)
    assert pages_of(mark) == ["1"]


def test_a_sheet_is_named_in_a_sentence_where_its_name_has_a_number() -> None:
    book = Evidence.prepare(make_document("Owl | 5", "Vole | 9", name="book.xlsx", unit="sheet"))
    sheets = [page.label for page in book.document.pages]
    assert sheets == ["1", "2"]
    named = replace(
        book.document, pages=tuple(replace(p, label=f"Sheet{p.label}") for p in book.document.pages)
    )
    assert [pages_of(mark) for mark in marks_of("Sheet2 lists voles.", Evidence.prepare(named))] == [
        ["Sheet2"]
    ]
