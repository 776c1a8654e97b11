"""Endings in a real browser: an answer that the visitor did not end says what ended it."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.async_api import Browser, expect

from chat.generations.generation import GenerationLimits
from chat.settings import Settings
from tests.pages import visit
from tests.provider import Provider
from tests.servers import run_app


@pytest.mark.slow
async def test_an_answer_that_no_page_follows_says_that_the_server_ended_it(
    browser: Browser, provider: Provider, tmp_path: Path
) -> None:
    # Ten seconds: the page must follow the answer before it counts as abandoned, on a busy machine too.
    settings = {"OPENAI_MODEL": "held", "OPENAI_API_KEY": "sk-test", "ABANDONED_AFTER": "10"}
    async with run_app(tmp_path, OPENAI_BASE_URL=provider.url, **settings) as app:
        context = await browser.new_context(locale="en-US")
        async with visit(browser, app.url, context=context) as tab:
            await tab.send("Hi")
            call = await provider.next_call()
            await call.text("Half of it")
            await expect(tab.growing.locator(".prose")).to_have_text("Half of it")
        await call.connection.wait_closed(60)
        async with visit(browser, app.url, context=context) as tab:
            await expect(tab.growing).to_contain_text("Ended by this server")
            await expect(tab.growing).not_to_contain_text("Stopped.")
            await expect(tab.button("continue")).to_be_visible()
        await context.close()


def test_an_answer_goes_on_for_ten_minutes_without_a_page() -> None:
    settings = Settings.from_env({})
    assert GenerationLimits.from_settings(settings).abandoned_after == 600
