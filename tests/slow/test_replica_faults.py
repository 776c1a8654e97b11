"""What a user sees when a replica, Redis, PostgreSQL or the way to one of them fails."""

from __future__ import annotations

import asyncio
import json
import re
import signal
from collections.abc import AsyncGenerator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest
import yaml  # type: ignore[import-untyped]

from tests.cutting_proxy import CuttingProxy
from tests.event_source import EventStreamDecoder, ServerSentEvent
from tests.nginx import DEPLOY, PROGRAM, Nginx, deployed_replicas
from tests.processes import RoutesProcess
from tests.provider import Call, Provider, closed_port

if TYPE_CHECKING:
    from tests.servers_postgres import PostgresServer
    from tests.servers_redis import RedisServer

pytest_plugins = ("tests.servers_redis", "tests.servers_postgres")

PATIENCE_SECONDS = 180  # a limit, not a claim
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


@dataclass
class Followed:
    """An answer that two readers follow: `here` on the replica that writes it, `there` on another."""

    generation_id: str
    conversation_id: str
    call: Call
    here: list[ServerSentEvent]
    there: list[ServerSentEvent]
    reading_here: asyncio.Task[int]
    reading_there: asyncio.Task[int]


async def begin(writer: RoutesProcess, other: RoutesProcess, provider: Provider) -> Followed:
    """Start an answer, and return when both readers have its first word."""
    body = {"user_message": "Hi", "model": "held"}
    started = (await writer.client.post("/ai/generations", json=body)).json()
    here, there = list[ServerSentEvent](), list[ServerSentEvent]()
    reading = [
        asyncio.create_task(follow(each.client, started["events"], seen))
        for each, seen in ((writer, here), (other, there))
    ]
    call = await provider.next_call()
    await call.text("Once ")
    for seen in (here, there):
        await wait_for(seen, "Once ")
    ids = started["generation_id"], started["conversation_id"]
    return Followed(*ids, call, here, there, *reading)


async def finish(answer: Followed, text: str) -> None:
    """End the answer; both its readers must have had all of it, and the same."""
    await answer.call.finish()
    assert [await answer.reading_here, await answer.reading_there] == [200, 200]
    assert answer.there == answer.here
    assert (texts(answer.here), answer.here[-1].data) == (text, "[DONE]")


async def wait_for(seen: list[ServerSentEvent], text: str) -> None:
    """Return when a reader has so much."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while texts(seen) != text:
            await asyncio.sleep(0.02)


async def ask(replica: RoutesProcess) -> tuple[str, list[ServerSentEvent]]:
    """Begin another conversation; return where its answer is followed, and all of it."""
    started = await replica.client.post("/ai/generations", json={"user_message": "Hi", "model": "plain"})
    url = str(started.json()["events"])
    seen: list[ServerSentEvent] = []
    assert (started.status_code, await follow(replica.client, url, seen)) == (201, 200)
    assert seen[-1].data == "[DONE]"
    return url, seen


def error_of(events: Sequence[ServerSentEvent]) -> str:
    return str(json.loads(events[-1].data)["error"]["type"])


# --- a replica ----------------------------------------------------------------------------------------------


async def test_kill_9_of_the_writer_is_told_its_readers_and_continue_has_all_that_came(
    redis: RedisServer, postgres_url: str, provider: Provider, tmp_path: Path
) -> None:
    async with (
        replicas(2, tmp_path, redis, provider, DATABASE_URL=postgres_url) as [writer, other],
        asyncio.timeout(PATIENCE_SECONDS),
    ):
        answer = await begin(writer, other, provider)
        url = f"/ai/generations/{answer.generation_id}/events"
        writer.send(signal.SIGKILL)
        async with asyncio.timeout(PATIENCE_SECONDS):
            await answer.reading_there
        assert (texts(answer.there), error_of(answer.there)) == ("Once ", "interrupted")
        with pytest.raises(httpx.TransportError):
            await answer.reading_here
        # Its own reader comes back elsewhere, with what it has seen.
        back: list[ServerSentEvent] = []
        await follow(other.client, url, back, headers={"last-event-id": answer.here[-1].id})
        assert ([event.type for event in back], error_of(back)) == (["resumed", "message"], "interrupted")
        done = await other.client.get(url, headers={"last-event-id": back[-1].id})
        assert done.status_code == 204
        path = f"/ai/generations/{answer.generation_id}/continue"
        more = (await other.client.post(path)).json()
        call = await provider.next_call(30)
        assert "Once " in call.raw.decode()
        await call.text("upon a time")
        await call.finish()
        rest: list[ServerSentEvent] = []
        await follow(other.client, more["events"], rest)
        assert (texts(rest), rest[-1].data) == ("upon a time", "[DONE]")


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
    redis: RedisServer, postgres_url: str, provider: Provider, tmp_path: Path
) -> None:
    given = {"DATABASE_URL": postgres_url}
    async with AsyncExitStack() as stack:
        proxy = await stack.enter_async_context(CuttingProxy(redis.port))
        way = proxy.url.replace("http", "redis")
        [cut_off] = await stack.enter_async_context(
            replicas(1, tmp_path / "a", redis, provider, REDIS_URL=way, **given)
        )
        [other] = await stack.enter_async_context(replicas(1, tmp_path / "b", redis, provider, **given))
        answer = await begin(cut_off, other, provider)
        await proxy.__aexit__(None, None, None)
        async with asyncio.timeout(PATIENCE_SECONDS):
            await answer.reading_there
        assert (texts(answer.there), error_of(answer.there)) == ("Once ", "interrupted")
        await answer.call.text("upon")
        await answer.call.finish()
        assert await answer.reading_here == 200
        assert (texts(answer.here), answer.here[-1].data) == ("Once upon", "[DONE]")
        body = {"user_message": "And?", "model": "plain", "conversation_id": answer.conversation_id}
        await other.client.post(STREAM, json=body)
        assert "Once upon" in str(provider.chats[-1].body["messages"]), "history has all of it"


# --- Redis and PostgreSQL -----------------------------------------------------------------------------------


async def test_a_redis_that_was_restarted_is_told_all_again_and_readers_elsewhere_lose_nothing(
    redis: RedisServer, provider: Provider, tmp_path: Path
) -> None:
    async with replicas(2, tmp_path, redis, provider) as [writer, other]:
        answer = await begin(writer, other, provider)
        redis.stop()
        await answer.call.text("upon ")
        redis.start()
        await answer.call.text("a time")
        await finish(answer, "Once upon a time")


async def test_a_redis_that_is_full_holds_up_no_answer_that_is_followed(
    redis: RedisServer, provider: Provider, tmp_path: Path
) -> None:
    async with replicas(2, tmp_path, redis, provider) as [writer, other]:
        answer = await begin(writer, other, provider)
        redis.configure("maxmemory-policy", "noeviction")
        redis.configure("maxmemory", "1")
        await answer.call.text("upon a time")
        await finish(answer, "Once upon a time")


async def test_where_redis_is_gone_for_good_readers_elsewhere_are_told_to_come_back(
    redis: RedisServer, provider: Provider, tmp_path: Path
) -> None:
    async with replicas(2, tmp_path, redis, provider) as [writer, other]:
        answer = await begin(writer, other, provider)
        redis.stop()
        async with asyncio.timeout(PATIENCE_SECONDS):
            await answer.reading_there
        assert (texts(answer.there), error_of(answer.there)) == ("Once ", "unreachable")
        assert answer.there[-1].id == answer.there[-2].id, (
            "it is no event: who comes back goes on after the last"
        )
        await answer.call.text("upon a time")
        await answer.call.finish()
        assert await answer.reading_here == 200
        assert texts(answer.here) == "Once upon a time"
        url = f"/ai/generations/{answer.generation_id}/events"
        again = await other.client.get(url, headers={"last-event-id": answer.there[-1].id})
        assert again.status_code == 503, "nginx then asks the writer"


async def test_a_redis_that_stands_still_holds_readers_elsewhere_up_and_no_more(
    redis: RedisServer, provider: Provider, tmp_path: Path
) -> None:
    async with replicas(2, tmp_path, redis, provider) as [writer, other]:
        answer = await begin(writer, other, provider)
        redis.freeze()
        await answer.call.text("upon ")
        await wait_for(answer.here, "Once upon ")
        url, seen = await ask(writer)
        assert seen, "an answer that begins meanwhile waits for no Redis"
        assert texts(answer.there) == "Once "
        redis.thaw()
        await answer.call.text("a time")
        await finish(answer, "Once upon a time")
        elsewhere: list[ServerSentEvent] = []
        async with asyncio.timeout(PATIENCE_SECONDS):
            while not elsewhere:  # until the writer has sent again what Redis did not take
                await follow(other.client, url, elsewhere)
        assert elsewhere == seen


async def test_postgresql_restarted_takes_no_answer_and_no_conversation_away(
    redis: RedisServer, postgres: PostgresServer, postgres_url: str, provider: Provider, tmp_path: Path
) -> None:
    async with replicas(2, tmp_path, redis, provider, DATABASE_URL=postgres_url) as [writer, other]:
        answer = await begin(writer, other, provider)
        postgres.stop()
        try:
            await answer.call.text("upon ")
            for seen in (answer.here, answer.there):
                await wait_for(seen, "Once upon ")
            for replica in (writer, other):
                await ask(replica)
        finally:
            postgres.start()
        await answer.call.text("a time")
        await finish(answer, "Once upon a time")
        body = {"user_message": "And?", "model": "plain", "conversation_id": answer.conversation_id}
        await other.client.post(STREAM, json=body)
        assert "Once upon a time" in str(provider.chats[-1].body["messages"])


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
        "SHUTDOWN_GRACE": "170",  # no answer of these tests needs it, on a busy machine either
        "TITLES": "words",
    }

    def start(number: int, port: int) -> RoutesProcess:
        return RoutesProcess(tmp_path / str(number), **settings, GRADIO_SERVER_PORT=str(port))

    async with AsyncExitStack() as stack, Nginx(tmp_path, 0, deployed_replicas(ports)) as nginx:
        running = await asyncio.gather(
            *[stack.enter_async_context(start(at, port)) for at, port in enumerate(ports)]
        )
        is_over = asyncio.Event()

        results = list[tuple[list[int], str]]()

        async def keep_asking(number: int) -> None:
            address = 0
            while not is_over.is_set():
                address += 1
                results.append(await ask_and_read(nginx.url, f"127.0.{number + 1}.{address}"))

        asking = [asyncio.create_task(keep_asking(number)) for number in range(8)]
        for at, port in enumerate(ports):
            async with asyncio.timeout(PATIENCE_SECONDS):
                while len(results) < 8 * (at + 1):  # each restart comes while others ask
                    await asyncio.sleep(0.02)
            assert await running[at].stop() == 0, running[at].output
            await stack.enter_async_context(start(at + 3, port))
        is_over.set()
        await asyncio.gather(*asking)
    assert {status for statuses, _ in results for status in statuses} <= {200, 201, 204}
    assert {len(text.split()) for _, text in results} == {50}
    print(f"\n{len(results)} answers over three restarts, requests failed: 0, deltas lost: 0")
    assert len(results) > 24, "each of three restarts had eight answers before it, and some after"


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
