"""A page's session belongs to its visitor alone, and moves away from a replica that stops.

Gradio identifies an open page by a `session_hash` that the browser makes up, and checks nothing else: another
client with the same hash would receive the page's updates and could send events to it. So the hash is derived
from the browser's and the visitor's own secret value, which the page's script sends with each request
(assets/page/server.js), before Gradio sees it. The same hash from another visitor is another session. The
paths of uploads are derived alike (gradio_uploads.py). No table is kept for that. Clients that send no such
value, as gradio_client, share one value.

Plain ASGI, inside of the middleware that bounds bodies. Knows no route of ours.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl, urlencode

import orjson
from starlette.types import ASGIApp, Receive, Scope, Send

from chat.errors import ChatError, InvalidRequest, NotFound, Stopping
from chat.files.upload_inbox import UploadInbox
from chat.gradio_internals import SESSION_FIELD, MountedPage, is_gradio_file
from chat.http.middleware.asgi import (
    header_of,
    read_body,
    replay_body,
    send_error,
    visitor_in,
    with_content_length,
)
from chat.http.middleware.gradio_allowlist import EVENT_BYTES, gradio_route
from chat.http.middleware.page_sessions import PageSessions
from chat.json_bounds import LARGE_BYTES, parse_bounded

DEPTH_MAX = 64  # of values in each other; Gradio walks through them recursively
SESSION_ROUTES = ("queue/join", "queue/data", "upload", "app_id")


class GradioSessionMiddleware:
    """Rewrite `session_hash` and upload paths per visitor, and refuse events that name any other file.

    is_leaving: whether this replica stops while others remain. It then finishes only what is
    on its way to a page, and answers every other request of a page with 503, which the proxy retries on the
    next replica.
    """

    def __init__(
        self, app: ASGIApp, inbox: UploadInbox, page: MountedPage, is_leaving: Callable[[], bool]
    ) -> None:
        self._app = app
        self._inbox = inbox
        self._page = page
        self._sessions = PageSessions(page)
        self._is_leaving = is_leaving

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        route = gradio_route(scope) if scope["type"] == "http" else ""
        if route not in SESSION_ROUTES:
            return await self._app(scope, receive, send)
        visitor = visitor_of(scope)
        try:
            if route == "queue/join":
                session, body = await self._read_event(await read_body(receive, EVENT_BYTES), visitor)
                scope, receive = with_content_length(scope, len(body)), replay_body(body, receive)
            else:
                session, query = _rewrite_query(scope["query_string"], visitor)
                scope = {**scope, "query_string": query}
            self._check(route, session)
            if route == "queue/join":
                self._sessions.admit(session, visitor_in(scope).network)
        except ChatError as error:
            return await send_error(send, error)
        except RecursionError:
            return await send_error(send, InvalidRequest("The event is nested too deeply."))
        with self._sessions.reading(session) if route == "queue/data" else contextlib.nullcontext():
            await self._app(scope, receive, send)

    def _check(self, route: str, session: str) -> None:
        if self._is_leaving() and not self._page.is_awaiting(session):
            raise Stopping("This server is stopping. Another one answers.")
        if route == "queue/data" and not self._page.is_known(session):
            raise NotFound("There is no such page, or it has asked for nothing.")

    async def _read_event(self, body: bytes, visitor: bytes) -> tuple[str, bytes]:
        if len(body) > LARGE_BYTES:
            return await asyncio.to_thread(self._rewrite_event, body, visitor)
        return self._rewrite_event(body, visitor)

    def _rewrite_event(self, body: bytes, visitor: bytes) -> tuple[str, bytes]:
        """Return an event's derived session and its body for Gradio. Raises InvalidRequest."""
        try:
            event = parse_bounded(body)
        except ValueError:
            raise InvalidRequest("The event is no JSON.") from None
        if not isinstance(event, dict):
            raise InvalidRequest("An event is an object.")
        if isinstance(event.get(SESSION_FIELD), str):
            event[SESSION_FIELD] = derive_name(event[SESSION_FIELD], visitor)
        if isinstance(event.get("data"), list):
            event["data"] = [self._rewrite_value(value, visitor) for value in event["data"]]
        if _names_a_file(event):
            raise InvalidRequest("No event of this page takes a file.", field="data")
        return str(event.get(SESSION_FIELD)), _write_event(event)

    def _rewrite_value(self, value: Any, visitor: bytes) -> Any:
        """Replace a file that the same visitor has uploaded by its bare path: Gradio then sees a text, and
        neither copies the file nor fetches it from an address that the sender chose.
        """
        if isinstance(value, list):
            return [self._rewrite_path(one, visitor) if isinstance(one, str) else one for one in value]
        path = value["path"] if isinstance(value, dict) and is_gradio_file(value) else None
        if not isinstance(path, str) or "\0" in path:
            return value
        try:
            return str(self._inbox.take(self._rewrite_path(path, visitor)))
        except (NotFound, OSError):
            return value

    def _rewrite_path(self, path: str, visitor: bytes) -> str:
        """Return the real path of an upload, for the path that its sender received."""
        if not path.startswith(f"{self._inbox.folder}/"):
            return path
        name, _, file = path.removeprefix(f"{self._inbox.folder}/").partition("/")
        return f"{self._inbox.folder}/{derive_name(name, visitor)}/{file}"


def _write_event(event: dict[str, Any]) -> bytes:
    try:
        return orjson.dumps(event)
    except TypeError:  # lone surrogates, and whole numbers of more than 64 bits
        return json.dumps(event).encode()


def derive_name(name: str, visitor: bytes) -> str:
    """Return the server's name for a client's one: 128 bits that reveal neither name nor visitor."""
    return hashlib.sha256(visitor + b"\n" + name.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def visitor_of(scope: Scope) -> bytes:
    """Return the visitor's secret value, empty where the client sends none."""
    return header_of(scope, b"x-visitor")


def _rewrite_query(query: bytes, visitor: bytes) -> tuple[str, bytes]:
    """Return the derived session of a query, empty for none, and the query for Gradio."""
    fields = parse_qsl(query.decode("latin-1"), keep_blank_values=True)
    owned = [
        (name, derive_name(value, visitor) if name == SESSION_FIELD else value) for name, value in fields
    ]
    return dict(owned).get(SESSION_FIELD, ""), urlencode(owned).encode()


def _names_a_file(event: object) -> bool:
    """Tell whether an event holds a file in Gradio's form, which Gradio would fetch or copy.

    Raises InvalidRequest for values in each other deeper than DEPTH_MAX.
    """
    waiting = [(event, 0)]
    while waiting:
        value, depth = waiting.pop()
        if depth > DEPTH_MAX:
            raise InvalidRequest("The event is nested too deeply.")
        if isinstance(value, dict):
            if is_gradio_file(value):
                return True
            waiting += [(one, depth + 1) for one in value.values()]
        elif isinstance(value, list):
            waiting += [(one, depth + 1) for one in value]
    return False
