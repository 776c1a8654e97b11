"""The page's named functions, called as gradio_client does."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import pytest
from gradio_client import Client, handle_file  # type: ignore[import-untyped]
from gradio_client.exceptions import AppError  # type: ignore[import-untyped]

from tests.provider import Provider
from tests.scenarios import ANSWER
from tests.servers import RunningApp, run_app

SECRET = "the-content-of-a-file-that-nobody-uploaded"


@pytest.fixture(scope="module")
async def served(
    module_provider: Provider, tmp_path_factory: pytest.TempPathFactory
) -> AsyncGenerator[RunningApp, None]:
    folder = tmp_path_factory.mktemp("served")
    settings = {"OPENAI_MODEL": "plain", "OPENAI_API_KEY": "sk-test", "TITLES": "words"}
    async with run_app(folder, OPENAI_BASE_URL=module_provider.url, **settings) as running:
        yield running


async def call(app: RunningApp, *values: Any, name: str) -> Any:
    def ask() -> Any:
        client = Client(app.url, verbose=False, analytics_enabled=False)
        try:
            return client.predict(*values, api_name=name)
        finally:
            client.close()

    return await asyncio.to_thread(ask)


async def test_chat_answers_a_message(served: RunningApp) -> None:
    assert await call(served, "Hello", name="/chat") == ANSWER


async def test_ask_file_answers_about_an_upload(
    served: RunningApp, provider: Provider, tmp_path: Path
) -> None:
    path = tmp_path / "lamp.txt"
    path.write_text("The lamp shines for nine hours.")
    assert await call(served, "How long?", handle_file(path), name="/ask_file") == ANSWER
    assert "nine hours" in json.dumps(provider.chats[-1].body["messages"])


async def test_ask_file_takes_no_path_of_the_server(
    served: RunningApp, provider: Provider, tmp_path: Path
) -> None:
    path = tmp_path / "secret.txt"
    path.write_text(SECRET)
    with pytest.raises(AppError):
        await call(served, "What is in it?", str(path), name="/ask_file")
    assert SECRET not in json.dumps([one.body for one in provider.requests])


async def test_only_what_is_named_is_told_to_clients(served: RunningApp) -> None:
    info = (await served.client.get("/gradio_api/info")).json()
    assert sorted(info["named_endpoints"]) == ["/ask_file", "/chat"]
    assert info["unnamed_endpoints"] == {}
