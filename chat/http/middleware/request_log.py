"""A request id for every request, and a line in the log for each: method, route, status, milliseconds.

Never a query string (a prompt stands in GET's), a header or a body; of a path no segment that could be an id,
since who knows an id may own what it names. Plain ASGI: knows no route.
"""

from __future__ import annotations

import logging
import re
import time

from chat.errors import ChatError
from chat.http.middleware.guards import App, Message, Receive, Scope, Send, refuse
from chat.request_id import REQUEST_ID, new_request_id

log = logging.getLogger(__name__)

_GIVEN = re.compile(rb"[\w.-]{4,64}")  # a proxy's own id, where it is fit to be shown and logged
_ID = re.compile(r"[\w-]*\d[\w-]{7,}|[\w-]{20,}")
QUIET = ("/assets/", "/static/", "/svelte/")


class RequestGuard:
    """Around all that logs and refuses: each has the id, the answer names it, and so does a fault."""

    def __init__(self, app: App) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        request_id = _given_id(scope) or new_request_id()
        scope.setdefault("state", {})["request_id"] = (
            request_id  # for the page, whose events run in other tasks
        )
        began, status = time.monotonic(), 0

        async def name_it(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                header = (b"x-request-id", request_id.encode())
                message = {**message, "headers": [*message.get("headers", ()), header]}
            await send(message)

        token = REQUEST_ID.set(request_id)
        try:
            await self._app(scope, receive, name_it)
        except Exception:  # the framework's own answer comes when the id is forgotten, and without headers
            log.exception("a request broke")
            if status:
                raise
            await refuse(name_it, ChatError("Something went wrong here. It has been logged."))
        finally:
            _write(scope, status, time.monotonic() - began)
            REQUEST_ID.reset(token)


def hide_ids(path: str) -> str:
    """Return a path that names the route alone."""
    head, found, _ = path.partition("=")
    return "/".join(_ID.sub("*", segment) for segment in head.split("/")) + ("=*" if found else "")


def _write(scope: Scope, status: int, seconds: float) -> None:
    path = scope["path"]
    if status < 400 and path.startswith(QUIET):
        return
    fields = {"method": scope["method"], "path": hide_ids(path), "status": status}
    log.info("request", extra={"fields": {**fields, "milliseconds": round(seconds * 1000)}})


def _given_id(scope: Scope) -> str:
    value = next((value for name, value in scope["headers"] if name == b"x-request-id"), b"")
    return str(value.decode()) if _GIVEN.fullmatch(value) else ""
