"""The end of an answer that has had no subscriber for the grace time (ABANDONED_AFTER). Knows no log."""

from __future__ import annotations

import asyncio
from collections.abc import Callable


class Abandonment:
    """Counts the subscribers of one generation, and calls `abandon` after `seconds` without any; 0: never."""

    __slots__ = ("_abandon", "_handle", "_seconds", "_subscribers")

    def __init__(self, seconds: float, abandon: Callable[[], None]) -> None:
        self._seconds = seconds
        self._abandon: Callable[[], None] | None = abandon
        self._subscribers = 0
        self._handle: asyncio.TimerHandle | None = None

    def begin(self) -> None:
        """Let the grace time begin, if there is no subscriber."""
        if self._abandon and self._subscribers == 0 and self._seconds > 0:
            self._handle = asyncio.get_running_loop().call_later(self._seconds, self._abandon)

    @property
    def has_subscribers(self) -> bool:
        return self._subscribers > 0

    def add_subscriber(self) -> None:
        self._subscribers += 1
        self._stop()

    def remove_subscriber(self) -> None:
        self._subscribers -= 1
        self.begin()

    def close(self) -> None:
        """Stop for good, and forget the generation: it has ended."""
        self._abandon = None
        self._stop()

    def _stop(self) -> None:
        if self._handle:
            self._handle.cancel()
            self._handle = None
