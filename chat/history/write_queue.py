"""What is still to be written to history: in order for each conversation, beside the streams.

A turn must not wait for a disk, and must not fail with one: an answer whose record fails is still answered.
What many answers want written at the same moment is one transaction. Knows no generation and no page.
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
BATCH_ITEMS = 200  # in one transaction: others, and the event loop, get their turn in between

log = logging.getLogger(__name__)

T = TypeVar("T")
Work = Callable[[], Awaitable[object]]


class WriteQueue:
    """Runs writes in the background, one after the other for each key.

    pause: seconds before the first of a turn, which would share the loop with the answer's first tokens.
    """

    def __init__(self, pause: float = PAUSE_SECONDS) -> None:
        self._pause = pause
        self._last: dict[str, asyncio.Task[None]] = {}

    def later(self, key: str, work: Work) -> None:
        """Do `work` after what was asked before for the same key. It may not wait for other work itself."""
        task = asyncio.create_task(self._run(self._last.get(key), work))
        self._last[key] = task
        task.add_done_callback(lambda done: self._forget(key, done))

    async def settle(self, key: str) -> None:
        """Return when all that was asked for `key` is written, or has failed."""
        while task := self._last.get(key):
            await asyncio.wait([task])
            self._forget(key, task)

    async def settle_all(self) -> None:
        """Return when all that was asked for so far is written, or has failed."""
        if self._last:
            await asyncio.wait(list(self._last.values()))

    async def aclose(self) -> None:
        """Return when everything is written, or after CLOSING_SECONDS: a stop must not wait for a disk."""
        with anyio.move_on_after(CLOSING_SECONDS):
            while self._last:
                await self.settle_all()
                await asyncio.sleep(0)
        if self._last:
            log.warning("stopped with %d records unwritten", len(self._last))
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
            log.warning("not recorded: %s", error)
        except Exception:
            log.exception("a record failed")

    def _forget(self, key: str, task: asyncio.Task[None]) -> None:
        if self._last.get(key) is task:
            del self._last[key]


class BatchWriter(Generic[T]):
    """Writes one item; those that come while it does gather, and are written together."""

    def __init__(self, write: Callable[[Sequence[T]], Awaitable[None]]) -> None:
        self._write = write
        self._waiting: list[tuple[T, asyncio.Future[None]]] = []
        self._writing: asyncio.Task[None] | None = None

    async def add(self, item: T) -> None:
        """Return when the item is written. Raises what writing it alone raises."""
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((item, done))
        if self._writing is None or self._writing.done():
            self._writing = asyncio.create_task(self._write_all())
        await done

    async def _write_all(self) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting[:BATCH_ITEMS], self._waiting[BATCH_ITEMS:]
            batch = [(item, done) for item, done in batch if not done.cancelled()]
            if batch:
                await self._write_together(batch)

    async def _write_together(self, batch: list[tuple[T, asyncio.Future[None]]]) -> None:
        error: Exception | None = None
        try:
            await self._write([item for item, _ in batch])
        except Exception as raised:
            if len(batch) > 1:  # one that cannot be written must not keep the others from it
                await asyncio.gather(*(self._write_together([alone]) for alone in batch))
                return
            error = raised
        for _, done in batch:
            if error and not done.done():
                done.set_exception(error)
            elif not done.done():
                done.set_result(None)
