"""A page's session and its uploads are its visitor's alone, and leave a replica that stops.

Gradio knows an open page by a name that the browser makes up, and asks no more of whoever says it: he would
read what the page is told, and put into it. So the name is put together with the visitor's own secret value,
which the page's script sends along, before Gradio sees it: from anybody else the same name is another page's.
So is the path that an upload's sender is told. Nothing is kept for that. Who sends no such value, as
gradio_client, is one with all others who send none.

Plain ASGI, after the guards that bound what is read. Knows no route of ours.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode

import orjson

from chat.errors import ChatError, InvalidRequest, NotFound, Stopping
from chat.files.upload_inbox import UploadInbox
from chat.http.middleware.guards import (
    EVENT_BYTES,
    App,
    Message,
    Receive,
    Scope,
    Send,
    give_back,
    read,
    refuse,
    route_of,
)

VISITOR = b"x-visitor"
GUARDED = ("queue/join", "queue/data", "upload", "app_id")
SESSION = "session_hash"


class SessionGuard:
    """Tells Gradio a visitor's own names, and lets no event take a file but one that he has just uploaded.

    queue: Gradio's. is_leaving: does this replica stop, with others there? Then only what is on its way to a
    page is finished here. All else that a page asks is taken to the next replica by the proxy, at a 503.
    """

    def __init__(self, app: App, inbox: UploadInbox, queue: Any, is_leaving: Callable[[], bool]) -> None:
        self._app = app
        self._inbox = inbox
        self._queue = queue
        self._is_leaving = is_leaving

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        route = route_of(scope) if scope["type"] == "http" else ""
        if route not in GUARDED:
            return await self._app(scope, receive, send)
        visitor = _visitor_of(scope)
        try:
            if route == "queue/join":
                session, body = self._own_event(await read(receive, EVENT_BYTES), visitor)
                scope, receive = _with_length(scope, len(body)), give_back(body, receive)
            else:
                session, query = _own_query(scope["query_string"], visitor)
                scope = {**scope, "query_string": query}
            self._check(route, session)
        except ChatError as error:
            return await refuse(send, error)
        except RecursionError:
            return await refuse(send, InvalidRequest("The event is nested too deeply."))
        await self._app(scope, receive, send)

    def _check(self, route: str, session: str) -> None:
        if self._is_leaving() and not self._queue.pending_event_ids_session.get(session):
            raise Stopping("This server is stopping. Another one answers.")
        if route == "queue/data" and session not in self._queue.pending_messages_per_session:
            raise NotFound("There is no such page, or it has asked for nothing.")

    def _own_event(self, body: bytes, visitor: bytes) -> tuple[str, bytes]:
        """Return an event's session and body as Gradio is to have them. Raises InvalidRequest."""
        try:
            event = json.loads(body)  # as Gradio reads it: orjson refuses NaN and lone surrogates
        except ValueError:
            raise InvalidRequest("The event is no JSON.") from None
        if not isinstance(event, dict):
            raise InvalidRequest("An event is an object.")
        if isinstance(event.get(SESSION), str):
            event[SESSION] = own_name(event[SESSION], visitor)
        if isinstance(event.get("data"), list):
            event["data"] = [self._own_value(value, visitor) for value in event["data"]]
        if _names_a_file(event):
            raise InvalidRequest("No event of this page takes a file.", field="data")
        return str(event.get(SESSION)), json.dumps(event).encode()

    def _own_value(self, value: Any, visitor: bytes) -> Any:
        """Put the bare path in the place of a file that its sender has uploaded: Gradio sees a text then, and
        neither copies it nor fetches it from wherever its sender says.
        """
        if isinstance(value, list):
            return [self._own_path(one, visitor) if isinstance(one, str) else one for one in value]
        path = value.get("path") if isinstance(value, dict) and "meta" in value else None
        if not isinstance(path, str) or "\0" in path:
            return value
        try:
            return str(self._inbox.take(self._own_path(path, visitor)))
        except (NotFound, OSError):
            return value

    def _own_path(self, path: str, visitor: bytes) -> str:
        """Return where an upload is that its sender was told to be at this path."""
        if not path.startswith(f"{self._inbox.folder}/"):
            return path
        name, _, file = path.removeprefix(f"{self._inbox.folder}/").partition("/")
        return f"{self._inbox.folder}/{own_name(name, visitor)}/{file}"


class UploadGuard:
    """Moves what Gradio has taken in to the inbox, and tells the browser a path in place of Gradio's, by
    which the same visitor's events alone find it.
    """

    def __init__(self, app: App, inbox: UploadInbox, forget: Callable[[str], None]) -> None:
        self._app = app
        self._inbox = inbox
        self._forget = forget

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or route_of(scope) != "upload":
            return await self._app(scope, receive, send)
        # A compressed answer could not be read here.
        headers = [header for header in scope["headers"] if header[0] != b"accept-encoding"]
        parts: list[Message] = []

        async def collect(message: Message) -> None:
            parts.append(message)

        await self._app({**scope, "headers": headers}, receive, collect)
        await self._answer(parts, _visitor_of(scope), send)

    async def _answer(self, parts: list[Message], visitor: bytes, send: Send) -> None:
        start, body = parts[0], b"".join(part.get("body", b"") for part in parts[1:])
        if start["status"] == 200:
            try:
                body = orjson.dumps([self._move(path, visitor) for path in orjson.loads(body)])
            except NotFound as error:
                return await refuse(send, error)
        headers = [header for header in start["headers"] if header[0] != b"content-length"]
        headers.append((b"content-length", str(len(body)).encode()))
        await send({**start, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    def _move(self, path: str, visitor: bytes) -> str:
        self._forget(path)  # Gradio remembers each path for as long as it runs, to delete it then
        name = secrets.token_urlsafe(24)
        kept = self._inbox.put(Path(path), own_name(name, visitor))
        return str(self._inbox.folder / name / kept.name)


def own_name(name: str, visitor: bytes) -> str:
    """Return what a name that a browser made up is here: 128 bits that say nothing of either."""
    return hashlib.sha256(visitor + b"\n" + name.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def _own_query(query: bytes, visitor: bytes) -> tuple[str, bytes]:
    """Return the session that a query names, empty for none, and the query as Gradio is to have it."""
    fields = parse_qsl(query.decode("latin-1"), keep_blank_values=True)
    owned = [(name, own_name(value, visitor) if name == SESSION else value) for name, value in fields]
    return dict(owned).get(SESSION, ""), urlencode(owned).encode()


def _visitor_of(scope: Scope) -> bytes:
    return next((bytes(value) for name, value in scope["headers"] if name == VISITOR), b"")


def _with_length(scope: Scope, length: int) -> Scope:
    kept = [header for header in scope["headers"] if header[0] != b"content-length"]
    return {**scope, "headers": [*kept, (b"content-length", str(length).encode())]}


def _names_a_file(event: object) -> bool:
    """Tell whether an event holds a file in Gradio's form, which Gradio would fetch or copy."""
    waiting = [event]
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            if "path" in value and "meta" in value:
                return True
            waiting += value.values()
        elif isinstance(value, list):
            waiting += value
    return False
