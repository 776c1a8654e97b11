"""Every answer has the security headers and a request id; the page works in Chromium under its policy."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest
from playwright.async_api import Browser, FilePayload, Request, expect

from chat.http.middleware.content_policy import security_headers
from chat.http.middleware.gradio_allowlist import GradioAllowlistMiddleware
from chat.http.middleware.login_throttle import LoginThrottleMiddleware
from chat.http.middleware.request_log import RequestLogMiddleware
from chat.http.middleware.security_headers import SecurityHeadersMiddleware
from chat.limits.auth import Auth
from chat.settings import Settings
from tests.provider import Provider
from tests.servers import RunningApp, run_app

Receive = Callable[[], Awaitable[Any]]


async def test_every_answer_has_the_headers(provider: Provider, tmp_path: Path) -> None:
    wanted = {**security_headers(()), "x-request-id": ""}
    async with run_app(tmp_path, OPENAI_BASE_URL=provider.url, OPENAI_MODEL="plain", PASSWORD="right") as app:
        answers = await collect(app)
    kinds = {answer.status_code for answer in answers}
    assert kinds >= {200, 400, 401, 404, 405, 413, 422, 429}, kinds
    for answer in answers:
        for name, value in wanted.items():
            given = answer.headers.get_list(name)
            assert len(given) == 1, (answer.url, answer.status_code, name)
            is_own = name == "content-security-policy" and answer.url.path == "/ai/example"
            assert is_own or value in ("", given[0]), (answer.url, name)


async def collect(app: RunningApp) -> list[httpx.Response]:
    """Return responses of every kind: page, assets, streams; refusals of routes, middleware and Gradio."""
    client, known = app.client, {"authorization": "Bearer right"}
    ask = {"user_message": "x"}
    answers = [
        await client.get(path, headers=known)
        for path in ("/", "/theme.css", "/favicon.ico", "/docs", "/metrics", "/healthz", "/readyz", "/none")
    ]
    answers += [
        await client.post("/ai/stream_chat", json=ask, headers=known),
        await client.post("/ai/stream_chat", json=ask),
        await client.post("/ai/stream_chat", json={}, headers=known),
        await client.put("/ai/files", headers=known),
        await client.get("/ai/none", headers=known),
        await client.get("/ai/example", headers=known),
        await client.get("/config"),
        await client.get("/gradio_api/file=/etc/passwd"),
        await client.post("/gradio_api/queue/join", content=b"x" * 9_100_000),
        await client.options("/ai/stream_chat", headers={"origin": "https://example.org"}),
    ]
    answers += [await client.post("/login", data={"username": "x", "password": "y"}) for _ in range(11)]
    return answers


async def test_a_fault_of_ours_is_told_with_its_id_and_the_headers() -> None:
    async def broken(scope: Any, receive: Receive, send: Any) -> None:
        raise ValueError("with a secret in it")

    sent: list[dict[str, Any]] = []
    refusals: list[str] = []

    async def send(message: Any) -> None:
        sent.append(dict(message))

    async def receive() -> Any:
        return {"type": "http.request", "body": b""}

    app = LoginThrottleMiddleware(
        GradioAllowlistMiddleware(broken, 1), Auth(Settings.from_env({})), count_refusal=refusals.append
    )
    guarded = SecurityHeadersMiddleware(RequestLogMiddleware(app), {"x-one": "1"})
    scope = {"type": "http", "method": "GET", "path": "/", "headers": []}
    await guarded(scope, receive, send)
    headers = dict(sent[0]["headers"])
    error = orjson.loads(sent[1]["body"])["error"]
    assert (sent[0]["status"], headers[b"x-one"]) == (500, b"1")
    assert error["request_id"] == headers[b"x-request-id"].decode()
    assert "secret" not in error["message"]


async def test_the_page_works_under_its_policy_without_a_word_of_the_browser(
    provider: Provider, tmp_path: Path, browser: Browser
) -> None:
    provider.answer = (
        "# Title\n\n$$x^2$$\n\n```python\nprint(1)\n```\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\nthe end"
    )
    async with run_app(
        tmp_path, OPENAI_BASE_URL=provider.url, OPENAI_MODEL="any", VISITOR_KEYS="1", DAILY_TOKENS="9999"
    ) as app:
        page = await browser.new_page()
        said: list[str] = []
        asked: set[str] = set()
        named: dict[str, set[str]] = {}
        page.on("console", lambda message: said.append(f"{message.type}: {message.text}"))
        page.on("pageerror", lambda error: said.append(f"error: {error}"))
        page.on("request", lambda request: asked.add(request.url))
        page.on("request", lambda request: note_visitor(named, request))
        await page.goto(app.url)
        composer = page.locator("#composer textarea")
        file = FilePayload(name="notes.txt", mimeType="text/plain", buffer=b"The fox is red.")
        await page.locator("#composer input[type=file]").first.set_input_files(files=[file])
        await expect(page.locator(".attached.done")).to_be_visible(timeout=60_000)
        await composer.fill("Hello")
        await composer.press("Enter")
        await expect(page.locator("#conversation")).to_contain_text("the end", timeout=60_000)
        await page.reload()
        await expect(page.locator("#conversation")).to_contain_text("the end", timeout=60_000)
        owner = await page.evaluate("localStorage['xiaojia.owner']")
        await page.goto(f"{app.url}/docs")
        await expect(page.locator("h1")).to_have_text("Routes")
        await page.close()
    faults = [one for one in said if "Content Security Policy" in one or one.startswith("error")]
    assert faults == []
    assert {url for url in asked if not url.startswith((app.url, "data:", "blob:"))} == set()
    for route in ("queue/join", "queue/data", "upload"):
        assert named[route] == {owner}, route


def note_visitor(named: dict[str, set[str]], request: Request) -> None:
    """Note which visitor a request to a route of Gradio's names."""
    _, found, route = request.url.partition("/gradio_api/")
    if found:
        named.setdefault(route.partition("?")[0], set()).add(request.headers.get("x-visitor", ""))


@pytest.mark.slow
async def test_a_visitors_own_key_is_used_and_kept_nowhere(
    provider: Provider, tmp_path: Path, browser: Browser
) -> None:
    environ = {"OPENAI_BASE_URL": provider.url, "OPENAI_API_KEY": "sk-owner", "OPENAI_MODEL": "any"}
    async with run_app(tmp_path, **environ, VISITOR_KEYS="1", TITLES="words") as app:
        page = await browser.new_page()
        await page.goto(app.url)
        composer = page.locator("#composer textarea")
        await expect(page.locator("body.is-ready")).to_be_attached(timeout=60_000)
        await page.locator("#settings .toggle-button").click()
        field = page.locator("#own-key input")
        await expect(field).to_have_attribute("type", "password")
        await field.evaluate(
            "(field, key) => { field.value = key; field.dispatchEvent(new Event('input')); }",
            "sk-visitor-own",
        )
        await page.wait_for_function("xiaojia.state.key === 'sk-visitor-own'", timeout=60_000)
        await composer.fill("Hello")
        await composer.press("Enter")
        await expect(page.locator("#conversation")).to_contain_text(provider.answer, timeout=60_000)
        stored = await page.evaluate(
            "JSON.stringify([{...localStorage}, {...sessionStorage}, document.cookie])"
        )
        await page.reload()
        await expect(page.locator("#conversation")).to_contain_text(provider.answer, timeout=60_000)
        assert await page.evaluate("xiaojia.state.key") == ""
        await page.close()
    assert "sk-visitor" not in stored
    assert [call.headers["authorization"] for call in provider.chats] == ["Bearer sk-visitor-own"]
