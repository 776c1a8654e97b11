"""A scripted OpenAI-compatible provider on a loopback socket, for every test that needs a model.

    async with Provider() as provider:
        endpoint = Endpoint(provider.url, "sk-test")        # any model name answers with provider.answer
        ...
        assert provider.requests[0].body["messages"][-1]["content"] == "Hello"

Three ways to say what it answers, by the model that a request names:

1. a named scenario of tests.scenarios: `plain`, `reasoning`, `status-503`, `cut-midway`, `paced-200-0.01`, …
2. a script of your own: `provider.scripts["mine"] = script`, an `async def script(call: Call) -> None`;
3. by hand, model `held`: the test holds the writer, and so decides when a chunk arrives:

        call = await provider.next_call()
        await call.text("Hel")
        await call.text("lo")
        await call.finish()

It records each request, and each connection with the times (`time.monotonic()`) at which it was opened and
closed. As a process of its own, for benchmarks and browsers: `python -m tests.provider [port]`; the first
line that it prints is the URL, and `GET /state` (beside /v1) tells the connections and requests as JSON. Raw
sockets on purpose: what a broken provider sends must reach the client so. Knows nothing of the project.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
import ssl
import sys
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self, cast

Script = Callable[["Call"], Awaitable[None]]

USAGE = {"prompt_tokens": 3, "completion_tokens": 5, "total_tokens": 8}


@dataclass(eq=False)
class Connection:
    """One TCP connection, with the times of its two ends in seconds of `time.monotonic()`."""

    opened: float
    closed: float | None = None
    requests: int = 0
    is_closed: asyncio.Event = field(default_factory=asyncio.Event, repr=False)

    async def wait_closed(self, timeout: float = 30) -> float:
        """Return when it was closed, waiting at most `timeout` seconds for it."""
        async with asyncio.timeout(timeout):
            await self.is_closed.wait()
        assert self.closed is not None
        return self.closed


class Call:
    """One request, and the writer of its answer. Every method that writes starts the answer if need be."""

    def __init__(self, method: str, path: str, headers: dict[str, str], raw: bytes, wire: _Wire) -> None:
        self.method = method
        self.path = path
        self.headers = headers  # names in lower case
        self.raw = raw
        self.body: dict[str, Any] = json.loads(raw) if raw else {}
        self.connection = wire.connection
        self.is_answered = asyncio.Event()
        self._wire = wire
        self._started = False

    @property
    def model(self) -> str:
        return str(self.body.get("model", ""))

    @property
    def wants_usage(self) -> bool:
        return bool((self.body.get("stream_options") or {}).get("include_usage"))

    async def start(self, status: int = 200, type: str = "text/event-stream", **headers: str) -> None:
        """Send the status line and headers of a chunked answer (`retry_after="3"` is `retry-after: 3`)."""
        self._started = True
        fields = {"content-type": type, "transfer-encoding": "chunked", **headers}
        lines = [f"{name.replace('_', '-')}: {value}" for name, value in fields.items()]
        await self._wire.write("\r\n".join([f"HTTP/1.1 {status} Status", *lines, "", ""]).encode())

    async def send(self, *parts: bytes) -> None:
        """Send bytes of the body, each part an HTTP chunk of its own, all in one write."""
        if not self._started:
            await self.start()
        await self._wire.write(b"".join([b"%x\r\n%b\r\n" % (len(part), part) for part in parts if part]))

    async def data(self, *values: object) -> None:
        """Send each value as one SSE frame of JSON."""
        await self.send(*[frame(value) for value in values])

    async def chunk(self, delta: Mapping[str, Any] | None = None, finish_reason: str | None = None) -> None:
        """Send one chunk with this delta."""
        await self.data(chunk(delta, finish_reason, model=self.model))

    async def text(self, *texts: str) -> None:
        """Send a chunk for each text."""
        await self.data(*[chunk({"content": text}, model=self.model) for text in texts])

    async def finish(self, reason: str = "stop") -> None:
        """Send the finish reason, the usage if it was asked for, [DONE], and end the answer."""
        await self.chunk(finish_reason=reason)
        if self.wants_usage:
            await self.data({**chunk(model=self.model), "choices": [], "usage": USAGE})
        await self.send(b"data: [DONE]\n\n")
        await self.end()

    async def end(self) -> None:
        """End the body as HTTP wants it; the connection stays open for the next request."""
        if not self._started:
            await self.start()
        await self._wire.write(b"0\r\n\r\n")
        self.is_answered.set()

    async def reply(self, status: int, body: object, type: str = "application/json", **headers: str) -> None:
        """Answer whole: a body of bytes or str as it is, anything else as JSON."""
        text = body if isinstance(body, str | bytes) else json.dumps(body, ensure_ascii=False)
        await self.start(status, type, **headers)
        await self.send(text.encode() if isinstance(text, str) else text)
        await self.end()

    def cut(self) -> None:
        """Drop the connection in the middle, with a reset."""
        self.is_answered.set()
        self._wire.abort()


class _Wire(asyncio.Protocol):
    """One connection's bytes: requests in, whatever a script writes out."""

    def __init__(self, provider: Provider) -> None:
        self._provider = provider
        self._buffer = b""
        self._writable = asyncio.Event()
        self._writable.set()
        self._task: asyncio.Task[None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's own is none by its type
        self.connection = Connection(time.monotonic())
        self._provider.connections.append(self.connection)
        self._provider.wires.add(self)
        self._task = asyncio.create_task(self._provider.notify())

    def connection_lost(self, exc: Exception | None) -> None:
        self.connection.closed = time.monotonic()
        self.connection.is_closed.set()
        self._writable.set()
        self._provider.wires.discard(self)
        if self._task:
            self._task.cancel()

    def pause_writing(self) -> None:
        self._writable.clear()

    def resume_writing(self) -> None:
        self._writable.set()

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head, separator, rest = self._buffer.partition(b"\r\n\r\n")
        if not separator or not self._provider.is_answering:
            return
        first, *lines = head.decode("latin-1").split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        length = int(headers.get("content-length", "0"))
        if len(rest) < length:
            return
        self._buffer = rest[length:]
        method, path, _ = first.split(" ")
        self.connection.requests += 1
        call = Call(method, path, headers, rest[:length], self)
        self._task = asyncio.create_task(self._provider.answer_call(call))

    async def write(self, data: bytes) -> None:
        if self._transport.is_closing():
            raise ConnectionResetError("the client has gone")
        self._transport.write(data)
        await self._writable.wait()

    def abort(self) -> None:
        self._transport.abort()

    def abort_answer(self) -> None:
        """Drop the connection if an answer is being written on it."""
        if self._task and not self._task.done():
            self.abort()


class Provider:
    """The server. `scripts` by model come before the named scenarios; `answer` is what any other model says.

    is_answering: False leaves every request, and a TLS handshake too, without one byte of an answer.
    """

    def __init__(
        self, *, answer: str = "Hello, 世界!", tls: ssl.SSLContext | None = None, port: int = 0
    ) -> None:
        self.wires: set[_Wire] = set()
        self._first_answer = answer
        self._tls = tls
        self._port = port
        self._arrived = asyncio.Condition()
        self._prepare()

    def _prepare(self) -> None:
        self.answer = self._first_answer
        self.models = ["plain", "reasoning"]
        self.owner = "tests"  # the models' owner in the list: `vllm` and the like
        self.scripts: dict[str, Script] = {"held": _hold}
        self.paths: dict[str, Script] = {}  # by path: before any model
        self.connections: list[Connection] = []
        self.requests: list[Call] = []
        self.is_answering = True
        self._held: asyncio.Queue[Call] = asyncio.Queue()

    async def __aenter__(self) -> Self:
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(
            lambda: _Wire(self), "127.0.0.1", self._port, ssl=self._tls, backlog=4096
        )
        self._port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.close()
        for wire in list(self.wires):
            wire.abort()
        await asyncio.gather(*[wire.connection.is_closed.wait() for wire in list(self.wires)])
        await self._server.wait_closed()

    def reset(self) -> None:
        """Forget what was asked and scripted, for the next test. Answers that are still held break off."""
        for wire in list(self.wires):
            wire.abort_answer()
        self._prepare()

    @property
    def url(self) -> str:
        """The base URL for a client."""
        return f"{'https' if self._tls else 'http'}://127.0.0.1:{self._port}/v1"

    @property
    def chats(self) -> list[Call]:
        """The requests for completions alone, in order."""
        return [call for call in self.requests if call.path.partition("?")[0].endswith("/chat/completions")]

    @property
    def open_connections(self) -> list[Connection]:
        return [connection for connection in self.connections if connection.closed is None]

    async def next_call(self, timeout: float = 30) -> Call:
        """Return the next request for model `held`, waiting for it; the caller writes its answer."""
        async with asyncio.timeout(timeout):
            return await self._held.get()

    async def wait_for_requests(self, count: int, timeout: float = 30) -> None:
        """Return when `count` requests have come in all."""
        async with asyncio.timeout(timeout), self._arrived:
            await self._arrived.wait_for(lambda: len(self.requests) >= count)

    async def wait_for_connections(self, count: int, timeout: float = 30) -> None:
        """Return when `count` connections have been taken in all."""
        async with asyncio.timeout(timeout), self._arrived:
            await self._arrived.wait_for(lambda: len(self.connections) >= count)

    async def notify(self) -> None:
        """Wake who waits for a request or a connection."""
        async with self._arrived:
            self._arrived.notify_all()

    async def answer_call(self, call: Call) -> None:
        """Answer one request by its model's script. The connection's loss cancels this."""
        if call.path == "/state":
            return await call.reply(200, self._state())
        self.requests.append(call)
        await self.notify()
        with contextlib.suppress(ConnectionResetError):
            await self._script(call)(call)

    def _script(self, call: Call) -> Script:
        from tests.scenarios import find_scenario

        path = call.path.partition("?")[0]
        if path in self.paths:
            return self.paths[path]
        if path.endswith("/models"):
            return self._list_models
        if call.model == "held":
            self._held.put_nowait(call)
        return self.scripts.get(call.model) or find_scenario(call.model) or self._say_answer

    async def _say_answer(self, call: Call) -> None:
        await say(call, [self.answer[at : at + 4] for at in range(0, len(self.answer), 4)])

    async def _list_models(self, call: Call) -> None:
        models = [
            {"id": name, "object": "model", "created": 1, "owned_by": self.owner} for name in self.models
        ]
        await call.reply(200, {"object": "list", "data": models})

    def _state(self) -> dict[str, object]:
        connections = [[one.opened, one.closed, one.requests] for one in self.connections]
        requests = [{"path": call.path, "model": call.model, "body": call.body} for call in self.requests]
        return {"connections": connections, "requests": requests}


async def _hold(call: Call) -> None:
    await call.is_answered.wait()


async def say(call: Call, texts: Sequence[str]) -> None:
    """Answer with these deltas, or whole where the request does not stream."""
    if not call.body.get("stream"):
        message = {"role": "assistant", "content": "".join(texts)}
        choice = {"index": 0, "message": message, "finish_reason": "stop"}
        whole = {**chunk(model=call.model), "object": "chat.completion", "choices": [choice], "usage": USAGE}
        return await call.reply(200, whole)
    await call.chunk({"role": "assistant", "content": ""})
    await call.text(*texts)
    await call.finish()


def chunk(
    delta: Mapping[str, Any] | None = None, finish_reason: str | None = None, model: str = "plain"
) -> dict[str, Any]:
    """Return a `chat.completion.chunk` as OpenAI sends it."""
    choice = {"index": 0, "delta": dict(delta or {}), "finish_reason": finish_reason}
    head = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1700000000, "model": model}
    return {**head, "choices": [choice]}


def frame(value: object) -> bytes:
    """Return one SSE frame: bytes and str as they are, anything else as JSON."""
    if isinstance(value, bytes):
        return b"data: %b\n\n" % value
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return f"data: {text}\n\n".encode()


_HELD: list[socket.socket] = []  # for as long as the process lives


def closed_port() -> int:
    """Return a port that refuses connections until a server of the test listens on it.

    A bound socket holds the port, so that the kernel gives it to nothing else in the meantime. It does not
    listen, and SO_REUSEADDR on both sides lets a server bind the port all the same (on Linux; Redis,
    PostgreSQL, nginx and uvicorn set it).
    """
    held = socket.socket()
    held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    held.bind(("127.0.0.1", 0))
    _HELD.append(held)
    return int(held.getsockname()[1])


@contextlib.contextmanager
def unreachable_port() -> Iterator[int]:
    """Give a port at which a connection attempt hangs: its queue of connections is full."""
    with socket.socket() as server, contextlib.ExitStack() as stack:
        server.bind(("127.0.0.1", 0))
        server.listen(0)
        for _ in range(4):
            client = stack.enter_context(socket.socket())
            client.setblocking(False)
            client.connect_ex(server.getsockname())
        yield server.getsockname()[1]


async def _serve(port: int) -> None:
    async with Provider(port=port) as provider:
        print(provider.url, flush=True)
        await asyncio.Event().wait()


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_serve(int(sys.argv[1]) if len(sys.argv) > 1 else 0))
