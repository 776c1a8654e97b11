"""The end of the process: asked for with a signal, and not asked for with kill -9."""

from __future__ import annotations

import asyncio
import json
import signal
import sqlite3
import sys
from collections.abc import Sequence
from contextlib import AsyncExitStack, aclosing, closing
from pathlib import Path

import aiohttp
import httpx
import pytest
from playwright.async_api import Browser

from chat.engine import Engine
from tests.event_source import EventStreamDecoder, ServerSentEvent
from tests.page_protocol import OpenPage
from tests.processes import AppProcess, RoutesProcess
from tests.provider import Provider
from tests.scenarios import ANSWER, HALF
from tests.servers import make_settings

pytestmark = [
    pytest.mark.slow,  # a process for each way to end
    pytest.mark.skipif(not sys.platform.startswith("linux"), reason="looks for processes in /proc"),
]

STREAM = "/ai/stream_chat"
SAVED_SECONDS = 20


async def read_on(response: httpx.Response, events: list[ServerSentEvent]) -> list[ServerSentEvent]:
    """Read to the end of the stream, which must be a whole one."""
    decoder = EventStreamDecoder()
    async for data in response.aiter_raw():
        events += decoder.feed(data)
    return events


async def show(page: OpenPage, generation: str) -> str:
    """Follow an answer on the page to its end; return the history as it is shown then."""
    async with aclosing(page.events("follow", page.visit("follow", generation))) as growing:
        async for _ in growing:
            pass
    return str(await page.run("settle", page.visit(generation=generation)))


def ending(events: Sequence[ServerSentEvent]) -> object:
    return json.loads(events[-1].data)["error"]["type"]


async def test_sigterm_ends_streams_and_open_pages_and_leaves_nothing(
    provider: Provider, tmp_path: Path, browser: Browser
) -> None:
    # Spaces sets GRADIO_SSR_MODE: the routes must answer for themselves all the same.
    environ = {"OPENAI_BASE_URL": provider.url, "GRADIO_SSR_MODE": "True"}
    async with AppProcess(tmp_path, **environ) as process, AsyncExitStack() as stack:
        await _read_file(process.client)
        http = await stack.enter_async_context(aiohttp.ClientSession())
        tab = await browser.new_page()  # an idle one, whose connections stay open
        await tab.goto(process.url)
        await tab.locator("#composer textarea").wait_for()
        page = await OpenPage.load(http, process.url)
        showing = asyncio.create_task(show(page, await page.send("Hi", model="endless")))
        reading = []
        for model in ("stall-midway", "endless", "stall-before-headers"):
            params = {"user_message": "Hi", "model": model}
            response = await stack.enter_async_context(process.client.stream("GET", STREAM, params=params))
            assert response.headers["content-type"] == "text/event-stream; charset=utf-8"
            reading.append(asyncio.create_task(read_on(response, [])))
        await provider.wait_for_requests(3)
        status = await process.stop()
        events = await asyncio.gather(*reading)
        shown = await showing
        await process.wait_until_alone()
        await tab.close()
    assert (status, [ending(each) for each in events]) == (0, ["interrupted"] * 3)
    assert "interrupted when the server stopped" in shown
    assert provider.open_connections == []
    assert "Traceback" not in process.output, process.output
    assert "ERROR" not in process.output, process.output


async def test_control_c_ends_it_quietly_and_waits_for_no_reader_that_does_not_read(
    provider: Provider, tmp_path: Path
) -> None:
    async with AppProcess(tmp_path, OPENAI_BASE_URL=provider.url) as process:
        reader, writer = await asyncio.open_connection(
            *process.url.removeprefix("http://").split(":"), limit=1
        )
        writer.write(f"GET {STREAM}?user_message=Hi&model=burst-100000 HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        await reader.read(1)
        status = await process.stop(signal.SIGINT)
        await process.wait_until_alone()
        writer.transport.abort()
    assert (status, "Traceback" in process.output) == (0, False), process.output


async def test_kill_and_restart_leave_nothing_broken(provider: Provider, tmp_path: Path) -> None:
    async with RoutesProcess(tmp_path, OPENAI_BASE_URL=provider.url) as process:
        await _read_file(process.client)
        conversation = await _ask(process.client, {"user_message": "One", "model": "plain"})
        params = {"user_message": "Two", "model": "stall-midway", "conversation_id": conversation}
        async with process.client.stream("GET", STREAM, params=params) as response:
            pieces = response.aiter_raw()
            seen = EventStreamDecoder().feed(await anext(pieces) + await anext(pieces))
            await _wait_until_saved(tmp_path / "data", HALF)
            await process.stop(signal.SIGKILL)
            with pytest.raises(httpx.TransportError):
                async for _ in pieces:
                    pass
        await process.wait_until_alone()
    async with RoutesProcess(tmp_path, OPENAI_BASE_URL=provider.url) as process:
        asked = len(provider.chats)
        resumed = await process.client.get(STREAM, params=params, headers={"last-event-id": seen[-1].id})
        assert (resumed.status_code, len(provider.chats)) == (404, asked)
        branch = await _read_history(tmp_path, conversation)
        await _ask(process.client, {**params, "user_message": "Three", "model": "plain"})
    assert branch == [
        ("user", "One", "stop"),
        ("assistant", ANSWER, "stop"),
        ("user", "Two", "stop"),
        ("assistant", HALF, "interrupted"),
    ]
    sent = [message["content"] for message in provider.chats[-1].body["messages"][1:]]
    assert sent == ["One", ANSWER, "Two", HALF, "Three"]


async def _read_file(client: httpx.AsyncClient) -> None:
    """Have a file read, so that the processes which read files are there too."""
    read = await client.post("/ai/files", files={"file": ("notes.txt", b"Red fox.")})
    assert read.status_code == 201


async def _ask(client: httpx.AsyncClient, params: dict[str, str]) -> str:
    response = await client.get(STREAM, params=params)
    opening, *_, last = EventStreamDecoder().feed(response.content)
    assert last.data == "[DONE]", response.text
    return str(json.loads(opening.data)["conversation_id"])


async def _wait_until_saved(folder: Path, text: str) -> None:
    """Return when the database holds an answer with this text, seen from outside."""
    async with asyncio.timeout(SAVED_SECONDS):
        while True:
            with closing(sqlite3.connect(folder / "history.sqlite3")) as database:
                if (text,) in database.execute("SELECT text FROM messages").fetchall():
                    return
            await asyncio.sleep(0.1)


async def _read_history(folder: Path, conversation: str) -> list[tuple[str, str, str | None]]:
    engine = Engine(make_settings(folder))
    await engine.open()
    try:
        branch = await engine.branch(conversation, "")
    finally:
        await engine.aclose()
    return [(message.role, message.text, message.finish_reason) for message in branch]
