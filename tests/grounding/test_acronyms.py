from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat.grounding.retrieval.acronyms import ADDED_WEIGHT, expand, find_acronyms
from tests.grounding.test_ranking import best
from tests.made_documents import FILLER, make_index

TEXTS = st.text(st.sampled_from("abcAB ()-.\n"), max_size=300)


def forms(text: str) -> list[tuple[list[str], list[str]]]:
    return [(sorted(short), sorted(long)) for short, long in find_acronyms(text)]


@pytest.mark.parametrize(
    ("text", "short", "long"),
    [
        ("by the polymerase chain reaction (PCR) alone", ["pcr"], ["chain", "polyme", "reacti"]),
        ("two single nucleotide polymorphisms (SNPs)", ["snps"], ["nucleo", "polymo", "single"]),
        ("a lymph node-specific integrin (LNSI)", ["lnsi"], ["integr", "lymph", "node", "specif"]),
        ("the Bank of England (BoE)", ["boe"], ["bank", "englan", "of"]),
    ],
)
def test_the_last_words_that_begin_with_the_letters_are_the_long_form(
    text: str, short: list[str], long: list[str]
) -> None:
    assert forms(text) == [(short, long)]


@pytest.mark.parametrize(
    "text", ["as shown (Table 2)", "in Paris (France)", "the city (NY)", "(PCR)", "- - (PCR)"]
)
def test_other_words_in_brackets_are_none(text: str) -> None:
    assert forms(text) == []


def test_a_question_gets_the_form_that_it_lacks() -> None:
    acronyms = find_acronyms("the polymerase chain reaction (PCR)")
    added = {"polyme": ADDED_WEIGHT, "chain": ADDED_WEIGHT, "reacti": ADDED_WEIGHT}
    assert expand({"pcr": 1.0}, acronyms) == added
    assert expand({"polyme": 1.0, "reacti": 1.0}, acronyms) == {"pcr": ADDED_WEIGHT}
    assert expand({"chain": 1.0}, acronyms) == {}


def test_a_passage_with_the_long_form_answers_a_question_with_the_short_one() -> None:
    filler = " ".join(FILLER["en"].format(n=n) for n in range(150))
    answer = "The polymerase chain reaction takes nine hours."
    other = "The enzyme reaction takes two hours."
    index = make_index(
        f"The polymerase chain reaction (PCR) is old. {filler} {other} {filler} {answer} {filler}", unit=""
    )
    assert answer in best("How many hours does PCR take?", index, count=2)


@given(TEXTS)
def test_any_text_may_have_acronyms(text: str) -> None:
    assert all(short and long for short, long in find_acronyms(text))
