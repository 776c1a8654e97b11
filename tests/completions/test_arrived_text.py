"""Text that repeats what has arrived, told without a look at all of it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from chat.completions.arrived_text import ArrivedText
from chat.completions.reasoning_marks import PAIRS, find_partial


class Parts(list[str]):
    """Texts that count how many of them are looked at."""

    seen = 0

    def __iter__(self) -> Iterator[str]:
        for part in super().__iter__():
            self.seen += 1
            yield part


@pytest.mark.parametrize(
    ("parts", "text", "is_all"),
    [
        (["0123", "456"], "0123456", True),
        (["0123", "456"], "0123", False),
        (["0123", "456"], "01234567", False),
        (["0123", "456"], "0123457", False),
        (["0123"], "0123", False),  # one piece may be said twice
        ([], "0123", False),
    ],
)
def test_a_delta_that_repeats_the_answer_is_told(parts: list[str], text: str, is_all: bool) -> None:
    arrived = ArrivedText()
    arrived.parts = parts
    assert arrived.is_all(text) is is_all


def test_a_long_delta_is_compared_with_no_more_than_its_own_length() -> None:
    arrived, parts = ArrivedText(), Parts(["0123456789"] * 1_000)
    arrived.parts = parts
    assert not arrived.is_all("0123456789" * 3)
    assert parts.seen <= 4


@pytest.mark.parametrize(
    ("before", "text", "rest"),
    [
        ("The", "The owl", " owl"),
        ("The", "The", "The"),
        ("ha", "haha", "haha"),  # laughter
        ("12", "12 + 3", "12 + 3"),  # no letters
        ("The", "Owls", "Owls"),
    ],
)
def test_a_second_delta_with_the_first_in_it_adds_the_rest(before: str, text: str, rest: str) -> None:
    arrived = ArrivedText()
    arrived.append(before)
    assert arrived.rest_of_delta(text) == rest


@pytest.mark.parametrize(
    ("text", "end"),
    [("a <thi", 2), ("a <<thi", 3), ("a <b", 4), ("a ◁", 2), ("", 0), ("<think>", 7), ("<", 0)],
)
def test_the_end_of_a_text_that_could_be_the_start_of_a_mark(text: str, end: int) -> None:
    assert find_partial(text, tuple(pair.opening for pair in PAIRS)) == end
