"""The size limit of a route's request body: checked by its declared length, and again while it is read."""

from __future__ import annotations

import asyncio
import re
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import Message

from chat.errors import ChatError, FileTooLarge, InvalidRequest
from chat.json_bounds import LARGE_BYTES, parse_bounded

# Bytes of a request beside its file: the longest message, and the boundaries of a multipart form.
BODY_OVERHEAD_BYTES = 9_000_000
PARTS_MAX = 10  # of a multipart body
_BOUNDARY = re.compile(rb'(?i:boundary)=(?:"([^"]+)"|([^;\s]+))')


class BodyRefused(HTTPException):
    """Raised while a body is read.

    FastAPI reports every exception but HTTPException there as a malformed body.
    """

    def __init__(self, refusal: ChatError) -> None:
        super().__init__(refusal.status)
        self.refusal = refusal


class PartCounter:
    """Counts the parts of a multipart body as it arrives. Raises InvalidRequest past the limit."""

    def __init__(self, content_type: bytes, limit: int = PARTS_MAX) -> None:
        found = _BOUNDARY.search(content_type)
        self._mark = b"--" + (found[1] or found[2]) if found else b""
        self._limit = limit
        self._count = 0
        self._tail = b""

    def add(self, chunk: bytes) -> None:
        """Take in the next bytes."""
        if not self._mark:
            return
        seen = self._tail + chunk
        self._count += seen.count(self._mark)
        self._tail = seen[-len(self._mark) + 1 :]  # shorter than the mark: no mark is counted twice
        if self._count > self._limit + 1:  # the last mark ends the body
            raise InvalidRequest(f"An upload has at most {self._limit} parts. Send the rest by itself.")


class BoundedRequest(Request):
    """A request whose JSON has a bounded number of values, and is parsed in a thread where it is large."""

    async def json(self) -> Any:
        if not hasattr(self, "_json"):
            body = await self.body()
            is_large = len(body) > LARGE_BYTES
            try:
                self._json = await asyncio.to_thread(parse_bounded, body) if is_large else parse_bounded(body)
            except InvalidRequest as error:
                raise BodyRefused(error) from None
        return self._json


def limit_body(request: Request, file_bytes: int) -> Request:
    """Return the request with a body of at most one file and BODY_OVERHEAD_BYTES.

    Raises FileTooLarge; BodyRefused while the body is read.
    """
    limit = file_bytes + BODY_OVERHEAD_BYTES
    refusal = too_large(limit)
    if int(request.headers.get("content-length", 0)) > limit:
        raise refusal
    size, parts = 0, PartCounter(request.headers.get("content-type", "").encode("latin-1"))

    async def receive() -> Message:
        nonlocal size
        message = await request.receive()
        chunk = message.get("body", b"")
        size += len(chunk)
        if size > limit:
            raise BodyRefused(refusal)
        try:
            parts.add(chunk)
        except InvalidRequest as error:
            raise BodyRefused(error) from None
        return message

    return BoundedRequest(request.scope, receive)


def too_large(limit: int) -> FileTooLarge:
    """Return the refusal of a body larger than `limit` bytes."""
    return FileTooLarge(f"The request is larger than {limit / 1e6:g} MB, which is the limit.")
