"""Selection: which stretches of the attached files are sent with a question, inside a budget of characters.

What fits is sent whole. What does not is searched: passages in rank order, put back in the text's order.
Questions that no word can find get the head and even samples. Knows no model, no message and no token.
"""

from __future__ import annotations

import dataclasses
import re
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from chat.documents.document import Document
from chat.grounding.receipts import FileReceipt, write_receipt
from chat.grounding.retrieval.headings import Span
from chat.grounding.retrieval.passages import FINE, REACH_CHARACTERS, Index, Scores, Search
from chat.grounding.retrieval.places import Places, find_places
from chat.grounding.retrieval.questions import is_about_the_whole, names_the_whole, weigh_terms
from chat.grounding.retrieval.samples import find_samples

PART_COST_CHARACTERS = 7  # what the mark between two stretches takes from the budget
HEAD_SHARE = 0.35
SAMPLE_CHARACTERS = 400
LEAST_CHARACTERS = 80  # less room than that is left to the front of the files
LITTLE_SHARE = 0.28  # of the question is found: search terms by the model are worth a request
ALL_CHARACTERS = 10**9
REACH = 4  # times the budget is looked at closely
NAMED_SHARE = 0.6  # of the budget, for the places that a question names beside what it looks for


@dataclass(frozen=True)
class Excerpt:
    """What is sent of one document, in its own order. spans: disjoint, sorted, into `document.text`."""

    document: Document
    mode: str
    spans: tuple[Span, ...]

    @property
    def characters(self) -> int:
        return sum(end - start for start, end in self.spans)

    def receipt(self) -> FileReceipt:
        return write_receipt(self.document, self.mode, list(self.spans))


@dataclass(frozen=True)
class Selection:
    """The excerpts for one question. `used` never exceeds `budget`; both are characters of file text."""

    budget: int
    excerpts: tuple[Excerpt, ...]
    search_terms: str = ""

    @property
    def used(self) -> int:
        return sum(excerpt.characters for excerpt in self.excerpts)

    @property
    def files(self) -> tuple[FileReceipt, ...]:
        return tuple(excerpt.receipt() for excerpt in self.excerpts)


class _Room:
    """What is left of the budget, and the sentences taken so far. Files are numbered."""

    def __init__(self, indexes: Sequence[Index], budget: int) -> None:
        self.indexes = indexes
        self.left = budget
        self._taken = [bytearray(len(index) + 2) for index in indexes]  # one more at each end, never taken

    def take(self, file: int, first: int, last: int) -> bool:
        """Take sentences first..last-1, and the headers of the rows among them.

        Only if their new characters, and the marks of new parts, can be paid.
        """
        starts, taken, headers = self.indexes[file].starts, self._taken[file], self.indexes[file].headers
        ranges = [(first, last)]
        for begin, end in dict.fromkeys(headers[first:last]):
            if begin >= 0 and not (taken[begin + 1] or first <= begin < last):
                ranges.append((begin, end + 1))
        cost = 0
        for begin, end in ranges:
            cost += sum(int(starts[i + 1] - starts[i]) for i in range(begin, end) if not taken[i + 1])
            if 1 not in taken[begin : end + 2]:
                cost += PART_COST_CHARACTERS
        if cost > self.left:
            return False
        self.left -= cost
        for begin, end in ranges:
            taken[begin + 1 : end + 1] = b"\1" * (end - begin)
        return True

    def spans(self, file: int) -> tuple[Span, ...]:
        """Return the stretches taken of a file."""
        starts = self.indexes[file].starts
        return tuple(
            (int(starts[found.start() - 1]), int(starts[found.end() - 1]))
            for found in re.finditer(b"\1+", self._taken[file])
        )


def choose(
    question: str, previous_question: str, indexes: Sequence[Index], budget: int, *, search_terms: str = ""
) -> Selection:
    """Choose at most `budget` characters of the files for `question`.

    search_terms: words in the documents' language, where a model wrote some (see `needs_search_terms`).
    """
    if sum(len(index.document.text) for index in indexes) <= budget:
        whole = [Excerpt(index.document, "full", _whole(index)) for index in indexes]
        return Selection(budget, tuple(whole), search_terms)
    room, places = _Room(indexes, budget), _find_places(question, previous_question, indexes)
    scores = list[Scores]()
    if search_terms or not is_about_the_whole(places.rest):
        query = weigh_terms(places.rest, previous_question, search_terms)
        scores = Search.of(indexes, query).rank(ALL_CHARACTERS if places else REACH * budget)
    is_found = any(score.any() for score in scores)
    _fill(room, places, scores if is_found else ())
    mode = "named" if places else "passages" if is_found else "spread"
    excerpts = [Excerpt(index.document, mode, room.spans(file)) for file, index in enumerate(indexes)]
    return Selection(budget, tuple(excerpts), search_terms)


def _find_places(question: str, previous_question: str, indexes: Sequence[Index]) -> Places:
    """Return what `question` names, or what the one before did where this one goes on: "translate it"."""
    places = find_places(question, indexes)
    if places or names_the_whole(question) or not is_about_the_whole(places.rest):
        return places
    return dataclasses.replace(find_places(previous_question, indexes), rest=places.rest)


def needs_search_terms(question: str, indexes: Sequence[Index]) -> bool:
    """Tell whether the question's own words find too little, as in a document of another language."""
    question = find_places(question, indexes).rest
    if is_about_the_whole(question):
        return False
    search = Search.of(indexes, weigh_terms(question))
    return search.coverage(search.rank(REACH_CHARACTERS)) < LITTLE_SHARE


def _whole(index: Index) -> tuple[Span, ...]:
    return ((0, len(index.document.text)),) if index.document.text else ()


def _fill(room: _Room, places: Places, scores: Sequence[Scores]) -> None:
    """Take what the question names, then what was found; all of the files where it is neither."""
    if places:
        _fill_named(room, places, scores)
    if scores:
        _fill_ranked(room, scores)
    elif not places:
        _fill_spread(room, [((0, len(index.document.text)),) for index in room.indexes])
    if scores or not places:
        _fill_front(room)


def _fill_named(room: _Room, places: Places, scores: Sequence[Scores]) -> None:
    """Take the places that a question names: whole, or what was found there, or samples of them."""
    kept = 0 if not scores else int(room.left * (1 - NAMED_SHARE))
    room.left -= kept
    if places.characters > room.left and scores:
        inside = (_inside(*one) for one in zip(room.indexes, scores, places.spans, strict=True))
        _fill_ranked(room, list(inside))
    elif places.characters > room.left:
        _fill_spread(room, places.spans)
    for file, spans in enumerate(places.spans):
        for start, end in spans:
            _take_each(room, file, room.indexes[file].between(start, end))
    room.left += kept


def _fill_ranked(room: _Room, scores: Sequence[Scores]) -> None:
    """Take the windows around the best sentences of all files, until the budget is spent."""
    files = np.repeat(np.arange(len(scores)), [len(score) for score in scores])
    sentences = np.concatenate([np.arange(len(score)) for score in scores])
    merged = np.concatenate(scores)
    for at in np.argsort(-merged, kind="stable")[: np.count_nonzero(merged)]:
        if room.left < LEAST_CHARACTERS:
            return
        file, sentence = int(files[at]), int(sentences[at])
        index = room.indexes[file]
        first, last = (int(edge[FINE, sentence]) for edge in index.windows)
        room.take(file, first, last)


def _fill_spread(room: _Room, spans: Sequence[Sequence[Span]]) -> None:
    """Give every stretch of the files its part of the budget: its head, and samples at even distances."""
    stretches = [(file, span) for file, found in enumerate(spans) for span in found]
    budget, total = room.left, sum(end - start for _, (start, end) in stretches)
    for file, (start, end) in stretches:
        share = budget * (end - start) // max(1, total)
        index = room.indexes[file]
        _take_until(room, file, index.between(start, end).start, int(share * HEAD_SHARE))
        count = int(share * (1 - HEAD_SHARE)) // (SAMPLE_CHARACTERS + PART_COST_CHARACTERS)
        for sentence in find_samples(index, count, start, end):
            _take_until(room, file, sentence, SAMPLE_CHARACTERS)


def _inside(index: Index, scores: Scores, spans: Sequence[Span]) -> Scores:
    """Return the scores of the sentences in `spans`, 0 for others."""
    kept = np.zeros_like(scores)
    for start, end in spans:
        found = index.between(start, end)
        kept[found.start : found.stop] = scores[found.start : found.stop]
    return kept


def _take_each(room: _Room, file: int, sentences: range) -> None:
    """Take sentences while there is room."""
    for sentence in sentences:
        if not room.take(file, sentence, sentence + 1):
            return


def _take_until(room: _Room, file: int, first: int, size: int) -> None:
    """Take sentences from `first` on, while they fit into `size` characters."""
    starts = room.indexes[file].starts
    last = bisect_right(starts, starts[first] + size) - 1
    if last > first:
        room.take(file, first, last)


def _fill_front(room: _Room) -> None:
    """Spend what is left on the files' beginnings: a title and an abstract explain much."""
    for file, index in enumerate(room.indexes):
        _take_each(room, file, range(len(index)))


def split_parts(index: Index, budget: int) -> list[Selection]:
    """Return the whole document in parts of at most `budget` characters, for reading it step by step."""
    starts, parts, first = index.starts, list[Selection](), 0
    while first < len(starts) - 1:
        begin, end = index.headers[first]
        header = (int(starts[begin]), int(starts[end + 1])) if begin >= 0 else (0, 0)
        last = max(first + 1, bisect_right(starts, starts[first] + budget - (header[1] - header[0])) - 1)
        span = (int(starts[first]), int(starts[last]))
        spans = (
            (header, span) if header[1] and span[1] - span[0] + header[1] - header[0] <= budget else (span,)
        )
        parts.append(Selection(budget, (Excerpt(index.document, "part", spans),)))
        first = last
    return parts
