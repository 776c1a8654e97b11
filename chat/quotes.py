"""Quotes: the sentences of the files that answer a question, verbatim, without a language model.

Knows no endpoint: its Markdown is sent as a completion like any other. Offsets are into `Document.text`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from chat.passages import Index, Query, Scores, count_in_sentences, hash_terms, rank
from chat.questions import weigh_terms

QUOTES = 5
PASSAGE_WEIGHT = 0.35
LENGTH_POWER = 0.3

_TEXTS = {
    "en": {
        "quotes": "From the files:",
        "whole": "No language model is set up, so this is an extract, not a summary:",
        "none": "Nothing in the files answers this.",
    },
    "zh": {
        "quotes": "文件中的原文：",
        "whole": "没有语言模型，以下是摘录而非总结：",
        "none": "文件里没有回答这个问题的内容。",
    },
}


@dataclass(frozen=True)
class Quote:
    """Words of a file, as they stand there. page: its label, empty where the format has no pages."""

    text: str
    name: str
    unit: str
    page: str
    start: int
    end: int
    score: float


@dataclass(frozen=True)
class Answer:
    """The quotes in rank order; none where nothing in the files answers. markdown: the text to show."""

    quotes: tuple[Quote, ...]
    markdown: str


def answer(question: str, indexes: Sequence[Index], language: str) -> Answer:
    """Return up to QUOTES sentences that answer `question`. language: `zh` or `en`, of the words around."""
    query = weigh_terms(question)
    ranked = rank_sentences(indexes, query)
    quotes = [make_quote(indexes[file], sentence, score) for file, sentence, score in ranked[:QUOTES]]
    return Answer(tuple(quotes), write_markdown(quotes, language, "quotes" if quotes else "none"))


def rank_sentences(indexes: Sequence[Index], query: Query) -> list[tuple[int, int, float]]:
    """Return file, sentence and score of every sentence that shares a term with `query`, best first."""
    passage_scores = rank(indexes, query)
    highest = max((float(score.max()) for score in passage_scores if len(score)), default=0.0) or 1.0
    ranked = []
    for file, scores in enumerate(score_sentences(indexes, query)):
        around = spread_to_sentences(indexes[file], passage_scores[file]) / highest
        top = float(scores.max()) or 1.0
        total = scores / top + PASSAGE_WEIGHT * around
        for sentence in np.argsort(-total)[:50]:
            if scores[sentence] > 0:
                ranked.append((file, int(sentence), float(total[sentence])))
    return sorted(ranked, key=lambda one: -one[2])


def score_sentences(indexes: Sequence[Index], query: Query) -> list[Scores]:
    """Return the rarity of the terms that each sentence shares with `query`, long sentences for less."""
    scores = [np.zeros(len(index.sentence_starts) - 1) for index in indexes]
    total = sum(map(len, scores))
    for key, weight in zip(hash_terms(list(query)), query.values(), strict=True):
        counts = [count_in_sentences(index, index.find(key)) for index in indexes]
        found = sum(int(np.count_nonzero(count)) for count in counts)
        for score, count in zip(scores, counts, strict=True):
            score += weight * np.log(1 + (total - found + 0.5) / (found + 0.5)) * (count > 0)
    for index, score in zip(indexes, scores, strict=True):
        score /= (np.diff(index.term_counts) + 8.0) ** LENGTH_POWER
    return scores


def spread_to_sentences(index: Index, scores: Scores) -> Scores:
    """Return for each sentence the best score of the passages that hold it."""
    best = np.zeros(len(index.sentence_starts) - 1)
    for (first, last), score in zip(index.passages, scores, strict=True):
        if score > 0:
            np.maximum(best[first:last], score, out=best[first:last])
    return best


def make_quote(index: Index, sentence: int, score: float) -> Quote:
    start, end = (int(at) for at in index.sentence_starts[sentence : sentence + 2])
    text = index.document.text[start:end]
    start += len(text) - len(text.lstrip())
    text = text.strip()
    document = index.document
    return Quote(
        text, document.name, document.unit, document.page_at(start).label, start, start + len(text), score
    )


def write_markdown(quotes: Sequence[Quote], language: str, kind: str) -> str:
    texts = _TEXTS.get(language, _TEXTS["en"])
    return "\n\n".join([texts[kind], *(_write_quote(quote) for quote in quotes)])


def _write_quote(quote: Quote) -> str:
    shown = re.sub(r"\s*\n\s*", " ", quote.text)
    return f"> {shown}\n\n[{quote.name} {quote.page}]"
