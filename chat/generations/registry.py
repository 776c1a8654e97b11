"""All generations of this process: starts, finds, forgets and ends them. Knows no source and no wire."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import Counter
from collections.abc import Callable, Hashable, Sequence

from chat.errors import AnswerTooLong, NotFound, Refused, Stopping
from chat.generations.events import Event, Source
from chat.generations.generation import Generation, GenerationLimits
from chat.ids import new_id
from chat.shares import Limit, Shares
from chat.visitors import Guest, Visitor

log = logging.getLogger(__name__)

CLOSE_SECONDS = 4.0  # how long the sources may take to close at shutdown


class AnswerPlaces(Shares):
    """The answers in progress, by visitor and by network."""

    def __init__(self, limits: GenerationLimits) -> None:
        most = Limit(limits.max_running_per_visitor, limits.max_running_per_network, limits.max_running)
        super().__init__("answers", most)

    def refusal(self, number: int) -> Refused:
        """Return the refusal for a limit that all replicas reach together: 1 visitor, 2 network, 3 server."""
        limit = self.limit
        if number == 3:
            return self._refuse_all(limit.total)
        return self._refuse_visitor(limit.of_visitor if number == 1 else limit.of_network)

    def _refuse_visitor(self, most: int) -> Refused:
        return Refused(
            f"{most} of your answers are being written, which is the limit. Wait for one or stop it.",
            type="busy_visitor",
            retry_after=2,
            limit=most,
        )

    def _refuse_all(self, most: int) -> Refused:
        return Refused(
            f"{most} answers are being written, the limit. Try again shortly.", retry_after=2, limit=most
        )


class Generations:
    """The running generations, and the finished ones until their retention is over."""

    def __init__(
        self,
        limits: GenerationLimits,
        on_end: Callable[[Generation], None] | None = None,
        memory: Shares | None = None,
    ) -> None:
        """memory: the shares of all bytes in memory, of which the logs are a part."""
        self.limits = limits
        self._memory = memory or Shares("bytes in memory", Limit())
        self._on_end = on_end
        self._running: dict[str, Generation] = {}
        self.places = AnswerPlaces(limits)
        self._finished: dict[str, tuple[float, Generation]] = {}  # with the time of the ending, oldest first
        self._kept_bytes = 0
        self._kept_of: Counter[Hashable] = Counter()  # bytes of ended ones, by visitor and by network
        self._closing: set[asyncio.Task[None]] = set()  # tasks whose source is not closed yet
        self.is_closed = False  # no more are started

    @property
    def running(self) -> int:
        """Number of generations in progress."""
        return len(self._running)

    @property
    def bytes(self) -> int:
        """Memory of all logs, of running and of ended answers."""
        return self._kept_bytes + sum(one.bytes for one in self._running.values())

    def known(self) -> dict[str, Generation]:
        """Return all generations by id, running and finished."""
        kept = {id: generation for id, (_, generation) in self._finished.items()}
        return kept | self._running

    def holds(self, id: str) -> bool:
        """Return whether a generation of this id is running or kept here."""
        return id in self._running or id in self._finished

    def check(self, visitor: Visitor) -> None:
        """Raise Refused or Stopping if one more generation may not start now."""
        if self.is_closed:
            raise Stopping("The server is stopping. Try again in a moment.")
        self.places.check(visitor)

    def start(
        self,
        source: Source,
        *,
        owner: str = "",
        visitor: Visitor | None = None,
        id: str | None = None,
        opening: Sequence[Event] = (),
    ) -> Generation:
        """Start a generation that reads `source` to its end. `opening` is in the log before that.

        visitor: the caller that it is counted for; the default is the owner. Raises Refused at a limit.
        """
        visitor = visitor or Visitor(Guest(owner) if owner else None)
        self.check(visitor)
        generation = Generation(id or new_id(), owner, visitor, self.limits, self._ended, self._make_room)
        self._running[generation.id] = generation
        self.places.take(visitor)
        task = generation.run(source, opening)
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)
        return generation

    def get(self, id: str, owner: str) -> Generation:
        """Return a generation, running or kept. If it has no owner, the id is enough. Raises NotFound."""
        self.forget()
        generation = self._running.get(id) or self._finished.get(id, (0, None))[1]
        if generation is None or generation.owner not in ("", owner):
            raise NotFound("There is no such answer, or it is no longer kept.")
        return generation

    async def drain(self, seconds: float) -> None:
        """Start no more. Return when all have ended by themselves, or after these seconds."""
        self.is_closed = True
        if self._closing and seconds:
            await asyncio.wait(self._closing, timeout=seconds)

    async def aclose(self, ending: Event | None = None) -> None:
        """End all running generations with `ending`, and return when each has ended."""
        self.is_closed = True
        for generation in list(self._running.values()):
            generation.cancel(ending)
        if self._closing:
            _, stuck = await asyncio.wait(self._closing, timeout=CLOSE_SECONDS)
            for task in stuck:
                log.error("%s did not close its source in time", task.get_name())
        await asyncio.sleep(0)  # a callback that seals a log may still be queued in the loop

    def _ended(self, generation: Generation) -> None:
        del self._running[generation.id]
        self.places.give_back(generation.visitor)
        self._finished[generation.id] = (asyncio.get_running_loop().time(), generation)
        self._kept_bytes += generation.bytes
        for party in _parties(generation):
            self._kept_of[party] += generation.bytes
        with contextlib.suppress(AnswerTooLong):  # it has ended
            self._make_room(generation)
        self.forget()
        if self._on_end:
            self._on_end(generation)

    def forget(self) -> None:
        """Drop finished generations past their retention, oldest first, and those over the bytes kept.

        Over the bytes, the oldest of the network that holds most go first: answers that are started and
        never read push out no other visitor's.
        """
        now = asyncio.get_running_loop().time()
        while self._finished:
            id, (ended, _) = next(iter(self._finished.items()))
            if now - ended <= self.limits.retention:
                break
            self._drop(id)
        most = self._memory.limit.total
        while self._finished and (self.bytes > self.limits.max_kept_bytes or 0 < most < self._memory.total):
            networks = {one.visitor.network for _, one in self._finished.values()}
            self._drop_oldest(max(networks, key=self._kept_of.__getitem__))

    def _make_room(self, generation: Generation) -> None:
        """Drop the oldest ended answers of a visitor, or a network, that has more than its share.

        Raises AnswerTooLong where the running ones alone are more, or all that it has in memory.
        """
        visitor = generation.visitor
        self._memory.hold(visitor, generation.bytes - generation.charged)
        generation.charged = generation.bytes
        while self._memory.is_over(visitor):
            party = next((one for one in _parties(generation) if self._kept_of[one]), None)
            if party is None:
                raise AnswerTooLong(
                    "The answer was cut: your answers and files fill the memory of a visitor."
                )
            self._drop_oldest(party)
        limits = (self.limits.max_kept_bytes_per_visitor, self.limits.max_kept_bytes_per_network)
        for party, limit in zip(_parties(generation), limits, strict=True):
            running = sum(one.bytes for one in self._running.values() if party in _parties(one))
            while self._kept_of[party] and running + self._kept_of[party] > limit:
                self._drop_oldest(party)
            if running > limit:
                raise AnswerTooLong(f"The answer was cut: your answers have {limit:,} bytes, the limit.")

    def _drop_oldest(self, party: Hashable) -> None:
        self._drop(next(id for id, (_, one) in self._finished.items() if party in _parties(one)))

    def _drop(self, id: str) -> None:
        _, generation = self._finished.pop(id)
        self._memory.give_back(generation.visitor, generation.charged)
        self._kept_bytes -= generation.bytes
        for party in _parties(generation):
            self._kept_of[party] -= generation.bytes
            if self._kept_of[party] <= 0:
                del self._kept_of[party]


def _parties(generation: Generation) -> tuple[Hashable, Hashable]:
    return generation.visitor.party, generation.visitor.network
