"""Log lines: one each, with the request's id, without prompts and secrets."""

from __future__ import annotations

import json
import logging
import re
import sys
from pathlib import Path

import pytest

from chat.completions.provider_errors import from_error_object, from_status
from chat.http.middleware.request_log import hide_ids
from chat.request_id import REQUEST_ID
from chat.telemetry.logs import LineFormatter, write_turn
from tests.provider import Provider
from tests.servers import run_app


def entry(message: str, **more: object) -> logging.LogRecord:
    record = logging.LogRecord("chat.test", logging.INFO, "", 0, message, (), None)
    vars(record).update(more)
    return record


def test_no_message_can_forge_a_line_or_colour_it() -> None:
    forged = "said\n2026-01-01 WARNING chat: all is lost\r\x1b[31m\u202eabc\x9b1m"
    record = logging.LogRecord("chat", logging.WARNING, "", 0, "endpoint: %s", (forged,), None)
    line = LineFormatter("text").format(record)
    assert line.isprintable()
    assert "said\\n2026" in line
    try:
        raise ValueError(forged)
    except ValueError:
        record.exc_info = sys.exc_info()
    lines = LineFormatter("text").format(record).splitlines()
    assert all(one.startswith("    ") for one in lines[1:])
    assert all(one.isprintable() for one in lines)


def test_the_sentence_of_an_endpoints_error_is_not_logged(caplog: pytest.LogCaptureFixture) -> None:
    body = {"error": {"message": "Bad request: my secret diary", "code": "invalid_value", "type": "a b"}}
    from_status(400, {}, body)
    from_error_object({**body, "object": "error"})
    assert "diary" not in caplog.text
    assert "invalid_value" in caplog.text


def test_json_is_one_object_a_line_with_the_request_id() -> None:
    token = REQUEST_ID.set("abc123")
    line = LineFormatter("json").format(entry("two\nlines", fields={"status": 200}))
    REQUEST_ID.reset(token)
    value = json.loads(line)
    assert "\n" not in line
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+00:00", value.pop("time"))
    assert value == {
        "level": "INFO",
        "logger": "chat.test",
        "message": "two\nlines",
        "request_id": "abc123",
        "status": 200,
    }


def test_text_cannot_be_made_to_look_like_two_entries() -> None:
    line = LineFormatter("text").format(entry("request", fields={"path": "/a\n2026 ERROR root: forged"}))
    assert "\n" not in line
    assert line.endswith(r'path="/a\n2026 ERROR root: forged"')


@pytest.mark.parametrize("form", ["text", "json"])
def test_no_secret_stands_in_a_line_or_its_traceback(form: str) -> None:
    formatter = LineFormatter(form, ("sk-very-secret", "", "x"))
    try:
        raise ValueError("refused: sk-very-secret")
    except ValueError as error:
        record = entry("with sk-very-secret", exc_info=(type(error), error, error.__traceback__))
    line = formatter.format(record)
    assert "sk-very" not in line
    assert line.count("***") >= 2


@pytest.mark.parametrize(
    ("path", "shown"),
    [
        ("/ai/stream_chat", "/ai/stream_chat"),
        ("/ai/generations/5UIm07WZA7HBQrQ80WGR6A/events", "/ai/generations/*/events"),
        ("/gradio_api/queue/join", "/gradio_api/queue/join"),
        ("/gradio_api/heartbeat/rs5e5p12y3e", "/gradio_api/heartbeat/*"),
        ("/gradio_api/file=/tmp/gradio/x.txt", "/gradio_api/file=*"),
    ],
)
def test_a_path_is_logged_without_what_names_somebodys_things(path: str, shown: str) -> None:
    assert hide_ids(path) == shown


async def test_a_request_has_one_id_in_header_error_frame_and_log(
    provider: Provider, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.handler.setFormatter(LineFormatter("json"))
    caplog.set_level(logging.INFO)
    async with run_app(tmp_path, OPENAI_BASE_URL=provider.url, OPENAI_MODEL="status-401") as app:
        answer = await app.client.get("/ai/stream_chat", params={"user_message": "a private question"})
        id = answer.headers["x-request-id"]
        refused = await app.client.get("/ai/none", headers={"x-request-id": "from.the-proxy"})
        forged = await app.client.get("/ai/none", headers={"x-request-id": 'x" level="ERROR'})
    assert f'"request_id":"{id}"' in answer.text.replace(" ", "")
    assert refused.headers["x-request-id"] == refused.json()["error"]["request_id"] == "from.the-proxy"
    assert re.fullmatch("[0-9a-f]{12}", forged.headers["x-request-id"])
    entries = [json.loads(line) for line in caplog.text.splitlines()]
    logger = "chat.http.middleware.request_log"
    mine = [one for one in entries if one.get("request_id") == id and one["logger"] == logger]
    assert [(one["method"], one["path"], one["status"]) for one in mine] == [("GET", "/ai/stream_chat", 200)]
    assert "private" not in str([one for one in entries if one["logger"] != "httpx"])  # the test's own client


async def test_prompts_are_logged_only_when_asked_for(
    provider: Provider, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.handler.setFormatter(LineFormatter("json"))
    caplog.set_level(logging.INFO)
    async with run_app(tmp_path, OPENAI_BASE_URL=provider.url, OPENAI_MODEL="any", LOG_PROMPTS="1") as app:
        await app.client.post("/ai/stream_chat", json={"user_message": "a private question"})
    turns = [json.loads(line) for line in caplog.text.splitlines() if '"prompt"' in line]
    assert [(one["prompt"], one["answer"]) for one in turns] == [("a private question", provider.answer)]


def test_a_turn_is_one_entry(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    write_turn("question", "answer")
    assert [record.getMessage() for record in caplog.records] == ["turn"]
