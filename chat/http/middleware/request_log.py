"""A request id for every request, and a line in the log for each: method, route, status, milliseconds.

Query strings (GET's holds the prompt), headers and bodies are never logged, nor segments of a path that could
be an id, since an id can be the only key to the thing it names. Plain ASGI: knows no route.
"""

from __future__ import annotations

import logging
import re
import time

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from chat.errors import ChatError
from chat.http.middleware.asgi import header_of, send_error
from chat.request_id import REQUEST_ID, new_request_id

log = logging.getLogger(__name__)

_GIVEN = re.compile(rb"[\w.-]{4,64}")  # a proxy's own id, if it is safe to show and to log
_ID = re.compile(r"[\w-]*\d[\w-]{7,}|[\w-]{20,}")
NAMED_PEERS = 10  # that send X-Forwarded-For in vain, each once
QUIET = ("/assets/", "/static/", "/svelte/")


class RequestLogMiddleware:
    """Give each request an id, which its response, its errors and its log lines name.

    Outside of every middleware that logs or refuses.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._named: set[str] = set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        self._name_untrusted_proxy(scope)
        request_id = _given_id(scope) or new_request_id()
        # For the page: Gradio runs events in other tasks, which do not inherit the context variable.
        scope.setdefault("state", {})["request_id"] = request_id
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
        except Exception:  # Starlette would answer after the id is reset, and without our headers
            log.exception("a request broke")
            if status:
                raise
            await send_error(name_it, ChatError("Something went wrong here. It has been logged."))
        finally:
            _write(scope, status, time.monotonic() - began)
            REQUEST_ID.reset(token)

    def _name_untrusted_proxy(self, scope: Scope) -> None:
        """Log once that a peer's X-Forwarded-For is ignored: behind such a proxy all are one address.

        Where the proxy is trusted, uvicorn has taken the client's address from the header.
        """
        forwarded, peer = header_of(scope, b"x-forwarded-for"), (scope.get("client") or ("",))[0]
        if not forwarded or not peer or peer in forwarded.decode("latin-1") or peer in self._named:
            return
        if len(self._named) < NAMED_PEERS:
            self._named.add(peer)
            log.warning(
                "X-Forwarded-For from %s is ignored. If this is your proxy, name it in TRUSTED_PROXIES: "
                "until then all its visitors share the limits of one address.",
                peer,
            )


def hide_ids(path: str) -> str:
    """Return the path with `*` for each segment that could be an id."""
    head, found, _ = path.partition("=")
    return "/".join(_ID.sub("*", segment) for segment in head.split("/")) + ("=*" if found else "")


def _write(scope: Scope, status: int, seconds: float) -> None:
    path = scope["path"]
    if status < 400 and path.startswith(QUIET):
        return
    fields = {"method": scope["method"], "path": hide_ids(path), "status": status}
    log.info("request", extra={"fields": {**fields, "milliseconds": round(seconds * 1000)}})


def _given_id(scope: Scope) -> str:
    value = header_of(scope, b"x-request-id")
    return value.decode() if _GIVEN.fullmatch(value) else ""
