"""A TCP proxy on the loopback that cuts connections, as trains, lifts and idle time-outs do.

    async with CuttingProxy(port, cuts) as proxy: ...      # proxy.url

`cuts` gives, for each connection that is answered, after how many bytes it is dropped; when it is
exhausted nothing is cut any more. `cut` ends all connections now, in one of the ways in which lines end.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterable
from types import TracebackType
from typing import Self

READ_BYTES = 1 << 16
LAST_CHUNK = b"0\r\n\r\n"  # of a chunked HTTP body


class CuttingProxy:
    """Forwards to `port`. cuts and connections: how many there were; bytes: of answers passed on."""

    def __init__(self, port: int, after_bytes: Iterable[int] = ()) -> None:
        self.cuts = 0
        self.connections = 0
        self.bytes = 0
        self._port = port
        self._after_bytes = iter(after_bytes)
        self._tasks: set[asyncio.Task[None]] = set()
        self._writers: set[asyncio.StreamWriter] = set()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._pass_on, "127.0.0.1", 0)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.close()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def cut(self, way: str) -> None:
        """End every connection. way: `reset`; `close`, without an error; `end`, as if it were complete.

        For `end` the server must not be in the middle of a chunk.
        """
        for writer in list(self._writers):
            self.cuts += 1
            if way == "end":
                writer.write(LAST_CHUNK)
            if way == "reset":
                writer.transport.abort()
            else:
                writer.close()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task
        self._tasks.add(task)
        self._writers.add(writer)
        self.connections += 1
        try:
            upstream_reader, upstream_writer = await asyncio.open_connection("127.0.0.1", self._port)
            upwards = asyncio.create_task(_copy(reader, upstream_writer))
            try:
                await self._answer(upstream_reader, writer)
            finally:
                upwards.cancel()
                upstream_writer.transport.abort()
        except (OSError, asyncio.CancelledError):
            pass
        finally:
            writer.transport.abort()
            self._tasks.discard(task)
            self._writers.discard(writer)

    def change(self, answer: bytes) -> bytes:
        """Return a piece of an answer as it is passed on, with the same number of bytes."""
        return answer

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Pass the answer on up to `limit` bytes; the reset that follows may destroy some of them too."""
        passed, limit = 0, None
        while data := await reader.read(READ_BYTES):
            data = self.change(data)
            if not passed:  # and not before: clients open connections that they never use
                limit = next(self._after_bytes, None)
            if limit is not None and passed + len(data) >= limit:
                writer.write(data[: limit - passed])
                self.bytes += limit - passed
                self.cuts += 1
                return
            passed += len(data)
            self.bytes += len(data)
            writer.write(data)
            await writer.drain()
        writer.close()
        await writer.wait_closed()


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while data := await reader.read(READ_BYTES):
            writer.write(data)
            await writer.drain()
