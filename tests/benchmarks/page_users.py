"""Many users of the page at once: how often each is shown what has come, and what the route's streams notice.

    python -m tests.benchmarks.page_users [users] [deltas a second]

Users speak the page's own protocol, and come 20 a second. Beside them 10 streams on the route, whose deltas
say when they were sent; first those streams alone.
"""

from __future__ import annotations

import asyncio
import sys
import time
from contextlib import aclosing

import aiohttp

from tests.benchmarks.streams import Server, milliseconds, read, run_provider, run_server
from tests.page_protocol import OpenPage

SECONDS = 10
COMING_SECONDS = 0.05  # between two users
STREAMS = 10


async def main() -> None:
    given = [*sys.argv[1:], *("50", "20")[len(sys.argv) - 1 :]]
    users, rate = (int(value) for value in given[:2])
    model = f"paced-{SECONDS * rate}-{1 / rate}"
    with run_provider() as provider, run_server("app", provider) as server:
        delays = await asyncio.to_thread(_delays, server, model)
        print(f"route alone: {delays}", flush=True)
        spent = server.cpu_seconds()
        rates, delays = await asyncio.gather(
            _use_pages(server.url, users, model), asyncio.to_thread(_delays, server, model)
        )
        spent = server.cpu_seconds() - spent
    shown = f"{rates[0]:.1f} updates a second at least, {rates[len(rates) // 2]:.1f} median"
    print(f"{users} users at {rate} deltas a second: {shown}")
    print(f"route beside them: {delays}; CPU {spent:.1f} s")


def _delays(server: Server, model: str) -> str:
    """Return how late a delta of a stream is at its reader."""
    delays = read(server, model, STREAMS)["delay"]
    return f"delay p50 {milliseconds(delays, 0.5)} ms, p99 {milliseconds(delays, 0.99)} ms"


async def _use_pages(url: str, users: int, model: str) -> list[float]:
    """Return the updates a second of each user, the fewest first."""
    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(connector=connector) as http:
        page = await OpenPage.load(http, url)
        return sorted(await asyncio.gather(*(_count(page.again(), model, at) for at in range(users))))


async def _count(page: OpenPage, model: str, at: int) -> float:
    await asyncio.sleep(at * COMING_SECONDS)
    generation = await page.send("Hello", model=model)
    times = []
    async with aclosing(page.events("follow", page.visit("follow", generation))) as growing:
        async for _ in growing:
            times.append(time.monotonic())
    return (len(times) - 1) / (times[-1] - times[0])


if __name__ == "__main__":
    asyncio.run(main())
