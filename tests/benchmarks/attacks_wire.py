"""Attacks below the routes, for tests.benchmarks.attacks_identity: forged addresses, odd ids, odd heads.

Each returns rows of an attack and its outcome.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from collections.abc import Sequence

import httpx

VICTIM = "198.51.100.7"
MESSAGE = b'{"user_message": "Hi", "model": "plain"}'
ENDLESS_BYTES = 20_000_000
SECONDS = 30.0
Rows = list[tuple[str, str]]
TRAILED = (
    b"POST /ai/generations HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
    b"X-Forwarded-For: %b\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%b\r\n0\r\n"
)
ODD_IDS = (
    "%00",
    "..%2f..%2fetc",
    "%2e%2e",
    "１２",
    "%ed%a0%80",
    "a" * 5_000,
    "'%20OR%201=1--",
    "%0d%0aX:1",
    "*",
)
FORMS = (
    "{n}.9.9.9, 198.51.100.7",
    "198.51.100.7:{n}",
    "::ffff:198.51.100.7",
    "64:ff9b::198.51.100.7",
    "2002:c633:6407:{n}::1",
)


async def ask_by_wire(client: httpx.AsyncClient, sent: bytes) -> int:
    """Return the status of a request that is sent as it stands; 0: the connection was closed."""
    reader, writer = await asyncio.open_connection("127.0.0.1", client.base_url.port)
    try:
        async with asyncio.timeout(SECONDS):
            writer.write(sent)
            line = await reader.readline()
        return int(line.split()[1]) if line else 0
    except (ConnectionError, TimeoutError):
        return 0
    finally:
        writer.close()


async def forge_addresses(client: httpx.AsyncClient, seen_as: str) -> Rows:
    """With one message an hour for an address: how many get through. seen_as: what the proxy's header has."""
    trailed = [
        await ask_by_wire(
            client,
            TRAILED % (seen_as.encode(), len(MESSAGE), MESSAGE)
            + b"X-Forwarded-For: 203.0.113.%d\r\n\r\n" % n,
        )
        for n in range(1, 6)
    ]
    rows = [("5 trailers with new addresses, 1 message an hour", count(trailed))]
    for number, form in enumerate(FORMS):
        headers = [{"x-forwarded-for": form.format(n=n + 10 * number + 1)} for n in range(4)]
        body = {"user_message": "Hi", "model": "plain"}
        sent = [await client.post("/ai/generations", json=body, headers=one) for one in headers]
        rows.append((f"4 times {form}, which is the same client", count([one.status_code for one in sent])))
    return rows


async def send_odd_ids(client: httpx.AsyncClient) -> Rows:
    """Name things by ids that are none, and send heads that are none."""
    paths = [
        f"/ai/{kind}/{id}{end}"
        for id in ODD_IDS
        for kind, end in (("generations", "/events"), ("files", "/content"))
    ]
    told = [
        await ask_by_wire(client, f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode())
        for path in paths
    ]
    origins = ("http://[", "http://[::1", "//", "\u00e9")
    heads = [
        await ask_by_wire(
            client,
            b"POST /ai/generations HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 0\r\nOrigin: %b\r\n\r\n"
            % origin.encode("latin-1"),
        )
        for origin in origins
    ]
    return [("18 ids that are none", count(told)), ("4 origins that are none", count(heads))]


async def pour_a_head(client: httpx.AsyncClient) -> Rows:
    reader, writer = await asyncio.open_connection("127.0.0.1", client.base_url.port)
    writer.write(b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX: ")
    sent = 0
    with contextlib.suppress(ConnectionError):
        while sent < ENDLESS_BYTES and not reader.at_eof():
            writer.write(b"x" * 100_000)
            await writer.drain()
            sent += 100_000
    writer.close()
    return [("a header without end, of which 20 MB are sent", f"{sent / 1e6:.1f} MB taken")]


def count(statuses: Sequence[int]) -> str:
    return ", ".join(f"{many} x {status or 'closed'}" for status, many in sorted(Counter(statuses).items()))
