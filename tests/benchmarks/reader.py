"""The clients of tests.benchmarks.streams, in a process of their own: many readers of event streams at once.

    python -m tests.benchmarks.reader <url> <streams> <one after another: 0 or 1> <key> [body of a POST]

Prints JSON: deltas, unfinished streams, and in nanoseconds: first_token, delay (from the provider's write,
where the delta says when that was, to here) and gap (between two deltas of a stream). Counts deltas by their
content and parses nothing else, so that it keeps up.
"""

from __future__ import annotations

import asyncio
import json
import re
import sys
import time
from dataclasses import asdict, dataclass, field
from typing import cast
from urllib.parse import urlsplit

import uvloop

_FRAMING = re.compile(rb"\r\n[0-9a-f]+\r\n")  # of HTTP chunks, which may cut a delta in two
_DELTA = re.compile(rb'"content": ?"(?:word)?([0-9]+) "')


@dataclass
class Readings:
    deltas: int = 0
    unfinished: int = 0
    interrupted: int = 0  # ended by the server's own stop, with an event that says so
    first_token: list[int] = field(default_factory=list)
    delay: list[int] = field(default_factory=list)
    gap: list[int] = field(default_factory=list)


class Reader(asyncio.Protocol):
    """One stream, from request to end."""

    def __init__(self, request: bytes, readings: Readings) -> None:
        self._request = request
        self._readings = readings
        self._rest = b""
        self._start = self._last = 0
        self._is_whole = False
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's own is none by its type
        self._start = time.monotonic_ns()
        self._transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        now = time.monotonic_ns()
        data = _FRAMING.sub(b"", self._rest + data)
        found = list(_DELTA.finditer(data))
        self._rest = data[found[-1].end() :][-2000:] if found else data[-2000:]
        for match in found:
            self._note(now, int(match[1]))
        if b'"type":"interrupted"' in data[-2000:]:
            self._readings.interrupted += 1
            self._transport.close()
        if b"[DONE]" in data[-2000:]:
            self._is_whole = True
            self._transport.close()

    def _note(self, now: int, sent: int) -> None:
        readings = self._readings
        readings.deltas += 1
        if self._last:
            readings.gap.append(now - self._last)
        else:
            readings.first_token.append(now - self._start)
        if sent > 10**9:
            readings.delay.append(now - sent)
        self._last = now

    def connection_lost(self, exc: Exception | None) -> None:
        self._readings.unfinished += not self._is_whole
        if not self.done.done():
            self.done.set_result(None)


async def read_stream(url: str, body: str, readings: Readings, key: str = "sk-benchmark") -> None:
    parts = urlsplit(url)
    head = [
        f"{'POST' if body else 'GET'} {parts.path}?{parts.query} HTTP/1.1",
        f"host: {parts.netloc}",
        "accept: text/event-stream",
        f"authorization: Bearer {key}",
        f"content-type: application/json\r\ncontent-length: {len(body.encode())}" if body else "x-none: 1",
    ]
    request = ("\r\n".join(head) + "\r\n\r\n" + body).encode()
    loop = asyncio.get_running_loop()
    _, reader = await loop.create_connection(
        lambda: Reader(request, readings), parts.hostname or "", parts.port or 80
    )
    await reader.done


async def read_all(url: str, streams: int, in_turn: bool, key: str, body: str) -> Readings:
    readings = Readings()
    if in_turn:
        for _ in range(streams):
            await read_stream(url, body, readings, key)
    else:
        await asyncio.gather(*[read_stream(url, body, readings, key) for _ in range(streams)])
    return readings


if __name__ == "__main__":
    url, streams, in_turn, key, *body = sys.argv[1:]
    reading = read_all(url, int(streams), in_turn == "1", key, "".join(body))
    # With PYTHONUNBUFFERED, print() writes once: what a pipe does not take at once would be lost.
    with open(sys.stdout.fileno(), "w", closefd=False) as out:
        json.dump(asdict(uvloop.run(reading)), out)
