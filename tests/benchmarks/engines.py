"""How far the page is behind the model in each browser engine: 1,000 deltas at 200 a second.

    python -m tests.benchmarks.engines [messages of 4 kB before]

Each delta is the time at which it was sent, so that each frame tells how far it is behind. ENGINES
names those to run. SLOWER=6 gives Chromium a sixth of the processor.
"""

from __future__ import annotations

import asyncio
import os
import sys
import time

from tests.benchmarks.page import PROBE, WARM_UP, _cpu, _stamp, serve
from tests.provider import Provider
from tests.webdrivers import ENGINES, Tab, start_engine

DELTAS, A_SECOND = 1_000, 200
GROWING = "#growing .bot-row"
COMPOSER = "#composer textarea"
IS_OVER = "!document.body.classList.contains('is-running')"


async def main() -> None:
    before = int(sys.argv[1]) if len(sys.argv) > 1 else 0
    print(f"{DELTAS} deltas at {A_SECOND} a second, {before} messages before; milliseconds")
    heads = ("lag p50", "lag max", "beh. max", "updates", "cpu s")
    print(" " * 12, *(f"{head:>8}" for head in heads))
    async with Provider() as provider, serve("page", provider.url, before) as (url, pid):
        provider.scripts["stamped"] = _stamp(DELTAS, A_SECOND)
        for engine in os.environ.get("ENGINES", " ".join(ENGINES)).split():
            async with start_engine(engine) as tab:
                await _slow_down(tab, float(os.environ.get("SLOWER", 1)))
                await _open(tab, url)
                print(f"{engine:12}", await _measure(tab, pid), flush=True)


async def _slow_down(tab: Tab, times: float) -> None:
    if times > 1 and hasattr(tab.driver, "execute_cdp_cmd"):
        await tab.run(tab.driver.execute_cdp_cmd, "Emulation.setCPUThrottlingRate", {"rate": times})


async def _open(tab: Tab, url: str) -> None:
    address, _, kept = url.partition("#")
    if kept:  # the visitor whose conversation was filled
        await tab.open(address + "ai/example")
        for name, value in zip(("owner", "conversation"), kept.split("."), strict=True):
            await tab.script("localStorage.setItem('xiaojia.' + arguments[0], arguments[1])", name, value)
    await tab.open(address)
    await tab.until("document.body.classList.contains('is-ready')")


async def _measure(tab: Tab, pid: int) -> str:
    await _ask(tab, WARM_UP)
    await tab.until(IS_OVER)
    await tab.script(f"({PROBE})({GROWING!r})")
    before, began = _cpu(pid), time.monotonic()
    await _ask(tab, "go")
    await tab.until("window.seen.lags.length > 3")
    await tab.until(IS_OVER, seconds=120)
    cpu, seconds = _cpu(pid) - before, time.monotonic() - began
    seen = await tab.script("return window.seen")
    lags = sorted(seen["lags"])
    figures = (lags[len(lags) // 2], lags[-1], max(seen["behind"]), len(lags))
    return " ".join(f"{figure:8.0f}" for figure in figures) + f" {cpu:8.2f} of {seconds:.1f}"


async def _ask(tab: Tab, text: str) -> None:
    await tab.type(COMPOSER, text, "\ue007")
    await tab.until(f"document.querySelector({COMPOSER!r}).value === ''")
    await tab.until("document.body.classList.contains('is-running')")


if __name__ == "__main__":
    asyncio.run(main())
