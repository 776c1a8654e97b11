"""Our page in a browser, as a visitor uses it: what tests do with it, and what they wait for.

Waits for conditions, never for times. Knows nothing of how the page is made but ids and roles.
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from playwright.async_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Error,
    FilePayload,
    Locator,
    Page,
    expect,
)

from tests.artifacts import ARTIFACTS
from tests.browser_tabs import leave_tab, open_tab

WAIT_MILLISECONDS = 60_000
KEEP_MILLISECONDS = 10_000  # for a screenshot of a page that failed


@dataclass
class Visit:
    """A tab with the page in it. problems: uncaught errors. console: its lines. hosts: of all requests."""

    page: Page
    url: str
    problems: list[str] = field(default_factory=list)
    hosts: set[str] = field(default_factory=set)
    console: list[str] = field(default_factory=list)

    @property
    def composer(self) -> Locator:
        return self.page.locator("#composer textarea")

    @property
    def history(self) -> Locator:
        """All that was said: the newest turn stays where it grew until the next one begins."""
        return self.page.locator("#history, #growing")

    @property
    def growing(self) -> Locator:
        return self.page.locator("#growing")

    @property
    def conversations(self) -> Locator:
        return self.page.locator("#conversations .open")

    def listen(self) -> dict[str, Callable[[Any], None]]:
        """Collect from now on what the tab says; return the listeners by event."""
        listeners: dict[str, Callable[[Any], None]] = {
            "pageerror": lambda error: self.problems.append(str(error)),
            "console": lambda message: self.console.append(_line(message)),
            "request": lambda request: self.hosts.add(urlsplit(request.url).netloc),
        }
        for event, listener in listeners.items():
            self.page.on(event, listener)  # type: ignore[call-overload]
        return listeners

    async def keep(self) -> None:
        """Leave the tab for those who look into a failure, as far as it can still be reached."""
        name = f"tab-{ARTIFACTS.number()}"
        ARTIFACTS.write(f"{name}.console.txt", "\n".join([*self.console, *self.problems, ""]))
        with contextlib.suppress(Error):
            ARTIFACTS.write(f"{name}.html", await self.page.content())
            await self.page.screenshot(path=ARTIFACTS.path(f"{name}.png"), timeout=KEEP_MILLISECONDS)

    async def open(self) -> None:
        await self.page.goto(self.url)
        await self.wait_until_ready()

    async def reload(self) -> None:
        await self.page.reload()
        await self.wait_until_ready()

    async def wait_until_ready(self) -> None:
        """Return when the page has heard from the server and can be used."""
        await self.page.wait_for_selector("body.is-ready", timeout=WAIT_MILLISECONDS)
        await expect(self.page.locator("#sidebar-top h1")).to_be_attached(timeout=WAIT_MILLISECONDS)

    async def send(self, message: str) -> None:
        await self.composer.fill(message)
        if await self.page.evaluate("matchMedia('(hover: none) and (pointer: coarse)').matches"):
            await self.page.locator("#composer .submit-button").click()  # Enter is a new line there
        else:
            await self.composer.press("Enter")

    async def ask(self, message: str) -> None:
        """Send, and return when the answer stands in the history."""
        await self.send(message)
        await expect(self.history.locator(".question").last).to_have_text(message, timeout=WAIT_MILLISECONDS)
        await self.wait_until_over()

    async def wait_until_over(self) -> None:
        await self.page.wait_for_selector("body:not(.is-running)", timeout=WAIT_MILLISECONDS)

    async def attach(self, *files: FilePayload) -> None:
        """Give files to the composer, as its button does."""
        await self.page.locator('#composer input[type="file"]').set_input_files(list(files))

    async def choose(self, model: str) -> None:
        """Let the model answer from now on, as the settings panel would keep it."""
        await self.page.evaluate("model => xiaojia.keepOptions(['model'], [model])", model)

    async def state(self) -> dict[str, Any]:
        """Return what the script knows."""
        known: dict[str, Any] = await self.page.evaluate("xiaojia.state")
        return known

    def button(self, action: str, *, within: Locator | None = None) -> Locator:
        return (within or self.page.locator("#conversation")).locator(f'[data-do="{action}"]')


async def choose_from_menu(entry: Locator, action: str) -> None:
    """Open the menu of a conversation in the list, and press what it has."""
    await entry.hover()
    await entry.locator("summary").click()
    await entry.locator(f'.menu [data-do="{action}"]').click()


async def answer_question(tab: Visit, text: str | None = None) -> None:
    """Say yes to what the page asks, or give it a text."""
    if text is not None:
        await tab.page.locator("dialog input").fill(text)
    await tab.page.locator("dialog button").last.click()


def text_file(name: str, text: str) -> FilePayload:
    return {"name": name, "mimeType": "text/plain", "buffer": text.encode()}


@asynccontextmanager
async def visit(
    browser: Browser, url: str, *, context: BrowserContext | None = None, **options: Any
) -> AsyncGenerator[Visit, None]:
    """Open the page in a tab: of a new visitor, or of the one whose context is given."""
    options = {"locale": "en-US", "viewport": {"width": 1280, "height": 800}, **options}
    page, lasting = (await context.new_page(), {}) if context else await open_tab(browser, options)
    tab = Visit(page, url)
    listeners = tab.listen()
    try:
        await tab.open()
        yield tab
        if ARTIFACTS.has_failed:  # a fixture's tab: the failure does not pass here
            await tab.keep()
    except BaseException:
        await tab.keep()
        await (page.close() if context else page.context.close())
        raise
    for event, listener in listeners.items():
        page.remove_listener(event, listener)
    await (page.close() if context else leave_tab(browser, page, lasting, url))


def _line(message: ConsoleMessage) -> str:
    place = message.location
    return f"{message.type}: {message.text} ({place.get('url')}:{place.get('lineNumber')})"
