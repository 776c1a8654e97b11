"""The ended generations that are kept: the oldest of all, of a visitor and of a network, and their bytes.

No answer here looks at all of them: thousands are kept, and each end of another one asks. Decides nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterator

from chat.generations.generation import Generation


class EndedLogs:
    """In the order of their ends."""

    def __init__(self) -> None:
        self._all: dict[str, tuple[float, Generation]] = {}  # by id, with the time of the ending
        self._of: dict[Hashable, dict[str, None]] = {}  # ids by visitor and by network
        self._bytes_of: Counter[Hashable] = Counter()  # by visitor and by network
        self._bytes_of_network: Counter[Hashable] = Counter()
        self.bytes = 0

    def __bool__(self) -> bool:
        return bool(self._all)

    def __contains__(self, id: str) -> bool:
        return id in self._all

    def __iter__(self) -> Iterator[Generation]:
        return (generation for _, generation in self._all.values())

    def add(self, generation: Generation, now: float) -> None:
        """Keep a generation that has ended now. Its bytes do not change any more."""
        self._all[generation.id] = (now, generation)
        for party in parties_of(generation):
            self._of.setdefault(party, {})[generation.id] = None
        self._count(generation, generation.bytes)

    def find(self, id: str) -> Generation | None:
        return self._all.get(id, (0, None))[1]

    def drop(self, id: str) -> Generation:
        """Keep one no longer; return it."""
        _, generation = self._all.pop(id)
        for party in parties_of(generation):
            del self._of[party][id]
            if not self._of[party]:
                del self._of[party]
        self._count(generation, -generation.bytes)
        return generation

    def oldest(self) -> tuple[str, float]:
        """Return the id of the first that ended, and when that was."""
        id, (ended, _) = next(iter(self._all.items()))
        return id, ended

    def oldest_of(self, party: Hashable) -> str | None:
        """Return the id of the first that ended of a visitor or a network."""
        return next(iter(self._of.get(party, ())), None)

    def bytes_of(self, party: Hashable) -> int:
        return self._bytes_of[party]

    def heaviest_network(self) -> Hashable:
        """Return the network that has the most bytes."""
        return max(self._bytes_of_network, key=self._bytes_of_network.__getitem__)

    def _count(self, generation: Generation, amount: int) -> None:
        self.bytes += amount
        _, network = parties = parties_of(generation)
        for counts, party in (*((self._bytes_of, one) for one in parties), (self._bytes_of_network, network)):
            counts[party] += amount
            if not counts[party]:
                del counts[party]


def parties_of(generation: Generation) -> tuple[Hashable, Hashable]:
    """Return the visitor and the network that a generation is counted for."""
    return generation.visitor.party, generation.visitor.network
