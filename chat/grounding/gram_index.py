"""Gram index: where in a long text the words of a quote stand nearly as they are, in microseconds.

Every place of the folded text is sorted by a hash of the few letters that begin there. A quote's rarest grams
vote for places; votes on one diagonal are one candidate. Knows no document and no quote: what is returned may
be wrong, never confirmed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

LATIN_GRAM, CJK_GRAM = 6, 3  # letters
FIRST_CJK = 0x2E80
GRAMS = 28  # of a quote, that vote
MOST_PLACES = 4_000  # of one gram; a commoner one does not vote
REACH = 3_000  # letters between two halves of a quote that are one candidate
FEWEST_SHARE = 0.12  # of the votes, for a part of a candidate
MOST_SPANS = 16
_MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)
_BUCKETS = 1 << 16
_FIRST = np.zeros(1, np.int64)


@dataclass(frozen=True)
class Candidate:
    """A stretch of the folded text, and the share of the votes that it has."""

    start: int
    end: int
    share: float


@dataclass(frozen=True, eq=False)
class GramIndex:
    """Places of a folded text by the hash of the gram that begins there. size: letters of a gram."""

    size: int
    hashes: NDArray[np.uint32]
    order: NDArray[np.int32]
    starts: NDArray[np.int64]

    @classmethod
    def build(cls, folded: str, size: int = 0) -> GramIndex:
        """Index a million letters in about 50 ms. size: letters of a gram; 0 for what suits the text."""
        codes = _codes(folded)
        size = size or (CJK_GRAM if _is_chinese(codes) else LATIN_GRAM)
        hashes = _hash(codes, size)
        buckets = (hashes >> np.uint32(16)).astype(np.uint16)
        order = np.argsort(buckets, kind="stable").astype(np.int32)  # a radix sort
        counts = np.bincount(buckets, minlength=_BUCKETS)
        return cls(size, hashes, order, np.concatenate([[0], np.cumsum(counts)]))

    def vote(self, folded: str) -> Votes:
        """Return the places that the rarest grams of `folded` vote for."""
        grams = _hash(_codes(folded), self.size)
        buckets = (grams >> np.uint32(16)).astype(np.int64)
        counts = self.starts[buckets + 1] - self.starts[buckets]
        voters = np.array(_rarest(counts.tolist()), np.int64)
        voters = voters[counts[voters] <= MOST_PLACES]
        sizes = counts[voters]
        offsets = voters.repeat(sizes)
        ranks = np.arange(len(offsets)) - (sizes.cumsum() - sizes).repeat(sizes)  # 0, 1, 2 of each gram
        places = self.order[self.starts[buckets[offsets]] + ranks]
        same = self.hashes[places] == grams[offsets]
        return Votes(len(folded), offsets[same], places[same].astype(np.int64))


@dataclass(frozen=True, eq=False)
class Votes:
    """Which gram of a quote stands where. length: letters of the quote."""

    length: int
    offsets: NDArray[np.int64]
    places: NDArray[np.int64]
    kept: dict[tuple[int, int | None], list[Candidate]] = field(default_factory=dict)

    @cached_property
    def voters(self) -> int:
        """How many grams have a vote."""
        return len(set(self.offsets.tolist()))

    def candidates(self, first: int = 0, last: int | None = None) -> list[Candidate]:
        """Return where the quote may stand, the likeliest first. first, last: bounds of the places."""
        found = self.kept.get((first, last))
        if found is None:
            found = self.kept[first, last] = self._find(first, last)
        return found

    def _find(self, first: int, last: int | None) -> list[Candidate]:
        offsets, places = self.offsets, self.places
        if first or last is not None:
            inside = (places >= first) & (places < (last if last is not None else 1 << 62))
            offsets, places = offsets[inside], places[inside]
        if not len(places):
            return []
        spans = list(_spans(offsets, places, self.length, self.voters))
        found = [Candidate(s.start, s.end, s.share) for s in [*spans, *_chains(spans)]]
        return sorted(found, key=lambda one: (-one.share, one.end - one.start))


@dataclass(frozen=True)
class _Span(Candidate):
    """Votes on one diagonal. first, last: the part of the quote that voted."""

    first: int
    last: int


def _spans(
    offsets: NDArray[np.int64], places: NDArray[np.int64], length: int, voters: int
) -> Iterator[_Span]:
    """Yield the bands of diagonals with many votes, the most first.

    A band has a fixed width: in a text that repeats itself every diagonal has votes.
    """
    diagonals = places - offsets
    order = diagonals.argsort(kind="stable")
    offsets, diagonals = offsets[order], diagonals[order]
    width = 24 + length // 6
    numbers = diagonals // width  # sorted: np.unique would sort again, and loads numpy.ma at its first call
    starts = np.concatenate((_FIRST, (numbers[1:] != numbers[:-1]).nonzero()[0] + 1))
    bands = numbers[starts]
    ends = diagonals.searchsorted((bands + 2) * width)
    sizes = ends - starts
    least = max(1, int(voters * FEWEST_SHARE))
    chosen = (-sizes).argsort(kind="stable")[:MOST_SPANS]
    taken = set[int]()
    for number in chosen.tolist():
        votes = sorted(set(offsets[starts[number] : ends[number]].tolist()))
        if len(votes) >= least and not {int(bands[number]) - 1, int(bands[number]) + 1} & taken:
            taken.add(int(bands[number]))
            start = int(diagonals[starts[number]])
            end = int(diagonals[ends[number] - 1]) + length
            yield _Span(start, end, len(votes) / voters, votes[0], votes[-1])


def _chains(spans: list[_Span]) -> Iterator[_Span]:
    """Yield two parts of a quote that follow one another at a distance, as one."""
    ordered = sorted((span for span in spans if span.share < 0.95), key=lambda span: span.start)
    for number, one in enumerate(ordered):
        for two in ordered[number + 1 : number + 6]:
            is_next = two.first > one.first and two.last > one.last
            if is_next and two.start + two.first - one.start - one.last <= REACH:
                yield _Span(one.start, two.end, min(0.99, one.share + two.share), one.first, two.last)


def _rarest(counts: list[int]) -> list[int]:
    """Return the offsets of the rarest grams of each part of a quote."""
    parts = max(1, min(GRAMS // 2, len(counts) // 2))
    size, longer = divmod(len(counts), parts)
    bounds = [size * part + min(part, longer) for part in range(parts + 1)]
    return [
        at
        for first, last in pairwise(bounds)
        for at in sorted(range(first, last), key=counts.__getitem__)[:2]
    ]


def is_chinese(folded: str) -> bool:
    """Is a third of a text or more Chinese, so that few letters tell a place?"""
    return _is_chinese(_codes(folded))


def _is_chinese(codes: NDArray[np.uint32]) -> bool:
    return int(np.count_nonzero(codes >= FIRST_CJK)) * 3 > len(codes)


def _codes(text: str) -> NDArray[np.uint32]:
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32)


def _hash(codes: NDArray[np.uint32], size: int) -> NDArray[np.uint32]:
    """Return a hash of the gram that begins at each letter, as far as it is whole."""
    length = max(0, len(codes) - size + 1)
    mixed = np.zeros(length, np.uint64)
    for at in range(size):
        mixed ^= codes[at : at + length]
        mixed *= _MULTIPLIER
        mixed ^= mixed >> np.uint64(29)
    return (mixed >> np.uint64(32)).astype(np.uint32)
