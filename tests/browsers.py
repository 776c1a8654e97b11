"""Chromium for the tests that need a real browser: where it is, and how it is started.

CHROMIUM names its executable; otherwise it is Debian's, where it can be the one without windows (a page costs
a third less), or the one that playwright installs.
Knows no page of ours.
"""

from __future__ import annotations

import os
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

from playwright.async_api import Browser, Playwright, async_playwright, expect

ARGUMENTS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",  # a container's is 64 MB, and a page that finds it full is gone
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
DEBIAN_CHROMIUM = ("/usr/bin/chromium-headless-shell", "/usr/bin/chromium")
expect.set_options(timeout=60_000)  # a machine that does much else at once is slow, and not wrong
MISSING = (
    "No Chromium is here: install one (`apt-get install chromium`, or `playwright install chromium`), "
    "name it in CHROMIUM, or leave the browser tests out with BROWSER_TESTS=0."
)


def find_chromium(playwright: Playwright, *, is_whole: bool = False) -> Path | None:
    """Return the executable, or None where there is none. is_whole: with its windows and their settings."""
    named = os.environ.get("CHROMIUM")
    debians = DEBIAN_CHROMIUM[is_whole:]
    candidates = [named] if named else [*debians, playwright.chromium.executable_path]
    return next((path for path in map(Path, candidates) if path.is_file()), None)


@asynccontextmanager
async def start_chromium(*more: str, is_whole: bool = False) -> AsyncGenerator[Browser, None]:
    """Start it, and end it afterwards. Raises FileNotFoundError with a sentence on what to do."""
    async with async_playwright() as playwright:
        executable = find_chromium(playwright, is_whole=is_whole)
        if executable is None:
            raise FileNotFoundError(MISSING)
        browser = await playwright.chromium.launch(executable_path=executable, args=[*ARGUMENTS, *more])
        try:
            yield browser
        finally:
            await browser.close()
