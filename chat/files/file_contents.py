"""What is kept of a file beside its text: its bytes, its tables with typed columns, its passages' vectors.

Each is a column of the file's row in history, and becomes a working copy on the disk when it is needed. Knows
no budget and no endpoint.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from chat.errors import NotFound
from chat.extraction import Readers
from chat.fair_places import Caller
from chat.files.attachment import Attachment
from chat.files.working_copies import WorkingCopies
from chat.numbers.query_result import NoResult, QueryResult
from chat.numbers.table_pack import read_tables
from chat.numbers.typed_table import BadTable, TypedTable

if TYPE_CHECKING:
    from chat.history.stores import Stores

TABLES, VECTORS = ".tables", ".vectors"  # suffixes of working copies
IMAGES = 4  # newest pictures of the conversation, sent with a question
SCANS = 8  # with pages that are sent as pictures
SCAN_PIXELS = 1_200  # width of a page for a model: small print stays legible


class FileContents:
    """The bytes, tables and vectors of attachments."""

    def __init__(self, stores: Stores, copies: WorkingCopies, readers: Readers, drawers: Readers) -> None:
        self._stores = stores
        self._copies = copies
        self._readers = readers
        self._drawers = drawers

    async def original(self, attachment: Attachment) -> Path:
        """Return the path of a file's bytes. Raises NotFound where only its text is kept."""
        path = await self._copies.get(attachment.id, lambda: self._read(attachment, "original"))
        if path is None:
            raise NotFound("The file itself is not kept, only its text.")
        return path

    async def tables(self, attachment: Attachment) -> tuple[Sequence[TypedTable], Path | None]:
        """Return a file's tables with typed columns, and the path of their cells; none where it has none."""
        await attachment.finish()
        if attachment.typed is not None and not attachment.typed:
            return (), None

        async def load() -> bytes | None:
            return attachment.take_tables() or await self._read(attachment, "tables") or None

        path = await self._copies.get(f"{attachment.id}{TABLES}", load)
        if attachment.typed is None:
            pack = await asyncio.to_thread(path.read_bytes) if path else b""
            attachment.typed = await attachment.run(_describe, pack)
        return attachment.typed, path if attachment.typed else None

    async def vectors(self, attachment: Attachment) -> bytes:
        """Return the vectors of a file's passages as they were stored last; empty: none yet."""
        path = await self._copies.get(f"{attachment.id}{VECTORS}", lambda: self._read(attachment, "vectors"))
        return await asyncio.to_thread(path.read_bytes) if path else b""

    def forget_vectors(self, attachment: Attachment) -> None:
        """Read the vectors from history again at the next call: another process may go on with them."""
        self._copies.remove(f"{attachment.id}{VECTORS}")

    async def store_vectors(self, attachment: Attachment, pack: bytes) -> None:
        """Store the vectors of a file's passages. Raises NotFound where the file was deleted."""
        for history in (self._stores.kept, self._stores.temporary):
            with contextlib.suppress(NotFound):
                await history.update_attachment(attachment.id, attachment.owner, vectors=pack)
                return self.forget_vectors(attachment)
        raise NotFound("The file was deleted.")

    def forget(self, id: str) -> None:
        """Remove a file's working copies."""
        for suffix in ("", TABLES, VECTORS):
            self._copies.remove(f"{id}{suffix}")

    async def query(
        self, files: Sequence[Attachment], names: Sequence[Sequence[str]], sql: str, caller: Caller
    ) -> QueryResult:
        """Return the result of one SELECT over the tables of files. Raises NoResult, AttachmentError.

        names: what the query calls the tables of each file.
        """
        paths = [(await self.tables(file))[1] for file in files]
        chosen = [(path, own) for path, own in zip(paths, names, strict=True) if path]
        if not chosen:
            raise NoResult("The files have no tables that can be computed with.")
        return await self._readers.query(
            [path for path, _ in chosen], [own for _, own in chosen], sql, caller=caller
        )

    async def pictures(self, attachments: Sequence[Attachment], *, scans: bool) -> Sequence[str]:
        """Return the newest pictures as data URLs, and with `scans` pages without text."""
        urls = [await self._data_url(file) for file in [one for one in attachments if one.is_image][-IMAGES:]]
        for file in attachments if scans else ():
            urls += await self._scan_urls(file, SCANS - len(urls))
        return urls

    async def _read(self, attachment: Attachment, column: str) -> bytes | None:
        for history in (self._stores.kept, self._stores.temporary):
            with contextlib.suppress(NotFound):
                return await history.file_column(attachment.id, attachment.owner, column)
        return None

    async def _data_url(self, attachment: Attachment) -> str:
        """Return a picture as a data URL, shrunk for a model. Raises AttachmentError."""
        path = await self.original(attachment)
        data, media_type = await self._drawers.shrink_image(path, caller=attachment.caller)
        return f"data:{media_type};base64,{base64.b64encode(data).decode()}"

    async def _scan_urls(self, attachment: Attachment, limit: int) -> Sequence[str]:
        """Return up to `limit` pages without text as data URLs. Raises AttachmentError."""
        pages = [page for one in attachment.document.problems if one.kind == "no_text" for page in one.pages]
        numbers = [int(page) for page in pages if page.isdecimal()][:limit]
        if not numbers:
            return ()
        try:
            path = await self.original(attachment)
        except NotFound:
            return ()
        caller = attachment.caller
        pictures = [
            await self._drawers.render(path, number, SCAN_PIXELS, caller=caller) for number in numbers
        ]
        return [f"data:image/jpeg;base64,{base64.b64encode(picture).decode()}" for picture in pictures]


def _describe(pack: bytes) -> Sequence[TypedTable]:
    """Return the tables of a pack; none where a child has written something else."""
    try:
        return read_tables(pack) if pack else ()
    except BadTable:
        return ()
