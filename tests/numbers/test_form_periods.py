"""Times that words say, and words that may say two things."""

from __future__ import annotations

import pytest

from chat.numbers.form_periods import read_period


@pytest.mark.parametrize(
    ("words", "period"),
    [
        ("12 january 1960", "1960-01-12/1960-01-13"),
        ("on the 12th of january 1960", "1960-01-12/1960-01-13"),
        ("12jan60", "1960-01-12/1960-01-13"),
        ("12. januar 1960", "1960-01-12/1960-01-13"),
        ("1960年1月12日", "1960-01-12/1960-01-13"),
        ("after 31.12.2023", "2024-01-01/"),
        ("after 06/30/2024", "2024-07-01/"),
        ("since 1 june 2024", "2024-06-01/"),
        ("before 2024-07-01", "/2024-07-01"),
        ("until 30 june 2024", "/2024-07-01"),
        ("between march and may 2024", "2024-03-01/2024-06-01"),
        ("from 5 to 12 march 2024", "2024-03-05/2024-03-13"),
        ("between 2022 and 2023", "2022-01-01/2024-01-01"),
        ("in märz 2024", "2024-03-01/2024-04-01"),
        ("the first quarter of 2024", "2024-01-01/2024-04-01"),
        ("q4 2024", "2024-10-01/2025-01-01"),
        ("2024年第一季度", "2024-01-01/2024-04-01"),
        ("2024年3月份", "2024-03-01/2024-04-01"),
        ("2024年3月到5月", "2024-03-01/2024-06-01"),
        ("在2022年1月1日之后", "2022-01-02/"),
        ("截至2024年6月30日", "/2024-07-01"),
    ],
)
def test_words_say_days(words: str, period: str) -> None:
    assert str(read_period(words)) == period


@pytest.mark.parametrize(
    "words",
    ["03/04/2021", "march", "5", "north", "2022年以后", "before 1300.05", "2023-2024", "after may",
     "31.02.2021", "between may 2024 and march 2024", "1.5.2024 or 2.5.2024"],
)  # fmt: skip
def test_words_that_say_no_days_or_two_things_are_none(words: str) -> None:
    assert read_period(words) is None
