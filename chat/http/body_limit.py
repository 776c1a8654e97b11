"""The size limit of a route's request body: checked by its declared length, and again while it is read."""

from __future__ import annotations

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import Message

from chat.errors import ChatError, FileTooLarge

# Bytes of a request beside its file: the longest message, and the boundaries of a multipart form.
BODY_OVERHEAD_BYTES = 9_000_000


class BodyTooLarge(HTTPException):
    """Raised while a body is read.

    FastAPI reports every exception but HTTPException there as a malformed body.
    """

    def __init__(self, refusal: ChatError) -> None:
        super().__init__(413)
        self.refusal = refusal


def limit_body(request: Request, file_bytes: int) -> Request:
    """Return the request with a body of at most one file and BODY_OVERHEAD_BYTES.

    Raises FileTooLarge; BodyTooLarge while the body is read.
    """
    limit = file_bytes + BODY_OVERHEAD_BYTES
    refusal = too_large(limit)
    if int(request.headers.get("content-length", 0)) > limit:
        raise refusal
    size = 0

    async def receive() -> Message:
        nonlocal size
        message = await request.receive()
        size += len(message.get("body", b""))
        if size > limit:
            raise BodyTooLarge(refusal)
        return message

    return Request(request.scope, receive)


def too_large(limit: int) -> FileTooLarge:
    """Return the refusal of a body larger than `limit` bytes."""
    return FileTooLarge(f"The request is larger than {limit / 1e6:g} MB, which is the limit.")
