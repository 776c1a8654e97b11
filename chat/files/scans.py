"""Scanned pages of attachments, read in the background, one file after another for each visitor.

Each page is stored with its file as soon as it is read, so that nothing is read twice, also after a restart.
Knows no engine (chat.extraction.ocr does) and no format.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Generic, Protocol, TypeVar

from chat.documents.document import Document
from chat.documents.scanned_pages import mark_waiting, waiting_numbers, with_page, without_waiting
from chat.errors import AttachmentError, ChatError
from chat.extraction import PageResult, Readers
from chat.fair_places import Caller

log = logging.getLogger(__name__)

MISSING = "Nothing is installed here that reads {script} from pictures."


class ScannedFile(Protocol):
    """What is needed of an attachment here."""

    id: str
    caller: Caller

    @property
    def name(self) -> str: ...

    @property
    def document(self) -> Document: ...

    def replace(self, document: Document) -> None: ...


F = TypeVar("F", bound=ScannedFile)


class Scans(Generic[F]):
    """The pages that wait, and the tasks that read them. readers: a pool of chat.extraction.ocr's worker."""

    def __init__(
        self,
        readers: Readers,
        most_pages: int,
        original: Callable[[F], Awaitable[Path]],
        save: Callable[[F, Document], Awaitable[None]],
    ) -> None:
        self._readers = readers
        self._most_pages = most_pages
        self._original = original
        self._save = save
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._attachments: dict[str, F] = {}

    def find(self, id: str) -> F | None:
        """Return a file whose pages are being read: its document is newer than history's."""
        return self._attachments.get(id)

    def mark(self, document: Document) -> Document:
        """Return the document with its scanned pages waiting."""
        return mark_waiting(document, self._most_pages)

    def begin(self, attachment: F, password: str | None = None) -> None:
        """Read the pages that wait, in the background; idempotent."""
        if attachment.id in self._tasks or not waiting_numbers(attachment.document):
            return
        task = asyncio.create_task(self._read(attachment, password))
        self._tasks[attachment.id] = task
        self._attachments[attachment.id] = attachment
        task.add_done_callback(lambda _: self._forget(attachment.id))

    async def stop(self, id: str) -> None:
        """Stop reading a file: what was read stays, the rest waits."""
        if task := self._tasks.get(id):
            task.cancel()
            await asyncio.wait([task])

    async def aclose(self) -> None:
        """Stop reading all files."""
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _forget(self, id: str) -> None:
        self._tasks.pop(id, None)
        self._attachments.pop(id, None)

    async def _read(self, attachment: F, password: str | None) -> None:
        waiting: Iterator[int] = iter(waiting_numbers(attachment.document))
        saving = asyncio.Lock()
        try:
            path = await self._original(attachment)
        except ChatError:  # NotFound, or a database that does not answer
            return await self._end(attachment, saving, "The file itself is not kept, only its text.")
        async with asyncio.TaskGroup() as group:
            for _ in range(self._readers.limits.processes):
                group.create_task(self._read_pages(attachment, path, password, waiting, saving))
        if len(self._tasks) == 1:
            await self._readers.rest()

    async def _read_pages(
        self,
        attachment: F,
        path: Path,
        password: str | None,
        waiting: Iterator[int],
        saving: asyncio.Lock,
    ) -> None:
        """Read one page after another from those that wait, beside others that do the same."""
        for number in waiting:
            await self._read_page(attachment, path, password, number, saving)

    async def _read_page(
        self, attachment: F, path: Path, password: str | None, number: int, saving: asyncio.Lock
    ) -> None:
        try:
            page = await self._readers.recognise(
                path, number, name=attachment.name, password=password, caller=attachment.caller
            )
            note = MISSING.format(script=page.missing) if page.missing else ""
        except AttachmentError as error:  # out of time or of memory: the page stays unread, the others go on
            page, note = PageResult(), str(error)
        async with saving:
            document = attachment.document
            attachment.replace(with_page(document, number, page.text, page.confidence, page.boxes, note))
            await self._store(attachment)

    async def _end(self, attachment: F, saving: asyncio.Lock, note: str) -> None:
        async with saving:
            attachment.replace(without_waiting(attachment.document, note))
            await self._store(attachment)

    async def _store(self, attachment: F) -> None:
        try:
            await self._save(attachment, attachment.document)
        except ChatError as error:  # the pages stay usable while they are in memory
            log.warning("a scanned page could not be written to history: %s", error)
