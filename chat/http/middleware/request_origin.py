"""Requests of other web sites: refused by the Host, Origin and Sec-Fetch-Site headers of a browser.

A server on loopback is no service for every site that its owner visits: a site could otherwise spend the
owner's key, and a name that is rebound to 127.0.0.1 would reach the whole page. Programs send none of these
headers but Host. Knows no route by its function, only which ones start work.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from urllib.parse import urlsplit

from starlette.types import ASGIApp, Receive, Scope, Send

from chat.errors import OtherSite
from chat.http.middleware.asgi import header_of, send_error
from chat.http.middleware.route_cors import LOCAL_ORIGIN

SAFE_METHODS = ("GET", "HEAD", "OPTIONS")
STARTING = ("/ai/stream_chat", "/logout")  # that change something although their method is GET
PROBES = ("/healthz", "/readyz")  # asked by the address of a container, whatever the server is called
OWN_ROUTES = "/ai/"
DEFAULT_PORT = re.compile(r":(80|443)$")


class RequestOriginMiddleware:
    """hosts: accepted Host values, `*` for any. origins: as CORS_ORIGINS, with `local` and `*`."""

    def __init__(self, app: ASGIApp, hosts: Sequence[str], origins: Sequence[str]) -> None:
        self._app = app
        self._hosts = frozenset(host.lower() for host in hosts)
        self._origins = frozenset(origin.lower().rstrip("/") for origin in origins)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            host = header_of(scope, b"host").decode("latin-1").lower()
            if not self._is_ours(host) and scope["path"] not in PROBES:
                return await send_error(send, OtherSite("This server is not called so (ALLOWED_HOSTS)."))
            if _starts_work(scope) and not self._may_start(scope, host):
                return await send_error(
                    send, OtherSite("Another web site may not ask this server for work (CORS_ORIGINS).")
                )
        await self._app(scope, receive, send)

    def _is_ours(self, host: str) -> bool:
        if "*" in self._hosts or host in self._hosts:
            return True
        name = host_name(host)
        return name in self._hosts or f"*.{name.partition('.')[2]}" in self._hosts

    def _may_start(self, scope: Scope, host: str) -> bool:
        """Whether the caller is no other site. An Origin decides alone; `null` must be listed."""
        origin = header_of(scope, b"origin").decode("latin-1").lower()
        if not origin:  # an <img> of another site sends none; old Safari and plain http send neither
            return header_of(scope, b"sec-fetch-site") in (b"", b"same-origin", b"none")
        # A proxy may name the public host apart; another site's page cannot send this header without CORS.
        hosts = (host, header_of(scope, b"x-forwarded-host").decode("latin-1").lower())
        asking = DEFAULT_PORT.sub("", _find_host(origin))
        if origin in self._origins or (
            asking and asking in [DEFAULT_PORT.sub("", one) for one in hosts if one]
        ):
            return True
        is_local = "local" in self._origins and re.fullmatch(LOCAL_ORIGIN, origin)
        is_any = "*" in self._origins and origin != "null"
        return scope["path"].startswith(OWN_ROUTES) and bool(is_local or is_any)


def host_name(host: str) -> str:
    """Return a Host value without its port."""
    return re.sub(r":\d*$", "", host)


def _find_host(origin: str) -> str:
    """Return the host and port of an Origin; empty where it is none."""
    try:
        return urlsplit(origin).netloc
    except ValueError:
        return ""


def _starts_work(scope: Scope) -> bool:
    path = scope["path"].rstrip("/")
    return scope["method"] not in SAFE_METHODS or (scope["method"] == "GET" and path in STARTING)
