"""Dates in any notation, in questions and in texts."""

from __future__ import annotations

import pytest

from chat.grounding.retrieval.dates import find_dated_terms
from chat.grounding.retrieval.ranking import find_missing, rank_sentences
from tests.made_documents import FILLER, make_index

NOTATIONS = (
    "12Jan60", "12-Jan-60", "12 January 1960", "January 12, 1960", "Jan. 12th, 1960", "12. Januar 1960",
    "12.01.1960", "12.1.60", "12/01/1960", "1960-01-12", "1960/1/12", "1960年1月12日", "1960 年 1 月 12 日",
    "12 de enero de 1960", "12 janvier 1960", "12th of January 1960", "1960-01-12T10:00",
)  # fmt: skip


def terms_of(text: str) -> set[str]:
    return {term for *_, term, _ in find_dated_terms(text)}


@pytest.mark.parametrize("notation", NOTATIONS)
def test_a_day_has_one_term_in_all_notations(notation: str) -> None:
    (term,) = terms_of("1960-01-12")
    assert term in terms_of(f"on {notation}, they met")
    assert term not in terms_of(f"on {notation}, they met".replace("12", "13"))


@pytest.mark.parametrize(
    "notation", ["Mar-21", "März 2021", "2021年3月", "2021-03", "March 2021", "mars 2021"]
)
def test_a_month_has_one_term_in_all_notations(notation: str) -> None:
    assert terms_of(notation) == terms_of("marzo de 2021")


@pytest.mark.parametrize(
    "text", ["2023-24", "1234.5", "pages 12-14", "section 12", "10.0.0.1", "in May 30 came", "31.02.2021"]
)
def test_other_numbers_are_no_dates(text: str) -> None:
    assert not terms_of(text)


@pytest.mark.parametrize("asked", NOTATIONS)
@pytest.mark.parametrize("written", ["12Jan60", "12.01.1960", "1960年1月12日", "January 12, 1960"])
def test_a_question_finds_the_row_of_a_day_in_another_notation(asked: str, written: str) -> None:
    rows = [f"{day}Feb60 | {day}" for day in range(10, 28)] + [
        f"{day}.01.1959 | {day}" for day in range(10, 28)
    ]
    filler = [FILLER["en"].format(n=n) for n in range(60)]
    index = make_index("\n".join([*filler, "", "Day | Sacks", *rows, f"{written} | 70", *rows]), unit="")
    (hit,) = rank_sentences(f"How many sacks on {asked}?", [index], 1)
    assert index.sentence(hit.sentence).strip() == f"{written} | 70"


def test_a_month_finds_its_days() -> None:
    rows = [f"{month}/{month + 10}/2024 | {month}" for month in range(1, 13)]
    index = make_index("\n".join(["Date | Sacks", *rows]), unit="")
    (hit,) = rank_sentences("Wie viele Sacks im März 2024?", [index], 1)
    assert index.sentence(hit.sentence).strip() == "3/13/2024 | 3"


def test_a_date_that_stands_in_another_notation_is_not_missing() -> None:
    index = make_index("12Jan60 | 70\n13Jan60 | 71", unit="")
    assert find_missing("rain on 12 January 1960", [index]) == ["rain"]
    assert find_missing("rain on 14 January 1960", [index]) == ["rain", "14", "January", "1960"]
