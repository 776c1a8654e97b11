"""Failed log-ins are counted per client address; too many are answered with 429.

Knows no user: a log-in is a form posted to /login, or any request with an Authorization header.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from limits import parse
from limits.aio.storage import MemoryStorage
from limits.aio.strategies import MovingWindowRateLimiter
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from chat.errors import ChatError, Refused
from chat.http.middleware.asgi import header_of, send_error

FAILED_LOGINS = parse("10/5 minutes")  # from one address
FORM_REFUSED, HEADER_REFUSED = frozenset({400, 401}), frozenset({401})


class LoginThrottleMiddleware:
    """Refuse log-ins from an address after too many failed ones."""

    def __init__(self, app: ASGIApp, count_refusal: Callable[[str], None]) -> None:
        self._app = app
        self._count_refusal = count_refusal
        self._limiter = MovingWindowRateLimiter(MemoryStorage())

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not _is_login(scope):
            return await self._app(scope, receive, send)
        address = (scope.get("client") or ("",))[0]
        if not await self._limiter.test(FAILED_LOGINS, address):
            reset, _ = await self._limiter.get_window_stats(FAILED_LOGINS, address)
            self._count_refusal("failed_logins")
            return await send_error(send, _too_many_logins(reset - time.time()))
        await self._app(scope, receive, self._count_failures(scope, address, send))

    def _count_failures(self, scope: Scope, address: str, send: Send) -> Send:
        failed = FORM_REFUSED if is_login_form(scope) else HEADER_REFUSED

        async def count(message: Message) -> None:
            if message["type"] == "http.response.start" and message["status"] in failed:
                await self._limiter.hit(FAILED_LOGINS, address)
            await send(message)

        return count


def is_login_form(scope: Scope) -> bool:
    """Tell whether a request posts the log-in form of Gradio's page."""
    return bool(scope["method"] == "POST" and scope["path"].rstrip("/").endswith("/login"))


def _is_login(scope: Scope) -> bool:
    return is_login_form(scope) or bool(header_of(scope, b"authorization"))


def _too_many_logins(seconds: float) -> ChatError:
    seconds = max(1, round(seconds))
    return Refused(
        f"Too many failed log-ins from this address. Try again in {seconds} s.",
        type="failed_logins",
        retry_after=seconds,
        seconds=seconds,
    )
