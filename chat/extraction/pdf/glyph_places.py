"""Where the characters of a page's text stand on the page: its glyphs, aligned with the text that was read.

The text is not what pdfium gives: pypdf may have read it, tables are rows, words are mended. So both are
reduced to their letters and aligned: long runs first, then what stands between them, then single words of a
table near what stands beside them. Characters that are not found have no place. Sans-IO.
"""

from __future__ import annotations

import re
import unicodedata
from array import array
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import lru_cache
from typing import NamedTuple

RUN = 6  # letters that are looked up together
SHORTEST_RUN = 3
MOST_BETWEEN = 400_000  # pairs of letters that are compared between two runs
UNIT = 65_535  # of a page's width and height
NOWHERE = (0.0, 0.0, 0.0, 0.0)
# Signs that one reader gives and another does not.
LEFT_OUT = re.compile("[\\s|\x00-\x1f\x7f-\x9f\xad\u2010\u2011\u2212\ufeff\ufffd-\uffff-]")
WORD = re.compile(r"[^\s|]+")
LINE, ROW = re.compile(r".+"), re.compile(r".* \| .*")

Box = tuple[float, float, float, float]  # left, top, right, bottom: fractions of the page


class PageGlyph(NamedTuple):
    """A character that is drawn on the page, and its box as fractions of the page."""

    character: str
    box: Box


@dataclass
class _Letters:
    """The letters of a text, one form each, and the index that each of them has in it."""

    text: str
    indexes: list[int]

    @classmethod
    def of(cls, characters: Sequence[str]) -> _Letters:
        parts, indexes = [], list[int]()
        for index, character in enumerate(characters):
            form = _form_of(character)
            parts.append(form)
            indexes.extend([index] * len(form))
        return cls("".join(parts), indexes)


@lru_cache(2_048)
def _form_of(character: str) -> str:
    return LEFT_OUT.sub("", unicodedata.normalize("NFKC", character).casefold())


def place_characters(text: str, glyphs: Sequence[PageGlyph]) -> list[int]:
    """Return the index of the glyph for each character of the text; -1 where it is not found."""
    said, drawn = _Letters.of(text), _Letters.of([glyph.character for glyph in glyphs])
    places = [-1] * len(text)
    for at, to in enumerate(_align(text, said, drawn)):
        if to >= 0 and places[said.indexes[at]] < 0:
            places[said.indexes[at]] = drawn.indexes[to]
    _fill(text, glyphs, places)
    return places


def _align(text: str, said: _Letters, drawn: _Letters) -> Sequence[int]:
    """Return the letter on the page for each that was read; -1: none."""
    if said.text == drawn.text:  # of a page that pdfium has read, without a table
        return range(len(said.text))
    alignment = _Alignment(said.text, drawn.text)
    alignment.align_runs()
    alignment.align_gaps()
    alignment.align_words(_words(text, said))
    alignment.align_repeated(_words(text, said, ROW))
    return alignment.to


def pack_boxes(places: Sequence[int], glyphs: Sequence[PageGlyph]) -> bytes:
    """Return the box of each character as four numbers of 16 bits."""
    edges = [edge for place in places for edge in (glyphs[place].box if place >= 0 else NOWHERE)]
    units = [0 if edge < 0 else UNIT if edge > 1 else int(edge * UNIT + 0.5) for edge in edges]
    return array("H", units).tobytes()


class _Alignment:
    """to: for each letter that was read, the one on the page; -1: none yet."""

    def __init__(self, said: str, drawn: str) -> None:
        self._said, self._drawn = said, drawn
        self.to = [-1] * len(said)
        self._is_used = bytearray(len(drawn))

    def align_runs(self) -> None:
        """Align runs of letters that stand in both, those that continue the one before first."""
        for length in (RUN, SHORTEST_RUN):
            places = defaultdict[str, list[int]](list)
            for at in range(len(self._drawn) - length + 1):
                places[self._drawn[at : at + length]].append(at)
            at = expected = 0
            while at <= len(self._said) - length:
                if self.to[at] >= 0:
                    expected = self.to[at] + 1
                    at += 1
                    continue
                found = self._nearest(places.get(self._said[at : at + length], ()), expected, length)
                taken = self._take_run(at, found) if found >= 0 else 0
                expected = found + taken if taken else expected
                at += taken or 1
            if length == RUN:
                self.align_gaps()

    def _nearest(self, places: Sequence[int], expected: int, length: int) -> int:
        free = [place for place in places if not any(self._is_used[place : place + length])]
        return min(free, key=lambda place: (abs(place - expected), place < expected), default=-1)

    def _take_run(self, at: int, place: int) -> int:
        count = 0
        while (
            at + count < len(self._said)
            and place + count < len(self._drawn)
            and self._said[at + count] == self._drawn[place + count]
            and self.to[at + count] < 0
            and not self._is_used[place + count]
        ):
            self._take(at + count, place + count)
            count += 1
        return count

    def _take(self, at: int, place: int) -> None:
        self.to[at] = place
        self._is_used[place] = 1

    def align_gaps(self) -> None:
        """Align what stands between two runs with what is drawn between them."""
        for start, end in _gaps(self.to):
            first = self.to[start - 1] + 1 if start else 0
            last = self.to[end] if end < len(self.to) else len(self._drawn)
            if not 0 < (last - first) * (end - start) <= MOST_BETWEEN:
                continue
            matcher = SequenceMatcher(None, self._said[start:end], self._drawn[first:last], autojunk=False)
            for block in matcher.get_matching_blocks():
                for step in range(block.size):
                    if not self._is_used[first + block.b + step]:
                        self._take(start + block.a + step, first + block.b + step)

    def align_words(self, words: Sequence[tuple[int, int]]) -> None:
        """Align single words, of which none is found yet, with free ones near the letters before them."""
        for start, end in words:
            if any(place >= 0 for place in self.to[start:end]):
                continue
            word, near = self._said[start:end], self._before(start)
            for form in (word, word[::-1]):
                found = self._nearest(list(_occurrences(form, self._drawn)), near, len(form))
                if found < 0:
                    continue
                for step in range(len(form)):
                    self._take(start + step if form is word else end - 1 - step, found + step)
                break

    def align_repeated(self, words: Sequence[tuple[int, int]]) -> None:
        """Align words of merged cells, which each row of a table has, with the one place where they stand."""
        for start, end in words:
            if end - start < SHORTEST_RUN or any(place >= 0 for place in self.to[start:end]):
                continue
            near = self._before(start)
            places = _occurrences(self._said[start:end], self._drawn)
            found = min(places, key=lambda place: abs(place - near), default=-1)
            if found >= 0:
                self.to[start:end] = range(found, found + end - start)

    def _before(self, at: int) -> int:
        return next((place + 1 for place in reversed(self.to[max(0, at - 200) : at]) if place >= 0), 0)


def _words(text: str, said: _Letters, lines: re.Pattern[str] = LINE) -> list[tuple[int, int]]:
    """Return the words of the text, of those lines alone, as ranges of its letters."""
    found = []
    for line in lines.finditer(text):
        for match in WORD.finditer(text, line.start(), line.end()):
            start, end = bisect_left(said.indexes, match.start()), bisect_left(said.indexes, match.end())
            if end > start:
                found.append((start, end))
    return found


def _occurrences(word: str, text: str) -> Iterator[int]:
    at = text.find(word)
    while at >= 0:
        yield at
        at = text.find(word, at + 1)


def _gaps(to: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Yield the ranges without a place."""
    start = -1
    for at, place in enumerate([*to, 0]):
        if place < 0 and start < 0:
            start = at
        elif place >= 0 and start >= 0:
            yield start, at
            start = -1


def _fill(text: str, glyphs: Sequence[PageGlyph], places: list[int]) -> None:
    """Place signs that were left out where the neighbouring glyph is the same sign."""
    for step in (1, -1):
        order = range(len(text)) if step == 1 else range(len(text) - 1, -1, -1)
        for at in order:
            before = at - step
            if places[at] >= 0 or not 0 <= before < len(text) or places[before] < 0 or text[at].isspace():
                continue
            near = places[before] + step
            if 0 <= near < len(glyphs) and glyphs[near].character == text[at]:
                places[at] = near
