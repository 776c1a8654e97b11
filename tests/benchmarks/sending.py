"""What sending costs the page when many messages are on it: the longest task of its main thread.

    python -m tests.benchmarks.sending [messages on the page] [messages in the conversation]

Chromium shows a conversation of messages of 4 kB and is scrolled up until so many are drawn. Then a question
is sent and answered. A task that is long keeps keys and scrolling waiting. Printed are the longest tasks from
the press of Enter to the end of the answer, in milliseconds of the clock and of processor time of the thread
(Chromium's trace, `RunTask`): other work of the machine adds to the clock alone.
"""

from __future__ import annotations

import asyncio
import json
import sys
from typing import Any

from playwright.async_api import Browser, Page

from tests.benchmarks.page import serve
from tests.browsers import start_chromium
from tests.pages import WAIT_MILLISECONDS, Visit
from tests.provider import Call, Provider

CATEGORIES = ("toplevel", "disabled-by-default-devtools.timeline", "__metadata")
IS_OVER = (
    "document.querySelector('#growing .question')?.textContent === 'And now?'"
    " && document.querySelector('#growing .bot-row time')"
)
REPEATS = 3
LISTED = 4  # of the longest tasks
GOAL = 100  # milliseconds


async def main() -> int:
    drawn, stored = (int(one) for one in [*sys.argv[1:], *("160", "200")[len(sys.argv) - 1 :]][:2])
    async with Provider() as provider, start_chromium() as browser:
        provider.scripts["stamped"] = _answer
        async with serve("page", provider.url, stored) as (url, _):
            for _ in range(REPEATS):
                tasks = await _send(browser, url, drawn)
                said = ", ".join(f"{clock:.0f} ({work:.0f})" for clock, work in tasks[:LISTED])
                long = sum(work > GOAL for _, work in tasks)
                print(
                    f"{drawn} messages drawn: {said} ms; {long} over {GOAL} ms of processor time", flush=True
                )
    return 0


async def _answer(call: Call) -> None:
    await call.text("A short answer.")
    await call.finish()


async def _send(browser: Browser, address: str, drawn: int) -> list[tuple[float, float]]:
    """Return the tasks of the main thread while a question is sent and answered, the most work first."""
    page = await browser.new_page(viewport={"width": 1280, "height": 800})
    page.set_default_timeout(WAIT_MILLISECONDS)
    try:
        tab = await _open(page, address)
        await _scroll_up(tab, drawn)
        await tab.composer.fill("And now?")
        await page.wait_for_timeout(1000)
        await browser.start_tracing(page=page, categories=[*CATEGORIES])
        await tab.composer.press("Enter")
        await page.wait_for_function(IS_OVER, polling=500)  # looks that are rare, and cost nothing
        await page.wait_for_timeout(1000)
        return _read(await browser.stop_tracing())
    finally:
        await page.close()


async def _open(page: Page, address: str) -> Visit:
    url, _, kept = address.partition("#")
    await page.goto(url + "healthz")
    for name, value in zip(("owner", "conversation"), kept.split("."), strict=True):
        await page.evaluate("([n, v]) => localStorage.setItem('xiaojia.' + n, v)", [name, value])
    tab = Visit(page, url)
    await tab.open()
    return tab


async def _scroll_up(tab: Visit, drawn: int) -> None:
    """Scroll as a wheel does, until so many messages are on the page."""
    box = await tab.page.locator("#conversation").bounding_box()
    assert box
    await tab.page.mouse.move(box["x"] + box["width"] / 2, box["y"] + 200)
    rows = tab.page.locator("#conversation .message-row")
    while await rows.count() < drawn:  # a turn while some come leads nowhere
        await tab.page.mouse.wheel(0, -100_000)
        await tab.page.wait_for_timeout(300)


def _read(trace: bytes) -> list[tuple[float, float]]:
    """Return milliseconds of the clock and of the processor of each task of the page's main thread."""
    events: list[dict[str, Any]] = json.loads(trace)["traceEvents"]
    mains = {
        (one["pid"], one["tid"])
        for one in events
        if one["name"] == "thread_name" and one["args"]["name"] == "CrRendererMain"
    }
    tasks = [
        (one["dur"] / 1000, one.get("tdur", 0) / 1000)
        for one in events
        if one["name"] == "RunTask" and one["ph"] == "X" and (one["pid"], one["tid"]) in mains
    ]
    return sorted(tasks, key=lambda task: -task[1])


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
