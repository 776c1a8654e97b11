"""Words with their boxes, and the lines that they stand in. Knows no source: a PDF's letters or a picture's.

Coordinates grow to the right and downwards, in any unit that is the same for both.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence, Set
from itertools import pairwise
from operator import attrgetter
from typing import NamedTuple

from chat.documents.row_format import is_number

HYPHEN = "\x02"  # at the end of a line, in the middle of a word
SAME_LINE_SHARE = 0.6  # of the lower box's height that two boxes on one line share
CELL_GAP = 0.75  # of a word's height: a gap that parts two cells
FIGURES_GAP = 0.5  # between a label and the figures that the line ends with
NUMBERS_GAP = 0.4  # between two numbers
TIGHT = 1.35  # times a line's height from one base to the next, within a cell
FIRST_WIDE = "\u2e80"  # from here on scripts write no spaces


class Word(NamedTuple):
    """A word and its box. first, last: its place among the letters of the source. is_turned: on its side."""

    text: str
    left: float
    top: float
    right: float
    bottom: float
    first: int = -1
    last: int = -1
    is_turned: bool = False

    @property
    def height(self) -> float:
        """The height of its letters."""
        return (self.right - self.left if self.is_turned else self.bottom - self.top) or 0.1

    @property
    def middle(self) -> float:
        return (self.top + self.bottom) / 2

    @property
    def centre(self) -> float:
        return (self.left + self.right) / 2


class Segment:
    """Words of one line without a wide gap between them: what stands in one cell of it."""

    __slots__ = ("bottom", "height", "left", "right", "text", "top", "words")

    def __init__(self, words: Sequence[Word]) -> None:
        self.words = tuple(words)
        self.text = " ".join([word.text for word in words])
        self.left = min([word.left for word in words])
        self.right = max([word.right for word in words])
        self.top = min([word.top for word in words])
        self.bottom = max([word.bottom for word in words])
        self.height = max([word.height for word in words])


class Line:
    """Segments side by side. base: the lower edge of the tallest."""

    __slots__ = ("base", "bottom", "height", "segments", "top")

    def __init__(self, segments: Sequence[Segment]) -> None:
        self.segments = tuple(segments)
        self.top = min([segment.top for segment in segments])
        self.bottom = max([segment.bottom for segment in segments])
        tallest = max(segments, key=attrgetter("height"))
        self.height, self.base = tallest.height, tallest.bottom

    @property
    def words(self) -> list[Word]:
        return [word for segment in self.segments for word in segment.words]


def rows_of_words(words: Iterable[Word]) -> list[list[Word]]:
    """Return the words line by line, each from left to right. A turned word is in the first one beside it."""
    rows: list[list[Word]] = []
    turned = []
    for word in sorted(words, key=lambda word: (word.middle, word.left)):
        if word.is_turned:
            turned.append(word)
            continue
        for row in reversed(rows[-3:]):
            if _is_beside(row[0], word):
                row.append(word)
                break
        else:
            rows.append([word])
    for group in _groups_of_turned(turned):
        beside = [row for row in rows if any(word.top < row[0].middle < word.bottom for word in group)]
        if beside:
            beside[0].extend(group)
        else:
            rows.append(group)
    for row in rows:
        row.sort(key=lambda word: word.left)
    return sorted(rows, key=lambda row: max(word.bottom for word in row))


def _groups_of_turned(words: Sequence[Word]) -> list[list[Word]]:
    groups: list[list[Word]] = []
    for word in sorted(words, key=lambda word: word.bottom):
        if groups and abs(groups[-1][-1].bottom - word.bottom) < 2 * word.height:
            groups[-1].append(word)
        else:
            groups.append([word])
    return groups


def _is_beside(one: Word, two: Word) -> bool:
    shared = min(one.bottom, two.bottom) - max(one.top, two.top)
    return shared >= SAME_LINE_SHARE * min(one.height, two.height)


def make_line(row: Sequence[Word], walls: Sequence[float] = (), begins: Set[Word] = frozenset()) -> Line:
    """Return a row of words as segments.

    walls: x of the vertical rules that pass through it. begins: words that begin a cell, whatever the gap.
    """
    parts, edge = [[row[0]]], row[0].right
    first_figure = _first_figure(row)
    for at, (before, word) in enumerate(pairwise(row), 1):
        gap = word.left - edge
        is_apart = _is_apart(before, word, gap) or (at == first_figure and gap >= FIGURES_GAP * word.height)
        is_apart = is_apart or word in begins
        if is_apart or (walls and any(edge - 1 <= wall + 2 and wall - 2 <= word.left for wall in walls)):
            parts.append([word])
            edge = word.right
        else:
            parts[-1].append(word)
            edge = max(edge, word.right)
    return Line([Segment(part) for part in parts])


def _first_figure(row: Sequence[Word]) -> int:
    """Return where the figures begin that a line ends with, of which there are two or more; else -1."""
    first = len(row)
    while first and is_number(row[first - 1].text):
        first -= 1
    return first if len(row) - first >= 2 else -1


def _is_apart(before: Word, word: Word, gap: float) -> bool:
    if before.is_turned or word.is_turned:
        return True
    if gap < 1:
        return False
    height = min(before.height, word.height)
    if gap >= CELL_GAP * height:
        return True
    return gap >= NUMBERS_GAP * height and is_number(before.text) and is_number(word.text)


def join_lines(parts: Iterable[str]) -> str:
    """Return the lines of one cell as one: a hyphen at the end of a line joins two halves of a word."""
    whole = ""
    for part in parts:
        if not whole or not part:
            whole += part
        elif whole.endswith(HYPHEN):
            whole = whole[:-1] + part
        elif whole[-1] >= FIRST_WIDE and part[0] >= FIRST_WIDE:
            whole += part
        else:
            whole += " " + part
    return whole
