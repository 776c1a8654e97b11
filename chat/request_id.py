"""The id of the HTTP request that the current task works for, as logs, traces and error bodies show it."""

from __future__ import annotations

import secrets
from contextvars import ContextVar

REQUEST_ID: ContextVar[str] = ContextVar("request_id", default="")


def new_request_id() -> str:
    """Return 12 random hexadecimal digits: short enough to be read out over a telephone."""
    return secrets.token_hex(6)
