"""The path below which a proxy shows the app. Plain ASGI: knows no route.

What comes in has lost the prefix where the proxy takes it off, and still has it where it does not: both are
served. What goes out, such as the address of the schema in /docs, names it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any
from urllib.parse import urlsplit

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]


class PrefixGuard:
    """Takes the prefix off every path. The outermost guard: all others see paths as the routes name them."""

    def __init__(self, app: App, root_path: str) -> None:
        self._app = app
        self._prefix = urlsplit(root_path).path.rstrip("/")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._prefix and scope["type"] == "http":
            path, raw = scope["path"], scope.get("raw_path") or b""
            scope = {**scope, "root_path": self._prefix, "path": _strip(path, self._prefix)}
            scope["raw_path"] = _strip(raw.decode("latin-1"), self._prefix).encode("latin-1")
        await self._app(scope, receive, send)


def _strip(path: str, prefix: str) -> str:
    """Return the path without the prefix: whole segments of it alone, `/chat` of `/chatter` is none."""
    return path[len(prefix) :] or "/" if f"{path}/".startswith(f"{prefix}/") else path
