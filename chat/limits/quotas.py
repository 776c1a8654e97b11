"""Limits on what a visitor may spend: messages and files in a time, tokens a day.

Each is counted for the visitor and for the visitor's network, since a visitor's secret is thrown away easily.
With REDIS_URL all replicas count together. Knows no generation: the engine reserves before one starts.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Hashable, Sequence
from typing import TypeVar

from limits import RateLimitItem, parse
from limits.aio.storage import MemoryStorage
from limits.aio.strategies import MovingWindowRateLimiter

from chat.errors import Refused
from chat.limits.counters import SharedCounters, name_of
from chat.limits.token_budgets import ALL, Reservation, TokenBudget, TokenDay
from chat.settings import Settings
from chat.visitors import Visitor

OUTPUT_TOKENS = 4_096  # of an answer, where tokens are limited and MAX_OUTPUT_TOKENS is not set

T = TypeVar("T")


class Quotas:
    """The owner's limits. Without any, nothing is counted."""

    def __init__(self, settings: Settings) -> None:
        self._redis_url = settings.redis_url
        self.shared: SharedCounters | None = None
        self._here = MovingWindowRateLimiter(MemoryStorage())
        self._rate = parse(settings.rate_limit) if settings.rate_limit else None
        self._tokens = TokenDay(None)
        self._daily = settings.daily_tokens
        self._daily_of_each = settings.daily_tokens_per_visitor
        self._longest = settings.max_output_tokens

    def share(self, prefix: str) -> None:
        """Count with all processes of this prefix from now on, if there is a Redis."""
        if self._redis_url:
            self.shared = SharedCounters(self._redis_url, prefix)
            self._tokens = TokenDay(self.shared)

    async def admit(self, visitor: Visitor) -> None:
        """Count a message. Raises Refused where a limit is reached; its sentence says when it resets."""
        await self._tokens.check(self._budgets(visitor))
        await self._count("messages", visitor)

    async def admit_file(self, visitor: Visitor) -> None:
        """Count a file, at the rate of messages. Raises Refused."""
        await self._count("files", visitor)

    async def aclose(self) -> None:
        if self.shared:
            await self.shared.aclose()

    def longest_answer(self, visitor: Visitor) -> int:
        """Return the most tokens that an answer may have; 0: as many as the endpoint writes."""
        return self._longest or (OUTPUT_TOKENS if self._budgets(visitor) else 0)

    async def reserve(self, visitor: Visitor, least: int, most: int) -> Reservation:
        """Set tokens aside for an answer: `most`, or what is left. Raises Refused below `least`."""
        return await self._tokens.open(self._budgets(visitor), least, most)

    async def tokens_left(self, visitor: Visitor) -> int | None:
        """Return how many tokens the visitor may still use today; None: no limit."""
        return await self._tokens.left(self._budgets(visitor))

    def _budgets(self, visitor: Visitor) -> Sequence[TokenBudget]:
        """Return the budgets that an answer takes from; none where the visitor's own key is used."""
        if visitor.api_key:
            return ()
        budgets = [TokenBudget(ALL, self._daily)] if self._daily else []
        if self._daily_of_each:
            budgets += [TokenBudget(party, self._daily_of_each) for party in visitor.parties]
        return budgets

    async def _count(self, what: str, visitor: Visitor) -> None:
        if self._rate:
            for party in visitor.parties:
                await self._count_one(self._rate, what, party)

    async def _count_one(self, rate: RateLimitItem, what: str, party: Hashable) -> None:
        name = name_of(party)
        if await self._ask(lambda moving: moving.hit(rate, what, name)):
            return
        reset, _ = await self._ask(lambda moving: moving.get_window_stats(rate, what, name))
        seconds = max(1, round(reset - time.time()))
        raise Refused(
            f"That was more than {rate.amount} {what} {_span(rate)}. Try again in {seconds} s.",
            type="rate_limit",
            retry_after=seconds,
            seconds=seconds,
            limit=rate.amount,
        )

    async def _ask(self, count: Callable[[MovingWindowRateLimiter], Awaitable[T]]) -> T:
        told = await self.shared.ask(lambda shared: count(shared.moving)) if self.shared else None
        return await count(self._here) if told is None else told


def _span(item: RateLimitItem) -> str:
    unit = item.GRANULARITY.name
    article = "an" if unit == "hour" else "a"
    return f"{article} {unit}" if item.multiples == 1 else f"in {item.multiples} {unit}s"
