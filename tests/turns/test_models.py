"""Which model answers: the first that chats, or a sentence that there is none."""

from __future__ import annotations

import asyncio
import logging

import pytest

from chat.completions import Endpoint
from chat.errors import NoChatModel
from chat.settings import Settings
from chat.turns.models import Models
from tests.provider import Call, Provider, closed_port


def connected(url: str) -> Models:
    models = Models(Settings.from_env({"OPENAI_BASE_URL": url}))
    models.connect(Endpoint(url, "sk-test"))
    return models


async def test_the_default_is_the_first_model_that_chats() -> None:
    async with Provider() as provider:
        provider.models = ["text-embedding-3-small", "whisper-1", "plain", "held"]
        models = connected(provider.url)
        assert (await models.choose("", has_files=False)).name == "plain"
        assert list(await models.names()) == ["plain", "held", "quotes"]
        await models.aclose()


async def test_an_endpoint_that_comes_later_is_listed_then() -> None:
    port = closed_port()
    models = connected(f"http://127.0.0.1:{port}/v1")
    assert (list(await models.names()), models.is_away) == (["quotes"], True)
    async with Provider(port=port) as provider:
        provider.models = ["plain"]
        while len(names := list(await models.names())) < 2:
            await asyncio.sleep(0)
        assert (names, models.is_away) == (["plain", "quotes"], False)
        await models.aclose()


@pytest.mark.parametrize("listed", [["text-embedding-3-small", "tts-1"], []])
async def test_a_list_without_a_model_that_chats_is_a_sentence(
    listed: list[str], caplog: pytest.LogCaptureFixture
) -> None:
    async with Provider() as provider:
        provider.models = listed
        models = connected(provider.url)
        with pytest.raises(NoChatModel, match="OPENAI_MODEL"):
            await models.choose("", has_files=False)
        assert (await models.choose("mine", has_files=False)).name == "mine"
        await models.aclose()
    assert "set OPENAI_MODEL" in caplog.text


async def test_an_address_without_an_endpoint_is_one_line_at_the_start(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def nothing(call: Call) -> None:
        await call.reply(404, "<h1>Not found</h1>", "text/html")

    caplog.set_level(logging.WARNING)
    async with Provider() as provider:
        provider.paths = {"/models": nothing, "/v1/models": nothing}
        models = connected(provider.url.removesuffix("/v1"))
        assert (await models.choose("", has_files=False)).name == ""
        await models.aclose()
    lines = [record.getMessage() for record in caplog.records if record.name == "chat.turns.models"]
    assert len(lines) == 1
    assert "/v1" in lines[0]
    assert "OPENAI_BASE_URL" in lines[0]
