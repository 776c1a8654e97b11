"""Code blocks in a real browser: a bar with the language, and a copy button that works where it is drawn."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import Any

import pytest
from playwright.async_api import Browser, Locator, expect

from tests.pages import Visit, visit
from tests.provider import Call, Provider
from tests.servers import RunningApp, run_app

pytestmark = pytest.mark.slow

PYTHON = "    def f(x):\n\treturn x  # " + "a long line " * 20
BLOCKS = {
    "python": PYTHON,
    "ts": "const size: number = 1;",
    "diff": "-old\n+new",
    "brainfuck": "+[--->++<]>.",
    "": "plain",
}
ANSWER = "\n\n".join(f"```{language}\n{code}\n```" for language, code in BLOCKS.items())
SIZES = {"desktop": (1280, 800), "phone": (390, 844)}


@pytest.fixture(scope="module")
async def served(
    browser: Browser, tmp_path_factory: pytest.TempPathFactory
) -> AsyncGenerator[RunningApp, None]:
    async def write(call: Call) -> None:
        await call.text(ANSWER)
        await call.finish()

    async with Provider() as provider:
        provider.scripts["coder"] = write
        settings = {"OPENAI_MODEL": "coder", "OPENAI_API_KEY": "sk-test"}
        folder = tmp_path_factory.mktemp("served")
        async with run_app(folder, OPENAI_BASE_URL=provider.url, **settings) as running:
            yield running


def block_of(tab: Visit, language: str) -> Locator:
    return tab.growing.locator(f'.code_wrap[data-language="{language}"]')


@pytest.mark.parametrize("device", ["desktop", "phone"])
async def test_a_press_on_the_copy_button_where_it_is_drawn_copies_the_code_as_it_is(
    browser: Browser, served: RunningApp, device: str
) -> None:
    width, height = SIZES[device]
    options: dict[str, Any] = {"viewport": {"width": width, "height": height}, "has_touch": device == "phone"}
    async with visit(browser, served.url, **options) as tab:
        await tab.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
        await tab.ask("Code")
        for language, code in BLOCKS.items():
            button = block_of(tab, language or "text").locator(".copy_code_button")
            await button.scroll_into_view_if_needed()
            box = await button.bounding_box()
            assert box
            x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
            await (tab.page.touchscreen.tap(x, y) if device == "phone" else tab.page.mouse.click(x, y))
            await expect(button).to_have_class("copy_code_button done")
            assert await tab.page.evaluate("navigator.clipboard.readText()") == code
        assert tab.problems == []


@pytest.mark.parametrize("device", ["desktop", "phone"])
async def test_the_bar_names_the_language_and_never_covers_the_code(
    browser: Browser, served: RunningApp, device: str
) -> None:
    width, height = SIZES[device]
    async with visit(browser, served.url, viewport={"width": width, "height": height}) as tab:
        await tab.ask("Code")
        for language in BLOCKS:
            block = block_of(tab, language or "text")
            shown = await block.evaluate("block => getComputedStyle(block, '::before').content")
            assert shown == f'"{language or "text"}"'
            button = await block.locator(".copy_code_button").bounding_box()
            code = await block.locator("pre").bounding_box()
            assert button
            assert code
            assert button["y"] + button["height"] <= code["y"]


async def test_languages_that_gradio_lacks_are_highlighted_or_plain(tab: Visit) -> None:
    await tab.ask("Code")
    await expect(block_of(tab, "ts").locator(".token.keyword")).to_have_text("const")
    await expect(block_of(tab, "diff").locator(".token.inserted")).to_have_text("+new")
    await expect(block_of(tab, "brainfuck").locator("code")).to_have_text(BLOCKS["brainfuck"])
    await expect(block_of(tab, "brainfuck").locator(".token")).to_have_count(0)
