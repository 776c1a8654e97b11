"""Characters with the place where a page has them. Sans-IO; knows no reader of PDF."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

SAME_PLACE_POINTS = 1.0
SHORTEST_DOUBLE = 6
SPREAD = re.compile(
    r"(?:(?<!\S)[^\W\d_] ){11}[^\W\d_](?!\S)"
)  # "s p a c e d": twelve letters that stand alone
WIDER = 1.6  # than the gaps between the letters of a line is the gap between two words
WORD_GAP = (0.1, 0.5)  # of a character's height: a gap that may, and one that must part two words


@dataclass(frozen=True)
class Glyph:
    """A character and where it was drawn: x and y of its origin, in points.

    is_guess: the font does not say which character it is; the reader took its code for one. left, right,
    height: of its box, in points. is_inferred: a space or a line break that the reader put there.
    """

    character: str
    x: float
    y: float
    is_guess: bool = False
    left: float = 0.0
    right: float = 0.0
    height: float = 0.0
    is_inferred: bool = False


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


def is_spread(text: str) -> bool:
    """Whether letters stand apart as far as words do elsewhere: a reader takes each for a word."""
    return bool(SPREAD.search(text))


def close_up(glyphs: Sequence[Glyph]) -> str:
    """Return the text; in spread lines wider gaps part words, in place of the spaces that were inferred."""
    lines: list[list[Glyph]] = [[]]
    for glyph in glyphs:
        if glyph.character == "\n":
            lines.append([])
        elif glyph.character != "\r":
            lines[-1].append(glyph)
    return "\n".join(map(_close_line, lines))


def _close_line(line: Sequence[Glyph]) -> str:
    text = "".join(glyph.character for glyph in line)
    if not is_spread(text):
        return text
    kept = [glyph for glyph in line if glyph.character != " " or not glyph.is_inferred]
    gaps = [_gap(*pair) for pair in pairwise(kept)]
    limit = min(max(WORD_GAP[0], WIDER * median(gaps or [0.0])), WORD_GAP[1])
    parts = zip(kept, [0.0, *gaps], strict=True)
    return "".join(f" {glyph.character}" if gap > limit else glyph.character for glyph, gap in parts)


def _gap(one: Glyph, two: Glyph) -> float:
    """Return the distance of two boxes, in heights; 0 beside a space, which parts already."""
    if one.character.isspace() or two.character.isspace():
        return 0.0
    return max(two.left - one.right, one.left - two.right) / max(one.height, two.height, 1.0)
