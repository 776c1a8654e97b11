"""Passages: the stretches of a text that a question is about, found by the terms they share.

A sentence is as good as the windows of text around it, at four scales: the near ones tell where, the wide
ones tell whether it is the topic. Knows no file on disk, no budget and no model. Offsets are into
`Document.text`.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from chat.documents.document import Document
from chat.documents.tables import Span
from chat.grounding.retrieval.acronyms import Acronym, expand, find_acronyms
from chat.grounding.retrieval.dates import find_dated_terms
from chat.grounding.retrieval.named_parts import find_statements
from chat.grounding.retrieval.sentences import split_sentences
from chat.grounding.retrieval.table_rows import Range, find_header_rows, find_headers
from chat.grounding.retrieval.terms import KEY_BITS, hash_sentences, hash_terms

SCALES = (
    (1600, 1.0),
    (800, 1.0),
    (400, 1.0),
    (200, 0.5),
)  # characters of a window, and what its score weighs
COARSE, FINE = 1, 3  # which of them find the neighbourhood, and which are sent
K1, B = 1.2, 0.75
SMALL = 50  # windows; in fewer a word that stands in one may stand in all
REACH_CHARACTERS = 12_000  # looked at closely where nothing else is said
HEADER_REACH_CHARACTERS = 800  # a header is indexed again after so much of its table
HEAD_CHARACTERS = 200  # of a page, which say what stands on it
FOUND_SHARE = 0.22  # below it the question is about something else; refuses 1 real one in 100
_BLOCK_SENTENCES = 2_000  # hashed at once: a large text's terms never lie there all as strings
_SENTENCE_BITS = np.uint64(64 - KEY_BITS)
_SENTENCE_MASK = np.uint64((1 << 64 - KEY_BITS) - 1)

Ints = NDArray[np.int32]
Places = NDArray[np.intp]
Scores = NDArray[np.float32]
Query = Mapping[str, float]


@dataclass(frozen=True, eq=False)
class Index:
    """In which sentences every term of a document stands. Built once, then only read.

    starts: offsets of the sentences, and the text's length. term_counts: terms before each sentence.
    postings: a term's key and a sentence's number in one integer each, sorted. headers: for each sentence
    that is a row of a table, first and last of the sentences that are the table's header; else -1 twice.
    """

    document: Document
    starts: Ints
    term_counts: Places
    postings: NDArray[np.uint64]
    headers: Sequence[Range]

    @classmethod
    def build(cls, document: Document) -> Index:
        """Index `document`: about 0.6 s of CPU and 40 MB for a million characters of Chinese."""
        text, starts = document.text, split_sentences(document.text)
        headers = find_header_rows(starts, document.tables, find_headers(text, starts))
        repeated = _repeat_headers(text, starts, headers)
        blocks, counts = [], [np.zeros(1, np.int64)]
        for first in range(0, len(starts) - 1, _BLOCK_SENTENCES):
            bounds = starts[first : first + _BLOCK_SENTENCES + 1]
            keys, numbers = hash_sentences(
                [
                    text[start:end] + repeated.get(at, "")
                    for at, (start, end) in enumerate(pairwise(bounds), first)
                ]
            )
            counts.append(np.bincount(numbers.astype(np.int64), minlength=len(bounds) - 1))
            blocks.append(keys << _SENTENCE_BITS | numbers + np.uint64(first))
        blocks.append(_post_dates(text, starts))
        postings = np.concatenate(blocks)
        postings.sort()
        index = cls(
            document, np.array(starts, np.int32), np.cumsum(np.concatenate(counts)), postings, headers
        )
        _ = (
            index.windows,
            index.posts,
            index.paragraphs,
            index.acronyms,
        )  # made now, so that the first question is quick
        return index

    def __len__(self) -> int:
        """The number of sentences."""
        return len(self.starts) - 1

    @cached_property
    def windows(self) -> tuple[Places, Places]:
        """First sentence, and the one after the last, of each scale's window around each sentence."""
        middles = (self.starts[1:] + self.starts[:-1]) / 2
        first = [np.searchsorted(middles, middles - size / 2) for size, _ in SCALES]
        last = [np.searchsorted(middles, middles + size / 2, "right") for size, _ in SCALES]
        return np.array(first), np.array(last)

    @cached_property
    def posts(self) -> Places:
        """Sentences at even distances: the windows around them, which overlap by half, cover the text."""
        offsets = np.arange(0, self.starts[-1], SCALES[COARSE][0] // 2)
        return np.unique(np.searchsorted(self.starts, offsets, "right") - 1)

    @cached_property
    def paragraphs(self) -> tuple[Places, Places]:
        """First sentence, and the one after the last, of each one's paragraph. A row of a table is one."""
        is_row = np.asarray([False, *(header >= 0 for header, _ in self.headers), False])
        is_last = np.asarray([True, *(self.sentence(at).endswith("\n\n") for at in range(len(self)))])
        is_last[-1] = True
        edges = np.flatnonzero(is_last | is_row[1:] | is_row[:-1])
        at = np.searchsorted(edges, np.arange(len(self)), "right")
        return edges[at - 1], edges[np.minimum(at, len(edges) - 1)]

    @cached_property
    def heads(self) -> tuple[Places, Places, Places]:
        """First sentence of each page, the one after its head, and the number of each sentence's page."""
        pages = np.asarray(self.document.page_starts[: len(self.document.pages)], np.int64)
        first = np.minimum(np.searchsorted(self.starts, pages), len(self))
        last = np.searchsorted(self.starts, pages + HEAD_CHARACTERS)
        numbers = np.maximum(np.searchsorted(pages, self.starts[:-1], "right") - 1, 0)
        return first, np.clip(last, first, len(self)), numbers

    @cached_property
    def statements(self) -> Sequence[Sequence[Span]]:
        """Where the statements of a company stand, by kind; made for the first question that needs one."""
        return find_statements(self.document)

    @cached_property
    def acronyms(self) -> Sequence[Acronym]:
        """The short forms that the document explains."""
        return find_acronyms(self.document.text)

    def sentence(self, number: int) -> str:
        """Return a sentence with the blank space behind it."""
        return self.document.text[self.starts[number] : self.starts[number + 1]]

    def between(self, start: int, end: int) -> range:
        """Return the sentences that stand in a stretch of text, also those that reach into it."""
        return range(bisect_right(self.starts, start) - 1, min(bisect_left(self.starts, end), len(self)))

    def find(self, key: np.uint64) -> Ints:
        """Return the sentences that hold a term, each as often as the term stands there."""
        first, last = np.searchsorted(
            self.postings, (key << _SENTENCE_BITS, (key + np.uint64(1)) << _SENTENCE_BITS)
        )
        return (self.postings[first:last] & _SENTENCE_MASK).astype(np.int32)

    def count_before(self, keys: NDArray[np.uint64]) -> Ints:
        """Return, a row for each term, how often it stands before each sentence, and in all."""
        counts = np.zeros((len(keys), len(self.starts)), np.int32)
        for row, key in zip(counts, keys, strict=True):
            np.cumsum(np.bincount(self.find(key), minlength=len(self)), dtype=np.int32, out=row[1:])
        return counts


@dataclass(frozen=True, eq=False)
class Search:
    """A query against several documents: how often each term stands where, and its rarity in all of them.

    query: its terms, and those that the documents' acronyms add. counts: of each document, as
    `Index.count_before` has them. weights: of each term, a column. importance: the same, made for terms that
    stand nowhere and texts too small to tell what is rare; 0 for what was added.
    """

    indexes: Sequence[Index]
    query: Query
    counts: Sequence[Ints]
    weights: Scores
    importance: Scores

    @classmethod
    def of(cls, indexes: Sequence[Index], query: Query) -> Search:
        """Look up each term once."""
        own = len(query)
        query = {**query, **expand(query, [one for index in indexes for one in index.acronyms])}
        keys = hash_terms(query)
        counts = [index.count_before(keys) for index in indexes]
        total = sum(len(index.posts) for index in indexes)
        found = np.zeros(len(keys), np.float32)
        for index, count in zip(indexes, counts, strict=True):
            found += np.count_nonzero(_differ(index, count, index.posts, COARSE), axis=1)
        weights = np.array(list(query.values()), np.float32)
        importance = weights * _rarity(max(total, SMALL), np.maximum(found, 1))
        importance[own:] = 0
        return cls(indexes, query, counts, (weights * _rarity(total, found))[:, np.newaxis], importance)

    def score(self, file: int, sentences: Places, scale: int) -> Scores:
        """Return the BM25 score of the windows around `sentences` of a document."""
        index = self.indexes[file]
        found = _differ(index, self.counts[file], sentences, scale)
        norms = _differ(index, index.term_counts, sentences, scale) * (B / self.average_terms(scale))
        gain: Scores = np.sum(self.weights * found / (found + K1 * (1 - B + norms)), axis=0)
        return gain

    def average_terms(self, scale: int) -> float:
        """Return how many terms a window of a scale holds in these documents."""
        terms = sum(int(index.term_counts[-1]) for index in self.indexes)
        characters = sum(len(index.document.text) for index in self.indexes)
        return max(1.0, SCALES[scale][0] * terms / max(1, characters))

    def coverage(self, ranked: Sequence[Scores]) -> float:
        """Return the share of the query's weight whose terms stand around the best sentence: 0 to 1."""
        file = max(range(len(ranked)), key=lambda one: float(ranked[one].max(initial=0)), default=0)
        if not ranked or not ranked[file].any():
            return 0.0
        best = np.array([ranked[file].argmax()])
        found = _differ(self.indexes[file], self.counts[file], best, COARSE) > 0
        return float(self.importance @ found[:, 0] / self.importance.sum())

    def head_shares(self, file: int) -> Scores:
        """Return for each sentence of a document how much of the query the head of its page has: 0 to 1."""
        first, last, numbers = self.indexes[file].heads
        counts = self.counts[file]
        found = counts[:, last] > counts[:, first]
        shares = (self.importance @ found / max(float(self.importance.sum()), 1e-9)).astype(np.float32)
        kept: Scores = shares[numbers]
        return kept

    def candidates(self, reach: int) -> list[Places]:
        """Return the sentences worth a closer look: about `reach` characters around the best windows."""
        scores = [self.score(file, index.posts, COARSE) for file, index in enumerate(self.indexes)]
        count = max(1, reach // (SCALES[COARSE][0] // 2))
        floor = float(np.sort(np.concatenate(scores))[-count:].min(initial=np.inf))
        return [
            _around(index, index.posts[(one >= floor) & (one > 0)])
            for index, one in zip(self.indexes, scores, strict=True)
        ]

    def rank(self, reach: int) -> list[Scores]:
        """Return a score for every sentence of each document; 0 where it is not worth a closer look."""
        candidates = self.candidates(reach)
        ranked = [np.zeros(len(index), np.float32) for index in self.indexes]
        for scale, (_, weight) in enumerate(SCALES):
            scores = [self.score(file, sentences, scale) for file, sentences in enumerate(candidates)]
            highest = max((float(one.max()) for one in scores if len(one)), default=0.0) or 1.0
            for one, sentences, score in zip(ranked, candidates, scores, strict=True):
                one[sentences] += weight / highest * score
        return ranked


def _post_dates(text: str, starts: Sequence[int]) -> NDArray[np.uint64]:
    """Return the postings of the dates of a text; they are no words, and make no window longer."""
    places, terms = list[int](), list[str]()
    for start, _, term, month in find_dated_terms(text):
        for one in {term, month}:
            places.append(start)
            terms.append(one)
    numbers = np.searchsorted(np.asarray(starts), places, "right") - 1
    postings: NDArray[np.uint64] = hash_terms(terms) << _SENTENCE_BITS | numbers.astype(np.uint64)
    return postings


def _repeat_headers(text: str, starts: Sequence[int], headers: Sequence[Range]) -> dict[int, str]:
    """Return the header for some rows of long tables, so that it is indexed as if each page of it had one."""
    repeated: dict[int, str] = {}
    seen = (-1, -1)
    last = 0
    for row, header in enumerate(headers):
        if header[0] < 0:
            continue
        if header != seen:
            seen, last = header, starts[header[1] + 1] if header[1] < row else 0
        if starts[row] - last >= HEADER_REACH_CHARACTERS:
            repeated[row] = " " + text[starts[header[0]] : starts[header[1] + 1]]
            last = starts[row]
    return repeated


def _rarity(total: int, found: Scores) -> Scores:
    rarity: Scores = np.log(1 + (total - found + 0.5) / (found + 0.5)).astype(np.float32)
    return rarity


def _differ(index: Index, counts: Ints | Places, sentences: Places, scale: int) -> Scores:
    """Return how many of the things counted stand in the windows around `sentences`."""
    first, last = index.windows
    return (counts[..., last[scale, sentences]] - counts[..., first[scale, sentences]]).astype(np.float32)


def _around(index: Index, posts: Places) -> Places:
    """Return the sentences in the widest windows around `posts`, in order."""
    first, last = index.windows
    edges = np.zeros(len(index) + 1, np.int32)
    np.add.at(edges, first[0, posts], 1)
    np.add.at(edges, last[0, posts], -1)
    return np.flatnonzero(np.cumsum(edges)[:-1])
