"""uvicorn's HTTP protocol with bounds on what comes before a request: bytes, seconds, connections, and on how
much of that one step of the loop takes up.

uvicorn reads a head of any length for any time, joins what follows a chunked body (trailers) to the headers,
and accepts connections until the process has no file descriptor left. A proxy in front bounds some of it. A
client that reaches the port itself, or a trailer that a proxy passes on, meets no other bound.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import Counter
from collections.abc import Sequence
from typing import Any

from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from chat.http.loop_steps import LoopSteps
from chat.visitors import Network

HEAD_BYTES = 131_072  # of a request line with its headers: the address has up to 64 kB
HEAD_SECONDS = 20.0
PIPELINED = 32  # requests that a connection may send before the first of them is answered
NETWORK_SHARE = 4  # of the connections that the process can have open, a network has one in so many
WANTED_FILES = 65_536
FILES_KEPT = 200  # for files, databases and the endpoint

log = logging.getLogger(__name__)


def raise_file_limit() -> int:
    """Raise the limit of open files towards WANTED_FILES; return it."""
    try:
        import resource
    except ImportError:  # Windows has no such limit
        return WANTED_FILES
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = WANTED_FILES if hard == resource.RLIM_INFINITY else min(hard, WANTED_FILES)
    if soft < wanted:
        with contextlib.suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
            return wanted
    return soft


class ConnectionShares:
    """Open connections by network. Those of trusted proxies are not counted: they are of all visitors.

    files: how many the process can have open.
    """

    def __init__(self, files: int, proxies: Sequence[str]) -> None:
        self.most = max(1, (files - FILES_KEPT) // NETWORK_SHARE)
        self._proxies = ProxyHeadersMiddleware(_no_app, list(proxies)).trusted_hosts
        self._open: Counter[Network] = Counter()

    def take(self, address: str) -> Network | None:
        """Count a connection; None for a proxy's. Raises OverflowError past the share of its network."""
        if not address or address in self._proxies:
            return None
        network = Network.of(address)
        if self._open[network] >= self.most:
            raise OverflowError
        self._open[network] += 1
        return network

    def give_back(self, network: Network) -> None:
        self._open[network] -= 1
        if not self._open[network]:
            del self._open[network]


async def _no_app(*_: object) -> None:
    """Of the middleware only the list of proxies is used."""


class BoundedProtocol(HttpToolsProtocol):
    """One connection. shares, steps: of all connections of the server."""

    def __init__(self, *args: Any, shares: ConnectionShares, steps: LoopSteps, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._shares = shares
        self._steps = steps
        self._held: list[bytes] = []  # until a later step of the loop
        self._network: Network | None = None
        self._is_in_head = False
        self._is_in_message = False
        self._unread = 0  # bytes since the last complete head or the last piece of a body
        self._head_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        try:
            self._network = self._shares.take(self.client[0] if self.client else "")
        except OverflowError:
            return transport.abort()
        self._await_head()

    def connection_lost(self, exc: Exception | None) -> None:
        if self._network:
            self._shares.give_back(self._network)
            self._network = None
        self._stop_waiting()
        self._held.clear()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if not self._held and self._steps.admit():
            return self._take_up(data)
        if not self._held:
            self._unset_keepalive_if_required()
            self._steps.wait(self._network, self._take_held)
        self._held.append(data)
        if self.transport.is_reading():
            self.transport.pause_reading()

    def _take_held(self) -> None:
        data = b"".join(self._held)
        self._held.clear()
        if not data or self.transport.is_closing():
            return
        if not self.flow.read_paused:
            self.transport.resume_reading()
        self._take_up(data)

    def _take_up(self, data: bytes) -> None:
        self._unread += len(data)
        super().data_received(data)
        if self.transport.is_closing():
            return
        if self._unread > HEAD_BYTES:
            self._refuse_size()
        elif self._is_in_head or self._is_idle():
            self._await_head()

    def on_message_begin(self) -> None:
        if len(self.pipeline) >= PIPELINED:  # 256 kB of them in one read would be parsed in one step
            raise OverflowError
        self._is_in_head = self._is_in_message = True
        super().on_message_begin()

    def on_header(self, name: bytes, value: bytes) -> None:
        if self._is_in_head:  # else a trailer: an address in it would be taken for the proxy's
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        self._is_in_head, self._unread = False, 0
        self._stop_waiting()
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        self._unread = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        self._is_in_message = False
        super().on_message_complete()

    def _unsupported_upgrade_warning(self) -> None:
        """Write no log line for each request that asks for a WebSocket: it is answered as any other."""

    def _is_idle(self) -> bool:
        """Whether no request is read or answered: what has come is the beginning of a head, or nothing."""
        return not self._is_in_message and (self.cycle is None or self.cycle.response_complete)

    def _await_head(self) -> None:
        if self._head_timer is None:
            self._head_timer = self.loop.call_later(HEAD_SECONDS, self._give_up)

    def _stop_waiting(self) -> None:
        if self._head_timer:
            self._head_timer.cancel()
            self._head_timer = None

    def _give_up(self) -> None:
        self._head_timer = None
        if not self.transport.is_closing():
            self.transport.close()

    def _refuse_size(self) -> None:
        if self._is_in_head:
            self.send_400_response(f"The head of a request has at most {HEAD_BYTES:,} bytes.")
        else:  # a response may have begun
            self.transport.close()
