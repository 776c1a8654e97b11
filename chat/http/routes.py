"""All HTTP routes of the app, in the order in which they match."""

from __future__ import annotations

from fastapi import FastAPI, Request
from fastapi.routing import APIRoute
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.routing import Match, Mount
from starlette.types import ASGIApp, Scope

from chat.errors import NotFound
from chat.gradio_internals import GRADIO_PREFIX
from chat.http import documentation_routes, file_routes, generation_routes, operations_routes, page_routes
from chat.http.ai_router import create_ai_router
from chat.http.error_responses import add_error_responses

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE")
AI_ROUTERS = (
    generation_routes.router,
    file_routes.router,
    page_routes.router,
    documentation_routes.example_router,
)

rest_router = create_ai_router()


def add_routes(app: FastAPI) -> None:
    """Add every route and the responses to their errors. Gradio's routes at `/` are mounted after these."""
    add_error_responses(app)
    for router in (*AI_ROUTERS, rest_router, operations_routes.router, documentation_routes.router):
        app.include_router(router)


class PageEvents(Mount):
    """What the page sends to Gradio while it is open."""

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        is_event = scope["type"] == "http" and scope["path"].startswith(GRADIO_PREFIX)
        return super().matches(scope) if is_event else (Match.NONE, {})


def match_page_first(app: FastAPI, page: ASGIApp) -> None:
    """Compare what the page sends with none of our routes. page: Gradio's app, which is mounted already."""
    app.router.routes.insert(0, PageEvents("", app=page))


def build_routes(app: Starlette) -> None:
    """Let FastAPI build every route now, those of a mounted app too.

    It builds the routes of a router at the first request that may match one of them: for 150 ms of the loop.
    """
    for route in app.routes:
        route.matches({"type": "http", "method": "GET", "path": "/", "root_path": "", "headers": []})
        if isinstance(route, Mount) and isinstance(route.app, Starlette):
            build_routes(route.app)


@rest_router.api_route("/{path:path}", methods=list(METHODS), include_in_schema=False)
async def refuse_unknown(request: Request) -> None:
    """Answer 404 or 405 below /ai, where Gradio's page would answer otherwise. The last router of /ai."""
    allowed: set[str] = set()
    for router in AI_ROUTERS:
        for route in router.routes:
            if isinstance(route, APIRoute) and route.matches(request.scope)[0] is Match.PARTIAL:
                allowed |= route.methods or set()
    if allowed:
        raise HTTPException(405, headers={"allow": ", ".join(sorted(allowed))})
    raise NotFound("There is no such route.")
