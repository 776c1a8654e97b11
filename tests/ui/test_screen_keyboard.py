"""A phone's keyboard on the screen: what is written and what is asked stay above it, in a real browser.

Chromium and Firefox on Android make the page smaller, as the page asks them to. Safari lays its keyboard over
the page and says in `visualViewport` what is still seen. No engine that runs here has such a keyboard:
Chromium is given a smaller page, and another `visualViewport`.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import Any

import pytest
from playwright.async_api import Browser, Page, ViewportSize, expect

from tests.pages import visit
from tests.provider import Provider
from tests.servers import RunningApp, run_app

pytestmark = pytest.mark.slow  # pages of phones

WIDTH, HEIGHT, LEFT = 390, 844, 480  # pixels of the screen, and what a keyboard leaves of them
MOVED = 120  # pixels by which Safari moves the page up when a text near its end gets the focus
PHONE: dict[str, Any] = {
    "viewport": {"width": WIDTH, "height": HEIGHT},
    "is_mobile": True,
    "has_touch": True,
    "locale": "en-US",
}
OVERLAY = """Object.defineProperty(window, 'visualViewport', { value: Object.assign(new EventTarget(),
    { width: innerWidth, height: innerHeight, offsetLeft: 0, offsetTop: 0, scale: 1 }) })"""
SHOW = """seen => { Object.assign(visualViewport, seen);
    for (const name of ['scroll', 'resize']) visualViewport.dispatchEvent(new Event(name)) }"""
DRAWN = """() => new Promise(done => {
    requestAnimationFrame(() => requestAnimationFrame(() => requestAnimationFrame(done))) })"""
END = "box => box.scrollHeight - box.scrollTop - box.clientHeight"


@pytest.fixture(scope="module")
async def served(
    module_provider: Provider, tmp_path_factory: pytest.TempPathFactory
) -> AsyncGenerator[RunningApp, None]:
    folder = tmp_path_factory.mktemp("served")
    settings = {"OPENAI_MODEL": "any-model", "OPENAI_API_KEY": "sk-test", "TITLES": "words"}
    async with run_app(folder, OPENAI_BASE_URL=module_provider.url, **settings) as running:
        yield running


@pytest.fixture(autouse=True)
def provider(module_provider: Provider) -> Provider:
    """A model whose answer is longer than the screen."""
    module_provider.reset()
    module_provider.answer = "A paragraph of the answer.\n\n" * 60
    return module_provider


async def edges(page: Page, selector: str) -> tuple[float, float]:
    """Return where an element begins and ends, from the top of the screen."""
    box = await page.locator(selector).bounding_box()
    assert box
    return box["y"], box["y"] + box["height"]


async def check_between(page: Page, top: float, bottom: float) -> None:
    """Assert that conversation and composer stand there, the end of the conversation in sight."""
    await expect(page.locator("#composer textarea")).to_be_focused()
    begin, end = await edges(page, "#conversation")
    assert begin >= top
    assert end - begin > 200
    assert await page.locator("#conversation").evaluate(END) < 2
    assert (await edges(page, "#desk"))[1] == pytest.approx(bottom, abs=1)
    assert (await edges(page, "#composer"))[0] >= end - 1


async def test_the_composer_stays_above_a_keyboard_that_makes_the_page_smaller(
    served: RunningApp, browser: Browser
) -> None:
    async with visit(browser, served.url, **PHONE) as tab:
        await tab.ask("Hello")
        await tab.composer.tap()
        for height in (LEFT, HEIGHT):
            await tab.page.set_viewport_size(ViewportSize(width=WIDTH, height=height))
            await tab.page.evaluate(DRAWN)
            await check_between(tab.page, 0, height)


async def test_the_composer_stays_above_a_keyboard_that_lies_over_the_page(
    served: RunningApp, browser: Browser
) -> None:
    context = await browser.new_context(**PHONE)
    await context.add_init_script(OVERLAY)
    async with visit(browser, served.url, context=context) as tab:
        await tab.ask("Hello")
        await tab.composer.tap()
        for height, moved in ((LEFT, 0), (LEFT, MOVED), (HEIGHT, 0)):
            await tab.page.evaluate(SHOW, {"height": height, "offsetTop": moved})
            await tab.page.evaluate(DRAWN)
            await check_between(tab.page, moved, moved + height)
        await tab.page.evaluate(
            SHOW, {"height": HEIGHT / 2, "offsetTop": 50, "scale": 2}
        )  # zoomed in by fingers
        await tab.page.evaluate(DRAWN)
        await check_between(tab.page, 0, HEIGHT)
    await context.close()


async def test_a_question_of_the_page_stays_above_the_keyboard(served: RunningApp, browser: Browser) -> None:
    context = await browser.new_context(**PHONE)
    await context.add_init_script(OVERLAY)
    async with visit(browser, served.url, context=context) as tab:
        await tab.ask("Hello")
        await tab.page.locator("#sidebar .toggle-button").tap()
        await tab.page.locator("#conversations summary").tap()
        await tab.page.locator('.menu [data-do="rename"]').tap()
        await expect(tab.page.locator("dialog input")).to_be_focused()
        await tab.page.evaluate(SHOW, {"height": LEFT, "offsetTop": MOVED})
        await tab.page.evaluate(DRAWN)
        top, bottom = await edges(tab.page, "dialog")
        assert top >= MOVED
        assert bottom <= MOVED + LEFT
    await context.close()
