"""Scoring: how likely each sentence of the files belongs to the answer, and why.

The question's own words, a model's search words, the head of the page, the parts that the question names by
title, what the last answer cited, and how near a sentence is in meaning. Knows no budget and no model.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from chat.grounding.retrieval.headings import Span
from chat.grounding.retrieval.named_parts import find_numbered, list_kinds
from chat.grounding.retrieval.passages import Index, Scores, Search
from chat.grounding.retrieval.questions import weigh_terms, weigh_words

WORDS_WEIGHT = 2.0  # of a model's search words, beside 1 for the question's own words
HEAD_WEIGHT = 0.25  # of the best score, for a page whose head has all of the question
PART_WEIGHT = 0.35  # for a part that the question names
CITED_WEIGHT = 0.2  # for what the last answer cited
NEAR_WEIGHT = 0.75  # of the question's best score, for the passage that is nearest in meaning
NEAR = 0.6  # nearness that is told as a reason

Cited = tuple[str, int, int]  # name of a file, start and end in its text


@dataclass(frozen=True)
class Wanted:
    """What is looked for. words: by a model. cited: passages of the last answer.

    near: how near each sentence of each file is to the question (chat.grounding.retrieval.nearness), or none.
    """

    question: str
    previous: str = ""
    words: str = ""
    cited: Sequence[Cited] = ()
    near: Sequence[Scores] = ()


@dataclass(frozen=True)
class Scored:
    """scores: of each sentence of each file; own: by the question alone, where a model wrote words too.

    titled, cited, near: the spans of each file that were raised.
    """

    scores: Sequence[Scores] = ()
    own: Sequence[Scores] = ()
    titled: Sequence[Sequence[Span]] = ()
    cited: Sequence[Sequence[Span]] = ()
    near: Sequence[Sequence[Span]] = ()

    def reasons(self, file: int, span: Span) -> Iterator[str]:
        """Yield what speaks for a stretch besides its words."""
        for why, raised in (("title", self.titled), ("cited", self.cited), ("near", self.near)):
            if raised and any(start < span[1] and span[0] < end for start, end in raised[file]):
                yield why


def score_sentences(wanted: Wanted, indexes: Sequence[Index], reach: int) -> Scored:
    """Return a score for each sentence of each file; 0 where nothing speaks for it."""
    scores = _rank(Search.of(indexes, weigh_terms(wanted.question, wanted.previous)), reach)
    highest = _find_best(scores)
    for own, near in zip(scores, wanted.near, strict=False):
        own += NEAR_WEIGHT * highest * near
    alone = [one.copy() for one in scores] if wanted.words else []
    if wanted.words:
        others = _rank(Search.of(indexes, weigh_words(wanted.words)), reach)
        for own, other in zip(scores, others, strict=True):
            own += WORDS_WEIGHT * other
    best = _find_best(scores)
    titled = [_find_titled(wanted.question, index) for index in indexes]
    cited = [[(a, b) for name, a, b in wanted.cited if name == index.document.name] for index in indexes]
    for index, own, parts, places in zip(indexes, scores, titled, cited, strict=True):
        _raise(own, index, parts, PART_WEIGHT * best)
        _raise(own, index, places, CITED_WEIGHT * best)
    pairs = zip(indexes, wanted.near, strict=False)
    return Scored(scores, alone, titled, cited, [_find_near(index, near) for index, near in pairs])


def _find_best(scores: Sequence[Scores]) -> float:
    return max((float(one.max(initial=0.0)) for one in scores), default=0.0) or 1.0


def _find_near(index: Index, near: Scores) -> list[Span]:
    return [(int(index.starts[at]), int(index.starts[at + 1])) for at in np.flatnonzero(near >= NEAR)]


def _find_titled(question: str, index: Index) -> list[Span]:
    named = [span for kind in list_kinds(question) for span in index.statements[kind]]
    return [*named, *find_numbered(question, index.document)]


def _rank(search: Search, reach: int) -> list[Scores]:
    """Return the scores of a search, with those of the heads of pages."""
    ranked = search.rank(reach)
    for file, (index, own) in enumerate(zip(search.indexes, ranked, strict=True)):
        if len(index.document.pages) > 1:
            own += HEAD_WEIGHT * float(own.max(initial=0.0)) * search.head_shares(file) * (own > 0)
    return ranked


def _raise(scores: Scores, index: Index, spans: Sequence[Span], gain: float) -> None:
    for start, end in spans:
        found = index.between(start, end)
        scores[found.start : found.stop] += gain
