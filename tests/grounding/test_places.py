from __future__ import annotations

import pytest

from chat.documents.document import Document, Page
from chat.grounding.retrieval.passages import Index
from chat.grounding.retrieval.places import find_places
from chat.grounding.selection import choose
from chat.numerals import read, read_list, spell
from chat.turns.quotes import answer
from tests.made_documents import make_index

BOOK = make_index(
    "The Owl Book\nby A. Writer",
    "Contents\nChapter 1 ..... 3\nChapter 2 ..... 5",
    "Chapter 1\nOwls of the north.\n1.1 Feathers\nThey are white.",
    "1.2 Food\nVoles, mostly.\nTable 1: Voles\nyear  count",
    "Chapter 2\nOwls of the south.\n2.1 Nests\nIn barns.",
    "Table 2: Nests\nplace  count\nConclusion\nOwls are well.",
)
BUCH = make_index(
    "大报告",
    "第一章 北方\n白色的猫头鹰。\n1.1 羽毛\n白。",
    "第二章 南方\n谷仓里的猫头鹰。\n表1 鸟巢\n",
    "结论\n都好。",
)
STAFF = Index.build(
    Document("staff.xlsx", "", 1, "sheet", (Page("Sales", "Ann 12"), Page("员工", "Bob 15")), 2)
)


def named(question: str, index: Index) -> list[str]:
    (spans,) = find_places(question, [index]).spans
    return [index.document.text[start:end].strip() for start, end in spans]


@pytest.mark.parametrize(
    ("question", "first", "count"),
    [
        ("What does page 4 say?", "1.2 Food", 1),
        ("translate p.4", "1.2 Food", 1),
        ("compare pages 3 and 5", "Chapter 1", 2),
        ("Summarise pages 3-4", "Chapter 1", 1),
        ("What's on the last page?", "Table 2: Nests", 1),
        ("the third page, please", "Chapter 1", 1),
        ("P4讲了什么", "1.2 Food", 1),
        ("翻译第三页", "Chapter 1", 1),
        ("总结第3到4页", "Chapter 1", 1),
        ("最后一页写了什么", "Table 2: Nests", 1),
        ("Summarise chapter two", "Chapter 2", 1),
        ("explain chapter II", "Chapter 2", 1),
        ("what is section 1.2 about?", "1.2 Food", 1),
        ("1.2节讲什么", "1.2 Food", 1),
        ("summarise the conclusion", "Conclusion", 1),
        ("list all tables", "Table 1: Voles", 2),
        ("Who wrote this?", "The Owl Book", 1),
    ],
)
def test_what_a_question_names_is_found(question: str, first: str, count: int) -> None:
    found = named(question, BOOK)
    assert (found[0].split("\n")[0], len(found)) == (first, count)


@pytest.mark.parametrize(
    ("question", "first"),
    [
        ("把第二章翻译成英文", "第二章 南方"),
        ("总结结论部分", "结论"),
        ("1.1节", "1.1 羽毛"),
        ("列出所有表格", "表1 鸟巢"),
    ],
)
def test_chinese_headings_are_found(question: str, first: str) -> None:
    assert named(question, BUCH)[0].split("\n")[0] == first


def test_an_article_of_a_contract_is_found_to_its_end() -> None:
    contract = make_index(
        "合同\n第一条 货物\n大米。\n第二条 价格\n每吨五千元。\n第三条 期限\n一年。", unit=""
    )
    assert named("第二条是什么？", contract) == ["第二条 价格\n每吨五千元。"]


def test_a_chapter_ends_where_the_next_one_begins_and_is_not_its_line_in_the_contents() -> None:
    (chapter,) = named("chapter 1", BOOK)
    assert chapter.startswith("Chapter 1\nOwls of the north.")
    assert chapter.endswith("year  count")


def test_a_table_comes_with_what_stands_around_it() -> None:
    assert "Voles, mostly." in named("What does Table 1 show?", BOOK)[0]


@pytest.mark.parametrize("question", ["What is in the sheet Sales?", "the first sheet", "Sales里有谁"])
def test_a_sheet_is_named_by_its_name_or_number(question: str) -> None:
    assert named(question, STAFF) == ["Ann 12"]
    assert named("员工表", STAFF) == ["Bob 15"]


@pytest.mark.parametrize(
    "question",
    [
        "Who won the title in 1999?",
        "What do owls eat?",
        "page 99",
        "他在第三张专辑里唱什么",
        "summarise this",
        "",
    ],
)
def test_a_question_that_names_no_place_has_none(question: str) -> None:
    assert not find_places(question, [BOOK])


def test_one_file_of_several_is_named_by_its_name_or_number() -> None:
    files = [BOOK, STAFF]
    for question in ("summarise staff.xlsx", "the second file", "第二个文件讲了什么", "summarise staff"):
        places = find_places(question, files)
        assert (places.spans[0], bool(places.spans[1])) == ((), True)
        assert "staff" not in places.rest
    assert not find_places("compare report.pdf and staff.xlsx", files)
    assert find_places("page 4 of report.pdf", files).spans[0]


def test_only_what_is_named_is_sent_where_nothing_else_is_asked() -> None:
    (excerpt,) = choose("Translate page 4", "", [BOOK], 200).excerpts
    assert (excerpt.mode, [BOOK.document.text[slice(*span)].strip() for span in excerpt.spans]) == (
        "named",
        ["1.2 Food\nVoles, mostly.\nTable 1: Voles\nyear  count"],
    )


def test_what_was_named_before_is_meant_until_a_question_names_something() -> None:
    def pages(question: str) -> tuple[str, ...]:
        (file,) = choose(question, "What does page 4 say?", [BOOK], 200).files
        return tuple(page for passage in file.passages for page in passage.pages)

    assert pages("Translate it into Chinese") == pages("翻译成中文") == ("4",)
    assert pages("Translate page 5") == ("5",)
    assert pages("Summarise the whole book") != ("4",)
    assert pages("What of barns?") != ("4",)


def test_what_else_is_asked_is_searched_for_too() -> None:
    selection = choose("Does page 4 say more about barns?", "", [BOOK], 200)
    text = "".join(BOOK.document.text[start:end] for start, end in selection.excerpts[0].spans)
    assert "Voles, mostly." in text
    assert "In barns." in text


def test_a_place_larger_than_the_budget_is_searched_or_sampled() -> None:
    filler = " ".join(f"Meadow {n} is green." for n in range(400))
    index = make_index(
        f"Chapter 1\n{filler}", f"Chapter 2\n{filler} Owls nest here. {filler}", "Chapter 3\nOwls."
    )
    for question, wanted in (
        ("What of owls in chapter 2?", "Owls nest here."),
        ("Summarise chapter 2", "Chapter 2"),
    ):
        selection = choose(question, "", [index], 3_000)
        text = "".join(index.document.text[start:end] for start, end in selection.excerpts[0].spans)
        assert wanted in text
        assert 2_700 < selection.used <= 3_000


def test_quotes_are_of_the_page_that_is_named() -> None:
    assert {quote.page for quote in answer("What does page 4 say?", [BOOK], "en").quotes} == {"4"}
    assert answer("What of owls on page 5?", [BOOK], "en").quotes[0].page == "5"


def test_numerals_are_read_in_three_scripts() -> None:
    assert [read(one) for one in ("12", "XII", "十二", "twelve", "12th", "third", "last", "3.2", "x1")] == (
        ["12", "12", "12", "12", "12", "3", "-1", "3.2", ""]
    )
    assert read_list("2, 4-6 and 第九", 50) == ["2", "4", "5", "6", "9"]
    assert (spell(48), spell(99), spell(120)) == (
        ("48", "XLVIII", "四十八"),
        ("99", "XCIX", "九十九"),
        ("120",),
    )
