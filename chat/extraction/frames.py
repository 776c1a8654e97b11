"""The frames between the parent and a child: sans-IO.

A frame is eight bytes (two big-endian lengths), a JSON object and a blob, which is empty but for pictures
and tables.
Both lengths are bounded, since a child that a file has taken over can write what it likes.
"""

from __future__ import annotations

import struct
from typing import Any

import orjson

HEAD = struct.Struct(">II")
OBJECT_BYTES = 8_000_000
BLOB_BYTES = 64_000_000
BLOB_PART = 16_000_000  # of a run of bytes that is longer than one frame
PART_CHARACTERS = 250_000  # of text in one frame: small enough to parse between two ticks of the event loop


class BadFrame(Exception):
    """The other side does not speak this protocol."""


def encode(fields: dict[str, Any], blob: bytes = b"") -> bytes:
    """Return the bytes of one frame."""
    body = orjson.dumps(fields)
    return HEAD.pack(len(body), len(blob)) + body + blob


def lengths(head: bytes) -> tuple[int, int]:
    """Return the lengths of the object and of the blob; BadFrame where one breaks its bound."""
    body, blob = HEAD.unpack(head)
    if body > OBJECT_BYTES or blob > BLOB_BYTES:
        raise BadFrame
    return body, blob


def decode(body: bytes) -> dict[str, Any]:
    """Return the object of a frame."""
    try:
        fields = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise BadFrame from error
    if not isinstance(fields, dict):
        raise BadFrame
    return fields
