"""What the routes take and what they refuse: files, wrong fields, limits, other visitors, other origins."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from pathlib import Path

import pytest

from chat.errors import ChatError
from chat.visitors import Guest
from tests.pdf_files import pdf, show
from tests.provider import Provider
from tests.routes import STREAM, Served, error_of, generation_of, read, send_file, text_of
from tests.scenarios import ANSWER
from tests.servers import RunningApp, run_app, run_routes

pytest_plugins = ("tests.served_routes",)


# --- files --------------------------------------------------------------------------------------------------


async def test_a_file_is_read_and_described(served: Served) -> None:
    response = await send_file(served.client, "The fox is red. 狐狸是红的。".encode())
    body = response.json()
    assert (response.status_code, body.pop("file_id") != "") == (201, True)
    assert body == {
        "name": "notes.txt",
        "media_type": "text/plain",
        "bytes": 34,
        "characters": 22,
        "pages": body["pages"],
        "problems": [],
    }


async def test_a_file_is_asked_about_by_its_id_and_repeatedly(served: Served) -> None:
    ids = [(await send_file(served.client, text)).json()["file_id"] for text in (b"Red fox.", b"Grey owl.")]
    params = [("user_message", "Which?"), ("model", "plain"), *[("file_id", id) for id in ids]]
    events = read(await served.client.get(STREAM, params=params))
    content = served.provider.chats[-1].body["messages"][-1]["content"]
    assert ("Red fox." in content, "Grey owl." in content) == (True, True)
    receipt = json.loads(events[0].data)["receipt"]
    assert [file["name"] for file in receipt["files"]] == ["notes.txt", "notes.txt"]


async def test_a_file_is_excluded_from_later_questions_on_every_replica_and_included_again(
    served: Served,
) -> None:
    client, anna = served.client, {"x-visitor": "anna-secret"}
    ids = []
    for text in (b"Red fox.", b"Grey owl."):
        ids.append((await send_file(client, text, **anna)).json()["file_id"])

    async def ask(question: str, conversation: str = "", *files: str) -> tuple[str, str, str]:
        body = {"user_message": question, "model": "plain", "conversation_id": conversation, "file_id": files}
        events = read(await client.post(STREAM, json=body, headers=anna))
        opening = json.loads(events[0].data)
        told = json.dumps(opening["receipt"].get("excluded"))
        return opening["conversation_id"], json.dumps(served.provider.requests[-1].body["messages"]), told

    conversation, *_ = await ask("Which?", "", *ids)
    url = f"/ai/conversations/{conversation}/files"
    for _ in range(2):  # idempotent
        answer = await client.post(f"{url}/{ids[0]}", json={"excluded": True}, headers=anna)
        assert [(one["name"], one["excluded"]) for one in answer.json()] == [
            ("notes.txt", True),
            ("notes.txt", False),
        ]
    assert (await client.get(url, headers=anna)).json() == answer.json()
    _, prompt, told = await ask("And now?", conversation)
    assert ("Red fox." in prompt, "Grey owl." in prompt, told) == (False, True, '["notes.txt"]')
    for other, id in (({"x-visitor": "ben-secret"}, ids[0]), (anna, "none")):
        refused = await client.post(f"{url}/{id}", json={"excluded": False}, headers=other)
        assert (refused.status_code, error_of(refused)["type"]) == (404, "not_found")
    assert (await client.get(url, headers={"x-visitor": "ben-secret"})).status_code == 404
    await client.post(f"{url}/{ids[0]}", json={"excluded": False}, headers=anna)
    _, prompt, told = await ask("With both?", conversation)
    assert ("Red fox." in prompt, "Grey owl." in prompt, told) == (True, True, "null")
    await client.post(f"{url}/{ids[0]}", json={"excluded": True}, headers=anna)
    _, prompt, _ = await ask("About the fox?", conversation, ids[0])  # a question that names it
    assert "Red fox." in prompt


async def test_every_replica_shows_pages_for_the_pass_that_one_has_issued(served: Served) -> None:
    sent = await send_file(served.client, pdf(show("Red fox.")), "fox.pdf", **{"x-visitor": "anna-secret"})
    url = f"/ai/files/{sent.json()['file_id']}/pages/1?width=160"
    given = await served.engines[0].issue_pass(Guest.of("anna-secret").owner)
    other = await served.engines[0].issue_pass(Guest.of("ben-secret").owner)
    for _ in range(2):  # in turn, where there are two
        shown = await served.client.get(url, headers={"x-pass": given})
        assert (shown.status_code, shown.headers["content-type"]) == (200, "image/png")
        assert (await served.client.get(url, headers={"x-pass": other})).status_code == 404


async def test_one_file_id_may_be_a_plain_string_in_json(served: Served) -> None:
    id = (await send_file(served.client, b"Red fox.")).json()["file_id"]
    response = await served.client.post(STREAM, json={"user_message": "Hi", "model": "plain", "file_id": id})
    assert text_of(read(response)) == ANSWER


@pytest.mark.parametrize(
    ("name", "data", "status", "type"),
    [
        ("empty.txt", b"", 422, "empty_file"),
        ("program", b"\x7fELF\x02\x01\x01" + bytes(200), 415, "unsupported_file"),
        ("broken.pdf", b"%PDF-1.7\nnothing more", 422, "unreadable_file"),
    ],
)
async def test_a_file_that_cannot_be_used_is_refused_with_its_reason(
    served: Served, name: str, data: bytes, status: int, type: str
) -> None:
    response = await send_file(served.client, data, name)
    assert (response.status_code, error_of(response)["type"]) == (status, type)
    assert name in error_of(response)["message"]


async def test_a_form_without_a_file_is_refused(served: Served) -> None:
    for response in (
        await served.client.post("/ai/files", data={"other": "x"}),
        await served.client.post("/ai/files", json={}),
        await served.client.post("/ai/files", files={"other": b"x"}),
    ):
        assert (response.status_code, error_of(response)["details"]) == (422, {"field": "file"})


async def test_a_form_that_cannot_be_parsed_is_refused(served: Served) -> None:
    headers = {"content-type": "multipart/form-data; boundary=x"}
    response = await served.client.post("/ai/files", content=b"--y\r\nno such thing", headers=headers)
    assert (response.status_code, error_of(response)["type"]) in [
        (400, "invalid_request"),
        (422, "invalid_request"),
    ]


async def test_a_file_past_the_limit_is_refused_and_leaves_nothing_on_disk(tmp_path: Path) -> None:
    async with run_routes(tmp_path, OPENAI_BASE_URL="http://127.0.0.1:9/v1", MAX_UPLOAD_MB="0.01") as app:
        response = await send_file(app.client, b"x" * 20_000)
        uploads = [path for path in (tmp_path / "data").rglob("*") if path.stat().st_size >= 10_000]
    assert (response.status_code, error_of(response)["type"]) == (413, "file_too_large")
    assert error_of(response)["details"] == {"name": "notes.txt", "limit_mb": 0.01}
    assert [path.name for path in uploads if "history" not in path.name] == []


async def _endless_body() -> AsyncIterator[bytes]:
    yield b'--x\r\ncontent-disposition: form-data; name="file"; filename="a.txt"\r\n\r\n'
    for _ in range(200):
        yield b"x" * 100_000


@pytest.mark.parametrize("route", ["/ai/files", "/ai/generations", STREAM])
async def test_a_body_that_does_not_tell_its_length_is_cut_off(tmp_path: Path, route: str) -> None:
    async with run_routes(tmp_path, OPENAI_BASE_URL="http://127.0.0.1:9/v1", MAX_UPLOAD_MB="0.01") as app:
        headers = {
            "content-type": "multipart/form-data; boundary=x" if "files" in route else "application/json"
        }
        response = await app.client.post(route, content=_endless_body(), headers=headers)
        told = await app.client.post(route, content=b"x" * 20_000_000, headers=headers)
    for refusal in (response, told):
        assert (refusal.status_code, error_of(refusal)["type"]) == (413, "file_too_large")


# --- refusals -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("params", "field"),
    [
        ({}, "user_message"),
        ({"user_message": ""}, "user_message"),
        ({"user_message": " \n"}, "user_message"),
        ({"user_message": "Hi", "temperature": "3"}, "temperature"),
        ({"user_message": "Hi", "temperature": "nan"}, "temperature"),
        ({"user_message": "Hi", "max_tokens": "0"}, "max_tokens"),
        ({"user_message": "Hi", "max_tokens": "many"}, "max_tokens"),
        ({"user_message": "Hi", "request_id": "x" * 201}, "request_id"),
        ({"user_message": "Hi", "visitor": "x" * 201}, "visitor"),
        ({"user_message": "Hi", "file_ids": "x"}, "file_ids"),
    ],
)
async def test_a_wrong_field_is_422_and_named(served: Served, params: Mapping[str, str], field: str) -> None:
    asked = len(served.provider.chats)
    response = await served.client.get(STREAM, params=params)
    assert (response.status_code, error_of(response)["type"]) == (422, "invalid_request")
    assert error_of(response)["details"] == {"field": field}
    assert len(served.provider.chats) == asked


async def test_a_misspelled_field_is_refused_with_the_right_name_and_foreign_ones_are_ignored(
    served: Served,
) -> None:
    body = {"user_message": "Hi", "model": "plain", "stream": True, "user": "u", "max_completion_tokens": 9}
    for route in (STREAM, "/ai/generations"):
        refused = await served.client.post(route, json={**body, "fileId": ["x"]})
        assert (refused.status_code, error_of(refused)["message"]) == (
            422,
            "There is no field “fileId”: file_id is its name.",
        )
        assert (await served.client.post(route, json=body)).is_success


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b'"Hi"', b"null", b'{"user_message": "\\ud800"}', b"\xff"]
)
async def test_a_wrong_body_is_422_and_never_500(served: Served, body: bytes) -> None:
    headers = {"content-type": "application/json"}
    for route in (STREAM, "/ai/generations"):
        response = await served.client.post(route, content=body, headers=headers)
        assert (response.status_code in (400, 422), error_of(response)["type"]) == (True, "invalid_request")


async def test_another_method_or_path_is_refused_in_the_same_form(app: RunningApp) -> None:
    answers = {
        ("PUT", STREAM): (405, "GET, POST"),
        ("POST", "/ai/generations/x/events"): (405, "GET"),
        ("GET", "/ai/generations/x"): (405, "DELETE"),
        ("TRACE", "/ai/files"): (405, "POST"),
        ("GET", "/ai/unknown"): (404, None),
        ("POST", "/ai/"): (404, None),
    }
    for (method, path), (status, allow) in answers.items():
        response = await app.client.request(method, path)
        assert (response.status_code, response.headers.get("allow")) == (status, allow), (method, path)
        assert error_of(response)["retryable"] is False


async def test_a_limit_is_429_with_the_wait(tmp_path: Path) -> None:
    async with (
        Provider() as provider,
        run_routes(tmp_path, OPENAI_BASE_URL=provider.url, MAX_GENERATIONS="1") as app,
    ):
        served = Served(app.client, provider)
        id = await served.start()
        refused = await app.client.get(STREAM, params={"user_message": "Hi", "model": "plain"})
        assert (refused.status_code, refused.headers["retry-after"]) == (429, "2")
        assert error_of(refused)["retryable"] is True
        await app.client.delete(f"/ai/generations/{id}")
        assert text_of(await served.ask()) == ANSWER


async def test_what_breaks_inside_is_500_without_a_traceback(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def break_down(*_: object) -> None:
        raise RuntimeError("secret path /srv")

    for engine in served.engines:
        monkeypatch.setattr(engine, "start_or_find", break_down)
    response = await served.client.get(STREAM, params={"user_message": "Hi"})
    assert (response.status_code, error_of(response)["type"]) == (500, ChatError.type)
    assert "secret" not in response.text


# --- who may ------------------------------------------------------------------------------------------------


async def test_the_token_is_wanted_on_every_route_and_before_a_body_is_read(tmp_path: Path) -> None:
    async with (
        Provider() as provider,
        run_routes(tmp_path, OPENAI_BASE_URL=provider.url, API_TOKEN="s3cret") as app,
    ):
        routes = [
            ("GET", STREAM),
            ("POST", STREAM),
            ("POST", "/ai/generations"),
            ("GET", "/ai/generations/x/events"),
            ("DELETE", "/ai/generations/x"),
            ("POST", "/ai/files"),
        ]
        for header in ({}, {"authorization": "Bearer wrong"}, {"authorization": "Basic s3cret"}):
            for method, path in routes:
                response = await app.client.request(method, path, content=b"{", headers=header)
                assert (response.status_code, error_of(response)["type"]) == (401, "not_allowed")
                assert response.headers["www-authenticate"] == "Bearer"
        right = {"authorization": "bearer s3cret"}
        params = {"user_message": "Hi", "model": "plain"}
        assert text_of(read(await app.client.get(STREAM, params=params, headers=right))) == ANSWER
        assert (await app.client.get("/healthz")).status_code == 200


async def test_a_second_visitor_finds_nothing_of_the_firsts(served: Served) -> None:
    anna, ben = {"x-visitor": "anna"}, {"x-visitor": "ben"}
    params = {"user_message": "Hi", "model": "plain"}
    events = read(await served.client.get(STREAM, params=params, headers=anna))
    opening = json.loads(events[0].data)
    file_id = (await send_file(served.client, b"Red fox.", **anna)).json()["file_id"]
    url, seen = f"/ai/generations/{opening['generation_id']}", {"last-event-id": events[2].id}
    conversation = {"conversation_id": opening["conversation_id"]}
    for who, status in ((ben, 404), ({}, 404), (anna, 200)):
        answers = [
            await served.client.get(f"{url}/events", headers=who),
            await served.client.get(STREAM, params=params, headers=who | seen),
            await served.client.delete(url, headers=who),
            await served.client.get(STREAM, params=params | conversation, headers=who),
            await served.client.get(STREAM, params=params | {"file_id": file_id}, headers=who),
        ]
        assert [answer.status_code for answer in answers] == [status] * 5


async def test_a_visitor_can_be_named_in_the_url_for_event_source(served: Served) -> None:
    params = {"user_message": "Hi", "model": "plain", "visitor": "carla"}
    events = read(await served.client.get(STREAM, params=params))
    url = f"/ai/generations/{generation_of(events[0])}/events"
    assert (await served.client.get(url)).status_code == 404
    assert read(await served.client.get(url, params={"visitor": "carla"})) == events


async def test_two_visitors_may_choose_the_same_request_id(served: Served) -> None:
    one = await served.ask(request_id="mine", visitor="dora")
    two = await served.ask(request_id="mine", visitor="emil")
    assert generation_of(one[0]) != generation_of(two[0])


# --- other origins ------------------------------------------------------------------------------------------

ELSEWHERE = {"origin": "https://example.org"}
PREFLIGHT = {
    **ELSEWHERE,
    "access-control-request-method": "POST",
    "access-control-request-headers": "authorization,content-type,last-event-id,x-visitor",
}


async def test_other_origins_may_call_our_routes_without_credentials(
    provider: Provider, tmp_path: Path
) -> None:
    params = {"user_message": "Hi", "model": "plain"}
    async with run_app(tmp_path, OPENAI_BASE_URL=provider.url, CORS_ORIGINS="*") as app:
        answers = [
            await app.client.get(STREAM, params=params, headers=ELSEWHERE),
            await app.client.get(STREAM, headers=ELSEWHERE),
            await app.client.get("/ai/unknown", headers=ELSEWHERE),
            await app.client.options(STREAM, headers=PREFLIGHT),
            await app.client.get("/healthz", headers=ELSEWHERE),
        ]
    assert [answer.status_code for answer in answers] == [200, 422, 404, 200, 200]
    for answer in answers:
        assert answer.headers["access-control-allow-origin"] == "*"
        assert "access-control-allow-credentials" not in answer.headers


async def test_other_origins_may_not_call_the_page(app: RunningApp) -> None:
    for path in ("/config", "/gradio_api/info", "/"):
        answer = await app.client.get(path, headers=ELSEWHERE)
        assert "access-control-allow-origin" not in answer.headers, path
        assert "access-control-allow-credentials" not in answer.headers, path


@pytest.mark.parametrize(
    ("origins", "allowed"),
    [("", None), ("https://example.org", "https://example.org"), ("https://other.org", None)],
)
async def test_origins_are_those_of_the_setting(tmp_path: Path, origins: str, allowed: str | None) -> None:
    async with run_routes(tmp_path, OPENAI_BASE_URL="http://127.0.0.1:9/v1", CORS_ORIGINS=origins) as app:
        answer = await app.client.get(STREAM, headers=ELSEWHERE)
    assert (answer.status_code, answer.headers.get("access-control-allow-origin")) == (422, allowed)


async def test_a_preflight_needs_no_token(tmp_path: Path) -> None:
    async with run_routes(
        tmp_path, OPENAI_BASE_URL="http://127.0.0.1:9/v1", API_TOKEN="s3cret", CORS_ORIGINS="*"
    ) as app:
        assert (await app.client.options(STREAM, headers=PREFLIGHT)).status_code == 200
