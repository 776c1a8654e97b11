"""Quotes: the sentences of the files that answer a question, verbatim, without a language model.

Knows no endpoint: its Markdown is sent as a completion like any other. Offsets are into `Document.text`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from chat.documents.document import Document
from chat.grounding.mark_writing import mark_span
from chat.grounding.retrieval.passages import FOUND_SHARE, Index
from chat.grounding.retrieval.places import Places, find_places
from chat.grounding.retrieval.questions import is_about_the_whole
from chat.grounding.retrieval.ranking import WEAK_SHARE, find_missing, rank_sentences
from chat.grounding.retrieval.samples import find_samples, is_heading
from chat.turns.quote_markdown import write_quote

SENTENCES = 5
FEWEST_SENTENCES = 3  # weaker ones follow only while they are near the best
NEAR_SHARE = 0.5
EXTRACT_SAMPLES = 5
PLACES = 5  # of those that a question names, shown with how they begin
WEAK_QUOTES = 3
MOST_MISSING = 8  # words that stand nowhere, named
MOST_LOOKED_AT = 100  # sentences, where only those in a place that is named are wanted

# A sentence that begins so speaks of what the one before it names.
_LEANING = re.compile(
    r"[其该該此这這它他她]|(?:It|Its|They|Their|He|His|She|Her)\b"
    r"|(?:This|These|Those) (?:is|are|was|were|has|have|had|can|may|will|would|means?|led|caused?|made)\b"
)
MARKDOWN = "text/markdown"

_TEXTS = {
    "en": {
        "quotes": "The files say:",
        "extract": "There is no language model here, so this is an extract and not a summary:",
        "nothing": "Nothing in the files answers this.",
        "weak": "Nothing in the files answers this for certain; nearest:",
        "missing": "Words of the question that stand nowhere in the files: ",
    },
    "zh": {
        "quotes": "文件里的原文：",
        "extract": "这里没有语言模型，以下是摘录，不是总结：",
        "nothing": "文件里没有能回答这个问题的内容。",
        "weak": "文件里没有能确定回答这个问题的内容；最接近的是：",
        "missing": "问题中这些词在文件里没有出现：",
    },
}


@dataclass(frozen=True)
class Quote:
    """Words of a file, as they stand there. page: its label, empty where the format has no pages.

    header: the header rows of the table that the text is a row of; empty outside tables. lead: the sentence
    before, where the text speaks of what that one names.
    """

    text: str
    name: str
    page: str
    start: int
    end: int
    header: str = ""
    lead: str = ""


@dataclass(frozen=True)
class QuotedAnswer:
    """The quotes in rank order; none where nothing in the files is near. markdown: the text to show.

    is_weak: too little of the question stands there to call it an answer.
    """

    quotes: tuple[Quote, ...]
    markdown: str
    is_weak: bool = False


@dataclass(frozen=True)
class _Found:
    """Sentences first..last-1 of a file, with their score."""

    file: int
    first: int
    last: int
    score: float


def answer(question: str, indexes: Sequence[Index], language: str) -> QuotedAnswer:
    """Return the sentences that answer `question`. language: `zh` or `en`, of the words around them."""
    places = find_places(question, indexes)
    if is_about_the_whole(places.rest):
        kind, found = "extract", list(_open(places, indexes) if places else _extract(indexes))
    else:
        kind, found = "quotes", _find(places, indexes)
        if not found:
            kind, found = "weak", _find(places, indexes, least=WEAK_SHARE)[:WEAK_QUOTES]
    pairs = [
        (indexes[one.file].document, make_quote(indexes[one.file], one.first, one.last)) for one in found
    ]
    texts = _TEXTS.get(language, _TEXTS["en"])
    # A sentence that a page repeats is quoted once; a header stands above its rows.
    headers = {quote.header for _, quote in pairs}
    shown = {
        (quote.name, quote.page, quote.header, quote.lead, quote.text): (document, quote)
        for document, quote in pairs
        if quote.text not in headers
    }
    parts = [texts[kind if shown else "nothing"], *_write(list(shown.values()))]
    is_weak = kind == "weak" and bool(shown)
    if is_weak and (missing := find_missing(places.rest, indexes)):
        parts.append(texts["missing"] + ", ".join(missing[:MOST_MISSING]))
    return QuotedAnswer(tuple(quote for _, quote in shown.values()), "\n\n".join(parts), is_weak=is_weak)


def _write(pairs: Sequence[tuple[Document, Quote]]) -> Iterator[str]:
    """Yield the quotes as Markdown, each with its mark below; rows of one table and place stand together."""
    together: dict[tuple[str, str | int], list[tuple[Document, Quote]]] = {}
    for number, (document, quote) in enumerate(pairs):
        mark = mark_span(document, quote.start - len(quote.lead), quote.end)
        together.setdefault((mark, quote.header or number), []).append((document, quote))
    for (mark, _), group in together.items():
        document, first = group[0]
        text = "\n".join(quote.lead + quote.text for _, quote in group)
        before = document.text[: first.start - len(first.lead)].rstrip(" \t")
        is_cut = bool(before) and before[-1] != "\n"
        is_markdown = document.media_type == MARKDOWN
        yield write_quote(first.header, text, is_markdown=is_markdown, is_cut=is_cut) + f"\n\n{mark}"


def _open(places: Places, indexes: Sequence[Index]) -> Iterator[_Found]:
    """Yield the beginning of each place that a question names."""
    named = [(file, span) for file, spans in enumerate(places.spans) for span in spans]
    for file, (start, end) in named[:PLACES]:
        found = indexes[file].between(start, end)
        yield _Found(file, found.start, min(found.stop, found.start + SENTENCES), 0.0)


def _find(places: Places, indexes: Sequence[Index], *, least: float = FOUND_SHARE) -> list[_Found]:
    """Return the best sentences, best first, those that touch joined; of what is named, if they are there."""
    hits = rank_sentences(places.rest, indexes, MOST_LOOKED_AT if places else SENTENCES, least=least)
    inside = [
        hit
        for hit in hits
        if any(hit.sentence in indexes[hit.file].between(*span) for span in places.spans[hit.file])
    ]
    hits = (inside or hits)[:SENTENCES]
    found = [_Found(hit.file, hit.sentence, hit.sentence + 1, hit.score) for hit in hits]
    near = [one for one in found[FEWEST_SENTENCES:] if one.score >= NEAR_SHARE * found[0].score]
    return [*_merge(found[:FEWEST_SENTENCES], indexes), *near]


def _merge(ranked: Sequence[_Found], indexes: Sequence[Index]) -> list[_Found]:
    """Join sentences that follow one another on a page into one quote, in the rank of the better one."""
    merged = list[_Found]()
    for one in ranked:
        touching = [two for two in merged if two.file == one.file and _is_joined(indexes[one.file], one, two)]
        parts = [one, *touching]
        whole = _Found(
            one.file,
            min(part.first for part in parts),
            max(part.last for part in parts),
            max(part.score for part in parts),
        )
        merged = sorted([*(two for two in merged if two not in touching), whole], key=lambda two: -two.score)
    return merged


def _is_joined(index: Index, one: _Found, two: _Found) -> bool:
    """Whether sentences touch, and the place where they do is within a page.

    Of quotes that meet where a page ends, each is marked with its own page.
    """
    if two.first > one.last or one.first > two.last:
        return False
    later, document = max(one.first, two.first), index.document
    end = int(index.starts[later - 1]) + max(0, len(_text(index, later - 1, later).rstrip()) - 1)
    return document.page_at(end) is document.page_at(int(index.starts[later]))


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
    """Return sentences first..last-1, with what is needed to understand them."""
    text, (header, header_end) = _text(index, first, last), index.headers[first]
    start, text = int(index.starts[first]) + len(text) - len(text.lstrip()), text.strip()
    head = _text(index, header, header_end + 1).strip() if header >= 0 else ""
    before = _text(index, first - 1, first) if first else "\n"
    lead = before.lstrip() if _LEANING.match(text) and not before.endswith("\n") else ""
    document = index.document
    return Quote(text, document.name, document.page_at(start).label, start, start + len(text), head, lead)


def _text(index: Index, first: int, last: int) -> str:
    return index.document.text[index.starts[first] : index.starts[last]]
