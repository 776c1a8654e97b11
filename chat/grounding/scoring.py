"""Scoring: how likely each sentence of the files belongs to the answer, and why.

The question's own words, a model's search words, the head of the page, the parts that the question names by
title, what the last answer cited. Knows no budget and no model.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from chat.grounding.retrieval.headings import Span, has_title_of
from chat.grounding.retrieval.named_parts import find_named_parts
from chat.grounding.retrieval.passages import Index, Scores, Search
from chat.grounding.retrieval.questions import weigh_terms, weigh_words

WORDS_WEIGHT = 2.0  # of a model's search words, beside 1 for the question's own words
HEAD_WEIGHT = 0.25  # of the best score, for a page whose head has all of the question
PART_WEIGHT = 0.35  # for a part that the question names
FRONT_WEIGHT = 0.0  # for the first sentence of a page that the question names by its title
FRONT_CHARACTERS = 3_000  # behind which the weight is a third
CITED_WEIGHT = 0.2  # for what the last answer cited

Cited = tuple[str, int, int]  # name of a file, start and end in its text


@dataclass(frozen=True)
class Wanted:
    """What is looked for. words: by a model. cited: passages of the last answer."""

    question: str
    previous: str = ""
    words: str = ""
    cited: Sequence[Cited] = ()


@dataclass(frozen=True)
class Scored:
    """scores: of each sentence of each file. titled, cited: the spans of each file that were raised."""

    scores: Sequence[Scores] = ()
    titled: Sequence[Sequence[Span]] = ()
    cited: Sequence[Sequence[Span]] = ()

    def reasons(self, file: int, span: Span) -> Iterator[str]:
        """Yield what speaks for a stretch besides its words."""
        for why, raised in (("title", self.titled), ("cited", self.cited)):
            if raised and any(start < span[1] and span[0] < end for start, end in raised[file]):
                yield why


def score_sentences(wanted: Wanted, indexes: Sequence[Index], reach: int) -> Scored:
    """Return a score for each sentence of each file; 0 where nothing speaks for it."""
    scores = _rank(Search.of(indexes, weigh_terms(wanted.question, wanted.previous)), reach)
    if wanted.words:
        others = _rank(Search.of(indexes, weigh_words(wanted.words)), reach)
        for own, other in zip(scores, others, strict=True):
            own += WORDS_WEIGHT * other
    best = max((float(one.max(initial=0.0)) for one in scores), default=0.0) or 1.0
    titled = [find_named_parts(wanted.question, index.document) for index in indexes]
    cited = [[(a, b) for name, a, b in wanted.cited if name == index.document.name] for index in indexes]
    for index, own, parts, places in zip(indexes, scores, titled, cited, strict=True):
        _raise(own, index, parts, PART_WEIGHT * best)
        _raise(own, index, places, CITED_WEIGHT * best)
        if FRONT_WEIGHT and has_title_of(wanted.question, index):
            own += FRONT_WEIGHT * best * np.exp(-index.starts[:-1] / FRONT_CHARACTERS).astype(np.float32)
    return Scored(scores, titled, cited)


def _rank(search: Search, reach: int) -> list[Scores]:
    """Return the scores of a search, with those of the heads of pages."""
    ranked = search.rank(reach)
    for file, (index, own) in enumerate(zip(search.indexes, ranked, strict=True)):
        if len(index.document.pages) > 1 and HEAD_WEIGHT:
            own += HEAD_WEIGHT * float(own.max(initial=0.0)) * search.head_shares(file) * (own > 0)
    return ranked


def _raise(scores: Scores, index: Index, spans: Sequence[Span], gain: float) -> None:
    for start, end in spans:
        found = index.between(start, end)
        scores[found.start : found.stop] += gain
