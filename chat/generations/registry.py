"""All generations of this process: starts, finds, forgets and ends them. Knows no source and no wire."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import Counter
from collections.abc import Callable, Hashable, Sequence

from chat.errors import AnswerTooLong, NotFound, Refused, Stopping
from chat.generations.ended_logs import EndedLogs, parties_of
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
        self._running_bytes = 0
        self._running_of: Counter[Hashable] = Counter()  # bytes by visitor and by network
        self._ended_logs = EndedLogs()
        self._closing: set[asyncio.Task[None]] = set()  # tasks whose source is not closed yet
        self.is_closed = False  # no more are started

    @property
    def running(self) -> int:
        """Number of generations in progress."""
        return len(self._running)

    @property
    def bytes(self) -> int:
        """Memory of all logs, of running and of ended answers, but for what running ones grew by lately."""
        return self._ended_logs.bytes + self._running_bytes

    def known(self) -> dict[str, Generation]:
        """Return all generations by id, running and finished."""
        return {one.id: one for one in self._ended_logs} | self._running

    def holds(self, id: str) -> bool:
        """Return whether a generation of this id is running or kept here."""
        return id in self._running or id in self._ended_logs

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
        generation = Generation(id or new_id(), owner, visitor, self.limits, self._ended, self._grew)
        self._running[generation.id] = generation
        self.places.take(visitor)
        task = generation.run(source, opening)
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)
        return generation

    def get(self, id: str, owner: str) -> Generation:
        """Return a generation, running or kept. If it has no owner, the id is enough. Raises NotFound."""
        self.forget()
        generation = self._running.get(id) or self._ended_logs.find(id)
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
        self._charge(generation)
        del self._running[generation.id]
        self._count_running(generation, -generation.charged)
        self.places.give_back(generation.visitor)
        self._ended_logs.add(generation, asyncio.get_running_loop().time())
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
        while self._ended_logs:
            id, ended = self._ended_logs.oldest()
            if now - ended <= self.limits.retention:
                break
            self._drop(id)
        most = self._memory.limit.total
        while self._ended_logs and (self.bytes > self.limits.max_kept_bytes or 0 < most < self._memory.total):
            self._drop_oldest(self._ended_logs.heaviest_network())

    def _grew(self, generation: Generation) -> None:
        """Count what a running generation has grown by. Raises AnswerTooLong."""
        self._charge(generation)
        self._make_room(generation)

    def _charge(self, generation: Generation) -> None:
        grown = generation.bytes - generation.charged
        generation.charged = generation.bytes
        self._memory.hold(generation.visitor, grown)
        self._count_running(generation, grown)

    def _count_running(self, generation: Generation, amount: int) -> None:
        self._running_bytes += amount
        for party in parties_of(generation):
            self._running_of[party] += amount
            if not self._running_of[party]:
                del self._running_of[party]

    def _make_room(self, generation: Generation) -> None:
        """Drop the oldest ended answers of a visitor, or a network, that has more than its share.

        Raises AnswerTooLong where the running ones alone are more, or all that it has in memory.
        """
        visitor, ended = generation.visitor, self._ended_logs
        while self._memory.is_over(visitor):
            party = next((one for one in parties_of(generation) if ended.oldest_of(one)), None)
            if party is None:
                raise AnswerTooLong(
                    "The answer was cut: your answers and files fill the memory of a visitor."
                )
            self._drop_oldest(party)
        limits = (self.limits.max_kept_bytes_per_visitor, self.limits.max_kept_bytes_per_network)
        for party, limit in zip(parties_of(generation), limits, strict=True):
            running = self._running_of[party]
            while ended.bytes_of(party) and running + ended.bytes_of(party) > limit:
                self._drop_oldest(party)
            if running > limit:
                raise AnswerTooLong(f"The answer was cut: your answers have {limit:,} bytes, the limit.")

    def _drop_oldest(self, party: Hashable) -> None:
        if (id := self._ended_logs.oldest_of(party)) is not None:
            self._drop(id)

    def _drop(self, id: str) -> None:
        generation = self._ended_logs.drop(id)
        self._memory.give_back(generation.visitor, generation.charged)
