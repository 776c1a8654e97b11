"""One log, its endings and its limits. Each test drives the source by hand and decides the order."""

from __future__ import annotations

import asyncio
import gc
import sys
import tracemalloc
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing

import orjson
import pytest

from chat.errors import ChatError
from chat.generations.events import Event, done_event, error_event
from chat.generations.generation import EVENT_OVERHEAD_BYTES, GenerationLimits
from chat.generations.registry import Generations
from tests.logs import QUIET, chunk, read, settle, start_by_hand


async def test_a_source_may_change_its_batch_afterwards_without_effect_on_the_log() -> None:
    batch = [chunk("a")]

    async def reuse() -> AsyncGenerator[Sequence[Event]]:
        yield batch
        batch[:] = [chunk("x"), chunk("y")]
        yield ()

    generation = Generations(QUIET).start(reuse())
    assert await read(generation) == [chunk("a"), done_event("stop")]


async def test_an_unknown_exception_is_logged_and_not_shown(caplog: pytest.LogCaptureFixture) -> None:
    _, generation, hand = start_by_hand()
    hand.fail(RuntimeError("the password is 1234"))
    (ending,) = await read(generation)
    assert orjson.loads(ending.data)["error"]["type"] == "internal_error"
    assert b"1234" not in ending.data
    assert "the password is 1234" in caplog.text  # the owner reads it in the log


async def test_following_from_id_n_costs_what_comes_after_n() -> None:
    """Counted in bytes allocated and not in seconds: a copy of the log would show."""
    _, generation, hand = start_by_hand()
    hand.give(*["word"] * 100_000)
    await settle()
    assert generation.last_id == 99_999
    tracemalloc.start()
    async with aclosing(generation.follow(99_989)) as batches:
        assert len(await anext(batches)) == 10
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 20_000


async def test_cancel_before_the_first_step_is_an_ending() -> None:
    _, generation, _ = start_by_hand()
    generation.cancel()
    assert await read(generation) == [done_event("cancelled")]
    await generation.wait()
    assert generation.finish_reason == "cancelled"


async def test_cancel_between_two_batches_keeps_the_events_so_far() -> None:
    _, generation, hand = start_by_hand()
    hand.give("a")
    hand.give("b")
    async with aclosing(generation.follow()) as batches:
        first = await anext(batches)
        generation.cancel()
        rest = [event async for batch in batches for event in batch]
    assert [*first, *rest] == list(generation.events)
    assert rest[-1] == done_event("cancelled")


@pytest.mark.parametrize("ends_first", [True, False])
async def test_cancel_after_the_end_or_twice_has_no_effect(ends_first: bool) -> None:
    _, generation, hand = start_by_hand()
    if ends_first:
        hand.end()
        await generation.wait()
    generation.cancel()
    generation.cancel(error_event(ChatError("late")))
    await generation.wait()
    generation.cancel()
    assert list(generation.events) == [done_event("stop" if ends_first else "cancelled")]


async def test_a_source_that_is_slow_to_close_does_not_delay_the_ending() -> None:
    release = asyncio.Event()

    async def stay_open() -> AsyncGenerator[Sequence[Event]]:
        yield [chunk("a")]
        try:
            await release.wait()
        except asyncio.CancelledError:
            await release.wait()
        yield [chunk("b")]

    generation = Generations(QUIET).start(stay_open())
    await settle()
    generation.cancel()
    assert await read(generation) == [chunk("a"), done_event("cancelled")]
    release.set()
    await generation.wait()
    assert list(generation.events) == [chunk("a"), done_event("cancelled")]


async def test_a_source_that_fails_while_it_closes_changes_no_ending() -> None:
    async def fail_on_close() -> AsyncGenerator[Sequence[Event]]:
        try:
            yield [chunk("a")]
            await asyncio.Event().wait()
        finally:
            raise OSError("the connection is gone already")

    generation = Generations(QUIET).start(fail_on_close())
    await settle()
    generation.cancel()
    await generation.wait()
    assert list(generation.events) == [chunk("a"), done_event("cancelled")]


async def test_the_grace_time_without_a_subscriber_ends_the_generation() -> None:
    _, generation, hand = start_by_hand(GenerationLimits(abandoned_after=0.01))
    hand.give("a")
    await asyncio.wait_for(generation.wait(), 5)
    assert list(generation.events) == [chunk("a"), done_event("abandoned")]
    assert hand.is_closed


async def test_the_grace_time_starts_again_when_the_last_subscriber_leaves() -> None:
    _, generation, hand = start_by_hand(GenerationLimits(abandoned_after=0.01))
    async with aclosing(generation.follow(idle=0.03)) as batches, aclosing(generation.follow()) as other:
        hand.give("a")
        await anext(other)
        await other.aclose()
        assert [await anext(batches), await anext(batches)] == [[chunk("a")], ()]
        assert not generation.is_finished
    await asyncio.wait_for(generation.wait(), 5)
    assert generation.finish_reason == "abandoned"


async def test_a_held_reference_counts_as_a_subscriber() -> None:
    _, generation, hand = start_by_hand(GenerationLimits(abandoned_after=0.01))
    with generation.hold():
        async with aclosing(generation.follow(idle=0.03)) as batches:
            assert await anext(batches) == ()
        hand.give("a")
        await settle()
        assert not generation.is_finished
    await asyncio.wait_for(generation.wait(), 5)
    assert list(generation.events) == [chunk("a"), done_event("abandoned")]


async def test_the_idle_time_is_counted_from_the_last_batch_and_not_from_the_first() -> None:
    """The timer is set once. When it fires too early, it is set again for the rest."""
    _, generation, hand = start_by_hand()
    loop = asyncio.get_running_loop()
    async with aclosing(generation.follow(idle=0.2)) as batches:
        loop.call_later(0.1, hand.give, "a")
        assert await anext(batches) == [chunk("a")]
        came = loop.time()
        assert await anext(batches) == ()
        assert loop.time() - came >= 0.19
    generation.cancel()


async def test_a_slow_subscriber_gets_no_idle_batch_for_its_own_delay() -> None:
    _, generation, hand = start_by_hand()
    async with aclosing(generation.follow(idle=0.01)) as batches:
        hand.give("a")
        assert await anext(batches) == [chunk("a")]
        later = asyncio.Event()
        asyncio.get_running_loop().call_later(0.01, later.set)
        await later.wait()  # the subscriber's timer was set before this one: it has fired, without a waiter
        hand.give("b")
        await settle()
        assert await anext(batches) == [chunk("b")]
    generation.cancel()


async def test_a_subscriber_that_leaves_during_a_batch_does_not_disturb_the_others() -> None:
    _, generation, hand = start_by_hand()
    leaving, staying = (asyncio.create_task(read(generation)) for _ in range(2))
    await settle()
    hand.give("a")
    leaving.cancel()
    hand.end()
    assert await staying == [chunk("a"), done_event("stop")]
    assert leaving.cancelled() or (await asyncio.wait([leaving]))[0] == {leaving}


async def test_stop_returns_when_the_ending_is_in_the_log_and_the_source_is_closed() -> None:
    _, generation, hand = start_by_hand()
    hand.give("a")
    await settle()
    await generation.stop()
    assert list(generation.events) == [chunk("a"), done_event("cancelled")]
    assert hand.is_closed
    assert (generation.find("chunk"), generation.find("citations")) == (chunk("a"), None)
    assert generation.ending_id == generation.last_id == 1


async def test_a_source_need_not_be_a_generator() -> None:
    class Once:
        def __init__(self) -> None:
            self._left: list[Sequence[Event]] = [[chunk("a")]]

        def __aiter__(self) -> Once:
            return self

        async def __anext__(self) -> Sequence[Event]:
            if self._left:
                return self._left.pop()
            raise StopAsyncIteration

    assert await read(Generations(QUIET).start(Once())) == [chunk("a"), done_event("stop")]


async def test_no_timer_is_left_after_the_end() -> None:
    generations, generation, hand = start_by_hand(GenerationLimits(abandoned_after=3600))
    hand.end()
    await read(generation)
    del generations, hand
    kept = sys.getrefcount(generation)
    gc.collect()
    assert sys.getrefcount(generation) == kept
    assert generation._abandonment._handle is None


@pytest.mark.parametrize(
    "limits", [GenerationLimits(max_events=2), GenerationLimits(max_bytes=2 * EVENT_OVERHEAD_BYTES)]
)
async def test_a_generation_past_its_limit_ends_in_an_error_that_states_it(limits: GenerationLimits) -> None:
    _, generation, hand = start_by_hand(limits)
    hand.give("a")
    hand.give("b", "c")
    hand.give("never")
    events = await read(generation)
    await generation.wait()
    assert [event.text for event in events] == ["a", "b", "c", ""]
    error = orjson.loads(events[-1].data)["error"]
    assert (error["type"], error["retryable"]) == ("answer_too_long", False)
    assert str(limits.max_events) in error["message"]
    assert str(limits.max_bytes) in error["message"]
    assert hand.is_closed


async def test_memory_for_a_delta_is_what_the_limit_counts() -> None:
    """Measured: the log's real bytes stay under what `bytes` says, and above half of it."""
    _, generation, hand = start_by_hand()
    data = b'{"id":"chatcmpl-1","choices":[{"index":0,"delta":{"content":"word00001 "}}]}' + b" " * 120
    gc.collect()
    tracemalloc.start()
    batch = [Event("chunk", bytes(bytearray(data)), f"word{n:05} ") for n in range(10_000)]
    hand.give_events(*batch)
    del batch
    await settle()
    real, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    print(
        f"\n{real / 10_000:.0f} bytes a delta, {len(data)} of them its JSON; "
        f"counted {generation.bytes / 10_000:.0f}"
    )
    assert generation.bytes / 2 < real < generation.bytes
    generation.cancel()
    await generation.wait()
