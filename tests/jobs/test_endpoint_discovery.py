"""Model servers of this machine: found on loopback, at the start and later; never where strangers come."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.async_api import Browser, expect

from chat.jobs import endpoint_discovery
from chat.jobs.endpoint_discovery import ModelServer, find_endpoint
from chat.settings import Settings
from tests.pages import visit
from tests.provider import Provider
from tests.scenarios import ANSWER
from tests.servers import run_app

pytestmark = pytest.mark.slow  # servers that come and go, and pages that see them


def as_server(provider: Provider) -> ModelServer:
    return ModelServer("Ollama", urlsplit(provider.url).port or 0)


@pytest.mark.parametrize(
    ("environ", "finds"),
    [
        ({}, True),
        ({"GRADIO_SERVER_NAME": "localhost"}, True),
        ({"GRADIO_SERVER_NAME": "0.0.0.0"}, False),
        ({"SPACE_ID": "a/b"}, False),
        ({"OPENAI_BASE_URL": "none"}, False),
        ({"OPENAI_API_KEY": "sk-test"}, False),
        ({"LOCAL_MODEL": "a/b:c.gguf"}, False),
    ],
)
def test_only_a_server_for_its_own_machine_without_settings_looks(
    environ: dict[str, str], finds: bool
) -> None:
    settings = Settings.from_env(environ)
    assert settings.finds_endpoint is finds
    assert settings.has_endpoint is ("OPENAI_API_KEY" in environ)


async def test_the_first_server_with_a_chat_model_is_used_and_the_own_port_is_not_asked(
    provider: Provider,
) -> None:
    closed, server = ModelServer("LM Studio", 9), as_server(provider)
    found = await find_endpoint([closed, server], own_port=1)
    assert found is not None
    assert (found[0], found[1].base_url) == (server, server.url)
    assert found[1].models
    assert await find_endpoint([server], own_port=server.port) is None
    assert await find_endpoint([closed], own_port=1) is None


async def test_a_server_that_is_found_answers_and_is_named_on_the_page(
    browser: Browser, provider: Provider, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(endpoint_discovery, "MODEL_SERVERS", (as_server(provider),))
    async with run_app(tmp_path) as app, visit(browser, app.url) as tab:
        await expect(tab.page.locator("#banner")).to_contain_text("Ollama was found on this machine")
        await tab.ask("Hello")
        await expect(tab.growing.locator(".prose")).to_have_text(ANSWER)


async def test_a_server_that_comes_later_is_used_without_loading_the_page_anew(
    browser: Browser, provider: Provider, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(endpoint_discovery, "MODEL_SERVERS", ())
    monkeypatch.setattr(endpoint_discovery, "AGAIN_SECONDS", 0.1)
    async with run_app(tmp_path) as app, visit(browser, app.url) as tab:
        await expect(tab.page.locator("#download")).to_contain_text("A tiny demo model answers")
        code = tab.page.locator('.card[data-id="code"]')
        await expect(code).to_be_hidden()  # a demo model writes none
        monkeypatch.setattr(endpoint_discovery, "MODEL_SERVERS", (as_server(provider),))
        await expect(tab.page.locator("#banner")).to_contain_text("Ollama was found on this machine")
        await expect(code).to_be_visible()
        await tab.ask("Hello")
        await expect(tab.growing.locator(".prose")).to_have_text(ANSWER)
