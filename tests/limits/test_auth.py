"""Who may come in."""

from __future__ import annotations

import asyncio
import base64
from pathlib import Path

from chat.errors import NotAllowed
from chat.limits.auth import Auth, is_reserved
from chat.settings import Settings
from chat.visitors import User
from tests.servers import run_app


def access(**environ: str) -> Auth:
    return Auth(Settings.from_env(environ))


def basic(name: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{name}:{password}".encode()).decode()


def refuses(guarded: Auth, authorization: str) -> bool:
    try:
        guarded.identify(authorization)
    except NotAllowed:
        return True
    return False


def test_without_settings_access_is_open() -> None:
    assert access().identify("") is None
    assert access().is_open


def test_a_token_is_required_and_compared_whole() -> None:
    guarded = access(API_TOKEN="right")
    assert guarded.identify("Bearer right") is None
    assert all(refuses(guarded, f"Bearer {given}") for given in ("wrong", "righ", "", "rightt"))
    assert refuses(guarded, "")
    assert refuses(guarded, basic("x", "right"))


def test_users_own_what_they_start_and_a_shared_password_names_no_user() -> None:
    guarded = access(USERS="anna:one,ben:two", PASSWORD="shared")
    assert guarded.identify(basic("anna", "one")) == User("anna")
    assert refuses(guarded, basic("anna", "two"))
    assert guarded.identify(basic("anna", "shared")) is None
    assert guarded.identify("Bearer shared") is None
    assert refuses(guarded, "Basic !!!")
    assert guarded.check_login("ben", "two")
    assert not guarded.check_login("ben", "")
    assert not guarded.check_login("ben", "shared")


def test_what_a_visitor_sends_can_not_make_him_a_user() -> None:
    assert is_reserved("user:anna")
    assert not is_reserved("c29tZSByYW5kb20gdmFsdWU")


async def test_with_a_login_on_no_route_is_a_side_door(tmp_path: Path) -> None:
    async with run_app(tmp_path, USERS="anna:one", OPENAI_BASE_URL="http://127.0.0.1:9/v1") as app:
        paths = ["/ai/stream_chat?user_message=x", "/config", "/gradio_api/info"]
        statuses = {path: (await app.client.get(path)).status_code for path in paths}
        assert set(statuses.values()) == {401}, statuses
        event = {"data": [], "fn_index": 0, "session_hash": "x"}
        assert (await app.client.post("/gradio_api/queue/join", json=event)).status_code == 401
        assert (await app.client.get("/gradio_api/queue/data?session_hash=x")).status_code == 404
        allowed = await app.client.get(
            "/ai/generations/none/events", headers={"authorization": basic("anna", "one")}
        )
        assert allowed.status_code == 404


async def test_the_cookie_of_a_login_is_for_this_site_and_the_log_out_for_a_post(tmp_path: Path) -> None:
    async with run_app(tmp_path, USERS="anna:one", OPENAI_BASE_URL="http://127.0.0.1:9/v1") as app:
        done = await app.client.post("/login", data={"username": "anna", "password": "one"})
        cookies = done.headers.get_list("set-cookie")
        assert len(cookies) == 2
        assert all(cookie.lower().count("samesite") == 1 for cookie in cookies)
        assert all(cookie.endswith("; SameSite=Lax") for cookie in cookies)
        refused = await app.client.get("/logout")
        assert (refused.status_code, refused.headers["allow"]) == (405, "POST")
        assert (await app.client.get("/config")).status_code == 200
        elsewhere = {"origin": "https://example.org"}
        assert (await app.client.post("/logout", headers=elsewhere)).status_code == 403
        await app.client.post("/logout")
        assert (await app.client.get("/config")).status_code == 401


async def test_guesses_whose_bodies_are_held_back_are_counted_when_they_begin(tmp_path: Path) -> None:
    async with run_app(tmp_path, PASSWORD="right", OPENAI_BASE_URL="http://127.0.0.1:9/v1") as app:
        host, port = app.url.removeprefix("http://").split(":")
        body = b"username=x&password=wrong"
        head = (
            f"POST /login HTTP/1.1\r\nHost: {host}:{port}\r\nContent-Length: {len(body)}\r\n"
            "Content-Type: application/x-www-form-urlencoded\r\nConnection: close\r\n\r\n"
        ).encode()
        links = [await asyncio.open_connection(host, int(port)) for _ in range(30)]
        for _, writer in links:
            writer.write(head + body[:-1])
        refused = [await reader.readline() for reader, _ in links[10:]]
        for _, writer in links[:10]:
            writer.write(body[-1:])
        evaluated = [await reader.readline() for reader, _ in links[:10]]
        for _, writer in links:
            writer.close()
    assert {line.split()[1] for line in refused} == {b"429"}
    assert {line.split()[1] for line in evaluated} == {b"400"}


async def test_parallel_guesses_in_a_header_are_not_all_evaluated(tmp_path: Path) -> None:
    async with run_app(tmp_path, API_TOKEN="right", OPENAI_BASE_URL="http://127.0.0.1:9/v1") as app:
        path = "/ai/generations/none/events"

        async def guess(token: str) -> int:
            return (await app.client.get(path, headers={"authorization": f"Bearer {token}"})).status_code

        assert [await guess("right") for _ in range(15)] == [404] * 15
        statuses = await asyncio.gather(*(guess(f"guess {number}") for number in range(60)))
        assert (statuses.count(401), statuses.count(429)) == (10, 50)


async def test_an_address_that_fails_to_log_in_too_often_has_to_wait(tmp_path: Path) -> None:
    async with run_app(tmp_path, PASSWORD="right", OPENAI_BASE_URL="http://127.0.0.1:9/v1") as app:
        wrong = {"username": "x", "password": "wrong"}
        statuses = [(await app.client.post("/login", data=wrong)).status_code for _ in range(11)]
        assert statuses == [400] * 10 + [429]
        refusal = await app.client.post("/login", data={"username": "x", "password": "right"})
        assert refusal.status_code == 429
        assert int(refusal.headers["retry-after"]) > 0
