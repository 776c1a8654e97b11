from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from chat.grounding.retrieval.passages import FINE, FOUND_SHARE, Index, Search
from chat.grounding.retrieval.questions import weigh_terms
from chat.grounding.retrieval.terms import hash_terms
from tests.made_documents import make_document, make_index, make_long_document

TEXTS = st.text(st.sampled_from("ab 中文草地。.\n\t|1"), max_size=400)


def best_passage(question: str, *indexes: Index) -> str:
    ranked = Search.of(indexes, weigh_terms(question)).rank(12_000)
    file = max(range(len(indexes)), key=lambda one: float(ranked[one].max(initial=0)))
    index, at = indexes[file], int(ranked[file].argmax())
    first, last = index.windows
    return index.document.text[index.starts[first[FINE, at]] : index.starts[last[FINE, at]]]


def coverage(question: str, *indexes: Index) -> float:
    search = Search.of(indexes, weigh_terms(question))
    return search.coverage(search.rank(12_000))


def test_the_passage_that_shares_the_rare_words_is_best() -> None:
    index = Index.build(make_long_document("The Zimbabwean trial enrolled 14,110 pairs."))
    assert "14,110 pairs" in best_passage("How many pairs did the trial in Zimbabwe enrol?", index)


def test_chinese_is_found_by_its_pairs() -> None:
    index = Index.build(make_long_document("䲟又称长印鱼，分布于全世界的暖温带海域。", "zh"))
    assert "䲟又称长印鱼" in best_passage("䲟又叫做什么？", index)


def test_rarity_is_counted_over_all_files() -> None:
    first = make_index(*["Grass grows on meadow seven. The owl sleeps."] * 5, name="a.pdf")
    second = make_index(*["The owl sleeps by day. Owls hunt. Meadow eight is dry."] * 5, name="b.pdf")
    assert "Grass" in best_passage("owl meadow grass", first, second)


def test_terms_stand_in_the_sentences_that_hold_them() -> None:
    index = make_index("One owl. Two owls, three owls. None.")
    assert index.find(hash_terms(["owl"])[0]).tolist() == [0]
    assert index.find(hash_terms(["owls"])[0]).tolist() == [1, 1]
    assert index.find(hash_terms(["stork"])[0]).tolist() == []


def test_a_question_about_something_else_is_hardly_covered() -> None:
    index = Index.build(make_long_document("The trial enrolled 14,110 pairs."))
    assert coverage("How many pairs did the trial enrol?", index) > FOUND_SHARE
    assert coverage("Which enzyme dissolves chitin?", index) < FOUND_SHARE
    assert coverage("婴儿感染的主要原因是什么？", index) == 0.0


@settings(deadline=None)
@given(st.lists(TEXTS, min_size=1, max_size=3), TEXTS)
def test_any_text_and_any_question_can_be_searched(pages: list[str], question: str) -> None:
    index = Index.build(make_document(*pages))
    (scores,) = Search.of([index], weigh_terms(question)).rank(1_000)
    assert len(scores) == len(index)
    assert index.starts[-1] == len(index.document.text)
    assert np.isfinite(scores).all()


def test_an_empty_file_beside_others_is_searched_too() -> None:
    empty, full = (
        make_index("", name="a.txt", unit=""),
        make_index("Owls hunt at night.", name="b.txt", unit=""),
    )
    assert best_passage("owls", empty, full) == "Owls hunt at night."


def test_paragraphs_end_at_empty_lines_and_rows_stand_alone() -> None:
    index = make_index("Heading\nOne. Two.\n\nname\tage\nAnn\t31\nAfter it. More.\n", unit="")
    first, last = index.paragraphs
    assert [index.sentence(at) for at in range(len(index))] == [
        "Heading\n",
        "One. ",
        "Two.\n\n",
        "name\tage\n",
        "Ann\t31\n",
        "After it. ",
        "More.\n",
    ]
    assert (first.tolist(), last.tolist()) == ([0, 0, 0, 3, 4, 5, 5], [3, 3, 3, 4, 5, 7, 7])
