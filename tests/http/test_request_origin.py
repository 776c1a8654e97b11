"""Other web sites get nothing from a server on loopback, and its own pages and programs get all of it."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest

from tests.provider import Provider
from tests.servers import RunningApp, run_app

EVIL = "https://evil.example"
ASK = {"user_message": "Hi"}


async def start(app: RunningApp, **headers: str) -> int:
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    return (await app.client.post("/ai/generations", json=ASK, headers=given)).status_code


def fields(provider: Provider) -> dict[str, str]:
    return {"OPENAI_BASE_URL": provider.url, "OPENAI_MODEL": "plain"}


async def test_another_site_can_start_nothing_on_a_local_server(provider: Provider, tmp_path: Path) -> None:
    async with run_app(tmp_path, **fields(provider)) as app:
        for headers in (
            {"origin": EVIL},
            {"origin": "null"},
            {"origin": "http://["},
            {"origin": "http://[::1"},
            {"origin": "//"},
            {"origin": EVIL, "sec_fetch_site": "same-origin"},
            {"sec_fetch_site": "cross-site"},
            {"sec_fetch_site": "same-site"},
        ):
            assert await start(app, **headers) == 403, headers
        image = {"sec-fetch-site": "cross-site", "sec-fetch-dest": "image"}
        refused = await app.client.get("/ai/stream_chat", params=ASK, headers=image)
        event = {"data": [], "fn_index": 0, "session_hash": "x"}
        joined = await app.client.post("/gradio_api/queue/join", json=event, headers={"origin": EVIL})
        assert (refused.status_code, joined.status_code) == (403, 403)
        assert refused.json()["error"]["type"] == "other_site"
    assert not provider.chats


async def test_programs_and_pages_of_this_machine_are_served(provider: Provider, tmp_path: Path) -> None:
    async with run_app(tmp_path, **fields(provider)) as app:
        for headers in (
            {},
            {"origin": app.url},
            {"origin": "http://localhost:3000"},
            {"origin": "http://[::1]:5173"},
            {"sec_fetch_site": "same-origin"},
            {"sec_fetch_site": "none"},
        ):
            assert await start(app, **headers) == 201, headers
        read = await app.client.post("/ai/generations", json=ASK, headers={"origin": "http://localhost:3000"})
        assert read.headers["access-control-allow-origin"] == "http://localhost:3000"


@pytest.mark.parametrize("path", ["/", "/ai/example", "/docs", "/config"])
async def test_a_name_that_is_rebound_to_loopback_reaches_no_page(
    provider: Provider, tmp_path: Path, path: str
) -> None:
    async with run_app(tmp_path, **fields(provider)) as app:
        for host in ("evil.example", "evil.example:7860", "127.0.0.1.evil.example", ""):
            answer = await app.client.get(path, headers={"host": host})
            assert answer.status_code == 403, host
        port = httpx.URL(app.url).port
        for host in ("localhost", f"127.0.0.1:{port}", f"[::1]:{port}", "LOCALHOST"):
            assert (await app.client.get(path, headers={"host": host})).status_code == 200, host
        assert (await app.client.get("/healthz", headers={"host": "10.1.2.3"})).status_code == 200


async def test_a_server_with_a_public_name_is_open_to_other_sites_by_its_routes_only(
    provider: Provider, tmp_path: Path
) -> None:
    named = {"ALLOWED_HOSTS": "chat.example.org,*.apps.example"}
    async with run_app(tmp_path, **fields(provider), **named) as app:
        assert await start(app, host="chat.example.org", origin=EVIL) == 201
        assert await start(app, host="one.apps.example", origin=EVIL) == 201
        assert await start(app, host="chat.example.org", origin="null") == 403
        assert await start(app, host="other.example.org") == 403
        join = {"data": [], "fn_index": 0, "session_hash": "x"}
        for origin, status in (
            (EVIL, 403),
            ("https://chat.example.org", 200),
            ("https://chat.example.org:443", 200),
        ):
            headers = {"host": "chat.example.org", "origin": origin}
            answer = await app.client.post("/gradio_api/queue/join", json=join, headers=headers)
            assert (answer.status_code == 403) == (status == 403), origin


async def test_null_and_others_may_be_listed(provider: Provider, tmp_path: Path) -> None:
    async with run_app(tmp_path, **fields(provider), CORS_ORIGINS=f"null,{EVIL}") as app:
        assert [await start(app, origin=origin) for origin in ("null", EVIL, EVIL + ":8443")] == [
            201,
            201,
            403,
        ]
