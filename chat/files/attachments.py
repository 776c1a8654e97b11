"""Attachments: files of visitors, read once, kept with their text and index, each with an owner.

Knows no format (chat.extraction does) and no budget (chat.turns.prompt does). Attachments of a temporary
conversation are in memory only; all others are found through history. The bytes of a file are kept as long as
its text, so that its pages can be shown: up to STORED_FILES_MB, and always where a model may need them again
(pictures, and PDFs with pages without text).
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import mimetypes
import time
from collections import Counter, OrderedDict
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import anyio

from chat.documents.document import Document, Page, Problem
from chat.errors import ChatError, HistoryUnavailable, NotFound
from chat.extraction import Readers, Reading
from chat.fair_places import FairThreads
from chat.files.attachment import Attachment, is_drawn_kind
from chat.files.file_contents import FileContents
from chat.files.scans import Scans
from chat.files.working_copies import WorkingCopies
from chat.history import History, Message
from chat.ids import new_id
from chat.shares import Limit, Shares
from chat.visitors import Visitor

if TYPE_CHECKING:
    from chat.history.stores import Stores

log = logging.getLogger(__name__)

INLINE_NAME = "file.txt"
CACHED = 64  # attachments whose text and index stay in memory
CACHED_CHARACTERS = 40_000_000  # of their texts; an index has about ten bytes for each
# Bytes of files of temporary conversations, which are in memory.
TEMPORARY_LIMIT = Limit(of_visitor=100_000_000, of_network=200_000_000, total=500_000_000)
LARGEST_STORED = 500_000_000  # bytes of one file: a database takes no value of more than 1 GB


class Attachments:
    """All attachments: those in memory, and earlier ones through history."""

    def __init__(
        self,
        readers: Readers,
        drawers: Readers,
        folder: Path,
        stores: Stores,
        threads: FairThreads,
        on_read: Callable[[str, float], None] | None = None,
        *,
        is_shared: bool = False,
        stored_bytes: int = 0,
        ocr: Readers | None = None,
        ocr_pages: int = 0,
        memory: Shares | None = None,
    ) -> None:
        """drawers: the pool that draws pages.

        stored_bytes: of the files themselves that history keeps beside their text, in total.
        ocr: the pool that reads scanned pages, ocr_pages of one file; None: they stay unread. memory: the
        shares of all bytes in memory.
        """
        self._copies = WorkingCopies(folder)
        self.contents = FileContents(stores, self._copies, readers, drawers)
        self._scans: Scans[Attachment] | None = (
            Scans(ocr, ocr_pages, self.contents.original, self._update) if ocr else None
        )
        self._threads = threads
        self.temporary = Shares("bytes of files in temporary conversations", TEMPORARY_LIMIT, memory)
        self._temporary_of: dict[str, tuple[Visitor, int]] = {}
        self._is_shared = is_shared  # other replicas add and delete files of the same history
        self._readers = readers
        self._drawers = drawers
        self._on_read = on_read  # called with the media type and the seconds of a read file
        self._stored_bytes = stored_bytes
        self._stores = stores
        self._cache: OrderedDict[str, Attachment] = OrderedDict()
        self._tasks: set[asyncio.Task[None]] = set()

    async def add(
        self,
        path: Path,
        name: str,
        visitor: Visitor,
        password: str | None = None,
        *,
        is_temporary: bool = False,
    ) -> Attachment:
        """Read a file. Returns when its kind and its first text are known.

        Raises AttachmentError, and Refused for a temporary one past the visitor's share of the memory.
        """
        id = new_id()
        if is_temporary:
            self._hold_temporary(id, visitor, (await anyio.Path(path).stat()).st_size)
        began = time.monotonic()
        if is_drawn_kind(mimetypes.guess_type(name)[0] or ""):
            self._drawers.warm()  # while the file is read, so that its first page does not wait
        try:
            copy = await self._copies.hold(id, path)
            reading = await self._readers.open(copy, name, password, caller=visitor.caller)
        except BaseException:
            self._copies.remove(id)
            self._release_temporary(id)
            raise
        attachment = self._keep(Attachment(id, visitor.owner, reading, self._threads, visitor.caller))
        history = self._stores.temporary if is_temporary else self._stores.kept
        task = asyncio.create_task(self._record(attachment, reading, history, began, password))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        task.add_done_callback(lambda _: attachment.is_known.set())
        if self._is_shared:
            attachment.recording = task
        return attachment

    async def of_turn(
        self, file_ids: tuple[str, ...], text: str, visitor: Visitor, history: History
    ) -> tuple[str, ...]:
        """Return the ids of a turn's files; `text` becomes one unless it is blank. Raises NotFound."""
        owner = visitor.owner
        for id in file_ids:
            await self.get(id, owner)
        if not text.strip():
            return file_ids
        document = await self._threads.run(
            visitor.caller, _make_inline, text, self._readers.limits.characters
        )
        inline = self._keep(Attachment(new_id(), owner, document, self._threads, caller=visitor.caller))

        async def save() -> None:
            await history.add_attachment(owner, document, id=inline.id)
            inline.is_written.set()

        self._stores.queue.later(inline.id, save)
        return (*file_ids, inline.id)

    async def of_branch(self, branch: Sequence[Message], owner: str) -> Sequence[Attachment]:
        """Return the files of a branch, without expired ones."""
        found = []
        for id in dict.fromkeys(id for message in branch for id in message.attachment_ids):
            with contextlib.suppress(NotFound):
                found.append(await self.get(id, owner))
        return found

    async def get(self, id: str, owner: str) -> Attachment:
        """Return an attachment. Raises NotFound, also for one of another owner."""
        try:
            return await self._find(id, owner, self._stores.kept)
        except NotFound:
            return await self._find(id, owner, self._stores.temporary)

    async def _find(self, id: str, owner: str, history: History) -> Attachment:
        found = self._cache.get(id) or (self._scans.find(id) if self._scans else None)
        if found and self._is_shared and found.is_recorded and not await _is_kept(found, history):
            await self.remove((id,))  # another replica has deleted it
            found = None
        if found is None:
            record = await history.attachment(id, owner)
            found = self._keep(Attachment(id, record.owner, record.document, self._threads))
            found.is_recorded = True
            found.is_written.set()
            if self._scans:  # a restart has interrupted the reading of its pages
                self._scans.begin(found)
        if found.owner not in ("", owner):
            raise NotFound("There is no such file, or it is no longer kept.")
        self._cache[id] = found
        self._cache.move_to_end(id)
        return found

    async def wait_for_scans(self, attachments: Sequence[Attachment]) -> None:
        """Wait for the scanned pages of files that have just come, SCAN_WAIT seconds after each at most."""
        for attachment in attachments:
            async for _ in attachment.follow_scans():
                pass

    async def delete(self, id: str, owner: str) -> None:
        """Delete a file and its rows. Raises NotFound."""
        await self.get(id, owner)
        await self.remove((id,))
        for history in self._stores.all:
            with contextlib.suppress(NotFound):
                await history.delete_attachment(id, owner)

    async def remove(self, ids: tuple[str, ...]) -> None:
        """Drop attachments from memory and delete their bytes. History deletes the rows."""
        for id in ids:
            self._release_temporary(id)
            found = self._cache.pop(id, None)
            if self._scans:
                await self._scans.stop(id)
            if found:
                await found.close()
            self.contents.forget(id)

    async def remove_all(self, owner: str) -> None:
        """Drop all attachments of an owner from memory, also those that are being read."""
        await self.remove(tuple(id for id, one in list(self._cache.items()) if one.owner == owner))

    async def aclose(self) -> None:
        """Cancel all reading."""
        if self._scans:
            await self._scans.aclose()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _keep(self, attachment: Attachment) -> Attachment:
        if attachment.is_drawn:
            self._drawers.warm()
        self._cache[attachment.id] = attachment
        while len(self._cache) > CACHED or self.cached_characters > CACHED_CHARACTERS:
            idle = [one for one in self._cache.values() if one.document.is_complete and one is not attachment]
            if not idle:
                break
            texts: Counter[str] = Counter()
            for one in idle:
                texts[one.owner] += one.document.characters
            heaviest = max(texts, key=texts.__getitem__)
            del self._cache[next(one.id for one in idle if one.owner == heaviest)]
        return attachment

    @property
    def cached_characters(self) -> int:
        """Characters of the texts in memory."""
        return sum(one.document.characters for one in self._cache.values())

    def _hold_temporary(self, id: str, visitor: Visitor, size: int) -> None:
        self.temporary.take(visitor, size)
        self._temporary_of[id] = visitor, size

    def _release_temporary(self, id: str) -> None:
        if held := self._temporary_of.pop(id, None):
            self.temporary.give_back(*held)

    async def _record(
        self,
        attachment: Attachment,
        reading: Reading,
        history: History,
        began: float,
        password: str | None = None,
    ) -> None:
        """Write the text and the bytes to history when the file is read, then read its scanned pages."""
        document = await reading.finish()
        if self._scans:
            document = self._scans.mark(document)
            attachment.replace(document)
            attachment.asked_from = time.monotonic()
        attachment.is_known.set()
        if self._on_read:
            self._on_read(document.media_type, time.monotonic() - began)
        try:
            if await self._store(attachment, document, history):
                attachment.forget_tables()
            attachment.is_recorded = True
        except ChatError as error:  # the file stays usable while it is in memory
            log.warning("a file could not be written to history: %s", error)
        attachment.is_written.set()
        self._copies.release(attachment.id)
        if self._scans and attachment.id in self._cache:
            self._scans.begin(attachment, password)
        if attachment.has_text:
            await attachment.index()  # so that the first question does not wait for it

    async def _update(self, attachment: Attachment, document: Document) -> None:
        """Write what was read of a file's scanned pages to the history that has its row."""
        for history in (self._stores.kept, self._stores.temporary):
            with contextlib.suppress(NotFound):
                return await history.update_attachment(attachment.id, attachment.owner, document)

    async def _store(self, attachment: Attachment, document: Document, history: History) -> bool:
        """Write a file's row; without its bytes and tables, and False, where the database refuses them."""
        add = partial(history.add_attachment, attachment.owner, document, id=attachment.id)
        original = None
        if document.size <= LARGEST_STORED:
            with contextlib.suppress(OSError):  # removed meanwhile
                original = await asyncio.to_thread(self._copies.path(attachment.id).read_bytes)
        tables = attachment.take_tables() or None
        try:
            await add(original=original, tables=tables, limit=self._limit_of(document, history))
        except HistoryUnavailable:
            if original is None and tables is None:
                raise
            await add()
            return False
        return True

    def _limit_of(self, document: Document, history: History) -> int | None:
        """Return how many bytes of files a history may keep with this one; None: no limit."""
        if _is_needed(document):
            return None
        if history is self._stores.temporary and not self._stores.keeps_nothing:
            return None  # `temporary` limits them
        is_in_memory = self._stores.keeps_nothing
        return min(self._stored_bytes, TEMPORARY_LIMIT.total) if is_in_memory else self._stored_bytes


async def _is_kept(attachment: Attachment, history: History) -> bool:
    try:
        return await history.has_attachment(attachment.id, attachment.owner)
    except ChatError:  # an unreachable database has deleted nothing
        return True


def _make_inline(text: str, limit: int) -> Document:
    """Return a text that came with a question as a document of at most `limit` characters."""
    kept = text[:limit]
    cut = Problem("truncated", (), f"Reading stopped at the limit of {limit:,} characters.")
    problems = (cut,) if len(text) > limit else ()
    size = len(text.encode("utf-8", "surrogatepass"))
    return Document(INLINE_NAME, "text/plain", size, "", (Page("", kept),), 1, problems)


def _is_needed(document: Document) -> bool:
    is_scan = any(problem.kind == "no_text" for problem in document.problems)
    return document.media_type.startswith("image/") or (is_scan and document.media_type == "application/pdf")
