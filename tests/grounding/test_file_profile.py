"""A profile names only what stands in the file, and its questions can be asked of any file with a text."""

from __future__ import annotations

import pytest

from chat.documents.document import Document, Page
from chat.grounding.file_profile import Question, make_profile


def read(text: str, name: str = "a.txt", **more: object) -> Document:
    values: dict[str, object] = {"unit": "", "pages": (Page("", text),), "page_count": 1} | more
    return Document(name, "text/plain", len(text), **values)  # type: ignore[arg-type]


MANUAL = """# The lamp: a manual

## 1. In the box

A lamp | not a table

## 2. Battery

Brightness | Lasts
Highest | 3.5 hours
Lowest | 120 hours
"""


def test_title_headings_tables_and_questions_of_a_marked_text() -> None:
    found = make_profile(read(MANUAL))
    assert found
    assert found.title == "The lamp: a manual"
    assert found.headings == ("1. In the box", "2. Battery")
    assert found.table_count == 1
    assert found.questions == (
        Question("cell", "Highest", "Lasts"),
        Question("heading", "2. Battery"),
        Question("title", "The lamp: a manual"),
    )


def test_numbered_headings_of_a_text_without_marks_and_none_of_its_table_of_contents_twice() -> None:
    contents = "1. Rent ...... 2\n2. Deposit ...... 3"
    text = f"Lease agreement\n\n{contents}\n\n1. Rent\nThe rent is 900.\n2. Deposit\nNone."
    found = make_profile(read(text))
    assert found
    assert (found.title, found.headings) == ("Lease agreement", ("1. Rent", "2. Deposit"))
    chinese = make_profile(read("租赁合同\n\n第一条 租金\n每月九百元。\n第二条 押金\n没有。"))
    assert chinese
    assert (chinese.title, chinese.headings) == ("租赁合同", ("第一条 租金", "第二条 押金"))


def test_slides_are_named_by_their_own_headings_and_a_sheet_by_its_file() -> None:
    slides = tuple(Page(str(n), f"Slide text {n}.", f"Heading {n}") for n in (1, 2))
    found = make_profile(read("", unit="slide", pages=slides, page_count=2))
    assert found
    assert found.headings == ("Heading 1", "Heading 2")
    table = "Item | 2024\nRent | 900\nFood | 400"
    sheet = make_profile(
        read("", "budget 2024.xlsx", unit="sheet", pages=(Page("Sheet1", table),), page_count=1)
    )
    assert sheet
    assert (sheet.title, sheet.questions[0]) == ("budget 2024", Question("cell", "Rent", "2024"))


@pytest.mark.parametrize(
    "first", ["Table of Contents", "目录", "UNITED STATES", "March 9, 2023", "9. März 2023", "2023-03-09"]
)
def test_what_stands_above_each_page_and_dates_are_no_titles(first: str) -> None:
    found = make_profile(read(f"{first}\n\nThe company made lamps.", "lamps 2023.pdf"))
    assert found
    assert found.title == "lamps 2023"


def test_a_question_is_about_a_figure_that_tells_something() -> None:
    contents = "Part | Page\nItem 1. | 5\nItem 2. Lamps | 12\n\n"
    head = "($ in millions) | 2022 | 2023\n"
    sales = "Three months ended | 2022 | 2023\n($ in millions) | 2022 | 2023\nNet sales | 4,210 | 5,007\n"
    found = make_profile(read(contents + sales))
    assert found
    assert found.questions[0] == Question("cell", "Net sales", "2022")
    little = make_profile(read("1. Scope\nAll.\n2. Lamps\nNone.\n" + contents + head))
    assert little
    assert [one.kind for one in little.questions] == ["heading", "title", "heading"]


def test_the_second_line_of_a_sentence_is_no_name_of_a_table() -> None:
    rows = "Lamp | Price\nA | 4\nB | 5\n"
    text = "The company complies with all\nstandards of the act\n" + rows + "\nEnd.\n\nlamp prices\n" + rows
    found = make_profile(read(text))
    assert found
    assert found.tables == ("lamp prices",)


def test_every_text_has_three_questions_and_no_text_has_none() -> None:
    for text in ("word", "A sentence with 7 words in it.", "，", "一段没有标题的文字。" * 50, "| |\n| |"):
        found = make_profile(read(text))
        assert found
        assert len(set(found.questions)) == 3
    assert make_profile(read(" \n ")) is None
