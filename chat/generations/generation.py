"""One completion in flight: an append-only log of events, with one writer and any number of subscribers.

    source ──batches──▶ Generation (the log) ◀──follow(after)── subscriber, subscriber, …

A subscriber owns nothing: it arrives, stalls, leaves or resumes at any event id and changes nothing for the
others. The source, `cancel`, a limit, shutdown, or a grace time without any subscriber ends a generation;
every ending is itself an event. Knows no HTTP, no Gradio, no OpenAI and no files: a source is any
asynchronous iterator of batches of events.

Invariants, each with a test of that name: ids are contiguous from 0; an event never changes; exactly one
ending, last; any subscriber from any id sees the same suffix; following from id n costs O(events after n).
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import orjson

from chat.errors import AnswerTooLong, ChatError
from chat.generations.abandonment import Abandonment
from chat.generations.events import ENDINGS, Event, Source, done_event, error_event, read_text
from chat.generations.subscriber_timeout import SubscriberTimeout
from chat.settings import Settings
from chat.visitors import Visitor

log = logging.getLogger(__name__)

GROWTH_BYTES = 64_000  # after which the memory of all answers is looked at again
BATCH_EVENTS = 2_000  # largest batch: encoding 200,000 events as frames takes half a second
EVENT_OVERHEAD_BYTES = 250  # memory of an event beside its data, rounded up


@dataclass(frozen=True)
class GenerationLimits:
    """Seconds, counts and bytes. Each except the last three is a setting.

    kept: the logs of running and of ended answers together, of one visitor, one network, the server.
    """

    abandoned_after: float = 600
    retention: float = 600
    max_running: int = 1000
    max_running_per_visitor: int = 0  # 0: no limit per visitor
    max_running_per_network: int = 0
    max_events: int = 200_000
    max_bytes: int = 64_000_000
    max_kept_bytes_per_visitor: int = 128_000_000
    max_kept_bytes_per_network: int = 256_000_000
    max_kept_bytes: int = 512_000_000

    @classmethod
    def from_settings(cls, settings: Settings) -> GenerationLimits:
        """Return the limits of the owner's settings."""
        return cls(
            abandoned_after=settings.abandoned_after,
            retention=settings.generation_retention,
            max_running=settings.max_generations,
            max_running_per_visitor=settings.max_generations_per_visitor,
            max_running_per_network=settings.most_generations_of_an_address,
            max_events=settings.max_generation_events,
            max_bytes=int(settings.max_generation_mb * 1_000_000),
        )


class Generation:
    """The log and the task that writes it. Only `Generations.start` creates one."""

    def __init__(
        self,
        id: str,
        owner: str,
        visitor: Visitor,
        limits: GenerationLimits,
        on_end: Callable[[Generation], None],
        on_growth: Callable[[Generation], None] | None = None,
    ) -> None:
        self.id = id
        self.owner = owner
        self.visitor = visitor
        self.bytes = 0
        self.charged = 0  # of the bytes, those that the memory's shares know of
        self._grown = 0
        self.is_finished = False  # whether the ending is in the log
        self.is_elsewhere = False  # whether this is a copy of a log that another replica writes
        self.lost: ChatError | None = None  # why a log that another replica writes does not go on
        self.sealed_after: int | None = None  # the last event in the copy that other replicas have ended
        self.find_seal: Callable[[Generation], Awaitable[None]] | None = None  # sets `sealed_after`
        self._limits = limits
        self._on_end = on_end
        self._on_growth = on_growth  # raises where the log may not grow further
        self._events: list[Event] = []
        self._text = ("", "")  # text and reasoning of the first `_text_events` events: each is read once
        self._text_events = 0
        self._waiters: list[asyncio.Future[bool]] = []
        self._abandonment = Abandonment(limits.abandoned_after, self.abandon)
        self._task: asyncio.Task[None] | None = None

    @property
    def events(self) -> Sequence[Event]:
        """The log so far. Subscribers never change it."""
        return self._events

    @property
    def last_id(self) -> int:
        """The id of the newest event, -1 before the first."""
        return len(self._events) - 1

    @property
    def ending_id(self) -> int:
        """The id of the ending, once there is one."""
        return self.last_id

    def place_of(self, after: int) -> int:
        """Return `after` within the log: an id past the newest event counts as the newest.

        If other replicas have ended their copy (they took this process for dead), the id of that ending is
        past all events. It counts as the last event before it, so that its subscriber misses none.
        """
        if after > self.last_id and self.sealed_after is not None:
            return self.sealed_after
        return min(max(after, -1), self.last_id)

    def is_read(self, after: int) -> bool:
        """Return whether a subscriber that has event `after` has the whole log."""
        return self.is_finished and self.place_of(after) >= self.ending_id

    async def reach(self, after: int) -> None:
        """Return when the log has event `after`, or will not have it soon: a copy may lag its subscriber.

        Raises Unreachable if nothing says which event a subscriber has that is ahead of this log.
        """
        if after > self.last_id and self.find_seal and self.sealed_after is None:
            await self.find_seal(self)

    @property
    def text(self) -> str:
        """The answer so far."""
        return self._read_text()[0]

    @property
    def reasoning(self) -> str:
        """The reasoning so far."""
        return self._read_text()[1]

    @property
    def finish_reason(self) -> str:
        """The provider's reason, `cancelled`, `abandoned`, `error`, or empty while the log grows."""
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
        """Yield the events after `after` in batches: first those in the log, then new ones, to the ending.

        An empty batch means: no event for `idle` seconds. An id past the newest event counts as the newest.
        Close the iterator (`contextlib.aclosing`) when leaving early: it counts as a subscriber until then.
        Raises Unreachable if another replica writes the log and cannot be reached: that is not an event.
        """
        at = self.place_of(after) + 1
        timer = SubscriberTimeout(idle) if idle else None
        self.add_subscriber()
        try:
            while True:
                batch = self._events[at : at + BATCH_EVENTS]
                if batch:
                    at += len(batch)
                    yield batch
                    if len(batch) == BATCH_EVENTS:
                        await asyncio.sleep(0)  # a long backlog must not block other tasks
                elif self.is_finished and at <= self.last_id + 1:
                    return
                elif self.is_finished:  # the subscriber was ahead of a log that was then cut off
                    at = self.place_of(at - 1) + 1
                elif self.lost:
                    raise self.lost
                elif not await self._wait_for_append(timer):
                    yield ()
        finally:
            if timer:
                timer.close()
            self.remove_subscriber()

    def cancel(self, ending: Event | None = None) -> None:
        """End the generation now, with `ending` or as cancelled. The events so far stay. Idempotent."""
        if not self.is_finished:
            self._append([ending or done_event("cancelled")])
            if self._task:
                self._task.cancel()

    def abandon(self) -> None:
        """End the generation: no subscriber for the grace time. The ending says so: no visitor caused it."""
        self.cancel(done_event("abandoned"))

    async def stop(self) -> None:
        """Cancel, and return when the ending is in the log and the source is closed."""
        self.cancel()
        await self.wait()

    async def wait(self) -> None:
        """Return when the ending is in the log and the source is closed."""
        if self._task:
            await asyncio.wait([self._task])
            await asyncio.sleep(0)  # the done-callback that seals the log runs in the next step of the loop

    def run(self, source: Source, opening: Sequence[Event] = ()) -> asyncio.Task[None]:
        """Start the task that writes the log from the source. Called once, by `Generations`."""
        self._append(opening)
        self._task = asyncio.create_task(self._write(source), name=f"generation {self.id}")
        # A callback and not a `finally`: a task cancelled before its first step never enters its `try`.
        self._task.add_done_callback(self._seal)
        self._abandonment.begin()
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
        """Append a batch up to its ending, if it has one. After the ending nothing is appended."""
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
            # Here, not when the task is done: a client that has read the ending may start another answer at
            # once, and a source that is slow to close must not delay it.
            self._abandonment.close()
            self._on_end(self)

    def _read_text(self) -> tuple[str, str]:
        """Return text and reasoning so far. The cost is that of the events since the last call."""
        new, self._text_events = self._events[self._text_events :], len(self._events)
        if new:
            self._text = read_text(new, *self._text)
        return self._text

    def _check_limits(self) -> None:
        events, size = self._limits.max_events, self._limits.max_bytes
        if len(self._events) > events or self.bytes > size:
            raise AnswerTooLong(f"The answer was cut: it grew past {events} events or {size} bytes.")
        if self._on_growth and self.bytes > self._grown + GROWTH_BYTES:
            self._grown = self.bytes
            self._on_growth(self)

    def _seal(self, task: asyncio.Task[None]) -> None:
        error = None if task.cancelled() else task.exception()
        if self.is_finished:
            if error:
                log.warning("generation %s failed after its ending", self.id, exc_info=error)
        elif error:
            self._append([error_event(self._as_chat_error(error))])
        else:
            self._append([done_event("cancelled" if task.cancelled() else "stop")])

    def _as_chat_error(self, error: BaseException) -> ChatError:
        if isinstance(error, ChatError):
            return error
        log.error("generation %s failed", self.id, exc_info=error)
        return ChatError("Something went wrong here, not with your message. It has been logged.")

    def _wake(self) -> None:
        for waiter in self._waiters:
            if not waiter.done():
                waiter.set_result(True)
        self._waiters.clear()

    async def _wait_for_append(self, timer: SubscriberTimeout | None) -> bool:
        """Return True after an append, False when the timer fires. The timeout never cancels a generator."""
        waiter: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._waiters.append(waiter)
        if timer:
            timer.watch(waiter)
        try:
            return await waiter
        finally:
            if waiter in self._waiters:  # the subscriber leaves, or the timer fired
                self._waiters.remove(waiter)

    @contextmanager
    def hold(self) -> Iterator[None]:
        """Hold a subscriber reference, until the subscriber itself has arrived."""
        self.add_subscriber()
        try:
            yield
        finally:
            self.remove_subscriber()

    def add_subscriber(self) -> None:
        """Count one more subscriber: the generation is not abandoned."""
        self._abandonment.add_subscriber()

    def remove_subscriber(self) -> None:
        """Count one subscriber less. Without any, the grace time begins."""
        self._abandonment.remove_subscriber()
