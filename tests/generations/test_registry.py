"""The log, its endings and its limits. Sources are driven by hand: a test decides what has happened when."""

from __future__ import annotations

import asyncio
import gc
import sys
import tracemalloc
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing

import orjson
import pytest

from chat.errors import ChatError, NotFound, Refused, Stopping
from chat.generations.events import Event, done_event, error_event
from chat.generations.registry import EVENT_OVERHEAD_BYTES, Generation, GenerationLimits, Generations
from tests.logs import QUIET, Hand, chunk, read, settle


@pytest.fixture(autouse=True)
async def nothing_left_behind() -> AsyncGenerator[None, None]:
    """End what a test left running: the loop may outlive the test, with the browser of others."""
    yield
    left = [task for task in asyncio.all_tasks() if task.get_name().startswith("generation")]
    for task in left:
        task.cancel()
    await asyncio.gather(*left, return_exceptions=True)


def start(limits: GenerationLimits = QUIET) -> tuple[Generations, Generation, Hand]:
    generations, hand = Generations(limits), Hand()
    return generations, generations.start(hand.write()), hand


# --- the log -----------------------------------------------------------------------------------------------


async def test_what_a_source_does_with_its_batch_afterwards_changes_nothing() -> None:
    batch = [chunk("a")]

    async def reuse() -> AsyncGenerator[Sequence[Event]]:
        yield batch
        batch[:] = [chunk("x"), chunk("y")]
        yield ()

    generation = Generations(QUIET).start(reuse())
    assert await read(generation) == [chunk("a"), done_event("stop")]


async def test_a_fault_of_our_own_tells_nothing_of_itself(caplog: pytest.LogCaptureFixture) -> None:
    _, generation, hand = start()
    hand.fail(RuntimeError("the password is 1234"))
    (ending,) = await read(generation)
    assert orjson.loads(ending.data)["error"]["type"] == "internal_error"
    assert b"1234" not in ending.data
    assert "the password is 1234" in caplog.text  # for the owner


async def test_following_from_id_n_costs_what_comes_after_n() -> None:
    """Counted in bytes allocated and not in seconds: a copy of the log would show."""
    _, generation, hand = start()
    hand.give(*["word"] * 100_000)
    await settle()
    assert generation.last_id == 99_999
    tracemalloc.start()
    async with aclosing(generation.follow(99_989)) as batches:
        assert len(await anext(batches)) == 10
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 20_000


# --- endings from outside ----------------------------------------------------------------------------------


async def test_cancel_before_the_first_step_is_an_ending() -> None:
    _, generation, _ = start()
    generation.cancel()
    assert await read(generation) == [done_event("cancelled")]
    await generation.wait()
    assert generation.finish_reason == "cancelled"


async def test_cancel_between_two_batches_keeps_what_had_come() -> None:
    _, generation, hand = start()
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
    _, generation, hand = start()
    if ends_first:
        hand.end()
        await generation.wait()
    generation.cancel()
    generation.cancel(error_event(ChatError("late")))
    await generation.wait()
    generation.cancel()
    assert list(generation.events) == [done_event("stop" if ends_first else "cancelled")]


async def test_a_source_that_does_not_let_go_cannot_hold_the_ending_up() -> None:
    release = asyncio.Event()

    async def cling() -> AsyncGenerator[Sequence[Event]]:
        yield [chunk("a")]
        try:
            await release.wait()
        except asyncio.CancelledError:
            await release.wait()
        yield [chunk("b")]

    generation = Generations(QUIET).start(cling())
    await settle()
    generation.cancel()
    assert await read(generation) == [chunk("a"), done_event("cancelled")]
    release.set()
    await generation.wait()
    assert list(generation.events) == [chunk("a"), done_event("cancelled")]


async def test_a_source_that_breaks_while_it_closes_changes_no_ending() -> None:
    async def break_on_close() -> AsyncGenerator[Sequence[Event]]:
        try:
            yield [chunk("a")]
            await asyncio.Event().wait()
        finally:
            raise OSError("the connection is gone already")

    generation = Generations(QUIET).start(break_on_close())
    await settle()
    generation.cancel()
    await generation.wait()
    assert list(generation.events) == [chunk("a"), done_event("cancelled")]


async def test_nobody_following_for_the_grace_time_ends_it() -> None:
    _, generation, hand = start(GenerationLimits(abandoned_after=0.01))
    hand.give("a")
    await asyncio.wait_for(generation.wait(), 5)
    assert list(generation.events) == [chunk("a"), done_event("cancelled")]
    assert hand.is_closed


async def test_the_grace_time_begins_anew_when_the_last_reader_leaves() -> None:
    _, generation, hand = start(GenerationLimits(abandoned_after=0.01))
    async with aclosing(generation.follow(idle=0.03)) as batches, aclosing(generation.follow()) as other:
        hand.give("a")
        await anext(other)
        await other.aclose()
        assert [await anext(batches), await anext(batches)] == [[chunk("a")], ()]
        assert not generation.is_finished
    await asyncio.wait_for(generation.wait(), 5)
    assert generation.finish_reason == "cancelled"


async def test_an_answer_that_somebody_is_being_told_of_counts_as_followed() -> None:
    _, generation, hand = start(GenerationLimits(abandoned_after=0.01))
    with generation.held():
        async with aclosing(generation.follow(idle=0.03)) as batches:
            assert await anext(batches) == ()
        hand.give("a")
        await settle()
        assert not generation.is_finished
    await asyncio.wait_for(generation.wait(), 5)
    assert list(generation.events) == [chunk("a"), done_event("cancelled")]


async def test_a_reader_is_told_of_the_time_since_the_last_batch_and_not_since_the_first() -> None:
    """The timer is set once, and looks when it fires whether that was too early."""
    _, generation, hand = start()
    loop = asyncio.get_running_loop()
    async with aclosing(generation.follow(idle=0.2)) as batches:
        loop.call_later(0.1, hand.give, "a")
        assert await anext(batches) == [chunk("a")]
        came = loop.time()
        assert await anext(batches) == ()
        assert loop.time() - came >= 0.19
    generation.cancel()


async def test_a_reader_who_was_slow_himself_is_told_of_no_idle_time() -> None:
    _, generation, hand = start()
    async with aclosing(generation.follow(idle=0.01)) as batches:
        hand.give("a")
        assert await anext(batches) == [chunk("a")]
        later = asyncio.Event()
        asyncio.get_running_loop().call_later(0.01, later.set)
        await later.wait()  # the reader's timer was set before this one: it has fired, and nobody waited
        hand.give("b")
        await settle()
        assert await anext(batches) == [chunk("b")]
    generation.cancel()


async def test_a_reader_who_leaves_while_a_batch_comes_disturbs_nobody() -> None:
    _, generation, hand = start()
    leaving, staying = (asyncio.create_task(read(generation)) for _ in range(2))
    await settle()
    hand.give("a")
    leaving.cancel()
    hand.end()
    assert await staying == [chunk("a"), done_event("stop")]
    assert leaving.cancelled() or (await asyncio.wait([leaving]))[0] == {leaving}


async def test_stop_returns_when_the_ending_is_there_and_the_source_closed() -> None:
    _, generation, hand = start()
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
    generations, generation, hand = start(GenerationLimits(abandoned_after=3600))
    hand.end()
    await read(generation)
    del generations, hand
    kept = sys.getrefcount(generation)
    gc.collect()
    assert sys.getrefcount(generation) == kept
    assert generation._abandoned is None


async def test_shutdown_ends_all_that_run_with_an_event_that_readers_get() -> None:
    generations = Generations(QUIET)
    hands = [Hand() for _ in range(3)]
    running = [generations.start(hand.write()) for hand in hands]
    readers = [asyncio.create_task(read(generation)) for generation in running]
    hands[0].give("a")
    await settle()
    ending = error_event(ChatError("The server stops."))
    await generations.aclose(ending)
    assert [await reader for reader in readers] == [[chunk("a"), ending], [ending], [ending]]
    assert [hand.is_closed for hand in hands] == [True, True, True]
    assert [one for one in asyncio.all_tasks() if one.get_name().startswith("generation")] == []
    with pytest.raises(Stopping):
        generations.start(Hand().write())


async def test_a_server_that_drains_starts_none_and_lets_those_that_run_end() -> None:
    generations, generation, hand = start()
    draining = asyncio.create_task(generations.drain(60))
    await settle()
    assert (generations.is_closed, generation.is_finished, draining.done()) == (True, False, False)
    with pytest.raises(Stopping):
        generations.start(Hand().write())
    hand.end()
    await asyncio.wait_for(draining, 5)
    assert list(generation.events) == [done_event("stop")]


async def test_shutdown_waits_for_a_source_that_clings_no_longer_than_it_may(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("chat.generations.registry.CLOSE_SECONDS", 0.01)
    release = asyncio.Event()

    async def cling() -> AsyncGenerator[Sequence[Event]]:
        try:
            yield [chunk("a")]
            await asyncio.Event().wait()
        finally:
            await release.wait()

    generations = Generations(QUIET)
    generation = generations.start(cling())
    await settle()
    await generations.aclose()
    assert list(generation.events) == [chunk("a"), done_event("cancelled")]
    assert "did not let go of its source" in caplog.text
    release.set()
    await generation.wait()


async def test_shutdown_before_the_first_step_ends_it_too() -> None:
    generations, generation, _ = start()
    await generations.aclose()
    assert list(generation.events) == [done_event("cancelled")]


# --- limits ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "limits", [GenerationLimits(max_events=2), GenerationLimits(max_bytes=2 * EVENT_OVERHEAD_BYTES)]
)
async def test_a_generation_past_its_limit_ends_in_a_refusal_that_states_it(limits: GenerationLimits) -> None:
    _, generation, hand = start(limits)
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


async def test_one_more_than_may_run_is_refused_with_the_limit_and_a_wait() -> None:
    generations = Generations(GenerationLimits(abandoned_after=0, max_running=2, max_running_per_caller=1))
    one = generations.start(Hand().write(), owner="me")
    with pytest.raises(Refused, match="1 of your answers") as mine:
        generations.start(Hand().write(), owner="me")
    two = generations.start(Hand().write(), owner="you")
    with pytest.raises(Refused, match="2 answers") as all_of_them:
        generations.start(Hand().write(), owner="him")
    assert (mine.value.status, mine.value.type, mine.value.retry_after) == (429, "busy_visitor", 2)
    assert (all_of_them.value.status, all_of_them.value.type) == (429, "busy")
    one.cancel()
    assert await read(one) == [done_event("cancelled")]
    generations.start(Hand().write(), owner="me").cancel()
    two.cancel()
    await generations.aclose()
    assert generations.running == 0


async def test_a_finished_generation_is_kept_for_the_retention_time_and_then_forgotten() -> None:
    generations = Generations(GenerationLimits(abandoned_after=0, retention=0.02))
    hand = Hand()
    generation = generations.start(hand.write(), owner="me")
    hand.end()
    await generation.wait()
    assert generations.get(generation.id, "me") is generation
    late = asyncio.get_running_loop().create_future()
    asyncio.get_running_loop().call_later(0.03, late.set_result, None)
    await late
    with pytest.raises(NotFound):
        generations.get(generation.id, "me")


async def test_past_the_bytes_kept_the_oldest_is_dropped_and_a_running_one_never() -> None:
    generations = Generations(GenerationLimits(abandoned_after=0, max_kept_bytes=5 * EVENT_OVERHEAD_BYTES))
    running = generations.start(Hand().write(), id="running")
    for id in ("oldest", "middle", "newest"):
        hand = Hand()
        one = generations.start(hand.write(), id=id)
        hand.give("a")
        hand.end()
        await one.wait()
    assert [generations.get(id, "").id for id in ("running", "middle", "newest")] == [
        "running",
        "middle",
        "newest",
    ]
    with pytest.raises(NotFound):
        generations.get("oldest", "")
    running.cancel()
    await generations.aclose()


async def test_another_owners_generation_looks_like_none() -> None:
    generations = Generations(QUIET)
    mine = generations.start(Hand().write(), owner="me")
    anyones = generations.start(Hand().write())
    assert (generations.get(mine.id, "me"), generations.get(anyones.id, "you")) == (mine, anyones)
    with pytest.raises(NotFound) as theirs:
        generations.get(mine.id, "you")
    with pytest.raises(NotFound) as nobodys:
        generations.get("nowhere", "you")
    assert str(theirs.value) == str(nobodys.value)
    await generations.aclose()


async def test_the_end_is_told_once_and_frees_the_place() -> None:
    ended: list[str] = []
    generations = Generations(QUIET, lambda generation: ended.append(generation.finish_reason))
    hands = [Hand(), Hand(), Hand()]
    running = [generations.start(hand.write()) for hand in hands]
    hands[0].end()
    hands[1].fail(ChatError("x"))
    running[2].cancel()
    for generation in running:
        await generation.wait()
    assert (sorted(ended), generations.running) == (["cancelled", "error", "stop"], 0)


async def test_memory_for_a_delta_is_what_the_limit_counts() -> None:
    """Measured: the log's real bytes stay under what `bytes` says, and above half of it."""
    _, generation, hand = start()
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
