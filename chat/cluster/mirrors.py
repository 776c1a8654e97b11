"""Generations of other replicas, each as a local log that any number of local readers follow.

A mirror begins with what lies in the generation's stream; then its writer pushes what comes, as long as it is
told that somebody follows. What is lost on the way is read from the stream, at the latest with the next beat.
Where the writer is dead, the log is sealed: whoever is first ends it for all. Where Redis is away for long,
the mirrors are lost, which their readers are told without an event: a later look begins anew.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterable, Sequence
from typing import Any

import anyio

from chat.cluster import wire
from chat.cluster.redis_channel import Command, RedisChannel
from chat.errors import ChatError, Interrupted, NotFound, Unreachable
from chat.generations.events import Event, error_event
from chat.generations.registry import Generation, GenerationLimits

READ_ENTRIES = 200  # of a stream at a time
UNUSED_SECONDS = 5.0  # without a reader, until a mirror is dropped; the answer goes on
ENDED_SECONDS = 30.0  # that one is kept after its end
REACH_SECONDS = 0.3  # that a reader who is ahead waits, before he is told whether there is more
STOP_SECONDS = 12.0  # longer than it takes to find a writer dead

INTERRUPTED = "The server that wrote this answer has stopped. Continue goes on."


class Mirror(Generation):
    """A log that another replica writes. Its only own fault is to be `lost`."""

    def __init__(
        self, id: str, about: wire.About, ask: Callable[[Mirror], Coroutine[Any, Any, None]]
    ) -> None:
        limits = GenerationLimits(abandoned_after=UNUSED_SECONDS)
        super().__init__(id, about.owner, about.owner, limits, self._note_end)
        self.is_elsewhere = True
        self.about = about
        self.ended = float("inf")  # the loop's time
        self.is_quiet = True  # nothing came since the last beat
        self.is_sealed = False
        self._ask_to_stop = ask
        self._arm()

    @property
    def ending_id(self) -> int:
        return wire.SEAL if self.is_sealed else self.last_id

    def place_of(self, after: int) -> int:
        """A reader who comes from another replica may be ahead of this one by some events: he waits for them.

        One who was ahead of all that a dead writer has published is told of the end: its id is behind all.
        """
        if not self.is_finished:
            return max(after, -1)
        return min(after, self.last_id - 1) if self.is_sealed else super().place_of(after)

    async def reach(self, after: int) -> None:
        with anyio.move_on_after(REACH_SECONDS):
            while self.last_id < after and not (self.is_finished or self.lost):
                await self._changed(None)

    def receive(self, first: int | None, events: Sequence[Event]) -> bool:
        """Append what is new of a batch; return False where something before it is missing."""
        place = self.last_id + 1 if first is None else first
        new = events[max(0, self.last_id + 1 - place) :]
        if place > self.last_id + 1:
            return False
        if new:
            self.is_quiet = False
            self._append(new)
        return True

    def lose(self, error: ChatError) -> None:
        """Tell every reader that no more comes here."""
        if not self.is_finished and self.lost is None:
            self.lost = error
            self._disarm()
            self._wake()

    def abandon(self) -> None:
        self.lose(Unreachable())

    async def wait(self) -> None:
        """Return when the ending is there. Raises Unreachable where it is lost."""
        while not self.is_finished:
            if self.lost:
                raise self.lost
            await self._changed(None)

    async def stop(self) -> None:
        """Ask the writer to end it; returns when the ending is here. Raises Unreachable."""
        self.enter()
        try:
            with anyio.move_on_after(STOP_SECONDS):
                if not self.is_finished:
                    await self._ask_to_stop(self)
                return await self.wait()
            raise Unreachable
        finally:
            self.leave()

    def _note_end(self, _: Generation) -> None:
        self.ended = asyncio.get_running_loop().time()


class Mirrors:
    """All mirrors of this process. me: its replica id. is_trusted: does a missing heart beat mean death?"""

    def __init__(
        self, link: RedisChannel, me: str, is_trusted: Callable[[], bool], on_sealed: Callable[[Mirror], None]
    ) -> None:
        self._link = link
        self._me = me
        self._is_trusted = is_trusted
        self._on_sealed = on_sealed
        self._mirrors: dict[str, Mirror] = {}
        self._opening: dict[str, asyncio.Task[Mirror]] = {}

    async def find(self, id: str, owner: str) -> Mirror:
        """Return the mirror of a generation, made where there is none. Raises NotFound, Unreachable."""
        mirror = self._mirrors.get(id)
        if mirror is None or mirror.lost:
            task = self._opening.get(id)
            if task is None:
                task = self._opening[id] = asyncio.create_task(self._open(id))
                task.add_done_callback(lambda done: self._opened(id, done))
            mirror = await asyncio.shield(task)
        if mirror.owner not in ("", owner):
            raise NotFound("There is no such answer, or it is no longer kept.")
        return mirror

    def push(self, message: bytes) -> list[Mirror]:
        """Take in what a writer sends; return the mirrors in which something before it is missing."""
        gaps = []
        for id, first, events in wire.read_pushes(message):
            mirror = self._mirrors.get(id)
            if mirror and not mirror.receive(first, events):
                gaps.append(mirror)
        return gaps

    async def beat(self) -> None:
        """Tell the writers who follows what; look where nothing is heard of one. Raises Unreachable."""
        now = asyncio.get_running_loop().time()
        for mirror in list(self._mirrors.values()):
            if mirror.lost or mirror.ended < now - ENDED_SECONDS:
                del self._mirrors[mirror.id]
        running = self._running()
        quiet = [mirror for mirror in running if mirror.is_quiet]
        for mirror in running:
            mirror.is_quiet = True
        await self.follow(running)
        for mirror in quiet:
            await self._catch_up(mirror)

    async def follow(self, mirrors: Iterable[Mirror]) -> None:
        """Ask the writers to push what comes; end the logs of those that are dead. Raises Unreachable."""
        writers: dict[str, list[Mirror]] = {}
        for mirror in mirrors:
            if not mirror.is_finished:
                writers.setdefault(mirror.about.replica, []).append(mirror)
        commands: list[Command] = []
        for replica, theirs in writers.items():
            wanted = {mirror.id: mirror.last_id for mirror in theirs}
            commands.append(("EXISTS", wire.alive_key(replica)))
            commands.append(("PUBLISH", wire.channel(replica), wire.pack_ask(follow=wanted, by=self._me)))
        replies = await self._link.run(commands) if commands else []
        for is_alive, theirs in zip(replies[::2], writers.values(), strict=True):
            if is_alive == 0 and self._is_trusted():
                for mirror in theirs:
                    await self._seal(mirror)

    def resume(self) -> list[Mirror]:
        """Return what must be followed anew once the channel is open."""
        return self._running()

    def lose_all(self) -> None:
        """Redis is gone for long: let every reader know, who may find the writer himself."""
        for mirror in self._running():
            mirror.lose(Unreachable())

    def _running(self) -> list[Mirror]:
        return [one for one in self._mirrors.values() if not (one.is_finished or one.lost)]

    def _opened(self, id: str, task: asyncio.Task[Mirror]) -> None:
        self._opening.pop(id, None)
        if not task.cancelled():
            task.exception()  # who asked may have left

    async def _open(self, id: str) -> Mirror:
        (reply,) = await self._link.run([("XRANGE", wire.stream_key(id), "-", "+", "COUNT", 1)])
        entry = wire.read_entry(*reply[0]) if isinstance(reply, list) and reply else None
        if entry is None or entry.about is None:
            raise NotFound("There is no such answer, or it is no longer kept.")
        mirror = Mirror(id, entry.about, self._ask_to_stop)
        await self._catch_up(mirror)
        self._mirrors[id] = mirror
        await self.follow([mirror])
        return mirror

    async def _catch_up(self, mirror: Mirror) -> None:
        """Read what the stream has and the mirror has not. Raises Unreachable."""
        while not mirror.is_finished:
            after = f"({mirror.last_id + 1}-0"
            key = wire.stream_key(mirror.id)
            (reply,) = await self._link.run([("XRANGE", key, after, "+", "COUNT", READ_ENTRIES)])
            if isinstance(reply, Exception):
                raise Unreachable
            for id, fields in reply:
                if mirror.is_finished:  # a push was faster
                    return
                entry = wire.read_entry(id, fields)
                mirror.is_sealed = entry.total == wire.SEAL  # and before its readers are woken
                if not mirror.receive(entry.first, entry.events):
                    return mirror.lose(Unreachable())
                if mirror.is_sealed:
                    self._on_sealed(mirror)
            if len(reply) < READ_ENTRIES:
                return

    async def _seal(self, mirror: Mirror) -> None:
        """End a log whose writer is dead. The id stands behind all others: one wins, all read the same."""
        ending = wire.pack_events([error_event(Interrupted(INTERRUPTED))])
        key = wire.stream_key(mirror.id)
        (reply,) = await self._link.run([("XADD", key, "NOMKSTREAM", f"{wire.SEAL}-0", wire.EVENTS, ending)])
        await self._catch_up(mirror)
        if not mirror.is_finished:  # Redis is full, or has lost the log: nobody can say how it ended
            mirror.lose(reply if isinstance(reply, ChatError) else Unreachable())

    async def _ask_to_stop(self, mirror: Mirror) -> None:
        await self._link.run(
            [("PUBLISH", wire.channel(mirror.about.replica), wire.pack_ask(stop=[mirror.id]))]
        )
        if self._mirrors.get(mirror.id) is mirror:
            await self.follow([mirror])
