"""Passes: what the page sends with its own requests for pages of files, where a log-in knows the visitor.

The log-in is a cookie of Gradio's, which the routes do not read. A pass names the owner, is signed with a key
that all replicas have, and ends. Sans-IO.
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
    """Issues passes and reads them. The key is a value of this process until another one is adopted."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._keys = [secrets.token_bytes(MAC_BYTES)]  # the newest first
        self._clock = clock

    @property
    def key(self) -> str:
        """The key that passes are signed with, as text."""
        return self._keys[0].hex()

    def adopt(self, key: str) -> None:
        """Sign with this key from now on, and go on reading what the one before has signed."""
        if key != self.key:
            self._keys = [bytes.fromhex(key), self._keys[0]]

    def issue(self, owner: str) -> str:
        """Return a pass of this owner."""
        body = f"{int(self._clock() + SECONDS)}:{owner}".encode()
        return base64.urlsafe_b64encode(_sign(self._keys[0], body) + body).decode()

    def read(self, given: str) -> str:
        """Return the owner that a pass names; empty for one that is not valid any more, or never was."""
        try:
            data = base64.urlsafe_b64decode(given.encode("ascii"))
            mac, body = data[:MAC_BYTES], data[MAC_BYTES:]
            if not any([hmac.compare_digest(mac, _sign(key, body)) for key in self._keys]):
                return ""
            ends, _, owner = body.decode().partition(":")
            return owner if int(ends) > self._clock() else ""
        except ValueError:
            return ""


def _sign(key: bytes, body: bytes) -> bytes:
    return hmac.digest(key, body, "sha256")
