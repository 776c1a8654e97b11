"""Places for work that takes long, shared fairly: a free place goes to the caller that has used least.

A caller is a path from the widest party to the narrowest, such as a network and a visitor in it: places are
fair between networks first, then between the visitors of one. Each party is charged for the seconds that its
work holds a place; the charge halves every minute. A caller that holds none and has waited for EXTRA_SECONDS
gets one of a few extra places, so that short work does not wait behind long work of others. Knows no file and
no process.
"""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
from collections import Counter
from collections.abc import AsyncIterator, Callable, Hashable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from typing import ParamSpec, TypeVar

HALF_LIFE_SECONDS = 60.0
EXTRA_SECONDS = 0.5
FORGET_BELOW_SECONDS = 0.01

Caller = Sequence[Hashable]  # the widest party first
OnWait = Callable[[float], None]

P = ParamSpec("P")
T = TypeVar("T")


@dataclass(eq=False)
class _Waiter:
    """A caller's place in the queue. since: the loop's time at its arrival."""

    parties: tuple[Caller, ...]
    since: float
    admitted: asyncio.Future[None] = field(repr=False)

    @property
    def narrowest(self) -> Caller:
        return self.parties[-1]


class FairPlaces:
    """places: shared by all callers. extra: for callers that hold none and have waited long.

    on_wait: called with the seconds that each admitted caller has waited.
    """

    def __init__(
        self,
        places: int,
        extra: int,
        clock: Callable[[], float] | None = None,
        on_wait: OnWait | None = None,
    ) -> None:
        self._places = places
        self._extra = extra
        self._clock = clock
        self._on_wait = on_wait
        self._waiting: list[_Waiter] = []
        self._running = 0
        self._held: Counter[Caller] = Counter()
        self._charges: dict[Caller, tuple[float, float]] = {}  # seconds charged, and as of when
        self._timer: asyncio.TimerHandle | None = None

    @property
    def waiting(self) -> int:
        """Number of callers' jobs that have no place yet."""
        return len(self._waiting)

    @contextlib.asynccontextmanager
    async def hold(self, caller: Caller) -> AsyncIterator[None]:
        """Hold a place inside the block, once it is this caller's turn."""
        parties = tuple(tuple(caller[: end + 1]) for end in range(len(caller)))
        await self._admit(parties)
        began = self._now()
        try:
            yield
        finally:
            self._release(parties, self._now() - began)

    def charge(self, party: Caller) -> float:
        """Return the seconds that a party is charged for now."""
        seconds, then = self._charges.get(party, (0.0, 0.0))
        decay: float = 0.5 ** ((self._now() - then) / HALF_LIFE_SECONDS)
        return seconds * decay

    async def _admit(self, parties: tuple[Caller, ...]) -> None:
        waiter = _Waiter(parties, self._now(), asyncio.get_running_loop().create_future())
        self._waiting.append(waiter)
        self._dispatch()
        try:
            await waiter.admitted
        except asyncio.CancelledError:
            if waiter in self._waiting:
                self._waiting.remove(waiter)
            else:  # admitted and cancelled in the same step of the loop
                self._release(parties, 0.0)
            raise

    def _release(self, parties: tuple[Caller, ...], seconds: float) -> None:
        self._running -= 1
        self._held.subtract(parties)
        for party in parties:
            if not self._held[party]:
                del self._held[party]
            self._charges[party] = (self.charge(party) + seconds, self._now())
        for one in [one for one in self._charges if self.charge(one) < FORGET_BELOW_SECONDS]:
            del self._charges[one]
        self._dispatch()

    def _dispatch(self) -> None:
        """Admit everything that may run now, and wake up when the next caller has waited long enough."""
        while (waiter := self._next()) is not None:
            self._waiting.remove(waiter)
            self._running += 1
            self._held.update(waiter.parties)
            waiter.admitted.set_result(None)
            if self._on_wait:
                self._on_wait(self._now() - waiter.since)
        if self._timer:
            self._timer.cancel()
            self._timer = None
        waits = [one.since + EXTRA_SECONDS - self._now() for one in self._waiting]
        if self._running < self._places + self._extra and (ahead := [wait for wait in waits if wait > 0]):
            self._timer = asyncio.get_running_loop().call_later(min(ahead), self._dispatch)

    def _next(self) -> _Waiter | None:
        """Return the waiter that is admitted next, or None where none may be."""
        return min(self._admissible(), key=self._rank, default=None)

    def _rank(self, waiter: _Waiter) -> list[tuple[int, float]]:
        return [(self._held[party], self.charge(party)) for party in waiter.parties]

    def _admissible(self) -> Iterator[_Waiter]:
        if self._running < self._places:
            yield from self._waiting
            return
        left = self._places + self._extra - self._running
        for waiter in self._waiting:
            # The last extra place is for a party that holds none at all: names cost an attacker nothing.
            is_new = not self._held[waiter.parties[0]]
            has_waited = self._now() - waiter.since >= EXTRA_SECONDS
            if left > (0 if is_new else 1) and has_waited and not self._held[waiter.narrowest]:
                yield waiter

    def _now(self) -> float:
        return self._clock() if self._clock else asyncio.get_running_loop().time()


class FairThreads:
    """Threads for work that would block the event loop, shared by callers as places are.

    The threads share one interpreter: more of them than there are idle processors only slow the loop.
    """

    def __init__(self, name: str, places: int = 1, extra: int = 1, on_wait: OnWait | None = None) -> None:
        self._places = FairPlaces(places, extra, on_wait=on_wait)
        self._threads = ThreadPoolExecutor(places + extra, name)

    async def run(self, caller: Caller, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Return what `work` returns. A cancelled caller keeps its place until the thread is done."""
        async with self._places.hold(caller):
            call = partial(contextvars.copy_context().run, partial(work, *args, **kwargs))
            running = asyncio.get_running_loop().run_in_executor(self._threads, call)
            try:
                return await asyncio.shield(running)
            except asyncio.CancelledError:
                await asyncio.wait([running])
                raise

    def close(self) -> None:
        """Start no more work. What runs in a thread ends by itself."""
        self._threads.shutdown(wait=False, cancel_futures=True)
