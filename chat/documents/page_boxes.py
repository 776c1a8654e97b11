"""Boxes of characters on a page -> spans: what stands side by side on one line, with its box.

Boxes are fractions of the page: left, top, right, bottom. Knows no file.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

UNIT = 65_535  # of a page's width and height, in packed boxes
FIELDS = 4
SAME_LINE = 0.5  # of the lower box: so much of it stands beside the other
WIDEST_GAP = 1.6  # of a line's height: further apart are two columns, or two cells
SLANTED = 1.3  # of the highest letter: a higher span would cover other lines
KNOWN_SHARE = 0.95  # of the letters of a quote: with fewer its place is not known for certain

Placed = tuple[int, int, int, int, int]  # offset of a character; left, top, right, bottom in units
NOWHERE, NO_SPAN = (0, 0, 0, 0, 0), (0, 0, 0, 0, 0, 0)
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
    height, by its width. lines: the spans of the whole text, where they have been joined.
    """

    packed: bytes
    aspect: float
    lines: tuple[Span, ...] = ()

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

    def joined(self) -> PageBoxes:
        """Return the same boxes with the spans of the whole text."""
        return replace(self, lines=tuple(self.spans(0, len(self.packed) // (2 * FIELDS))))

    def spans(self, start: int, end: int) -> list[Span]:
        """Return the spans of the characters [start, end): at least one for each line, column and cell."""
        return list(_join(self._boxes(start, end), self.aspect))

    def is_known(self, text: str, start: int, end: int) -> bool:
        """Whether nearly all letters of the range have a place."""
        known = {at for at, *_ in self._boxes(start, end)}
        letters = [at for at in range(max(0, start), min(end, len(text))) if text[at].isalnum()]
        return bool(letters) and sum(at in known for at in letters) >= KNOWN_SHARE * len(letters)

    def _boxes(self, start: int, end: int) -> Iterator[Placed]:
        start = max(0, start)
        numbers = array("H")
        numbers.frombytes(self.packed[2 * FIELDS * start : 2 * FIELDS * max(start, end)])
        edges = iter(numbers)
        for at, (left, top, right, bottom) in enumerate(zip(edges, edges, edges, edges, strict=False), start):
            if right > left and bottom > top:
                yield at, left, top, right, bottom


def _join(boxes: Iterable[Placed], aspect: float) -> Iterator[Span]:
    """Yield the boxes, those joined that stand side by side. In whole units: a page has thousands of them."""
    span, last, highest = NO_SPAN, NOWHERE, 0
    reach = WIDEST_GAP * aspect
    for box in boxes:
        at, left, top, right, bottom = box
        _, last_left, last_top, last_right, last_bottom = last
        is_same = top == last_top and bottom == last_bottom and left >= last_left  # as most letters are
        if is_same and abs(left - last_right) < reach * (bottom - top):
            start, _, span_left, span_top, span_right, span_bottom = span
            span, last = (start, at + 1, span_left, span_top, max(span_right, right), span_bottom), box
            continue
        if span is not NO_SPAN and _is_beside(last, box, aspect):
            start, _, span_left, span_top, span_right, span_bottom = span
            upper, lower = min(span_top, top), max(span_bottom, bottom)
            highest = max(highest, bottom - top)
            if lower - upper < SLANTED * highest:
                span = start, at + 1, min(span_left, left), upper, max(span_right, right), lower
                last = box
                continue
        if span is not NO_SPAN:
            yield _span_of(span)
        span, last, highest = (at, at + 1, left, top, right, bottom), box, bottom - top
    if span is not NO_SPAN:
        yield _span_of(span)


def _span_of(span: tuple[int, int, int, int, int, int]) -> Span:
    start, end, left, top, right, bottom = span
    return Span(start, end, left / UNIT, top / UNIT, right / UNIT, bottom / UNIT)


def _is_beside(last: Placed, box: Placed, aspect: float) -> bool:
    """Whether a character stands next to the one before it, on its right or its left."""
    _, last_left, last_top, last_right, last_bottom = last
    _, left, top, right, bottom = box
    lower = min(last_bottom - last_top, bottom - top)
    if min(last_bottom, bottom) - max(last_top, top) <= SAME_LINE * lower:
        return False
    return min(abs(left - last_right), abs(last_left - right)) < WIDEST_GAP * lower * aspect


def _scale(edge: float) -> int:
    return round(min(max(edge, 0.0), 1.0) * UNIT)
