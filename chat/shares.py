"""Shares of what a server has only so much of at a time: places, requests, bytes.

What is over a visitor's, a network's or the server's share is refused. Counted in this process. Knows no
resource.
"""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Hashable, Iterator
from dataclasses import dataclass

from chat.errors import Refused
from chat.visitors import Visitor

KEPT_SHARE = 10  # one place of so many is kept for visitors that hold nothing
RETRY_SECONDS = 2.0


@dataclass(frozen=True)
class Limit:
    """The most that is held at a time; 0: no limit. of_network: by all visitors of one network together."""

    of_visitor: int = 0
    of_network: int = 0
    total: int = 0

    def at_least(self, amount: int) -> Limit:
        """Return the same limit, raised so that one visitor may hold this amount."""
        factor = max(1.0, amount / self.of_visitor) if self.of_visitor else 1.0
        return Limit(*(round(factor * one) for one in (self.of_visitor, self.of_network, self.total)))


class Shares:
    """Amounts that are held now. what: their name in a refusal, such as `files`.

    within: the shares of something wider, such as all memory, of which these amounts are a part.
    """

    def __init__(self, what: str, limit: Limit, within: Shares | None = None) -> None:
        self.what = what
        self.limit = limit
        self._within = within
        self._total = 0
        self._held: Counter[Hashable] = Counter()

    @property
    def total(self) -> int:
        return self._total

    def check(self, visitor: Visitor, amount: int = 1) -> None:
        """Raise Refused where the visitor may not hold so much more now."""
        limit = self.limit
        of_visitor, of_network = self._held[visitor.party], self._held[visitor.network]
        if limit.total and self._total + amount > self._room(of_visitor, of_network):
            raise self._refuse_all(limit.total)
        if limit.of_visitor and of_visitor + amount > limit.of_visitor:
            raise self._refuse_visitor(limit.of_visitor)
        if limit.of_network and of_network + amount > limit.of_network:
            raise self._refuse_visitor(limit.of_network)
        if self._within:
            self._within.check(visitor, amount)

    def take(self, visitor: Visitor, amount: int = 1) -> None:
        """Hold more. Raises Refused."""
        self.check(visitor, amount)
        self.hold(visitor, amount)

    def hold(self, visitor: Visitor, amount: int = 1) -> None:
        """Hold more, whatever the limit: it is there already."""
        self._total += amount
        for party in (visitor.party, visitor.network):
            self._held[party] += amount
        if self._within:
            self._within.hold(visitor, amount)

    def is_over(self, visitor: Visitor) -> bool:
        """Tell whether the visitor or its network holds more than its share."""
        limits = ((visitor.party, self.limit.of_visitor), (visitor.network, self.limit.of_network))
        return any(limit and self._held[party] > limit for party, limit in limits)

    def give_back(self, visitor: Visitor, amount: int = 1) -> None:
        """Hold less."""
        if self._within:
            self._within.give_back(visitor, amount)
        self._total -= amount
        for party in (visitor.party, visitor.network):
            self._held[party] -= amount
            if self._held[party] <= 0:
                del self._held[party]

    @contextlib.contextmanager
    def held(self, visitor: Visitor, amount: int = 1) -> Iterator[None]:
        """Hold more for as long as this is entered. Raises Refused."""
        self.take(visitor, amount)
        try:
            yield
        finally:
            self.give_back(visitor, amount)

    def _room(self, of_visitor: int, of_network: int) -> int:
        """Return the total up to which this visitor is admitted: the last places are for newcomers."""
        is_newcomer = of_visitor == 0 and of_network < max(1, self.limit.of_visitor)
        return self.limit.total - (0 if is_newcomer else self.limit.total // KEPT_SHARE)

    def _refuse_visitor(self, most: int) -> Refused:
        return Refused(
            f"You have {most:,} {self.what} at once, which is the limit. Wait until one is done.",
            type="too_much_at_once",
            retry_after=RETRY_SECONDS,
            limit=most,
        )

    def _refuse_all(self, most: int) -> Refused:
        return Refused(
            f"The server has {most:,} {self.what} at once, which is the limit. Try again shortly.",
            type="server_busy",
            retry_after=RETRY_SECONDS,
            limit=most,
        )
