"""Places for work that takes seconds, shared fairly: a free place goes to the caller that has used least.

Each caller is charged for the seconds that its work holds a place; the charge halves every minute. A caller
that holds none and has waited for EXTRA_SECONDS gets one of a few extra places, so that short work does not
wait behind long work of one other caller. Knows no file and no process.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Hashable, Iterator
from dataclasses import dataclass, field

HALF_LIFE_SECONDS = 60.0
EXTRA_SECONDS = 1.0
FORGET_BELOW_SECONDS = 0.01


@dataclass(eq=False)
class _Waiter:
    """A caller's place in the queue. since: the loop's time at its arrival."""

    caller: Hashable
    since: float
    admitted: asyncio.Future[None] = field(repr=False)


class FairPlaces:
    """places: shared by all callers. extra: for callers that hold none and have waited long."""

    def __init__(self, places: int, extra: int, clock: Callable[[], float] | None = None) -> None:
        self._places = places
        self._extra = extra
        self._clock = clock
        self._waiting: list[_Waiter] = []
        self._held: dict[Hashable, int] = {}
        self._charges: dict[Hashable, tuple[float, float]] = {}  # seconds charged, and as of when
        self._timer: asyncio.TimerHandle | None = None

    @property
    def waiting(self) -> int:
        """Number of callers' jobs that have no place yet."""
        return len(self._waiting)

    @contextlib.asynccontextmanager
    async def hold(self, caller: Hashable) -> AsyncIterator[None]:
        """Hold a place inside the block, once it is this caller's turn."""
        await self._admit(caller)
        began = self._now()
        try:
            yield
        finally:
            self._release(caller, self._now() - began)

    def charge(self, caller: Hashable) -> float:
        """Return the seconds that a caller is charged for now."""
        seconds, then = self._charges.get(caller, (0.0, 0.0))
        decay: float = 0.5 ** ((self._now() - then) / HALF_LIFE_SECONDS)
        return seconds * decay

    async def _admit(self, caller: Hashable) -> None:
        waiter = _Waiter(caller, self._now(), asyncio.get_running_loop().create_future())
        self._waiting.append(waiter)
        self._dispatch()
        try:
            await waiter.admitted
        except asyncio.CancelledError:
            if waiter in self._waiting:
                self._waiting.remove(waiter)
            else:  # admitted and cancelled in the same step of the loop
                self._release(caller, 0.0)
            raise

    def _release(self, caller: Hashable, seconds: float) -> None:
        self._held[caller] -= 1
        if not self._held[caller]:
            del self._held[caller]
        self._charges[caller] = (self.charge(caller) + seconds, self._now())
        for one in [one for one in self._charges if self.charge(one) < FORGET_BELOW_SECONDS]:
            del self._charges[one]
        self._dispatch()

    def _dispatch(self) -> None:
        """Admit everything that may run now, and wake up when the next caller has waited long enough."""
        while (waiter := self._next()) is not None:
            self._waiting.remove(waiter)
            self._held[waiter.caller] = self._held.get(waiter.caller, 0) + 1
            waiter.admitted.set_result(None)
        if self._timer:
            self._timer.cancel()
            self._timer = None
        fresh = [one.since for one in self._waiting if not self._held.get(one.caller)]
        if fresh and self._running < self._places + self._extra:
            wait = max(0.0, min(fresh) + EXTRA_SECONDS - self._now())
            self._timer = asyncio.get_running_loop().call_later(wait, self._dispatch)

    def _next(self) -> _Waiter | None:
        """Return the waiter that is admitted next, or None where none may be."""
        admissible = list(self._admissible())
        if not admissible:
            return None
        return min(admissible, key=lambda one: (self._held.get(one.caller, 0), self.charge(one.caller)))

    def _admissible(self) -> Iterator[_Waiter]:
        for waiter in self._waiting:
            held = self._held.get(waiter.caller, 0)
            has_waited = self._now() - waiter.since >= EXTRA_SECONDS
            if self._running < self._places or (
                not held and has_waited and self._running < self._places + self._extra
            ):
                yield waiter

    @property
    def _running(self) -> int:
        return sum(self._held.values())

    def _now(self) -> float:
        return self._clock() if self._clock else asyncio.get_running_loop().time()
