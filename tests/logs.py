"""Logs that a test writes by hand, and replicas that share them. Knows no server: a test names one."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import AsyncExitStack, aclosing, asynccontextmanager

import orjson

from chat.cluster.mirrors import Mirror
from chat.cluster.replica import Replica
from chat.generations.events import Event
from chat.generations.generation import Generation, GenerationLimits
from chat.generations.registry import Generations

QUIET = GenerationLimits(abandoned_after=0)  # seconds; 0: no subscriber is needed
OPENING = Event("generation", b"{}")
PATIENCE_SECONDS = 60


class Hand:
    """A source that yields each batch when the test gives it."""

    def __init__(self) -> None:
        self.is_closed = False
        self._batches: asyncio.Queue[Sequence[Event] | BaseException | None] = asyncio.Queue()

    def give(self, *texts: str) -> None:
        self._batches.put_nowait([chunk(text) for text in texts])

    def give_events(self, *events: Event) -> None:
        self._batches.put_nowait(events)

    def fail(self, error: BaseException) -> None:
        self._batches.put_nowait(error)

    def end(self) -> None:
        self._batches.put_nowait(None)

    async def write(self) -> AsyncGenerator[Sequence[Event]]:
        try:
            while (batch := await self._batches.get()) is not None:
                if isinstance(batch, BaseException):
                    raise batch
                yield batch
        finally:
            self.is_closed = True


def start_by_hand(limits: GenerationLimits = QUIET) -> tuple[Generations, Generation, Hand]:
    """Start a generation whose source the test drives."""
    generations, hand = Generations(limits), Hand()
    return generations, generations.start(hand.write()), hand


def chunk(text: str) -> Event:
    return Event("chunk", orjson.dumps({"text": text}), text)


async def read(generation: Generation, after: int = -1) -> list[Event]:
    async with asyncio.timeout(PATIENCE_SECONDS), aclosing(generation.follow(after)) as batches:
        return [event async for batch in batches for event in batch]


async def read_until(generation: Generation, count: int) -> list[Event]:
    """Return the first `count` events, or a few more, when they are in the log."""
    seen: list[Event] = []
    async with asyncio.timeout(PATIENCE_SECONDS), aclosing(generation.follow()) as batches:
        async for batch in batches:
            seen += batch
            if len(seen) >= count:
                break
    return seen


async def settle() -> None:
    """Run the loop until every task waits for something from outside."""
    for _ in range(10):
        await asyncio.sleep(0)


@asynccontextmanager
async def open_replicas(
    url: str, count: int = 2, limits: GenerationLimits = QUIET
) -> AsyncGenerator[list[tuple[Generations, Replica, list[Mirror]]], None]:
    """Open replicas without engines. Yield for each its generations and the logs that it found sealed."""
    async with AsyncExitStack() as stack:
        made = []
        for _ in range(count):
            generations, sealed = Generations(limits), list[Mirror]()
            one = Replica(url, generations.limits, generations.known, sealed.append)
            await one.open("test")
            stack.push_async_callback(one.aclose)
            stack.push_async_callback(generations.aclose)
            made.append((generations, one, sealed))
        yield made


async def publish(generations: Generations, one: Replica, hand: Hand, owner: str = "anna") -> Generation:
    """Start a generation that other replicas can find."""
    generation = generations.start(hand.write(), owner=owner, opening=[OPENING])
    one.publish(generation, conversation_id="c", message_id="m", begun=("", ""))
    await one.wait_until_open(generation)
    return generation
