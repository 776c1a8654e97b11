"""Passages: a document's text in overlapping pieces of whole sentences, indexed by term, ranked for a query.

One positional index a document, kept in a few flat arrays and no dictionary.
Knows no file on disk, no budget and no model. Offsets are into `Document.text`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from chat.documents import Document
from chat.sentences import split_sentences
from chat.terms import split_terms

PASSAGE_CHARACTERS = 800
OVERLAP_CHARACTERS = 240
_TERM_LETTERS = 6
_BLOCK_TERMS = 100_000  # hashed in blocks: the strings of a large text never lie there all at once
_K1, _B = 1.2, 0.75

Ints = NDArray[np.int32]
Keys = NDArray[np.uint64]
Scores = NDArray[np.float64]
Query = Mapping[str, float]


@dataclass(frozen=True, eq=False)
class Index:
    """Where every term of a document stands. Built once for a document, then only read.

    sentence_starts: offsets of the sentences, and the text's length. term_counts: terms before each sentence.
    keys: the different terms, hashed and sorted. key_starts, positions: each key's places among all terms.
    """

    document: Document
    sentence_starts: Ints
    term_counts: Ints
    keys: Keys
    key_starts: Ints
    positions: Ints

    @classmethod
    def build(cls, document: Document) -> Index:
        """Index `document`: about 0.5 s of CPU for a million characters."""
        starts = split_sentences(document.text)
        sequence, counts = _hash_sentences(document.text, starts)
        keys, inverse = np.unique(sequence, return_inverse=True)
        positions = np.argsort(inverse, kind="stable").astype(np.int32)
        ends = np.cumsum(np.bincount(inverse, minlength=len(keys)))
        key_starts = np.concatenate(([0], ends)).astype(np.int32)
        return cls(document, np.array(starts, np.int32), counts, keys, key_starts, positions)

    @cached_property
    def passages(self) -> Ints:
        """First sentence and the one after the last of each passage, in the text's order."""
        return pack(self.sentence_starts, PASSAGE_CHARACTERS, OVERLAP_CHARACTERS)

    @cached_property
    def passage_terms(self) -> Ints:
        """Terms before each passage begins, and before what follows it."""
        return self.term_counts[self.passages]

    def find(self, key: np.uint64) -> Ints:
        """Return the places of a term in the sequence of terms."""
        at = int(np.searchsorted(self.keys, key))
        if at == len(self.keys) or self.keys[at] != key:
            return self.positions[:0]
        return self.positions[self.key_starts[at] : self.key_starts[at + 1]]


def pack(starts: Ints, size: int, overlap: int) -> Ints:
    """Pack sentences into passages of at most `size` characters; neighbours share up to `overlap`."""
    passages, first, count = [], 0, len(starts) - 1
    while first < count:
        last = max(first + 1, int(np.searchsorted(starts, starts[first] + size, "right")) - 1)
        passages.append((first, last))
        if last >= count:
            break
        first = max(first + 1, int(np.searchsorted(starts, starts[last] - overlap, "left")))
    return np.array(passages, np.int32).reshape(-1, 2)


def _hash_sentences(text: str, starts: Sequence[int]) -> tuple[Keys, Ints]:
    blocks, terms, counts = [], list[str](), [0]
    for start, end in pairwise(starts):
        split = split_terms(text[start:end])
        terms += split
        counts.append(counts[-1] + len(split))
        if len(terms) >= _BLOCK_TERMS:
            blocks.append(hash_terms(terms))
            terms.clear()
    return np.concatenate([*blocks, hash_terms(terms)]), np.array(counts, np.int32)


def hash_terms(terms: Sequence[str]) -> Keys:
    """Return one 64-bit key a term, the same in every process."""
    letters = np.array(terms, f"U{_TERM_LETTERS}").view(np.uint32).reshape(len(terms), _TERM_LETTERS)
    keys = np.zeros(len(terms), np.uint64)
    for column in range(_TERM_LETTERS):
        keys = (keys ^ letters[:, column]) * np.uint64(0x9E3779B97F4A7C15)
        keys ^= keys >> np.uint64(29)
    return keys


def rank(indexes: Sequence[Index], query: Query) -> list[Scores]:
    """Return the BM25 score of every passage of each index; rarity is counted over all of them together."""
    scores = [np.zeros(len(index.passages)) for index in indexes]
    total = sum(map(len, scores))
    lengths = [
        (index.passage_terms[:, 1] - index.passage_terms[:, 0]).astype(np.float64) for index in indexes
    ]
    average = max(1.0, sum(float(length.sum()) for length in lengths) / max(1, total))
    norms = [_K1 * (1 - _B + _B * length / average) for length in lengths]
    for key, weight in zip(hash_terms(list(query)), query.values(), strict=True):
        counts = [count_in_passages(index, index.find(key)) for index in indexes]
        found = sum(int(np.count_nonzero(count)) for count in counts)
        if found:
            rarity = weight * np.log(1 + (total - found + 0.5) / (found + 0.5))
            for score, count, norm in zip(scores, counts, norms, strict=True):
                score += rarity * count * (_K1 + 1) / (count + norm)
    return scores


def count_in_passages(index: Index, places: Ints) -> Scores:
    """Return how often a term with these `places` stands in each passage."""
    bounds, size = index.passage_terms, len(index.passages)
    if not len(places):
        return np.zeros(size)
    entered = np.bincount(np.searchsorted(bounds[:, 1], places, "right"), minlength=size + 1)
    left = np.bincount(np.searchsorted(bounds[:, 0], places, "right"), minlength=size + 1)
    return np.cumsum(entered - left)[:size].astype(np.float64)


def find_share(indexes: Sequence[Index], query: Query) -> float:
    """Return the share of the query's weight whose terms stand in any of the documents."""
    found = 0.0
    for key, weight in zip(hash_terms(list(query)), query.values(), strict=True):
        if any(len(index.find(key)) for index in indexes):
            found += weight
    return found / sum(query.values()) if query else 0.0


def count_in_sentences(index: Index, places: Ints) -> Scores:
    """Return how often a term with these `places` stands in each sentence."""
    sentences = np.searchsorted(index.term_counts, places, "right") - 1
    return np.bincount(sentences, minlength=len(index.term_counts) - 1).astype(np.float64)
