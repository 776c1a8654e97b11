"""Boxes of characters on a page -> spans: what stands side by side on one line, with its box.

Boxes are fractions of the page: left, top, right, bottom. Knows no file.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

UNIT = 65_535  # of a page's width and height, in packed boxes
FIELDS = 4
SAME_LINE = 0.5  # of the lower box: so much of it stands beside the other
WIDEST_GAP = 1.6  # of a line's height: further apart are two columns, or two cells
SLANTED = 1.3  # of the highest letter: a higher span would cover other lines
KNOWN_SHARE = 0.95  # of the letters of a quote: with fewer its place is not known for certain

Packed = Sequence[Sequence[float]]  # (start, end, left, top, right, bottom) of each word, by offset


class Span(NamedTuple):
    """Characters [start, end) of a page's text, side by side on one line, and their box."""

    start: int
    end: int
    left: float
    top: float
    right: float
    bottom: float


@dataclass(frozen=True)
class PageBoxes:
    """The box of each character of a page's text.

    packed: four numbers of 16 bits for each character, all 0 where its place is not known. aspect: the page's
    height, by its width.
    """

    packed: bytes
    aspect: float

    @classmethod
    def of_words(cls, words: Packed, length: int, aspect: float) -> PageBoxes:
        """Return the boxes of words as boxes of their characters: equal parts of each word."""
        boxes = array("H", bytes(2 * FIELDS * length))
        for start, end, left, top, right, bottom in words:
            step = (right - left) / max(1, end - start)
            for number, at in enumerate(range(int(start), min(int(end), length))):
                edges = (left + step * number, top, left + step * (number + 1), bottom)
                boxes[FIELDS * at : FIELDS * (at + 1)] = array("H", map(_scale, edges))
        return cls(boxes.tobytes(), aspect)

    def spans(self, start: int, end: int) -> list[Span]:
        """Return the spans of the characters [start, end): at least one for each line, column and cell."""
        return list(_join(self._boxes(start, end), self.aspect))

    def is_known(self, text: str, start: int, end: int) -> bool:
        """Whether nearly all letters of the range have a place."""
        known = {one.start for one in self._boxes(start, end)}
        letters = [at for at in range(max(0, start), min(end, len(text))) if text[at].isalnum()]
        return bool(letters) and sum(at in known for at in letters) >= KNOWN_SHARE * len(letters)

    def _boxes(self, start: int, end: int) -> Iterator[Span]:
        start = max(0, start)
        numbers = array("H")
        numbers.frombytes(self.packed[2 * FIELDS * start : 2 * FIELDS * max(start, end)])
        for step in range(0, len(numbers) - FIELDS + 1, FIELDS):
            left, top, right, bottom = numbers[step : step + FIELDS]
            if right > left and bottom > top:
                at = start + step // FIELDS
                yield Span(at, at + 1, left / UNIT, top / UNIT, right / UNIT, bottom / UNIT)


def _join(boxes: Iterable[Span], aspect: float) -> Iterator[Span]:
    """Yield the boxes, those joined that stand side by side."""
    span = last = None
    highest = 0.0
    for box in boxes:
        height = box.bottom - box.top
        if span and last and _is_beside(last, box, aspect):
            union, highest = _unite(span, box), max(highest, height)
            if union.bottom - union.top < SLANTED * highest:
                span, last = union, box
                continue
        if span:
            yield span
        span, last, highest = box, box, height
    if span:
        yield span


def _unite(span: Span, box: Span) -> Span:
    left, top = min(span.left, box.left), min(span.top, box.top)
    return Span(span.start, box.end, left, top, max(span.right, box.right), max(span.bottom, box.bottom))


def _is_beside(last: Span, box: Span, aspect: float) -> bool:
    """Whether a character stands next to the one before it, on its right or its left."""
    lower = min(last.bottom - last.top, box.bottom - box.top)
    overlap = min(last.bottom, box.bottom) - max(last.top, box.top)
    gap = min(abs(box.left - last.right), abs(last.left - box.right))
    return overlap > SAME_LINE * lower and gap < WIDEST_GAP * lower * aspect


def _scale(edge: float) -> int:
    return round(min(max(edge, 0.0), 1.0) * UNIT)
