"""The routes of the documentation: the OpenAPI document, its page /docs, and a client as an example."""

from __future__ import annotations

import asyncio
from typing import Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import FileResponse, JSONResponse, Response

from chat.asset_files import ASSETS
from chat.http.ai_router import create_ai_router
from chat.http.api_reference import write_reference
from chat.http.caller import authorize_reading, get_engine
from chat.http.middleware.content_policy import EXAMPLE_POLICY

router = APIRouter(tags=["server"], dependencies=[Depends(authorize_reading)])
example_router = create_ai_router()


@router.get("/openapi.json", include_in_schema=False)
async def describe_routes(request: Request) -> Response:
    """The routes as an OpenAPI document."""
    return JSONResponse(await _describe(request))


@router.get("/docs", include_in_schema=False)
async def show_routes(request: Request) -> Response:
    """The routes as a page."""
    template = await asyncio.to_thread((ASSETS / "reference.html").read_text, "utf-8")
    page = write_reference(template, await _describe(request))
    return Response(page, media_type="text/html; charset=utf-8")


@example_router.get("/example", include_in_schema=False)
async def show_example() -> FileResponse:
    """A page without Gradio that calls the routes with EventSource, as any other site can."""
    return FileResponse(ASSETS / "example.html", headers={"content-security-policy": EXAMPLE_POLICY})


async def _describe(request: Request) -> dict[str, Any]:
    """Return the OpenAPI document. Its operations name a token only where this server has one.

    The first time it is made in a thread: FastAPI takes 200 ms for it, and keeps it.
    """
    engine, app = get_engine(request), request.app
    document: dict[str, Any] = app.openapi_schema or await engine.threads.run(("documentation",), app.openapi)
    if not engine.access.is_open:
        return document
    paths = {
        path: {method: operation | {"security": []} for method, operation in item.items()}
        for path, item in document["paths"].items()
    }
    return document | {"paths": paths}
