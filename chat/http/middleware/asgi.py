"""What the middleware shares: reading a header or a body of a plain ASGI request, and answering an error.

The types are Starlette's. Plain ASGI, since a middleware then costs a stream nothing after its first message.
"""

from __future__ import annotations

import orjson
from starlette.types import Message, Receive, Scope, Send

from chat.errors import ChatError
from chat.http.body_limit import too_large
from chat.visitors import Guest, Network, Visitor


def header_of(scope: Scope, name: bytes) -> bytes:
    """Return the first header of this name (lower case), empty where there is none."""
    return next((bytes(value) for given, value in scope["headers"] if given == name), b"")


def content_length(scope: Scope) -> int:
    """Return the declared length of the body in bytes, 0 where none is declared."""
    value = header_of(scope, b"content-length")
    return int(value) if value.isdigit() else 0


def with_content_length(scope: Scope, length: int) -> Scope:
    """Return the scope of a request whose body has another length, in bytes."""
    kept = [header for header in scope["headers"] if header[0] != b"content-length"]
    return {**scope, "headers": [*kept, (b"content-length", str(length).encode())]}


def visitor_in(scope: Scope) -> Visitor:
    """Return the visitor of a request, for counts: what it sends as X-Visitor, and its network."""
    named = header_of(scope, b"x-visitor").decode("latin-1")
    client = scope.get("client")
    return Visitor(Guest.of(named) if named else None, Network.of(client[0]) if client else None)


async def send_error(send: Send, error: ChatError, *, close: bool = False) -> None:
    """Answer with the JSON of an error, as the routes do. close: the connection, too."""
    headers = [(b"content-type", b"application/json")]
    if error.retry_after is not None:
        headers.append((b"retry-after", str(max(1, round(error.retry_after))).encode()))
    if close:
        headers.append((b"connection", b"close"))
    await send({"type": "http.response.start", "status": error.status, "headers": headers})
    await send({"type": "http.response.body", "body": orjson.dumps(error.body())})


async def read_body(receive: Receive, limit: int) -> bytes:
    """Return the body. Raises FileTooLarge as soon as more than `limit` bytes have arrived."""
    parts: list[bytes] = []
    size, more = 0, True
    while more:
        message = await receive()
        parts.append(message.get("body", b""))
        size += len(parts[-1])
        more = message.get("more_body", False)
        if size > limit:
            raise too_large(limit)
    return b"".join(parts)


def replay_body(body: bytes, receive: Receive) -> Receive:
    """Return a `receive` that yields this body once, and then what `receive` yields."""
    given = False

    async def replay() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return replay
