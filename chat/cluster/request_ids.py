"""Idempotency keys: the same request id never starts a second answer, on any replica.

Knows no HTTP: a key is the caller and the id that the client chose.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
from collections.abc import Awaitable, Callable, Hashable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import anyio

from chat.errors import ChatError, HistoryUnavailable, NotFound, Unreachable
from chat.generations.generation import Generation
from chat.history.entities import RequestClaim
from chat.history.stores import Stores
from chat.ids import new_id
from chat.visitors import Guest, Network, Visitor

if TYPE_CHECKING:
    from chat.cluster.replica import Replica

KEPT = 100_000  # keys remembered
GUESSABLE_CHARACTERS = 20  # a shorter id of an anonymous caller finds nothing: another could guess it
STARTING_SECONDS = 30.0  # longest start for which another replica waits
KEPT_SECONDS = 86_400.0
POLL_SECONDS = 0.05
DATABASE_SECONDS = 2.0  # longest wait for the database
RESUMED_SECONDS = 600.0  # for which an answer that cannot be found may be on a replica that nothing names

Key = tuple[Hashable, str]
Start = Callable[[str], Awaitable[Generation]]  # takes the id of the generation to start
Find = Callable[[str], Awaitable[Generation]]


class RequestIds:
    """replica, stores: share the keys between processes; replica None: this is the only process.

    Redis tells quickly which process is starting an answer. The database decides: it keeps the keys if Redis
    is full or comes back empty. If one of the two does not answer, the other is enough.
    """

    def __init__(self, replica: Replica | None = None, stores: Stores | None = None) -> None:
        self._replica = replica
        self._stores = stores
        self._starting: dict[Key, asyncio.Future[str]] = {}
        self._started: dict[Key, str] = {}  # only ids: a future would keep its context alive
        self._tasks: set[asyncio.Task[None]] = set()

    async def once(self, visitor: Visitor, request_id: str, start: Start, find: Find) -> Generation:
        """Start the answer of this request, or return the one that it has started. Raises ChatError."""
        key = find_key(visitor, request_id)
        generation = await (self._once(key, start, find) if key else start(new_id()))
        if visitor.issued_secret:  # sent back with the same id, it finds the same answer, from any network
            self._note((Guest.of(visitor.issued_secret), request_id), generation.id)
        return generation

    async def find(self, visitor: Visitor, request_id: str, find: Find) -> Generation | None:
        """Return what this request has started in this process, or None. Raises ChatError."""
        key = find_key(visitor, request_id)
        return await self._find(key, find) if key else None

    async def _find(self, key: Key, find: Find) -> Generation | None:
        if key in self._starting:
            return await find(await asyncio.shield(self._starting[key]))
        if key in self._started:
            return await find(self._started[key])
        return None

    async def _once(self, key: Key, start: Start, find: Find) -> Generation:
        if known := await self._find(key, find):
            return known
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

    def _note(self, key: Key, generation_id: str) -> None:
        self._remember(key, generation_id)
        if self._replica:
            self._keep_claim(self._replica, _name(key), generation_id)

    def _keep_claim(self, replica: Replica, name: str, generation_id: str) -> None:
        """Write the claim beside the answer: the caller does not wait for it."""
        task = asyncio.create_task(self._keep_claims(replica, name, generation_id))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _keep_claims(self, replica: Replica, name: str, generation_id: str) -> None:
        await replica.keep_claim(name, f"started {generation_id}", KEPT_SECONDS)
        if self._stores:
            with contextlib.suppress(HistoryUnavailable):
                await self._stores.kept.claim_request(name, generation_id, STARTING_SECONDS)
                await self._stores.kept.start_request(name)

    def _remember(self, key: Key, generation_id: str) -> None:
        while len(self._started) >= KEPT:
            del self._started[next(iter(self._started))]
        self._started[key] = generation_id

    async def _once_on_all_replicas(self, key: Key, start: Start, find: Find) -> Generation:
        id = new_id()
        if self._replica is None:
            return await start(id)
        name = _name(key)
        while True:
            state, _, holder = (
                await self._replica.claim(name, f"starting {id}", STARTING_SECONDS)
            ).partition(" ")
            if holder == id:
                stored = await self._claim_stored(name, id)
                if stored is None or stored.generation_id == id:
                    return await self._start_claimed(name, id, start, self._replica)
                if stored.is_started:
                    self._keep_claim(self._replica, name, stored.generation_id)
                    return await _find_stored(stored, find)
            elif state == "started":
                return await find(holder)
            await asyncio.sleep(POLL_SECONDS)  # another replica is starting it

    async def _claim_stored(self, name: str, id: str) -> RequestClaim | None:
        """Return the claim that the database has; None if it does not answer."""
        claim = None
        if self._stores:
            with contextlib.suppress(HistoryUnavailable), anyio.move_on_after(DATABASE_SECONDS):
                claim = await self._stores.kept.claim_request(name, id, STARTING_SECONDS)
        return claim

    async def _start_claimed(self, name: str, id: str, start: Start, replica: Replica) -> Generation:
        try:
            generation = await start(id)
        except BaseException:
            with anyio.CancelScope(shield=True):
                await replica.release(name)
                if self._stores:
                    with contextlib.suppress(HistoryUnavailable), anyio.move_on_after(DATABASE_SECONDS):
                        await self._stores.kept.release_request(name, id)
            raise
        self._keep_claim(replica, name, id)
        return generation


async def _find_stored(claim: RequestClaim, find: Find) -> Generation:
    """Return the generation of a claim. Raises Unreachable if only its writer may know it by now."""
    try:
        return await find(claim.generation_id)
    except NotFound:
        if datetime.now(UTC) - claim.created < timedelta(seconds=RESUMED_SECONDS):
            raise Unreachable from None
        raise


def find_key(visitor: Visitor, request_id: str) -> Key | None:
    """Return the key that finds the answer of a request id; None: the id finds none.

    An anonymous caller has nothing but its network and the id, so that the id must be hard to guess.
    """
    if visitor.identity:
        return visitor.identity, request_id
    if len(request_id) < GUESSABLE_CHARACTERS:
        return None
    return visitor.network or Network(""), request_id


def _name(key: Key) -> str:
    return "request:" + hashlib.sha256(repr(key).encode()).hexdigest()
