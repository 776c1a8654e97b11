"""One completion in flight: an append-only log of events, with one writer and any number of readers.

    source ──batches──▶ Generation (the log) ◀──follow(after)── reader, reader, reader …

A reader owns nothing: it comes, stalls, leaves or resumes at any event id and changes nothing for the others.
What ends a generation is its source, `cancel`, a limit, shutdown, or nobody following it for a grace time;
every ending is itself an event. Knows no HTTP, no Gradio, no OpenAI and no files: a source is any
asynchronous iterator of batches of events.

Invariants, each with a test of that name: ids are contiguous from 0; an event never changes; exactly one
ending, last; any reader from any id sees the same suffix; following from id n costs O(events after n).
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import AsyncGenerator, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import orjson

from chat.errors import AnswerTooLong, ChatError, NotFound, Refused, Stopping
from chat.generations.events import ENDINGS, Event, Source, done_event, error_event, read_text
from chat.generations.idle_timer import IdleTimer
from chat.ids import new_id
from chat.settings import Settings

log = logging.getLogger(__name__)

CLOSE_SECONDS = 4.0  # how long the sources may take to close at shutdown
BATCH_EVENTS = 2_000  # at most at once: to write 200,000 as frames takes half a second
EVENT_OVERHEAD_BYTES = 250  # what an event costs in memory beside its data, rounded up


@dataclass(frozen=True)
class GenerationLimits:
    """Seconds, counts and bytes; each but the last is a setting."""

    abandoned_after: float = 30
    retention: float = 600
    max_running: int = 1000
    max_running_per_caller: int = 0  # 0: no limit of its own
    max_events: int = 200_000
    max_bytes: int = 64_000_000
    max_kept_bytes: int = 512_000_000

    @classmethod
    def from_settings(cls, settings: Settings) -> GenerationLimits:
        """Return the limits that the owner's settings name."""
        return cls(
            abandoned_after=settings.abandoned_after,
            retention=settings.generation_retention,
            max_running=settings.max_generations,
            max_running_per_caller=settings.max_generations_per_visitor,
            max_events=settings.max_generation_events,
            max_bytes=int(settings.max_generation_mb * 1_000_000),
        )


class Generation:
    """The log and the task that writes it. Made by `Generations.start` alone."""

    def __init__(
        self, id: str, owner: str, caller: str, limits: GenerationLimits, on_end: Callable[[Generation], None]
    ) -> None:
        self.id = id
        self.owner = owner
        self.caller = caller
        self.bytes = 0
        self.is_finished = False  # whether the ending is in the log
        self.is_elsewhere = False  # whether this is a copy of what another replica writes
        self.lost: ChatError | None = None  # why no more comes of a log that another replica writes
        self._limits = limits
        self._on_end = on_end
        self._events: list[Event] = []
        self._said = ("", "")  # text and reasoning of the first `_heard` events: what grows is read once
        self._heard = 0
        self._waiters: list[asyncio.Future[bool]] = []
        self._readers = 0
        self._abandoned: asyncio.TimerHandle | None = None
        self._task: asyncio.Task[None] | None = None

    @property
    def events(self) -> Sequence[Event]:
        """The log so far. Never changed by a reader."""
        return self._events

    @property
    def last_id(self) -> int:
        """The id of the newest event, -1 before the first."""
        return len(self._events) - 1

    @property
    def ending_id(self) -> int:
        """The id under which readers know the ending, once there is one."""
        return self.last_id

    def place_of(self, after: int) -> int:
        """Return the event that a reader has seen who says `after`: ids past the newest are the newest."""
        return min(max(after, -1), self.last_id)

    async def reach(self, after: int) -> None:
        """Return when event `after` is here, or cannot soon be: a copy of a log may be behind its reader."""

    @property
    def text(self) -> str:
        """The answer so far."""
        return self._listen()[0]

    @property
    def reasoning(self) -> str:
        """The reasoning so far."""
        return self._listen()[1]

    @property
    def finish_reason(self) -> str:
        """The provider's reason, `cancelled`, `error`, or empty while it is being written."""
        if not self.is_finished:
            return ""
        ending = self._events[-1]
        return "error" if ending.type == "error" else str(orjson.loads(ending.data)["finish_reason"])

    def find(self, type: str) -> Event | None:
        """Return the newest event of a type."""
        return next((event for event in reversed(self._events) if event.type == type), None)

    async def follow(
        self, after: int = -1, *, idle: float | None = None
    ) -> AsyncGenerator[Sequence[Event], None]:
        """Yield what has gathered past event `after`, then what comes, in batches, until the ending.

        An empty batch says that nothing came for `idle` seconds. Ids past the newest are taken as the newest.
        Close the iterator (`contextlib.aclosing`) when leaving early: it counts as a reader until then.
        Raises Unreachable where another replica writes the log and cannot be reached: that is no event.
        """
        at = self.place_of(after) + 1
        timer = IdleTimer(idle) if idle else None
        self.enter()
        try:
            while True:
                batch = self._events[at : at + BATCH_EVENTS]
                if batch:
                    at += len(batch)
                    yield batch
                    if len(batch) == BATCH_EVENTS:
                        await asyncio.sleep(0)  # who has much to catch up with lets others run
                elif self.is_finished and at <= self.last_id + 1:
                    return
                elif self.is_finished:  # he was ahead of a log that then was cut off
                    at = self.place_of(at - 1) + 1
                elif self.lost:
                    raise self.lost
                elif not await self._changed(timer):
                    yield ()
        finally:
            if timer:
                timer.close()
            self.leave()

    def cancel(self, ending: Event | None = None) -> None:
        """End it now, with `ending` or as cancelled; what had come stays. After the end: no effect."""
        if not self.is_finished:
            self._append([ending or done_event("cancelled")])
            if self._task:
                self._task.cancel()

    def abandon(self) -> None:
        """Nobody has followed it for the grace time."""
        self.cancel()

    async def stop(self) -> None:
        """End it, and return when the ending is in the log and the source is closed."""
        self.cancel()
        await self.wait()

    async def wait(self) -> None:
        """Return when the ending is in the log and the source is closed."""
        if self._task:
            await asyncio.wait([self._task])
            await asyncio.sleep(0)  # the done-callback that seals the log runs in the loop's next step

    def run(self, source: Source, opening: Sequence[Event] = ()) -> asyncio.Task[None]:
        """Start writing the log from the source. Called once, by `Generations`."""
        self._append(opening)
        self._task = asyncio.create_task(self._write(source), name=f"generation {self.id}")
        # A callback and not a `finally`: a task cancelled before its first step never enters its `try`.
        self._task.add_done_callback(self._seal)
        self._arm()
        return self._task

    async def _write(self, source: Source) -> None:
        try:
            async for batch in source:
                self._append(batch)
                if self.is_finished:
                    return
                self._check_limits()
        finally:
            close = getattr(source, "aclose", None)
            if close:
                await close()

    def _append(self, batch: Sequence[Event]) -> None:
        """Append a batch up to its ending, if it has one; after the ending, nothing."""
        if self.is_finished:
            return
        for event in batch:
            self._events.append(event)
            self.bytes += len(event.data) + EVENT_OVERHEAD_BYTES
            if event.type in ENDINGS:
                self.is_finished = True
                break
        self._wake()
        if self.is_finished:
            # Here and not when the task is done: who has read the ending may start another at once, and a
            # source that takes its time to close holds nobody up.
            self._disarm()
            self._on_end(self)

    def _listen(self) -> tuple[str, str]:
        """Return text and reasoning so far; costs what has come since the last time."""
        new, self._heard = self._events[self._heard :], len(self._events)
        if new:
            self._said = read_text(new, *self._said)
        return self._said

    def _check_limits(self) -> None:
        events, size = self._limits.max_events, self._limits.max_bytes
        if len(self._events) > events or self.bytes > size:
            raise AnswerTooLong(f"The answer was cut: it grew past {events} events or {size} bytes.")

    def _seal(self, task: asyncio.Task[None]) -> None:
        error = None if task.cancelled() else task.exception()
        if self.is_finished:
            if error:
                log.warning("generation %s broke after its ending", self.id, exc_info=error)
        elif error:
            self._append([error_event(self._safe(error))])
        else:
            self._append([done_event("cancelled" if task.cancelled() else "stop")])

    def _safe(self, error: BaseException) -> ChatError:
        if isinstance(error, ChatError):
            return error
        log.error("generation %s broke", self.id, exc_info=error)
        return ChatError("Something went wrong here, not with your message. It has been logged.")

    def _wake(self) -> None:
        for waiter in self._waiters:
            if not waiter.done():
                waiter.set_result(True)
        self._waiters.clear()

    async def _changed(self, timer: IdleTimer | None) -> bool:
        """Wait for an append, or for the timer; the time-out is on the log, never on a generator."""
        waiter: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._waiters.append(waiter)
        if timer:
            timer.watch(waiter)
        try:
            return await waiter
        finally:
            if waiter in self._waiters:  # the reader leaves, or nothing came
                self._waiters.remove(waiter)

    @contextmanager
    def held(self) -> Iterator[None]:
        """Count as one who follows, for as long as it takes to tell somebody of it who will."""
        self.enter()
        try:
            yield
        finally:
            self.leave()

    def enter(self) -> None:
        """Count one more who follows."""
        self._readers += 1
        self._disarm()

    def leave(self) -> None:
        """Count one less who follows."""
        self._readers -= 1
        self._arm()

    def _arm(self) -> None:
        if self._readers == 0 and not self.is_finished and self._limits.abandoned_after > 0:
            loop = asyncio.get_running_loop()
            self._abandoned = loop.call_later(self._limits.abandoned_after, self.abandon)

    def _disarm(self) -> None:
        if self._abandoned:
            self._abandoned.cancel()
            self._abandoned = None


class Generations:
    """All generations of this process: starts, finds, forgets and ends them."""

    def __init__(self, limits: GenerationLimits, on_end: Callable[[Generation], None] | None = None) -> None:
        self.limits = limits
        self._on_end = on_end
        self._running: dict[str, Generation] = {}
        self._running_of: Counter[str] = Counter()  # by caller
        self._finished: dict[str, tuple[float, Generation]] = {}  # by ending, oldest first
        self._kept_bytes = 0
        self._closing: set[asyncio.Task[None]] = set()  # a source may close after its ending
        self.is_closed = False  # so that no more are started

    @property
    def running(self) -> int:
        """How many are being written now."""
        return len(self._running)

    def known(self) -> dict[str, Generation]:
        """Return all of them by their ids, running and kept."""
        kept = {id: generation for id, (_, generation) in self._finished.items()}
        return kept | self._running

    def holds(self, id: str) -> bool:
        """Is it one of them?"""
        return id in self._running or id in self._finished

    def check(self, caller: str) -> None:
        """Raise Refused or Stopping where one more may not be started now."""
        if self.is_closed:
            raise Stopping("The server is stopping. Try again in a moment.")
        if self.running >= self.limits.max_running:
            raise Refused(
                f"{self.limits.max_running} answers are being written, the limit. Try again shortly.",
                retry_after=2,
                limit=self.limits.max_running,
            )
        mine = self.limits.max_running_per_caller
        if mine and self._running_of[caller] >= mine:
            raise Refused(
                f"{mine} of your answers are being written, which is the limit. Wait for one or stop it.",
                type="busy_visitor",
                retry_after=2,
                limit=mine,
            )

    def start(
        self,
        source: Source,
        *,
        owner: str = "",
        caller: str = "",
        id: str | None = None,
        opening: Sequence[Event] = (),
    ) -> Generation:
        """Start a generation that reads `source` to its end; `opening` is in its log before it is asked.

        caller: whom it is counted for, where not its owner. Raises Refused at a limit.
        """
        caller = caller or owner
        self.check(caller)
        generation = Generation(id or new_id(), owner, caller, self.limits, self._ended)
        self._running[generation.id] = generation
        self._running_of[caller] += 1
        task = generation.run(source, opening)
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)
        return generation

    def get(self, id: str, owner: str) -> Generation:
        """Return a generation, running or kept. One without an owner belongs to who knows its id."""
        self.forget()
        generation = self._running.get(id) or self._finished.get(id, (0, None))[1]
        if generation is None or generation.owner not in ("", owner):
            raise NotFound("There is no such answer, or it is no longer kept.")
        return generation

    async def drain(self, seconds: float) -> None:
        """Start no more; return when all have ended by themselves, or after these seconds."""
        self.is_closed = True
        if self._closing and seconds:
            await asyncio.wait(self._closing, timeout=seconds)

    async def aclose(self, ending: Event | None = None) -> None:
        """End all that run, with `ending`, and return when each has ended."""
        self.is_closed = True
        for generation in list(self._running.values()):
            generation.cancel(ending)
        if self._closing:
            _, stuck = await asyncio.wait(self._closing, timeout=CLOSE_SECONDS)
            for task in stuck:
                log.error("%s did not let go of its source", task.get_name())
        await asyncio.sleep(0)  # a callback that seals a log may still stand in the loop's queue

    def _ended(self, generation: Generation) -> None:
        del self._running[generation.id]
        self._running_of[generation.caller] -= 1
        if not self._running_of[generation.caller]:
            del self._running_of[generation.caller]
        self._finished[generation.id] = (asyncio.get_running_loop().time(), generation)
        self._kept_bytes += generation.bytes
        self.forget()
        if self._on_end:
            self._on_end(generation)

    def forget(self) -> None:
        """Drop what is past its retention or over the bytes kept, oldest first."""
        now = asyncio.get_running_loop().time()
        while self._finished:
            id, (ended, generation) = next(iter(self._finished.items()))
            is_due = now - ended > self.limits.retention or self._kept_bytes > self.limits.max_kept_bytes
            if not is_due:
                return
            del self._finished[id]
            self._kept_bytes -= generation.bytes
