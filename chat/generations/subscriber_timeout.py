"""The timeout of one subscriber that waits for events. Knows no log."""

from __future__ import annotations

import asyncio


class SubscriberTimeout:
    """Resolves a waiter with False after `seconds` without an event.

    One timer serves many waits: when it fires too early, it is set again for the rest. A timer for each batch
    would cost more than the batch.
    """

    __slots__ = ("_handle", "_loop", "_seconds", "_since", "_waiter")

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._loop = asyncio.get_running_loop()
        self._handle: asyncio.TimerHandle | None = None

    def watch(self, waiter: asyncio.Future[bool]) -> None:
        """Resolve `waiter` with False unless it is resolved in time."""
        self._waiter, self._since = waiter, self._loop.time()
        if self._handle is None:
            self._handle = self._loop.call_later(self._seconds, self._fire)

    def close(self) -> None:
        if self._handle:
            self._handle.cancel()

    def _fire(self) -> None:
        left = self._since + self._seconds - self._loop.time()
        if left > 0:
            self._handle = self._loop.call_later(left, self._fire)
            return
        self._handle = None
        if not self._waiter.done():
            self._waiter.set_result(False)
