"""One file being read: an append-only run of pages that anyone may look at or follow.

Fed by the pool, frame by frame. Knows neither processes nor formats.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

from chat.documents.document import Document, Page, Problem
from chat.errors import AttachmentError
from chat.extraction.source import Shape

FIELD_CHARACTERS = 2_000
TABLES_BYTES = 200_000_000


class Reading:
    """What is known of a file so far. `document` is a new value as it grows; `is_complete` in it tells."""

    def __init__(self, name: str, size: int, characters: int) -> None:
        self._name, self._size, self._room = name, size, characters
        self._shape = Shape("application/octet-stream")
        self._pages: list[Page] = []
        self._problems: dict[tuple[str, str], list[str]] = {}  # kind and note -> pages
        self._parts: list[str] = []
        self._tables: list[bytes] = []
        self._is_complete = False
        self._document: Document | None = None
        self._changed = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self.first: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.first.add_done_callback(asyncio.Future.exception)  # one who left early never asks for it

    @property
    def document(self) -> Document:
        """What is there so far."""
        if self._document is None:
            self._document = Document(
                name=self._name,
                media_type=self._shape.media_type,
                size=self._size,
                unit=self._shape.unit,
                pages=tuple(self._pages),
                page_count=max(self._shape.page_count, len(self._pages)),
                problems=tuple(
                    Problem(kind, tuple(pages), note) for (kind, note), pages in self._problems.items()
                ),
                is_complete=self._is_complete,
            )
        return self._document

    @property
    def tables(self) -> bytes:
        """The file's tables with typed columns (chat.numbers.table_pack); empty where it has none."""
        return b"".join(self._tables)

    def take_tables(self, part: bytes) -> None:
        """Take a part of the tables. What is more than TABLES_BYTES is dropped with all of them."""
        self._tables.append(part)
        if sum(map(len, self._tables)) > TABLES_BYTES:
            self._tables = [b""]

    def forget_tables(self) -> None:
        """Give the memory of the tables back: they are stored."""
        self._tables = []

    async def follow(self) -> AsyncIterator[Document]:
        """Yield the document as it is, then again whenever it has grown, up to the complete one.

        What came while the caller was busy is one step. A reader that leaves ends nothing.
        """
        while True:
            changed, document = self._changed, self.document
            yield document
            if document.is_complete:
                return
            await changed.wait()

    async def finish(self) -> Document:
        """Wait for the end and return the whole document."""
        async for document in self.follow():
            if document.is_complete:
                return document
        raise AssertionError("a reading ends with a complete document")

    async def cancel(self) -> None:
        """Stop reading: what is there stays, and says that it is cut. After the end nothing happens."""
        if self._task is not None and not self._task.done():
            self._task.cancel()
            await asyncio.wait([self._task])

    def attach(self, task: asyncio.Task[None]) -> None:
        """Name the task that feeds this reading."""
        self._task = task

    def when_done(self, done: Callable[[], None]) -> None:
        """Call `done` when the task that feeds this reading has ended."""
        if self._task is None or self._task.done():
            done()
        else:
            self._task.add_done_callback(lambda _: done())

    def feed(self, fields: dict[str, Any]) -> None:
        """Take one frame of a child. Nothing in it is trusted to be short."""
        match fields.get("type"):
            case "shape":
                self._shape = _shape(fields)
            case "part":
                self._parts.append(self._admit(str(fields.get("text", ""))))
                return
            case "pages":
                self._pages.extend(self._page(row) for row in fields.get("pages", ()))
            case "problem":
                self._add(_problem(fields))
        self._announce()
        if self._pages and not self.first.done():
            self.first.set_result(None)

    def _add(self, problem: Problem) -> None:
        self._problems.setdefault((problem.kind, problem.note), []).extend(problem.pages)

    def _page(self, row: list[str]) -> Page:
        label, heading, text, printed = (str(value) for value in row)
        whole = "".join([*self._parts, self._admit(text)])
        self._parts.clear()
        return Page(label[:FIELD_CHARACTERS], whole, heading[:FIELD_CHARACTERS], printed[:FIELD_CHARACTERS])

    def _admit(self, text: str) -> str:
        # The child keeps the cap itself and reports it; this is for one that a file has taken over.
        kept = text[: max(0, self._room)]
        self._room -= len(kept)
        return kept

    def fail(self, error: AttachmentError) -> None:
        """End with an error where nothing came yet, else with a problem that says where."""
        if not self._pages:
            if not self.first.done():
                self.first.set_exception(error)
            return self.end(Problem("unreadable", (), str(error)))
        last = self._pages[-1].label
        self.end(Problem("truncated", (), f"Reading stopped after {_place(self._shape.unit, last)}: {error}"))

    def end(self, *problems: Problem) -> None:
        """Complete the document; nothing changes after it."""
        if self._is_complete:
            return
        for problem in problems:
            self._add(problem)
        self._is_complete = True
        self._announce()
        if not self.first.done():
            self.first.set_result(None)

    def _announce(self) -> None:
        self._document = None
        self._changed.set()
        self._changed = asyncio.Event()


def _place(unit: str, label: str) -> str:
    return f"{unit} {label}".strip() or "the first part"


def _shape(fields: dict[str, Any]) -> Shape:
    return Shape(
        str(fields.get("media_type"))[:FIELD_CHARACTERS],
        str(fields.get("unit", ""))[:FIELD_CHARACTERS],
        int(fields.get("page_count", 0)),
    )


def _problem(fields: dict[str, Any]) -> Problem:
    pages = tuple(str(label)[:FIELD_CHARACTERS] for label in fields.get("pages", ()))
    return Problem(str(fields.get("kind"))[:40], pages, str(fields.get("note", ""))[:FIELD_CHARACTERS])
