"""The page beside gr.load_chat and one yield a delta, in Chromium, in one run: lag, frame gaps, server CPU.

    python -m tests.benchmarks.page [deltas] [deltas a second] [messages of 4 kB before]

Each way of showing is a server process of its own over the same scripted provider, whose deltas are the time
at which they were sent, so that the lag can be read off the screen. WAYS names those to run. A way that is
not through after six times what the model takes, and a minute, has no figures but that. Each answers a word
first, unmeasured: what a server does only once is no part of an answer.
"""

from __future__ import annotations

import asyncio
import os
import re
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playwright.async_api import Browser, Page
from playwright.async_api import Error as BrowserError

from tests.browsers import start_chromium
from tests.pages import Visit
from tests.provider import Call, Provider, Script

Serve = Callable[[str, int, int], Awaitable[None]]
STAMPS_IN_PARAGRAPH = 40
WARM_UP = "Hello"

# What every frame sees: how far the newest time stamp on the screen is behind the clock, which grows until
# the next one comes, how far behind that one is when it comes, and how long the frame took.
PROBE = """selector => {
  const seen = window.seen = { lags: [], behind: [], gaps: [], end: 0, last: performance.now() };
  const look = now => {
    seen.gaps.push(now - seen.last);
    seen.last = now;
    const text = [...document.querySelectorAll(selector)].at(-1)?.textContent ?? "";
    const stamps = text.slice(-60).match(/\\d{13}/g);
    const newest = stamps ? Number(stamps.at(-1)) : 0;
    if (newest && newest !== seen.newest) {
      if (seen.newest) seen.behind.push(Date.now() - seen.newest);
      seen.newest = newest;
      seen.lags.push(Date.now() - newest);
    }
    requestAnimationFrame(look);
  };
  requestAnimationFrame(look);
}"""


@dataclass(frozen=True)
class Result:
    """Milliseconds; lags: of what appears; behind: of what is shown until then; gaps: between frames.

    cpu: server seconds beyond an idle one's.
    """

    way: str
    lags: list[float]
    behind: list[float]
    gaps: list[float]
    cpu: float
    updates: int

    def line(self) -> str:
        lags, behind, gaps = (
            [*sorted(values)] or [float("nan")] for values in (self.lags, self.behind, self.gaps)
        )
        slow = sum(gap > 100 for gap in gaps)
        middle, late = lags[len(lags) // 2], behind[len(behind) * 99 // 100]
        return (
            f"{self.way:12} {middle:8.0f} {lags[-1]:8.0f} {late:8.0f} {behind[-1]:8.0f} {gaps[-1]:8.0f} "
            f"{slow:6} {self.cpu:8.2f} {self.updates:8}"
        )


async def main() -> None:
    given = [*sys.argv[1:], *("1000", "200", "0")[len(sys.argv) - 1 :]]
    deltas, rate, before = (int(value) for value in given[:3])
    print(f"{deltas} deltas at {rate} a second, {before} messages before")
    heads = ("lag p50", "lag max", "beh. p99", "beh. max", "gap max")
    print(" " * 12, *(f"{head:>8}" for head in heads), f"{'>100ms':>6} {'cpu s':>8} {'updates':>8}")
    async with Provider() as provider, start_chromium() as browser:
        provider.scripts["stamped"] = _stamp(deltas, rate)
        for way in os.environ.get("WAYS", "page load_chat each").split():
            async with serve(way, provider.url, before) as (url, pid):
                print(await _try(way, browser, url, pid, deltas / rate), flush=True)


def _stamp(deltas: int, rate: int) -> Script:
    async def send(call: Call) -> None:
        if call.body.get("max_tokens"):  # a title is made when the answer is over, and is not measured
            await call.finish()
            return
        began = time.monotonic()
        is_first = WARM_UP in str(call.body["messages"][-1]["content"])  # also in parts
        for number in range(1 if is_first else deltas):
            delay = began + number / rate - time.monotonic()
            if delay > 0:
                await asyncio.sleep(delay)
            ending = " " if (number + 1) % STAMPS_IN_PARAGRAPH else "\n\n"
            await call.text(f"{time.time() * 1000:.0f}{ending}")
        await call.finish()

    return send


async def _try(way: str, browser: Browser, url: str, pid: int, seconds: float) -> str:
    """Return the line of a way's figures, or that it took too long. seconds: that the model takes."""
    limit = seconds * 6 + 60
    page = await browser.new_page()
    page.set_default_timeout(limit * 1000)
    try:
        async with asyncio.timeout(limit):  # a page that hangs answers no question of playwright's
            return (await _measure(way, page, url, pid, seconds)).line()
    except (TimeoutError, BrowserError):
        return f"{way:12} more than {limit:.0f} s"
    finally:
        await page.close()


async def _measure(way: str, page: Page, url: str, pid: int, seconds: float) -> Result:
    is_ours = way == "page"
    if is_ours:
        address, _, kept = url.partition("#")
        if kept:  # the visitor whose conversation was filled
            await page.goto(address + "healthz")
            for name, value in zip(("owner", "conversation"), kept.split("."), strict=True):
                await page.evaluate("([n, v]) => localStorage.setItem('xiaojia.' + n, v)", [name, value])
        tab = Visit(page, address)
        await tab.open()
        await tab.page.wait_for_timeout(1500)
        box, growing, over = tab.composer, "#growing .bot-row", "body:not(.is-running)"
    else:
        await page.goto(url)
        box = page.locator("textarea").first
        await box.wait_for()
        await page.wait_for_timeout(1500)
        growing, over = ".bot-row", ""
    await box.fill(WARM_UP)
    await box.press("Enter")
    await page.locator(growing).last.filter(has_text=re.compile(r"\d{13}")).wait_for()
    await page.wait_for_timeout(1500)
    await page.evaluate(PROBE, growing)
    idle = await _idle(page, pid)
    before, began = _cpu(pid), time.monotonic()
    await box.fill("go")
    await box.press("Enter")
    await page.wait_for_function("window.seen.lags.length > 3")
    if over:
        await page.wait_for_selector(over)
    else:
        still = (
            "(() => { const was = window.was; window.was = seen.lags.length; return was === window.was })()"
        )
        await page.wait_for_timeout(seconds * 1000)
        await page.wait_for_function(still, polling=1500)
    cpu = _cpu(pid) - before - idle * (time.monotonic() - began)
    seen = await page.evaluate("window.seen")
    return Result(way, seen["lags"], seen["behind"], seen["gaps"][3:], cpu, len(seen["lags"]))


async def _idle(page: Page, pid: int) -> float:
    """Return the share of a processor that the server takes while nothing happens."""
    before = _cpu(pid)
    await page.wait_for_timeout(2000)
    return (_cpu(pid) - before) / 2


def _cpu(pid: int) -> float:
    """Return the seconds of processor time that a process has used (proc(5), fields 14 and 15)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@asynccontextmanager
async def serve(way: str, provider: str, before: int) -> Any:
    """Run a server of page_servers; yield its address and its process id. before: messages of 4 kB."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "tests.benchmarks.page_servers", way, provider, str(before), folder]
        process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
        assert process.stdout
        try:
            url = (await process.stdout.readline()).decode().strip()
            yield url, process.pid
        finally:
            process.kill()
            await process.wait()


if __name__ == "__main__":
    asyncio.run(main())
