"""Cross-origin requests: allowed to our own routes, never with credentials, and never to Gradio's."""

from __future__ import annotations

from collections.abc import Sequence

from fastapi import FastAPI
from starlette.middleware.cors import CORSMiddleware
from starlette.types import Receive, Scope, Send

LOCAL_ORIGIN = r"https?://(localhost|127\.0\.0\.1|\[::1\])(:\d+)?"  # a page of this machine, on any port
OPEN_PATHS = ("/ai/", "/healthz", "/readyz", "/openapi.json")


class RouteCorsMiddleware(CORSMiddleware):
    """Add CORS headers to our own routes. Requests to Gradio's routes pass unchanged."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"].startswith(OPEN_PATHS):
            await super().__call__(scope, receive, send)
        else:
            await self.app(scope, receive, send)


def add_cors(app: FastAPI, origins: Sequence[str]) -> None:
    """Allow these origins to call our routes. Call this before Gradio is mounted."""
    # Gradio's own middleware mirrors any origin, with credentials. Gradio leaves it out where it finds this
    # class in its parent app.
    app.add_middleware(CORSMiddleware, allow_origins=[])
    if origins:
        app.add_middleware(
            RouteCorsMiddleware,
            allow_origins=[origin for origin in origins if origin != "local"],
            allow_origin_regex=LOCAL_ORIGIN if "local" in origins else None,
            allow_methods=["GET", "POST", "DELETE"],
            allow_headers=["authorization", "content-type", "last-event-id", "x-visitor"],
            expose_headers=["retry-after", "x-request-id", "x-visitor"],
        )
