"""Characters with the place where a page has them. Sans-IO; knows no reader of PDF."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise
from statistics import median
from typing import NamedTuple

SAME_PLACE_POINTS = 1.0
SHORTEST_DOUBLE = 6
SPREAD = re.compile(
    r"(?:(?<!\S)[^\W\d_] ){11}[^\W\d_](?!\S)"
)  # "s p a c e d": twelve letters that stand alone
FUSED = re.compile(r"[a-z]{2}[A-Z][a-z]{2}|[a-z][,;][A-Za-z][a-z]")
FEWEST_FUSED = 2  # of a page: one alone is a name
PARTED = re.compile(r"[^\W\d_](?:fi|fl|ﬁ|ﬂ) [a-z]{2}")
LEAST_PARTING = 0.09  # of a character's height, more than the usual gap: what parts two words
DIVIDING = "\x02\ufffe"  # for pdfium a hyphen at the end of a line
PARTING_SHARE = 0.7  # of the gaps in the same line that have a space
TOUCHING = 0.03  # letters so near are of one word, whatever is drawn between them
WIDER = 1.6  # than the gaps between the letters of a line is the gap between two words
WORD_GAP = (0.1, 0.5)  # of a character's height: a gap that may, and one that must part two words


class Glyph(NamedTuple):
    """A character and the box in which it was drawn, in points, downwards.

    is_inferred: a space that the reader put there.
    """

    character: str
    left: float
    top: float
    right: float = 0.0
    bottom: float = 0.0
    is_inferred: bool = False

    @property
    def height(self) -> float:
        return self.bottom - self.top


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
        column, row = int(glyph.left // SAME_PLACE_POINTS), int(glyph.top // SAME_PLACE_POINTS)
        around = ((glyph.character, column + i, row + j) for i in (-1, 0, 1) for j in (-1, 0, 1))
        near = (other for place in around for other in places.get(place, ()))
        if not glyph.character.isspace():
            if any(_is_same_place(glyph, other) for other in near):
                continue
            places.setdefault((glyph.character, column, row), []).append(glyph)
        kept.append(glyph)
    return kept


def _is_same_place(one: Glyph, two: Glyph) -> bool:
    return abs(one.left - two.left) < SAME_PLACE_POINTS and abs(one.top - two.top) < SAME_PLACE_POINTS


def is_spread(text: str) -> bool:
    """Whether letters stand apart as far as words do elsewhere: a reader takes each for a word."""
    return bool(SPREAD.search(text))


def close_up(glyphs: Sequence[Glyph]) -> str:
    """Return the text; in spread lines wider gaps part words, in place of the spaces that were inferred."""
    return "\n".join(map(_close_line, _lines_of(glyphs)))


def _close_line(line: Sequence[Glyph]) -> str:
    text = "".join(glyph.character for glyph in line)
    if not is_spread(text):
        return text
    kept = [glyph for glyph in line if glyph.character != " " or not glyph.is_inferred]
    gaps = [_gap(*pair) for pair in pairwise(kept)]
    limit = min(max(WORD_GAP[0], WIDER * median(gaps or [0.0])), WORD_GAP[1])
    parts = zip(kept, [0.0, *gaps], strict=True)
    return "".join(f" {glyph.character}" if gap > limit else glyph.character for glyph, gap in parts)


def has_doubtful_spaces(text: str) -> bool:
    """Whether words seem to lack the space between them, or to have one behind a ligature."""
    return len(FUSED.findall(text)) >= FEWEST_FUSED or bool(PARTED.search(text))


def mend_spaces(text: str, glyphs: Sequence[Glyph]) -> str:
    """Return the text with the spaces that the places of its letters tell, line by line.

    A gap that is wider than those within words parts two; a space whose neighbours touch parts none, as where
    one is drawn inside the width of a ligature. Lines that stand otherwise in the text stay as they are.
    """
    mended: dict[str, str] = {}
    for line in _lines_of(glyphs):
        mended["".join("".join(glyph.character for glyph in line).split())] = _space_line(line)
    return "\n".join(mended.get("".join(line.split()), line) for line in text.splitlines())


def _space_line(line: Sequence[Glyph]) -> str:
    letters: list[tuple[Glyph, Glyph | None]] = []  # with the first space behind the letter before
    space: Glyph | None = None
    for glyph in line:
        if glyph.character.isspace():
            space = space or glyph
        else:
            letters.append((glyph, space if letters else None))
            space = None
    if not letters:
        return ""
    gaps = [0.0, *(_gap(one, two) for (one, _), (two, _) in pairwise(letters))]
    least = _least_gap(gaps, [space is not None for _, space in letters])
    parts, before = list[str](), None
    for (glyph, space), gap in zip(letters, gaps, strict=True):
        is_divided = before is not None and before.character in DIVIDING  # the word goes on in the next line
        if before and not is_divided and (not _is_inside(space, before, gap) if space else gap > least):
            parts.append(" ")
        parts.append(glyph.character)
        before = glyph
    return "".join(parts)


def _least_gap(gaps: Sequence[float], has_space: Sequence[bool]) -> float:
    """Return the gap that parts two words: wider than the usual one, and much as those where a space is."""
    parting = [gap for gap, is_parted in zip(gaps, has_space, strict=True) if is_parted]
    usual = median(gaps[1:] or [0.0])
    return max(LEAST_PARTING, usual + LEAST_PARTING, PARTING_SHARE * median(parting or [0.0]))


def _is_inside(space: Glyph, before: Glyph, gap: float) -> bool:
    """Whether a space is drawn inside the letter before it, which the next letter touches."""
    return gap < TOUCHING and space.left < before.right - LEAST_PARTING * before.height


def _lines_of(glyphs: Sequence[Glyph]) -> list[list[Glyph]]:
    lines: list[list[Glyph]] = [[]]
    for glyph in glyphs:
        if glyph.character == "\n":
            lines.append([])
        elif glyph.character != "\r":
            lines[-1].append(glyph)
    return lines


def _gap(one: Glyph, two: Glyph) -> float:
    """Return the distance of two boxes, in heights; 0 beside a space, which parts already."""
    if one.character.isspace() or two.character.isspace():
        return 0.0
    return max(two.left - one.right, one.left - two.right) / max(one.height, two.height, 1.0)
