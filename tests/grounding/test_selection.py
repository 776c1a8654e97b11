from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chat.grounding.retrieval.passages import Index
from chat.grounding.selection import Selection, choose, split_parts, wants_search_terms
from tests.made_documents import make_document, make_index, make_long_document

ANSWER = "The Zimbabwean trial enrolled 14,110 pairs of mothers and children."
TEXTS = st.text(st.sampled_from("ab 中文草地。.\n\t|1,"), max_size=1500)
QUESTIONS = st.sampled_from(["草地", "a b 1", "总结一下", "What is this about?", "zzz", "", "中文 a"])


def sent(selection: Selection) -> str:
    return "".join(
        excerpt.document.text[start:end] for excerpt in selection.excerpts for start, end in excerpt.spans
    )


def test_what_fits_is_sent_whole() -> None:
    indexes = [make_index("One page.", "Another."), make_index("文件", name="b.txt", unit="")]
    selection = choose("anything", "", indexes, 20)
    assert [(excerpt.mode, excerpt.spans) for excerpt in selection.excerpts] == [
        ("full", ((0, 18),)),
        ("full", ((0, 2),)),
    ]
    assert selection.used == 20


@pytest.mark.parametrize("page", [1, 17, 30])
def test_the_answer_is_sent_wherever_it_stands(page: int) -> None:
    index = Index.build(make_long_document(ANSWER, at=page))
    selection = choose("How many pairs did the trial in Zimbabwe enrol?", "", [index], 2_000)
    assert ANSWER in sent(selection)
    assert selection.excerpts[0].mode == "passages"


def test_the_chinese_answer_is_sent() -> None:
    index = Index.build(make_long_document("该试验共招募了一万四千对母子，地点在津巴布韦。", "zh"))
    assert "一万四千对母子" in sent(choose("津巴布韦的试验招募了多少对母子？", "", [index], 800))


def test_a_question_about_the_whole_gets_the_head_and_even_samples() -> None:
    index = Index.build(make_long_document(ANSWER))
    (excerpt,) = choose("Summarize this document", "", [index], 4_000).excerpts
    assert excerpt.mode == "spread"
    assert excerpt.spans[0][0] == 0
    assert excerpt.spans[0][1] >= 1_000
    assert excerpt.spans[-1][1] > 0.75 * len(index.document.text)


def test_the_previous_question_helps_a_short_one() -> None:
    index = Index.build(make_long_document(ANSWER))
    assert ANSWER not in sent(choose("And its grass?", "", [index], 1_000))
    assert ANSWER in sent(choose("And its grass?", "How large was the Zimbabwean trial?", [index], 1_000))


def test_search_terms_of_a_model_find_what_another_language_cannot() -> None:
    index = Index.build(make_long_document(ANSWER))
    question = "津巴布韦的试验招募了多少对母子？"
    assert wants_search_terms(question, [index])
    assert not wants_search_terms("总结一下", [index])
    selection = choose(question, "", [index], 1_000, search_terms="Zimbabwean trial pairs enrolled")
    assert ANSWER in sent(selection)
    assert selection.search_terms == "Zimbabwean trial pairs enrolled"


def test_bad_search_terms_do_not_hide_what_the_question_finds() -> None:
    index = Index.build(make_long_document(ANSWER))
    question = "How many pairs did the trial in Zimbabwe enrol?"
    assert ANSWER in sent(choose(question, "", [index], 2_000, search_terms="grass meadow owl nest"))


def test_what_the_last_answer_cited_is_sent_again() -> None:
    index = Index.build(make_long_document(ANSWER))
    at = index.document.text.index(ANSWER)
    cited = [(index.document.name, at, at + len(ANSWER))]
    selection = choose("And how tall is the grass?", "", [index], 2_000, cited=cited)
    assert ANSWER in sent(selection)
    assert any("cited" in reasons for reasons in selection.excerpts[0].reasons)


def test_small_files_are_sent_whole_before_a_large_one_is_cut() -> None:
    large, small = Index.build(make_long_document(ANSWER)), make_index("A note.", name="note.txt", unit="")
    selection = choose("How many pairs did the trial in Zimbabwe enrol?", "", [large, small], 2_000)
    assert [excerpt.mode for excerpt in selection.excerpts] == ["passages", "full"]
    assert ANSWER in sent(selection)


def test_each_file_gets_passages_where_they_are_compared() -> None:
    texts = [f"{ANSWER} It was the trial number {number}." for number in range(4)]
    indexes = [Index.build(make_long_document(text)) for text in texts]
    selection = choose("Compare how many pairs each Zimbabwean trial enrolled", "", indexes, 4_000)
    assert all(text in sent(selection) for text in texts)
    assert all(excerpt.characters >= 600 for excerpt in selection.excerpts)


def test_a_summary_of_several_files_has_something_of_each() -> None:
    short = make_index("\n\n".join(f"Short paragraph {n} of it." for n in range(200)), name="b.txt", unit="")
    long = Index.build(make_long_document(ANSWER))
    selection = choose("Summarize each file", "", [long, short], 4_000)
    assert all(excerpt.characters > 900 for excerpt in selection.excerpts)


def test_a_named_statement_is_found_by_its_title() -> None:
    rows = "\n".join(f"Item {n} | {n + 1},234 | {n + 2},345" for n in range(14))
    filler = "The company sells grass and keeps meadows in the north.\n\n" * 150
    contents = "Contents\nConsolidated Balance Sheets 31\nNotes 35\n\n"
    text = f"{contents}{filler}CONSOLIDATED BALANCE SHEETS\n{rows}\n\n{filler}"
    for question in ("What is on the balance sheet?", "Working capital?"):
        selection = choose(question, "", [make_index(text)], 1_500)
        assert "Item 3 | 4,234" in sent(selection)
        assert any("title" in reasons for reasons in selection.excerpts[0].reasons)


def test_a_page_of_the_web_that_is_named_by_its_title_is_sent_from_its_beginning() -> None:
    lead = "Born in 1901 in Haren.\n\n"
    more = "".join(f"In chapter {n} the painter Ada Vries met friends and painted.\n\n" for n in range(400))
    index = make_index(f"Ada Vries - Encyclopedia\n\n{lead}{more}", name="page.html", unit="")
    selection = choose("When was the painter Ada Vries born?", "", [index], 2_000)
    assert lead.strip() in sent(selection)
    assert sent(selection).startswith("Ada Vries")


def test_each_passage_says_why_it_was_sent() -> None:
    index = Index.build(make_long_document(ANSWER))
    selection = choose("How many pairs did the trial in Zimbabwe enrol?", "", [index], 2_000)
    (passage,) = (one for one in selection.files[0].passages if "words" in one.why)
    assert {"pairs", "trial", "zimbabwe"} <= set(passage.words)


def test_files_share_one_budget_by_rank() -> None:
    other = Index.build(make_long_document("Nothing of note stands here."))
    index = Index.build(make_long_document(ANSWER))
    selection = choose("Which trial enrolled pairs in Zimbabwe?", "", [other, index], 3_000)
    assert ANSWER in sent(selection)
    assert selection.used <= 3_000


def test_a_row_of_a_table_comes_with_its_header() -> None:
    rows = "".join(f"Person {n}\t{n % 90}\tCity {n}\n" for n in range(400))
    index = make_index("name\tage\tcity\n" + rows, name="staff.csv", unit="")
    text = sent(choose("Person 321", "", [index], 900))
    assert "Person 321\t51\tCity 321\n" in text
    assert text.startswith("name\tage\tcity\n")


@settings(deadline=None)
@given(st.lists(TEXTS, min_size=1, max_size=3), QUESTIONS, st.integers(0, 1500))
def test_the_budget_is_never_exceeded_and_spans_are_in_order(
    pages: list[str], question: str, budget: int
) -> None:
    index = Index.build(make_document(*pages))
    selection = choose(question, "", [index, index], budget)
    assert selection.used <= budget
    for excerpt in selection.excerpts:
        edges = [offset for span in excerpt.spans for offset in span]
        assert all(before < after for before, after in pairwise(edges))
        assert all(0 <= edge <= len(index.document.text) for edge in edges)


@settings(deadline=None)
@given(st.lists(TEXTS, min_size=1, max_size=3), st.integers(500, 2_000))
def test_parts_hold_the_whole_text_in_order(pages: list[str], budget: int) -> None:
    index = Index.build(make_document(*pages))
    parts = split_parts(index, budget)
    assert "".join(map(sent, parts)) == index.document.text
    assert all(part.used <= budget for part in parts)
    assert all(excerpt.mode == "part" for part in parts for excerpt in part.excerpts)
