"""The promises to every subscriber of a log: in the process of its writer, and on another replica."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AsyncExitStack, aclosing
from dataclasses import dataclass
from typing import TYPE_CHECKING

import orjson
import pytest

from chat.errors import ChatError, ProviderError
from chat.generations.events import Event, done_event, error_event, read_text
from chat.generations.generation import BATCH_EVENTS, Generation
from chat.generations.registry import Generations
from tests.logs import (
    OPENING,
    QUIET,
    Hand,
    chunk,
    open_replicas,
    publish,
    read,
    read_until,
    settle,
)

if TYPE_CHECKING:
    from tests.servers_redis import RedisServer

pytest_plugins = ("tests.servers_redis",)

STOPPED = done_event("stop")


@dataclass(frozen=True)
class Log:
    """generation: the log of the subscribers; written: the log of the writer."""

    generation: Generation
    written: Generation
    hand: Hand


StartLog = Callable[[], Awaitable[Log]]


@pytest.fixture(params=["in memory", "on another replica"])
def between(request: pytest.FixtureRequest) -> RedisServer | None:
    """The Redis between writer and subscribers; None: they share memory."""
    if request.param == "in memory":
        return None
    server: RedisServer = request.getfixturevalue("shared_redis")
    return server


@pytest.fixture
async def start_log(between: RedisServer | None) -> AsyncGenerator[StartLog, None]:
    async with AsyncExitStack() as stack:

        async def start() -> Log:
            hand = Hand()
            if between is None:
                generations = Generations(QUIET)
                stack.push_async_callback(generations.aclose)
                written = generations.start(hand.write(), opening=[OPENING])
                return Log(written, written, hand)
            [(here, writer, _), (_, other, _)] = await stack.enter_async_context(open_replicas(between.url))
            written = await publish(here, writer, hand)
            return Log(await other.find(written.id, "anna"), written, hand)

        yield start


async def test_ids_are_contiguous_from_0(start_log: StartLog) -> None:
    log = await start_log()
    log.hand.give("a", "b")
    log.hand.give("c")
    log.hand.end()
    events = await read(log.generation)
    assert events == [OPENING, chunk("a"), chunk("b"), chunk("c"), STOPPED]
    assert [await read(log.generation, after) for after in range(-1, 5)] == [events[at:] for at in range(6)]
    assert log.generation.last_id == 4


async def test_an_event_never_changes(start_log: StartLog) -> None:
    log = await start_log()
    log.hand.give("a")
    before = await read_until(log.generation, 2)
    log.hand.give("b", "c")
    log.hand.end()
    after = await read(log.generation)
    assert after[:2] == before == [OPENING, chunk("a")]
    assert after[1] is before[1]
    with pytest.raises(AttributeError):
        after[1].text = "x"  # type: ignore[misc]


ENDINGS = {
    "its own ending": ([[chunk("a"), done_event("length")]], done_event("length")),
    "none of its own": ([[chunk("a")]], STOPPED),
    "events after the ending": ([[chunk("a"), done_event("length"), chunk("b")]], done_event("length")),
    "two endings": ([[chunk("a"), done_event("length")], [STOPPED]], done_event("length")),
    "an error": ([[chunk("a"), error_event(ChatError("x"))]], error_event(ChatError("x"))),
}


@pytest.mark.parametrize("case", ENDINGS)
async def test_exactly_one_ending_last(start_log: StartLog, case: str) -> None:
    batches, ending = ENDINGS[case]
    log = await start_log()
    for batch in batches:
        log.hand.give_events(*batch)
    log.hand.end()
    assert await read(log.generation) == [OPENING, chunk("a"), ending]
    await log.generation.wait()
    await log.written.wait()
    assert list(log.generation.events) == list(log.written.events) == [OPENING, chunk("a"), ending]
    assert log.hand.is_closed


async def test_a_fault_is_an_ending_with_its_own_sentence(start_log: StartLog) -> None:
    log = await start_log()
    error = ProviderError("It broke off.", type="connection_lost", retryable=True, retry_after=2)
    log.hand.give("a")
    log.hand.fail(error)
    ending = {"message": "It broke off.", "type": "connection_lost", "retryable": True, "retry_after": 2}
    assert await read(log.generation) == [
        OPENING,
        chunk("a"),
        Event("error", orjson.dumps({"error": ending})),
    ]
    assert log.generation.finish_reason == "error"


async def test_any_subscriber_from_any_id_sees_the_same_suffix(start_log: StartLog) -> None:
    log = await start_log()
    log.hand.give("a", "b", "c")
    await read_until(log.generation, 4)
    early = [asyncio.create_task(read(log.generation, after)) for after in range(-1, 4)]
    await settle()
    log.hand.give("d")
    log.hand.end()
    events = await read(log.generation)
    assert [await one for one in early] == [events[at:] for at in range(5)]
    assert await read(log.generation, -7) == events
    assert await read(log.generation, 99) == []


async def test_a_subscriber_that_leaves_changes_nothing_for_the_others(start_log: StartLog) -> None:
    log = await start_log()
    staying = asyncio.create_task(read(log.generation))
    async with aclosing(log.generation.follow(0)) as leaving:
        log.hand.give("a")
        assert await anext(leaving) == [chunk("a")]
    killed = asyncio.create_task(read(log.generation))
    await settle()
    killed.cancel()
    await asyncio.wait([killed])
    log.hand.give("b")
    log.hand.end()
    assert await staying == [OPENING, chunk("a"), chunk("b"), STOPPED]


async def test_a_slow_subscriber_takes_all_new_events_in_one_batch(start_log: StartLog) -> None:
    log = await start_log()
    async with aclosing(log.generation.follow(0)) as batches:
        log.hand.give("a")
        assert await anext(batches) == [chunk("a")]
        for text in "bcd":
            log.hand.give(text)
            await settle()
        assert log.written.text == "abcd"  # the writer did not wait
        await read_until(log.generation, 5)
        assert await anext(batches) == [chunk("b"), chunk("c"), chunk("d")]


async def test_a_long_backlog_does_not_block_other_tasks(start_log: StartLog) -> None:
    log = await start_log()
    log.hand.give(*map(str, range(3 * BATCH_EVENTS)))
    log.hand.end()
    await log.generation.wait()
    steps, batches = 0, list[int]()

    async def count_steps() -> None:
        nonlocal steps
        while True:
            await asyncio.sleep(0)
            steps += 1

    other = asyncio.create_task(count_steps())
    await settle()
    before = steps
    async with aclosing(log.generation.follow()) as following:
        async for batch in following:
            batches.append(len(batch))
            assert steps - before >= len(batches) - 1
    other.cancel()
    assert max(batches) == BATCH_EVENTS
    assert sum(batches) == len(log.written.events)


async def test_a_stalled_subscriber_does_not_delay_the_others(start_log: StartLog) -> None:
    log = await start_log()
    async with aclosing(log.generation.follow(0)) as stalled:
        log.hand.give("a")
        await anext(stalled)
        log.hand.give("b")
        log.hand.end()
        assert await read(log.generation) == [OPENING, chunk("a"), chunk("b"), STOPPED]
        assert await anext(stalled) == [chunk("b"), STOPPED]


async def test_an_idle_subscriber_gets_empty_batches_and_loses_nothing(start_log: StartLog) -> None:
    log = await start_log()
    async with aclosing(log.generation.follow(0, idle=0.001)) as batches:
        assert [await anext(batches), await anext(batches)] == [(), ()]
        log.hand.give("a")
        async with asyncio.timeout(10):
            while not (batch := await anext(batches)):
                pass
        assert batch == [chunk("a")]


async def test_subscribers_that_drop_and_resume_at_random_lose_nothing_and_get_nothing_twice(
    start_log: StartLog,
) -> None:
    """A hundred subscribers, each with its own cuts. The seed decides all."""
    chance, cuts = random.Random(7), 0
    log = await start_log()
    received: list[list[Event]] = [[] for _ in range(100)]

    async def follow_with_cuts(mine: list[Event], seed: int) -> int:
        own, cuts = random.Random(seed), 0
        while not mine or mine[-1].type != "done":
            async with aclosing(log.generation.follow(len(mine) - 1)) as batches:
                async for batch in batches:
                    mine += batch
                    for _ in range(own.randrange(4)):
                        await asyncio.sleep(0)
                    if own.random() < 0.3:
                        cuts += 1
                        break
        return cuts

    async def cancelled_at_random(mine: list[Event], seed: int) -> int:
        own, cuts = random.Random(seed), 0
        while not mine or mine[-1].type != "done":
            reading = asyncio.create_task(follow_with_cuts(mine, own.randrange(10**6)))
            for _ in range(own.randrange(30)):
                await asyncio.sleep(0)
            cuts += reading.cancel()
            await asyncio.wait([reading])
            cuts += 0 if reading.cancelled() else reading.result()
        return cuts

    subscribers = [
        asyncio.create_task((cancelled_at_random if n % 2 else follow_with_cuts)(mine, n))
        for n, mine in enumerate(received)
    ]
    for n in range(2000):
        log.hand.give(*[f"{n}.{at} " for at in range(chance.randrange(1, 4))])
        if chance.random() < 0.5:
            await asyncio.sleep(0)
    log.hand.end()
    cuts = sum([await one for one in subscribers])
    assert received == [list(log.written.events)] * 100
    print(f"\n{cuts} cuts, {log.written.last_id + 1} events each, bytes lost: 0")
    assert cuts > 1000


async def test_stop_keeps_the_events_so_far_and_closes_the_source(start_log: StartLog) -> None:
    log = await start_log()
    log.hand.give("a")
    await read_until(log.generation, 2)
    await log.generation.stop()
    assert list(log.generation.events) == [OPENING, chunk("a"), done_event("cancelled")]
    assert list(log.written.events) == list(log.generation.events)
    await log.generation.stop()
    await log.written.wait()
    assert (log.generation.finish_reason, log.hand.is_closed) == ("cancelled", True)


async def test_text_and_reasoning_are_derived_from_the_events(start_log: StartLog) -> None:
    log = await start_log()
    log.hand.give_events(Event("chunk", b"{}", reasoning="why"), chunk("so "), chunk("it is"))
    await read_until(log.generation, 4)
    assert (log.generation.text, log.generation.reasoning) == ("so it is", "why")
    log.hand.give_events(Event("chunk", '{"x":"世"}'.encode(), "Hello", " indeed", recasts=True))
    log.hand.end()
    events = await read(log.generation)
    assert events == list(log.written.events)
    assert (log.generation.text, log.generation.reasoning) == ("Hello", "whyso it is indeed")
    assert read_text(events) == ("Hello", "whyso it is indeed")


async def test_the_newest_event_of_a_type_is_found(start_log: StartLog) -> None:
    log = await start_log()
    log.hand.give_events(Event("receipt", b"2"), Event("receipt", b"3"))
    await read_until(log.generation, 3)
    assert log.generation.find("receipt") == Event("receipt", b"3")
    assert log.generation.find("generation") == OPENING
    assert (log.generation.find("citations"), log.generation.finish_reason) == (None, "")
