"""Tokens of a day: reserved for an answer before it starts, and settled when it has ended.

A reservation is one step over all of an answer's budgets (the visitor's, the network's, the server's): in
Redis a script, in memory a function without an await. So answers that start together cannot all see the same
tokens as free. A day is a UTC day. Knows no completion and no HTTP.
"""

from __future__ import annotations

import math
import time
from collections import Counter
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any

from chat.errors import Refused
from chat.limits.counters import SharedCounters, name_of

DAY_SECONDS = 86_400
HELD_SECONDS = 5.0  # after which a caller tries again whose tokens are reserved by answers that run
ALL = "all"  # the budget of the whole server

# KEYS: a counter per budget. ARGV: least, most, seconds to keep, then the limit of each budget.
# Returns the tokens granted, or -1 less the number of the budget that has too few.
RESERVE = """
local granted, tightest = tonumber(ARGV[2]), 0
for at, key in ipairs(KEYS) do
  local left = tonumber(ARGV[3 + at]) - tonumber(redis.call('GET', key) or '0')
  if left < granted then granted, tightest = left, at end
end
if granted < tonumber(ARGV[1]) then return -1 - tightest end
for _, key in ipairs(KEYS) do
  redis.call('INCRBY', key, string.format('%.0f', granted))
  redis.call('EXPIRE', key, ARGV[3])
end
return granted
"""

# KEYS: a counter per budget. ARGV: the tokens to add, seconds to keep. Returns 1.
ADD = """
for _, key in ipairs(KEYS) do
  redis.call('INCRBY', key, ARGV[1])
  redis.call('EXPIRE', key, ARGV[2])
end
return 1
"""


@dataclass(frozen=True)
class TokenBudget:
    """Tokens a day for one party; `ALL` is the whole server."""

    party: Hashable
    limit: int

    @property
    def is_servers(self) -> bool:
        return self.party == ALL


class Reservation:
    """Tokens that are set aside for one answer. Without budgets there is no limit, and nothing is counted."""

    def __init__(self, tokens: TokenDay | None, day: int = 0, budgets: Sequence[TokenBudget] = ()) -> None:
        self._tokens = tokens
        self._day = day
        self._budgets = budgets
        self._held = 0  # reserved and not settled yet
        self.granted = 0

    @property
    def is_limited(self) -> bool:
        return bool(self._budgets)

    async def extend(self, least: int, most: int) -> None:
        """Set more tokens aside. Raises Refused where fewer than `least` are left."""
        if self._tokens and self._budgets:
            more = await self._tokens.reserve(self._budgets, least, max(least, most), self._day)
            self._held += more
            self.granted += more

    async def settle(self, spent: int, keep: int = 0) -> None:
        """Count `spent` in place of what was set aside, and `keep` for what is still to come."""
        if self._tokens and self._budgets:
            difference, self.granted = spent + keep - self.granted, spent + keep
            released, self._held = self._held - keep, keep
            await self._tokens.settle(self._budgets, released, difference, self._day)


UNLIMITED = Reservation(None)


class TokenCounts:
    """What was spent or is reserved today: of all replicas in Redis, of this process in memory as well.

    While Redis is away, or answers too late, this process goes on from what it reserved itself.
    """

    def __init__(self, shared: SharedCounters | None) -> None:
        self._shared = shared
        self._here: Counter[Hashable] = Counter()
        self._day = 0
        self._script: Any = shared.redis.register_script(RESERVE) if shared else None
        self._add: Any = shared.redis.register_script(ADD) if shared else None

    async def reserve(self, budgets: Sequence[TokenBudget], least: int, most: int, day: int) -> int:
        """Return the tokens granted, or -1 less the number of the budget that has too few, from 1 on."""
        limits = [budget.limit for budget in budgets]
        if self._shared:
            keys = [_key(self._shared, budget, day) for budget in budgets]
            arguments = [least, most, 2 * DAY_SECONDS, *limits]
            if (told := await self._shared.ask(lambda _: self._script(keys, arguments))) is not None:
                self._add_here(budgets, max(0, int(told)), day)
                return int(told)
        return self._reserve_here(budgets, least, most)

    async def add(self, budgets: Sequence[TokenBudget], tokens: int, day: int) -> None:
        """Add to the counters of that day; less than nothing gives back."""
        self._add_here(budgets, tokens, day)
        if self._shared:
            keys = [_key(self._shared, budget, day) for budget in budgets]
            await self._shared.ask(lambda _: self._add(keys, [tokens, 2 * DAY_SECONDS]))

    async def spent(self, budget: TokenBudget) -> int:
        """Return what is spent or reserved of a budget today."""
        if self._shared:
            key = _key(self._shared, budget, today())
            told = await self._shared.ask(lambda shared: _read_there(shared, key))
            if told is not None:
                return told
        self._forget_yesterday()
        return self._here[budget.party]

    def _add_here(self, budgets: Sequence[TokenBudget], tokens: int, day: int) -> None:
        self._forget_yesterday()
        if day == self._day:
            for budget in budgets:
                self._here[budget.party] = max(0, self._here[budget.party] + tokens)

    def _reserve_here(self, budgets: Sequence[TokenBudget], least: int, most: int) -> int:
        self._forget_yesterday()
        left = [budget.limit - self._here[budget.party] for budget in budgets]
        granted = min(most, *left)
        if granted < least:
            return -2 - left.index(min(left))
        for budget in budgets:
            self._here[budget.party] += granted
        return granted

    def _forget_yesterday(self) -> None:
        if self._day != today():
            self._day = today()
            self._here.clear()


class TokenDay:
    """Reserves tokens of the day, and says why there are none."""

    def __init__(self, shared: SharedCounters | None) -> None:
        self._counts = TokenCounts(shared)
        self._held: Counter[Hashable] = Counter()  # reserved by answers of this process

    async def open(self, budgets: Sequence[TokenBudget], least: int, most: int) -> Reservation:
        """Reserve for one answer. Raises Refused where a budget has fewer than `least` left."""
        reservation = Reservation(self, today(), budgets)
        await reservation.extend(least, most)
        return reservation

    async def reserve(self, budgets: Sequence[TokenBudget], least: int, most: int, day: int) -> int:
        """Return the tokens granted, between `least` and `most`. Raises Refused."""
        granted = await self._counts.reserve(budgets, least, most, day)
        if granted < 0:
            raise await self._refuse(budgets[-2 - granted], least)
        for budget in budgets:
            self._held[budget.party] += granted
        return granted

    async def check(self, budgets: Sequence[TokenBudget]) -> None:
        """Raise Refused where a budget has nothing left."""
        for budget in budgets:
            if await self._counts.spent(budget) >= budget.limit:
                raise await self._refuse(budget, 1)

    async def left(self, budgets: Sequence[TokenBudget]) -> int | None:
        """Return how many tokens are left, the least of all budgets; None: no budget."""
        left = [budget.limit - await self._counts.spent(budget) for budget in budgets]
        return max(0, min(left)) if left else None

    async def settle(self, budgets: Sequence[TokenBudget], released: int, difference: int, day: int) -> None:
        """Count the difference between what was reserved and what was spent."""
        for budget in budgets:
            self._held[budget.party] -= released
            if self._held[budget.party] <= 0:
                del self._held[budget.party]
        if difference:
            await self._counts.add(budgets, difference, day)

    async def _refuse(self, budget: TokenBudget, least: int) -> Refused:
        whose = "The tokens for all visitors" if budget.is_servers else "Your tokens"
        left = budget.limit - await self._counts.spent(budget)
        if left + self._held[budget.party] >= least:  # answers that run give back what they do not use
            sentence = f"{whose} of today ({budget.limit:,}) are reserved by answers that are being written."
            seconds = math.ceil(HELD_SECONDS)
        else:
            sentence = f"{whose} of today ({budget.limit:,}) are used up."
            seconds = math.ceil(DAY_SECONDS - time.time() % DAY_SECONDS)
        return Refused(
            f"{sentence} Try again in {seconds} s.",
            type="daily_tokens" if budget.is_servers else "daily_tokens_visitor",
            retry_after=seconds,
            seconds=seconds,
            limit=budget.limit,
        )


def today() -> int:
    """Return the number of the UTC day."""
    return int(time.time() // DAY_SECONDS)


def _key(shared: SharedCounters, budget: TokenBudget, day: int) -> str:
    # One hash tag: a script's keys must lie in one slot of a Redis Cluster.
    return f"{shared.prefix}:{{tokens}}:{day}:{name_of(budget.party)}"


async def _read_there(shared: SharedCounters, key: str) -> int:
    return int(await shared.redis.get(key) or 0)
