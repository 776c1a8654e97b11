"""Receipts: what of the attachments and of the talk was sent to the model, and what was not.

Values only, written by selection and prompt. Knows no text: offsets are into `Document.text`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from chat.documents.document import Document, Problem
from chat.grounding.computed_results import Computation
from chat.grounding.retrieval.terms import split_terms

Json = dict[str, object]
MOST_NAMED = 50  # tables of one stretch
MOST_WORDS = 12  # of those searched for, of one stretch
_WORD = re.compile(r"[\u2e80-\u9fff]{2,}|[^\W\d_\u2e80-\u9fff]{3,}|\d{2,}")


@dataclass(frozen=True)
class SentPassage:
    """A stretch of a file that was sent. pages: the labels of the pages it touches, first and last alike.

    tables: the names of the tables that it has rows of, as the file gives them. why: stable names of what
    speaks for it. words: those searched for that stand in it.
    """

    pages: tuple[str, ...]
    start: int
    end: int
    tables: tuple[str, ...] = ()
    why: tuple[str, ...] = ()
    words: tuple[str, ...] = ()

    def to_json(self) -> Json:
        more = {"tables": self.tables, "why": self.why, "words": self.words}
        listed: Json = {name: list(values) for name, values in more.items() if values}
        return {"pages": list(self.pages), "start": self.start, "end": self.end, **listed}


@dataclass(frozen=True)
class FileReceipt:
    """What was sent of one file. mode: `full`, `passages` (by search), `spread` (head and even samples),
    `named` (the page or section that the question names, and what was found besides), `part` (a step of
    reading the whole). pages: of the whole file, as far as known. unread: what is missing.
    scanned: pages whose text was read from pictures; confidence: their mean, 0 to 1.
    """

    name: str
    unit: str
    pages: int
    characters: int
    mode: str
    passages: tuple[SentPassage, ...]
    unread: tuple[Problem, ...] = ()
    is_complete: bool = True
    scanned: int = 0
    confidence: float = 0.0

    @property
    def used(self) -> int:
        """Characters of the file's own text that were sent."""
        return sum(passage.end - passage.start for passage in self.passages)

    @property
    def pages_sent(self) -> int:
        return len({page for passage in self.passages for page in passage.pages})

    @property
    def share(self) -> float:
        return round(self.used / self.characters, 4) if self.characters else 0.0

    def to_json(self) -> Json:
        return {
            "name": self.name,
            "unit": self.unit,
            "pages": self.pages,
            "pages_sent": self.pages_sent,
            "characters": self.characters,
            "used": self.used,
            "mode": self.mode,
            "share": self.share,
            "passages": [passage.to_json() for passage in self.passages],
            "unread": [{"kind": p.kind, "pages": list(p.pages), "note": p.note} for p in self.unread],
            "is_complete": self.is_complete,
            **({"scanned": self.scanned, "confidence": self.confidence} if self.scanned else {}),
        }


@dataclass(frozen=True)
class Receipt:
    """The answer's proof of reading. budget, used: characters of file text. notes: stable names of what was
    done besides: `search_terms`, `smaller_budget`, `images`. search_terms: the words searched by,
    where a model wrote them; search_tokens: what that request took; near_tokens: what the question's vector
    took. computation: over tables of the files; query_tokens: what the requests took that wrote its query.
    excluded: names of files that the visitor has left out.
    """

    budget: int = 0
    used: int = 0
    files: tuple[FileReceipt, ...] = ()
    omitted_messages: int = 0
    notes: tuple[str, ...] = ()
    search_terms: str = ""
    search_tokens: int = 0
    near_tokens: int = 0
    query_tokens: int = 0
    computation: Computation | None = None
    excluded: tuple[str, ...] = ()

    def to_json(self) -> Json:
        return {
            "budget": self.budget,
            "characters": self.used,
            "files": [file.to_json() for file in self.files],
            "omitted_messages": self.omitted_messages,
            "notes": list(self.notes),
            "search_terms": self.search_terms,
            **({"search_tokens": self.search_tokens} if self.search_tokens else {}),
            **({"near_tokens": self.near_tokens} if self.near_tokens else {}),
            **({"query_tokens": self.query_tokens} if self.query_tokens else {}),
            **({"computation": self.computation.to_json()} if self.computation else {}),
            **({"excluded": list(self.excluded)} if self.excluded else {}),
        }


def write_receipt(
    document: Document,
    mode: str,
    spans: list[tuple[int, int]],
    reasons: Sequence[tuple[str, ...]] = (),
    words: str = "",
) -> FileReceipt:
    """Return the receipt for the stretches `spans` of `document`.

    reasons: why each is sent. words: what was searched for.
    """
    known = dict.fromkeys(found.group().lower() for found in _WORD.finditer(words))
    terms = {word: frozenset(split_terms(word)) for word in known}
    passages = []
    for number, (start, end) in enumerate(spans):
        there = frozenset(split_terms(document.text[start:end])) if terms else frozenset()
        shared = tuple(word for word, parts in terms.items() if parts and parts <= there)[:MOST_WORDS]
        why = reasons[number] if reasons else ()
        tables = name_tables(document, start, end)
        passages.append(
            SentPassage(name_pages(document, start, end), start, end, tables, why, shared if why else ())
        )
    sure = [page.confidence for page in document.pages if page.confidence is not None and page.text]
    return FileReceipt(
        document.name,
        document.unit,
        document.page_count,
        len(document.text),
        mode,
        tuple(passages),
        document.problems,
        document.is_complete,
        len(sure),
        round(sum(sure) / len(sure), 3) if sure else 0.0,
    )


def name_tables(document: Document, start: int, end: int) -> tuple[str, ...]:
    """Return the names of the tables that have rows in [start, end), each once."""
    names = (table.name for table in document.tables_in(start, end))
    return tuple(dict.fromkeys(name for name in names if name))[:MOST_NAMED]


def name_pages(document: Document, start: int, end: int) -> tuple[str, ...]:
    """Return the labels of the pages that hold text of [start, end); empty where the format has no pages."""
    labels = []
    for page, at in zip(document.pages, document.page_starts, strict=True):
        if at < end and at + len(page.text) > start and page.label:
            labels.append(page.label)
    return tuple(labels)
