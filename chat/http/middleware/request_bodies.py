"""Request bodies: a silent one ends, and those in memory are a share of the visitor, its network, the server.

Plain ASGI, outside of everything that reads a body. A multipart body is written to disk as it arrives and is
not counted here: the upload inbox counts what stays. Knows no route.
"""

from __future__ import annotations

import asyncio

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from chat.errors import ChatError, Refused, SilentBody
from chat.http.middleware.asgi import header_of, send_error, visitor_in
from chat.shares import Shares
from chat.visitors import Visitor

SILENT_SECONDS = 20.0
BODYLESS = frozenset({"GET", "HEAD", "OPTIONS"})


class RequestBodyMiddleware:
    """shares: of the bytes of bodies that are in memory."""

    def __init__(self, app: ASGIApp, shares: Shares, silent_seconds: float = SILENT_SECONDS) -> None:
        self._app = app
        self._shares = shares
        self._silent_seconds = silent_seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] in BODYLESS:
            return await self._app(scope, receive, send)
        is_counted = not header_of(scope, b"content-type").startswith(b"multipart/")
        body = _Body(receive, send, self._shares, visitor_in(scope), self._silent_seconds, is_counted)
        try:
            await self._app(scope, body.receive, body.send)
        except Exception:
            if not body.refusal:  # else the app has met a disconnect in the middle of a body
                raise
        finally:
            body.release()
        if body.refusal and not body.has_answered:
            # Elsewhere the server reads on and drops the rest, so that the client receives the refusal.
            await send_error(send, body.refusal, close=isinstance(body.refusal, SilentBody))


class _Body:
    """The body of one request. After a refusal the app receives a disconnect, and its response is dropped."""

    def __init__(
        self,
        receive: Receive,
        send: Send,
        shares: Shares,
        visitor: Visitor,
        silent_seconds: float,
        is_counted: bool,
    ) -> None:
        self._receive, self._send = receive, send
        self._shares, self._visitor = shares, visitor
        self._silent_seconds = silent_seconds
        self._is_counted = is_counted
        self._held = 0
        self._is_whole = False
        self.refusal: ChatError | None = None
        self.has_answered = False

    async def receive(self) -> Message:
        if self._is_whole:
            return await self._receive()
        if self.refusal:
            return {"type": "http.disconnect"}
        try:
            async with asyncio.timeout(self._silent_seconds):
                message = await self._receive()
            self._take(len(message.get("body", b"")))
        except TimeoutError:
            seconds = round(self._silent_seconds)
            self.refusal = SilentBody(f"Nothing of the request came for {seconds} s. Send it again.")
        except Refused as error:
            self.refusal = error
        if self.refusal:
            return {"type": "http.disconnect"}
        self._is_whole = not message.get("more_body", False)
        return message

    async def send(self, message: Message) -> None:
        if self.refusal and not self.has_answered:
            return
        self.has_answered = True
        self.release()
        await self._send(message)

    def release(self) -> None:
        """Count the body no more: it is parsed, or the request is over."""
        if self._held:
            self._shares.give_back(self._visitor, self._held)
            self._held = 0

    def _take(self, size: int) -> None:
        if self._is_counted and size:
            self._shares.take(self._visitor, size)
            self._held += size
