"""Tabs in which tests open the page one after another, each as a new visitor.

Loaded once more in the same tab, the page costs 1.3 CPU seconds instead of 4.9: Chromium has its process
and the compiled scripts still. A tab passes on empty: without what the page stored, routes or permissions.
Knows no page but by its address.
"""

from __future__ import annotations

from typing import Any
from weakref import WeakKeyDictionary

from playwright.async_api import Browser, Error, Page

Options = dict[str, Any]

# By browser: tabs without a visitor, and the options of their context.
_SPARE: WeakKeyDictionary[Browser, list[tuple[Options, Page]]] = WeakKeyDictionary()
_CLEAR = "() => { localStorage.clear(); sessionStorage.clear(); }"


async def open_tab(browser: Browser, options: Options) -> tuple[Page, Options]:
    """Return an empty tab, and what `leave_tab` is to know of it. options: those of a context."""
    lasting = dict(options)
    size = lasting.pop("viewport")
    scheme, motion = lasting.pop("color_scheme", "light"), lasting.pop("reduced_motion", "no-preference")
    page = _take(browser, lasting) or await (await browser.new_context(**lasting)).new_page()
    await page.set_viewport_size(size)
    # "null": the one before may have printed, and paper stays paper.
    await page.emulate_media(media="null", color_scheme=scheme, reduced_motion=motion)
    return page, lasting


def _take(browser: Browser, lasting: Options) -> Page | None:
    spare = _SPARE.setdefault(browser, [])
    found = next((one for one in spare if one[0] == lasting), None)
    if found is None:
        return None
    spare.remove(found)
    return found[1]


async def leave_tab(browser: Browser, page: Page, lasting: Options, url: str) -> None:
    """Empty a tab and keep it for the next visitor; close it where its server is gone."""
    context = page.context
    for other in context.pages:
        if other is not page:
            await other.close()
    try:
        await page.unroute_all()
        # A document of the same origin: nothing of the page is left that could store more.
        await page.goto(f"{url.rstrip('/')}/healthz")
        await page.evaluate(_CLEAR)
        await page.goto("about:blank")
        await context.clear_cookies()
        await context.clear_permissions()
    except Error:
        return await context.close()
    _SPARE[browser].append((lasting, page))
