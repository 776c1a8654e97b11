"""The first and second visit of the page beside a bare gr.Blocks page with Chatbot and MultimodalTextbox.

    python -m tests.benchmarks.first_visit [runs]

Bytes and requests until a page is usable and still, and seconds until it is usable: the bare page when its
composer can be typed into, ours when the server has answered it, too. Networks and a slow processor are
Chromium's emulation. Each figure of seconds is the least of the runs: other work of the machine only adds.
"""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from playwright.async_api import Browser, CDPSession

from tests.benchmarks.page_servers import SERVES
from tests.browsers import start_chromium

STILL_MILLISECONDS = 1500  # after it is usable: what is fetched then is counted, and not waited for
LIMIT_MILLISECONDS = 120_000


@dataclass(frozen=True)
class Network:
    """bits: a second, both ways. latency: milliseconds of a round trip. slower: times, the processor."""

    name: str
    bits: float = 0
    latency: int = 0
    slower: int = 1

    async def emulate(self, tab: CDPSession) -> None:
        await tab.send("Network.enable")
        if self.bits:
            rate = self.bits / 8
            limits = {"downloadThroughput": rate, "uploadThroughput": rate, "latency": self.latency}
            await tab.send("Network.emulateNetworkConditions", {"offline": False, **limits})
        await tab.send("Emulation.setCPUThrottlingRate", {"rate": self.slower})


NETWORKS = (
    Network("loopback"),
    Network("10 Mbit/s, 40 ms", 10e6, 40),
    Network("1.6 Mbit/s, 150 ms, CPU / 4", 1.6e6, 150, 4),
)
PAGES = {"page": "body.is-ready #composer textarea", "bare": "textarea"}


@dataclass
class Load:
    """What one visit fetched."""

    bytes: int = 0
    requests: int = 0
    seconds: float = float("inf")
    from_cache: set[str] = field(default_factory=set)

    def listen(self, tab: CDPSession) -> None:
        tab.on("Network.requestServedFromCache", lambda event: self.from_cache.add(event["requestId"]))
        tab.on("Network.loadingFinished", self._count)

    def _count(self, event: dict[str, Any]) -> None:
        if event["requestId"] not in self.from_cache and event["encodedDataLength"]:
            self.bytes += int(event["encodedDataLength"])
            self.requests += 1


async def visit_twice(browser: Browser, url: str, selector: str, network: Network) -> tuple[Load, Load]:
    """Return what the first visit of a new browser profile takes, and the second."""
    context = await browser.new_context(locale="en-US")
    loads = Load(), Load()
    for load in loads:
        page = await context.new_page()
        page.set_default_timeout(LIMIT_MILLISECONDS)
        tab = await context.new_cdp_session(page)
        await network.emulate(tab)
        load.listen(tab)
        began = time.monotonic()
        await page.goto(url, wait_until="commit")
        await page.wait_for_selector(selector)
        load.seconds = time.monotonic() - began
        await page.wait_for_timeout(STILL_MILLISECONDS)
        await page.close()
    await context.close()
    return loads


@asynccontextmanager
async def serve(way: str, folder: str) -> AsyncGenerator[str, None]:
    """Serve a page in a process of its own; yield its address."""
    command = [sys.executable, "-m", "tests.benchmarks.page_servers", way, "none", "0", folder]
    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    assert process.stdout
    try:
        yield (await process.stdout.readline()).decode().strip().partition("#")[0]
    finally:
        process.kill()
        await process.wait()


def merge(best: Load, load: Load) -> Load:
    return Load(load.bytes, load.requests, min(best.seconds, load.seconds))


async def main() -> None:
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 3
    wanted = os.environ.get("NETWORKS", "")
    print(f"{'network':30} {'visit':7} {'page':6} {'kB':>6} {'requests':>9} {'seconds':>8} {'ratio':>6}")
    with tempfile.TemporaryDirectory() as folder:
        async with serve("page", folder) as page, serve("bare", folder) as bare:
            addresses = {"page": page, "bare": bare}
            for network in (one for one in NETWORKS if wanted in one.name):
                await compare(addresses, network, runs)


async def compare(addresses: dict[str, str], network: Network, runs: int) -> None:
    """Print both pages on one network; they take turns, each time in a browser that has compiled nothing."""
    loads = {way: (Load(), Load()) for way in addresses}
    for _ in range(runs):
        for way, url in addresses.items():
            async with start_chromium() as browser:
                pair = await visit_twice(browser, url, PAGES[way], network)
                first, second = (merge(*both) for both in zip(loads[way], pair, strict=True))
                loads[way] = first, second
    for at, visit in enumerate(("first", "second")):
        ratio = loads["page"][at].seconds / loads["bare"][at].seconds
        for way, pair in loads.items():
            load, shown = pair[at], f"{ratio:6.2f}" if way == "page" else ""
            figures = f"{load.bytes / 1000:6.0f} {load.requests:9} {load.seconds:8.2f}"
            print(f"{network.name:30} {visit:7} {way:6} {figures} {shown}", flush=True)


assert set(PAGES) <= set(SERVES)

if __name__ == "__main__":
    asyncio.run(main())
