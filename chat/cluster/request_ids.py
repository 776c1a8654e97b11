"""Which answer a client's request id stands for: the same id never starts a second one, on any replica.

Knows no HTTP: an id is a name that somebody chose, together with who he is.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

import anyio

from chat.errors import ChatError
from chat.generations.registry import Generation
from chat.ids import new_id

if TYPE_CHECKING:
    from chat.cluster.replica import Replica

KEPT = 100_000  # ids that are remembered
STARTING_SECONDS = 30.0  # that a start may take while another replica waits for it
KEPT_SECONDS = 86_400.0
POLL_SECONDS = 0.05

Key = tuple[str, str]
Start = Callable[[str], Awaitable[Generation]]  # with the id that the generation is to have
Find = Callable[[str], Awaitable[Generation]]


class RequestIds:
    """replica: through which the ids are shared; None: this process is alone."""

    def __init__(self, replica: Replica | None = None) -> None:
        self._replica = replica
        self._starting: dict[Key, asyncio.Future[str]] = {}
        self._started: dict[Key, str] = {}  # ids alone: a future would keep the context it was made in
        self._tasks: set[asyncio.Task[None]] = set()

    async def once(self, key: Key, start: Start, find: Find) -> Generation:
        """Start the answer of this request, or find the one that it has started. Raises ChatError."""
        if key in self._starting:
            return await find(await asyncio.shield(self._starting[key]))
        if key in self._started:
            return await find(self._started[key])
        self._starting[key] = starting = asyncio.get_running_loop().create_future()
        starting.add_done_callback(lambda done: done.cancelled() or done.exception())
        try:
            generation = await self._once_for_all(key, start, find)
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

    async def _once_for_all(self, key: Key, start: Start, find: Find) -> Generation:
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
            await asyncio.sleep(POLL_SECONDS)  # another replica is about to start it, or fails to

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
