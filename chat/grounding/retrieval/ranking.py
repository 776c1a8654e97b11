"""Ranking: which sentences of the files are likely to answer a question.

A sentence counts by how much of the question stands in it, in it and the one before, in it and the one after,
and in its paragraph, and by its surroundings. Each of the five counts the same: weights fitted to one half of
seven sets of questions came out nearly equal, and did no better on the other half. Knows no quote.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from chat.grounding.retrieval.dates import find_dated_terms
from chat.grounding.retrieval.passages import (
    FOUND_SHARE,
    REACH_CHARACTERS,
    SMALL,
    Index,
    Places,
    Scores,
    Search,
)
from chat.grounding.retrieval.questions import asks_for_a_number, has_number, strip_asking, weigh_terms
from chat.grounding.retrieval.terms import hash_terms, split_terms

NUMBER_WEIGHT = 0.8  # of one of the five, for a sentence with a number where one is asked for
WEAK_SHARE = 0.05  # of a question: where less stands in one place, nothing is near it
_WORD = re.compile(r"[\u2e80-\u9fff]|[^\W\d_\u2e80-\u9fff]{3,}|\d{2,}")
OWN_SHARE = 0.05  # of the best: a sentence that shares only "the" and "how" is no answer


@dataclass(frozen=True)
class Hit:
    """A sentence of a file, both by number, and its score."""

    file: int
    sentence: int
    score: float


def rank_sentences(
    question: str, indexes: Sequence[Index], count: int, *, least: float = FOUND_SHARE
) -> list[Hit]:
    """Return the `count` best sentences, best first; none where too little of `question` is in the files.

    least: the share of the question's weight that must stand in one place.
    """
    search = Search.of(indexes, weigh_terms(question))
    around = search.rank(REACH_CHARACTERS)
    if search.coverage(around) < least:
        return []
    near = [np.flatnonzero(scores) for scores in around]
    own, *others = _score(search, around, near)
    total = np.where(own > OWN_SHARE, own + sum(others), 0)
    places = [(file, int(sentence)) for file, found in enumerate(near) for sentence in found]
    if asks_for_a_number(question):
        holds = [has_number(indexes[file].sentence(sentence)) for file, sentence in places]
        total += NUMBER_WEIGHT * np.array(holds) * (total > 0)
    best = np.argsort(-total, kind="stable")[:count]
    return [Hit(places[at][0], places[at][1], float(total[at])) for at in best if total[at]]


def find_missing(question: str, indexes: Sequence[Index]) -> list[str]:
    """Return the words of `question` that stand in no file; single characters of a script without spaces."""
    subject = strip_asking(_strip_dates(question, indexes))
    words = dict.fromkeys(found.group() for found in _WORD.finditer(subject))
    return [word for word in words if not _stands(word, indexes)]


def _strip_dates(question: str, indexes: Sequence[Index]) -> str:
    """Return a question without the dates that stand in the files, in whatever notation."""
    for start, end, term, _ in find_dated_terms(question):
        if any(len(index.find(key)) for index in indexes for key in hash_terms([term])):
            question = question[:start] + " " * (end - start) + question[end:]
    return question


def _stands(word: str, indexes: Sequence[Index]) -> bool:
    keys = hash_terms(split_terms(word))
    return any(len(index.find(key)) for index in indexes for key in keys)


def _score(search: Search, around: Sequence[Scores], near: Sequence[Places]) -> Scores:
    """Return five scores, the best of each 1, for each sentence of `near`, file after file."""
    rarity = _weigh(search)
    parts = [
        np.array([*_cover(search, file, found, rarity), around[file][found]])
        for file, found in enumerate(near)
    ]
    found = np.concatenate(parts, axis=1)
    scores: Scores = found / np.maximum(found.max(axis=1, keepdims=True), 1e-9)
    return scores


def _weigh(search: Search) -> Scores:
    """Return the weight of each term: of few sentences, and of the question's own words, it is high."""
    total = max(SMALL, sum(map(len, search.indexes)))
    holding = sum(np.count_nonzero(np.diff(counts, axis=1), axis=1) for counts in search.counts)
    weights: Scores = np.log(1 + (total - holding + 0.5) / (holding + 0.5)) * np.array(
        list(search.query.values())
    )
    return weights


def _cover(search: Search, file: int, near: Places, rarity: Scores) -> Iterator[Scores]:
    """Yield how much of the question stands in each sentence, and in what it belongs to."""
    counts, (first, last) = search.counts[file], search.indexes[file].paragraphs
    before, after = np.maximum(near - 1, first[near]), np.minimum(near + 2, last[near])
    stretches = ((near, near + 1), (before, near + 1), (near, after), (first[near], last[near]))
    for start, end in stretches:
        yield rarity @ (counts[:, end] > counts[:, start])
