"""Compressed bodies: which encoding a client takes, and a body in it, compressed once.

Only whole bodies that are known before the first byte is sent. A stream of events is never compressed: its
frames would wait in the compressor.
"""

from __future__ import annotations

import gzip
from collections import OrderedDict

import anyio
import brotli  # type: ignore[import-untyped]

COMPRESSED_FROM = 500  # bytes; a shorter body gains less than the headers of the encoding cost
BROTLI_QUALITY, GZIP_LEVEL = 9, 9
TEXTS = ("text/", "application/javascript", "application/json", "image/svg+xml", "application/manifest+json")


def pick_encoding(accepts: bytes) -> str:
    """Return `br` or `gzip`, whichever an Accept-Encoding header names, or nothing."""
    named = {
        name.strip()
        for name, _, weight in (part.partition(b";") for part in accepts.lower().split(b","))
        if weight.replace(b" ", b"") not in (b"q=0", b"q=0.0", b"q=0.00", b"q=0.000")
    }
    return next((name for name in ("br", "gzip") if name.encode() in named), "")


def is_compressible(media_type: str, body: bytes) -> bool:
    """Tell whether a body is text, and long enough to gain."""
    return media_type.startswith(TEXTS) and len(body) >= COMPRESSED_FROM


class Compressed:
    """Bodies in each encoding, the ones used last. Each is compressed once, in a thread."""

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._kept: OrderedDict[tuple[str, str], bytes] = OrderedDict()

    async def encode(self, key: str, body: bytes, encoding: str) -> bytes:
        """Return the body in the encoding. key: names the body, such as a hash of it."""
        found = self._kept.get((key, encoding))
        if found is None:
            found = await anyio.to_thread.run_sync(_compress, body, encoding)
            self._kept[key, encoding] = found
            if len(self._kept) > self._capacity:
                self._kept.popitem(last=False)
        else:
            self._kept.move_to_end((key, encoding))
        return found


def _compress(body: bytes, encoding: str) -> bytes:
    if encoding == "br":
        return bytes(brotli.compress(body, quality=BROTLI_QUALITY))
    return gzip.compress(body, GZIP_LEVEL, mtime=0)
