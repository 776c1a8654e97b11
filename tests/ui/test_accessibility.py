"""The page for everybody: axe-core finds nothing serious, a phone has no overflow, nobody foreign is asked.

axe-core comes with the package axe-playwright-python; nothing is fetched.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from importlib.resources import files
from typing import Any

import pytest
from playwright.async_api import Browser, Page, expect

from tests.pages import visit
from tests.provider import Provider
from tests.servers import RunningApp, run_app

pytestmark = pytest.mark.slow  # axe over every state of the page, in both languages

AXE = files("axe_playwright_python").joinpath("axe.min.js").read_text(encoding="utf-8")
FOCUSED = "document.activeElement.getAttribute('aria-label') ?? document.activeElement.tagName"
SMALL_TARGETS = """() => [...document.querySelectorAll('button, a.open, summary')]
    .map(one => [one.title || one.textContent || one.className, one.getBoundingClientRect()])
    .filter(([, box]) => box.width && box.left >= 0 && box.right <= innerWidth)
    .filter(([, box]) => box.width < 44 || box.height < 44)
    .map(([name, box]) => `${name}: ${box.width} x ${box.height}`)"""
GRAVE = ("serious", "critical")
MARKDOWN = "**注意：**正文 `code` [文档](https://example.com)\n\n```py\ndef f(x):\n    return 1  # one\n```\n\n| a | b |\n|---|---|\n| 1 | 2 |"  # noqa: E501


@pytest.fixture(scope="module")
async def served(
    module_provider: Provider, tmp_path_factory: pytest.TempPathFactory
) -> AsyncGenerator[RunningApp, None]:
    folder = tmp_path_factory.mktemp("served")
    settings = {"OPENAI_MODEL": "any-model", "OPENAI_API_KEY": "sk-test"}
    async with run_app(folder, OPENAI_BASE_URL=module_provider.url, **settings) as running:
        yield running


@pytest.fixture(autouse=True)
def provider(module_provider: Provider) -> Provider:
    """A model that answers with everything that Markdown has."""
    module_provider.reset()
    module_provider.answer = MARKDOWN
    return module_provider


async def find_violations(page: Page) -> list[tuple[str, str, list[str]]]:
    """Return what axe finds that is serious: the rule, its help and where."""
    await page.evaluate(AXE)
    results: dict[str, Any] = await page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    return [
        (
            found["id"],
            found["help"],
            [f"{node['target']} {node['html'][:160]}" for node in found["nodes"]][:4],
        )
        for found in results["violations"]
        if found["impact"] in GRAVE
    ]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("locale", ["zh-CN", "en-US"])
async def test_axe_finds_nothing_serious(
    served: RunningApp, browser: Browser, scheme: Any, locale: str
) -> None:
    async with visit(browser, served.url, locale=locale, color_scheme=scheme, reduced_motion="reduce") as tab:
        assert await find_violations(tab.page) == []
        await tab.ask("Hello")
        await expect(tab.history.locator(".code_wrap")).to_be_visible()
        assert await find_violations(tab.page) == []


@pytest.mark.parametrize("locale", ["zh-CN", "en-US"])
async def test_nothing_overflows_a_narrow_phone(served: RunningApp, browser: Browser, locale: str) -> None:
    phone: dict[str, Any] = {"viewport": {"width": 360, "height": 640}, "is_mobile": True, "has_touch": True}
    async with visit(browser, served.url, locale=locale, **phone) as tab:
        await tab.ask("x" * 400 + MARKDOWN)
        sizes = await tab.page.evaluate(
            """() => [document.documentElement.scrollWidth, document.body.scrollWidth,
                      document.querySelector('#conversation').scrollWidth
                        - document.querySelector('#conversation').clientWidth,
                      document.querySelector('#composer').getBoundingClientRect().bottom <= innerHeight]"""
        )
        assert sizes == [360, 360, 0, True]
        assert await tab.page.evaluate(SMALL_TARGETS) == []
        await tab.composer.fill("one")
        await tab.composer.press("Enter")
        await tab.composer.type("two")
        await expect(tab.composer).to_have_value("one\ntwo")
        assert await find_violations(tab.page) == []


async def test_a_screen_reader_is_told_whose_each_message_is_and_where_the_list_is(
    served: RunningApp, browser: Browser
) -> None:
    async with visit(browser, served.url) as tab:
        await tab.ask("Hello")
        name = (await tab.state())["name"]
        await expect(tab.page.get_by_role("article", name="You")).to_contain_text("Hello")
        await expect(tab.page.get_by_role("article", name=name)).to_contain_text("正文")
        await expect(tab.page.get_by_role("navigation", name="Conversations")).to_contain_text("Hello")


@pytest.mark.parametrize("width", [640, 320])  # of 1,280 pixels at 200 and 400 %
async def test_axe_finds_nothing_serious_at_twice_the_size(
    served: RunningApp, browser: Browser, provider: Provider, width: int
) -> None:
    cells, line = " a longer cell |" * 9, "-|" * 9
    provider.answer = (
        f"- [x] done\n- [ ] open\n\n|{cells}\n|{line}\n|{cells}\n\n```\n{'code ' * 60}\n```\n\n"
        f"$${'a + ' * 60} b$$\n\n```mermaid\ngraph LR; A[Upload] --> B[Read] --> C[Check]\n```"
    )
    zoomed: dict[str, Any] = {"viewport": {"width": width, "height": 400}, "device_scale_factor": 2}
    async with visit(browser, served.url, reduced_motion="reduce", **zoomed) as tab:
        await tab.ask("Hello")
        await expect(tab.growing.locator("table")).to_have_attribute("tabindex", "0")
        await expect(tab.growing.locator(".katex-display")).to_have_attribute("tabindex", "0")
        drawing = tab.growing.locator(".mermaid svg:has(.node)")  # measured while nothing moves
        assert await drawing.evaluate("svg => svg.viewBox.baseVal.width") < 1_000
        await expect(tab.growing.get_by_role("checkbox", name="done")).to_be_checked()
        assert await find_violations(tab.page) == []
        await tab.page.locator("#settings .toggle-button").click()
        assert await find_violations(tab.page) == []


async def test_text_runs_the_way_of_its_script_block_by_block(
    served: RunningApp, browser: Browser, provider: Provider
) -> None:
    provider.answer = "فقرة مع `code` واسم Latin.\n\n- عنصر\n\nEnglish text.\n\n```\ncode\n```"
    async with visit(browser, served.url) as tab:
        await tab.ask("سؤال")
        for part, way in (("p >> nth=0", "rtl"), ("ul", "rtl"), ("p >> nth=-1", "ltr"), ("pre", "ltr")):
            shown = tab.growing.locator(".bot-row .prose").locator(part)
            await expect(shown).to_have_css("direction", way)
        await expect(tab.composer).to_have_attribute("dir", "auto")


async def test_a_screen_reader_hears_that_an_answer_is_complete_and_no_token(
    served: RunningApp, browser: Browser
) -> None:
    async with visit(browser, served.url) as tab:
        await tab.ask("Hello")
        lives = "[...document.querySelectorAll('[role=log]')].map(log => log.getAttribute('aria-live'))"
        assert await tab.page.evaluate(lives) == ["off", "off"]
        announcer = tab.page.locator("#announcer")
        await expect(announcer).to_have_text("Answer complete.")
        await expect(announcer).to_have_attribute("aria-live", "polite")


async def test_tab_leads_into_nothing_that_is_closed(served: RunningApp, browser: Browser) -> None:
    async with visit(browser, served.url) as tab:
        await tab.page.locator("#sidebar.open .toggle-button").click()
        await expect(tab.page.locator("#sidebar .do-new")).to_be_hidden()
        await tab.composer.focus()
        seen = list[str]()
        while not seen or seen[-1] != "BODY":
            await tab.page.keyboard.press("Shift+Tab")
            seen.append(await tab.page.evaluate(FOCUSED))
        assert seen == ["Attach files", *(["BUTTON"] * 4), "Settings", "Conversations", "BODY"]


async def test_the_focus_stays_where_a_key_has_changed_the_page(served: RunningApp, browser: Browser) -> None:
    async with visit(browser, served.url) as tab:
        await tab.ask("Hello")
        await tab.page.locator("#conversations summary").focus()
        await tab.page.keyboard.press("Enter")
        await tab.page.locator('.menu [data-do="rename"]').focus()
        await tab.page.keyboard.press("Enter")
        await tab.page.keyboard.type("Renamed")
        await tab.page.keyboard.press("Enter")
        await expect(tab.conversations).to_have_text("Renamed")
        await expect(tab.conversations).to_be_focused()
        await tab.button("retry").focus()
        await tab.page.keyboard.press("Enter")
        await expect(tab.history.locator(".branches .count").last).to_have_text("2/2")
        await expect(tab.composer).to_be_focused()


async def test_no_foreign_host_is_asked(served: RunningApp, browser: Browser) -> None:
    async with visit(browser, served.url) as tab:
        await tab.ask("Hello")
        assert tab.hosts == {served.url.split("/")[2]}


async def test_light_or_dark_is_remembered(served: RunningApp, browser: Browser) -> None:
    async with visit(browser, served.url, color_scheme="light") as tab:
        await tab.page.locator('[data-do="appearance"]').click()
        await tab.reload()
        await tab.page.wait_for_selector("body.dark")
