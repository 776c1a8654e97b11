"""What a visitor may spend: messages in a time, tokens a day; with REDIS_URL counted for all replicas.

Counted for the visitor's token and for the address, since a token is thrown away easily. Knows no generation:
the engine asks before one starts, and tells what it took after it has ended. While Redis is away each replica
counts for itself, from nothing: a message must not fail for it.
"""

from __future__ import annotations

import asyncio
import ipaddress
import logging
import time
from collections.abc import Awaitable, Callable, Iterator
from typing import Any, TypeVar

from limits import RateLimitItem, parse
from limits.aio.storage import Storage
from limits.aio.strategies import FixedWindowRateLimiter, MovingWindowRateLimiter
from limits.storage import storage_from_string

from chat.errors import Refused
from chat.settings import Settings
from chat.visitors import Visitor

IPV6_PREFIX_BITS = 64  # what one household or server has
IN_ALL = "all"
ANSWER_SECONDS = 0.5  # until a Redis that says nothing counts as away
PAUSE_SECONDS = 5.0  # until one that is away is asked again

log = logging.getLogger(__name__)

T = TypeVar("T")


class Counters:
    """Both ways of counting, over one storage."""

    def __init__(self, uri: str, **options: Any) -> None:
        storage = storage_from_string(uri, **options)
        assert isinstance(storage, Storage)
        self.storage = storage
        self.moving = MovingWindowRateLimiter(storage)
        self.daily = FixedWindowRateLimiter(storage)


class Counting:
    """Counts in Redis where there is one that answers, else in this process."""

    def __init__(self, redis_url: str) -> None:
        self._here = Counters("async+memory://")
        self._shared: Counters | None = None
        self._retry_at = 0.0
        if redis_url:
            scheme = "async+redis+" if redis_url.startswith("unix") else "async+"
            self._shared = Counters(
                scheme + redis_url, implementation="redispy", socket_connect_timeout=ANSWER_SECONDS
            )

    async def run(self, count: Callable[[Counters], Awaitable[T]]) -> T:
        """Return what `count` returns of the counters that are to be used now."""
        if self._shared is None or time.monotonic() < self._retry_at:
            return await count(self._here)
        errors: Any = self._shared.storage.base_exceptions
        failures = errors if isinstance(errors, tuple) else (errors,)
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                return await count(self._shared)
        except (*failures, OSError, TimeoutError) as error:
            self._retry_at = time.monotonic() + PAUSE_SECONDS
            log.warning("limits are counted here alone: %s", type(error).__name__)
        return await count(self._here)

    async def aclose(self) -> None:
        if self._shared:
            bridge: Any = getattr(self._shared.storage, "bridge", None)
            await bridge.storage.aclose()


class Quotas:
    """The owner's limits. Without any, nothing is counted."""

    def __init__(self, settings: Settings) -> None:
        self._counting = Counting(settings.redis_url)
        self._rate = parse(settings.rate_limit) if settings.rate_limit else None
        self._tokens = _daily_item(settings.daily_tokens)
        self._visitor_tokens = _daily_item(settings.daily_tokens_per_visitor)

    async def admit(self, visitor: Visitor) -> None:
        """Count a message. Raises Refused with what is left and when it resets."""
        for item, key in self._token_limits(visitor):
            await self._check_tokens(item, key)
        await self._count("messages", visitor)

    async def admit_file(self, visitor: Visitor) -> None:
        """Count a file, at the rate of messages. Raises Refused."""
        await self._count("files", visitor)

    async def aclose(self) -> None:
        await self._counting.aclose()

    async def spend(self, visitor: Visitor, tokens: int) -> None:
        """Count what an answer took, prompt and answer."""
        for item, key in self._token_limits(visitor):
            if tokens > 0:
                await self._spend(item, key, tokens)

    async def tokens_left(self, visitor: Visitor) -> int | None:
        """Return how many tokens the visitor may still use today; None: no limit."""
        left = [(await self._tell_tokens(item, key))[1] for item, key in self._token_limits(visitor)]
        return max(0, min(left)) if left else None

    def _token_limits(self, visitor: Visitor) -> Iterator[tuple[RateLimitItem, str]]:
        if visitor.api_key:  # he pays himself
            return
        if self._tokens:
            yield self._tokens, IN_ALL
        if self._visitor_tokens:
            for key in _keys(visitor):
                yield self._visitor_tokens, key

    async def _count(self, what: str, visitor: Visitor) -> None:
        for key in _keys(visitor) if self._rate else ():
            assert self._rate
            await self._count_one(self._rate, what, key)

    async def _count_one(self, rate: RateLimitItem, what: str, key: str) -> None:
        if await self._counting.run(lambda counters: counters.moving.hit(rate, what, key)):
            return
        reset, _ = await self._counting.run(
            lambda counters: counters.moving.get_window_stats(rate, what, key)
        )
        raise _refusal(
            f"That was more than {rate.amount} {what} {_span(rate)}. Try again in {{seconds}} s.",
            "rate_limit",
            reset,
            limit=rate.amount,
        )

    async def _spend(self, item: RateLimitItem, key: str, tokens: int) -> None:
        await self._counting.run(lambda counters: counters.daily.hit(item, "tokens", key, cost=tokens))

    async def _tell_tokens(self, item: RateLimitItem, key: str) -> tuple[float, int]:
        """Return when the day is over, and what is left of it."""
        return await self._counting.run(lambda counters: counters.daily.get_window_stats(item, "tokens", key))

    async def _check_tokens(self, item: RateLimitItem, key: str) -> None:
        reset, remaining = await self._tell_tokens(item, key)
        if remaining > 0:
            return
        whose = "The tokens for all visitors" if key == IN_ALL else "Your tokens"
        raise _refusal(
            f"{whose} of today ({item.amount:,}) are used up. They come back in {{seconds}} s.",
            "daily_tokens" if key == IN_ALL else "daily_tokens_visitor",
            reset,
            limit=item.amount,
        )


def _daily_item(tokens: int) -> RateLimitItem | None:
    return parse(f"{tokens}/day") if tokens else None


def _refusal(sentence: str, type: str, reset: float, **details: int) -> Refused:
    seconds = max(1, round(reset - time.time()))
    return Refused(
        sentence.format(seconds=seconds), type=type, retry_after=seconds, seconds=seconds, **details
    )


def _keys(visitor: Visitor) -> Iterator[str]:
    if visitor.owner:
        yield f"visitor:{visitor.owner}"
    if visitor.address:
        yield f"address:{_network(visitor.address)}"


def _network(address: str) -> str:
    """Return what is counted as one address: an IPv6 customer has a whole network of them."""
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if parsed.version == 4:
        return str(parsed)
    return str(ipaddress.ip_network((parsed, IPV6_PREFIX_BITS), strict=False))


def _span(item: RateLimitItem) -> str:
    unit = item.GRANULARITY.name
    article = "an" if unit == "hour" else "a"
    return f"{article} {unit}" if item.multiples == 1 else f"in {item.multiples} {unit}s"
