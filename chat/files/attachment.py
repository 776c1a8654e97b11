"""An attachment: a file of a visitor, with what has been read of it so far, its index and its folded text.

Knows no database, no folder and no format.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncGenerator, Callable, Sequence
from typing import ParamSpec, TypeVar

from chat.documents.document import Document
from chat.documents.scanned_pages import waiting_numbers
from chat.extraction import Reading
from chat.fair_places import Caller, FairThreads
from chat.grounding.evidence import Evidence
from chat.grounding.retrieval.passages import Index
from chat.numbers.typed_table import TypedTable

P = ParamSpec("P")
T = TypeVar("T")

PDF = "application/pdf"
SCAN_WAIT = 20.0  # seconds after its upload that a question waits for a file's scanned pages


def is_drawn_kind(media_type: str) -> bool:
    """Whether pages of such a file can be shown as images."""
    return media_type == PDF or media_type.startswith("image/")


class Attachment:
    """A file of a visitor. `document` is what has been read so far, a new value whenever it grows."""

    def __init__(
        self,
        id: str,
        owner: str,
        source: Reading | Document,
        threads: FairThreads,
        caller: Caller = (),
    ) -> None:
        self.id = id
        self.caller = caller or (owner,)  # whose place the work on it takes
        self._threads = threads
        self.owner = owner
        self._source = source
        self._changed = asyncio.Event()  # set, and replaced, when a scanned page was read
        self.asked_from = time.monotonic()  # since when a question may wait for scanned pages
        self.is_known = asyncio.Event()  # set when the document tells which scanned pages wait
        if isinstance(source, Document):
            self.is_known.set()
        self._index: Index | None = None
        self._evidence: Evidence | None = None
        self._preparing = asyncio.Lock()
        self.recording: asyncio.Task[None] | None = None  # when it is done, other replicas have the file
        self.is_recorded = False
        self.is_written = asyncio.Event()  # set when history has its row, or has refused it
        self.on_close: list[Callable[[], object]] = []  # called when the file is deleted
        self._tables = b""  # of a file whose pages are read one after another, until they are stored
        self.typed: Sequence[TypedTable] | None = None  # its tables, once they are asked for

    @property
    def document(self) -> Document:
        return self._source if isinstance(self._source, Document) else self._source.document

    @property
    def name(self) -> str:
        return self.document.name

    @property
    def is_image(self) -> bool:
        return self.document.media_type.startswith("image/")

    @property
    def is_drawn(self) -> bool:
        """Whether its pages can be shown as images."""
        return is_drawn_kind(self.document.media_type)

    @property
    def has_text(self) -> bool:
        """Whether questions can be answered from its text: of a picture, once it was read."""
        return not self.is_image or any(page.text for page in self.document.pages)

    async def follow(self) -> AsyncGenerator[Document, None]:
        """Yield the document whenever it grows, up to the complete one."""
        if isinstance(self._source, Document):
            yield self._source
            return
        async for document in self._source.follow():
            yield document

    def replace(self, document: Document) -> None:
        """Set the document of a file that was read to its end: a scanned page has come."""
        self._tables = self.take_tables()
        self._source = document
        self._changed.set()
        self._changed = asyncio.Event()

    async def follow_scans(self) -> AsyncGenerator[Document, None]:
        """Yield the document whenever a scanned page was read, until none waits or SCAN_WAIT has passed."""
        with contextlib.suppress(TimeoutError):
            if self.document.is_complete or not self.document.characters:
                await self._wait(self.is_known)
            while waiting_numbers(self.document):
                await self._wait(self._changed)
                yield self.document

    async def _wait(self, event: asyncio.Event) -> None:
        async with asyncio.timeout(max(0.0, self.asked_from + SCAN_WAIT - time.monotonic())):
            await event.wait()

    async def finish(self) -> Document:
        """Return the complete document, when other replicas can read it too."""
        if self.recording:
            await asyncio.wait([self.recording])
        return self._source if isinstance(self._source, Document) else await self._source.finish()

    async def settle(self) -> Document:
        """Return the document when all is read, its scanned pages too, and history has its row."""
        await self.finish()
        await self.is_written.wait()
        while waiting_numbers(self.document):
            await self._changed.wait()
        return self.document

    def take_tables(self) -> bytes:
        """Return the tables that reading has found; empty for a file that was read earlier."""
        return self._source.tables if isinstance(self._source, Reading) else self._tables

    def forget_tables(self) -> None:
        """Give their memory back, once they are stored."""
        self._tables = b""
        if isinstance(self._source, Reading):
            self._source.forget_tables()

    def when_read(self, done: Callable[[], None]) -> None:
        """Call `done` when the file is read to its end, or reading has failed."""
        if isinstance(self._source, Reading):
            self._source.when_done(done)
        else:
            done()

    async def index(self) -> Index:
        """Return the index of the text read so far. Built in a thread, cached per document."""
        async with self._preparing:
            document = self.document
            if self._index is None or self._index.document is not document:
                self._index = await self._threads.run(self.caller, Index.build, document)
            return self._index

    async def run(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Return what `work` returns, from a thread, in the turn of the file's visitor."""
        return await self._threads.run(self.caller, work, *args, **kwargs)

    async def evidence(self) -> Evidence:
        """Return the folded text for citations. Built in a thread, cached per document."""
        async with self._preparing:
            document = self.document
            if self._evidence is None or self._evidence.document is not document:
                self._evidence = await self._threads.run(self.caller, Evidence.prepare, document)
            return self._evidence

    async def close(self) -> None:
        """Stop reading, and all other work on the file."""
        for end in self.on_close:
            end()
        if isinstance(self._source, Reading):
            await self._source.cancel()
