"""Quotes: the sentences of the files that answer a question, verbatim, without a language model.

Knows no endpoint: its Markdown is sent as a completion like any other. Offsets are into `Document.text`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from chat.marks import mark_place
from chat.retrieval.passages import FOUND_SHARE, REACH_CHARACTERS, Index, Query, Scores, Search
from chat.retrieval.questions import asks_for_a_number, is_about_the_whole, weigh_terms
from chat.retrieval.samples import find_samples, is_heading

SENTENCES = 5
FEWEST_SENTENCES = 3  # weaker ones follow only while they are near the best
NEAR_SHARE = 0.5
EXTRACT_SAMPLES = 5
LENGTH_TERMS, LENGTH_POWER = 8, 0.25
CONTEXT_WEIGHT = 1.0
NUMBER_WEIGHT = 0.1
NEIGHBOUR_WEIGHT = 0.1
CANDIDATES = 40
OWN_SHARE = 0.05  # of the best: a sentence that shares only "the" and "how" is no answer

_DIGITS = re.compile(
    r"\d|[一二三四五六七八九十百千万两]+[年月日个次人名座]|\b(?:one|two|three|four|five|six|seven|eight|nine|ten|half|twice)\b"
)
# A sentence that begins so speaks of what the one before it names.
_LEANING = re.compile(r"[其该該此这這它他她]|(?:It|Its|They|Their|This|These|Those|He|His|She|Her)\b")
_SPECIAL = re.compile(r"([\\`*_\[\]<>#|~&$]|^[-+=](?=\s)|^\d+(?=[.)]))")

_TEXTS = {
    "en": {
        "quotes": "The files say:",
        "extract": "There is no language model here, so this is an extract and not a summary:",
        "nothing": "Nothing in the files answers this.",
    },
    "zh": {
        "quotes": "文件里的原文：",
        "extract": "这里没有语言模型，以下是摘录，不是总结：",
        "nothing": "文件里没有能回答这个问题的内容。",
    },
}


@dataclass(frozen=True)
class Quote:
    """Words of a file, as they stand there. page: its label, empty where the format has no pages.

    header: the first row of the table that the text is a row of; empty outside tables.
    """

    text: str
    name: str
    page: str
    start: int
    end: int
    header: str = ""


@dataclass(frozen=True)
class Answer:
    """The quotes in rank order; none where nothing in the files answers. markdown: the text to show."""

    quotes: tuple[Quote, ...]
    markdown: str


@dataclass(frozen=True)
class _Found:
    """Sentences first..last-1 of a file, with their score."""

    file: int
    first: int
    last: int
    score: float


def answer(question: str, indexes: Sequence[Index], language: str) -> Answer:
    """Return the sentences that answer `question`. language: `zh` or `en`, of the words around them."""
    if is_about_the_whole(question):
        kind, found = "extract", list(_extract(indexes))
    else:
        ranked = rank_sentences(question, indexes)
        kind, found = "quotes", [*_merge(ranked[:FEWEST_SENTENCES]), *ranked[FEWEST_SENTENCES:]]
    pairs = [
        (indexes[one.file].document, make_quote(indexes[one.file], one.first, one.last)) for one in found
    ]
    texts = _TEXTS.get(language, _TEXTS["en"])
    # A sentence that a page repeats is quoted once.
    shown = {_write_quote(quote, mark_place(document, quote.page)): quote for document, quote in pairs}
    return Answer(tuple(shown.values()), "\n\n".join([texts[kind if shown else "nothing"], *shown]))


def rank_sentences(question: str, indexes: Sequence[Index]) -> list[_Found]:
    """Return the best sentences, best first; none where too little of the question stands in the files."""
    query = weigh_terms(question)
    search = Search.of(indexes, query)
    around = search.rank(REACH_CHARACTERS)
    if search.coverage(around) < FOUND_SHARE:
        return []
    found = [one for file in range(len(indexes)) for one in _score_sentences(search, query, around, file)]
    found = _weigh_content(sorted(found, key=lambda one: -one.score)[:CANDIDATES], indexes, question)
    floor = NEAR_SHARE * found[0].score if found else 0.0
    return [
        one for rank, one in enumerate(found[:SENTENCES]) if rank < FEWEST_SENTENCES or one.score >= floor
    ]


def _score_sentences(search: Search, query: Query, around: Sequence[Scores], file: int) -> Iterator[_Found]:
    """Score each sentence by the rare terms that it shares with the question, and by what is around it."""
    index, counts = search.indexes[file], search.counts[file]
    near = np.flatnonzero(around[file])
    if not len(near):
        return
    holding = np.count_nonzero(np.diff(counts, axis=1), axis=1)
    rarity = np.log(1 + (len(index) - holding + 0.5) / (holding + 0.5)) * np.array(list(query.values()))
    lengths = index.term_counts[near + 1] - index.term_counts[near]
    shared = counts[:, near + 1] > counts[:, near]
    own = rarity @ shared / (lengths + LENGTH_TERMS) ** LENGTH_POWER
    highest = max(float(scores.max(initial=0)) for scores in around)
    total = own / (own.max() or 1.0) + CONTEXT_WEIGHT * around[file][near] / highest
    for at in np.argsort(-total, kind="stable")[:CANDIDATES]:
        if own[at] > OWN_SHARE * own.max():
            yield _Found(file, int(near[at]), int(near[at]) + 1, float(total[at]))


def _weigh_content(found: Sequence[_Found], indexes: Sequence[Index], question: str) -> list[_Found]:
    """Prefer sentences beside other good ones, and those with a number where one is asked for."""
    wants_number = asks_for_a_number(question)
    scores = {(one.file, one.first): one.score for one in found}
    weighed = []
    for one in found:
        beside = max(scores.get((one.file, one.first + step), 0.0) for step in (-1, 1))
        text = _text(indexes[one.file], one.first, one.last)
        number = NUMBER_WEIGHT if wants_number and _DIGITS.search(text) else 0.0
        weighed.append(_Found(one.file, one.first, one.last, one.score + NEIGHBOUR_WEIGHT * beside + number))
    return sorted(weighed, key=lambda one: -one.score)


def _merge(ranked: Sequence[_Found]) -> list[_Found]:
    """Join sentences that follow one another into one quote, in the rank of the better one."""
    merged = list[_Found]()
    for one in ranked:
        touching = [
            two for two in merged if two.file == one.file and two.first <= one.last and one.first <= two.last
        ]
        parts = [one, *touching]
        whole = _Found(
            one.file,
            min(part.first for part in parts),
            max(part.last for part in parts),
            max(part.score for part in parts),
        )
        merged = sorted([*(two for two in merged if two not in touching), whole], key=lambda two: -two.score)
    return merged


def _extract(indexes: Sequence[Index]) -> Iterator[_Found]:
    """Yield the head of each file, and what begins at even distances: a heading with its first sentence."""
    for file, index in enumerate(indexes):
        if not len(index):
            continue
        samples = (
            find_samples(index, max(1, EXTRACT_SAMPLES // len(indexes)))
            if len(index) > EXTRACT_SAMPLES
            else []
        )
        for first in dict.fromkeys([0, *samples]):
            last = first + 1
            while last < len(index) and is_heading(index, last - 1) and last < first + 3:
                last += 1
            if _text(index, first, last).strip():
                yield _Found(file, first, last, 0.0)


def make_quote(index: Index, first: int, last: int) -> Quote:
    """Return sentences first..last-1; with the one before, where they speak of what it names."""
    text = _text(index, first, last)
    before = _text(index, first - 1, first) if first else "\n"
    if _LEANING.match(text) and not before.endswith("\n"):
        first, text = first - 1, before + text
    start = int(index.starts[first]) + len(text) - len(text.lstrip())
    text = text.strip()
    header = index.headers[first]
    head = _text(index, header, header + 1).strip() if header >= 0 else ""
    document = index.document
    return Quote(text, document.name, document.page_at(start).label, start, start + len(text), head)


def _text(index: Index, first: int, last: int) -> str:
    return index.document.text[index.starts[first] : index.starts[last]]


def _write_quote(quote: Quote, mark: str) -> str:
    """Return a quote as Markdown that shows the file's characters as they are."""
    lines = [line for line in (*quote.header.split("\n"), *quote.text.split("\n")) if line.strip()]
    return "\n> ".join(["", *(_escape(line.strip()) for line in lines)]).strip() + f"\n\n[{mark}]"


def _escape(line: str) -> str:
    return _SPECIAL.sub(r"\\\1", line.replace("\t", " | "))
