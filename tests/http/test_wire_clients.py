"""The frames as the clients that people use read them: browser, curl, httpx-sse, npm's eventsource, the SDK.

Each reads a whole answer, and those that reconnect by themselves do so over connections that are dropped:
nothing is lost, nothing comes twice, and the upstream is asked once.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
from collections.abc import AsyncGenerator, Iterable
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import httpx_sse
import openai
import pytest
from openai.types.chat import ChatCompletionChunk
from playwright.async_api import Browser, Page

from tests.benchmarks.resume import drop_and_resume
from tests.cutting_proxy import CuttingProxy
from tests.event_source import EventStreamDecoder
from tests.nginx import PROGRAM as NGINX
from tests.nginx import Nginx
from tests.provider import Provider
from tests.routes import heard
from tests.scenarios import ANSWER
from tests.servers import RunningApp, run_routes

pytestmark = pytest.mark.slow  # clients of other languages, each a process

PATH = "/ai/stream_chat?"
PATIENCE_SECONDS = 60
EVENTSOURCE = "eventsource@4.1.1"
FOLLOW = """
async ({ url, params, until }) => {
  const seen = { data: [], ids: [], names: [], opened: 0 };
  const source = new EventSource(url + "/ai/stream_chat?" + new URLSearchParams(params));
  const note = (event) => {
    seen.data.push(event.data);
    seen.ids.push(event.lastEventId);
    seen.names.push(event.type);
  };
  window.seen = seen;
  source.onopen = () => seen.opened++;
  source.onmessage = note;
  for (const name of ["generation", "receipt", "citations"]) source.addEventListener(name, note);
  await new Promise((resolve) => {
    source.onerror = () => {
      if (source.readyState === EventSource.CLOSED) resolve();
    };
  });
  return seen;
}
"""
MODELLED = """
async ({ url, params }) => {
  let answer = "";
  const eventSource = new EventSource(url + "/ai/stream_chat?" + new URLSearchParams(params));
  await new Promise((resolve) => {
    eventSource.onmessage = (event) => {
      if (event.data === "[DONE]") {
        eventSource.close();
        return resolve();
      }
      const chunk = JSON.parse(event.data);
      if (chunk.choices[0].delta.content) answer += chunk.choices[0].delta.content;
    };
  });
  return answer;
}
"""
NODE = """
import { EventSource } from "eventsource";
const source = new EventSource(process.argv[2]);
setInterval(() => {}, 1000); // its own timer does not keep the process alive
const note = (event) => console.log(JSON.stringify([event.type, event.lastEventId, event.data]));
source.onmessage = note;
for (const name of ["generation", "receipt", "citations"]) source.addEventListener(name, note);
source.onerror = (error) => { if (source.readyState === 2) process.exit(error.code === 204 ? 0 : 1); };
"""


@pytest.fixture
async def provider() -> AsyncGenerator[Provider, None]:
    async with Provider() as provider:
        yield provider


@pytest.fixture
async def app(provider: Provider, tmp_path: Path) -> AsyncGenerator[RunningApp, None]:
    """The routes alone: their clients have no use for the page."""
    async with run_routes(tmp_path, OPENAI_BASE_URL=provider.url) as app:
        yield app


@pytest.fixture
async def page(browser: Browser) -> AsyncGenerator[Page, None]:
    page = await browser.new_page()
    page.set_default_timeout(PATIENCE_SECONDS * 1000)
    yield page
    await page.close()


def make_query(model: str = "plain", **params: str) -> dict[str, str]:
    return {"user_message": "你好?", "model": model, **params}


def port_of(app: RunningApp) -> int:
    return int(app.url.rpartition(":")[2])


def join_text(data: Iterable[str]) -> str:
    """Return the answer of these events' data."""
    chunks = [json.loads(one) for one in data if one != "[DONE]"]
    choices = [choice for chunk in chunks for choice in chunk["choices"]]
    return "".join([choice["delta"].get("content") or "" for choice in choices])


def check_ids(ids: Iterable[str]) -> None:
    """Every event once, in order."""
    numbers = [int(id.rpartition(":")[2]) for id in ids]
    assert numbers == list(range(len(numbers)))


async def follow(page: Page, url: str, params: dict[str, str]) -> dict[str, Any]:
    """Follow to the end with the browser's EventSource; it ends when the server says 204."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        seen: dict[str, Any] = await page.evaluate(FOLLOW, {"url": url, "params": params})
    check_ids(seen["ids"])
    assert seen["data"][-1] == "[DONE]"
    return seen


# --- a browser ----------------------------------------------------------------------------------------------


async def test_event_source_reads_an_answer_and_is_stopped_by_204(
    app: RunningApp, provider: Provider, page: Page, browser: Browser
) -> None:
    await page.goto(app.url + "/healthz")
    seen = await follow(page, app.url, make_query())
    assert (join_text(seen["data"]), seen["opened"], len(provider.chats)) == (ANSWER, 1, 1)
    assert set(seen["names"]) == {"generation", "message"}


async def test_event_source_of_the_modelled_page_works_unchanged(
    app: RunningApp, page: Page, browser: Browser
) -> None:
    async with CuttingProxy(port_of(app)) as elsewhere, asyncio.timeout(PATIENCE_SECONDS):
        await page.goto(elsewhere.url + "/healthz")  # another origin, as that page has
        params = {"user_message": "Hi", "file_content": "", "model": "plain"}
        assert await page.evaluate(MODELLED, {"url": app.url, "params": params}) == ANSWER


async def test_event_source_comes_back_by_itself_after_dropped_connections(
    app: RunningApp, provider: Provider, page: Page, browser: Browser
) -> None:
    await page.goto(app.url + "/healthz")
    # None falls within the headers: Chromium takes half of them for all, and gives up on what is no stream.
    async with CuttingProxy(port_of(app), [900, 3_000, 0, 20_000]) as proxy:
        seen = await follow(page, proxy.url, make_query("paced-300-0.01"))
    assert (proxy.cuts, len(provider.chats)) == (4, 1)
    assert len(join_text(seen["data"]).split()) == 300


async def test_event_source_survives_a_drop_before_the_first_token(
    app: RunningApp, provider: Provider, page: Page, browser: Browser
) -> None:
    await page.goto(app.url + "/healthz")
    async with CuttingProxy(port_of(app), [800]) as proxy:
        following = asyncio.create_task(follow(page, proxy.url, make_query("held")))
        call = await provider.next_call()
        await page.wait_for_function("window.seen?.ids.length === 1")
        await call.text("x" * 800)  # crosses the limit of the first connection
        await page.wait_for_function("window.seen.opened === 2")
        await call.text("yes")
        await call.finish()
        seen = await following
    assert (join_text(seen["data"]), proxy.cuts, len(provider.chats)) == ("x" * 800 + "yes", 1, 1)


@pytest.mark.skipif(NGINX is None, reason="nginx is not installed")
async def test_event_source_survives_nginx_being_restarted_in_the_middle(
    app: RunningApp, provider: Provider, page: Page, browser: Browser, tmp_path: Path
) -> None:
    await page.goto(app.url + "/healthz")
    async with Nginx(tmp_path, port_of(app)) as nginx:
        following = asyncio.create_task(follow(page, nginx.url, make_query("held")))
        call = await provider.next_call()
        await call.text("before ")
        # Behind nginx with its buffering on: what came so far is passed on at once all the same.
        await page.wait_for_function("window.seen?.ids.length === 2")
        await nginx.restart()
        await call.text("meanwhile ")
        await page.wait_for_function("window.seen.ids.length === 3")
        await call.text("after")
        await call.finish()
        seen = await following
    assert (join_text(seen["data"]), len(provider.chats)) == ("before meanwhile after", 1)
    assert seen["opened"] == 2


# --- the command line ---------------------------------------------------------------------------------------


async def run(*command: str | Path) -> tuple[int | None, bytes]:
    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    async with asyncio.timeout(PATIENCE_SECONDS):
        output, _ = await process.communicate()
    return process.returncode, output


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
async def test_curl_shows_frames_as_they_come(app: RunningApp, provider: Provider) -> None:
    url = app.url + PATH + urlencode(make_query("held"))
    process = await asyncio.create_subprocess_exec("curl", "-sN", url, stdout=asyncio.subprocess.PIPE)
    assert process.stdout
    call = await provider.next_call()
    async with asyncio.timeout(PATIENCE_SECONDS):
        shown = await process.stdout.readuntil(b"\n\n")
        await call.text("one")
        shown += await process.stdout.readuntil(b"\n\n")
        await call.finish()
        shown += await process.stdout.read()
        assert await process.wait() == 0
    events = EventStreamDecoder().feed(shown)
    check_ids(event.id for event in events)
    assert join_text(event.data for event in events) == "one"


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
async def test_curl_resumes_with_a_header_and_uploads_a_file(app: RunningApp, tmp_path: Path) -> None:
    url = app.url + PATH + urlencode(make_query())
    _, whole = await run("curl", "-sN", url)
    events = EventStreamDecoder().feed(whole)
    _, rest = await run("curl", "-sN", url, "-H", f"Last-Event-ID: {events[2].id}")
    assert heard(EventStreamDecoder().feed(rest)) == events[3:]
    (tmp_path / "notes.txt").write_text("The fox is red.")
    _, read = await run("curl", "-s", app.url + "/ai/files", "-F", f"file=@{tmp_path / 'notes.txt'}")
    assert json.loads(read)["characters"] == 15


# --- libraries ----------------------------------------------------------------------------------------------


async def test_httpx_sse_reads_no_event_that_is_none(
    app: RunningApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chat.http.event_stream.KEEP_ALIVE_SECONDS", 0.01)
    params = make_query("paced-10-0.05")
    async with httpx_sse.aconnect_sse(app.client, "GET", PATH, params=params) as source:
        events = [event async for event in source.aiter_sse()]
    check_ids(event.id for event in events)
    assert [event.event for event in events[:2]] == ["generation", "message"]
    assert len(join_text(event.data for event in events).split()) == 10
    assert events[0].retry == 1000


async def test_openai_sdk_parses_our_frames_as_its_own_stream(
    app: RunningApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chat.http.event_stream.KEEP_ALIVE_SECONDS", 0.01)
    async with openai.AsyncOpenAI(base_url=app.url + "/ai", api_key="none") as client:
        stream = await client.post(
            "/stream_chat",
            body={**make_query("paced-10-0.05"), "file_content": "The fox is red."},
            cast_to=ChatCompletionChunk,
            stream=True,
            stream_cls=openai.AsyncStream[ChatCompletionChunk],
        )
        chunks = [chunk async for chunk in stream]
    text = "".join([choice.delta.content or "" for chunk in chunks for choice in chunk.choices])
    assert len(text.split()) == 10
    assert [choice.finish_reason for chunk in chunks for choice in chunk.choices][-1] == "stop"


async def test_openai_sdk_raises_our_error_frame_with_its_message(app: RunningApp) -> None:
    async with openai.AsyncOpenAI(base_url=app.url + "/ai", api_key="none") as client:
        stream = await client.post(
            "/stream_chat",
            body=make_query("error-midway"),
            cast_to=ChatCompletionChunk,
            stream=True,
            stream_cls=openai.AsyncStream[ChatCompletionChunk],
        )
        with pytest.raises(openai.APIError) as raised:
            _ = [chunk async for chunk in stream]
    assert isinstance(raised.value.body, dict)
    assert raised.value.message == raised.value.body["message"] != ""


@pytest.fixture(scope="session")
async def eventsource_package(pytestconfig: pytest.Config) -> Path:
    """The npm package `eventsource`, installed once into pytest's cache."""
    assert pytestconfig.cache
    folder = Path(pytestconfig.cache.mkdir("eventsource"))
    is_there = (folder / "node_modules" / "eventsource").is_dir()
    npm = shutil.which("npm")
    if not is_there and npm:
        status, _ = await run(npm, "install", "--silent", "--no-audit", "--prefix", folder, EVENTSOURCE)
        is_there = status == 0
    if not is_there:
        missing = "npm could not install eventsource: this client is not tested"
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(missing)
    (folder / "follow.mjs").write_text(NODE)
    return folder


async def test_npm_eventsource_comes_back_by_itself_after_dropped_connections(
    app: RunningApp, provider: Provider, eventsource_package: Path
) -> None:
    async with CuttingProxy(port_of(app), [900, 5_000]) as proxy:
        url = proxy.url + PATH + urlencode(make_query("paced-100-0.01"))
        status, output = await run("node", eventsource_package / "follow.mjs", url)
    events = [json.loads(line) for line in output.splitlines()]
    check_ids(id for _, id, _ in events)
    assert (status, proxy.cuts, len(provider.chats)) == (0, 2, 1)
    assert len(join_text(data for _, _, data in events).split()) == 100


# --- at random ----------------------------------------------------------------------------------------------


async def test_readers_that_drop_and_resume_at_random_lose_nothing() -> None:
    figures = await drop_and_resume(seed=20, readers=4, deltas=800)
    print(figures)
    assert (figures.lost, figures.repeated, figures.upstream_requests) == (0, 0, 1)
    assert figures.cuts >= 40
