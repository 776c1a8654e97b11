"""The app as owners host it: behind nginx as deploy/nginx.conf has it, at the root and below a prefix."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from playwright.async_api import Browser, expect

from tests.event_source import EventStreamDecoder, ServerSentEvent
from tests.nginx import PROGRAM, Nginx, deployed
from tests.pages import WAIT_MILLISECONDS, text_file, visit
from tests.provider import Provider
from tests.scenarios import ANSWER
from tests.servers import RunningApp, run_app

pytestmark = [
    pytest.mark.slow,  # nginx, two processes and a page
    pytest.mark.skipif(PROGRAM is None, reason="nginx is not installed"),
]

PREFIXES = ("", "/chat")
PATIENCE_SECONDS = 60
LARGE = 12_000_000  # bytes: nginx takes 1 MB where it is not told otherwise


@dataclass
class Hosted:
    """url: what a visitor types, without a slash at its end."""

    url: str
    app: RunningApp


@asynccontextmanager
async def host(
    provider: Provider, folder: Path, prefix: str = "", **environ: str
) -> AsyncGenerator[Hosted, None]:
    """The whole app behind nginx, configured by the file that owners are given."""
    settings = {"OPENAI_API_KEY": "sk-test", "OPENAI_MODEL": "plain,held", "GRADIO_ROOT_PATH": prefix}
    async with (
        run_app(folder, OPENAI_BASE_URL=provider.url, **settings | environ) as app,
        Nginx(folder, port_of(app), deployed(prefix=prefix)) as nginx,
    ):
        yield Hosted(nginx.url + prefix, app)


def port_of(app: RunningApp) -> int:
    return int(app.url.rpartition(":")[2])


@pytest.fixture(scope="module", params=PREFIXES, ids=["at the root", "below a prefix"])
async def hosted(
    module_provider: Provider, tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> AsyncGenerator[Hosted, None]:
    async with host(module_provider, tmp_path_factory.mktemp("hosted"), request.param) as hosted:
        yield hosted


# --- routes -------------------------------------------------------------------------------------------------


async def test_the_first_frame_passes_nginx_before_the_model_says_anything(
    hosted: Hosted, provider: Provider
) -> None:
    decoder, seen = EventStreamDecoder(), list[ServerSentEvent]()
    params = {"user_message": "Hi", "model": "held"}
    async with (
        asyncio.timeout(PATIENCE_SECONDS),
        httpx.AsyncClient(timeout=PATIENCE_SECONDS) as client,
        client.stream("GET", hosted.url + "/ai/stream_chat", params=params) as response,
    ):
        pieces = response.aiter_raw()

        async def read_until(count: int) -> None:
            while len(seen) < count:
                seen.extend(decoder.feed(await anext(pieces)))

        await read_until(1)
        call = await provider.next_call()
        for number, text in enumerate(("one ", "two "), start=2):
            await call.text(text)
            await read_until(number)
        await call.finish()
        async for piece in pieces:
            seen.extend(decoder.feed(piece))
    assert (seen[0].type, seen[-1].data) == ("generation", "[DONE]")


async def test_every_address_that_the_routes_name_leads_back_to_them(hosted: Hosted) -> None:
    async with httpx.AsyncClient(timeout=PATIENCE_SECONDS) as client:
        body = {"user_message": "Hi", "model": "plain"}
        started = (await client.post(hosted.url + "/ai/generations", json=body)).json()
        followed = await client.get(httpx.URL(hosted.url).join(started["events"]))
        docs = (await client.get(hosted.url + "/docs")).text
        schema = docs.partition('href="')[2].partition('"')[0]
        found = await client.get(httpx.URL(hosted.url + "/docs").join(schema))
        health = await client.get(hosted.url + "/healthz")
    assert EventStreamDecoder().feed(followed.content)[-1].data == "[DONE]"
    assert "/ai/stream_chat" in found.json()["paths"]
    assert health.json()["status"] == "ok"


async def test_a_file_larger_than_nginx_takes_by_itself_is_read(hosted: Hosted) -> None:
    data = (b"The fox is red. " * (LARGE // 16))[:LARGE]
    async with httpx.AsyncClient(timeout=60) as client:
        read = await client.post(hosted.url + "/ai/files", files={"file": ("fox.txt", data)})
        sent = await client.post(hosted.url + "/gradio_api/upload", files={"files": ("fox.txt", data)})
    assert (read.status_code, read.json()["bytes"]) == (201, LARGE)
    assert (sent.status_code, len(sent.json())) == (200, 1)


# --- the page -----------------------------------------------------------------------------------------------


async def test_the_page_asks_reads_a_file_and_shows_each_piece_as_it_comes(
    browser: Browser, hosted: Hosted, provider: Provider
) -> None:
    async with visit(browser, hosted.url + "/") as tab:
        await tab.attach(text_file("fox.txt", "The fox is red."))
        await expect(tab.page.locator("#files .done")).to_contain_text("fox.txt", timeout=WAIT_MILLISECONDS)
        await tab.ask("Which colour?")
        await expect(tab.history.locator(".prose")).to_have_text(ANSWER)
        await tab.choose("held")
        await tab.send("And now?")
        call = await provider.next_call()
        await call.text("One ")
        await expect(tab.growing.locator(".prose")).to_have_text("One", timeout=WAIT_MILLISECONDS)
        await tab.reload()
        await call.text("two")
        await expect(tab.growing.locator(".prose")).to_have_text("One two", timeout=WAIT_MILLISECONDS)
        await call.finish()
        await tab.wait_until_over()
        assert tab.problems == []
        assert tab.hosts - {""} == {httpx.URL(hosted.url).netloc.decode()}


# --- who calls ----------------------------------------------------------------------------------------------


async def ask_from(address: str, url: str, **headers: str) -> int:
    """Return the status that a client on this address of the loopback gets."""
    transport = httpx.AsyncHTTPTransport(local_address=address)
    async with httpx.AsyncClient(transport=transport, timeout=30) as client:
        params = {"user_message": "Hi", "model": "plain"}
        answer = await client.get(url + "/ai/stream_chat", params=params, headers=headers)
    return answer.status_code


async def test_limits_are_for_the_visitors_address_which_he_cannot_choose(
    provider: Provider, tmp_path: Path
) -> None:
    async with host(provider, tmp_path, RATE_LIMIT="2/hour") as hosted:
        statuses = [
            await ask_from(address, hosted.url, **{"x-forwarded-for": forged})
            for address, forged in [
                ("127.0.0.5", "203.0.113.1"),
                ("127.0.0.5", "203.0.113.2, 127.0.0.1"),
                ("127.0.0.5", "203.0.113.3"),
                ("127.0.0.6", "127.0.0.5"),
            ]
        ]
    assert statuses == [200, 200, 429, 200]


async def test_only_a_trusted_proxy_is_believed_who_it_speaks_for(provider: Provider, tmp_path: Path) -> None:
    settings = {"OPENAI_BASE_URL": provider.url, "RATE_LIMIT": "1/hour", "TRUSTED_PROXIES": "127.0.0.8/32"}
    async with run_app(tmp_path, **settings) as app:
        statuses = [
            await ask_from(address, app.url, **{"x-forwarded-for": said})
            for address, said in [
                ("127.0.0.7", "203.0.113.1"),
                ("127.0.0.7", "203.0.113.2"),  # the same address, whatever it says
                ("127.0.0.8", "203.0.113.1"),
                ("127.0.0.8", "203.0.113.2"),
                (
                    "127.0.0.8",
                    "198.51.100.9, 203.0.113.2",
                ),  # what came before the proxy's own word is the client's
            ]
        ]
    assert statuses == [200, 429, 200, 200, 429]


# --- a prefix -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("root_path", ["/chat", "/a/chat/", "https://example.org/chat"])
async def test_a_proxy_that_leaves_the_prefix_on_is_served_too(
    provider: Provider, tmp_path: Path, root_path: str
) -> None:
    prefix = httpx.URL(root_path).path.rstrip("/")
    settings = {"OPENAI_BASE_URL": provider.url, "GRADIO_ROOT_PATH": root_path}
    async with run_app(tmp_path, **settings) as app:
        paths = ("/healthz", "/ai/none", "/gradio_api/file=app.py", "/monitoring", "", "/", "ter/healthz")
        with_prefix = [await app.client.get(prefix + path) for path in paths]
        without = [await app.client.get(path) for path in paths[:-2]]
    assert [answer.status_code for answer in with_prefix] == [200, 404, 404, 404, 200, 200, 404]
    assert [answer.status_code for answer in without] == [200, 404, 404, 404, 200]
