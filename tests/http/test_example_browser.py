"""assets/example.html as another site's page would use the routes: EventSource, resume, reload, stop."""

from __future__ import annotations

from pathlib import Path

from playwright.async_api import Browser, expect

from tests.provider import Provider
from tests.servers import run_app


async def test_the_example_resumes_survives_a_reload_and_stops_with_one_request(
    browser: Browser, provider: Provider, tmp_path: Path
) -> None:
    settings = {"OPENAI_MODEL": "held", "OPENAI_API_KEY": "sk-test"}
    async with run_app(tmp_path, OPENAI_BASE_URL=provider.url, **settings) as app:
        page = await browser.new_page()
        answer = page.locator("#answer")
        await page.goto(f"{app.url}/ai/example")
        await page.locator("#form button").first.click()
        call = await provider.next_call()
        await expect(answer).to_have_text("正在思考...")
        await call.text("Hel")
        await expect(answer).to_have_text("Hel")
        await page.locator("#drop").click()
        await call.text("lo")
        await expect(answer).to_have_text("Hello")
        await page.reload()
        await expect(answer).to_have_text("Hello")
        await call.text("!")
        await expect(answer).to_have_text("Hello!")
        await page.locator("#stop").click()
        await call.connection.wait_closed()
        await expect(page.locator("#stop")).to_be_disabled()
        assert len(provider.requests) == 1
        await page.close()
