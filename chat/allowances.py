"""What a visitor may spend: messages in a time, tokens a day; with REDIS_URL counted for all replicas.

Counted for the visitor's token and for the address, since a token is thrown away easily. Knows no generation:
the engine asks before one starts, and tells what it took after it has ended.
"""

from __future__ import annotations

import ipaddress
import time
from collections.abc import Iterator

from limits import RateLimitItem, parse
from limits.aio.storage import Storage
from limits.aio.strategies import FixedWindowRateLimiter, MovingWindowRateLimiter
from limits.storage import storage_from_string

from chat.errors import Refused
from chat.settings import Settings
from chat.turns import Visitor

IPV6_PREFIX_BITS = 64  # what one household or server has
IN_ALL = "all"


class Allowances:
    """The owner's limits. Without any, nothing is counted."""

    def __init__(self, settings: Settings) -> None:
        uri = (
            settings.redis_url.replace("redis", "async+redis", 1) if settings.redis_url else "async+memory://"
        )
        storage = storage_from_string(uri)
        assert isinstance(storage, Storage)
        self._moving = MovingWindowRateLimiter(storage)
        self._daily = FixedWindowRateLimiter(storage)
        self._rate = parse(settings.rate_limit) if settings.rate_limit else None
        self._tokens = _daily_item(settings.daily_tokens)
        self._visitor_tokens = _daily_item(settings.daily_tokens_per_visitor)

    async def admit(self, visitor: Visitor) -> None:
        """Count a message. Raises Refused with what is left and when it resets."""
        for item, key in self._token_limits(visitor):
            await self._check_tokens(item, key)
        if self._rate is None:
            return
        for key in _keys(visitor):
            if not await self._moving.hit(self._rate, "messages", key):
                reset, _ = await self._moving.get_window_stats(self._rate, "messages", key)
                raise _refusal(
                    f"That was more than {self._rate.amount} messages {_span(self._rate)}. "
                    "Try again in {seconds} s.",
                    "rate_limit",
                    reset,
                    limit=self._rate.amount,
                )

    async def spend(self, visitor: Visitor, tokens: int) -> None:
        """Count what an answer took, prompt and answer."""
        for item, key in self._token_limits(visitor):
            if tokens > 0:
                await self._daily.hit(item, "tokens", key, cost=tokens)

    async def tokens_left(self, visitor: Visitor) -> int | None:
        """Return how many tokens the visitor may still use today; None: no limit."""
        left = [
            (await self._daily.get_window_stats(item, "tokens", key)).remaining
            for item, key in self._token_limits(visitor)
        ]
        return max(0, min(left)) if left else None

    def _token_limits(self, visitor: Visitor) -> Iterator[tuple[RateLimitItem, str]]:
        if visitor.api_key:  # he pays himself
            return
        if self._tokens:
            yield self._tokens, IN_ALL
        if self._visitor_tokens:
            for key in _keys(visitor):
                yield self._visitor_tokens, key

    async def _check_tokens(self, item: RateLimitItem, key: str) -> None:
        reset, remaining = await self._daily.get_window_stats(item, "tokens", key)
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
    return f"a {unit}" if item.multiples == 1 else f"in {item.multiples} {unit}s"
