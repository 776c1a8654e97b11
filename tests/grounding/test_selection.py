from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chat.grounding.retrieval.passages import Index
from chat.grounding.selection import Selection, choose, needs_search_terms, split_parts
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
    assert needs_search_terms(question, [index])
    assert not needs_search_terms("How many pairs did the Zimbabwean trial enrol?", [index])
    assert not needs_search_terms("总结一下", [index])
    selection = choose(question, "", [index], 1_000, search_terms="Zimbabwean trial pairs enrolled")
    assert ANSWER in sent(selection)
    assert selection.search_terms == "Zimbabwean trial pairs enrolled"


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
