"""All generations of a process: limits, retention, owners, shutdown. The tests drive each source by hand."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence

import pytest

from chat.errors import ChatError, NotFound, Refused, Stopping
from chat.generations.events import Event, done_event, error_event
from chat.generations.generation import EVENT_OVERHEAD_BYTES, GenerationLimits
from chat.generations.registry import Generations
from chat.shares import Limit, Shares
from chat.visitors import Guest, Network, Visitor
from tests.logs import QUIET, Hand, chunk, read, settle, start_by_hand


async def test_shutdown_ends_every_generation_with_an_event_that_subscribers_receive() -> None:
    generations = Generations(QUIET)
    hands = [Hand() for _ in range(3)]
    running = [generations.start(hand.write()) for hand in hands]
    subscribers = [asyncio.create_task(read(generation)) for generation in running]
    hands[0].give("a")
    await settle()
    ending = error_event(ChatError("The server stops."))
    await generations.aclose(ending)
    assert [await one for one in subscribers] == [[chunk("a"), ending], [ending], [ending]]
    assert [hand.is_closed for hand in hands] == [True, True, True]
    assert [one for one in asyncio.all_tasks() if one.get_name().startswith("generation")] == []
    with pytest.raises(Stopping):
        generations.start(Hand().write())


async def test_a_draining_server_starts_none_and_lets_running_generations_end() -> None:
    generations, generation, hand = start_by_hand()
    draining = asyncio.create_task(generations.drain(60))
    await settle()
    assert (generations.is_closed, generation.is_finished, draining.done()) == (True, False, False)
    with pytest.raises(Stopping):
        generations.start(Hand().write())
    hand.end()
    await asyncio.wait_for(draining, 5)
    assert list(generation.events) == [done_event("stop")]


async def test_shutdown_does_not_wait_longer_than_its_limit_for_a_source(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("chat.generations.registry.CLOSE_SECONDS", 0.01)
    release = asyncio.Event()

    async def stay_open() -> AsyncGenerator[Sequence[Event]]:
        try:
            yield [chunk("a")]
            await asyncio.Event().wait()
        finally:
            await release.wait()

    generations = Generations(QUIET)
    generation = generations.start(stay_open())
    await settle()
    await generations.aclose()
    assert list(generation.events) == [chunk("a"), done_event("cancelled")]
    assert "did not close its source in time" in caplog.text
    release.set()
    await generation.wait()


async def test_shutdown_before_the_first_step_is_an_ending() -> None:
    generations, generation, _ = start_by_hand()
    await generations.aclose()
    assert list(generation.events) == [done_event("cancelled")]


async def test_a_start_past_a_limit_is_refused_with_the_limit_and_a_wait() -> None:
    generations = Generations(GenerationLimits(abandoned_after=0, max_running=2, max_running_per_visitor=1))
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


async def test_a_finished_generation_is_kept_for_the_retention_and_then_forgotten() -> None:
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


async def test_a_generation_of_another_owner_looks_like_none() -> None:
    generations = Generations(QUIET)
    mine = generations.start(Hand().write(), owner="me")
    unowned = generations.start(Hand().write())
    assert (generations.get(mine.id, "me"), generations.get(unowned.id, "you")) == (mine, unowned)
    with pytest.raises(NotFound) as theirs:
        generations.get(mine.id, "you")
    with pytest.raises(NotFound) as missing:
        generations.get("nowhere", "you")
    assert str(theirs.value) == str(missing.value)
    await generations.aclose()


async def test_the_end_callback_runs_once_and_the_place_is_free_again() -> None:
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


async def test_past_a_visitors_bytes_its_own_oldest_is_dropped() -> None:
    limits = GenerationLimits(abandoned_after=0, max_kept_bytes_per_visitor=5 * EVENT_OVERHEAD_BYTES)
    generations = Generations(limits)
    mine, other = Visitor(Guest.of("mine"), Network("a")), Visitor(Guest.of("other"), Network("a"))
    for id, visitor in (("other", other), ("oldest", mine), ("middle", mine), ("newest", mine)):
        hand = Hand()
        one = generations.start(hand.write(), id=id, visitor=visitor)
        hand.give("a")
        hand.end()
        await one.wait()
    assert sorted(generations.known()) == ["middle", "newest", "other"]
    assert generations.bytes == sum(one.bytes for one in generations.known().values())


async def test_an_ending_looks_at_no_other_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Visitor] = []
    find_party = vars(Visitor)["party"].fget

    def ask(visitor: Visitor) -> object:
        asked.append(visitor)
        return find_party(visitor)

    monkeypatch.setattr(Visitor, "party", property(ask))
    generations = Generations(GenerationLimits(abandoned_after=0, max_kept_bytes=EVENT_OVERHEAD_BYTES))
    running = [generations.start(Hand().write(), owner=str(number)) for number in range(100)]
    asked.clear()
    running[0].cancel()
    assert {visitor.owner for visitor in asked} == {running[0].visitor.owner}
    await generations.aclose()


async def test_answers_and_other_bytes_of_a_visitor_share_one_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("chat.generations.generation.GROWTH_BYTES", 0)
    memory = Shares("bytes in memory", Limit(of_visitor=10 * EVENT_OVERHEAD_BYTES))
    generations = Generations(GenerationLimits(abandoned_after=0), memory=memory)
    mine = Visitor(Guest.of("mine"), Network("a"))
    kept, running = Hand(), Hand()
    first = generations.start(kept.write(), visitor=mine, id="kept")
    kept.give("a")
    kept.end()
    await first.wait()
    assert memory.total == first.bytes
    second = generations.start(running.write(), visitor=mine)
    memory.hold(mine, 8 * EVENT_OVERHEAD_BYTES)  # files and requests
    running.give("b")
    running.give("c")
    await second.wait()
    assert (generations.holds("kept"), second.finish_reason) == (False, "error")
    memory.give_back(mine, 8 * EVENT_OVERHEAD_BYTES)
    assert memory.total == 0  # an answer that does not fit is not kept either


async def test_running_answers_past_their_share_end_with_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("chat.generations.generation.GROWTH_BYTES", 0)
    limits = GenerationLimits(abandoned_after=0, max_kept_bytes_per_network=10 * EVENT_OVERHEAD_BYTES)
    generations = Generations(limits)
    hands = [Hand(), Hand()]
    running = [
        generations.start(hand.write(), visitor=Visitor(Guest.of(str(number)), Network("a")))
        for number, hand in enumerate(hands)
    ]
    hands[0].give("a")
    for _ in range(20):
        hands[1].give("b")
    await running[1].wait()
    assert (running[0].is_finished, running[1].finish_reason) == (False, "error")
    hands[0].end()
    await running[0].wait()
