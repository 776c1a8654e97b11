"""Selection: which stretches of the attached files are sent with a question, inside a budget of characters.

What fits is sent whole. What does not is searched: passages in rank order, put back in the text's order.
Questions that no word can find get the head and even samples. Knows no model, no message and no token.
"""

from __future__ import annotations

import dataclasses
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from chat.documents.document import Document
from chat.grounding.receipts import FileReceipt, write_receipt
from chat.grounding.retrieval.headings import Span, has_title_of
from chat.grounding.retrieval.passages import FINE, Index, Scores
from chat.grounding.retrieval.places import Places, find_places
from chat.grounding.retrieval.questions import compares, is_about_the_whole, names_the_whole
from chat.grounding.retrieval.samples import find_samples
from chat.grounding.room import PART_COST_CHARACTERS, Room
from chat.grounding.scoring import Cited, Scored, Wanted, score_sentences

HEAD_SHARE = 0.35
LEAST_SPREAD = 0.5  # of the budget for a summary is divided equally among the files
SAMPLE_CHARACTERS = 400
LEAST_CHARACTERS = 80  # less room than that is left to the front of the files
ALL_CHARACTERS = 10**9
REACH = 4  # times the budget is looked at closely
OWN_SHARE = 0.3  # of the budget, for what the question finds without the model's words
FILE_SHARE = 0.3  # of its part of the budget: the least that each of several files gets
COMPARED_SHARE = 0.9  # the same, where the question compares them
BEGINNING_SHARE = 0.6  # of the budget, for the front of pages that the question names by their title
TABLE_SHARE = 0.4  # of the budget: a table up to this is sent whole
NAMED_SHARE = 0.6  # of the budget, for the places that a question names beside what it looks for


@dataclass(frozen=True)
class Excerpt:
    """What is sent of one document, in its own order.

    spans: disjoint, sorted, into `document.text`. reasons: why each is sent (`chat.grounding.room`, and
    `title`, `cited` and `near`). words: what was searched for, question and search words.
    """

    document: Document
    mode: str
    spans: tuple[Span, ...]
    reasons: tuple[tuple[str, ...], ...] = ()
    words: str = ""

    @property
    def characters(self) -> int:
        return sum(end - start for start, end in self.spans)

    def receipt(self) -> FileReceipt:
        return write_receipt(self.document, self.mode, list(self.spans), self.reasons, self.words)


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


def choose(
    question: str,
    previous_question: str,
    indexes: Sequence[Index],
    budget: int,
    *,
    search_terms: str = "",
    cited: Sequence[Cited] = (),
    near: Sequence[Scores] = (),
) -> Selection:
    """Choose at most `budget` characters of the files for `question`.

    search_terms: words of the passage that answers, where a model wrote some (see `wants_search_terms`).
    cited: what the last answer cited. near: how near each sentence of each file is in meaning, 0 to 1.
    """
    if sum(len(index.document.text) for index in indexes) <= budget:
        everything = [Excerpt(index.document, "full", _whole(index)) for index in indexes]
        return Selection(budget, tuple(everything), search_terms)
    room, places = Room(indexes, budget), _find_places(question, previous_question, indexes)
    whole = _fill_small(room) if not places else frozenset()
    scored = Scored()
    if search_terms or not is_about_the_whole(places.rest):
        wanted = Wanted(places.rest, previous_question, search_terms, cited, near)
        scored = score_sentences(wanted, indexes, ALL_CHARACTERS if places else REACH * budget)
    scores = scored.scores
    is_found = any(score.any() for score in scores)
    if is_found and not places:
        _fill_own(room, scored.own)
        _fill_beginnings(room, places.rest)
        _fill_shares(room, scores, COMPARED_SHARE if compares(question) else FILE_SHARE)
    _fill(room, places, scores if is_found else ())
    mode = "named" if places else "passages" if is_found else "spread"
    excerpts = [
        Excerpt(
            index.document,
            "full" if file in whole else mode,
            room.spans(file),
            _add_reasons(room, file, scored),
            f"{places.rest} {search_terms}" if is_found else "",
        )
        for file, index in enumerate(indexes)
    ]
    return Selection(budget, tuple(excerpts), search_terms)


def _add_reasons(room: Room, file: int, scored: Scored) -> tuple[tuple[str, ...], ...]:
    """Return why each stretch of a file is sent, with what speaks for it besides its words."""
    found = zip(room.spans(file), room.reasons(file), strict=True)
    return tuple((*reasons, *scored.reasons(file, span)) for span, reasons in found)


def _find_places(question: str, previous_question: str, indexes: Sequence[Index]) -> Places:
    """Return what `question` names, or what the one before did where this one goes on: "translate it"."""
    places = find_places(question, indexes)
    if places or names_the_whole(question) or not is_about_the_whole(places.rest):
        return places
    return dataclasses.replace(find_places(previous_question, indexes), rest=places.rest)


def wants_search_terms(question: str, indexes: Sequence[Index]) -> bool:
    """Tell whether files that do not fit are searched for `question`: a summary or a named page is not."""
    return not is_about_the_whole(find_places(question, indexes).rest)


def _whole(index: Index) -> tuple[Span, ...]:
    return ((0, len(index.document.text)),) if index.document.text else ()


def _fill(room: Room, places: Places, scores: Sequence[Scores]) -> None:
    """Take what the question names, then what was found; all of the files where it is neither."""
    if places:
        _fill_named(room, places, scores)
    if scores:
        _fill_ranked(room, scores)
    elif not places:
        texts = [index.document.text for index in room.indexes]
        spans = [() if room.is_whole(file) else ((0, len(text)),) for file, text in enumerate(texts)]
        _fill_spread(room, spans)
    if scores or not places:
        _fill_front(room)


def _fill_small(room: Room) -> frozenset[int]:
    """Take the files that need no more than their part of the budget, the smallest first; return them."""
    taken, left = set[int](), len(room.indexes)
    for file, index in sorted(enumerate(room.indexes), key=lambda pair: len(pair[1].document.text)):
        size = len(index.document.text)
        if left < 2 or size + PART_COST_CHARACTERS > room.left / left:
            break
        if not len(index) or room.take(file, 0, len(index), "whole"):
            taken.add(file)
        left -= 1
    return frozenset(taken)


def _fill_shares(room: Room, scores: Sequence[Scores], share: float) -> None:
    """Give each of several files its own best passages, up to a share of its part of the budget."""
    open_files = [file for file, score in enumerate(scores) if score.any() and not room.is_whole(file)]
    if len(open_files) < 2:
        return
    size = int(room.left * share / len(open_files))
    for file in open_files:
        others = [score if file == other else np.zeros_like(score) for other, score in enumerate(scores)]
        kept = max(0, room.left - size)
        room.left -= kept
        _fill_ranked(room, others)
        room.left += kept


def _fill_own(room: Room, scores: Sequence[Scores]) -> None:
    """Take what the question finds without a model's words, in its share: the words may be bad ones."""
    if any(score.any() for score in scores):
        kept = room.left - int(room.left * OWN_SHARE)
        room.left -= kept
        _fill_ranked(room, scores)
        room.left += kept


def _fill_beginnings(room: Room, question: str) -> None:
    """Take the front of each page of the web whose title the question names: it is asked about as a whole."""
    titled = [file for file, index in enumerate(room.indexes) if has_title_of(question, index)]
    size = int(room.left * BEGINNING_SHARE / max(1, len(titled)))
    for file in titled:
        _take_until(room, file, 0, size, "front")


def _fill_named(room: Room, places: Places, scores: Sequence[Scores]) -> None:
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
            _take_each(room, file, room.indexes[file].between(start, end), "named")
    room.left += kept


def _fill_ranked(room: Room, scores: Sequence[Scores]) -> None:
    """Take the windows around the best sentences of all files, until the budget is spent."""
    files = np.repeat(np.arange(len(scores)), [len(score) for score in scores])
    sentences = np.concatenate([np.arange(len(score)) for score in scores])
    merged, tables = np.concatenate(scores), int(room.left * TABLE_SHARE)
    for at in np.argsort(-merged, kind="stable")[: np.count_nonzero(merged)]:
        if room.left < LEAST_CHARACTERS:
            return
        file, sentence = int(files[at]), int(sentences[at])
        index = room.indexes[file]
        first, last = (int(edge[FINE, sentence]) for edge in index.windows)
        if room.take(file, first, last) and index.headers[sentence][0] >= 0:
            _take_table(room, file, sentence, tables)


def _take_table(room: Room, file: int, sentence: int, size: int) -> None:
    """Take the whole table of a row, where it has at most `size` characters."""
    index = room.indexes[file]
    at = int(index.starts[sentence])
    for table in index.document.tables_in(at, at + 1):
        if table.end - table.start <= size:
            rows = index.between(table.start, table.end)
            room.take(file, rows.start, rows.stop, "table")


def _fill_spread(room: Room, spans: Sequence[Sequence[Span]]) -> None:
    """Give every stretch of the files its part of the budget: its head, and samples at even distances."""
    stretches = [(file, span) for file, found in enumerate(spans) for span in found]
    budget, total = room.left, sum(end - start for _, (start, end) in stretches)
    least = int(budget * LEAST_SPREAD / max(1, len(stretches)))  # a short file is asked about as much
    for file, (start, end) in stretches:
        share = least + int(budget * (1 - LEAST_SPREAD)) * (end - start) // max(1, total)
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


def _take_each(room: Room, file: int, sentences: range, why: str) -> None:
    """Take sentences while there is room."""
    for sentence in sentences:
        if not room.take(file, sentence, sentence + 1, why):
            return


def _take_until(room: Room, file: int, first: int, size: int, why: str = "sample") -> None:
    """Take sentences from `first` on, while they fit into `size` characters."""
    starts = room.indexes[file].starts
    last = bisect_right(starts, starts[first] + size) - 1
    if last > first:
        room.take(file, first, last, why)


def _fill_front(room: Room) -> None:
    """Spend what is left on the files' beginnings: a title and an abstract explain much."""
    for file, index in enumerate(room.indexes):
        _take_each(room, file, range(len(index)), "front")


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
