"""What stands before every request: failed log-ins are counted, headers are set. For page and routes alike.

Plain ASGI: a guard costs a stream nothing after its first message. Knows no route.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import Any

import orjson
from limits import parse
from limits.aio.storage import MemoryStorage
from limits.aio.strategies import MovingWindowRateLimiter

from chat.errors import ChatError, Refused

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

FAILED_LOGINS = parse("10/5 minutes")  # from one address
REFUSED_STATUSES = frozenset({400, 401})


class LoginGuard:
    """Answers 429 to an address that failed to log in too often."""

    def __init__(self, app: App) -> None:
        self._app = app
        self._limiter = MovingWindowRateLimiter(MemoryStorage())

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not _is_login(scope):
            return await self._app(scope, receive, send)
        address = (scope.get("client") or ("",))[0]
        if not await self._limiter.test(FAILED_LOGINS, address):
            reset, _ = await self._limiter.get_window_stats(FAILED_LOGINS, address)
            return await _refuse(send, reset - time.time())

        async def count(message: Message) -> None:
            if message["type"] == "http.response.start" and message["status"] in REFUSED_STATUSES:
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


def _is_login(scope: Scope) -> bool:
    is_form = scope["method"] == "POST" and scope["path"].rstrip("/").endswith("/login")
    return is_form or any(name == b"authorization" for name, _ in scope["headers"])


async def _refuse(send: Send, seconds: float) -> None:
    seconds = max(1, round(seconds))
    error: ChatError = Refused(
        f"Too many failed log-ins from this address. Try again in {seconds} s.",
        type="failed_logins",
        retry_after=seconds,
        seconds=seconds,
    )
    headers = [(b"content-type", b"application/json"), (b"retry-after", str(seconds).encode())]
    await send({"type": "http.response.start", "status": error.status, "headers": headers})
    await send({"type": "http.response.body", "body": orjson.dumps(error.body())})
