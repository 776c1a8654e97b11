"""After a run full of faults, the keys are nowhere but where they were put: the app's own environment."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from pathlib import Path

import httpx
import pytest

from tests.child_processes import find_descendants
from tests.page_protocol import join_all
from tests.processes import AppProcess
from tests.provider import Call, Provider, Script, chunk

pytestmark = pytest.mark.slow  # a run of faults, searched for secrets

KEY = "sk-proj-Kq8ZwNh2Vt5Lr9Xc3Bm7"  # the owner's
OWN = "sk-own-Pf4Jd6Gs1Ty8Wq2Ne5Ur"  # a visitor's
TOKEN = "tok-Hb3Vx7Mz9Ck2Rf6Dp4La"
PASSWORD = "pw-Yt5Nq1Sj8Ew3Gv7Uk2Zo"
SECRETS = (KEY, OWN, TOKEN, PASSWORD)
FEW = (
    "echo-401",
    "echo-midway",
)  # for an event that asks no model itself, and for the second form of the log
PAGE_EVENTS = 20  # that one open page sends
FRAGMENT = 10  # characters of a key that are as bad as all of it


def echo(status: int, *, type: str = "application/json") -> Script:
    """A provider that repeats the key that it was given, as some do."""

    async def script(call: Call) -> None:
        given = call.headers["authorization"]
        error = {"message": f"Bad key: {given}", "code": given, "param": given, "type": given}
        await call.reply(status, {"error": error}, type, x_request_id=given.replace(" ", "-"))

    return script


async def echo_midway(call: Call) -> None:
    given = call.headers["authorization"]
    await call.data(chunk({"content": "Half an "}), {"error": {"message": f"Lost {given}", "code": given}})
    await call.end()


async def echo_garbage(call: Call) -> None:
    given = call.headers["authorization"]
    await call.data(chunk({"content": "Half an "}), f'{{"choices": [{{"delta": {given}')
    await call.end()


async def echo_page(call: Call) -> None:
    await call.reply(200, f"<html>{call.headers['authorization']}</html>", "text/html")


SCRIPTS: dict[str, Script] = {
    **{f"echo-{status}": echo(status) for status in (400, 401, 402, 403, 404, 413, 422, 429, 500, 503)},
    "echo-200": echo(200),
    "echo-midway": echo_midway,
    "echo-garbage": echo_garbage,
    "echo-page": echo_page,
    "echo-stream": echo(500, type="text/event-stream"),
}
BROKEN = {
    "broken.pdf": b"%PDF-1.7\n1 0 obj\n<< /Type /Catalog >>",
    "broken.docx": b"PK\x03\x04" + b"\0" * 40,
    "broken.png": b"\x89PNG\r\n\x1a\n" + b"\0" * 20,
    "empty.txt": b"",
    f"{'x' * 300}.exe": b"MZ" + b"\0" * 100,
}


async def call_routes(client: httpx.AsyncClient) -> Iterator[str]:
    """Ask every failing model, and send every broken file, over the routes; return all that was answered."""
    told = []
    headers = {"authorization": f"Bearer {TOKEN}"}
    for model in [*SCRIPTS, "no such model"]:
        body = {"user_message": "x", "model": model}
        told.append(await client.post("/ai/stream_chat", json=body, headers=headers))
    for name, data in BROKEN.items():
        told.append(await client.post("/ai/files", files={"file": (name, data)}, headers=headers))
    told.append(await client.post("/ai/stream_chat", json={"user_message": "x"}))  # without the token
    wrong = {"authorization": f"Bearer {TOKEN[:-1]}"}
    told.append(await client.post("/ai/stream_chat", json={"user_message": "x"}, headers=wrong))
    told.append(await client.post("/ai/files", content=b"no form", headers=headers))
    return (f"{answer.headers}{answer.text}" for answer in told)


async def use_page(client: httpx.AsyncClient, models: Sequence[str]) -> Iterator[str]:
    """Log in, and make every event of the page fail with every model, with a visitor's own key."""
    await client.post("/login", data={"username": "x", "password": PASSWORD})
    config = (await client.get("/config")).json()
    events = [item for item in config["dependencies"] if item["backend_fn"]]
    calls = []
    for event in events:
        for model in models if len(event["inputs"]) == 2 else FEW:
            for key in (OWN, ""):
                visit = {"owner": "o" * 24, "options": {"model": model}, "key": key}
                visit["action"] = {"name": "starter", "id": "sample"}
                calls.append(
                    (event["id"], [visit, *[{"text": "Hi", "files": []}] * (len(event["inputs"]) - 1)])
                )
    parts = [calls[at : at + PAGE_EVENTS] for at in range(0, len(calls), PAGE_EVENTS)]
    return iter([await join_all(client, part, f"s{at}") for at, part in enumerate(parts)])


async def read_documents(client: httpx.AsyncClient) -> Iterator[str]:
    paths = ("/", "/config", "/openapi.json", "/docs", "/metrics", "/healthz", "/readyz", "/gradio_api/info")
    answers = [await client.get(path, headers={"authorization": f"Bearer {TOKEN}"}) for path in paths]
    assert {answer.status_code for answer in answers} == {200}
    return (f"{answer.headers}{answer.text}" for answer in answers)


def read_processes(pid: int) -> Iterator[str]:
    """Return the command lines of all, and the environments of all but the app itself."""
    yield Path(f"/proc/{pid}/cmdline").read_text()
    children = find_descendants(pid)
    assert children, "files are read in children"
    for child in children:
        for name in ("cmdline", "environ"):
            with contextlib.suppress(OSError):  # it ended meanwhile
                yield Path(f"/proc/{child}/{name}").read_bytes().decode(errors="replace")


def read_folder(folder: Path) -> Iterator[str]:
    return (path.read_bytes().decode("latin-1") for path in folder.rglob("*") if path.is_file())


def find_secret(texts: Iterator[str]) -> str:
    """Return where a part of a secret stands, with what is around it; empty: nowhere."""
    pieces = [one[at : at + FRAGMENT] for one in SECRETS for at in range(7, len(one) - FRAGMENT + 1)]
    for text in texts:
        for piece in pieces:
            if piece in text:
                at = text.index(piece)
                return text[max(0, at - 200) : at + 60]
    return ""


@pytest.mark.parametrize("form", ["text", "json"])
async def test_no_secret_stands_anywhere_after_a_run_of_faults(
    provider: Provider, tmp_path: Path, form: str
) -> None:
    provider.scripts |= SCRIPTS
    environ = {"OPENAI_API_KEY": KEY, "OPENAI_BASE_URL": provider.url, "OPENAI_MODEL": ",".join(SCRIPTS)}
    environ |= {"API_TOKEN": TOKEN, "PASSWORD": PASSWORD, "VISITOR_KEYS": "1", "LOG_FORMAT": form}
    environ |= {"MAX_GENERATIONS_PER_VISITOR": "100"}  # every event reaches the model
    async with AppProcess(tmp_path, **environ) as process:
        seen = {
            "routes": find_secret(await call_routes(process.client)),
            "page": find_secret(await use_page(process.client, list(SCRIPTS) if form == "json" else FEW)),
            "documents": find_secret(await read_documents(process.client)),
            "processes": find_secret(read_processes(process.pid)),
        }
        await process.stop()
    seen["log"] = find_secret(iter([process.output]))
    seen["data"] = find_secret(read_folder(tmp_path))
    assert seen == dict.fromkeys(seen, "")
    given = {call.headers["authorization"] for call in provider.chats}
    assert given == {f"Bearer {KEY}", f"Bearer {OWN}"}, "both keys were in use"
    assert "unauthorized" in process.output


def test_the_search_finds_a_part_of_a_key() -> None:
    assert find_secret(iter(["nothing", f"around {KEY[8:19]} it"]))
    assert not find_secret(iter(["sk-proj-****", "sk-own-"]))
