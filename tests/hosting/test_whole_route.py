"""The whole road with the real embedded model: a PDF, a question, the answer, its receipt; page and route."""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator

import pytest
from playwright.async_api import Browser, expect

from tests.pages import visit as open_page
from tests.pdf_files import pdf, show
from tests.routes import read
from tests.servers import RunningApp, run_app

pytestmark = pytest.mark.model

PAGES = [
    "The lighthouse on Gull Island was built in 1874 by the engineer Marta Lindqvist.",
    "Its lamp burned whale oil until 1901, when it was changed to electricity.",
]
QUESTION = "Who built the lighthouse on Gull Island?"
PATIENCE_MILLISECONDS = 90_000


@pytest.fixture(scope="module")
async def demo(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[RunningApp, None]:
    """The app as a stranger starts it: no key, no endpoint, the tiny model that comes in a package."""
    async with run_app(tmp_path_factory.mktemp("demo")) as app:
        yield app


async def test_a_stranger_asks_about_a_pdf_and_sees_the_receipt(demo: RunningApp, browser: Browser) -> None:
    async with open_page(browser, demo.url) as visit:
        await expect(visit.page.locator("#banners")).to_contain_text("often wrong")
        content = pdf(*map(show, PAGES))
        await visit.attach({"name": "lighthouse.pdf", "mimeType": "application/pdf", "buffer": content})
        await expect(visit.page.locator("#files")).to_contain_text(
            "lighthouse.pdf", timeout=PATIENCE_MILLISECONDS
        )
        await visit.send(QUESTION)
        answer = visit.page.locator("#growing, #history")
        await expect(answer.filter(has_text="Marta Lindqvist").first).to_be_visible(
            timeout=PATIENCE_MILLISECONDS
        )
        await visit.page.wait_for_selector("body:not(.is-running)", timeout=PATIENCE_MILLISECONDS)
        await expect(visit.growing).not_to_contain_text("SmolLM2-135M-Instruct")
        await expect(visit.history.locator(".receipt").last).to_contain_text("lighthouse.pdf")
        assert visit.problems == []
        assert visit.hosts == {demo.url.removeprefix("http://")}


async def test_the_sample_file_is_quoted_and_no_demo_model_follows(
    demo: RunningApp, browser: Browser
) -> None:
    async with open_page(browser, demo.url) as visit:
        await visit.page.locator('.card[data-id="sample"]').click()
        quote = visit.growing.locator("blockquote", has_text="A full charge takes about 2 hours 40 minutes.")
        await expect(quote.first).to_be_visible(timeout=PATIENCE_MILLISECONDS)
        await visit.wait_until_over()
        await expect(visit.growing.locator(".receipt summary")).to_have_text(
            "sample-en.md: all of it, 1,753 characters", timeout=PATIENCE_MILLISECONDS
        )
        await expect(visit.growing.locator(".prose")).not_to_contain_text("demo model")


@pytest.mark.slow
async def test_a_chinese_visitor_without_a_key_is_told_how_to_connect_a_model(
    demo: RunningApp, browser: Browser
) -> None:
    async with open_page(browser, demo.url, locale="zh-CN") as visit:
        await visit.send("灯是什么？")
        await expect(visit.growing.locator(".prose").first).to_contain_text(
            "没有让它回答", timeout=PATIENCE_MILLISECONDS
        )
        await expect(visit.growing.locator(".code_wrap code")).to_contain_text("OPENAI_BASE_URL=")
        await visit.wait_until_over()


async def test_the_same_road_over_event_source(demo: RunningApp, browser: Browser) -> None:
    upload = {"file": ("lighthouse.pdf", pdf(*map(show, PAGES)), "application/pdf")}
    file_id = (await demo.client.post("/ai/files", files=upload)).json()["file_id"]
    page = await browser.new_page()
    await page.goto(f"{demo.url}/healthz")
    read = """([question, file]) => new Promise((resolve, reject) => {
        const query = new URLSearchParams({user_message: question, file_id: file});
        const source = new EventSource("/ai/stream_chat?" + query);
        let text = "", opening = null;
        source.addEventListener("generation", event => opening = JSON.parse(event.data));
        source.onmessage = event => {
            if (event.data === "[DONE]") { source.close(); resolve({text, opening}); return; }
            const chunk = JSON.parse(event.data);
            if (chunk.error) reject(chunk.error.message);
            text += chunk.choices[0]?.delta?.content ?? "";
        };
    })"""
    answer = await page.evaluate(read, [QUESTION, file_id])
    await page.close()
    assert "Marta Lindqvist" in answer["text"]
    assert answer["opening"]["model"] == "quotes"
    assert answer["opening"]["receipt"]["files"][0]["name"] == "lighthouse.pdf"


async def test_the_embedded_model_is_an_endpoint_like_any_other(demo: RunningApp) -> None:
    question = {"user_message": "What is the capital of France?", "model": "SmolLM2-135M-Instruct"}
    answer = await demo.client.post("/ai/stream_chat", json=question, timeout=90)
    assert read(answer)[-1].data == "[DONE]"
    assert re.search('"finish_reason":"(stop|length)"', answer.text), "so small a model may not find an end"
    assert '"usage"' in answer.text
