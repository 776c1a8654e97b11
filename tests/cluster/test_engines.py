"""Replicas over a real Redis and one history share conversations, files, request ids and limits."""

from __future__ import annotations

import asyncio
import dataclasses
import subprocess
import sys
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import AsyncExitStack, aclosing, asynccontextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from chat.completions import Endpoint
from chat.engine import Engine
from chat.errors import HistoryUnavailable, InvalidRequest, NotFound, Refused, TemporaryOver, Unreachable
from chat.generations.generation import Generation
from chat.limits import counters
from chat.limits.quotas import Quotas
from chat.settings import Settings
from chat.turns.turn import Options, Turn
from chat.ui.callbacks import Callbacks, Showing, Shown
from chat.ui.follower import Followers
from chat.ui.visits import Visit
from chat.visitors import Guest, Visitor
from tests.logs import PATIENCE_SECONDS, read, read_until
from tests.provider import Call, Provider, closed_port
from tests.servers import make_settings

pytestmark = pytest.mark.slow  # two engines on one Redis

if TYPE_CHECKING:
    from tests.servers_redis import RedisNodes, RedisServer  # the plugin below imports it first

pytest_plugins = ("tests.servers_redis",)

ANNA = Visitor(Guest("anna"))


@pytest.fixture(params=["shared_redis", "shared_cluster"])
def either(request: pytest.FixtureRequest) -> RedisServer | RedisNodes:
    """A single Redis, and a cluster."""
    server: RedisServer | RedisNodes = request.getfixturevalue(request.param)
    return server


@asynccontextmanager
async def open_engines(
    redis: RedisServer | RedisNodes, provider: Provider, folder: Path, count: int = 2, **environ: str
) -> AsyncGenerator[list[Engine], None]:
    """Replicas in one process, with one history; names in Redis that no other test has."""
    environ = {"REDIS_PREFIX": folder.name, **environ}
    async with AsyncExitStack() as stack:
        engines = []
        for _ in range(count):
            engine = Engine(make_settings(folder, REDIS_URL=redis.url, **environ))
            await engine.open()
            stack.push_async_callback(engine.aclose)
            engine.connect(Endpoint(provider.url, "sk-test", ("held", "plain", "burst-3000")))
            engines.append(engine)
        yield engines


async def begin(one: Engine, provider: Provider) -> tuple[Generation, str, Call]:
    """Start an answer that has written "Hello "; return it, its conversation, and its writer."""
    generation = await one.start(Turn("Hi"), ANNA)
    call = await provider.next_call()
    await call.text("Hello ")
    await read_until(generation, 2)
    return generation, one.conversation_of(generation), call


async def test_a_conversation_goes_on_on_another_replica(
    either: RedisServer | RedisNodes, provider: Provider, tmp_path: Path
) -> None:
    async with open_engines(either, provider, tmp_path) as [one, other]:
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


async def test_no_replica_asks_a_model_without_turns_that_only_another_one_has(
    either: RedisServer | RedisNodes, provider: Provider, tmp_path: Path
) -> None:
    async with open_engines(either, provider, tmp_path) as [one, other]:
        first = await one.start(Turn("Hi", options=Options(model="plain")), ANNA)
        await read(first)
        conversation = one.conversation_of(first)
        assert one._stores.announce
        await one._stores.announce({conversation}, ())  # as when the database has refused a write of it
        turn = Turn("And?", conversation_id=conversation, options=Options(model="plain"))
        with pytest.raises(HistoryUnavailable):
            await other.start(turn, ANNA)
        assert len(provider.chats) == 1
        await one._stores.announce((), {conversation})
        await read(await other.start(turn, ANNA))
        assert len(await one.branch(conversation, "anna")) == 4


async def test_a_page_that_moves_during_an_answer_shows_question_and_ending_elsewhere(
    redis: RedisServer, provider: Provider, tmp_path: Path
) -> None:
    async with open_engines(redis, provider, tmp_path) as [one, other]:
        generation = await one.start(Turn("How does it begin?"), ANNA)
        call = await provider.next_call(30)
        await call.text("Once ")
        visit = Visit(ANNA, "page", conversation=one.conversation_of(generation), target=generation.id)
        visit = dataclasses.replace(visit, generation=generation.id)
        callbacks = Callbacks(other, Followers())
        async with aclosing(callbacks.follow(visit)) as growings:
            async with asyncio.timeout(PATIENCE_SECONDS):
                seen = [str(growing) async for growing in shown_until(growings, "Once")]
        assert all("How does it begin?" in one for one in seen)
        settling = asyncio.create_task(_list(callbacks.settle(visit)))
        await call.text("upon a time")
        await call.finish()
        [shown] = await settling
        assert ("How does it begin?" in str(shown), "Once upon a time" in str(shown)) == (True, True)
        assert (shown.told or {})["is_ended"]


async def shown_until(growings: AsyncIterator[object], text: str) -> AsyncIterator[object]:
    """Yield the updates of a page, up to the first one with this text."""
    async for growing in growings:
        yield growing
        if text in str(growing):
            return


async def _list(showing: Showing) -> list[Shown]:
    return [shown async for shown in showing]


async def test_the_same_request_id_starts_one_answer_on_all_replicas(
    either: RedisServer | RedisNodes, provider: Provider, tmp_path: Path
) -> None:
    async with open_engines(either, provider, tmp_path, 3) as engines:
        turn = Turn("Hi", request_id="r", options=Options(model="plain"))
        started = await asyncio.gather(*[engine.start(turn, ANNA) for engine in engines])
        again = await engines[2].start(turn, ANNA)
        assert len({generation.id for generation in [*started, again]}) == 1
        assert await read(started[0]) == await read(again)
        assert len(provider.chats) == 1


async def start_somewhere(engine: Engine, turn: Turn) -> Generation:
    """Start a turn; again where its answer is being looked for, as a proxy does after a 503."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while True:
            with suppress(Unreachable):
                return await engine.start(turn, ANNA)
            await asyncio.sleep(0.05)


async def test_a_request_id_starts_no_second_answer_after_redis_came_back_empty(
    redis: RedisServer, provider: Provider, tmp_path: Path
) -> None:
    async with open_engines(redis, provider, tmp_path) as [one, other]:
        turn = Turn("Hi", request_id="r", options=Options(model="plain"))
        generation = await one.start(turn, ANNA)
        await read(generation)
        await asyncio.gather(*one._requests._tasks)  # the claim is marked as started
        redis.stop()
        redis.start()
        again = await start_somewhere(other, turn)
        assert await read(again) == await read(generation)
        async with open_engines(redis, provider, tmp_path, 1) as [late]:
            assert (await start_somewhere(late, turn)).id == generation.id
        assert len(provider.chats) == 1


async def test_a_request_id_starts_one_answer_while_redis_is_full(
    redis: RedisServer, provider: Provider, tmp_path: Path
) -> None:
    async with open_engines(redis, provider, tmp_path, 3) as engines:
        redis.configure("maxmemory-policy", "noeviction")
        redis.configure("maxmemory", "1")
        turn = Turn("Hi", request_id="r", options=Options(model="plain"))
        started = await asyncio.gather(*[one.start(turn, ANNA) for one in engines], return_exceptions=True)
        [generation] = [one for one in started if isinstance(one, Generation)]
        assert [type(one) for one in started if one is not generation] == [Unreachable, Unreachable]
        assert (await read(generation))[-1].type == "done"
        assert len(provider.chats) == 1


async def test_two_deployments_on_one_redis_do_not_see_each_other(
    redis: RedisServer, provider: Provider, tmp_path: Path
) -> None:
    limits = {"MAX_GENERATIONS_PER_VISITOR": "1", "RATE_LIMIT": "2/day", "DAILY_TOKENS": "10000"}
    async with (
        open_engines(redis, provider, tmp_path / "a", 1, REDIS_PREFIX="a", **limits) as [one],
        open_engines(redis, provider, tmp_path / "b", 1, REDIS_PREFIX="b", **limits) as [other],
    ):
        turn = Turn("Hi", request_id="r")
        first, second = await one.start(turn, ANNA), await other.start(turn, ANNA)
        assert first.id != second.id
        with pytest.raises(NotFound):
            await other.find(first.id, "anna")
        with pytest.raises(Refused):
            await one.start(Turn("Hi"), ANNA)
        keys = await one._peers.replica._redis.run([("KEYS", "*")])  # type: ignore[union-attr]
        assert {key[:2] for key in keys[0]} == {b"a:", b"b:"}


async def test_a_request_that_failed_to_start_may_be_tried_on_another_replica(
    either: RedisServer | RedisNodes, provider: Provider, tmp_path: Path
) -> None:
    async with open_engines(either, provider, tmp_path) as [one, other]:
        with pytest.raises(NotFound):
            await one.start(Turn("Hi", file_ids=("none",), request_id="r"), ANNA)
        assert (await other.start(Turn("Hi", request_id="r"), ANNA)).last_id == 0


async def test_a_file_attached_on_one_is_asked_about_and_deleted_on_another(
    redis: RedisServer, provider: Provider, tmp_path: Path
) -> None:
    async with open_engines(redis, provider, tmp_path) as [one, other]:
        path = tmp_path / "fox.txt"
        path.write_text("The fox is red.", "utf-8")
        file = await one.attach(path, "fox.txt", Visitor(Guest("anna")))
        await file.finish()
        turn = Turn("Which colour is the fox?", file_ids=(file.id,), options=Options(model="plain"))
        await read(await other.start(turn, ANNA))
        assert "The fox is red." in provider.chats[0].raw.decode()
        await other.detach(file.id, "anna")
        with pytest.raises(NotFound):
            await one.attachment(file.id, "anna")


async def test_deleting_a_conversation_stops_answers_of_other_replicas_on_every_branch(
    either: RedisServer | RedisNodes, provider: Provider, tmp_path: Path
) -> None:
    async with open_engines(either, provider, tmp_path, 3) as [one, two, other]:
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


async def test_the_answer_of_a_dead_replica_is_stored_completely_and_continued(
    either: RedisServer | RedisNodes, provider: Provider, tmp_path: Path, short_beats: None
) -> None:
    async with open_engines(either, provider, tmp_path) as [one, other]:
        generation, conversation, _ = await begin(one, provider)
        writer = one._peers.replica
        assert writer
        await asyncio.sleep(0.05)
        for task in writer._tasks:
            task.cancel()
        await read(await other.find(generation.id, "anna"))
        await other._stores.queue.settle(conversation)
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
        generation.cancel()  # the replica that was taken for dead ends late and changes nothing
        await one._stores.queue.settle(conversation)
        assert (await other.branch(conversation, "anna"))[-1].text == "Hello world"


# --- limits -------------------------------------------------------------------------------------------------


async def test_limits_count_over_all_replicas_and_locally_while_redis_is_away(redis: RedisServer) -> None:
    settings = Settings.from_env({"REDIS_URL": redis.url, "RATE_LIMIT": "2/hour", "DAILY_TOKENS": "100"})
    one, other = Quotas(settings), Quotas(settings)
    for each in (one, other):
        each.share("test")
    await one.admit(ANNA)
    await other.admit(ANNA)
    await (await one.reserve(ANNA, 1, 60)).settle(60)
    assert await other.tokens_left(ANNA) == 40
    with pytest.raises(Refused):
        await one.admit(ANNA)
    redis.stop()
    await one.admit(ANNA)
    assert await one.tokens_left(ANNA) == 40
    assert await other.tokens_left(ANNA) == 100
    await one.aclose()
    await other.aclose()


async def test_answers_in_progress_count_over_all_replicas(
    redis: RedisServer, provider: Provider, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(counters, "ANSWER_SECONDS", PATIENCE_SECONDS)  # a slow answer is none of this test
    async with open_engines(redis, provider, tmp_path, 3, MAX_GENERATIONS_PER_VISITOR="2") as engines:
        started = await asyncio.gather(
            *[one.start(Turn("Hi"), ANNA) for one in engines * 2], return_exceptions=True
        )
        running = [one for one in started if isinstance(one, Generation)]
        refused = {one.type for one in started if isinstance(one, Refused)}
        assert (len(running), len(started), refused) == (2, 6, {"busy_visitor"})
        assert (await engines[0].start(Turn("Hi"), Visitor(Guest("ben")))).last_id == 0
        redis.stop()
        redis.start()
        for one in engines:
            assert one._membership._places
            while not await one._membership._places._shared.ask(lambda shared: shared.redis.ping()):
                await asyncio.sleep(0.02)
            await one._membership._places.renew()
        again = await asyncio.gather(
            *[one.start(Turn("Hi"), ANNA) for one in engines], return_exceptions=True
        )
        assert {type(one) for one in again} == {Refused}
        running[0].cancel()
        await read(running[0])
        async with asyncio.timeout(PATIENCE_SECONDS):
            while True:
                with suppress(Refused):
                    await engines[2].start(Turn("Hi"), ANNA)
                    break
                await asyncio.sleep(0.02)


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
        "print([name for name in ('redis', 'asyncpg', 'chat.cluster.replica') if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, "/nowhere"], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"
