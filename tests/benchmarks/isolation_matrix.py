"""Who gets what of another visitor's: a row for each caller, a column for each thing, over a real server.

    python -m tests.benchmarks.isolation_matrix [folder of another version of the project]

The victim asks about a table and quotes a page; each caller then tries to get, stop or use that with every id
known, over the routes and over every event of the page. A cell is `refused` or what leaked. The last row is
the victim itself, who gets all of it: without that, refusals show nothing. Uses the loopback alone.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
import sys
from base64 import b64decode
from collections.abc import AsyncGenerator, Awaitable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from chat.ui.components import LANES, LANES_ID
from tests.benchmarks.attacks_identity import OTHER, ROOT, VICTIM, served
from tests.page_protocol import join_all
from tests.pdf_files import pdf, show
from tests.provider import Call, Provider

SECRET = "wolpertinger"  # stands in all that is the victim's, and in no question of an attacker
ANNA, BEN = "anna-0123456789-0123456789", "ben-00123456789-0123456789"
TABLE = f"animal,amount\n{SECRET},7\nvole,8\n".encode()
PAGE = pdf(show(f"The {SECRET} eats roots and nothing else at all."))
QUESTION = "What is the total of amount?"
EVENTS_AT_ONCE = 20
ACTING = {LANES[name] for name in ("show", "list", "search", "fetch", "drawer", "quiet", "follow")}
ACTIONS = {
    "history": ("open", "list"),
    "export": ("json", "markdown", "everything", "copy", "prompt"),
    "citations": ("passage", "source", "view", "view-file"),
}
COLUMNS = (
    *("generation by id", "by request_id", "stop", "continue", "files", "conversations", "history", "export"),
    *("page image", "page text", "file content", "computation", "citations"),
)


@dataclass(frozen=True)
class Caller:
    """headers: of each request. owner: what the page would send as its secret."""

    name: str
    headers: dict[str, str] = field(default_factory=dict)
    owner: str = BEN


@dataclass(frozen=True)
class Left:
    """The ids of what the victim left. running: an answer that is being written."""

    generation: str
    conversation: str
    request_id: str
    running: str
    table: str
    file: str
    answer: str


async def quote(call: Call) -> None:
    """Answer with a quote of the file."""
    await call.text(f'It says "The {SECRET} eats roots and nothing else at all." [diet.pdf p. 1]')
    await call.finish()


def address(value: str, **more: str) -> dict[str, str]:
    return {"x-forwarded-for": value, **{name.replace("_", "-"): one for name, one in more.items()}}


async def leave(client: httpx.AsyncClient, caller: Caller) -> Left:
    """Upload, ask, and begin an answer that does not end."""
    ids = [await upload(client, caller, *one) for one in (("diet.pdf", PAGE), ("animals.csv", TABLE))]
    first = await start(client, caller, model="quoting", file_id=ids, request_id="a random id of 26 letters.")
    events = await client.get(first["events"], headers=caller.headers)
    answer = re.search(r'"message_id": ?"([^"]+)"', events.text)
    running = await start(client, caller, model="held")
    kept = first["generation_id"], first["conversation_id"], "a random id of 26 letters."
    return Left(*kept, running["generation_id"], ids[1], ids[0], answer[1] if answer else "none")


async def upload(client: httpx.AsyncClient, caller: Caller, name: str, data: bytes) -> str:
    answer = await client.post("/ai/files", files={"file": (name, data)}, headers=caller.headers)
    return str(answer.json()["file_id"])


async def start(client: httpx.AsyncClient, caller: Caller, **fields: Any) -> dict[str, Any]:
    body = {"user_message": f"What does the {SECRET} eat?", **fields}
    answer = await client.post("/ai/generations", json=body, headers=caller.headers)
    told: dict[str, Any] = answer.json()
    return told


@contextlib.asynccontextmanager
async def opened_page(client: httpx.AsyncClient, caller: Caller) -> AsyncGenerator[httpx.AsyncClient, None]:
    """Open a client as the caller's browser: with the cookie of its log-in, without X-Visitor."""
    headers = dict(caller.headers)
    headers.pop("x-visitor", None)
    login = headers.pop("authorization", "")
    async with httpx.AsyncClient(base_url=client.base_url, headers=headers, timeout=120) as browser:
        if login:
            name, _, password = b64decode(login.split()[1]).decode().partition(":")
            answer = await browser.post("/login", data={"username": name, "password": password})
            assert answer.status_code == 200, answer.text
        yield browser


class Attempts:
    """One caller's tries at what the victim left."""

    def __init__(self, client: httpx.AsyncClient, caller: Caller, left: Left, config: dict[str, Any]) -> None:
        self._client, self._caller, self._left, self._config = client, caller, left, config

    async def row(self) -> list[str]:
        """Return the cells, of which stopping comes last since it changes something."""
        left, files = self._left, f"/ai/files/{self._left.file}"
        tries: dict[str, Awaitable[str]] = {
            "generation by id": self._read("GET", f"/ai/generations/{left.generation}/events"),
            "by request_id": self._find(),
            "continue": self._read("POST", f"/ai/generations/{left.running}/continue"),
            "files": self._ask(file_id=[left.file]),
            "conversations": self._ask(conversation_id=left.conversation),
            "page image": self._read("GET", f"{files}/pages/1"),
            "page text": self._read("GET", f"{files}/pages/1/text"),
            "file content": self._read("GET", f"{files}/content"),
            "computation": self._ask(file_id=[left.table], model="quotes"),
            **{name: self._use_page(actions) for name, actions in ACTIONS.items()},
            "stop": self._stop(),
        }
        cells = {name: await one for name, one in tries.items()}
        return [cells[name] for name in COLUMNS]

    async def _read(self, method: str, path: str, **more: Any) -> str:
        answer = await self._client.request(method, path, headers=self._caller.headers, **more)
        if answer.status_code in (400, 403, 404, 405, 422, 429):
            return "refused" if SECRET not in answer.text else "**told in a refusal**"
        if "origin" in self._caller.headers and "access-control-allow-origin" not in answer.headers:
            return "unreadable"
        return f"got it ({answer.status_code})"

    async def _find(self) -> str:
        """Start with the victim's request_id: another answer than the victim's is none of its."""
        asked = {"user_message": QUESTION, "request_id": self._left.request_id}  # without the secret word
        told = await start(self._client, self._caller, model="plain", **asked)
        return "got it" if told.get("generation_id") == self._left.generation else "refused"

    async def _ask(self, **fields: Any) -> str:
        body = {"user_message": QUESTION, "model": "plain", **fields}  # which does not say the secret word
        return await self._read("POST", "/ai/stream_chat", json=body)

    async def _stop(self) -> str:
        return await self._read("DELETE", f"/ai/generations/{self._left.running}")

    async def _use_page(self, actions: Sequence[str]) -> str:
        """Send every event of the page that acts, with these actions for each of the victim's ids."""
        left, told = self._left, ""
        base: dict[str, Any] = {"owner": self._caller.owner, "language": "en"}
        base |= {"conversation": left.conversation, "generation": left.generation, "query": "roots"}
        base["files"] = [left.file, left.table]
        targets = (left.conversation, left.answer, left.file)
        visits = [
            base | {"action": {"name": name, "id": id, "value": "0"}} for name in actions for id in targets
        ]
        calls = [
            (event["id"], [visit, *[{"text": "Tell me", "files": []}] * (len(event["inputs"]) - 1)])
            for event in self._config["dependencies"]
            if event.get("backend_fn") and self._acts(event)
            for visit in visits
        ]
        async with opened_page(self._client, self._caller) as client:
            for at in range(0, len(calls), EVENTS_AT_ONCE):
                session = f"{self._caller.name}{actions[0]}{at}".encode().hex()
                with contextlib.suppress(AssertionError, TimeoutError):
                    told += await join_all(
                        client, calls[at : at + EVENTS_AT_ONCE], session, self._caller.owner
                    )
        return "got it" if SECRET in told else "refused"

    def _acts(self, event: dict[str, Any]) -> bool:
        names = {item["id"]: str(item["props"].get("elem_id")) for item in self._config["components"]}
        return any(names.get(part) == LANES_ID and name in ACTING for part, name in event["targets"])


async def compare(
    tree: Path, provider: Provider, title: str, victim: Caller, callers: Sequence[Caller], **environ: str
) -> str:
    """Return a matrix: the victim's own row, then those of the others."""
    lines = [
        "",
        f"**{title}**",
        "",
        "| caller | " + " | ".join(COLUMNS) + " |",
        "| --- " * (len(COLUMNS) + 1) + "|",
    ]
    environ = {"OPENAI_MODEL": "quoting,held,plain", "OCR": "off"} | environ
    async with served(tree, provider, **environ) as client:
        for caller in (*callers, victim):
            async with opened_page(client, caller) as visit:
                config = (await visit.get("/config")).json()
            left = await leave(client, victim)
            cells = await Attempts(client, caller, left, config).row()
            lines.append(f"| {caller.name} | " + " | ".join(cells) + " |")
            await client.delete(f"/ai/generations/{left.running}", headers=victim.headers)
    return "\n".join(lines)


FOREIGN = {"origin": "https://evil.example", "sec-fetch-site": "cross-site"}
NAMED = Caller("the visitor itself", address(VICTIM, x_visitor=ANNA), ANNA)
UNNAMED = Caller("the caller itself", address(VICTIM), "")
OTHERS = (
    Caller("anonymous, same network", address(VICTIM), ""),
    Caller("anonymous, another network", address(OTHER), ""),
    Caller("another visitor, same network", address(VICTIM, x_visitor=BEN)),
    Caller("another visitor, another network", address(OTHER, x_visitor=BEN)),
    Caller("page of another site, same network", address(VICTIM, **FOREIGN), ""),
    Caller("page of another site, as another visitor", address(OTHER, x_visitor=BEN, **FOREIGN)),
)
BASIC = {"anna": "YW5uYTpvbmU=", "ben": "YmVuOnR3bw=="}  # anna:one, ben:two
USERS = tuple(
    Caller(name, address(VICTIM, authorization=f"Basic {BASIC[user]}", x_visitor=value), value)
    for name, user, value in (
        ("the user itself", "anna", ANNA),
        ("another user", "ben", BEN),
        ("another user who sends the first one's X-Visitor", "ben", ANNA),
    )
)


async def report(tree: Path) -> str:
    """Return the matrices of the version of the app in `tree`."""
    parts = []
    for title, victim, callers, environ in MATRICES:
        async with Provider() as provider:
            provider.scripts["quoting"] = quote
            parts.append(await compare(tree, provider, title, victim, callers, **environ))
    return "\n".join(parts)


MATRICES: Sequence[tuple[str, Caller, Sequence[Caller], dict[str, str]]] = (
    ("What a named visitor left", NAMED, OTHERS, {}),
    ("What an anonymous caller left, ids known (they are keys by design)", UNNAMED, OTHERS[1:], {}),
    ("What a user left, with a log-in", USERS[0], USERS[1:], {"USERS": "anna:one,ben:two"}),
)

if __name__ == "__main__":
    print(asyncio.run(report(Path(sys.argv[1]).resolve() if len(sys.argv) > 1 else ROOT)))
