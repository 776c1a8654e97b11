"""An open page whose server goes away and comes back."""

from __future__ import annotations

import signal
from pathlib import Path

from playwright.async_api import Browser, expect

from tests.pages import WAIT_MILLISECONDS, Visit
from tests.processes import AppProcess
from tests.provider import Provider, closed_port


async def test_a_message_to_a_server_that_is_gone_is_still_there_when_it_is_back(
    provider: Provider, tmp_path: Path, browser: Browser
) -> None:
    environ = {"OPENAI_BASE_URL": provider.url, "GRADIO_SERVER_PORT": str(closed_port())}
    async with AppProcess(tmp_path, **environ) as process:
        page = await browser.new_page()
        tab = Visit(page, process.url)
        await tab.open()
        await page.evaluate("window.isTheSame = true")
        await process.stop()
        await tab.send("Hello")
        await expect(tab.composer).to_have_value("Hello")
        await expect(page.locator('[data-place="line"] *')).to_have_count(1)
    async with AppProcess(tmp_path, **environ):
        await expect(page.locator('[data-place="line"] *')).to_have_count(0, timeout=WAIT_MILLISECONDS)
        await expect(tab.composer).to_have_value("Hello")
        await tab.ask("And this?")
        assert await page.evaluate("window.isTheSame"), "the same page goes on"
    await page.close()


async def test_a_page_whose_server_comes_back_as_another_build_is_loaded_anew(
    provider: Provider, tmp_path: Path, browser: Browser
) -> None:
    environ = {"OPENAI_BASE_URL": provider.url, "GRADIO_SERVER_PORT": str(closed_port())}
    page = await browser.new_page()
    async with AppProcess(tmp_path, **environ) as process:
        tab = Visit(page, process.url)
        await tab.open()
        await page.evaluate("window.isTheSame = true")
        await process.stop()
        await tab.send("Hello")
    async with AppProcess(tmp_path, **environ, ASSISTANT_NAME="Renamed"):
        await page.wait_for_function("!window.isTheSame", timeout=WAIT_MILLISECONDS)
        await expect(tab.composer).to_have_value("Hello", timeout=WAIT_MILLISECONDS)
    await page.close()


async def test_an_answer_that_a_killed_server_cut_says_why_it_is_short(
    provider: Provider, tmp_path: Path, browser: Browser
) -> None:
    environ = {
        "OPENAI_BASE_URL": provider.url,
        "OPENAI_MODEL": "held",
        "GRADIO_SERVER_PORT": str(closed_port()),
    }
    context = await browser.new_context(locale="zh-CN")
    page = await context.new_page()
    async with AppProcess(tmp_path, **environ) as process:
        tab = Visit(page, process.url)
        await tab.open()
        await tab.send("Hello")
        call = await provider.next_call()
        await call.text("Half of it")
        await expect(tab.growing.locator(".prose")).to_have_text("Half of it")
        await expect(tab.conversations).to_have_count(1)  # it is in the history by now
        await process.stop(signal.SIGKILL)
        await expect(page.locator('[data-place="line"]')).to_contain_text("与服务器的连接断开了")
        await expect(page.locator(".toast-body:visible")).to_have_count(0)
    async with AppProcess(tmp_path, **environ):
        await expect(tab.growing).to_contain_text("提前结束", timeout=WAIT_MILLISECONDS)
        await expect(page.locator('[data-place="line"]')).to_have_text("")
        await expect(tab.history.locator(".question")).to_have_text(["Hello"])
    await context.close()
