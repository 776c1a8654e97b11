"""Selection: which stretches of the attached files are sent with a question, inside a budget of characters.

What fits is sent whole. What does not is searched: passages in rank order, put back in the text's order.
Questions that no word can find get the head and even samples. Knows no model, no message and no token.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from chat.documents import Document
from chat.passages import Index, find_share, rank
from chat.questions import is_about_the_whole, weigh_terms
from chat.receipts import FileReceipt, write_receipt

PART_COST_CHARACTERS = 7  # what the mark between two stretches takes from the budget
HEAD_SHARE = 0.35
SAMPLE_CHARACTERS = 400
FOUND_SHARE = (
    0.34  # below it the question's rare words are hardly in the files: another language, or another topic
)

Span = tuple[int, int]


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


@dataclass
class _Room:
    """The sentences taken so far, and what is left of the budget. Sentences are numbered by file."""

    indexes: Sequence[Index]
    left: int
    taken: list[list[int]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.taken = [[] for _ in self.indexes]

    def take(self, file: int, first: int, last: int) -> bool:
        """Take sentences first..last-1 if their new characters and parts can be paid."""
        starts, taken = self.indexes[file].sentence_starts, self.taken[file]
        new = [i for i in range(first, last) if not _has(taken, i)]
        if not new:
            return True
        joins = _has(taken, first - 1) + _has(taken, last) if new[0] == first else 1
        cost = sum(int(starts[i + 1] - starts[i]) for i in new) + PART_COST_CHARACTERS * (joins == 0)
        if cost > self.left:
            return False
        self.left -= cost
        for i in new:
            insort(taken, i)
        return True

    def spans(self, file: int) -> tuple[Span, ...]:
        starts = self.indexes[file].sentence_starts
        return tuple((int(starts[a]), int(starts[b])) for a, b in _join(self.taken[file]))


def _has(taken: list[int], item: int) -> bool:
    at = bisect_left(taken, item)
    return at < len(taken) and taken[at] == item


def _join(taken: list[int]) -> Iterator[tuple[int, int]]:
    at = 0
    while at < len(taken):
        end = at + 1
        while end < len(taken) and taken[end] == taken[end - 1] + 1:
            end += 1
        yield taken[at], taken[end - 1] + 1
        at = end


def choose(
    question: str, previous_question: str, indexes: Sequence[Index], budget: int, *, search_terms: str = ""
) -> Selection:
    """Choose at most `budget` characters of the files for `question`.

    search_terms: words in the documents' language, where a model wrote some (see `needs_search_terms`).
    """
    if sum(len(index.document.text) for index in indexes) <= budget:
        whole = [Excerpt(i.document, "full", ((0, len(i.document.text)),)) for i in indexes]
        return Selection(budget, tuple(whole), search_terms)
    room = _Room(indexes, budget)
    mode = "spread"
    if not (is_about_the_whole(question) and not search_terms):
        scores = rank(indexes, weigh_terms(question, previous_question, search_terms))
        if any(score.any() for score in scores):
            mode = "passages"
            _fill_ranked(room, scores)
    if mode == "spread":
        _fill_spread(room)
    _fill_front(room)
    excerpts = [Excerpt(index.document, mode, room.spans(file)) for file, index in enumerate(indexes)]
    return Selection(budget, tuple(excerpts), search_terms)


def needs_search_terms(question: str, indexes: Sequence[Index]) -> bool:
    """Tell whether the question's own words find too little, as in a document of another language."""
    if is_about_the_whole(question):
        return False
    return find_share(indexes, weigh_terms(question)) < FOUND_SHARE


def _fill_ranked(room: _Room, scores: Sequence[np.ndarray]) -> None:
    files = np.concatenate([np.full(len(score), file) for file, score in enumerate(scores)])
    numbers = np.concatenate([np.arange(len(score)) for score in scores])
    merged = np.concatenate(list(scores))
    for at in np.argsort(-merged, kind="stable"):
        if merged[at] <= 0 or room.left < SAMPLE_CHARACTERS // 4:
            return
        file = int(files[at])
        first, last = room.indexes[file].passages[numbers[at]]
        room.take(file, int(first), int(last))


def _fill_spread(room: _Room) -> None:
    total = sum(len(index.document.text) for index in room.indexes)
    budget = room.left
    for file, index in enumerate(room.indexes):
        share = budget * len(index.document.text) // max(1, total)
        _take_until(room, file, 0, int(share * HEAD_SHARE))
        count = max(1, int(share * (1 - HEAD_SHARE)) // (SAMPLE_CHARACTERS + PART_COST_CHARACTERS))
        size = len(index.document.text)
        for number in range(1, count + 1):
            _take_until(
                room,
                file,
                _open_sample(index, size * number // (count + 1), size // (count + 1)),
                SAMPLE_CHARACTERS,
            )


def _open_sample(index: Index, offset: int, reach: int) -> int:
    """Return the sentence to start a sample at: a heading in reach, a paragraph's first, or the nearest."""
    starts = index.sentence_starts
    first = int(np.searchsorted(starts, offset))
    last = min(int(np.searchsorted(starts, offset + reach)), len(starts) - 1)
    text = index.document.text
    for is_start in (_is_heading, _is_paragraph):
        for sentence in range(first, last):
            if is_start(text, int(starts[sentence]), int(starts[sentence + 1])):
                return sentence
    return min(first, len(starts) - 2)


def _is_heading(text: str, start: int, end: int) -> bool:
    line = text[start:end].strip()
    return (
        1 < len(line) <= 80
        and text[start - 1 : start] in ("", "\n")
        and (line[0] == "#" or line[-1] not in ".,;:!?。，；：！？")
    )


def _is_paragraph(text: str, start: int, end: int) -> bool:
    return text[max(0, start - 2) : start].count("\n") == 2


def _take_until(room: _Room, file: int, first: int, size: int) -> None:
    """Take sentences from `first` on, while they fit into `size` characters."""
    starts = room.indexes[file].sentence_starts
    last = bisect_right(starts, starts[first] + size) - 1
    if last > first:
        room.take(file, first, last)


def _fill_front(room: _Room) -> None:
    """Spend what is left on the files' beginnings: a title and an abstract explain much."""
    for file, index in enumerate(room.indexes):
        for sentence in range(len(index.sentence_starts) - 1):
            if not room.take(file, sentence, sentence + 1):
                break


def split_parts(index: Index, budget: int) -> list[Selection]:
    """Return the whole document in parts of at most `budget` characters, for reading it step by step."""
    starts, parts, first = index.sentence_starts, list[Selection](), 0
    while first < len(starts) - 1:
        last = max(first + 1, bisect_right(starts, starts[first] + budget) - 1)
        span = (int(starts[first]), int(starts[last]))
        parts.append(Selection(budget, (Excerpt(index.document, "part", (span,)),)))
        first = last
    return parts
