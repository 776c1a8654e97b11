"""The page's HTML document: with what `compose` adds, compressed, and sent again only if it changed.

Gradio sends the document uncompressed, with a preview of Gradio itself for shared links. Knows no page.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from chat.http.middleware.asgi import header_of
from chat.http.middleware.compression import Compressed, is_compressible, pick_encoding

DOCUMENTS = 16  # kept compressed: per language, per encoding, per signed-in user
LASTING = b"public, max-age=31536000, immutable"  # /theme.css, whose address has a hash of its content
THEME = "/theme.css"


class PageDocumentMiddleware:
    """compose: the document and the Accept-Language header -> the document that is sent."""

    def __init__(self, app: ASGIApp, compose: Callable[[str, str], str]) -> None:
        self._app = app
        self._compose = compose
        self._encoded = Compressed(DOCUMENTS)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "GET" or scope["path"] not in ("/", THEME):
            return await self._app(scope, receive, send)
        start: Message = {}
        parts: list[bytes] = []

        async def collect(message: Message) -> None:
            nonlocal start
            if message["type"] == "http.response.start":
                start = message
                return
            parts.append(message.get("body", b""))
            if not message.get("more_body", False):
                await self._answer(start, b"".join(parts), scope, send)

        # Gradio would compress its style sheet already, and the document is changed before it is compressed.
        plain = [header for header in scope["headers"] if header[0] != b"accept-encoding"]
        await self._app({**scope, "headers": plain}, receive, collect)

    async def _answer(self, start: Message, body: bytes, scope: Scope, send: Send) -> None:
        """Send a document that was made; anything else, such as a redirection, as it is."""
        headers = dict(start["headers"])
        media_type = headers.get(b"content-type", b"").decode("latin-1")
        if start["status"] != 200 or not media_type.startswith(("text/html", "text/css")):
            await send(start)
            return await send({"type": "http.response.body", "body": body})
        is_theme = scope["path"] == THEME
        if not is_theme:
            languages = header_of(scope, b"accept-language").decode("latin-1")
            body = self._compose(body.decode(), languages).encode()
        digest = hashlib.sha256(body).hexdigest()
        encoding = pick_encoding(header_of(scope, b"accept-encoding"))
        etag = f'"{digest[:16]}-{encoding}"'.encode()
        kept = {name: value for name, value in headers.items() if name != b"content-length"}
        kept[b"vary"] = b", ".join(filter(None, [headers.get(b"vary"), b"Accept-Encoding, Accept-Language"]))
        kept[b"etag"] = etag
        # A proxy must not pass on one visitor's page, and no browser must show that of a server before this.
        is_lasting = is_theme and b"v=" in scope.get("query_string", b"")
        kept[b"cache-control"] = LASTING if is_lasting else b"private, no-cache"
        if etag in header_of(scope, b"if-none-match"):
            await send({"type": "http.response.start", "status": 304, "headers": [*kept.items()]})
            return await send({"type": "http.response.body", "body": b""})
        if encoding and is_compressible(media_type, body):
            body = await self._encoded.encode(digest, body, encoding)
            kept[b"content-encoding"] = encoding.encode()
        kept[b"content-length"] = str(len(body)).encode()
        await send({"type": "http.response.start", "status": 200, "headers": [*kept.items()]})
        await send({"type": "http.response.body", "body": body})
