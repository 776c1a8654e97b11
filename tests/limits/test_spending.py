"""What a stranger can spend: over routes and page, behind a proxy, with which sentence he is refused."""

from __future__ import annotations

import asyncio
import json
import re
from pathlib import Path
from typing import Any

import aiohttp
import httpx
import pytest

from chat.history.exchange import FORMAT
from chat.ui.sidebar import list_conversations
from chat.ui.uploads import import_file
from chat.ui.visits import read_visit
from chat.visitors import Guest, Network, Visitor
from tests.page_protocol import OpenPage, join
from tests.provider import Call, Provider, chunk
from tests.security.test_isolation import ANNA, BEN
from tests.servers import RunningApp, run_app


async def ask(app: RunningApp, address: str = "", visitor: str = "", **body: Any) -> httpx.Response:
    headers = {"x-forwarded-for": address} if address else {}
    headers |= {"x-visitor": visitor} if visitor else {}
    return await app.client.post("/ai/stream_chat", json={"user_message": "x", **body}, headers=headers)


async def send(app: RunningApp, owner: str, language: str, **visit: Any) -> str:
    """Send a message over the page; return the words of all that it is told."""
    config = (await app.client.get("/config")).json()
    event = next(item["id"] for item in config["dependencies"] if item["api_name"] == "send")
    data = [{"owner": owner, "language": language, **visit}, {"text": "Hello", "files": []}]
    told = await join(app.client, event, data, f"s{owner}{language}")
    return told


def environ(provider: Provider, **more: str) -> dict[str, str]:
    return {"OPENAI_BASE_URL": provider.url, "OPENAI_MODEL": "plain,held", **more}


async def test_an_address_in_a_header_counts_only_from_a_trusted_proxy_and_the_log_names_another(
    provider: Provider, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    limited = environ(provider, RATE_LIMIT="2/hour", TRUSTED_PROXIES="203.0.113.9")
    async with run_app(tmp_path, **limited) as app:
        answers = [await ask(app, f"198.51.100.{n}", f"{n}" * 24) for n in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert caplog.text.count("X-Forwarded-For from 127.0.0.1 is ignored") == 1


async def test_behind_a_trusted_proxy_each_address_has_its_own_limit_and_none_can_be_made_up(
    provider: Provider, tmp_path: Path
) -> None:
    async with run_app(tmp_path, **environ(provider, RATE_LIMIT="1/hour")) as app:
        statuses = [
            (await ask(app, address, f"{n}" * 24)).status_code
            for n, address in enumerate(
                (
                    "198.51.100.1",
                    "198.51.100.2",
                    "10.9.9.9, 198.51.100.1",  # what the client says stands left of what the proxy saw
                    "198.51.100.3, 198.51.100.2",
                )
            )
        ]
    assert statuses == [200, 200, 429, 429]


async def test_page_and_routes_share_one_limit(provider: Provider, tmp_path: Path) -> None:
    async with run_app(tmp_path, **environ(provider, RATE_LIMIT="1/hour")) as app:
        assert (await ask(app, visitor=ANNA)).status_code == 200
        english, chinese = await send(app, BEN, "en"), await send(app, BEN, "zh")
    assert "That was more than is allowed in this time. The limit is 1. Try again in" in english
    assert "上限为 1。" in chinese
    assert re.search("Request [0-9a-f]{12}", english)
    assert re.search("请求编号 [0-9a-f]{12}", chinese)
    assert len(provider.chats) == 1


async def test_the_page_says_what_is_left_today_and_when_it_comes_back(
    provider: Provider, tmp_path: Path
) -> None:
    async def write_much(call: Call) -> None:
        await call.text("Much.")
        await call.chunk(finish_reason="stop")
        await call.data({**chunk(), "choices": [], "usage": {"total_tokens": 600}})
        await call.send(b"data: [DONE]\n\n")
        await call.end()

    provider.scripts["plain"] = write_much
    async with run_app(tmp_path, **environ(provider, DAILY_TOKENS_PER_VISITOR="500")) as app:
        assert (await ask(app, visitor=ANNA)).status_code == 200
        await spent(app)
        refused = await ask(app, visitor=ANNA)
        told = await send(app, ANNA, "en")
    error = refused.json()["error"]
    assert (refused.status_code, error["type"], error["details"]["limit"]) == (
        429,
        "daily_tokens_visitor",
        500,
    )
    assert 0 < int(refused.headers["retry-after"]) <= 86_400
    assert re.search(r"Your tokens for today are used up\. The limit is 500\. Try again in \d+", told), told
    assert "0 tokens left today" in told


async def spent(app: RunningApp) -> None:
    """Return when the tokens of the answers that have ended are counted."""
    async with asyncio.timeout(10):
        while await app.engine.tokens_left(Visitor(Guest.of(ANNA), Network.of("127.0.0.1"))):
            await asyncio.sleep(0.01)


async def test_a_visitor_cannot_ask_for_more_than_the_owner_allows(
    provider: Provider, tmp_path: Path
) -> None:
    async with run_app(tmp_path, **environ(provider, MAX_OUTPUT_TOKENS="50", TITLES="words")) as app:
        await send(app, ANNA, "en", options={"max_tokens": 4000})
        await send(app, BEN, "en", options={"max_tokens": 7})
        await ask(app)
    assert [call.body["max_tokens"] for call in provider.chats] == [50, 7, 50]


async def test_what_one_visitor_has_under_way_at_once_is_limited_and_no_other_visitors(
    provider: Provider, tmp_path: Path
) -> None:
    async with run_app(tmp_path, **environ(provider)) as app:
        at_once = app.engine.at_once
        anna = Visitor(Guest.of(ANNA), Network.of("127.0.0.1"))

        async def use(visitor: str) -> tuple[tuple[int, int], str, str]:
            files, headers = {"file": ("a.txt", b"text")}, {"x-visitor": visitor}
            sent = await app.client.post("/ai/files", files=files, headers=headers)
            on_page = await app.client.post(
                "/gradio_api/upload", files={"files": ("a.txt", b"text")}, headers=headers
            )
            visit = read_visit({"owner": visitor, "query": "x"}, session="s", address="127.0.0.1")
            listed = await list_conversations(app.engine, visit)
            paths = [app.engine.inbox.put(await make_export(tmp_path), visitor)]
            _, told = await import_file(app.engine, visit, [str(path) for path in paths])
            words = [re.sub("<.*?>", "", html) for html in (listed, told)]
            return (sent.status_code, on_page.status_code), words[0], words[1]

        free = (201, 200), "Nothing found for “x”.", "1 conversation imported."
        assert await use(ANNA) == free
        async with asyncio.timeout(10):  # a reader gives its place back when it has ended
            while at_once.uploads.total or at_once.files.total:
                await asyncio.sleep(0.01)
        assert at_once.searches.total == at_once.imports.total == 0
        for shares in (at_once.uploads, at_once.searches, at_once.imports):
            shares.take(anna, shares.limit.of_visitor)
        statuses, listed, told = await use(ANNA)
        assert statuses == (429, 429)
        assert ("8 searches at once" in listed, "too much in progress" in told) == (True, True)
        assert await use(BEN) == free
        for shares in (at_once.uploads, at_once.searches, at_once.imports):
            shares.give_back(anna, shares.limit.of_visitor)
        at_once.files.take(anna, at_once.files.limit.of_visitor)
        assert (await use(ANNA))[0] == (429, 200)


async def make_export(folder: Path) -> Path:
    """Return a new file with one conversation to import."""
    message = {"parent": None, "role": "user", "created": 0, "text": "?"}
    value = {"format": FORMAT, "version": 1, "title": "t", "pinned": False, "shown": 0}
    value |= {"created": 0, "updated": 0, "attachments": [], "messages": [message]}
    path = folder / "uploaded" / "export.json"
    await asyncio.to_thread(path.parent.mkdir, exist_ok=True)
    await asyncio.to_thread(path.write_text, json.dumps(value))
    return path


async def test_running_answers_are_limited_for_one_and_for_all(provider: Provider, tmp_path: Path) -> None:
    limited = environ(provider, MAX_GENERATIONS_PER_VISITOR="1", MAX_GENERATIONS="2")
    async with run_app(tmp_path, **limited) as app:

        async def start(visitor: str) -> httpx.Response:
            body = {"user_message": "x", "model": "held"}
            return await app.client.post("/ai/generations", json=body, headers={"x-visitor": visitor})

        answers = [await start(visitor) for visitor in (ANNA, ANNA, BEN, "c" * 24)]
        types = [answer.json().get("error", {}).get("type") for answer in answers]
        told = await send(app, ANNA, "en")
    assert types == [None, "busy_visitor", None, "busy"]
    assert "Many answers are being written just now. The limit is 2." in told


@pytest.mark.parametrize("allowed", ["1", "0"])
async def test_who_brings_his_own_key_pays_himself_where_the_owner_allows_it(
    provider: Provider, tmp_path: Path, allowed: str
) -> None:
    limited = environ(provider, OPENAI_API_KEY="sk-owner", VISITOR_KEYS=allowed, DAILY_TOKENS="1")
    async with run_app(tmp_path, **limited) as app:
        for _ in range(2):
            await send(app, ANNA, "en", key="sk-visitor-own")
        async with aiohttp.ClientSession() as http:
            page = await OpenPage.load(http, app.url)
            *_, field = await page.run("open_panel", page.visit())
    given = [call.headers["authorization"] for call in provider.chats]
    assert field.get("visible", False) == (allowed == "1")
    assert given == (["Bearer sk-visitor-own"] * 2 if allowed == "1" else ["Bearer sk-owner"] * len(given))
