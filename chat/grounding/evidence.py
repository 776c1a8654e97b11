"""Evidence: a document's letters and digits alone, in one width and one case, and where each of them stands.

What two copies of the same words may differ in is gone: spaces, hyphens, full-width forms, quotes, case,
accents. So a place that this form names is a candidate: `quote_matching` compares it exactly. Knows no answer
and no citation.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np
from numpy.typing import NDArray

from chat.documents.document import Document
from chat.grounding.figures import FigureIndex
from chat.grounding.gram_index import CJK_GRAM, GramIndex, Votes, is_chinese
from chat.languages import DECIMAL_COMMA, find_language, find_languages

_FIRST_KANA = (
    "\u3040"  # from here on composed forms are kept: decomposed Hangul is three letters, and が is not か
)
KEPT_VOTES = 8  # of texts
KEPT_FOLDS = 32  # of quotes and their parts: each is asked for several times
FEWEST_THOUSANDS = 6  # numbers such as 3.597, where all that have a point have three digits behind it
FEWEST_GROUPED = 3  # numbers such as 29,210,039 that tell how a text writes numbers
MOST_SHORT_PLACES = 400  # of a quote of a few letters, looked at
Span = tuple[int, int]
_GROUPED_BY_COMMA = re.compile(r"(?<![\d.,])\d{1,3}(?:,\d{3}){2,}(?![\d,])")
_GROUPED_BY_POINT = re.compile(r"(?<![\d.,])\d{1,3}(?:\.\d{3}){2,}(?![\d.])")
_AFTER_POINT = re.compile(r"(?<![\d.,])\d+\.(\d+)(?!\d|[.,]\d)")
_CHINESE = re.compile("[\u2e80-\U0003ffff]")
_BLOCK = 1 << 16  # characters looked up at once: their arrays stay in the cache of the processor


@dataclass(frozen=True, eq=False)
class Evidence:
    """A document's text as `fold` leaves it. offsets: of each folded letter, into `document.text`."""

    document: Document
    folded: str
    offsets: NDArray[np.int32]

    @classmethod
    def prepare(cls, document: Document) -> Evidence:
        """Fold a million characters in about 10 ms: each different one is folded once, then looked up."""
        points = np.frombuffer(document.text.encode("utf-32-le", "surrogatepass"), np.uint32)
        seen = np.bincount(points)
        lengths, firsts = np.zeros(len(seen), np.uint8), np.zeros(len(seen), np.uint32)
        for point in np.flatnonzero(seen).tolist():
            letters = _fold_character(chr(point))
            lengths[point], firsts[point] = len(letters), ord(letters[0]) if letters else 0
        folded, offsets = list[str](), [np.zeros(0, np.int32)]
        for start in range(0, len(points), _BLOCK):
            letters, places = _fold_block(points[start : start + _BLOCK], lengths, firsts)
            folded.append(letters)
            offsets.append((places + start).astype(np.int32))
        return cls(document, "".join(folded), np.concatenate(offsets))

    @cached_property
    def grams(self) -> GramIndex:
        """Where the grams of the folded text stand; built for the first quote that is looked up."""
        return GramIndex.build(self.folded)

    @cached_property
    def _short_grams(self) -> GramIndex:
        """Where the shorter grams stand, for Chinese quotes of a text that is mostly in Latin letters."""
        return GramIndex.build(self.folded, CJK_GRAM)

    @cached_property
    def _has_chinese(self) -> bool:
        return bool(_CHINESE.search(self.folded))

    def grams_for(self, folded: str) -> GramIndex:
        """Return the index for a quote of these letters."""
        is_other = self.grams.size != CJK_GRAM and self._has_chinese and is_chinese(folded)
        return self._short_grams if is_other else self.grams

    @cached_property
    def figures(self) -> FigureIndex:
        """The numbers of the text; built for the first figure that is looked up."""
        return FigureIndex.build(self.document.text, self.has_decimal_comma)

    @cached_property
    def languages(self) -> frozenset[str]:
        """The languages of considerable parts of the text."""
        return find_languages(self.document.text)

    @cached_property
    def has_decimal_comma(self) -> bool:
        """Does the text write 0,85? Its longest numbers tell, or else its language.

        A spreadsheet's numbers are written by this program, as in English.
        """
        text = self.document.text
        points, commas = len(_GROUPED_BY_POINT.findall(text)), len(_GROUPED_BY_COMMA.findall(text))
        if points != commas and max(points, commas) >= FEWEST_GROUPED:
            return points > commas
        endings = Counter(len(found) for found in _AFTER_POINT.findall(text))
        if set(endings) == {3} and endings[3] >= FEWEST_THOUSANDS and not points + commas:
            return True  # 3.597 and 14.862, and no number with another length
        return self.document.unit != "sheet" and find_language(text) in DECIMAL_COMMA

    def find_candidates(self, text: str, within: Span | None = None) -> Iterator[tuple[int, int, float]]:
        """Yield where `text` may stand: start and end in the document, and a likelihood up to 1.

        within: bounds in the document.
        """
        folded = fold(text)
        first, last = self._bounds(within)
        if len(folded) < self.grams_for(folded).size:
            found = ((*span, 1.0) for span in self._find_letters(folded, first, last))
        else:
            candidates = self._vote(folded).candidates(*((first, last) if within else ()))
            found = ((one.start, one.end, one.share) for one in candidates)
        for start, end, share in found:
            start, end = max(first, start), min(last, end)
            if start < end:
                yield int(self.offsets[start]), int(self.offsets[end - 1]) + 1, share

    def find_folded(self, text: str, within: Span) -> Iterator[Span]:
        """Yield where all letters of `text` stand one after the other, within bounds in the document."""
        for start, end in self._find_letters(fold(text), *self._bounds(within)):
            yield int(self.offsets[start]), int(self.offsets[end - 1]) + 1

    def _bounds(self, within: Span | None) -> Span:
        """Return bounds in the document as bounds in the folded text."""
        if within is None:
            return 0, len(self.folded)
        return bisect_left(self.offsets, within[0]), bisect_left(self.offsets, within[1])

    def _vote(self, folded: str) -> Votes:
        """Return the votes of a text. Those of the last few texts are kept: each is looked up in steps."""
        votes = self._votes.get(folded)
        if votes is None:
            if len(self._votes) >= KEPT_VOTES:
                self._votes.clear()
            votes = self._votes[folded] = self.grams_for(folded).vote(folded)
        return votes

    @cached_property
    def _votes(self) -> dict[str, Votes]:
        return {}

    @cached_property
    def windows(self) -> dict[tuple[int, int], object]:
        """Stretches of the text that were compared lately, by where they begin and end."""
        return {}

    def _find_letters(self, folded: str, first: int, last: int) -> Iterator[Span]:
        at = self.folded.find(folded, first, last) if folded else -1
        for _ in range(MOST_SHORT_PLACES):
            if at < 0:
                return
            yield at, at + len(folded)
            at = self.folded.find(folded, at + 1, last)


def _fold_block(
    points: NDArray[np.uint32], lengths: NDArray[np.uint8], firsts: NDArray[np.uint32]
) -> tuple[str, NDArray[np.intp]]:
    """Return the folded letters of a stretch of text, and where in it each of them stands."""
    counts = lengths.take(points)
    offsets, wide = np.flatnonzero(counts), np.flatnonzero(counts > 1)  # ligatures, fractions, ①
    more = np.repeat(wide, counts[wide] - 1)
    offsets = np.insert(offsets, np.searchsorted(offsets, more), more)
    folded = firsts.take(points.take(offsets))
    for at, place in zip(wide.tolist(), np.searchsorted(offsets, wide).tolist(), strict=True):
        letters = _fold_character(chr(points[at]))
        folded[place : place + len(letters)] = list(map(ord, letters))
    return folded.tobytes().decode("utf-32-le", "surrogatepass"), offsets


@lru_cache(maxsize=KEPT_FOLDS)
def fold(text: str) -> str:
    """Return the letters and digits of `text`, in one width and one case, without accents."""
    return "".join(map(_fold_character, text))


@lru_cache(maxsize=20_000)
def _fold_character(character: str) -> str:
    composed = character >= _FIRST_KANA
    plain = unicodedata.normalize("NFKC" if composed else "NFKD", character).casefold()
    return "".join(letter for letter in plain if letter.isalnum())
