"""Replicas as processes, and answers that readers of several replicas follow."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx

from chat.cluster.replica import ALIVE_SECONDS, BEAT_SECONDS
from tests.event_source import EventStreamDecoder, ServerSentEvent
from tests.processes import RoutesProcess
from tests.provider import Call, Provider

if TYPE_CHECKING:
    from tests.servers_redis import RedisNodes, RedisServer

PATIENCE_SECONDS = 180  # a limit, not a claim


async def outlive_a_heartbeat() -> None:
    """Return when the replicas are so old that they believe in the death of another: an age, not an event."""
    await asyncio.sleep(ALIVE_SECONDS + 2 * BEAT_SECONDS)


@asynccontextmanager
async def replicas(
    count: int, folder: Path, redis: RedisServer | RedisNodes, provider: Provider, **environ: str
) -> AsyncGenerator[list[RoutesProcess], None]:
    async with AsyncExitStack() as stack:
        given = {
            "REDIS_URL": redis.url,
            "OPENAI_BASE_URL": provider.url,
            "OPENAI_API_KEY": "sk-test",
            "OPENAI_MODEL": "held,plain",  # the first is what Continue uses
            "TITLES": "words",
            "MAX_GENERATIONS_PER_VISITOR": "100",
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
    assert started.status_code < 300, started.text
    url = str(started.json()["events"])
    seen: list[ServerSentEvent] = []
    assert (started.status_code, await follow(replica.client, url, seen)) == (201, 200)
    assert seen[-1].data == "[DONE]"
    return url, seen


def error_of(events: Sequence[ServerSentEvent]) -> str:
    return str(json.loads(events[-1].data)["error"]["type"])
