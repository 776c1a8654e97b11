"""Replicas over a real Redis: the others follow and stop the answers of a writer."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import aclosing, suppress
from typing import TYPE_CHECKING, Any

import orjson
import pytest

from chat.cluster import mirrors, wire
from chat.cluster.replica import Replica
from chat.errors import ChatError, NotFound, Unreachable
from chat.generations.events import Event, done_event
from chat.generations.generation import GenerationLimits
from chat.visitors import Guest, Visitor
from tests.logs import PATIENCE_SECONDS, Hand, chunk, open_replicas, publish, read, read_until, settle

if TYPE_CHECKING:
    from tests.servers_redis import RedisServer  # the plugin below imports it first

pytest_plugins = ("tests.servers_redis",)

ANNA = Visitor(Guest("anna"))


# --- the log, from elsewhere --------------------------------------------------------------------------------


async def test_an_earlier_log_is_read_completely_also_a_long_one(redis: RedisServer) -> None:
    async with open_replicas(redis.url) as [(here, one, _), (_, other, _)]:
        hand = Hand()
        generation = await publish(here, one, hand)
        hand.give(*map(str, range(7_000)))
        hand.end()
        await generation.wait()
        mirror = await other.find(generation.id, "anna")
        assert await read(mirror) == list(generation.events)


async def test_subscribers_elsewhere_that_drop_and_resume_get_every_event_once(redis: RedisServer) -> None:
    async with open_replicas(redis.url, 3) as [(here, one, _), *others]:
        hand = Hand()
        generation = await publish(here, one, hand)

        async def follow_with_cuts(number: int) -> list[Event]:
            mine: list[Event] = []
            while not mine or mine[-1].type != "done":
                place = others[(number + len(mine)) % 2][1]
                found = await place.find(generation.id, "anna")
                async with aclosing(found.follow(len(mine) - 1)) as batches:
                    async for batch in batches:
                        mine += batch
                        if len(mine) % 3 == number % 3:
                            break
            return mine

        readers = [asyncio.create_task(follow_with_cuts(number)) for number in range(6)]
        for number in range(300):
            hand.give(f"{number} ")
            if number % 7 == 0:
                await asyncio.sleep(0.005)
        hand.end()
        async with asyncio.timeout(PATIENCE_SECONDS):
            received = await asyncio.gather(*readers)
        assert received == [list(generation.events)] * 6


async def test_a_generation_of_another_owner_is_not_found_elsewhere_either(redis: RedisServer) -> None:
    async with open_replicas(redis.url) as [(here, one, _), (_, other, _)]:
        generation = await publish(here, one, Hand())
        for id in (generation.id, "nowhere"):
            with pytest.raises(NotFound):
                await other.find(id, "ben")
        anyones = await publish(here, one, Hand(), owner="")
        assert (await other.find(anyones.id, "ben")).id == anyones.id


async def test_stop_elsewhere_ends_it_here_and_returns_with_the_ending(redis: RedisServer) -> None:
    async with open_replicas(redis.url) as [(here, one, _), (_, other, _)]:
        hand = Hand()
        generation = await publish(here, one, hand)
        mirror = await other.find(generation.id, "anna")
        began = asyncio.get_running_loop().time()
        await mirror.stop()
        assert asyncio.get_running_loop().time() - began < 1
        assert (generation.finish_reason, mirror.finish_reason, hand.is_closed) == (
            "cancelled",
            "cancelled",
            True,
        )


async def test_a_subscriber_elsewhere_keeps_an_answer_alive_and_its_leaving_does_not_end_it(
    redis: RedisServer, short_beats: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mirrors, "UNUSED_SECONDS", 0.2)
    async with open_replicas(redis.url, limits=GenerationLimits(abandoned_after=0.4)) as [
        (here, one, _),
        (_, other, _),
    ]:
        generation = await publish(here, one, Hand())
        mirror = await other.find(generation.id, "anna")
        async with aclosing(mirror.follow(idle=1.5)) as batches:
            assert [await anext(batches), await anext(batches)] == [[Event("generation", b"{}")], ()]
        assert not generation.is_finished
        async with asyncio.timeout(PATIENCE_SECONDS):
            await generation.wait()
        assert (generation.finish_reason, mirror.lost is not None) == ("abandoned", True)


# --- faults -------------------------------------------------------------------------------------------------


async def test_the_log_of_a_dead_writer_is_sealed_once_and_the_same_for_all(
    redis: RedisServer, short_beats: None
) -> None:
    async with open_replicas(redis.url, 3) as [(here, one, _), (_, other, sealed), (_, third, _)]:
        hand = Hand()
        generation = await publish(here, one, hand)
        hand.give("a")
        mirror = await other.find(generation.id, "anna")
        await read_until(mirror, 2)
        for task in one._tasks:  # it sends nothing more, like a dead process
            task.cancel()
        events = await read(mirror)
        assert [event.type for event in events] == ["generation", "chunk", "error"]
        assert orjson.loads(events[-1].data)["error"]["type"] == "interrupted"
        assert await read(await third.find(generation.id, "anna")) == events
        assert [(each.id, each.text) for each in sealed] == [(generation.id, "a")]


async def test_a_writer_that_is_late_with_its_heartbeat_is_no_dead_one(
    redis: RedisServer, short_beats: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mirrors, "SLOW_SECONDS", PATIENCE_SECONDS)
    async with open_replicas(redis.url) as [(here, one, _), (_, other, sealed)]:
        hand = Hand()
        generation = await publish(here, one, hand)
        mirror = await other.find(generation.id, "anna")
        refreshed = asyncio.Semaphore(0)

        async def refresh() -> None:
            await look()
            (alive,) = await other._redis.run([("EXISTS", other._names.alive(one.id))])
            if not alive and other._is_trusted():
                refreshed.release()

        look = other._mirrors.refresh
        monkeypatch.setattr(other._mirrors, "refresh", refresh)
        one._tasks[0].cancel()  # no more heartbeats, but its channel is open
        async with asyncio.timeout(PATIENCE_SECONDS):
            for _ in range(3):
                await refreshed.acquire()
        hand.give("a")
        hand.end()
        assert [event.type for event in await read(mirror)] == ["generation", "chunk", "done"]
        assert sealed == []


async def test_the_many_logs_of_a_dead_writer_are_sealed_in_few_round_trips(
    redis: RedisServer, short_beats: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with open_replicas(redis.url) as [(here, one, _), (_, other, sealed)]:
        written = [await publish(here, one, Hand()) for _ in range(50)]
        found = [await other.find(generation.id, "anna") for generation in written]
        sent = 0

        async def count(commands: Sequence[Any]) -> list[Any]:
            nonlocal sent
            sent += any(command[0] == "XADD" for command in commands)
            return await run(commands)

        run = other._redis.run
        monkeypatch.setattr(other._redis, "run", count)
        for task in one._tasks:
            task.cancel()
        for mirror in found:
            assert [event.type for event in await read(mirror)] == ["generation", "error"]
        assert (sent, len(sealed)) == (1, 50)


async def test_no_heartbeat_waits_for_the_care_of_mirrors(
    redis: RedisServer, short_beats: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with open_replicas(redis.url, 1) as [(_, one, _)]:
        is_stuck, beats = asyncio.Event(), asyncio.Semaphore(0)

        async def never_end() -> None:
            is_stuck.set()
            await asyncio.Event().wait()

        async def beat() -> None:
            await send()
            if is_stuck.is_set():
                beats.release()

        send = one._send_heartbeat
        monkeypatch.setattr(one._mirrors, "refresh", never_end)
        monkeypatch.setattr(one, "_send_heartbeat", beat)
        async with asyncio.timeout(PATIENCE_SECONDS):
            for _ in range(3):
                await beats.acquire()


async def test_a_subscriber_ahead_of_a_dead_writers_log_receives_the_ending(
    redis: RedisServer, short_beats: None
) -> None:
    async with open_replicas(redis.url) as [(here, one, _), (_, other, _)]:
        generation = await publish(here, one, Hand())
        for task in one._tasks:
            task.cancel()
        mirror = await other.find(generation.id, "anna")
        (waiting,) = await read(mirror, 7)  # the same for a later subscriber
        (late,) = await read(await other.find(generation.id, "anna"), 7)
        assert (waiting.type, late, mirror.ending_id) == ("error", waiting, wire.SEAL)


async def test_a_writer_that_was_taken_for_dead_goes_on_for_its_own_subscribers(redis: RedisServer) -> None:
    async with open_replicas(redis.url) as [(here, one, _), (_, other, _)]:
        hand = Hand()
        generation = await publish(here, one, hand)
        ending = wire.pack_events([done_event("cancelled")])
        key = one._names.events(generation.id)
        await other._redis.run([("XADD", key, f"{wire.SEAL}-0", wire.EVENTS, ending)])
        hand.give("a")
        await read_until(generation, 2)
        mirror = await other.find(generation.id, "anna")
        assert [event.type for event in await read(mirror)] == ["generation", "done"]
        # A subscriber that comes back with the id of that ending has the first event, and gets the rest.
        await generation.reach(mirror.ending_id)
        hand.give("b")
        await read_until(generation, 3)
        late = asyncio.create_task(read(generation, mirror.ending_id))
        await mirror.stop()  # the others have an ending, but the writer writes
        assert [event.text for event in await read(generation)] == ["", "a", "b", ""]
        assert [event.text for event in await late] == ["a", "b", ""]
        assert (generation.is_read(mirror.ending_id), generation.is_read(3)) == (False, True)
        assert generation.finish_reason == "cancelled"


async def test_a_stop_that_does_not_reach_a_writer_taken_for_dead_says_so(
    redis: RedisServer, short_beats: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mirrors, "STOP_SECONDS", 0.5)
    async with open_replicas(redis.url) as [(here, one, _), (_, other, _)]:
        generation = await publish(here, one, Hand())
        mirror = await other.find(generation.id, "anna")
        held = asyncio.Event()
        monkeypatch.setattr(one, "_handle_message", lambda _: held.wait())  # a process that stands still
        one._tasks[0].cancel()
        await read(mirror)
        with pytest.raises(Unreachable):
            await mirror.stop()
        one._tasks[1].cancel()  # the process ends, and with it its connection
        async with asyncio.timeout(PATIENCE_SECONDS):
            while True:
                with suppress(Unreachable):
                    await mirror.stop()
                    break
        assert not generation.is_finished


async def test_a_redis_that_comes_back_empty_receives_everything_again(
    redis: RedisServer, short_beats: None
) -> None:
    async with open_replicas(redis.url) as [(here, one, _), (_, other, _)]:
        hand, silent, ended = Hand(), Hand(), Hand()
        generation = await publish(here, one, hand)
        quiet = await publish(here, one, silent)
        kept = await publish(here, one, ended)
        ended.end()
        reading = asyncio.create_task(read(await other.find(generation.id, "anna")))
        hand.give("a")
        await settle()
        redis.stop()
        hand.give("b")
        redis.start()
        hand.give("c")
        for lost in (quiet, kept):  # what is not written to is found missing by the heartbeats
            await find_again(other, lost.id)
        hand.end()
        assert [event.text for event in await reading] == ["", "a", "b", "c", ""]
        assert (await other.find(quiet.id, "anna")).last_id == 0
        assert await read(await other.find(kept.id, "anna")) == list(kept.events)


async def test_readers_elsewhere_lose_nothing_when_redis_is_emptied_under_replicas_that_trust_heartbeats(
    redis: RedisServer, short_beats: None
) -> None:
    async with open_replicas(redis.url, 3) as [(here, one, _), (_, other, sealed), (_, third, _)]:
        hands = [Hand() for _ in range(12)]
        written = [await publish(here, one, hand) for hand in hands]
        followed = [await place.find(each.id, "anna") for each in written for place in (other, third)]
        reading = [asyncio.create_task(read(mirror)) for mirror in followed]
        reading.pop(1).cancel()
        for word in ("a", "b", "c"):
            async with asyncio.timeout(PATIENCE_SECONDS):
                while not all(replica._is_trusted() for replica in (one, other, third)):
                    await asyncio.sleep(0.02)
            redis.stop()
            for hand in hands:
                hand.give(word)
            redis.start()
            # A replica without a copy does not answer now that there is no such log.
            third._mirrors._mirrors.pop(written[0].id)
            await find_again(third, written[0].id, Unreachable)
        for hand in hands:
            hand.end()
        async with asyncio.timeout(PATIENCE_SECONDS):
            received = await asyncio.gather(*reading)
        assert {tuple(event.text for event in events) for events in received} == {("", "a", "b", "c", "")}
        assert not sealed


async def test_a_stop_arrives_although_the_writers_channel_was_cut_just_before(
    redis: RedisServer, short_beats: None
) -> None:
    async with open_replicas(redis.url) as [(here, one, _), (_, other, _)]:
        generation = await publish(here, one, Hand())
        mirror = await other.find(generation.id, "anna")
        redis.run("CLIENT", "KILL", "TYPE", "pubsub")
        await mirror.stop()
        assert (generation.finish_reason, mirror.finish_reason) == ("cancelled", "cancelled")


async def find_again(replica: Replica, id: str, *expected: type[ChatError]) -> None:
    """Return when another replica finds a generation that Redis had lost."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while True:
            with suppress(*(expected or (NotFound, Unreachable))):
                await replica.find(id, "anna")
                return
            await asyncio.sleep(0.01)


async def test_without_redis_local_subscribers_go_on_and_others_get_an_error(
    redis: RedisServer, short_beats: None
) -> None:
    async with open_replicas(redis.url) as [(here, one, _), (_, other, _)]:
        hand = Hand()
        generation = await publish(here, one, hand)
        mirror = await other.find(generation.id, "anna")
        reading = asyncio.create_task(read(mirror))
        redis.stop()
        with pytest.raises(Unreachable):
            await reading
        with pytest.raises(Unreachable):
            await other.find(generation.id, "anna")
        hand.give("a")
        hand.end()
        assert [event.text for event in await read(generation)] == ["", "a", ""]
        assert not mirror.is_finished  # not ended here: the ending is elsewhere


async def test_a_redis_that_is_full_takes_no_answer_away(redis: RedisServer) -> None:
    async with open_replicas(redis.url) as [(here, one, _), (_, other, _)]:
        hand = Hand()
        generation = await publish(here, one, hand)
        mirror = await other.find(generation.id, "anna")
        redis.configure("maxmemory-policy", "noeviction")
        redis.configure("maxmemory", "1")
        hand.give("a")
        assert [event.text for event in await read_until(mirror, 2)] == ["", "a"]  # pushes still arrive
        await mirror.stop()
        assert [event.text for event in await read(generation)] == ["", "a", ""]
        redis.configure("maxmemory", "0")
        async with asyncio.timeout(PATIENCE_SECONDS):
            while one._publisher._publications:
                await asyncio.sleep(0.05)
        async with open_replicas(redis.url, 1) as [(_, late, _)]:
            assert await read(await late.find(generation.id, "anna")) == list(generation.events)


async def test_a_start_on_a_slow_replica_waits_until_others_can_find_it(
    redis: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with open_replicas(redis.url) as [(here, one, _), (_, other, _)]:

        async def run_late(commands: Sequence[Any]) -> list[Any]:
            await asyncio.sleep(0.5)
            return await run(commands)

        run = one._redis.run
        monkeypatch.setattr(one._redis, "run", run_late)
        generation = await publish(here, one, Hand())
        assert (await other.find(generation.id, "anna")).id == generation.id


async def test_an_answer_that_begins_while_redis_is_full_is_not_unknown_elsewhere(redis: RedisServer) -> None:
    async with open_replicas(redis.url) as [(here, one, _), (_, other, _)]:
        redis.configure("maxmemory-policy", "noeviction")
        redis.configure("maxmemory", "1")
        hand = Hand()
        generation = await publish(here, one, hand)
        with pytest.raises(Unreachable):
            await other.find(generation.id, "anna")
        redis.configure("maxmemory", "0")
        with pytest.raises(Unreachable):  # the writer tries again in a moment
            await other.find("another", "anna")
        async with asyncio.timeout(PATIENCE_SECONDS):
            while (mirror := await find_or_none(other, generation.id)) is None:
                await asyncio.sleep(0.05)
        hand.give("a")
        hand.end()
        assert await read(mirror) == list(generation.events)


async def find_or_none(replica: Replica, id: str) -> mirrors.Mirror | None:
    with suppress(Unreachable):
        return await replica.find(id, "anna")
    return None


# --- wire ---------------------------------------------------------------------------------------------------


def test_what_is_packed_is_read_back() -> None:
    events: Sequence[Event] = [chunk("a"), Event("chunk", b"{}", "b", "why", True), done_event("stop")]
    assert wire.unpack_events(wire.pack_events(events)) == events
    message = wire.PUSH + wire.pack_push("x", 7, wire.pack_events(events)) + wire.pack_push("y", 0, b"[]")
    assert list(wire.read_pushes(message)) == [
        wire.Push("x", 7, list(events)),
        wire.Push("y", 0, []),
    ]
    about = wire.About("anna", "r", "c", "m", "text", "why")
    fields = [
        wire.EVENTS,
        wire.pack_events(events),
        wire.ABOUT,
        wire.pack_about(about),
    ]
    assert wire.read_entry(b"9-0", fields) == wire.Entry(9, list(events), about)
    assert (wire.read_entry(b"9-0", fields).first, wire.Entry(wire.SEAL, []).first) == (
        6,
        None,
    )
