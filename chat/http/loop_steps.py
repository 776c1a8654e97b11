"""How much of what clients send is taken up in one step of the event loop.

All that has arrived when the loop looks is handled in one step. Of 600 requests that arrive at once each
costs a millisecond before it first waits, and every stream stands still for that long. So a step takes up a
few pieces, in turn between networks. A connection whose piece waits reads nothing more. Knows no request.
"""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict, deque
from collections.abc import Callable, Hashable

PIECES = 2  # in a step
PIECES_A_SECOND = 25  # more, for each second that a step takes: else new requests starve behind many streams
PIECES_MAX = 8

Take = Callable[[], None]


class LoopSteps:
    """clock: of processor time. By the clock on the wall a busy machine would let its steps grow longer."""

    def __init__(self, pieces: int = PIECES, clock: Callable[[], float] = time.thread_time) -> None:
        self._pieces = pieces
        self._clock = clock
        self._left = pieces
        self._is_counting = False
        self._began: float | None = None  # of this step, while pieces wait
        self._waiting: OrderedDict[Hashable, deque[Take]] = OrderedDict()

    def admit(self) -> bool:
        """Tell whether one more piece may be taken up in this step, and count it."""
        if not self._left:
            return False
        self._left -= 1
        self._count()
        return True

    def wait(self, network: Hashable, take: Take) -> None:
        """Call `take` in a later step, when it is this network's turn. It raises nothing."""
        self._waiting.setdefault(network, deque()).append(take)

    def _count(self) -> None:
        if not self._is_counting:
            self._is_counting = True
            asyncio.get_running_loop().call_soon(self._begin)

    def _begin(self) -> None:
        """Begin a step: take up what waits, as far as it goes."""
        self._is_counting = False
        self._left = self._allow()
        while self._left and self._waiting:
            network, takes = self._waiting.popitem(last=False)
            take = takes.popleft()
            if takes:
                self._waiting[network] = takes  # behind the others
            self._left -= 1
            self._count()
            take()
        if not self._waiting:
            self._began = None

    def _allow(self) -> int:
        """Return how many pieces this step may take up."""
        if not self._waiting:
            return self._pieces
        now = self._clock()
        seconds = 0.0 if self._began is None else now - self._began
        self._began = now
        return min(PIECES_MAX, self._pieces + int(seconds * PIECES_A_SECOND))
