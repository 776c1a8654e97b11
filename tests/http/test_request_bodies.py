"""A body that falls silent ends its request; bodies in memory are a share; parts of a form are counted."""

from __future__ import annotations

import asyncio
from typing import Any

import orjson
import pytest
from starlette.types import Message, Receive, Scope, Send

from chat.errors import InvalidRequest
from chat.http.body_limit import PARTS_MAX, PartCounter
from chat.http.middleware.request_bodies import RequestBodyMiddleware
from chat.shares import Limit, Shares


class Exchange:
    """One request to an app that reads the body and answers its size."""

    def __init__(self, *chunks: bytes, ends: bool = True, content_type: bytes = b"application/json") -> None:
        self._chunks = [*chunks]
        self._ends = ends
        self.scope: Scope = {
            "type": "http",
            "method": "POST",
            "headers": [(b"content-type", content_type)],
            "client": ("192.0.2.1", 5),
        }
        self.sent: list[Message] = []
        self.held: list[int] = []

    async def receive(self) -> Message:
        if not self._chunks:
            await asyncio.Event().wait()
        chunk = self._chunks.pop(0)
        return {"type": "http.request", "body": chunk, "more_body": bool(self._chunks) or not self._ends}

    async def send(self, message: Message) -> None:
        self.sent.append(message)

    async def run(self, shares: Shares) -> tuple[int, Any]:
        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            message: Message = {"more_body": True}
            size = 0
            while message.get("more_body"):
                message = await receive()
                if message["type"] == "http.disconnect":
                    raise ConnectionError
                size += len(message["body"])
            self.held.append(shares.total)
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await send({"type": "http.response.body", "body": orjson.dumps({"size": size})})

        await RequestBodyMiddleware(app, shares, silent_seconds=0.01)(self.scope, self.receive, self.send)
        return self.sent[0]["status"], orjson.loads(self.sent[1]["body"])


async def test_a_body_that_falls_silent_is_refused_and_its_connection_closed() -> None:
    exchange, shares = Exchange(b"half", ends=False), Shares("bytes", Limit(total=100))
    status, told = await exchange.run(shares)
    assert (status, told["error"]["type"]) == (408, "silent")
    assert (b"connection", b"close") in exchange.sent[0]["headers"]
    assert shares.total == 0


async def test_a_body_is_held_until_its_response_begins() -> None:
    exchange, shares = Exchange(b"12345", b"67"), Shares("bytes", Limit(of_visitor=7))
    assert await exchange.run(shares) == (200, {"size": 7})
    assert (exchange.held, shares.total) == ([7], 0)


async def test_a_body_past_the_visitors_share_is_refused() -> None:
    exchange, shares = Exchange(b"12345", b"678"), Shares("bytes", Limit(of_visitor=7))
    status, told = await exchange.run(shares)
    assert (status, told["error"]["type"]) == (429, "too_much_at_once")
    assert shares.total == 0


async def test_a_form_is_not_counted_since_it_goes_to_the_disk() -> None:
    exchange = Exchange(b"12345678", content_type=b"multipart/form-data; boundary=x")
    assert (await exchange.run(Shares("bytes", Limit(of_visitor=1))))[0] == 200


@pytest.mark.parametrize("size", [1, 7, 100_000])
@pytest.mark.parametrize("boundary", [b"xYz", b'"x Yz"'])
def test_parts_of_a_form_are_counted_however_they_arrive(size: int, boundary: bytes) -> None:
    counter = PartCounter(b"multipart/form-data; boundary=" + boundary)
    mark = b"--" + boundary.strip(b'"')
    whole = (mark + b"\r\n\r\nbody\r\n") * PARTS_MAX + mark + b"--"
    for at in range(0, len(whole), size):
        counter.add(whole[at : at + size])
    with pytest.raises(InvalidRequest, match="at most 10 parts"):
        counter.add(b"\r\n" + mark)
