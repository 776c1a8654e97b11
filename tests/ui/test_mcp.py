"""The page's named functions as tools of the Model Context Protocol, called by the protocol's own client."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from mcp import ClientSession
from mcp.client.streamable_http import streamable_http_client
from mcp.types import TextContent

from tests.provider import Provider
from tests.scenarios import ANSWER
from tests.servers import RunningApp, run_app

pytestmark = pytest.mark.slow

PATH = "/gradio_api/mcp/"


@asynccontextmanager
async def connect(url: str) -> AsyncGenerator[ClientSession, None]:
    async with (
        streamable_http_client(url + PATH) as (read, write, _),
        ClientSession(read, write) as session,
    ):
        await session.initialize()
        yield session


async def test_a_client_finds_the_named_functions_alone_and_gets_an_answer(app: RunningApp) -> None:
    async with connect(app.url) as session:
        tools = await session.list_tools()
        assert sorted(tool.name for tool in tools.tools) == ["ask_file", "chat"]
        answer = await session.call_tool("chat", {"message": "Hello"})
    assert [part.text for part in answer.content if isinstance(part, TextContent)] == [ANSWER]


async def test_a_file_of_the_server_or_of_another_host_is_not_read(app: RunningApp, tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("the lamp is green")
    async with connect(app.url) as session:
        for file in (str(secret), f"http://127.0.0.1:{app.client.base_url.port}/healthz"):
            answer = await session.call_tool("ask_file", {"question": "Which colour?", "file": file})
            assert answer.isError
            assert "green" not in str(answer.content)


async def test_where_a_log_in_is_on_there_are_no_tools(provider: Provider, tmp_path: Path) -> None:
    async with run_app(tmp_path, OPENAI_BASE_URL=provider.url, PASSWORD="open sesame") as app:
        response = await app.client.post(PATH, json={"jsonrpc": "2.0", "id": 1, "method": "tools/list"})
    assert response.status_code == 404
