"""The first minutes without a key, in a real browser: the demo is never asked for what it cannot do."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser, expect

from chat.jobs import endpoint_discovery
from tests.pages import visit
from tests.provider import Provider, closed_port
from tests.scenarios import ANSWER
from tests.servers import run_app

pytestmark = pytest.mark.slow  # pages of their own, and the embedded model

PHONE: dict[str, Any] = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
SENTENCES = {"en": "No language model is connected yet", "zh": "现在还没有连接语言模型"}


@pytest.mark.model
@pytest.mark.parametrize("device", [{}, PHONE], ids=["desktop", "phone"])
async def test_the_sample_is_quoted_and_the_demo_model_is_not_asked_in_chinese(
    browser: Browser, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, device: dict[str, Any]
) -> None:
    monkeypatch.setattr(endpoint_discovery, "MODEL_SERVERS", ())
    async with run_app(tmp_path) as app, visit(browser, app.url, locale="zh-CN", **device) as tab:
        prose, figures = tab.growing.locator(".bot-row .prose"), tab.growing.locator(".figures")
        starters = tab.page.locator("#starters .card:visible")
        await expect(tab.page.locator("#download")).to_contain_text("1.28 GB")
        await expect(starters).to_have_count(4)  # what the demo model cannot do is not offered
        await tab.page.locator('.card[data-id="fault"]').click()
        await expect(prose).to_contain_text("温度过高，请关灯冷却 20 分钟。")
        await tab.wait_until_over()
        await expect(figures).to_contain_text("quotes")
        for question, said, by in (
            ("你好，你能做什么？", "只有一个很小的英文演示模型", "quotes"),
            ("Hello", "Hello", "SmolLM2"),
        ):
            await tab.page.evaluate("document.querySelector('#sidebar-top [data-do=new]').click()")
            await expect(starters).to_have_count(4)
            await tab.ask(question)
            await expect(prose).to_contain_text(said)
            await expect(figures).to_contain_text(by)


@pytest.mark.parametrize(("locale", "question"), [("en-US", "Hello"), ("zh-CN", "你好")])
async def test_a_page_without_a_model_says_how_to_connect_one_in_lines_to_copy(
    browser: Browser, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, locale: str, question: str
) -> None:
    monkeypatch.setattr("chat.local_model.weights.DEMO_PACKAGE", "no-such-package-here")
    alone = {"OPENAI_BASE_URL": "none"}
    async with run_app(tmp_path, **alone) as app, visit(browser, app.url, locale=locale) as tab:
        await tab.ask(question)
        await expect(tab.growing.locator(".prose")).to_contain_text(SENTENCES[locale[:2]])
        lines = tab.growing.locator("pre")
        await expect(lines).to_contain_text("OPENAI_BASE_URL=http://localhost:11434/v1 python app.py")
        await expect(lines).to_contain_text("LOCAL_MODEL=/path/to/model.gguf python app.py")
        await expect(tab.growing.locator(".code_wrap button").first).to_be_visible()


async def test_a_page_that_was_there_before_its_endpoint_names_the_model_once_it_is_up(
    browser: Browser, tmp_path: Path
) -> None:
    port = closed_port()
    settings = {"OPENAI_BASE_URL": f"http://127.0.0.1:{port}", "OPENAI_API_KEY": "sk-test"}
    async with run_app(tmp_path, **settings) as app, visit(browser, app.url) as tab:
        named = tab.page.locator("#gauge .do-model")
        await tab.ask("Hello")
        await expect(tab.growing.locator(".error")).to_contain_text("Nothing answers at the address")
        await expect(named).to_be_hidden()
        async with Provider(port=port) as provider:
            provider.models = ["plain", "held"]
            await expect(named).to_have_text("plain")
            await tab.button("retry").click()
            await expect(tab.growing.locator(".prose")).to_have_text(ANSWER)
            await expect(tab.growing.locator(".figures")).to_contain_text("plain")
