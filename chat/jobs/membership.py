"""Joining the other replicas: quotas, places for answers and passes are theirs together from then on.

Without REDIS_URL, and until the database tells its id, this process counts alone.
"""

from __future__ import annotations

import asyncio

from chat.cluster.peers import Peers
from chat.errors import HistoryUnavailable
from chat.generations.registry import Generations
from chat.history.stores import Stores
from chat.jobs.background_tasks import BackgroundTasks
from chat.jobs.place_leases import renew_places
from chat.limits.answer_places import SharedPlaces
from chat.limits.passes import SECONDS, Passes
from chat.limits.quotas import Quotas
from chat.visitors import Visitor

JOIN_SECONDS = 2.0  # between two attempts


class Membership:
    """prefix: of the names in Redis, as the owner sets it; empty: the id of the database."""

    def __init__(
        self,
        peers: Peers,
        stores: Stores,
        generations: Generations,
        quotas: Quotas,
        passes: Passes,
        tasks: BackgroundTasks,
        *,
        prefix: str,
    ) -> None:
        self._peers = peers
        self._stores = stores
        self._generations = generations
        self._quotas = quotas
        self._passes = passes
        self._tasks = tasks
        self._prefix = prefix
        self._places: SharedPlaces | None = None

    async def open(self) -> None:
        """Join now, or as soon as the database is there."""
        if not await self._join():
            self._tasks.start(self._keep_joining())

    async def take_place(self, generation_id: str, visitor: Visitor) -> None:
        """Count an answer against the limits of all replicas. Raises Refused."""
        if self._places:
            await self._places.take(generation_id, visitor)

    def give_place_back(self, generation_id: str) -> None:
        if self._places:
            self._tasks.start(self._places.give_back(generation_id))

    async def share_passes(self) -> None:
        """Let every replica read the passes of all."""
        self._passes.adopt(await self._peers.share("passes", self._passes.key, SECONDS))

    async def _keep_joining(self) -> None:
        has_joined = False
        while not has_joined:
            await asyncio.sleep(JOIN_SECONDS)
            has_joined = await self._join()

    async def _join(self) -> bool:
        try:
            prefix = self._prefix or await self._stores.shared_name()
        except HistoryUnavailable:
            return False
        self._quotas.share(prefix)
        if self._quotas.shared:
            self._places = SharedPlaces(self._quotas.shared, self._generations.places)
            self._tasks.start(renew_places(self._places))
        await self._peers.open(prefix)
        await self.share_passes()
        return True
