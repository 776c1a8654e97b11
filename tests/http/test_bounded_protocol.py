"""Endless heads, slow ones, trailers and connections cost others nothing, and forge nothing."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from app import listen
from chat.http import bounded_protocol
from chat.http.bounded_protocol import HEAD_BYTES, PIPELINED, ConnectionShares
from chat.http.loop_steps import LoopSteps
from chat.visitors import Network
from tests.provider import Provider
from tests.servers import RunningApp, make_settings, run_app

Wire = tuple[asyncio.StreamReader, asyncio.StreamWriter]
SECONDS = 20.0
ASKED = b'{"user_message": "Hi", "model": "plain"}'
POST = b"POST /ai/generations HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
CHUNKED = POST + b"Transfer-Encoding: chunked\r\n\r\n%x\r\n%b\r\n0\r\n" % (len(ASKED), ASKED)
GET = b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n"


@contextlib.asynccontextmanager
async def wire(app: RunningApp, source: str = "127.0.0.1") -> AsyncGenerator[Wire, None]:
    port = int(app.url.rpartition(":")[2])
    reader, writer = await asyncio.open_connection("127.0.0.1", port, local_addr=(source, 0))
    try:
        yield reader, writer
    finally:
        writer.close()


async def exchange(app: RunningApp, sent: bytes, source: str = "127.0.0.1") -> bytes:
    """Return the first line of the answer, empty where the connection was closed without one."""
    async with wire(app, source) as (reader, writer), asyncio.timeout(SECONDS):
        with contextlib.suppress(ConnectionError):
            writer.write(sent)
            return await reader.readline()
    return b""


async def test_a_trailer_is_no_header(provider: Provider, tmp_path: Path) -> None:
    """Caddy and others pass trailers on: an address in one must not replace the one that the proxy saw."""
    limits = {"RATE_LIMIT": "1/hour", "OPENAI_BASE_URL": provider.url, "OPENAI_MODEL": "plain"}
    async with run_app(tmp_path, **limits) as app:
        statuses = [
            await exchange(app, CHUNKED + b"X-Forwarded-For: 198.51.100.%d\r\n\r\n" % number)
            for number in range(3)
        ]
        forged = CHUNKED.replace(b"Content-Type", b"X-Visitor: mine-0123456789-0123456789\r\nContent-Type")
        named = await exchange(app, forged + b"X-Visitor: another-0123456789-012345\r\n\r\n")
    assert [status.split()[1] for status in statuses] == [b"201", b"429", b"429"]
    assert named.split()[1] == b"429"


@pytest.mark.parametrize(
    "piece",
    [
        b"GET /" + b"a" * 60_000,
        GET + b"X: " + b"a" * 60_000,
        GET + b"X: a\r\n" * 9_000,
        CHUNKED + b"X: a\r\n" * 9_000,
    ],
    ids=["address", "one header", "many headers", "trailers"],
)
async def test_an_endless_head_ends(app: RunningApp, piece: bytes) -> None:
    async with wire(app) as (reader, writer), asyncio.timeout(SECONDS):
        writer.write(piece)
        sent, more = len(piece), piece[-6:] * 10_000
        ended = asyncio.create_task(reader.read())
        with contextlib.suppress(ConnectionError):
            while not ended.done() and sent < 100 * HEAD_BYTES:
                writer.write(more)
                await writer.drain()
                sent += len(more)
                await asyncio.sleep(0)
        assert sent < 100 * HEAD_BYTES
        await asyncio.gather(ended, return_exceptions=True)


async def test_a_head_that_does_not_come_ends(app: RunningApp, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounded_protocol, "HEAD_SECONDS", 0.05)
    for sent in (b"", GET, b"\r\n"):
        async with wire(app) as (reader, writer), asyncio.timeout(SECONDS):
            writer.write(sent)
            assert await reader.read() == b""


async def test_an_answer_that_takes_longer_than_a_head_may_is_not_ended(
    app: RunningApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bounded_protocol, "HEAD_SECONDS", 1.0)
    params = {"user_message": "Hi", "model": "paced-15-0.1"}
    answer = await app.client.get("/ai/stream_chat", params=params)
    assert "[DONE]" in answer.text


async def test_a_request_for_a_websocket_is_answered_as_any_other(app: RunningApp) -> None:
    key = b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
    upgrade = GET + b"Connection: Upgrade\r\nUpgrade: websocket\r\n" + key + b"\r\n"
    assert await exchange(app, upgrade) == b"HTTP/1.1 200 OK\r\n"


async def test_bodies_that_wait_for_a_later_step_arrive_whole(
    app: RunningApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(LoopSteps, "_allow", lambda _: 1)
    text = "".join(f"line {number}\n" for number in range(40_000))
    files = [("file", (f"{number}.txt", text.encode())) for number in range(6)]
    answers = await asyncio.gather(*[app.client.post("/ai/files", files=[file]) for file in files])
    assert [answer.json()["characters"] for answer in answers] == [len(text)] * len(files)


async def test_pipelined_requests_are_answered_and_too_many_of_them_are_not_parsed(app: RunningApp) -> None:
    asked = (GET + b"\r\n") * 3 + GET + b"Connection: close\r\n\r\n"
    for sent, most in ((asked, 4), ((GET + b"\r\n") * 2_000 + asked, PIPELINED + 1)):
        async with wire(app) as (reader, writer), asyncio.timeout(SECONDS):
            writer.write(sent)
            with contextlib.suppress(ConnectionError):
                answered = (await reader.read()).count(b"HTTP/1.1 200")
        assert answered == 4 if most == 4 else answered <= most


@pytest.mark.parametrize(
    "head",
    [
        b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n",
        b"Content-Length: 3\r\nContent-Length: 4\r\n",
        b"Content-Length: -1\r\n",
        b"Content-Length: +3\r\n",
        b"Transfer-Encoding : chunked\r\n",
        b"Transfer-Encoding: chunked, identity\r\n",
        b"X-Visitor: a\n b\r\n",
        b"X-Visitor: a\0b\r\n",
    ],
)
async def test_a_head_that_two_servers_could_read_differently_is_refused(
    app: RunningApp, head: bytes
) -> None:
    answer = await exchange(app, POST + head + b"\r\n0\r\n\r\n")
    assert answer.split()[1] == b"400", head


def test_a_network_has_a_share_of_the_connections_and_a_proxy_all() -> None:
    shares = ConnectionShares(200 + 8, ["192.0.2.9", "198.51.100.0/24"])
    taken = [shares.take(address) for address in ("192.0.2.1", "::ffff:192.0.2.1")]
    assert taken == [Network.of("192.0.2.1")] * 2
    with pytest.raises(OverflowError):
        shares.take("192.0.2.1")
    assert [shares.take(one) for one in ("192.0.2.9", "198.51.100.7") * 2] == [None] * 4
    assert shares.take("192.0.2.2")
    shares.give_back(Network.of("192.0.2.1"))
    assert shares.take("192.0.2.1")


async def test_connections_past_the_share_are_closed_and_others_are_served(
    provider: Provider, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.raise_file_limit", lambda: 212)
    trusted = {"TRUSTED_PROXIES": "203.0.113.9", "OPENAI_BASE_URL": provider.url}
    async with run_app(tmp_path, **trusted) as app, contextlib.AsyncExitStack() as held:
        for _ in range(3):
            reader, writer = await held.enter_async_context(wire(app, "127.0.0.66"))
            writer.write(GET + b"\r\n")
            assert b"200" in await reader.readline()
        assert await exchange(app, GET + b"\r\n", "127.0.0.66") == b""
        assert await exchange(app, GET + b"\r\n", "127.0.0.9") == b"HTTP/1.1 200 OK\r\n"


async def test_an_answer_in_two_writes_does_not_wait_for_the_client_to_confirm_the_first(
    tmp_path: Path,
) -> None:
    """A socket that does not name its protocol has asyncio's own loop leave TCP_NODELAY off."""
    accepted = asyncio.get_running_loop().create_future()
    with listen(make_settings(tmp_path)) as taken:
        port = taken.getsockname()[1]
        server = await asyncio.start_server(lambda _, writer: accepted.set_result(writer), sock=taken)
        async with server:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
            here = (await accepted).get_extra_info("socket")
            assert here.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
            writer.close()
            (await accepted).close()
