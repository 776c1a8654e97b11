"""The deadline of each read of one answer, with one timer of the loop for all of them.

`asyncio.timeout_at` sets a timer for each read and cancels it, which costs a quarter of what a delta costs.
Here a deadline that moves later costs nothing: a timer that fires too early is set again. Knows no answer.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

LATE_SECONDS = 1.0


class ReadTimer:
    """Made by the task that reads, which closes it.

    A timer that fires this late tells of a process that stood still, not of the other end: what has come
    meanwhile is read first, for as long again.
    """

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._task = asyncio.current_task()
        self._handle: asyncio.TimerHandle | None = None
        self._deadline = 0.0
        self._is_reading = False
        self._has_passed = False

    async def read(self, reads: AsyncIterator[bytes], deadline: float) -> bytes:
        """Return the next bytes, none at the end. Raises TimeoutError at `deadline`, in the loop's time."""
        self._deadline = deadline
        if self._handle is None or deadline < self._handle.when():
            self._set(deadline)
        task, self._is_reading, self._has_passed = self._task, True, False
        cancelled = task.cancelling() if task else 0
        try:
            return await anext(reads, b"")
        except asyncio.CancelledError:
            # As in asyncio.timeout: a cancellation from outside, at the same moment, is not swallowed.
            if self._has_passed and task and task.uncancel() <= cancelled:
                raise TimeoutError from None
            raise
        finally:
            self._is_reading = False

    def close(self) -> None:
        """Cancel the timer."""
        if self._handle:
            self._handle.cancel()

    def _set(self, when: float) -> None:
        if self._handle:
            self._handle.cancel()
        self._handle = self._loop.call_at(when, self._fire)

    def _fire(self) -> None:
        self._handle = None
        if not self._is_reading or self._task is None:  # between two reads: the next one sets the timer
            return
        now = self._loop.time()
        if now > self._deadline + LATE_SECONDS:
            self._deadline = now + LATE_SECONDS
        if now < self._deadline:
            return self._set(self._deadline)
        self._has_passed = True
        self._task.cancel()
