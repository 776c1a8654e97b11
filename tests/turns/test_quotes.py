from __future__ import annotations

from dataclasses import replace

import pytest

from chat.documents.document import Document, Page
from chat.grounding.citations import check
from chat.grounding.evidence import Evidence
from chat.grounding.mark_writing import mark_span
from chat.grounding.retrieval.passages import Index
from chat.turns.quote_markdown import write_quote
from chat.turns.quotes import SENTENCES, answer
from tests.made_documents import make_document, make_index, make_long_document

ANSWER = "The Zimbabwean trial enrolled 14,110 pairs of mothers and children."
QUESTION = "How many pairs did the trial in Zimbabwe enrol?"


def test_the_answering_sentence_is_quoted_first_with_its_page() -> None:
    index = Index.build(make_long_document(ANSWER))
    found = answer(QUESTION, [index], "en")
    first = found.quotes[0]
    assert (first.text, first.name, first.page) == (ANSWER, "report.pdf", "17")
    assert found.markdown.startswith(f"The files say:\n\n> {ANSWER}\n\n[report.pdf p. 17]")


def test_quotes_are_verbatim_and_few() -> None:
    index = Index.build(make_long_document(ANSWER))
    quotes = answer(QUESTION, [index], "en").quotes
    assert [quote.text for quote in quotes] == [
        index.document.text[quote.start : quote.end] for quote in quotes
    ]
    assert len(quotes) <= SENTENCES


def test_a_chinese_question_is_answered_from_a_chinese_file() -> None:
    index = Index.build(make_long_document("䲟又称长印鱼，分布于全世界的暖温带海域。", "zh"))
    found = answer("䲟又叫做什么？", [index], "zh")
    assert found.markdown.startswith(
        "文件里的原文：\n\n> 䲟又称长印鱼，分布于全世界的暖温带海域。\n\n[report.pdf p. 17]"
    )


@pytest.mark.parametrize("question", ["Which enzyme dissolves chitin?", "谁发明了望远镜？", "xyzzy"])
def test_what_no_file_answers_is_said(question: str) -> None:
    found = answer(question, [Index.build(make_long_document(ANSWER))], "en")
    assert (found.quotes, found.markdown) == ((), "Nothing in the files answers this.")


def test_what_is_near_is_shown_as_weak_with_the_words_that_are_missing() -> None:
    index = Index.build(make_long_document(ANSWER))
    question = "Which zeppelin hangar in Friedrichshafen and which airship captain had pairs?"
    found = answer(question, [index], "en")
    assert found.is_weak
    assert found.markdown.startswith("Nothing in the files answers this for certain; nearest:\n\n> ")
    assert ANSWER in found.markdown
    last = found.markdown.rpartition("\n\n")[2]
    assert last.startswith("Words of the question that stand nowhere in the files: zeppelin, hangar")
    assert "pairs" not in last


def test_a_row_is_quoted_with_its_header() -> None:
    rows = "".join(f"Person {n}\t{n % 90}\n" for n in range(200))
    index = make_index("name\tage\n" + rows, name="staff.tsv", unit="")
    found = answer("How old is Person 121?", [index], "en")
    assert (found.quotes[0].header, found.quotes[0].text) == ("name\tage", "Person 121\t31")
    assert "> | name | age\n> | --- | --- |\n> | Person 121 | 31\n\n[staff.tsv]" in found.markdown


STATEMENT = (
    "CONSOLIDATED STATEMENTS\n(in millions)\n | | 2018 | | 2019\n"
    "Total net sales | | 232,887 | | 280,522\nOperating income | $ | 12,421 | $ | 14,541\n"
)


def test_rows_are_shown_as_a_table_without_empty_columns() -> None:
    document = make_document(STATEMENT, unit="page")
    found = answer("What were total net sales in 2019?", [Index.build(document)], "en").markdown
    table = "> |  | 2018 | 2019\n> | --- | --- | --- |\n> | Total net sales | 232,887 | 280,522\n"
    assert table in found
    cited = check(found, [Evidence.prepare(document)])
    assert {(one.kind, one.status) for one in cited} == {("quote", "found"), ("page_mark", "page_exists")}
    assert found.count(">") >= 4


def test_lines_of_a_paragraph_are_one_and_those_of_a_list_are_not() -> None:
    full = "Changes in exchange rates impacted net sales by a great deal in"
    found = answer("What impacted net sales?", [make_index(f"{full}\n2018 and 2019.", unit="")], "en")
    assert f"> {full} 2018 and 2019.\n" in found.markdown
    assert write_quote("", f"{full}\n(b) nothing", is_markdown=False) == f"> {full}\n> (b) nothing"
    assert write_quote("", "Risk\nIn 2019 nothing.", is_markdown=False) == "> Risk\n> In 2019 nothing."
    assert write_quote("", "the risk\nof 2019.", is_markdown=False, is_cut=True) == "> the risk of 2019."
    chinese = "东丰县至双辽市段主线全长二百零五公里，采用双向四车道", "高速公路设计标准。"
    assert write_quote("", "\n".join(chinese), is_markdown=False) == "> " + "".join(chinese)


def test_rows_of_one_table_stand_together() -> None:
    rows = "".join(f"Person {n} | {1990 + n % 9}\n" for n in range(60))
    index = make_index("name | born\n" + rows, name="staff.csv", unit="")
    found = answer("Who was born in 1995?", [index], "en")
    assert len(found.quotes) > 1
    assert found.markdown.count("> | name | born\n") == 1
    assert found.markdown.count("[staff.csv]") == 1


def test_a_sentence_that_leans_on_the_one_before_brings_it() -> None:
    index = Index.build(make_long_document("The owl Athene lives there. It hunts voles by starlight."))
    found = answer("What hunts voles by starlight?", [index], "en")
    assert (found.quotes[0].lead, found.quotes[0].text) == (
        "The owl Athene lives there. ",
        "It hunts voles by starlight.",
    )
    assert (
        "> The owl Athene lives there. It hunts voles by starlight.\n\n[report.pdf p. 17]" in found.markdown
    )


def test_a_summary_is_an_extract_and_says_so() -> None:
    chapters = [
        f"{n}. Chapter on owls\nOwl number {n} sleeps. " + "Nothing happens. " * 50 for n in range(1, 8)
    ]
    found = answer("Summarize this", [make_index(*chapters)], "en")
    assert found.markdown.startswith("There is no language model here, so this is an extract")
    assert found.quotes[0].text == "1. Chapter on owls\nOwl number 1 sleeps."
    assert len(found.quotes) >= 4


def test_the_number_of_an_item_is_quoted_as_it_stands() -> None:
    index = make_index("12. The trial enrolled 14,110 pairs of mothers.", unit="")
    assert "> 12\\. The trial enrolled" in answer(QUESTION, [index], "en").markdown


def test_markdown_and_html_of_a_file_are_shown_as_characters() -> None:
    index = make_index("The trial <img src=x> enrolled *14,110* pairs of `mothers`.", unit="", name="a*b.txt")
    assert (
        "> The trial \\<img src=x\\> enrolled \\*14,110\\* pairs of \\`mothers\\`.\n\n[a-b.txt]"
        in answer(QUESTION, [index], "en").markdown
    )


def test_items_and_bold_words_of_a_markdown_file_are_shown_as_such() -> None:
    document = replace(
        make_document("- **Trial:** it enrolled *14,110* pairs of `mothers`.", unit=""),
        media_type="text/markdown",
    )
    found = answer(QUESTION, [Index.build(document)], "en").markdown
    assert "> - **Trial:** it enrolled \\*14,110\\* pairs of \\`mothers\\`." in found
    assert {one.status for one in check(found, [Evidence.prepare(document)])} == {"found", "page_exists"}


def test_every_quote_passes_the_check_of_citations() -> None:
    document = make_long_document(ANSWER)
    found = answer(QUESTION, [Index.build(document)], "en")
    cited = check(found.markdown, [Evidence.prepare(document)])
    assert {(one.kind, one.status) for one in cited} == {("quote", "found"), ("page_mark", "page_exists")}


def test_empty_files_answer_nothing() -> None:
    assert answer("Who?", [make_index("", unit="")], "zh").quotes == ()
    assert answer("总结一下", [make_index("", unit="")], "zh").markdown == "文件里没有能回答这个问题的内容。"


def test_a_sentence_that_a_page_repeats_is_quoted_once() -> None:
    index = make_index("The lamp shines for nine hours. It weighs two kilograms.\n" * 5, unit="")
    assert answer("How long does the lamp shine?", [index], "en").markdown.count("nine hours") == 1


def test_sentences_on_two_pages_are_two_quotes_each_with_its_page() -> None:
    index = make_index(
        "The lamp burns oil. Ships see it.", "\nThe lamp burns gas now.", "The lamp burns for nine hours."
    )
    found = answer("What does the lamp burn?", [index], "en")
    assert {(quote.text, quote.page) for quote in found.quotes} == {
        ("The lamp burns oil.", "1"),
        ("The lamp burns gas now.", "2"),
        ("The lamp burns for nine hours.", "3"),
    }


def test_a_sentence_that_goes_on_over_pages_is_marked_with_all_of_them() -> None:
    document = make_document(
        "Ships see the harbour. The lamp of the old lighthouse on the pier",
        "burns paraffin that is brought there every second week by",
        "the boat of the harbour master. Nobody lives there.",
    )
    found = answer("What does the lamp burn?", [Index.build(document)], "en")
    assert "boat of the harbour master.\n\n[report.pdf p. 1-3]" in found.markdown
    cited = check(found.markdown, [Evidence.prepare(document)])
    assert {(one.kind, one.status) for one in cited} == {("quote", "found"), ("page_mark", "page_exists")}


def test_a_place_over_parts_without_numbers_has_a_mark_for_the_first_and_the_last() -> None:
    pages = (Page("Lamps", "The lamp of the lighthouse burns"), Page("Boats", "paraffin from the boat."))
    document = Document("a.xlsx", "", 1, "sheet", pages, 2)
    assert mark_span(document, 0, 60) == "[a.xlsx sheet Lamps] [a.xlsx sheet Boats]"
    assert mark_span(document, 0, 10) == "[a.xlsx sheet Lamps]"
