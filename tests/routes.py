"""What tests of the routes share: asking one server, or several in turn, and reading what comes."""

from __future__ import annotations

import itertools
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import httpx

from chat.engine import Engine
from tests.event_source import EventStreamDecoder, ServerSentEvent
from tests.provider import Provider

STREAM = "/ai/stream_chat"


@dataclass
class Served:
    """The server under test, or several, and the provider behind."""

    client: httpx.AsyncClient
    provider: Provider
    engines: Sequence[Engine] = ()

    async def ask(self, model: str = "plain", **params: str) -> list[ServerSentEvent]:
        """Return all events of a GET, in one connection."""
        response = await self.client.get(STREAM, params={"user_message": "Hi", "model": model, **params})
        return read(response)

    async def start(self, model: str = "held", **body: object) -> str:
        """Start a generation and return its id."""
        response = await self.client.post(
            "/ai/generations", json={"user_message": "Hi", "model": model, **body}
        )
        assert response.status_code == 201, response.text
        return str(response.json()["generation_id"])


class InTurn(httpx.AsyncBaseTransport):
    """Sends each request to the next of several servers, as a load balancer does that knows no visitor."""

    def __init__(self, urls: Sequence[str]) -> None:
        self._urls = itertools.cycle([httpx.URL(url) for url in urls])
        self._transport = httpx.AsyncHTTPTransport()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        url = next(self._urls)
        request.url = request.url.copy_with(host=url.host, port=url.port)
        return await self._transport.handle_async_request(request)

    async def aclose(self) -> None:
        await self._transport.aclose()


def read(response: httpx.Response) -> list[ServerSentEvent]:
    """Return the events of a stream, without the one that opens a stream which attaches to a generation."""
    assert response.status_code == 200, response.text
    return heard(EventStreamDecoder().feed(response.content))


def heard(events: Sequence[ServerSentEvent]) -> list[ServerSentEvent]:
    """Return the events that are a generation's."""
    return [event for event in events if event.type != "resumed"]


def number(event: ServerSentEvent) -> int:
    return int(event.id.rpartition(":")[2])


def generation_of(event: ServerSentEvent) -> str:
    return event.id.rpartition(":")[0]


def text_of(events: Sequence[ServerSentEvent]) -> str:
    """Return the answer, as any client of OpenAI's stream puts it together."""
    chunks = [
        json.loads(event.data) for event in events if event.type == "message" and event.data != "[DONE]"
    ]
    choices = [choice for chunk in chunks for choice in chunk.get("choices", [])]
    return "".join([choice["delta"].get("content") or "" for choice in choices])


def error_of(response: httpx.Response) -> dict[str, Any]:
    body = response.json()
    assert list(body) == ["error"]
    assert set(body["error"]) - {"retry_after", "details", "request_id"} == {"message", "type", "retryable"}
    return dict(body["error"])


async def read_some(response: httpx.Response, count: int) -> list[ServerSentEvent]:
    """Return the first events of a stream and leave it open."""
    decoder, events = EventStreamDecoder(), list[ServerSentEvent]()
    async for data in response.aiter_raw():
        events += heard(decoder.feed(data))
        if len(events) >= count:
            break
    return events


async def send_file(
    client: httpx.AsyncClient, data: bytes, name: str = "notes.txt", **headers: str
) -> httpx.Response:
    return await client.post("/ai/files", files={"file": (name, data)}, headers=headers)
