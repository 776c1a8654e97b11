"""What stands before every request of page and routes: log-ins counted, bodies measured, headers set.

Gradio brings about forty routes for anyone to call; the page needs a dozen, and the others are closed here.
So is what it would do with a file that an event names: copy it, or fetch it from any address. Plain ASGI: a
guard costs a stream nothing after its first message. Knows no route of ours.
"""

from __future__ import annotations

import json
import time
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from pathlib import Path
from typing import Any

import orjson
from limits import parse
from limits.aio.storage import MemoryStorage
from limits.aio.strategies import MovingWindowRateLimiter

from chat.errors import ChatError, FileTooLarge, InvalidRequest, NotFound, Refused
from chat.inbox import Inbox

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

FAILED_LOGINS = parse("10/5 minutes")  # from one address
FORM_REFUSED, HEADER_REFUSED = frozenset({400, 401}), frozenset({401})
PREFIX = "/gradio_api/"
# What the page and Gradio's own client ask for; `file=`, `proxy=`, `call/`, `deep_link` and the rest are not.
NEEDED = frozenset(
    {
        *("queue/join", "queue/data", "upload", "upload_progress", "cancel", "reset", "info", "user"),
        *("login_check", "app_id", "startup-events", "theme.css"),
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
    """Lets through to Gradio what the page needs: few routes, bounded bodies, events without files."""

    def __init__(
        self, app: App, upload_bytes: int, inbox: Inbox | None = None, *, has_mcp: bool = False
    ) -> None:
        self._app = app
        self._has_mcp = has_mcp
        self._upload_bytes = upload_bytes
        self._inbox = inbox

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        _, found, route = scope["path"].partition(PREFIX)
        if scope["path"].startswith(CLOSED) or (found and not self._is_needed(route)):
            return await refuse(send, NotFound("There is no such route."))
        if not found and not _is_form(scope):
            return await self._app(scope, receive, send)
        is_upload = route.strip("/") == "upload"
        limit = EVENT_BYTES + (UPLOAD_FILES * self._upload_bytes if is_upload else 0)
        if _content_length(scope) > limit:
            return await refuse(send, _too_large(limit))
        if is_upload:
            return await self._take_upload(scope, receive, send, limit)
        try:
            body = await _read(receive, limit)
        except FileTooLarge as error:
            return await refuse(send, error)
        if route.strip("/") == "queue/join" and _names_a_file(body):
            body = self._unwrap(body)
            if _names_a_file(body):
                return await refuse(send, InvalidRequest("No event of this page takes a file.", field="data"))
            scope = {**scope, "headers": _with_length(scope["headers"], len(body))}
        await self._app(scope, _give_back(body, receive), send)

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
        name, _, rest = route.strip("/").partition("/")
        if name == "mcp":
            return self._has_mcp
        return route.strip("/") in NEEDED or (name == "heartbeat" and rest != "" and "/" not in rest)

    def _unwrap(self, body: bytes) -> bytes:
        """Put the bare path in the place of a file that its sender has uploaded: Gradio sees a text then."""
        event = json.loads(body)
        data = event.get("data") if isinstance(event, dict) else None
        if isinstance(data, list):
            event["data"] = [self._path_of(value) for value in data]
        return json.dumps(event).encode()

    def _path_of(self, value: Any) -> Any:
        path = value.get("path") if isinstance(value, dict) and "meta" in value else None
        if not isinstance(path, str) or "\0" in path or self._inbox is None:
            return value
        try:
            return str(self._inbox.take(path))
        except (NotFound, OSError):
            return value


class UploadGuard:
    """Moves what Gradio has taken in to the inbox, and tells the browser that path in place of Gradio's."""

    def __init__(self, app: App, inbox: Inbox, forget: Callable[[str], None]) -> None:
        self._app = app
        self._inbox = inbox
        self._forget = forget

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        route = scope["path"].partition(PREFIX)[2] if scope["type"] == "http" else ""
        if route.strip("/") != "upload":
            return await self._app(scope, receive, send)
        # A compressed answer could not be read here.
        headers = [header for header in scope["headers"] if header[0] != b"accept-encoding"]
        parts: list[Message] = []

        async def collect(message: Message) -> None:
            parts.append(message)

        await self._app({**scope, "headers": headers}, receive, collect)
        await self._answer(parts, send)

    async def _answer(self, parts: list[Message], send: Send) -> None:
        start, body = parts[0], b"".join(part.get("body", b"") for part in parts[1:])
        if start["status"] == 200:
            try:
                body = orjson.dumps([self._move(path) for path in orjson.loads(body)])
            except NotFound as error:
                return await refuse(send, error)
        headers = [header for header in start["headers"] if header[0] != b"content-length"]
        headers.append((b"content-length", str(len(body)).encode()))
        await send({**start, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    def _move(self, path: str) -> str:
        self._forget(path)  # Gradio remembers each path for as long as it runs, to delete it then
        return str(self._inbox.put(Path(path)))


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


async def _read(receive: Receive, limit: int) -> bytes:
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


def _give_back(body: bytes, receive: Receive) -> Receive:
    given = False

    async def again() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return again


def _with_length(headers: list[tuple[bytes, bytes]], length: int) -> list[tuple[bytes, bytes]]:
    kept = [header for header in headers if header[0] != b"content-length"]
    return [*kept, (b"content-length", str(length).encode())]


def _names_a_file(body: bytes) -> bool:
    """Tell whether an event's data holds a file in Gradio's form, which Gradio would fetch or copy."""
    try:
        waiting: list[Any] = [json.loads(body)]  # as Gradio reads it: orjson refuses NaN and lone surrogates
    except ValueError:
        return False
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            if "path" in value and "meta" in value:
                return True
            waiting += value.values()
        elif isinstance(value, list):
            waiting += value
    return False
