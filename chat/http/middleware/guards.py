"""What stands before every request of page and routes: log-ins counted, bodies measured, headers set.

Gradio brings about forty routes for anyone to call; the page needs nine, and the others are closed here. What
may be asked of those is in gradio_sessions.py. Plain ASGI: a guard costs a stream nothing after its first
message. Knows no route of ours.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import Any

import orjson
from limits import parse
from limits.aio.storage import MemoryStorage
from limits.aio.strategies import MovingWindowRateLimiter

from chat.errors import ChatError, FileTooLarge, NotFound, Refused

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

FAILED_LOGINS = parse("10/5 minutes")  # from one address
FORM_REFUSED, HEADER_REFUSED = frozenset({400, 401}), frozenset({401})
PREFIX = "/gradio_api/"
# What the page and Gradio's own client ask for; `file=`, `proxy=`, `call/`, `deep_link` and the rest are not.
# Nor are `cancel` and `heartbeat`, by which an event or a page ends for its name alone: ours need neither.
NEEDED = frozenset(
    {
        *("queue/join", "queue/data", "upload", "app_id", "startup-events", "theme.css"),
        *("info", "user", "login_check"),
    }
)
CLOSED = ("/monitoring", "/custom_component", "/svelte/")
EVENT_BYTES = 9_000_000  # of an event of the page: the longest message
UPLOAD_FILES = 10  # of the largest size, in one request


class LoginGuard:
    """Answers 429 to an address that failed to log in too often."""

    def __init__(self, app: App, count_refusal: Callable[[str], None]) -> None:
        self._app = app
        self._count_refusal = count_refusal
        self._limiter = MovingWindowRateLimiter(MemoryStorage())

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not _is_login(scope):
            return await self._app(scope, receive, send)
        address = (scope.get("client") or ("",))[0]
        refused = FORM_REFUSED if _is_form(scope) else HEADER_REFUSED
        if not await self._limiter.test(FAILED_LOGINS, address):
            reset, _ = await self._limiter.get_window_stats(FAILED_LOGINS, address)
            self._count_refusal("failed_logins")
            return await refuse(send, _too_many_logins(reset - time.time()))

        async def count(message: Message) -> None:
            if message["type"] == "http.response.start" and message["status"] in refused:
                await self._limiter.hit(FAILED_LOGINS, address)
            await send(message)

        await self._app(scope, receive, count)


class HeaderGuard:
    """Puts the same headers on every answer that does not bring its own."""

    def __init__(self, app: App, headers: Mapping[str, str]) -> None:
        self._app = app
        self._headers = [(name.lower().encode(), value.encode()) for name, value in headers.items()]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def add(message: Message) -> None:
            if message["type"] == "http.response.start":
                given = {name.lower() for name, _ in message.get("headers", ())}
                missing = [header for header in self._headers if header[0] not in given]
                message = {**message, "headers": [*message.get("headers", ()), *missing]}
            await send(message)

        await self._app(scope, receive, add if scope["type"] == "http" else send)


class PageGuard:
    """Lets through to Gradio what the page needs: few routes, with bounded bodies."""

    def __init__(self, app: App, upload_bytes: int, *, has_mcp: bool = False) -> None:
        self._app = app
        self._has_mcp = has_mcp
        self._upload_bytes = upload_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        route = route_of(scope)
        if scope["path"].startswith(CLOSED) or (PREFIX in scope["path"] and not self._is_needed(route)):
            return await refuse(send, NotFound("There is no such route."))
        if not route and not _is_form(scope):
            return await self._app(scope, receive, send)
        limit = EVENT_BYTES + (UPLOAD_FILES * self._upload_bytes if route == "upload" else 0)
        if _content_length(scope) > limit:
            return await refuse(send, _too_large(limit))
        if route == "upload":
            return await self._take_upload(scope, receive, send, limit)
        try:
            body = await read(receive, limit)
        except FileTooLarge as error:
            return await refuse(send, error)
        await self._app(scope, give_back(body, receive), send)

    async def _take_upload(self, scope: Scope, receive: Receive, send: Send, limit: int) -> None:
        """Hand an upload on as it comes. Past the limit it ends for Gradio as if its sender had gone, and the
        sender is told: what Gradio makes of it is not sent.
        """
        size = 0

        async def count() -> Message:
            nonlocal size
            message = await receive()
            size += len(message.get("body", b""))
            return message if size <= limit else {"type": "http.disconnect"}

        async def answer(message: Message) -> None:
            if size <= limit:
                await send(message)

        try:
            await self._app(scope, count, answer)
        except Exception:
            if size <= limit:
                raise
        if size > limit:
            await refuse(send, _too_large(limit))

    def _is_needed(self, route: str) -> bool:
        return route in NEEDED or (route.partition("/")[0] == "mcp" and self._has_mcp)


def route_of(scope: Scope) -> str:
    """Return the name of a route of Gradio's, such as `queue/join`; empty where it is none."""
    return str(scope["path"]).partition(PREFIX)[2].strip("/")


async def refuse(send: Send, error: ChatError) -> None:
    """Answer with an error's JSON, as the routes do."""
    headers = [(b"content-type", b"application/json")]
    if error.retry_after is not None:
        headers.append((b"retry-after", str(max(1, round(error.retry_after))).encode()))
    await send({"type": "http.response.start", "status": error.status, "headers": headers})
    await send({"type": "http.response.body", "body": orjson.dumps(error.body())})


def _is_login(scope: Scope) -> bool:
    return _is_form(scope) or any(name == b"authorization" for name, _ in scope["headers"])


def _is_form(scope: Scope) -> bool:
    return bool(scope["method"] == "POST" and scope["path"].rstrip("/").endswith("/login"))


def _content_length(scope: Scope) -> int:
    value = next((value for name, value in scope["headers"] if name == b"content-length"), b"0")
    return int(value) if value.isdigit() else 0


def _too_many_logins(seconds: float) -> ChatError:
    seconds = max(1, round(seconds))
    return Refused(
        f"Too many failed log-ins from this address. Try again in {seconds} s.",
        type="failed_logins",
        retry_after=seconds,
        seconds=seconds,
    )


def _too_large(limit: int) -> FileTooLarge:
    return FileTooLarge(f"The request is larger than {limit / 1e6:g} MB, which is the limit.")


async def read(receive: Receive, limit: int) -> bytes:
    """Return the body. Raises FileTooLarge as soon as it is."""
    parts: list[bytes] = []
    size, more = 0, True
    while more:
        message = await receive()
        parts.append(message.get("body", b""))
        size += len(parts[-1])
        more = message.get("more_body", False)
        if size > limit:
            raise _too_large(limit)
    return b"".join(parts)


def give_back(body: bytes, receive: Receive) -> Receive:
    """Return what gives a body that was read once more."""
    given = False

    async def again() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return again
