"""The caller of a route: its credentials, its visitor, and the engine that serves it.

FastAPI dependencies and the route class of /ai. Knows no route, and decides nothing: chat.limits.auth
compares tokens and passwords.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from dataclasses import replace
from typing import Annotated, Any

from fastapi import Depends, Header, Query, Request
from fastapi.responses import Response
from fastapi.routing import APIRoute

from chat.engine import Engine
from chat.errors import InvalidRequest
from chat.http.body_limit import limit_body
from chat.limits.auth import is_reserved
from chat.visitors import USER_PREFIX, Guest, Network, User, Visitor, new_secret

ISSUED = "xiaojia.issued_secret"  # in the scope of a request


class AuthorizedRoute(APIRoute):
    """Check the Authorization header and limit the body before FastAPI reads any of it."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def authorize_first(request: Request) -> Response:
            settings = get_engine(request).settings
            authorize(request)
            response = await handle(limit_body(request, settings.max_upload_bytes))
            if request.scope.get(ISSUED) and response.status_code < 300:
                response.headers["x-visitor"] = request.scope[ISSUED]
            return response

        return authorize_first


def get_engine(request: Request) -> Engine:
    """Return the engine that `create_app` made."""
    engine: Engine = request.app.state.engine
    return engine


def authorize(request: Request) -> User | None:
    """Return the user that the Authorization header proves; None for a token or an open server.

    Raises NotAllowed.
    """
    engine = get_engine(request)
    if identity := _read_pass(request):
        return identity if isinstance(identity, User) else None
    return engine.access.identify(request.headers.get("authorization", ""))


def _read_pass(request: Request) -> User | Guest | None:
    """Return the visitor that the page's own pass names, in a request for something of a file."""
    given = request.headers.get("x-pass", "")
    if not given or request.method != "GET" or "/ai/files/" not in request.url.path:
        return None
    owner = get_engine(request).passes.read(given)
    if owner.startswith(USER_PREFIX):
        return User(owner.removeprefix(USER_PREFIX))
    return Guest(owner) if owner else None


async def authorize_reading(request: Request) -> None:
    """Check the Authorization header for documentation and figures too, unless PUBLIC_DOCS is set."""
    if not get_engine(request).settings.public_docs:
        authorize(request)


async def provide_engine(request: Request) -> Engine:
    """Return the engine, as a dependency.

    A coroutine: FastAPI runs plain functions in a thread per request.
    """
    return get_engine(request)


OwnerHeader = Annotated[str, Header(max_length=200, description="Owner of conversations and files")]
OwnerField = Annotated[str, Query(max_length=200, description="The same, for EventSource")]


async def identify(request: Request, x_visitor: OwnerHeader = "", visitor: OwnerField = "") -> Visitor:
    """Return the caller: the signed-in user, else the visitor that the request names.

    Raises InvalidRequest.
    """
    named = x_visitor or visitor
    if is_reserved(named):
        raise InvalidRequest("X-Visitor may not name a user.", field="x-visitor")
    network = Network.of(request.client.host) if request.client else None
    if passed := _read_pass(request):
        return Visitor(passed, network)
    identity = authorize(request) or (Guest.of(named) if named else None)
    return Visitor(identity, network)


Caller = Annotated[Visitor, Depends(identify)]


async def identify_starting(
    request: Request, x_visitor: OwnerHeader = "", visitor: OwnerField = ""
) -> Visitor:
    """Return the caller of a route that starts something. An anonymous one is issued a secret.

    The response has it as `X-Visitor`: sent back, it names the same caller from any network.
    """
    caller = await identify(request, x_visitor, visitor)
    if caller.identity:
        return caller
    request.scope[ISSUED] = secret = new_secret()
    return replace(caller, issued_secret=secret)


TheEngine = Annotated[Engine, Depends(provide_engine)]
StartingCaller = Annotated[Visitor, Depends(identify_starting)]
