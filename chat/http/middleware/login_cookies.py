"""The cookies of Gradio's log-in, and its log-out: not for other sites, wherever the page is no frame of one.

Gradio marks its cookie `SameSite=None`, for pages in frames, and logs out at a GET, which an image of another
site can send. On a Space both stay: the page is a frame of the Hub, and its sign-in button is a link. Plain
ASGI. Knows no user.
"""

from __future__ import annotations

import re

from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_SAME_SITE = re.compile(rb";\s*samesite=\w+", re.IGNORECASE)


class LoginCookieMiddleware:
    """Let the browser send the cookie from this site and its links only, and log out at a POST only."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope["path"].rstrip("/") if scope["type"] == "http" else ""
        if path not in ("/login", "/logout"):
            return await self._app(scope, receive, send)
        if path == "/logout":
            if scope["method"] != "POST":
                refusal = PlainTextResponse("The log-out accepts POST only.", 405, {"allow": "POST"})
                return await refusal(scope, receive, send)
            scope = {**scope, "method": "GET"}  # Gradio's route

        async def narrow(message: Message) -> None:
            if message["type"] == "http.response.start":
                message = {**message, "headers": [_narrow(*header) for header in message["headers"]]}
            await send(message)

        await self._app(scope, receive, narrow)


def _narrow(name: bytes, value: bytes) -> tuple[bytes, bytes]:
    if name.lower() != b"set-cookie":
        return name, value
    return name, _SAME_SITE.sub(b"", value) + b"; SameSite=Lax"
