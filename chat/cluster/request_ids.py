"""Idempotency keys: the same request id never starts a second answer, on any replica.

Knows no HTTP: a key is the caller and the id that the client chose.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

import anyio

from chat.errors import ChatError
from chat.generations.generation import Generation
from chat.ids import new_id

if TYPE_CHECKING:
    from chat.cluster.replica import Replica

KEPT = 100_000  # keys remembered
STARTING_SECONDS = 30.0  # longest start for which another replica waits
KEPT_SECONDS = 86_400.0
POLL_SECONDS = 0.05

Key = tuple[str, str]
Start = Callable[[str], Awaitable[Generation]]  # takes the id of the generation to start
Find = Callable[[str], Awaitable[Generation]]


class RequestIds:
    """replica: shares the keys between processes; None: this is the only process."""

    def __init__(self, replica: Replica | None = None) -> None:
        self._replica = replica
        self._starting: dict[Key, asyncio.Future[str]] = {}
        self._started: dict[Key, str] = {}  # only ids: a future would keep its context alive
        self._tasks: set[asyncio.Task[None]] = set()

    async def once(self, key: Key, start: Start, find: Find) -> Generation:
        """Start the answer of this request, or return the one that it has started. Raises ChatError."""
        if key in self._starting:
            return await find(await asyncio.shield(self._starting[key]))
        if key in self._started:
            return await find(self._started[key])
        self._starting[key] = starting = asyncio.get_running_loop().create_future()
        starting.add_done_callback(lambda done: done.cancelled() or done.exception())
        try:
            generation = await self._once_on_all_replicas(key, start, find)
        except BaseException as error:
            starting.set_exception(error if isinstance(error, ChatError) else ChatError("It did not start."))
            raise
        finally:
            del self._starting[key]
        self._remember(key, generation.id)
        starting.set_result(generation.id)
        return generation

    def _remember(self, key: Key, generation_id: str) -> None:
        while len(self._started) >= KEPT:
            del self._started[next(iter(self._started))]
        self._started[key] = generation_id

    async def _once_on_all_replicas(self, key: Key, start: Start, find: Find) -> Generation:
        id = new_id()
        if self._replica is None:
            return await start(id)
        name = "request:" + hashlib.sha256(repr(key).encode()).hexdigest()
        while True:
            state, _, holder = (
                await self._replica.claim(name, f"starting {id}", STARTING_SECONDS)
            ).partition(" ")
            if holder == id:
                return await self._start_claimed(name, id, start, self._replica)
            if state == "started":
                return await find(holder)
            await asyncio.sleep(POLL_SECONDS)  # another replica is starting it

    async def _start_claimed(self, name: str, id: str, start: Start, replica: Replica) -> Generation:
        try:
            generation = await start(id)
        except BaseException:
            with anyio.CancelScope(shield=True):
                await replica.release(name)
            raise
        task = asyncio.create_task(replica.keep_claim(name, f"started {id}", KEPT_SECONDS))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return generation
