"""What is still to be written to history: in order for each conversation, beside the streams.

A turn must not wait for a disk, and must not fail with one: an answer whose record fails is still answered.
Knows no generation and no page.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

import anyio

from chat.errors import ChatError

CLOSING_SECONDS = 3.5
PAUSE_SECONDS = 0.02
AT_ONCE = 8  # more would only wait at the database, which must then wait for them when it closes

log = logging.getLogger(__name__)

Work = Callable[[], Awaitable[object]]


class Recorder:
    """Runs writes in the background, one after the other for each key."""

    def __init__(self) -> None:
        self._last: dict[str, asyncio.Task[None]] = {}
        self._turns = asyncio.Semaphore(AT_ONCE)

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
        # The first write of a turn waits a moment: it would share the loop with the answer's first tokens.
        if before:
            await asyncio.wait([before])
        else:
            await asyncio.sleep(PAUSE_SECONDS)
        try:
            async with self._turns:
                await work()
        except ChatError as error:
            log.warning("not recorded: %s", error)
        except Exception:
            log.exception("a record failed")

    def _forget(self, key: str, task: asyncio.Task[None]) -> None:
        if self._last.get(key) is task:
            del self._last[key]
