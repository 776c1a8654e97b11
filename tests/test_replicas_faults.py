"""What a user sees when a replica, Redis, PostgreSQL or the way to one of them fails."""

from __future__ import annotations

import asyncio
import json
import re
import signal
from collections.abc import AsyncGenerator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest
import yaml  # type: ignore[import-untyped]

from chat.turns import Options, Turn
from tests.cutting_proxy import CuttingProxy
from tests.event_source import EventStreamDecoder, ServerSentEvent
from tests.logs import read, read_until
from tests.nginx import DEPLOY, PROGRAM, Nginx, deployed_replicas
from tests.processes import RoutesProcess
from tests.provider import Provider, closed_port
from tests.test_replicas import ANNA, open_engines, short_beats  # noqa: F401 - a fixture

if TYPE_CHECKING:
    from tests.servers_postgres import PostgresServer
    from tests.servers_redis import RedisServer

pytest_plugins = ("tests.servers_redis", "tests.servers_postgres")

TOLD_SECONDS = 10  # until readers hear that the writer was killed
PATIENCE_SECONDS = 60
STREAM = "/ai/stream_chat"


@asynccontextmanager
async def replicas(
    count: int, folder: Path, redis: RedisServer, provider: Provider, **environ: str
) -> AsyncGenerator[list[RoutesProcess], None]:
    async with AsyncExitStack() as stack:
        given = {
            "REDIS_URL": redis.url,
            "OPENAI_BASE_URL": provider.url,
            "OPENAI_API_KEY": "sk-test",
            "OPENAI_MODEL": "held,plain",  # the first is what Continue uses
            "TITLES": "words",
            **environ,
        }
        starting = [stack.enter_async_context(RoutesProcess(folder / str(n), **given)) for n in range(count)]
        yield list(await asyncio.gather(*starting))


async def follow(
    client: httpx.AsyncClient, url: str, seen: list[ServerSentEvent], until: int = 0, **options: Any
) -> int:
    """Read a stream into `seen`, to its end or until it holds so many; return the status."""
    decoder = EventStreamDecoder()
    async with client.stream("GET", url, **options) as response:
        async for data in response.aiter_raw():
            seen += decoder.feed(data)
            if until and len(seen) >= until:
                break
        return response.status_code


def texts(events: Sequence[ServerSentEvent]) -> str:
    pieces = []
    for event in events:
        data = json.loads(event.data) if event.data.startswith("{") else {}
        for choice in data.get("choices", ()):
            pieces.append(choice["delta"].get("content") or "")
    return "".join(pieces)


# --- a replica ----------------------------------------------------------------------------------------------


async def test_kill_9_of_the_writer_is_told_its_readers_and_continue_has_all_that_came(
    redis: RedisServer, postgres_url: str, provider: Provider, tmp_path: Path
) -> None:
    async with (
        replicas(2, tmp_path, redis, provider, DATABASE_URL=postgres_url) as [writer, other],
        asyncio.timeout(PATIENCE_SECONDS),
    ):
        body = {"user_message": "Hi", "model": "held"}
        started = (await writer.client.post("/ai/generations", json=body)).json()
        here: list[ServerSentEvent] = []
        there: list[ServerSentEvent] = []
        reading = [
            asyncio.create_task(follow(each.client, started["events"], seen))
            for each, seen in ((writer, here), (other, there))
        ]
        call = await provider.next_call(30)
        await call.text("Once upon ", "a time ")
        while len(there) < 3:
            await asyncio.sleep(0.02)
        writer.send(signal.SIGKILL)
        async with asyncio.timeout(TOLD_SECONDS):
            await reading[1]
        assert (texts(there), json.loads(there[-1].data)["error"]["type"]) == (
            "Once upon a time ",
            "interrupted",
        )
        with pytest.raises(httpx.TransportError):
            await reading[0]
        # Its own reader comes back elsewhere, with what it has seen.
        back: list[ServerSentEvent] = []
        await follow(other.client, started["events"], back, headers={"last-event-id": here[-1].id})
        assert [json.loads(event.data)["error"]["type"] for event in back] == ["interrupted"]
        done = await other.client.get(started["events"], headers={"last-event-id": back[-1].id})
        assert done.status_code == 204
        path = f"/ai/generations/{started['generation_id']}/continue"
        more = (await other.client.post(path)).json()
        call = await provider.next_call(30)
        assert "Once upon a time " in call.raw.decode()
        await call.text("there was")
        await call.finish()
        rest: list[ServerSentEvent] = []
        await follow(other.client, more["events"], rest)
        assert (texts(rest), rest[-1].data) == ("there was", "[DONE]")


async def test_three_replicas_that_start_at_once_make_one_history(
    redis: RedisServer, postgres_url: str, provider: Provider, tmp_path: Path
) -> None:
    async with replicas(3, tmp_path, redis, provider, DATABASE_URL=postgres_url) as started:
        body = {"user_message": "Hi", "model": "plain"}
        answer = (await started[0].client.post("/ai/generations", json=body)).json()
        for each in started:
            assert "history" not in each.output, each.output
            seen: list[ServerSentEvent] = []
            await follow(each.client, answer["events"], seen)
            assert seen[-1].data == "[DONE]"


async def test_a_replica_cut_from_redis_alone_serves_its_own_readers_and_keeps_the_whole_answer(
    redis: RedisServer,
    provider: Provider,
    tmp_path: Path,
    short_beats: None,  # noqa: F811
) -> None:
    async with AsyncExitStack() as stack:
        proxy = CuttingProxy(redis.port)
        await stack.enter_async_context(proxy)
        redis_url = redis.url
        (other,) = await stack.enter_async_context(open_engines(redis, provider, tmp_path, 1))
        cut_off = type(redis)(tmp_path)
        cut_off.port = int(proxy.url.rpartition(":")[2])
        (writer,) = await stack.enter_async_context(open_engines(cut_off, provider, tmp_path, 1))
        assert (writer.settings.redis_url, other.settings.redis_url) == (cut_off.url, redis_url)
        generation = await writer.start(Turn("Hi"), ANNA)
        call = await provider.next_call(30)
        await call.text("Hello ")
        mirror = await other.find(generation.id, "anna")
        await read_until(mirror, 2)
        await proxy.__aexit__(None, None, None)
        assert (await read(mirror))[-1].type == "error"
        await call.text("world")
        await call.finish()
        assert (await read(generation))[-1].type == "done"
        conversation = writer.conversation_of(generation)
        await writer.records.recorder.settle(conversation)
        kept = (await other.branch(conversation, "anna"))[-1]
        assert (kept.text, kept.finish_reason) == ("Hello world", "stop")


# --- Redis and PostgreSQL -----------------------------------------------------------------------------------


async def test_a_redis_that_stands_still_for_five_seconds_holds_readers_elsewhere_up_and_no_more(
    redis: RedisServer, provider: Provider, tmp_path: Path
) -> None:
    async with open_engines(redis, provider, tmp_path) as [one, other]:
        generation = await one.start(Turn("Hi"), ANNA)
        call = await provider.next_call(30)
        reading = asyncio.create_task(read(await other.find(generation.id, "anna")))
        redis.freeze()
        await call.text("a")
        assert [event.text for event in await read_until(generation, 2)] == ["", "a"]
        began = asyncio.get_running_loop().time()
        second = await one.start(Turn("Hi", request_id="r", options=Options(model="plain")), ANNA)
        assert (await read(second))[-1].type == "done"
        assert asyncio.get_running_loop().time() - began < 5
        await asyncio.sleep(5 - (asyncio.get_running_loop().time() - began))
        redis.thaw()
        await call.finish()
        assert await reading == list(generation.events)
        assert await read(await other.find(second.id, "anna")) == list(second.events)


async def test_postgresql_restarted_or_gone_takes_no_answer_away(
    redis: RedisServer, postgres: PostgresServer, postgres_url: str, provider: Provider, tmp_path: Path
) -> None:
    async with open_engines(redis, provider, tmp_path, DATABASE_URL=postgres_url) as [one, other]:
        first = await one.start(Turn("Hi"), ANNA)
        conversation = one.conversation_of(first)
        call = await provider.next_call(30)
        await one.records.recorder.settle(conversation)
        postgres.stop()
        try:
            await call.text("Hello")
            mirror = await other.find(first.id, "anna")
            await read_until(mirror, 2)
            second = await other.start(Turn("And?", options=Options(model="plain")), ANNA)
            assert (await read(second))[-1].type == "done"
        finally:
            postgres.start()
        await call.finish()
        assert await read(mirror) == await read(first)
        await one.records.recorder.settle(conversation)
        third = await one.start(Turn("Still there?", options=Options(model="plain")), ANNA)
        await read(third)
        await one.records.recorder.settle(one.conversation_of(third))
        assert len(await other.branch(one.conversation_of(third), "anna")) == 2


# --- a rolling restart --------------------------------------------------------------------------------------


async def ask_and_read(url: str, address: str) -> tuple[list[int], str]:
    """Ask over nginx from an address; come back where a stream breaks. Return statuses and text."""
    transport = httpx.AsyncHTTPTransport(local_address=address)
    statuses, seen = list[int](), list[ServerSentEvent]()
    async with httpx.AsyncClient(base_url=url, transport=transport, timeout=30) as client:
        body = {"user_message": "Hi", "model": "paced-50-0.02", "request_id": address}
        started = await client.post("/ai/generations", json=body)
        statuses.append(started.status_code)
        while not seen or seen[-1].data != "[DONE]":
            last = {"last-event-id": seen[-1].id} if seen else {}
            try:
                statuses.append(await follow(client, started.json()["events"], seen, headers=last))
            except httpx.TransportError:
                await asyncio.sleep(0.2)
    assert len({event.id for event in seen}) == len(seen)
    return statuses, texts(seen)


@pytest.mark.skipif(PROGRAM is None, reason="nginx is not installed")
async def test_a_rolling_restart_under_load_loses_no_request_and_no_stream(
    redis: RedisServer, postgres_url: str, provider: Provider, tmp_path: Path
) -> None:
    ports = [closed_port() for _ in range(3)]
    settings = {
        "REDIS_URL": redis.url,
        "DATABASE_URL": postgres_url,
        "OPENAI_BASE_URL": provider.url,
        "SHUTDOWN_GRACE": "25",
        "TITLES": "words",
    }

    def start(number: int, port: int) -> RoutesProcess:
        return RoutesProcess(tmp_path / str(number), **settings, GRADIO_SERVER_PORT=str(port))

    async with AsyncExitStack() as stack, Nginx(tmp_path, 0, deployed_replicas(ports)) as nginx:
        running = await asyncio.gather(
            *[stack.enter_async_context(start(at, port)) for at, port in enumerate(ports)]
        )
        is_over = asyncio.Event()

        async def keep_asking(number: int) -> list[tuple[list[int], str]]:
            results, address = [], 0
            while not is_over.is_set():
                address += 1
                results.append(await ask_and_read(nginx.url, f"127.0.{number + 1}.{address}"))
            return results

        asking = [asyncio.create_task(keep_asking(number)) for number in range(8)]
        for at, port in enumerate(ports):
            await asyncio.sleep(0.5)
            assert (await running[at].stop())[0] == 0, running[at].output
            await stack.enter_async_context(start(at + 3, port))
        is_over.set()
        results = [result for each in await asyncio.gather(*asking) for result in each]
    assert {status for statuses, _ in results for status in statuses} <= {200, 201, 204}
    assert {len(text.split()) for _, text in results} == {50}
    print(f"\n{len(results)} answers over three restarts, requests failed: 0, deltas lost: 0")
    assert len(results) > 24


# --- what is deployed ---------------------------------------------------------------------------------------


def test_the_compose_file_and_nginx_name_the_same_three_replicas() -> None:
    compose = yaml.safe_load((DEPLOY / "compose-replicas.yaml").read_text())
    named = [service for name, service in compose["services"].items() if name.startswith("xiaojia")]
    addresses = [service["networks"]["default"]["ipv4_address"] for service in named]
    listed = re.findall(r"server ([\d.]+):7860", (DEPLOY / "nginx-replicas.conf").read_text())
    assert (len(named), addresses) == (3, listed)
    for service in named:
        environment = service["environment"]
        assert {"REDIS_URL", "DATABASE_URL"} <= set(environment)
        assert int(service["stop_grace_period"].rstrip("s")) > int(environment["SHUTDOWN_GRACE"])
