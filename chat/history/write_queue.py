"""Writes to history in the background: in order for each conversation, beside the streams.

A turn must neither wait for a disk nor fail with one: if the write of an answer fails, its stream goes on.
Writes of many answers at the same moment are one transaction. Knows no generation and no page.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

import anyio

from chat.errors import ChatError

CLOSING_SECONDS = 3.5
PAUSE_SECONDS = 0.02
BATCH_ITEMS = 200  # in one transaction, so that other work runs in between
REST_SHARE, REST_SECONDS = 4.0, 0.1  # between two batches: times what the last one took, and at most

log = logging.getLogger(__name__)

T = TypeVar("T")
Work = Callable[[], Awaitable[object]]


class WriteQueue:
    """Runs writes in the background, one after the other for each key.

    pause: seconds before the first write of a turn, which would share the loop with the first tokens.
    """

    def __init__(self, pause: float = PAUSE_SECONDS) -> None:
        self._pause = pause
        self._last: dict[str, asyncio.Task[None]] = {}

    def later(self, key: str, work: Work) -> None:
        """Queue `work` behind earlier work of the same key. It must not wait for other work itself."""
        task = asyncio.create_task(self._run(self._last.get(key), work))
        self._last[key] = task
        task.add_done_callback(lambda done: self._forget(key, done))

    async def settle(self, key: str) -> None:
        """Return when all queued work of `key` is done or has failed."""
        while task := self._last.get(key):
            await asyncio.wait([task])
            self._forget(key, task)

    async def settle_all(self) -> None:
        """Return when all work queued so far is done or has failed."""
        if self._last:
            await asyncio.wait(list(self._last.values()))

    async def aclose(self) -> None:
        """Return when all is written, or after CLOSING_SECONDS: a stop must not wait for a disk."""
        with anyio.move_on_after(CLOSING_SECONDS):
            while self._last:
                await self.settle_all()
                await asyncio.sleep(0)
        if self._last:
            log.warning("stopped with %d unwritten changes", len(self._last))
        for task in self._last.values():
            task.cancel()

    async def _run(self, before: asyncio.Task[None] | None, work: Work) -> None:
        if before:
            await asyncio.wait([before])
        elif self._pause:
            await asyncio.sleep(self._pause)
        try:
            await work()
        except ChatError as error:
            log.warning("a write to history was refused: %s", error)
        except Exception:
            log.exception("a write to history failed")

    def _forget(self, key: str, task: asyncio.Task[None]) -> None:
        if self._last.get(key) is task:
            del self._last[key]


class BatchWriter(Generic[T]):
    """Writes one item at once, and items that arrive meanwhile together in the next batch.

    rest_share: the pause after a batch, as a multiple of the time that it took. A transaction costs ten times
    as much as a row: of a thousand answers that begin within seconds, few would share one.
    """

    def __init__(self, write: Callable[[Sequence[T]], Awaitable[None]], rest_share: float = 0) -> None:
        self._write = write
        self._rest_share = rest_share
        self._rests_until = 0.0
        self._waiting: list[tuple[T, asyncio.Future[None]]] = []
        self._writing: asyncio.Task[None] | None = None

    async def add(self, item: T) -> None:
        """Return when the item is written. Raises the error of writing it alone."""
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((item, done))
        if self._writing is None or self._writing.done():
            self._writing = asyncio.create_task(self._write_all())
        await done

    async def _write_all(self) -> None:
        time = asyncio.get_running_loop().time
        while self._waiting:
            if (rest := self._rests_until - time()) > 0 and len(self._waiting) < BATCH_ITEMS:
                await asyncio.sleep(rest)
            batch, self._waiting = self._waiting[:BATCH_ITEMS], self._waiting[BATCH_ITEMS:]
            batch = [(item, done) for item, done in batch if not done.cancelled()]
            began = time()
            if batch:
                await self._write_together(batch)
            self._rests_until = time() + min(REST_SECONDS, self._rest_share * (time() - began))

    async def _write_together(self, batch: list[tuple[T, asyncio.Future[None]]]) -> None:
        error: Exception | None = None
        try:
            await self._write([item for item, _ in batch])
        except Exception as raised:
            if len(batch) > 1:  # one bad item must not fail the others
                await asyncio.gather(*(self._write_together([alone]) for alone in batch))
                return
            error = raised
        for _, done in batch:
            if error and not done.done():
                done.set_exception(error)
            elif not done.done():
                done.set_result(None)
