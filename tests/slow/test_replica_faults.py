"""What a user sees when a replica, Redis, PostgreSQL or the way to one of them fails."""

from __future__ import annotations

import asyncio
import re
import signal
from contextlib import AsyncExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest
import yaml  # type: ignore[import-untyped]

from chat.jobs.checkpoints import CHECKPOINT_SECONDS
from tests.cutting_proxy import CuttingProxy
from tests.event_source import ServerSentEvent
from tests.nginx import DEPLOY, PROGRAM, Nginx, deployed_replicas
from tests.processes import RoutesProcess
from tests.provider import Provider, closed_port
from tests.replica_processes import (
    PATIENCE_SECONDS,
    ask,
    begin,
    error_of,
    finish,
    follow,
    outlive_a_heartbeat,
    replicas,
    texts,
    wait_for,
)

if TYPE_CHECKING:
    from tests.servers_postgres import PostgresServer
    from tests.servers_redis import RedisNodes, RedisServer

pytest_plugins = ("tests.servers_redis", "tests.servers_postgres")

STREAM = "/ai/stream_chat"


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


async def test_a_writer_that_stood_still_is_stopped_from_elsewhere_and_its_readers_skip_nothing(
    redis: RedisServer, postgres_url: str, provider: Provider, tmp_path: Path
) -> None:
    async with replicas(2, tmp_path, redis, provider, DATABASE_URL=postgres_url) as [writer, other]:
        await outlive_a_heartbeat()
        answer = await begin(writer, other, provider)
        url = f"/ai/generations/{answer.generation_id}"
        writer.send(signal.SIGSTOP)
        assert await answer.reading_there == 200
        assert (texts(answer.there), error_of(answer.there)) == ("Once ", "interrupted")
        unreached = await other.client.delete(url)  # it stands still: it is not said that it has stopped
        assert (unreached.status_code, unreached.json()["error"]["type"]) == (503, "unreachable")
        await answer.call.text("upon ")
        writer.send(signal.SIGCONT)
        assert (await other.client.delete(url)).status_code == 200
        assert await answer.reading_here == 200
        assert answer.here[-1].data == "[DONE]"  # the stop has arrived
        back: list[ServerSentEvent] = []
        last = {"last-event-id": answer.there[-1].id}
        await follow(writer.client, f"{url}/events", back, headers=last)
        assert texts(back) == texts(answer.here).removeprefix("Once ")


async def test_a_stop_of_a_writer_that_seemed_dead_arrives_when_it_goes_on(
    redis: RedisServer, postgres_url: str, provider: Provider, tmp_path: Path
) -> None:
    async with replicas(2, tmp_path, redis, provider, DATABASE_URL=postgres_url) as [writer, other]:
        await outlive_a_heartbeat()
        answer = await begin(writer, other, provider)
        writer.send(signal.SIGSTOP)
        redis.run("CLIENT", "KILL", "TYPE", "pubsub")  # it has no channel, and soon no heartbeat
        assert await answer.reading_there == 200
        assert error_of(answer.there) == "interrupted"
        stopped = await other.client.delete(f"/ai/generations/{answer.generation_id}")
        assert (stopped.status_code, stopped.json()["finish_reason"]) == (200, "error")
        writer.send(signal.SIGCONT)
        async with asyncio.timeout(PATIENCE_SECONDS):
            await answer.call.connection.wait_closed()
        assert await answer.reading_here == 200
        assert answer.here[-1].data == "[DONE]"


async def test_a_stop_elsewhere_arrives_although_the_channels_were_cut_just_before(
    redis: RedisServer, provider: Provider, tmp_path: Path
) -> None:
    async with replicas(2, tmp_path, redis, provider) as [writer, other]:
        await outlive_a_heartbeat()
        for _ in range(4):
            answer = await begin(writer, other, provider)
            redis.run("CLIENT", "KILL", "TYPE", "pubsub")
            stopped = await other.client.delete(f"/ai/generations/{answer.generation_id}")
            assert (stopped.status_code, stopped.json()["finish_reason"]) == (200, "cancelled")
            async with asyncio.timeout(PATIENCE_SECONDS):
                await answer.call.connection.wait_closed()
            assert [await answer.reading_here, await answer.reading_there] == [200, 200]
            assert answer.there == answer.here


async def test_two_deployments_on_one_redis_do_not_see_each_other(
    redis: RedisServer, postgres: PostgresServer, postgres_url: str, provider: Provider, tmp_path: Path
) -> None:
    postgres.execute("DROP DATABASE IF EXISTS second")
    postgres.execute("CREATE DATABASE second")
    async with (
        replicas(2, tmp_path / "a", redis, provider, DATABASE_URL=postgres_url) as [one, same],
        replicas(1, tmp_path / "b", redis, provider, DATABASE_URL=postgres.url("second")) as [other],
    ):
        body, anna = {"user_message": "Hi", "model": "plain", "request_id": "r"}, {"x-visitor": "anna"}
        started = [
            (await each.client.post("/ai/generations", json=body, headers=anna)).json()
            for each in (one, same, other)
        ]
        ids = [each["generation_id"] for each in started]
        assert (ids[0] == ids[1], ids[0] == ids[2]) == (True, False)
        url = started[0]["events"]
        assert (await same.client.get(url, headers=anna)).status_code == 200
        assert (await other.client.get(url, headers=anna)).status_code == 404


# --- Redis and PostgreSQL -----------------------------------------------------------------------------------


async def test_a_redis_that_was_restarted_is_told_all_again_and_readers_elsewhere_lose_nothing(
    redis: RedisServer, provider: Provider, tmp_path: Path
) -> None:
    async with replicas(2, tmp_path, redis, provider) as [writer, other]:
        await outlive_a_heartbeat()
        answers = [await begin(writer, other, provider) for _ in range(8)]
        for seconds, text in ((0, "upon "), (3, "a ")):
            redis.stop()
            for answer in answers:
                await answer.call.text(text)
            await asyncio.sleep(seconds)  # for which it is away
            redis.start()
            await outlive_a_heartbeat()
        for answer in answers:
            await answer.call.text("time")
            await finish(answer, "Once upon a time")


async def test_a_node_of_a_cluster_that_came_back_empty_is_told_all_again(
    cluster: RedisNodes, provider: Provider, tmp_path: Path
) -> None:
    async with replicas(2, tmp_path, cluster, provider) as [writer, other]:
        await outlive_a_heartbeat()
        answers = [await begin(writer, other, provider) for _ in range(8)]
        for node in cluster.nodes:
            node.stop()
            for answer in answers:
                await answer.call.text("more ")
            node.start()
            cluster.wait()
            await outlive_a_heartbeat()
        for answer in answers:
            await answer.call.text("time")
            await finish(answer, "Once more more more time")
        for answer in answers:
            url = f"/ai/generations/{answer.generation_id}/events"
            late: list[ServerSentEvent] = []
            assert await follow(other.client, url, late) == 200
            assert texts(late) == "Once more more more time"


async def test_a_node_of_a_cluster_that_is_replaced_by_its_replica_holds_readers_up_and_no_more(
    cluster: RedisNodes, provider: Provider, tmp_path: Path
) -> None:
    cluster.add_replica(of=cluster.nodes[0])
    async with replicas(2, tmp_path, cluster, provider) as [writer, other]:
        await outlive_a_heartbeat()
        answers = [await begin(writer, other, provider) for _ in range(8)]
        cluster.nodes.pop(0).stop()
        for answer in answers:
            await answer.call.text("upon ")
        for answer in answers:
            await wait_for(answer.there, "Once upon ")
        cluster.wait()
        for answer in answers:
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


@pytest.mark.parametrize("way", ["stopped", "silent"])
async def test_postgresql_away_in_mid_answer_loses_no_turn_and_no_word(
    redis: RedisServer,
    postgres: PostgresServer,
    postgres_url: str,
    provider: Provider,
    tmp_path: Path,
    way: str,
) -> None:
    async with replicas(2, tmp_path, redis, provider, DATABASE_URL=postgres_url) as [writer, other]:
        await outlive_a_heartbeat()
        answers = [await begin(writer, other, provider) for _ in range(8)]
        first, second = answers[:4], answers[4:]
        leave(postgres, way)
        try:
            for answer in answers:
                await answer.call.text("upon ")
            if way == "stopped":
                for replica in (writer, other):
                    await ask(replica)
            await asyncio.sleep(CHECKPOINT_SECONDS + 1)  # the next checkpoint is refused
            for answer in first:  # they end while it is away
                await answer.call.text("a time")
                await finish(answer, "Once upon a time")
            if way == "stopped":
                await check_refusal(writer, first[0].conversation_id)
        finally:
            come_back(postgres, way)
        for answer in second:
            await answer.call.text("a time")
            await finish(answer, "Once upon a time")
        for answer in answers:
            for replica in (other, writer):
                assert await next_prompt(replica, provider, answer.conversation_id) >= 1


def leave(postgres: PostgresServer, way: str) -> None:
    postgres.stop() if way == "stopped" else postgres.signal(signal.SIGSTOP)


def come_back(postgres: PostgresServer, way: str) -> None:
    postgres.start() if way == "stopped" else postgres.signal(signal.SIGCONT)


async def check_refusal(replica: RoutesProcess, conversation_id: str) -> None:
    """The next question of a conversation whose turns cannot be read is refused; no model is asked."""
    body = {"user_message": "And?", "model": "plain", "conversation_id": conversation_id}
    refused = await replica.client.post("/ai/generations", json=body)
    assert (refused.status_code, refused.json()["error"]["type"]) == (503, "history_unavailable")


async def next_prompt(replica: RoutesProcess, provider: Provider, conversation_id: str) -> int:
    """Ask the next question; return how often the prompt has the whole answer before it."""
    body = {"user_message": "And?", "model": "plain", "conversation_id": conversation_id}
    async with asyncio.timeout(PATIENCE_SECONDS):
        while (await replica.client.post(STREAM, json=body)).status_code == 503:
            await asyncio.sleep(0.1)  # it is refused rather than sent without its turns
    return str(provider.chats[-1].body["messages"]).count("Once upon a time")


# --- a rolling restart --------------------------------------------------------------------------------------


async def ask_and_read(url: str, address: str) -> tuple[list[int], str]:
    """Ask over nginx from an address; come back where a stream breaks. Return statuses and text."""
    transport = httpx.AsyncHTTPTransport(local_address=address)
    statuses, seen = list[int](), list[ServerSentEvent]()
    async with httpx.AsyncClient(base_url=url, transport=transport, timeout=30) as client:
        body = {"user_message": "Hi", "model": "paced-50-0.06", "request_id": address}  # 3 s
        started = await client.post("/ai/generations", json=body)
        statuses.append(started.status_code)
        while not seen or seen[-1].data != "[DONE]":
            last = {"last-event-id": seen[-1].id} if seen else {}
            try:
                statuses.append(await follow(client, started.json()["events"], seen, headers=last))
                assert not seen or seen[-1].type != "error", seen[-1].data
            except httpx.TransportError:
                await asyncio.sleep(0.2)
    ids = [event.id for event in seen if event.type != "resumed"]  # which has the id that it goes on after
    assert len(set(ids)) == len(ids)
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
