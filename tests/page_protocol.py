"""The page without a browser: its events over Gradio's queue, as the page's own script sends them.

    page = await OpenPage.load(http, url)
    turn = await page.ask("Hello", model="plain")       # turn.html: what the page shows afterwards

One event at a time, as a visitor who waits. Knows the names of the page's events, and nothing of what is
inside. Raises PageError where an event fails.
"""

from __future__ import annotations

import asyncio
import json
import secrets
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any, Self

import aiohttp
import httpx
from gradio_client.utils import apply_diff  # type: ignore[import-untyped]

EVENT_SECONDS = 60  # until an event of the page must have ended
HISTORY, GROWING, TOLD = 0, 1, 2  # places among an event's outputs; told: what the script is to know


class PageError(Exception):
    """The page showed an error."""


@dataclass(frozen=True)
class Told:
    """A turn over the page. pieces: how often it grew on the page; html: all that was shown then."""

    conversation: str
    generation: str
    pieces: int
    html: str


class OpenPage:
    """One visitor's open page. options: of the settings panel, such as the model."""

    def __init__(self, http: aiohttp.ClientSession, url: str, events: dict[str, int]) -> None:
        self._http = http
        self._url = url
        self._events = events
        self.session = secrets.token_hex(6)
        self.owner = secrets.token_urlsafe(24)
        self._headers = {"x-visitor": self.owner}  # whose session and whose uploads they are
        self.conversation = ""
        self._history: Any = None  # what stands above the newest turn

    @classmethod
    async def load(cls, http: aiohttp.ClientSession, url: str) -> Self:
        """Open the page as a new visitor."""
        async with http.get(f"{url}/config") as answer:
            config = await answer.json()
        page = cls(http, url, {one["api_name"]: one["id"] for one in config["dependencies"]})
        await page.run("dress", page.visit())
        await page.run("open_conversation", page.visit())
        return page

    def again(self) -> OpenPage:
        """Return another page of the same kind, of another visitor, without loading it."""
        return OpenPage(self._http, self._url, self._events)

    def visit(self, action: str = "", target: str = "", **more: Any) -> dict[str, Any]:
        """Return what the script sends along with every event."""
        acted = {"name": action, "id": target, "value": ""}
        known = {"owner": self.owner, "language": "en", "conversation": self.conversation}
        return known | {"action": acted} | more

    async def ask(self, message: str, *, model: str = "", files: tuple[str, ...] = ()) -> Told:
        """Send a message, follow the answer to its end, and let it settle in the history."""
        generation = await self.send(message, model=model, files=files)
        pieces = 0
        async with aclosing(self.events("follow", self.visit("follow", generation))) as growing:
            async for _ in growing:
                pieces += 1
        settled = await self.run("settle", self.visit(generation=generation))
        shown = json.dumps([self._history, settled[GROWING]], ensure_ascii=False)
        return Told(self.conversation, generation, pieces, shown)

    async def send(self, message: str, *, model: str = "", files: tuple[str, ...] = ()) -> str:
        """Send a message; return the generation that answers it. Raises PageError with the page's notice."""
        visit = self.visit(files=list(files), options={"model": model})
        told: Any = None
        generation, shown = "", ""
        sending = self.events("send", visit, {"text": message, "files": []})
        async with aclosing(sending) as values:
            async for value in values:
                self._history = value[HISTORY] if told is None else self._history
                told = value[TOLD] if told is None else apply_diff(told, value[TOLD])
                heard = json.loads(told) if isinstance(told, str) else {}
                generation = heard.get("generation") or generation
                self.conversation = heard.get("conversation") or self.conversation
                shown += json.dumps(value, ensure_ascii=False)
        if not generation:
            raise PageError(shown)
        return generation

    async def attach(self, name: str, data: bytes) -> str:
        """Upload a file and have it read; return its id."""
        form = aiohttp.FormData()
        form.add_field("files", data, filename=name)
        url = f"{self._url}/gradio_api/upload"
        async with self._http.post(url, data=form, headers=self._headers) as answer:
            if answer.status != 200:
                raise PageError(await answer.text())
            paths = await answer.json()
        told: Any = None
        async with aclosing(self.events("attach", self.visit("attach", "key"), paths)) as values:
            async for value in values:
                told = value[0] if told is None else apply_diff(told, value[0])
        return str(json.loads(told).get("id", ""))

    async def delete(self) -> None:
        """Delete the conversation."""
        await self.run("act", self.visit("delete", self.conversation))
        self.conversation = ""

    async def run(self, event: str, *data: Any) -> list[Any]:
        """Run an event; return the first of its values, which is whole."""
        first: list[Any] | None = None
        async with aclosing(self.events(event, *data)) as values:
            async for value in values:
                first = value if first is None else first
        assert first is not None, event
        return first

    async def events(self, event: str, *data: Any) -> AsyncGenerator[list[Any], None]:
        """Yield an event's values: the first whole, the others as differences from the one before."""
        body = {"data": list(data), "fn_index": self._events[event], "session_hash": self.session}
        queue, headers = f"{self._url}/gradio_api/queue", self._headers
        async with self._http.post(f"{queue}/join", json=body, headers=headers) as answer:
            if answer.status != 200:
                raise PageError(await answer.text())
        started = False
        params = {"session_hash": self.session}
        async with self._http.get(f"{queue}/data", params=params, headers=headers) as answer:
            async for line in answer.content:
                if not line.startswith(b"data: "):
                    continue
                message = json.loads(line[6:])
                if message["msg"] == "process_generating" and message["success"]:
                    started = True
                    yield message["output"]["data"]
                elif message["msg"] == "process_completed":
                    if not message["success"]:
                        raise PageError(f"{event}: {message['output']}")
                    if not started:
                        yield message["output"]["data"]
                elif message["msg"] == "close_stream":
                    return
        raise PageError(f"{event}: the connection was lost")


async def join(client: httpx.AsyncClient, fn: int, data: list[Any], session: str, visitor: str = "") -> str:
    """Return all that the page receives of one event. visitor: the header that its script sends."""
    return await join_all(client, [(fn, data)], session, visitor)


async def join_all(
    client: httpx.AsyncClient, calls: Sequence[tuple[int, list[Any]]], session: str, visitor: str = ""
) -> str:
    """Send several events of one page; return all that it receives, to the end of the last one.

    Raises TimeoutError where an event does not end, AssertionError where the stream ends before the events.
    """
    headers = {"x-visitor": visitor} if visitor else {}
    told, begun = "", 0
    for fn, data in calls:
        body = {"data": data, "fn_index": fn, "session_hash": session, "trigger_id": None}
        joined = await client.post("/gradio_api/queue/join", json=body, headers=headers)
        begun += joined.status_code == 200
        told += joined.text
    if not begun:
        return told
    params = {"session_hash": session}
    async with (
        asyncio.timeout(EVENT_SECONDS),
        client.stream("GET", "/gradio_api/queue/data", params=params, headers=headers) as answer,
    ):
        async for line in answer.aiter_lines():
            told += line
            begun -= "process_completed" in line
            if "close_stream" in line:
                break
    assert not begun, told
    return told
