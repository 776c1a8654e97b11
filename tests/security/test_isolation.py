"""A second visitor who knows every id and path of the first gets nothing, over routes and page."""

from __future__ import annotations

import asyncio
import dataclasses
import itertools
import json
import re
import shutil
from collections.abc import AsyncGenerator, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from chat.ui.components import LANES, LANES_ID
from chat.visitors import hash_secret
from tests.logs import read_until
from tests.page_protocol import join, join_all
from tests.provider import Provider
from tests.servers import RunningApp, run_app

ANNA, BEN = "anna-0123456789-0123456789", "ben-00123456789-0123456789"
ANNAS = hash_secret(ANNA)  # what owns her things in the database
PAGE_EVENTS = 25  # that one page of the second visitor sends
SECRET = "wolpertinger"  # stands in all that is Anna's, and nowhere else
ACTING = {LANES[name] for name in ("show", "list", "search", "fetch", "drawer", "quiet", "follow")}
ACTIONS = {  # what a button of the page does, and the ids that it is for; each is tried with one other id too
    **dict.fromkeys(
        ("open", "undo", "delete", "rename", "pin", "unpin", "export", "starter"), ("conversation",)
    ),
    **dict.fromkeys(("everything", "json", "markdown"), ("conversation",)),
    **dict.fromkeys(("retry", "continue", "copy", "like", "dislike", "prompt"), ("answer",)),
    **dict.fromkeys(("read-whole", "show-scans", "view"), ("answer",)),
    **dict.fromkeys(("branch", "edit"), ("question", "answer")),
    **dict.fromkeys(("detach", "attach", "import", "passage", "source", "view-file"), ("file", "path")),
    **dict.fromkeys(("exclude", "include"), ("file",)),
    "follow": ("generation",),
}


@dataclass(frozen=True)
class Traces:
    """What Anna left, with every id of it."""

    conversation: str
    generation: str
    question: str
    answer: str
    file: str
    path: str

    def targets(self) -> list[tuple[str, str]]:
        """Return actions with the ids that they are tried with."""
        ids = dataclasses.asdict(self)
        others = itertools.cycle(ids)
        return [(action, ids[name]) for action, fit in ACTIONS.items() for name in {*fit, next(others)}]


async def leave_traces(app: RunningApp) -> Traces:
    """Ask about a file as Anna, and upload one more over the page without reading it yet."""
    headers = {"x-visitor": ANNA}
    sent = await app.client.post(
        "/ai/files", files={"file": (f"{SECRET}.txt", f"The {SECRET} eats roots.".encode())}, headers=headers
    )
    file = sent.json()["file_id"]
    body = {"user_message": f"What does the {SECRET} eat?", "file_id": [file]}
    started = (await app.client.post("/ai/generations", json=body, headers=headers)).json()
    await app.client.get(started["events"], headers=headers)
    question, answer = await app.engine.branch(started["conversation_id"], ANNAS)
    path = await upload(app, f"More about the {SECRET}.", ANNA)
    ids = started["conversation_id"], started["generation_id"], question.id, answer.id, file
    return Traces(*ids, path)


async def upload(app: RunningApp, text: str, visitor: str = "") -> str:
    """Return the path that the browser is told."""
    files, headers = {"files": ("mine.txt", text.encode())}, {"x-visitor": visitor}
    answer = await app.client.post("/gradio_api/upload", files=files, headers=headers)
    path: str = answer.json()[0]
    return path


def uploaded(app: RunningApp) -> list[str]:
    """Return the texts of the uploads that nobody has read yet."""
    return [path.read_text() for path in app.engine.inbox.folder.rglob("*.txt")]


async def test_no_route_of_ours_gives_or_changes_what_is_anothers(app: RunningApp) -> None:
    traces = await leave_traces(app)
    ben = {"x-visitor": BEN}
    message = {"user_message": "What is in it?"}
    routes: list[tuple[str, str, dict[str, Any]]] = [
        ("GET", f"/ai/generations/{traces.generation}/events", {}),
        ("DELETE", f"/ai/generations/{traces.generation}", {}),
        ("POST", f"/ai/generations/{traces.generation}/continue", {}),
        ("GET", "/ai/stream_chat", {"params": message | {"file_id": traces.file}}),
        ("GET", "/ai/stream_chat", {"params": message | {"conversation_id": traces.conversation}}),
        ("POST", "/ai/stream_chat", {"json": message | {"file_id": [traces.file]}}),
        ("POST", "/ai/generations", {"json": message | {"conversation_id": traces.conversation}}),
        ("POST", "/ai/generations", {"json": message | {"file_id": [traces.file]}}),
    ]
    routes += [
        ("GET", f"/ai/files/{traces.file}/{end}", {}) for end in ("content", "pages/1", "pages/1/text")
    ]
    files, more = f"/ai/conversations/{traces.conversation}/files", {"json": {"excluded": True}}
    routes += [("GET", files, {}), ("POST", f"{files}/{traces.file}", more)]
    resumed = {"headers": ben | {"last-event-id": f"{traces.generation}:0"}, "params": message}
    routes.append(("GET", "/ai/stream_chat", resumed))
    for method, path, more in routes:
        for who in (ben, {}):
            values: dict[str, Any] = {"headers": who, **more}
            answer = await app.client.request(method, path, **values)
            assert answer.status_code == 404, (method, path, more)
            assert SECRET not in answer.text
    assert len(await app.engine.branch(traces.conversation, ANNAS)) == 2
    assert await app.engine.excluded_files(traces.conversation, ANNAS) == frozenset()


async def start_as(app: RunningApp, request_id: str, **headers: str) -> httpx.Response:
    """Start an answer with an idempotency key of the client's."""
    body = {"user_message": f"About the {SECRET}", "request_id": request_id}
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    return await app.client.post("/ai/generations", json=body, headers=given)


async def test_an_anonymous_request_id_finds_its_answer_from_the_same_network_only(app: RunningApp) -> None:
    answers = [
        await start_as(app, "a random id of 26 letters.", x_forwarded_for=address)
        for address in ("198.51.100.1", "198.51.100.1", "198.51.100.2")
    ]
    first, again, other = (answer.json()["generation_id"] for answer in answers)
    assert first == again != other


async def test_an_anonymous_request_id_that_can_be_guessed_finds_nothing(app: RunningApp) -> None:
    first, again = [await start_as(app, "1", x_forwarded_for="198.51.100.1") for _ in range(2)]
    assert first.json()["generation_id"] != again.json()["generation_id"]


async def test_no_name_that_a_caller_can_send_is_an_anonymous_caller(app: RunningApp) -> None:
    """An address in X-Visitor was once the same key as an anonymous caller at that address."""
    id, address = "a random id of 26 letters.", "198.51.100.1"
    mine = await start_as(app, id, x_forwarded_for=address)
    names = (f"at {address}", address, f"Network(block='{address}')")
    for name in names:
        guessed = await start_as(app, id, x_visitor=name, x_forwarded_for="198.51.100.2")
        assert guessed.json()["generation_id"] != mine.json()["generation_id"]
    claimed = [await start_as(app, "another id of 27 characters", x_visitor=name) for name in names]
    later = await start_as(app, "another id of 27 characters", x_forwarded_for=address)
    assert (later.status_code, {one.status_code for one in claimed}) == (201, {201})


async def test_the_secret_of_the_first_answer_names_the_same_caller_from_any_network(app: RunningApp) -> None:
    first = await start_as(app, "short", x_forwarded_for="198.51.100.1")
    secret = first.headers["x-visitor"]
    assert len(secret) >= 22
    again = await start_as(app, "short", x_visitor=secret, x_forwarded_for="203.0.113.7")
    assert again.json()["generation_id"] == first.json()["generation_id"]
    assert "x-visitor" not in again.headers
    events = await app.client.get(first.json()["events"])
    assert SECRET not in secret
    assert events.status_code == 200


async def test_the_conversation_of_an_anonymous_caller_goes_on_with_its_secret(app: RunningApp) -> None:
    first = await start_as(app, "")
    await app.client.get(first.json()["events"])
    conversation = first.json()["conversation_id"]
    for headers in ({"x-visitor": first.headers["x-visitor"]}, {}):
        body = {"user_message": "And then?", "conversation_id": conversation}
        more = await app.client.post("/ai/generations", json=body, headers=headers)
        assert more.status_code == 201, more.text
        await app.client.get(more.json()["events"])
    assert len(await app.engine.branch(conversation, "")) == 6


def visits(traces: Traces) -> list[dict[str, Any]]:
    """What Ben's page could send with any event: Anna's ids wherever an id can stand."""
    base = {"owner": BEN, "language": "en", "files": [traces.file], "editing": traces.question}
    base |= {"conversation": traces.conversation, "generation": traces.generation, "query": "root"}
    actions = [{"name": name, "id": id, "value": "x"} for name, id in traces.targets()]
    return [base | {"action": action} for action in actions]


def loads(config: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the events that run when the page is opened."""
    return [item for item in config["dependencies"] if "load" in str(item["targets"]) and item["backend_fn"]]


def acts(event: dict[str, Any], config: dict[str, Any]) -> bool:
    """Tell whether an event does what the visit's action names: the others are tried with a few actions."""
    names = {item["id"]: str(item["props"].get("elem_id")) for item in config["components"]}
    return any(names.get(part) == LANES_ID and name in ACTING for part, name in event["targets"])


@pytest.mark.slow
async def test_no_event_of_the_page_gives_or_changes_what_is_anothers(app: RunningApp) -> None:
    traces = await leave_traces(app)
    config = (await app.client.get("/config")).json()
    mine = visits(traces)[0] | {"owner": ANNA}
    shown = [await join(app.client, item["id"], [mine], "anna") for item in loads(config)]
    assert any(SECRET in told for told in shown), "who may see it does"
    before = await app.engine.branch(traces.conversation, ANNAS)
    calls = [
        (dependency["id"], [visit, *[{"text": "Tell me", "files": []}] * (len(dependency["inputs"]) - 1)])
        for dependency in config["dependencies"]
        if dependency.get("backend_fn")
        for visit in visits(traces)[:: 1 if acts(dependency, config) else 10]
    ]
    assert len(calls) > 300
    for at in range(0, len(calls), PAGE_EVENTS):
        told = await join_all(app.client, calls[at : at + PAGE_EVENTS], f"ben{at}", BEN)
        assert SECRET not in told, (calls[at : at + PAGE_EVENTS], told[:300])
    assert await app.engine.branch(traces.conversation, ANNAS) == before
    assert await app.engine.excluded_files(traces.conversation, ANNAS) == frozenset()
    assert (await app.engine.attachment(traces.file, ANNAS)).name == f"{SECRET}.txt"


async def test_gradio_serves_no_upload_by_its_path(app: RunningApp) -> None:
    traces = await leave_traces(app)
    assert f"More about the {SECRET}." in uploaded(app)
    for route in (
        "file=",
        "file/",
        "stream/",
        "proxy=",
        "custom_component/",
        "call/",
        "run/",
        "deep_link?session_hash=",
    ):
        for path in (traces.path, Path(traces.path).name, f"../{traces.path}"):
            answer = await app.client.get(f"/gradio_api/{route}{path}")
            assert answer.status_code == 404, (route, path)
    for page in (
        "/?deep_link=x",
        f"/?deep_link=../{traces.path}",
        f"/static/{traces.path}",
        f"/assets/{traces.path}",
    ):
        assert SECRET not in (await app.client.get(page)).text


async def test_an_upload_is_its_visitors_and_gone_once_he_has_read_it(app: RunningApp) -> None:
    config = (await app.client.get("/config")).json()
    text = f"The {SECRET} sleeps."
    path, same = await upload(app, text, ANNA), await upload(app, text, ANNA)
    assert path != same, "two visitors who send the same file must not share a path"

    async def attach(visitor: str, path: str) -> str:
        visit = {"owner": visitor or BEN, "action": {"name": "attach", "id": "key", "value": ""}}
        told = await join(
            app.client, find_event(config, LANES_ID, LANES["file"]), [visit, [path]], "s", visitor
        )
        return str(re.findall(r'"read":"(\w+)"', unescaped(told))[-1])

    [kept, _] = [file for file in app.engine.inbox.folder.rglob("*.txt") if file.read_text() == text]
    for visitor in (BEN, ""):
        for known in (path, same, str(kept)):
            assert await attach(visitor, known) == "refused", (visitor, known)
    assert uploaded(app).count(text) == 2
    assert [await attach(ANNA, path), await attach(ANNA, path)] == ["done", "refused"]
    assert uploaded(app).count(text) == 1


def find_named(config: dict[str, Any], name: str) -> int:
    """Return the event of this name in Gradio's API."""
    return next(int(item["id"]) for item in config["dependencies"] if item["api_name"] == name)


def find_event(config: dict[str, Any], element: str, name: str) -> int:
    """Return the event of this name of a part of the page."""
    part = next(item["id"] for item in config["components"] if item["props"].get("elem_id") == element)
    return next(
        int(item["id"])
        for item in config["dependencies"]
        if [part, name] in item["targets"] and item.get("backend_fn")
    )


async def test_no_page_is_heard_spoken_to_or_ended_by_who_knows_its_name(
    app: RunningApp, provider: Provider
) -> None:
    config = (await app.client.get("/config")).json()
    assert not config["connect_heartbeat"], "Gradio's client needs a route that is closed"
    session, visit = "anna-page", {"owner": ANNA, "language": "en", "options": {"model": "held"}}
    await ask(app, config, visit, "Hi", session, ANNA)
    call = await provider.next_call()
    await call.text(f"The {SECRET}.")
    conversation = (await app.engine.history.conversations(ANNAS))[0].id
    generation_id = (await app.engine.branch(conversation, ANNAS))[-1].generation_id or ""
    await read_until(await app.engine.find(generation_id, ANNAS), 2)
    follow = find_event(config, LANES_ID, LANES["follow"])
    visit["action"] = {"name": "follow", "id": generation_id}
    hearing = asyncio.create_task(join(app.client, follow, [visit], session, ANNA))
    [event_id] = await pending_events(app)
    for visitor in (BEN, ""):
        for method, route, body in (
            ("GET", f"queue/data?session_hash={session}", None),
            ("GET", f"queue/data?session_hash=x&session%5Fhash={session}", None),
            ("GET", f"call/chat/{event_id}", None),
            ("GET", f"heartbeat/{session}", None),
            ("POST", "reset", {"event_id": event_id}),
            ("POST", "cancel", {"event_id": event_id, "session_hash": session, "fn_index": follow}),
            ("POST", f"stream/{event_id}/close", {}),
            ("POST", "component_server", {"session_hash": session, "component_id": 1, "fn_name": "x"}),
        ):
            headers = {"x-visitor": visitor}
            got = await app.client.request(method, f"/gradio_api/{route}", json=body, headers=headers)
            assert got.status_code == 404, (visitor, route, got.text)
        other = {**visit, "owner": BEN}
        told = await join(app.client, follow, [other], session, visitor)
        assert event_id not in told, "his event is of a page of his own"
    await call.finish()
    heard = await hearing
    assert f"The {SECRET}." in heard, heard
    assert set(re.findall(r'"event_id":"(\w+)"', heard)) == {event_id}


async def pending_events(app: RunningApp) -> set[str]:
    """Return the ids of the events that pages wait for, when there is one."""
    asgi: Any = app.server.config.app
    pending = asgi.state.page._queue.pending_event_ids_session
    while not any(pending.values()):
        await asyncio.sleep(0.01)
    return set().union(*pending.values())


@pytest.mark.parametrize("value", ["https://example.org/large", "/etc/passwd", "app.py"])
async def test_no_event_fetches_or_copies_a_file_that_it_names(app: RunningApp, value: str) -> None:
    config = (await app.client.get("/config")).json()
    event = find_event(config, LANES_ID, LANES["file"])
    file = {"path": value, "meta": {"_type": "gradio.FileData"}, "orig_name": "x"}
    for escaped in (json.dumps([{"x": [file]}]), json.dumps([file]).replace("path", "p\\u0061th") + " "):
        body = f'{{"data": {escaped}, "fn_index": {event}, "session_hash": "s", "x": NaN}}'
        answer = await app.client.post(
            "/gradio_api/queue/join", content=body, headers={"content-type": "application/json"}
        )
        assert answer.status_code == 422, answer.text
        assert answer.json()["error"]["type"] == "invalid_request"


async def test_what_is_no_event_is_refused(app: RunningApp) -> None:
    json_body = {"content-type": "application/json"}
    for body in (b"", b"null", b"[]", b"{", b"[" * 100_000, b"\xff", b'{"session_hash": 7}'):
        answer = await app.client.post("/gradio_api/queue/join", content=body, headers=json_body)
        assert answer.status_code == 422, (body[:20], answer.text)


async def test_bodies_are_measured_before_they_are_kept(provider: Provider, tmp_path: Path) -> None:
    async with run_app(tmp_path, OPENAI_BASE_URL=provider.url, MAX_UPLOAD_MB="0.01") as app:
        for path in ("queue/join", "queue/data", "upload"):
            answer = await app.client.post(f"/gradio_api/{path}", content=b"x" * 9_200_000)
            assert answer.status_code == 413, path

        for path in ("/gradio_api/queue/join", "/gradio_api/upload", "/login"):
            form = {"content-type": "multipart/form-data; boundary=x"} if "upload" in path else {}
            answer = await app.client.post(path, content=pour(ENDED), headers=form)
            assert (answer.status_code, answer.json()["error"]["type"]) == (413, "file_too_large"), path


FILE = b'--x\r\ncontent-disposition: form-data; name="files"; filename="a.txt"\r\n\r\n'
ENDED = FILE + b"short\r\n--x--\r\n"  # what comes after the end of a form belongs to no file


async def pour(beginning: bytes = FILE) -> AsyncGenerator[bytes, None]:
    """A body of 20 MB whose length is not told."""
    yield beginning
    for _ in range(200):
        yield b"x" * 100_000


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
@pytest.mark.parametrize("path", ["/ai/files", "/ai/generations", "/gradio_api/upload"])
async def test_who_pours_a_file_in_is_told_the_limit(provider: Provider, tmp_path: Path, path: str) -> None:
    """As `curl -T -` does: in chunks, and reading the answer while it still sends."""
    large = tmp_path / "large"
    await asyncio.to_thread(large.write_bytes, b"".join([part async for part in pour()]) * 3)
    async with run_app(tmp_path, OPENAI_BASE_URL=provider.url, MAX_UPLOAD_MB="0.01") as app:
        curl = await asyncio.create_subprocess_exec(
            *("curl", "-sS", "-X", "POST", "-T", large, "-w", "\n%{http_code}", app.url + path),
            *("-H", "transfer-encoding: chunked", "-H", "content-type: multipart/form-data; boundary=x"),
            stdout=asyncio.subprocess.PIPE,
        )
        told, _ = await curl.communicate()
    sentence, _, status = told.decode().rpartition("\n")
    limit = (
        "allowed size of 10000 bytes" if "upload" in path else "larger than 9.01 MB"
    )  # the first is Gradio's
    assert (status, limit in sentence) == ("413", True), sentence


async def test_an_inbox_outlives_nobody(provider: Provider, tmp_path: Path) -> None:
    async with run_app(tmp_path, OPENAI_BASE_URL=provider.url) as app:
        await upload(app, "x")
        assert uploaded(app) == ["x"]
    assert uploaded(app) == []


async def test_users_own_what_they_do_on_page_and_routes(provider: Provider, tmp_path: Path) -> None:
    async with run_app(
        tmp_path,
        OPENAI_BASE_URL=provider.url,
        OPENAI_MODEL="plain",
        USERS="anna:one,ben:two",
        PASSWORD="shared",
    ) as app:
        client = app.client
        refused = await client.post("/login", data={"username": "anna", "password": "shared"})
        assert refused.status_code == 400, "the shared password is nobody's own"
        for name, password in (("anna", "one"), ("ben", "two"), ("guest", "shared")):
            client.cookies.clear()
            await client.post("/login", data={"username": name, "password": password})
            config = (await client.get("/config")).json()
            await ask(app, config, {"owner": ANNA, "language": "en"}, f"from {name}", name)
        mine = {
            owner: [
                (await app.engine.branch(one.id, owner))[0].text
                for one in await app.engine.history.conversations(owner)
            ]
            for owner in ("user:anna", "user:ben", ANNAS)
        }
        assert mine == {"user:anna": ["from anna"], "user:ben": ["from ben"], ANNAS: ["from guest"]}


def unescaped(told: str) -> str:
    """Return what an event answered, with what the page's script is told, JSON in a text, as plain JSON."""
    return told.replace(" ", "").replace('\\"', '"')


async def ask(
    app: RunningApp, config: dict[str, Any], visit: dict[str, Any], text: str, session: str, visitor: str = ""
) -> None:
    """Send a message over the page's own event, and wait for what is kept of it."""
    event = find_named(config, "send")
    told = await join(app.client, event, [visit, {"text": text, "files": []}], session, visitor)
    begun = re.findall(r'"conversation":"([\w-]+)"', unescaped(told))
    assert begun, told
    await app.engine._stores.queue.settle(begun[-1])


# --- every route --------------------------------------------------------------------------------------------

OURS = "test_no_route_of_ours_gives_or_changes_what_is_anothers"
EVENTS = "test_no_event_of_the_page_gives_or_changes_what_is_anothers"
FILES = "test_gradio_serves_no_upload_by_its_path"
UPLOADS = "test_an_upload_is_its_visitors_and_gone_once_he_has_read_it"
PAGES = "test_no_page_is_heard_spoken_to_or_ended_by_who_knows_its_name"
USERS = "test_users_own_what_they_do_on_page_and_routes"
NOBODYS = "the same for everybody"
NO_VISITORS = "answers of nobody, as in tests/ui/test_mcp.py"
TOOLS = [f"/gradio_api/mcp{end}" for end in ("", "/schema", "/sse", "/messages")]  # where mcp is installed
ROWS = {  # route: what tries it with a second visitor, or why none can get anything
    **dict.fromkeys(("/ai/stream_chat", "/ai/generations", "/ai/files"), OURS),
    **{f"/ai/generations/{{generation_id}}{end}": OURS for end in ("", "/events", "/continue")},
    **{f"/ai/files/{{file_id}}/{end}": OURS for end in ("content", "pages/{number}", "pages/{number}/text")},
    **{f"/ai/conversations/{{conversation_id}}/files{end}": OURS for end in ("", "/{file_id}")},
    **dict.fromkeys(("/ai/example", "/healthz", "/readyz", "/metrics", "/openapi.json", "/docs"), NOBODYS),
    **dict.fromkeys(("/login", "/logout", "/gradio_api/user", "/gradio_api/login_check"), USERS),
    "/gradio_api/queue/join": EVENTS,
    "/gradio_api/upload": UPLOADS,
    **dict.fromkeys(("/", "/static/{path:path}", "/assets/{path:path}"), FILES),
    **dict.fromkeys(("/config", "/favicon.ico", "/theme.css", "/robots.txt", "/manifest.json"), NOBODYS),
    **dict.fromkeys(("/pwa_icon", "/pwa_icon/{size}"), NOBODYS),
    **{f"/gradio_api/{name}": NOBODYS for name in ("app_id", "info", "startup-events", "theme.css")},
    "/gradio_api/queue/data": PAGES,
    **dict.fromkeys(TOOLS, NO_VISITORS),
}


def list_routes(routes: Sequence[Any], before: str = "") -> Iterator[tuple[str, str]]:
    """Yield method and path of every route of an application, with those of what is mounted in it."""
    for route in routes:
        inner = getattr(route, "original_router", None) or getattr(route, "app", None)
        path = before + (getattr(route, "path", None) or "")
        if inner is not None and not hasattr(route, "endpoint") and hasattr(inner, "routes"):
            yield from list_routes(inner.routes, path)
        else:
            yield from ((method, path) for method in getattr(route, "methods", None) or ("POST",))


def test_what_the_rows_name_is_there() -> None:
    assert {row for row in ROWS.values() if row not in globals()} == {NOBODYS, NO_VISITORS}


async def test_every_route_has_a_row_or_is_closed(app: RunningApp) -> None:
    asgi: Any = app.server.config.app
    routes = set(list_routes(asgi.routes))
    assert ROWS.keys() - {path for _, path in routes} - set(TOOLS) == set(), "a row without a route"
    open_ones = []
    for method, path in sorted(routes):
        if path.rstrip("/") not in ROWS and path not in ROWS:
            asked = await app.client.request(method, re.sub(r"\{[^}]*\}", "x", path))
            if asked.status_code not in (404, 405):
                open_ones.append((method, path, asked.status_code))
    assert open_ones == []
