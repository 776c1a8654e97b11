"""Replicas over a real Redis: what one writes, the others follow, stop and continue."""

from __future__ import annotations

import asyncio
import dataclasses
import subprocess
import sys
from collections.abc import AsyncGenerator, Sequence
from contextlib import AsyncExitStack, aclosing, asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import orjson
import pytest

from chat.allowances import Allowances
from chat.completions import Endpoint
from chat.engine import Engine
from chat.errors import InvalidRequest, NotFound, Refused, TemporaryOver, Unreachable
from chat.events import Event, done_event
from chat.generations import Generation, Limits
from chat.replicas import mirrors, replica, wire
from chat.settings import Settings
from chat.turns import Options, Turn, Visitor
from tests.logs import PATIENCE_SECONDS, Hand, chunk, open_replicas, publish, read, read_until, settle
from tests.provider import Call, Provider, closed_port
from tests.servers import make_settings

if TYPE_CHECKING:
    from tests.servers_redis import RedisServer  # the plugin below imports it first

pytest_plugins = ("tests.servers_redis",)

ANNA = Visitor("anna")


@asynccontextmanager
async def open_engines(
    redis: RedisServer, provider: Provider, folder: Path, count: int = 2, **environ: str
) -> AsyncGenerator[list[Engine], None]:
    """Replicas in one process, with one history."""
    async with AsyncExitStack() as stack:
        engines = []
        for _ in range(count):
            engine = Engine(make_settings(folder, REDIS_URL=redis.url, **environ))
            await engine.open()
            stack.push_async_callback(engine.aclose)
            engine.connect(Endpoint(provider.url, "sk-test", ("held", "plain", "burst-3000")))
            engines.append(engine)
        yield engines


@pytest.fixture
def short_beats(monkeypatch: pytest.MonkeyPatch) -> None:
    """A replica is taken for dead after a tenth of the time."""
    for module, name in ((replica, "BEAT_SECONDS"), (replica, "ALIVE_SECONDS"), (replica, "GONE_SECONDS")):
        monkeypatch.setattr(module, name, getattr(module, name) / 10)


# --- the log, from elsewhere --------------------------------------------------------------------------------


async def test_a_log_that_was_there_before_is_read_whole_and_a_long_one_too(redis: RedisServer) -> None:
    async with open_replicas(redis.url) as [(here, one, _), (_, other, _)]:
        hand = Hand()
        generation = await publish(here, one, hand)
        hand.give(*map(str, range(7_000)))
        hand.end()
        await generation.wait()
        mirror = await other.find(generation.id, "anna")
        assert await read(mirror) == list(generation.events)


async def test_readers_elsewhere_that_drop_and_resume_get_all_once(redis: RedisServer) -> None:
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


async def test_anothers_generation_is_not_found_elsewhere_either(redis: RedisServer) -> None:
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


async def test_a_reader_elsewhere_keeps_an_answer_alive_and_one_that_leaves_does_not_end_it(
    redis: RedisServer, short_beats: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mirrors, "UNUSED_SECONDS", 0.2)
    async with open_replicas(redis.url, limits=Limits(abandoned_after=0.4)) as [
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
        assert (generation.finish_reason, mirror.lost is not None) == ("cancelled", True)


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
        for task in one._tasks:  # it says nothing more, like a process that is gone
            task.cancel()
        events = await read(mirror)
        assert [event.type for event in events] == ["generation", "chunk", "error"]
        assert orjson.loads(events[-1].data)["error"]["type"] == "interrupted"
        assert await read(await third.find(generation.id, "anna")) == events
        assert [(each.id, each.text) for each in sealed] == [(generation.id, "a")]


async def test_a_reader_who_was_ahead_of_what_a_dead_writer_published_is_told_of_its_end(
    redis: RedisServer, short_beats: None
) -> None:
    async with open_replicas(redis.url) as [(here, one, _), (_, other, _)]:
        generation = await publish(here, one, Hand())
        for task in one._tasks:
            task.cancel()
        mirror = await other.find(generation.id, "anna")
        (waiting,) = await read(mirror, 7)  # the same for one who comes later
        (late,) = await read(await other.find(generation.id, "anna"), 7)
        assert (waiting.type, late, mirror.ending_id) == ("error", waiting, wire.SEAL)


async def test_a_writer_that_was_taken_for_dead_goes_on_for_its_own_readers(redis: RedisServer) -> None:
    async with open_replicas(redis.url) as [(here, one, _), (_, other, _)]:
        hand = Hand()
        generation = await publish(here, one, hand)
        ending = wire.pack_events([done_event("cancelled")])
        key = wire.stream_key(generation.id)
        await other._link.run([("XADD", key, f"{wire.SEAL}-0", wire.EVENTS, ending)])
        hand.give("a")
        await read_until(generation, 2)
        assert [event.type for event in await read(await other.find(generation.id, "anna"))] == [
            "generation",
            "done",
        ]
        hand.end()
        assert [event.text for event in await read(generation)] == ["", "a", ""]


async def test_a_redis_that_comes_back_empty_is_told_everything_again(
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
        await asyncio.sleep(0.6)  # two beats: what is not written to is found missing by them
        hand.end()
        assert [event.text for event in await reading] == ["", "a", "b", "c", ""]
        assert (await other.find(quiet.id, "anna")).last_id == 0
        assert await read(await other.find(kept.id, "anna")) == list(kept.events)


async def test_where_redis_is_gone_for_good_local_readers_go_on_and_others_are_told(
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
        assert not mirror.is_finished  # nobody has ended it: it has an ending, elsewhere


async def test_a_redis_that_is_full_takes_no_answer_away(redis: RedisServer) -> None:
    async with open_replicas(redis.url) as [(here, one, _), (_, other, _)]:
        hand = Hand()
        generation = await publish(here, one, hand)
        mirror = await other.find(generation.id, "anna")
        redis.configure("maxmemory-policy", "noeviction")
        redis.configure("maxmemory", "1")
        hand.give("a")
        assert [event.text for event in await read_until(mirror, 2)] == ["", "a"]  # it is pushed all the same
        await mirror.stop()
        assert [event.text for event in await read(generation)] == ["", "a", ""]
        redis.configure("maxmemory", "0")
        async with asyncio.timeout(PATIENCE_SECONDS):
            while one._publisher._publications:
                await asyncio.sleep(0.05)
        async with open_replicas(redis.url, 1) as [(_, late, _)]:
            assert await read(await late.find(generation.id, "anna")) == list(generation.events)


# --- engines ------------------------------------------------------------------------------------------------


async def begin(one: Engine, provider: Provider) -> tuple[Generation, str, Call]:
    """Start an answer of which "Hello " is there; return it, its conversation, and its writer."""
    generation = await one.start(Turn("Hi"), ANNA)
    call = await provider.next_call()
    await call.text("Hello ")
    await read_until(generation, 2)
    return generation, one.conversation_of(generation), call


async def test_a_conversation_goes_on_on_another_replica(
    redis: RedisServer, provider: Provider, tmp_path: Path
) -> None:
    async with open_engines(redis, provider, tmp_path) as [one, other]:
        generation, conversation, call = await begin(one, provider)
        running = (await other.branch(conversation, "anna"))[-1]
        assert (running.finish_reason, running.generation_id) == (None, generation.id)
        mirror = await other.find(generation.id, "anna")
        await other.stop(generation.id, "anna")
        assert mirror.text == "Hello "
        await asyncio.wait_for(call.connection.wait_closed(), PATIENCE_SECONDS)
        stopped = (await other.branch(conversation, "anna"))[-1]
        assert (stopped.finish_reason, stopped.text) == ("cancelled", "Hello ")
        more = await other.continue_generation(generation.id, ANNA)
        with pytest.raises(InvalidRequest):
            await one.continue_generation(generation.id, ANNA)
        call = await provider.next_call()
        await call.text("world")
        await call.finish()
        await read(await one.find(more.id, "anna"))
        assert (await one.branch(conversation, "anna"))[-1].text == "Hello world"


async def test_the_same_request_id_starts_one_answer_on_whatever_replica(
    redis: RedisServer, provider: Provider, tmp_path: Path
) -> None:
    async with open_engines(redis, provider, tmp_path, 3) as engines:
        turn = Turn("Hi", request_id="r", options=Options(model="plain"))
        started = await asyncio.gather(*[engine.start(turn, ANNA) for engine in engines])
        again = await engines[2].start(turn, ANNA)
        assert len({generation.id for generation in [*started, again]}) == 1
        assert await read(started[0]) == await read(again)
        assert len(provider.chats) == 1


async def test_a_request_that_failed_to_start_may_be_tried_on_another_replica(
    redis: RedisServer, provider: Provider, tmp_path: Path
) -> None:
    async with open_engines(redis, provider, tmp_path) as [one, other]:
        with pytest.raises(NotFound):
            await one.start(Turn("Hi", file_ids=("none",), request_id="r"), ANNA)
        assert (await other.start(Turn("Hi", request_id="r"), ANNA)).last_id == 0


async def test_a_file_attached_on_one_is_asked_about_and_deleted_on_another(
    redis: RedisServer, provider: Provider, tmp_path: Path
) -> None:
    async with open_engines(redis, provider, tmp_path) as [one, other]:
        path = tmp_path / "fox.txt"
        path.write_text("The fox is red.", "utf-8")
        file = await one.attach(path, "fox.txt", Visitor("anna"))
        await file.finish()
        turn = Turn("Which colour is the fox?", file_ids=(file.id,), options=Options(model="plain"))
        await read(await other.start(turn, ANNA))
        assert "The fox is red." in provider.chats[0].raw.decode()
        await other.detach(file.id, "anna")
        with pytest.raises(NotFound):
            await one.attachment(file.id, "anna")


async def test_deleting_a_conversation_stops_what_others_write_in_it_on_every_branch(
    redis: RedisServer, provider: Provider, tmp_path: Path
) -> None:
    async with open_engines(redis, provider, tmp_path, 3) as [one, two, other]:
        first, conversation, _ = await begin(one, provider)
        answer = (await two.branch(conversation, "anna"))[-1]
        second = await two.retry(answer.id, ANNA)
        await other.delete_conversation(conversation, "anna")
        assert (first.finish_reason, second.finish_reason) == ("cancelled", "cancelled")
        with pytest.raises(NotFound):
            await other.branch(conversation, "anna")


async def test_a_temporary_conversation_is_over_on_another_replica_which_says_so(
    redis: RedisServer, provider: Provider, tmp_path: Path
) -> None:
    async with open_engines(redis, provider, tmp_path) as [one, other]:
        turn = Turn("Hi", is_temporary=True, options=Options(model="plain"))
        generation = await one.start(turn, ANNA)
        await read(await other.find(generation.id, "anna"))
        more = dataclasses.replace(turn, conversation_id=one.conversation_of(generation))
        with pytest.raises(TemporaryOver):
            await other.start(more, ANNA)
        await read(await one.start(more, ANNA))
        assert len(await one.branch(more.conversation_id, "anna")) == 4


async def test_what_a_dead_replica_wrote_is_kept_whole_and_continued(
    redis: RedisServer, provider: Provider, tmp_path: Path, short_beats: None
) -> None:
    async with open_engines(redis, provider, tmp_path) as [one, other]:
        generation, conversation, _ = await begin(one, provider)
        writer = one._elsewhere.replica
        assert writer
        await asyncio.sleep(0.05)
        for task in writer._tasks:
            task.cancel()
        await read(await other.find(generation.id, "anna"))
        await other.records.recorder.settle(conversation)
        kept = await other.history.message((await other.branch(conversation, "anna"))[-1].id, "anna")
        assert (kept.text, kept.finish_reason) == ("Hello ", "error")
        assert kept.error
        assert kept.error["type"] == "interrupted"
        more = await other.continue_generation(generation.id, ANNA)
        call = await provider.next_call()
        await call.text("world")
        await call.finish()
        await read(more)
        assert (await other.branch(conversation, "anna"))[-1].text == "Hello world"
        generation.cancel()  # the one that was taken for dead ends late: it changes nothing any more
        await one.records.recorder.settle(conversation)
        assert (await other.branch(conversation, "anna"))[-1].text == "Hello world"


# --- limits -------------------------------------------------------------------------------------------------


async def test_limits_count_for_all_replicas_and_here_while_redis_is_away(redis: RedisServer) -> None:
    settings = Settings.from_env({"REDIS_URL": redis.url, "RATE_LIMIT": "2/hour", "DAILY_TOKENS": "100"})
    one, other = Allowances(settings), Allowances(settings)
    await one.admit(ANNA)
    await other.admit(ANNA)
    await one.spend(ANNA, 60)
    assert await other.tokens_left(ANNA) == 40
    with pytest.raises(Refused):
        await one.admit(ANNA)
    redis.stop()
    await one.admit(ANNA)
    assert await one.tokens_left(ANNA) == 100
    await one.aclose()
    await other.aclose()


async def test_a_redis_that_was_never_there_is_no_failure(provider: Provider, tmp_path: Path) -> None:
    engine = Engine(
        make_settings(tmp_path, REDIS_URL=f"redis://127.0.0.1:{closed_port()}/0", RATE_LIMIT="9/hour")
    )
    await engine.open()
    engine.connect(Endpoint(provider.url, "sk-test", ("plain",)))
    generation = await engine.start(Turn("Hi", request_id="r"), ANNA)
    assert (await read(generation))[-1].type == "done"
    with pytest.raises(Unreachable):
        await engine.find("elsewhere", "anna")
    await engine.aclose()


def test_without_redis_its_client_is_not_imported() -> None:
    code = (
        "import sys; from chat.engine import Engine; from chat.settings import Settings\n"
        "Engine(Settings.from_env({'DATA_DIR': sys.argv[1]}))\n"
        "print([name for name in ('redis', 'asyncpg', 'chat.replicas') if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, "/nowhere"], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


# --- wire ---------------------------------------------------------------------------------------------------


def test_what_is_packed_is_read_back() -> None:
    events: Sequence[Event] = [chunk("a"), Event("chunk", b"{}", "b", "why", True), done_event("stop")]
    assert wire.unpack_events(wire.pack_events(events)) == events
    message = wire.PUSH + wire.pack_push("x", 7, wire.pack_events(events)) + wire.pack_push("y", 0, b"[]")
    assert list(wire.read_pushes(message)) == [wire.Push("x", 7, list(events)), wire.Push("y", 0, [])]
    about = wire.About("anna", "r", "c", "m", "text", "why")
    fields = [wire.EVENTS, wire.pack_events(events), wire.ABOUT, wire.pack_about(about)]
    assert wire.read_entry(b"9-0", fields) == wire.Entry(9, list(events), about)
    assert (wire.read_entry(b"9-0", fields).first, wire.Entry(wire.SEAL, []).first) == (6, None)
