"""Uploads under way: counted for a visitor, its network and the server, from the first byte to the response.

An upload that is held back costs a file on the disk and a connection, before any route sees it. Plain ASGI,
outside of everything that reads a body.
"""

from __future__ import annotations

from starlette.types import ASGIApp, Receive, Scope, Send

from chat.errors import Refused
from chat.http.middleware.asgi import send_error, visitor_in
from chat.http.middleware.gradio_allowlist import gradio_route
from chat.shares import Shares


class UploadPlacesMiddleware:
    """Hold a place for each upload, to the routes and to the page."""

    def __init__(self, app: ASGIApp, places: Shares) -> None:
        self._app = app
        self._places = places

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "POST" or not _is_upload(scope):
            return await self._app(scope, receive, send)
        visitor = visitor_in(scope)
        try:
            self._places.take(visitor)
        except Refused as error:
            return await send_error(send, error)
        try:
            await self._app(scope, receive, send)
        finally:
            self._places.give_back(visitor)


def _is_upload(scope: Scope) -> bool:
    return gradio_route(scope) == "upload" or scope["path"].rstrip("/") == "/ai/files"
