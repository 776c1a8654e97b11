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

from chat.redis_urls import CLIENT_OPTIONS, cluster_options, is_cluster

ANSWER_SECONDS = 1.0  # until a Redis that says nothing counts as away
PAUSE_SECONDS = 5.0  # until one that is away is asked again

log = logging.getLogger(__name__)

T = TypeVar("T")


class SharedCounters:
    """The counters of all replicas. `redis` is a client of redis.asyncio. prefix: of all names in Redis."""

    def __init__(self, redis_url: str, prefix: str) -> None:
        self.prefix = prefix
        storage = _open_storage(redis_url, f"{prefix}:limits")
        self.moving = MovingWindowRateLimiter(storage)
        bridge: Any = getattr(storage, "bridge", None)
        self.redis: Any = bridge.storage
        errors: Any = bridge.dependency.exceptions
        self._errors: Any = (errors.RedisError, errors.RedisClusterException)
        self._retry_at = 0.0

    async def ask(self, count: Callable[[SharedCounters], Awaitable[T]]) -> T | None:
        """Return what `count` returns, or None where Redis is away."""
        if time.monotonic() < self._retry_at:
            return None
        try:
            with anyio.fail_after(ANSWER_SECONDS):
                return await self._ask_again(count)
        except (*self._errors, OSError, TimeoutError) as error:
            self._retry_at = time.monotonic() + PAUSE_SECONDS
            log.warning("Redis does not answer: limits count in this process: %s", type(error).__name__)
        return None

    async def _ask_again(self, count: Callable[[SharedCounters], Awaitable[T]]) -> T:
        """Return what `count` returns, of new connections if those of before were closed: Redis restarted."""
        try:
            return await count(self)
        except (*self._errors, OSError):
            if pool := getattr(self.redis, "connection_pool", None):  # a cluster's client connects by itself
                await pool.disconnect(inuse_connections=False)
            return await count(self)

    async def aclose(self) -> None:
        await self.redis.aclose()


def _open_storage(redis_url: str, prefix: str) -> Storage:
    """Return the storage of the `limits` library, which connects when it is used."""
    if is_cluster(redis_url):
        nodes, options = cluster_options(redis_url)
        hosts = [f"[{host}]:{port}" if ":" in host else f"{host}:{port}" for host, port in nodes]
        url = "redis+cluster://" + ",".join(hosts)
    else:
        url, options = redis_url.replace("unix://", "redis+unix://", 1), CLIENT_OPTIONS
    storage = storage_from_string(
        f"async+{url}",
        implementation="redispy",
        key_prefix=prefix,
        socket_connect_timeout=ANSWER_SECONDS,
        **options,
    )
    assert isinstance(storage, Storage)
    return storage


def name_of(party: Hashable) -> str:
    """Return the name of a counter: a party's type and value, hashed, so that no two parties share one."""
    return hashlib.sha256(repr(party).encode()).hexdigest()[:32]
