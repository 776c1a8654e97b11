"""What all routers below /ai share: the prefix, authorization, the error bodies in the OpenAPI document."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Depends
from fastapi.security import HTTPBearer

from chat.http.caller import AuthorizedRoute
from chat.http.schemas import ErrorBody

FAILURES: dict[int | str, dict[str, Any]] = {
    status: {"model": ErrorBody} for status in (400, 401, 404, 413, 415, 422, 429, 500, 502, 503)
}
# Documentation only: AuthorizedRoute checks the header.
BEARER = HTTPBearer(auto_error=False, description="API_TOKEN, where the server has one")


def create_ai_router(*tags: str) -> APIRouter:
    """Return an empty router for routes below /ai."""
    return APIRouter(
        prefix="/ai",
        responses=FAILURES,
        route_class=AuthorizedRoute,
        dependencies=[Depends(BEARER)],
        tags=list(tags),
    )
