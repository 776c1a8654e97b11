from __future__ import annotations

import pytest

from chat.grounding.chinese_numerals import read_chinese, write_chinese
from chat.grounding.evidence import Evidence
from chat.grounding.mark_reading import find_marks
from chat.grounding.sections import Section, find_sections
from tests.made_documents import make_document

LAW = "第一条 甲。\n第十条 乙，依据第一条。\n第一千一百二十九条 丙。\n第一千一百三十条 丁。"
ACT = "Artikel 4\n(1) Eins.\nArtikel 5\n(1) Zwei, siehe Artikel 4.\n(2) Drei."
CONTRACT = '1.3        "VOLE" means prey.\n1.4        "OWL" means a bird.\n1.5     **Night.** Dark.'
STEPS = "1.2 Steps\n1. Look.\n2. Leap.\n1.2.1 More\n2 End"
MARKED = "## 2. Steps\n1. Look.\n2. Leap.\n3. Rest.\n## 3. End"
PAPER = "1 Introduction\nText of 2 owls.\n2 Methods\nMore.\n2.1 Data\nOwls.\n3 Results\nNone."


@pytest.mark.parametrize(
    ("text", "section", "found"),
    [
        (LAW, Section("条", "一千一百二十九"), ["第一千一百二十九条 丙。"]),
        (LAW, Section("条", "1129"), ["第一千一百二十九条 丙。"]),
        (LAW, Section("条", "一"), ["第一条 甲。"]),
        (ACT, Section("section", "4"), ["Artikel 4\n(1) Eins."]),
        (PAPER, Section("section", "2"), ["2 Methods\nMore.\n2.1 Data\nOwls."]),
        (PAPER, Section("section", "2.1"), ["2.1 Data\nOwls."]),
        (PAPER, Section("section", "9"), []),
        (CONTRACT, Section("section", "1.4"), ['1.4        "OWL" means a bird.']),
        (STEPS, Section("section", "1.2"), ["1.2 Steps\n1. Look.\n2. Leap.\n1.2.1 More"]),
        (MARKED, Section("section", "2"), ["## 2. Steps\n1. Look.\n2. Leap.\n3. Rest."]),
        ("5.2a Owls\n5.3 Mice", Section("section", "5.2a"), ["5.2a Owls"]),
        ("1.2. Owls\n1.3 Mice", Section("section", "1.2."), ["1.2. Owls"]),
        ("9" * 5000 + " Owls\n1 Mice", Section("section", "9" * 5000), []),
        (MARKED, Section("section", "3"), ["## 3. End"]),
    ],
)
def test_a_section_reaches_to_the_next_heading(text: str, section: Section, found: list[str]) -> None:
    assert [text[start:end] for start, end in find_sections(text, section)] == found


@pytest.mark.parametrize("number", [1, 10, 12, 20, 105, 110, 1005, 1129, 1130, 9999])
def test_chinese_numerals_are_read_as_they_are_written(number: int) -> None:
    assert read_chinese(write_chinese(number)) == str(number)


def test_other_text_is_no_numeral() -> None:
    assert read_chinese("xii") == "xii"


MANUAL = Evidence.prepare(
    make_document(
        "## 6.9. Owls\nThey hunt.\n### 6.9.1. Voles\nThey hide.\n7.5 mice a day\n## 7. End\n## A.4. Mice\n"
        "They run.",
        unit="",
    )
)


@pytest.mark.parametrize(
    ("answer", "numbers"),
    [
        ("手册说“They hide”（6.9.1节）。", ["6.9.1"]),
        ("手册第6.9节说“They hunt”。", ["6.9"]),
        ("- 「They hide.」（6.9.1）", ["6.9.1"]),
        ('"They hide" (6.9.1).', ["6.9.1"]),
        ("They ate more (6.9.1).", []),  # behind no quote, a number is a number
        ('"They hide" (6.9.4).', []),
        ('"They run" (A.4).', ["A.4"]),
        ("„They run“ steht in Abschnitt A.4.", ["A.4"]),
        ('"They hide" (16).', []),
    ],
)
def test_a_dotted_number_names_a_section_behind_a_quote(answer: str, numbers: list[str]) -> None:
    marks = find_marks(answer, [], [MANUAL])
    assert [mark.label for mark in marks if mark.places] == numbers
