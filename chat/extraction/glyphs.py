"""Characters with the place where a page has them. Sans-IO; knows no reader of PDF."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

SAME_PLACE_POINTS = 1.0
SHORTEST_DOUBLE = 6


@dataclass(frozen=True)
class Glyph:
    """A character and where it was drawn: x and y of its origin, in points.

    is_guess: the font does not say which character it is; the reader took its code for one.
    """

    character: str
    x: float
    y: float
    is_guess: bool = False


def is_overprinted(text: str) -> bool:
    """Whether a line stands there twice in itself, as it does where bold type is made by printing twice."""
    for line in text.splitlines():
        words = line.strip()
        half = len(words) // 2
        if half >= SHORTEST_DOUBLE and words[:half].rstrip() == words[-half:].lstrip():
            return True
    return False


def print_once(glyphs: Sequence[Glyph]) -> list[Glyph]:
    """Return the glyphs without those that stand where the same character stands already."""
    places: dict[tuple[str, int, int], list[Glyph]] = {}
    kept = []
    for glyph in glyphs:
        column, row = int(glyph.x // SAME_PLACE_POINTS), int(glyph.y // SAME_PLACE_POINTS)
        around = ((glyph.character, column + i, row + j) for i in (-1, 0, 1) for j in (-1, 0, 1))
        near = (other for place in around for other in places.get(place, ()))
        if not glyph.character.isspace():
            if any(_is_same_place(glyph, other) for other in near):
                continue
            places.setdefault((glyph.character, column, row), []).append(glyph)
        kept.append(glyph)
    return kept


def _is_same_place(one: Glyph, two: Glyph) -> bool:
    return abs(one.x - two.x) < SAME_PLACE_POINTS and abs(one.y - two.y) < SAME_PLACE_POINTS
