"""Receipts: what of the attachments and of the talk was sent to the model, and what was not.

Values only, written by selection and prompt. Knows no text: offsets are into `Document.text`.
"""

from __future__ import annotations

from dataclasses import dataclass

from chat.documents.document import Document, Problem

Json = dict[str, object]
MOST_NAMED = 50  # tables of one stretch


@dataclass(frozen=True)
class SentPassage:
    """A stretch of a file that was sent. pages: the labels of the pages it touches, first and last alike.

    tables: the names of the tables that it has rows of, as the file gives them.
    """

    pages: tuple[str, ...]
    start: int
    end: int
    tables: tuple[str, ...] = ()

    def to_json(self) -> Json:
        tables: Json = {"tables": list(self.tables)} if self.tables else {}
        return {"pages": list(self.pages), "start": self.start, "end": self.end, **tables}


@dataclass(frozen=True)
class FileReceipt:
    """What was sent of one file. mode: `full`, `passages` (by search), `spread` (head and even samples),
    `named` (the page or section that the question names, and what was found besides), `part` (a step of
    reading the whole). pages: of the whole file, as far as known. unread: what is missing.
    """

    name: str
    unit: str
    pages: int
    characters: int
    mode: str
    passages: tuple[SentPassage, ...]
    unread: tuple[Problem, ...] = ()
    is_complete: bool = True

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
        }


@dataclass(frozen=True)
class Receipt:
    """The answer's proof of reading. budget, used: characters of file text. notes: stable names of what was
    done besides: `search_terms`, `smaller_budget`, `images`. search_terms: the words searched by,
    where a model wrote them.
    """

    budget: int = 0
    used: int = 0
    files: tuple[FileReceipt, ...] = ()
    omitted_messages: int = 0
    notes: tuple[str, ...] = ()
    search_terms: str = ""

    def to_json(self) -> Json:
        return {
            "budget": self.budget,
            "characters": self.used,
            "files": [file.to_json() for file in self.files],
            "omitted_messages": self.omitted_messages,
            "notes": list(self.notes),
            "search_terms": self.search_terms,
        }


def write_receipt(document: Document, mode: str, spans: list[tuple[int, int]]) -> FileReceipt:
    """Return the receipt for the stretches `spans` of `document`."""
    passages = tuple(
        SentPassage(name_pages(document, start, end), start, end, name_tables(document, start, end))
        for start, end in spans
    )
    return FileReceipt(
        document.name,
        document.unit,
        document.page_count,
        len(document.text),
        mode,
        passages,
        document.problems,
        document.is_complete,
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
