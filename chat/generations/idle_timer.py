"""A timer for one reader of a log, to say that nothing has come. Knows no log."""

from __future__ import annotations

import asyncio


class IdleTimer:
    """Tells one reader that nothing has come for `seconds`.

    Set once, it looks when it fires whether that was too early: one for each batch would cost more than the
    batch does.
    """

    __slots__ = ("_handle", "_loop", "_seconds", "_since", "_waiter")

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._loop = asyncio.get_running_loop()
        self._handle: asyncio.TimerHandle | None = None

    def watch(self, waiter: asyncio.Future[bool]) -> None:
        """Resolve `waiter` with False unless something else does so in time."""
        self._waiter, self._since = waiter, self._loop.time()
        if self._handle is None:
            self._handle = self._loop.call_later(self._seconds, self._look)

    def close(self) -> None:
        if self._handle:
            self._handle.cancel()

    def _look(self) -> None:
        left = self._since + self._seconds - self._loop.time()
        if left > 0:
            self._handle = self._loop.call_later(left, self._look)
            return
        self._handle = None
        if not self._waiter.done():
            self._waiter.set_result(False)
