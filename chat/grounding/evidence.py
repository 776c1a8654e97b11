"""Evidence: a document's letters and digits alone, in one width and one case, and where each of them stands.

What two copies of the same words may differ in is gone: spaces, hyphens, full-width forms, quotes, case,
accents. Knows no answer and no citation.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from chat.documents.document import Document

_FIRST_KANA = (
    "\u3040"  # from here on composed forms are kept: decomposed Hangul is three letters, and が is not か
)
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


def fold(text: str) -> str:
    """Return the letters and digits of `text`, in one width and one case, without accents."""
    return "".join(map(_fold_character, text))


@lru_cache(maxsize=20_000)
def _fold_character(character: str) -> str:
    composed = character >= _FIRST_KANA
    plain = unicodedata.normalize("NFKC" if composed else "NFKD", character).casefold()
    return "".join(letter for letter in plain if letter.isalnum())
