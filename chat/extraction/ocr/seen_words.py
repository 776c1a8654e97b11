"""Words as an engine sees them on a picture. Knows no engine.

Pixels grow to the right and downwards. Scripts without spaces give characters or syllables: those that stand
close together in one line are joined.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from chat.extraction.layout.page_words import FIRST_WIDE

CLOSE = 0.6  # of a height, between two characters of one run
FIRST_THAI, LAST_THAI = "\u0e00", "\u0eff"  # Thai and Lao: no spaces between words either


class SeenWord(NamedTuple):
    """A word with its box in pixels. confidence: 0 to 1. line: words of one line have the same number."""

    text: str
    left: float
    top: float
    right: float
    bottom: float
    confidence: float
    line: int

    @property
    def height(self) -> float:
        return max(1.0, self.bottom - self.top)


def join_runs(words: Iterable[SeenWord]) -> list[SeenWord]:
    """Return the words, with neighbours of one line joined where their script writes no spaces."""
    joined: list[SeenWord] = []
    for word in words:
        if joined and _is_one_run(joined[-1], word):
            joined[-1] = _join(joined[-1], word)
        else:
            joined.append(word)
    return joined


def _is_one_run(one: SeenWord, two: SeenWord) -> bool:
    if one.line != two.line or not one.text or not two.text:
        return False
    is_close = -one.height < two.left - one.right < CLOSE * min(one.height, two.height)
    return is_close and (
        (_is_unspaced(one.text[-1]) and _is_unspaced(two.text[0]))
        or (_is_thai(one.text[-1]) and _is_thai(two.text[0]))
    )


def _is_unspaced(character: str) -> bool:
    return character >= FIRST_WIDE and not "\uac00" <= character <= "\ud7a3"


def _is_thai(character: str) -> bool:
    return FIRST_THAI <= character <= LAST_THAI


def _join(one: SeenWord, two: SeenWord) -> SeenWord:
    first, second = len(one.text), len(two.text)
    return SeenWord(
        one.text + two.text,
        min(one.left, two.left),
        min(one.top, two.top),
        max(one.right, two.right),
        max(one.bottom, two.bottom),
        (one.confidence * first + two.confidence * second) / (first + second),
        one.line,
    )


def mean_confidence(words: Sequence[SeenWord]) -> float:
    """Return the mean over the characters, 0 to 1; 0 where there are none."""
    characters = sum(len(word.text) for word in words)
    return sum(word.confidence * len(word.text) for word in words) / characters if characters else 0.0


def weigh(words: Sequence[SeenWord]) -> float:
    """Return how much was read, by how sure the engine is: doubtful characters count little."""
    return sum(len(word.text) * word.confidence**2 for word in words)
