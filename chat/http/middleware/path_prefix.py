"""The path below which a proxy serves the app. Plain ASGI: knows no route.

A proxy may remove the prefix from a request's path or leave it: both are served. Addresses in responses, such
as that of the schema in /docs, include it.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from starlette.types import ASGIApp, Receive, Scope, Send


class PathPrefixMiddleware:
    """Remove the prefix from every path.

    The outermost middleware: all others see paths as the routes name them.
    """

    def __init__(self, app: ASGIApp, root_path: str) -> None:
        self._app = app
        self._prefix = urlsplit(root_path).path.rstrip("/")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._prefix and scope["type"] == "http":
            path, raw = scope["path"], scope.get("raw_path") or b""
            scope = {**scope, "root_path": self._prefix, "path": _strip(path, self._prefix)}
            scope["raw_path"] = _strip(raw.decode("latin-1"), self._prefix).encode("latin-1")
        await self._app(scope, receive, send)


def _strip(path: str, prefix: str) -> str:
    """Return the path without the prefix. Whole segments only: `/chat` is no prefix of `/chatter`."""
    return path[len(prefix) :] or "/" if f"{path}/".startswith(f"{prefix}/") else path
