"""Passes: what the page sends with its own requests for pages of files, where a log-in knows the visitor.

The log-in is a cookie of Gradio's, which the routes do not read. A pass names the owner, is signed with a key
of this process, and ends. Sans-IO.
"""

from __future__ import annotations

import base64
import hmac
import secrets
import time
from collections.abc import Callable

SECONDS = 12 * 3600
MAC_BYTES = 32


class Passes:
    """Issues passes and reads them."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._key = secrets.token_bytes(MAC_BYTES)
        self._clock = clock

    def issue(self, owner: str) -> str:
        """Return a pass of this owner."""
        body = f"{int(self._clock() + SECONDS)}:{owner}".encode()
        return base64.urlsafe_b64encode(self._sign(body) + body).decode()

    def read(self, given: str) -> str:
        """Return the owner that a pass names; empty for one that is not valid any more, or never was."""
        try:
            data = base64.urlsafe_b64decode(given.encode("ascii"))
            mac, body = data[:MAC_BYTES], data[MAC_BYTES:]
            if not hmac.compare_digest(mac, self._sign(body)):
                return ""
            ends, _, owner = body.decode().partition(":")
            return owner if int(ends) > self._clock() else ""
        except ValueError:
            return ""

    def _sign(self, body: bytes) -> bytes:
        return hmac.digest(self._key, body, "sha256")
