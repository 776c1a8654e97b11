"""The page's static files, Gradio's and ours: from memory, compressed once, kept by browsers for good.

Gradio compresses each file anew for each client, on the event loop, and sends no Cache-Control. Knows no
page.
"""

from __future__ import annotations

import hashlib
import mimetypes
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import anyio
from starlette.types import ASGIApp, Receive, Scope, Send

from chat.http.middleware.asgi import header_of
from chat.http.middleware.compression import Compressed, is_compressible, pick_encoding

# The name of a file has a hash of its content: another content has another name.
IMMUTABLE = b"public, max-age=31536000, immutable"
DAILY = b"public, max-age=86400"
ENCODED_FILES = 2_000  # kept compressed, of the 700 that Gradio has, in two encodings
ETAG_LETTERS = 16


@dataclass(frozen=True)
class StaticFile:
    """content: the bytes. is_named_by_hash: another content would have another name."""

    content: bytes
    media_type: str
    etag: str
    is_named_by_hash: bool = True

    @classmethod
    def of(cls, name: str, content: bytes, *, is_named_by_hash: bool = True) -> StaticFile:
        media_type = "text/javascript" if name.endswith(".js") else mimetypes.guess_type(name)[0]
        etag = hashlib.sha256(content).hexdigest()[:ETAG_LETTERS]
        return cls(content, media_type or "application/octet-stream", etag, is_named_by_hash)


class StaticFilesMiddleware:
    """Answer GET and HEAD of these files.

    made: files by path. folder: of files by their names below `/assets/`, each named by the hash of its
    content. change: what is served in the place of such a file, given its name and its content.
    """

    def __init__(
        self,
        app: ASGIApp,
        made: Mapping[str, StaticFile],
        folder: Path,
        change: Callable[[str, bytes], bytes],
    ) -> None:
        self._app = app
        self._files = dict(made)
        self._folder = folder
        self._names = frozenset(path.name for path in folder.iterdir() if path.is_file())
        self._change = change
        self._encoded = Compressed(ENCODED_FILES)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["method"] in ("GET", "HEAD"):
            file = await self._find(scope["path"])
            if file:
                return await self._answer(file, scope, send)
        await self._app(scope, receive, send)

    async def _find(self, path: str) -> StaticFile | None:
        name = path.removeprefix("/assets/")
        if path not in self._files and name != path and name in self._names:
            content = await anyio.Path(self._folder / name).read_bytes()
            self._files[path] = StaticFile.of(name, self._change(name, content))
        return self._files.get(path)

    async def _answer(self, file: StaticFile, scope: Scope, send: Send) -> None:
        etag = f'"{file.etag}"'.encode()
        headers = [
            (b"cache-control", IMMUTABLE if file.is_named_by_hash else DAILY),
            (b"etag", etag),
            (b"vary", b"Accept-Encoding"),
        ]
        if etag in header_of(scope, b"if-none-match"):
            await send({"type": "http.response.start", "status": 304, "headers": headers})
            return await send({"type": "http.response.body", "body": b""})
        content, encoding = file.content, ""
        if is_compressible(file.media_type, content):
            encoding = pick_encoding(header_of(scope, b"accept-encoding"))
        if encoding:
            content = await self._encoded.encode(file.etag, content, encoding)
            headers.append((b"content-encoding", encoding.encode()))
        media_type = file.media_type + ("; charset=utf-8" if file.media_type.startswith("text/") else "")
        headers += [
            (b"content-type", media_type.encode()),
            (b"content-length", str(len(content)).encode()),
        ]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else content})
