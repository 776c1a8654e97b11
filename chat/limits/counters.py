"""Counters in Redis where one answers, else in this process: no message fails for a Redis that is away.

Knows no visitor and no limit.
"""

from __future__ import annotations

import hashlib
import logging
import time
from collections.abc import Awaitable, Callable, Hashable
from typing import Any, TypeVar

import anyio
from limits.aio.storage import Storage
from limits.aio.strategies import MovingWindowRateLimiter
from limits.storage import storage_from_string

ANSWER_SECONDS = 1.0  # until a Redis that says nothing counts as away
PAUSE_SECONDS = 5.0  # until one that is away is asked again

log = logging.getLogger(__name__)

T = TypeVar("T")


class SharedCounters:
    """The counters of all replicas. `redis` is a client of redis.asyncio."""

    def __init__(self, redis_url: str) -> None:
        scheme = "async+redis+" if redis_url.startswith("unix") else "async+"
        storage = storage_from_string(
            scheme + redis_url, implementation="redispy", socket_connect_timeout=ANSWER_SECONDS
        )
        assert isinstance(storage, Storage)
        self.moving = MovingWindowRateLimiter(storage)
        bridge: Any = getattr(storage, "bridge", None)
        self.redis: Any = bridge.storage
        self._errors: Any = storage.base_exceptions
        self._retry_at = 0.0

    async def ask(self, count: Callable[[SharedCounters], Awaitable[T]]) -> T | None:
        """Return what `count` returns, or None where Redis is away."""
        if time.monotonic() < self._retry_at:
            return None
        errors = self._errors if isinstance(self._errors, tuple) else (self._errors,)
        try:
            with anyio.fail_after(ANSWER_SECONDS):
                return await count(self)
        except (*errors, OSError, TimeoutError) as error:
            self._retry_at = time.monotonic() + PAUSE_SECONDS
            log.warning("Redis does not answer: limits count in this process: %s", type(error).__name__)
        return None

    async def aclose(self) -> None:
        await self.redis.aclose()


def name_of(party: Hashable) -> str:
    """Return the name of a counter: a party's type and value, hashed, so that no two parties share one."""
    return hashlib.sha256(repr(party).encode()).hexdigest()[:32]
