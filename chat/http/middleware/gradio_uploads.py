"""Uploads leave Gradio's folder at once, for a path that only their sender's events find.

Gradio keeps an upload under a hash of its content, which two visitors with the same file share, and serves it
to any client. Plain ASGI, inside of the middleware that bounds bodies. Knows no route of ours.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from pathlib import Path

import orjson
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from chat.errors import NotFound, Refused
from chat.files.upload_inbox import UploadInbox
from chat.http.middleware.asgi import send_error, visitor_in, with_content_length
from chat.http.middleware.gradio_allowlist import gradio_route
from chat.http.middleware.gradio_sessions import derive_name, visitor_of


class GradioUploadMiddleware:
    """Move each upload from Gradio's folder to the inbox, and answer with a path of the inbox.

    forget: removes a path from Gradio's list of uploads.
    """

    def __init__(self, app: ASGIApp, inbox: UploadInbox, forget: Callable[[str], None]) -> None:
        self._app = app
        self._inbox = inbox
        self._forget = forget

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or gradio_route(scope) != "upload":
            return await self._app(scope, receive, send)
        # Without compression, since the response is read here.
        headers = [header for header in scope["headers"] if header[0] != b"accept-encoding"]
        parts: list[Message] = []

        async def collect(message: Message) -> None:
            parts.append(message)

        await self._app({**scope, "headers": headers}, receive, collect)
        await self._answer(parts, scope, send)

    async def _answer(self, parts: list[Message], scope: Scope, send: Send) -> None:
        start, body = parts[0], b"".join(part.get("body", b"") for part in parts[1:])
        if start["status"] == 200:
            try:
                body = orjson.dumps(self._move_all(orjson.loads(body), scope))
            except (NotFound, Refused) as error:
                return await send_error(send, error)
        await send(with_content_length(start, len(body)))
        await send({"type": "http.response.body", "body": body})

    def _move_all(self, paths: list[str], scope: Scope) -> list[str]:
        """Move the files of one upload. Where one is refused, none stays."""
        for path in paths:
            self._forget(path)  # Gradio remembers each path for as long as it runs, to delete it then
        try:
            return [self._move(path, scope) for path in paths]
        except (NotFound, Refused):
            for path in paths:
                Path(path).unlink(missing_ok=True)
            raise

    def _move(self, path: str, scope: Scope) -> str:
        name = secrets.token_urlsafe(24)
        kept = self._inbox.put(Path(path), derive_name(name, visitor_of(scope)), visitor_in(scope))
        return str(self._inbox.folder / name / kept.name)
