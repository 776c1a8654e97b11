"""Places for answers in progress over all replicas, leased in Redis: those of a dead replica are soon free.

A place is taken in one step for the visitor, the network and the server: answers that start together on
several replicas cannot all get the last one. While Redis is away each process counts alone, which it always
does as well. Knows no generation beside its id.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable
from typing import Any

from chat.generations.registry import AnswerPlaces
from chat.limits.counters import SharedCounters, name_of
from chat.shares import KEPT_SHARE
from chat.visitors import Visitor

LEASE_SECONDS, RENEW_SECONDS = 12, 4.0
ALL = "all"

# KEYS: the places of the visitor, of the network, of the server. ARGV: the id, the seconds of the lease, then
# the limits of the three (0: none), and the share of places that is kept for visitors without any.
# Returns 0, or the number of the limit that is reached.
TAKE = """
local now = tonumber(redis.call('TIME')[1])
local held = {}
for at, key in ipairs(KEYS) do
  redis.call('ZREMRANGEBYSCORE', key, '-inf', now)
  redis.call('ZREM', key, ARGV[1])
  held[at] = redis.call('ZCARD', key)
end
local most = {tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5])}
local room = most[3]
if held[1] > 0 or held[2] >= math.max(1, most[1]) then room = room - math.floor(room / tonumber(ARGV[6])) end
if most[3] > 0 and held[3] + 1 > room then return 3 end
for at = 1, 2 do
  if most[at] > 0 and held[at] + 1 > most[at] then return at end
end
for _, key in ipairs(KEYS) do
  redis.call('ZADD', key, now + tonumber(ARGV[2]), ARGV[1])
  redis.call('EXPIRE', key, ARGV[2])
end
return 0
"""

# KEYS: places. ARGV: the seconds of the lease, then for each key the ids that hold one there.
EXTEND = """
local until_then = tonumber(redis.call('TIME')[1]) + tonumber(ARGV[1])
for at, key in ipairs(KEYS) do
  for id in string.gmatch(ARGV[at + 1], '%S+') do redis.call('ZADD', key, until_then, id) end
  redis.call('EXPIRE', key, ARGV[1])
end
"""


class SharedPlaces:
    """shared: the counters of all replicas. limits: those of this process, which are the same for all."""

    def __init__(self, shared: SharedCounters, limits: AnswerPlaces) -> None:
        self._shared = shared
        self._limits = limits
        self._script: Any = shared.redis.register_script(TAKE)
        self._extend: Any = shared.redis.register_script(EXTEND)
        self._held: dict[str, Visitor] = {}

    async def take(self, id: str, visitor: Visitor) -> None:
        """Take a place for a generation. Raises Refused."""
        most = self._limits.limit
        arguments = [id, LEASE_SECONDS, most.of_visitor, most.of_network, most.total, KEPT_SHARE]
        keys = [self._key(party) for party in _parties(visitor)]
        reached = await self._shared.ask(lambda _: self._script(keys, arguments))
        if reached:
            raise self._limits.refusal(int(reached))
        self._held[id] = visitor

    async def give_back(self, id: str) -> None:
        """Give a place back; nothing where none is held."""
        if visitor := self._held.pop(id, None):
            keys = [self._key(party) for party in _parties(visitor)]
            await self._shared.ask(lambda shared: _remove(shared, keys, id))

    async def renew(self) -> None:
        """Extend every lease, also where Redis has come back empty."""
        ids: dict[str, list[str]] = defaultdict(list)
        for id, visitor in self._held.items():
            for party in _parties(visitor):
                ids[self._key(party)].append(id)
        if ids:
            arguments = [LEASE_SECONDS, *(" ".join(those) for those in ids.values())]
            await self._shared.ask(lambda _: self._extend(list(ids), arguments))

    def _key(self, party: Hashable) -> str:
        # One hash tag: a script's keys must lie in one slot of a Redis Cluster.
        return f"{self._shared.prefix}:{{places}}:{name_of(party)}"


def _parties(visitor: Visitor) -> tuple[Hashable, Hashable, Hashable]:
    return visitor.party, visitor.network, ALL


async def _remove(shared: SharedCounters, keys: list[str], id: str) -> bool:
    async with shared.redis.pipeline(transaction=False) as pipeline:
        for key in keys:
            pipeline.zrem(key, id)
        await pipeline.execute()
    return True
