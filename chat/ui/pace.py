"""How often the page is shown what has come: by what showing costs, and by how many are being shown.

Knows no Gradio and no generation: it is told when a showing began and ended.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

SLOWEST_ALONE_SECONDS = 1 / 10
SLOWEST_SECONDS = 1 / 5
SHARE_OF_LOOP = 0.12  # of the event loop's time, for all that stream: the rest is for routes and upstreams
WEIGHT_OF_NEWEST = 0.3
BROWSER_SECONDS = (
    0.06  # between updates: more often costs the server more and shows nothing sooner than 0.1 s
)
BROWSER_SECONDS_PER_CHARACTER = 0.3e-6  # and more for each of the answer, which a browser lays out again


class Load:
    """How many are streaming in this process, which all paces share."""

    def __init__(self) -> None:
        self.streaming = 0

    @contextmanager
    def enter(self) -> Iterator[None]:
        self.streaming += 1
        try:
            yield
        finally:
            self.streaming -= 1


class Pace:
    """The time between two showings of one stream. cost: seconds that one takes on this process."""

    def __init__(self, load: Load) -> None:
        self._load = load
        self._began = 0.0
        self._next = 0.0
        self.cost = 0.0

    def interval(self, characters: int = 0) -> float:
        """Return the seconds between the beginnings of two showings of an answer of so many characters."""
        streaming = max(1, self._load.streaming)
        slowest = SLOWEST_ALONE_SECONDS if streaming == 1 else SLOWEST_SECONDS
        wanted = max(
            self.cost * streaming / SHARE_OF_LOOP,
            BROWSER_SECONDS + BROWSER_SECONDS_PER_CHARACTER * characters,
        )
        return min(wanted, slowest)

    def begin(self) -> None:
        """A showing begins now."""
        self._began = asyncio.get_running_loop().time()

    def end(self, characters: int = 0) -> None:
        """The showing that began is over: what it cost decides when the next may begin."""
        now = asyncio.get_running_loop().time()
        spent = now - self._began
        # The loop may have been busy with others: a share of one slow showing must not slow the next ten.
        self.cost += WEIGHT_OF_NEWEST * (spent - self.cost) if self.cost else spent
        self._next = max(now, self._began + self.interval(characters))

    async def rest(self) -> None:
        """Return when the next showing may begin: at once after a pause of the stream."""
        delay = self._next - asyncio.get_running_loop().time()
        if delay > 0:
            await asyncio.sleep(delay)
