"""The pool of warm children, and the door to everything that reads untrusted bytes.

A child serves one file at a time. One that broke a limit is killed and replaced in the background. No more
than `ReaderLimits.processes` run, and a few extra ones for callers that would wait behind others. Knows no
format: `chat.extraction.worker` does.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Coroutine, Sequence
from pathlib import Path
from typing import Any

from chat.documents.document import Problem
from chat.documents.page_boxes import PageBoxes, Span
from chat.errors import AttachmentError
from chat.extraction import refusals
from chat.extraction.child import Child, ChildFailed, Frame
from chat.extraction.ocr.page_result import PageResult
from chat.extraction.reader_limits import ReaderLimits
from chat.extraction.reading import Reading
from chat.fair_places import Caller, FairPlaces, OnWait
from chat.numbers.query_result import NoResult, QueryResult, read_result
from chat.numbers.typed_table import BadTable

log = logging.getLogger(__name__)

WARMING = ("the pool itself",)
UNNAMED = ("unnamed",)
STOPPED = Problem("truncated", (), "Reading was stopped.")
EXTRA_PROCESSES = 2  # for callers that have waited while others hold all of ReaderLimits.processes
QUERY_SECONDS = 10.0
PICTURE_PIXELS = 1_568  # longest side: what vision models use of a picture
PICTURE_BYTES = 3_500_000  # below the 5 MB that the strictest provider takes, as base64


class Readers:
    """Reads files in child processes. `start` before use, `aclose` after it."""

    def __init__(self, limits: ReaderLimits, on_wait: OnWait | None = None) -> None:
        self.limits = limits
        self._places = FairPlaces(limits.processes, EXTRA_PROCESSES, on_wait=on_wait)
        self._idle: list[Child] = []
        self._children: set[Child] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._is_closed = False
        self._is_warming = False
        self._coming: asyncio.Event | None = None  # set when a child that is being started is there
        self._is_reported = False  # what the sandbox lacks

    async def start(self) -> None:
        """Start one child in the background, if one is kept warm; others come with their first files."""
        if self.limits.is_kept_warm:
            self.warm()

    def warm(self) -> None:
        """Start a child in the background where none is there, so that the next job need not wait for it."""
        if not self._children and not self._is_closed:
            self._start_warming()

    async def open(
        self, path: Path, name: str, password: str | None = None, *, caller: Caller = UNNAMED
    ) -> Reading:
        """Begin to read a file and return as soon as its first text is there, or its end.

        caller: shares the children with other callers fairly, whatever each of them sends.
        Raises UnsupportedFile, EmptyFile, PasswordRequired, UnreadableFile, FileTooLarge, NoReader.
        """
        size = self._admit(path, name)
        reading = Reading(name, size, self.limits.characters)
        task = self._background(
            self._read(reading, {"job": "read", **_file(path, name), "password": password}, caller)
        )
        reading.attach(task)
        try:
            await asyncio.shield(reading.first)
        except asyncio.CancelledError:
            await reading.cancel()
            raise
        return reading

    async def render(
        self,
        path: Path,
        page: int,
        width: int,
        *,
        name: str = "",
        password: str | None = None,
        caller: Caller = UNNAMED,
    ) -> bytes:
        """Return page `page` (1 is the first) of a PDF as a JPEG, `width` pixels wide."""
        job = {"job": "render", **_file(path, name), "password": password, "page": page, "width": width}
        return (await self._picture(job, caller)).blob

    async def shrink_image(
        self,
        path: Path,
        *,
        name: str = "",
        longest: int = PICTURE_PIXELS,
        limit_bytes: int = PICTURE_BYTES,
        caller: Caller = UNNAMED,
    ) -> tuple[bytes, str]:
        """Return a picture that a model can take, `longest` pixels at most on a side, and its media type."""
        job = {"job": "shrink", **_file(path, name), "longest": longest, "limit_bytes": limit_bytes}
        frame = await self._picture(job, caller)
        return frame.blob, str(frame.fields.get("media_type"))

    async def show_page(
        self, path: Path, page: int, width: int, *, name: str = "", caller: Caller = UNNAMED
    ) -> tuple[bytes, str]:
        """Return page `page` of a PDF, or a picture, as an image `width` pixels wide, and its media type."""
        job = {"job": "page", **_file(path, name), "page": page, "width": width}
        frame = await self._picture(job, caller)
        return frame.blob, str(frame.fields.get("media_type"))

    async def place_text(
        self, path: Path, page: int, text: str, *, name: str = "", caller: Caller = UNNAMED
    ) -> PageBoxes:
        """Return where the characters of a PDF page's text stand on it."""
        frame = await self._picture({"job": "boxes", **_file(path, name), "page": page, "text": text}, caller)
        try:
            lines = tuple(Span(int(a), int(b), *map(float, box)) for a, b, *box in frame.fields["lines"])
            return PageBoxes(frame.blob, float(frame.fields["aspect"]) or 1.0, lines)
        except (KeyError, TypeError, ValueError) as error:
            raise refusals.crashed(name) from error

    async def recognise(
        self, path: Path, page: int, *, name: str = "", password: str | None = None, caller: Caller = UNNAMED
    ) -> PageResult:
        """Return what stands on a scanned page (1 is the first); of a pool of the worker that reads pictures.

        Raises AttachmentError.
        """
        job = {"job": "recognise", **_file(path, name), "password": password, "page": page}
        return PageResult.from_fields((await self._picture(job, caller)).fields)

    async def query(
        self, packs: Sequence[Path], names: Sequence[Sequence[str]], sql: str, *, caller: Caller = UNNAMED
    ) -> QueryResult:
        """Return the result of one SELECT over tables of files. Raises NoResult, AttachmentError.

        packs: paths of files' tables; names: of the tables in each, as the query names them.
        """
        more = [str(path.resolve()) for path in packs[1:]]
        job: dict[str, Any] = {
            "job": "query",
            **_file(packs[0], "the tables"),
            "more": more,
            "names": names,
            "sql": sql,
            "seconds": QUERY_SECONDS,
        }
        async with contextlib.aclosing(self._ask(job, "the tables", caller)) as answer:
            frames = [frame.fields async for frame in answer]
        if not frames or frames[0].get("type") != "result":
            raise NoResult(str(frames[0].get("message", "")) if frames else "The query was not answered.")
        try:
            return read_result(frames[0])
        except BadTable as error:
            raise refusals.crashed("the tables") from error

    async def rest(self) -> None:
        """End the children that have nothing to do."""
        while self._idle:
            await self._end(self._idle.pop())

    async def aclose(self) -> None:
        """End every child and every reading; nothing is left behind. Idempotent."""
        self._is_closed = True
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)
        await asyncio.gather(*(child.end() for child in list(self._children)))
        self._children.clear()
        self._idle.clear()

    def _admit(self, path: Path, name: str) -> int:
        size = path.stat().st_size
        if size == 0:
            raise refusals.empty(name)
        if size > self.limits.upload_bytes:
            raise refusals.too_large(name, self.limits.upload_bytes)
        return size

    async def _read(self, reading: Reading, job: dict[str, Any], caller: Caller) -> None:
        name = str(job["name"])
        try:
            async for frame in self._ask(job, name, caller):
                if frame.fields.get("type") == "tables":
                    reading.take_tables(frame.blob)
                else:
                    reading.feed(frame.fields)
            reading.end()
        except AttachmentError as error:
            reading.fail(error)
        finally:
            reading.end(STOPPED)

    async def _picture(self, job: dict[str, Any], caller: Caller) -> Frame:
        name = str(job["name"])
        self._admit(Path(str(job["path"])), name)
        async with contextlib.aclosing(self._ask(job, name, caller)) as answer:
            frames = [frame async for frame in answer]
        if not frames:
            raise refusals.crashed(name)
        return frames[0]

    async def _ask(self, job: dict[str, Any], name: str, caller: Caller) -> AsyncGenerator[Frame]:
        """Yield the frames of a job; a refusal among them and a child that fails are AttachmentErrors."""
        refusal: AttachmentError | None = None
        job["characters"] = self.limits.characters
        try:
            async with self._borrow(caller) as child, contextlib.aclosing(child.ask(job)) as answer:
                async for frame in answer:
                    if frame.fields.get("type") == "refusal":
                        refusal = self._refusal(frame.fields, name)
                    else:
                        yield frame
        except ChildFailed as failure:
            raise self._failure(failure.reason, name) from failure
        if refusal is not None:
            raise refusal

    def _refusal(self, fields: dict[str, Any], name: str) -> AttachmentError:
        if fields.get("error") == "MemoryError":
            return refusals.out_of_memory(name, self.limits)
        return refusals.from_child(fields, name)

    def _failure(self, reason: str, name: str) -> AttachmentError:
        if reason == "start":
            return refusals.not_started(name)
        if reason == "time":
            return refusals.out_of_time(name, self.limits)
        if reason == "memory":
            return refusals.out_of_memory(name, self.limits)
        return refusals.crashed(name)

    @contextlib.asynccontextmanager
    async def _borrow(self, caller: Caller) -> AsyncIterator[Child]:
        async with self._places.hold(caller):
            child = await self._ready_child() or await self._start_child()
            try:
                yield child
            finally:
                await self._put_back(child)

    async def _ready_child(self) -> Child | None:
        """Return a child that waits, or the one that is being started, which is sooner there than another.

        One caller waits for it: a second one starts a child of its own at once.
        """
        if not self._idle and self._coming:
            coming, self._coming = self._coming, None
            await coming.wait()
        while self._idle:
            child = self._idle.pop()
            if child.is_alive:
                return child
            await self._end(child)  # the system may end a process for reasons of its own
        return None

    async def _end(self, child: Child) -> None:
        self._children.discard(child)
        await asyncio.shield(child.end())

    async def _put_back(self, child: Child) -> None:
        if child.is_idle and not self._is_closed and len(self._idle) < self.limits.processes:
            self._idle.append(child)
            return
        await self._end(child)
        if not self._idle and not self._is_closed and self.limits.is_kept_warm:
            self._start_warming()

    async def _start_child(self) -> Child:
        child = await Child.start(self.limits)
        self._children.add(child)
        if child.unconfined and not self._is_reported:
            self._is_reported = True
            log.warning("files are read without %s: this system has none", ", ".join(child.unconfined))
        return child

    def _start_warming(self) -> None:
        if not self._is_warming:
            self._is_warming = True
            self._background(self._warm())

    async def _warm(self) -> None:
        async with self._places.hold(WARMING):
            self._coming = coming = asyncio.Event()
            try:
                if not self._idle and not self._is_closed:
                    with contextlib.suppress(ChildFailed):
                        self._idle.append(await self._start_child())
            finally:
                coming.set()
                self._is_warming, self._coming = False, None

    def _background(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task: asyncio.Task[None] = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task


def _file(path: Path, name: str) -> dict[str, str]:
    return {"path": str(path.resolve()), "name": name or path.name}
