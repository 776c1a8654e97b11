"""An open page whose server goes away and comes back."""

from __future__ import annotations

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
    async with AppProcess(tmp_path, **environ):
        await page.wait_for_function("!window.isTheSame", timeout=WAIT_MILLISECONDS)
        await expect(tab.composer).to_have_value("Hello", timeout=WAIT_MILLISECONDS)
    await page.close()
