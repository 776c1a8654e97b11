"""Every failure as the same JSON body, and never as a traceback."""

from __future__ import annotations

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from chat.errors import ChatError, InvalidRequest
from chat.http.body_limit import BodyRefused
from chat.http.caller import get_engine
from chat.http.field_names import MisnamedField


def add_error_responses(app: FastAPI) -> None:
    """Answer every exception of a route with the JSON body of ChatError."""
    app.add_exception_handler(ChatError, _respond)
    app.add_exception_handler(HTTPException, _respond_to_framework)
    app.add_exception_handler(RequestValidationError, _respond_to_validation)
    app.add_exception_handler(Exception, _respond)


async def _respond(request: Request, error: Exception) -> JSONResponse:
    known = (
        error if isinstance(error, ChatError) else ChatError("Something went wrong here. It has been logged.")
    )
    headers: dict[str, str] = {}
    if known.retry_after is not None:
        headers = {"retry-after": str(max(1, round(known.retry_after)))}
    elif known.status == 401:
        access = get_engine(request).access
        headers = {"www-authenticate": 'Basic realm="Xiaojia"' if access.has_login else "Bearer"}
    return JSONResponse(known.body(), known.status, headers)


async def _respond_to_validation(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    first = error.errors()[0]
    cause = first.get("ctx", {}).get("error")
    if isinstance(cause, MisnamedField):
        return await _respond(request, InvalidRequest(str(cause), field=cause.field))
    place = ".".join(str(part) for part in first["loc"][1:] if first["type"] != "json_invalid") or "body"
    return await _respond(request, InvalidRequest(f"{place}: {first['msg']}", field=place))


async def _respond_to_framework(request: Request, error: Exception) -> JSONResponse:
    """Answer what FastAPI refuses by itself, such as a wrong method or a form that cannot be parsed."""
    assert isinstance(error, HTTPException)
    if isinstance(error, BodyRefused):
        return await _respond(request, error.refusal)
    body = InvalidRequest(f"{error.detail}.").body()
    return JSONResponse(body, error.status_code, dict(error.headers or {}))
