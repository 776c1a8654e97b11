"""Generations of other replicas, each as a local log with any number of local subscribers.

A mirror begins with the events in the generation's stream. Then the writer pushes new events, as long as
this replica says that it follows. Lost pushes are read from the stream, at the latest with the next
heartbeat. If the writer is dead, the log is sealed: the first replica that notices writes the ending for
all. If Redis is away for long, the mirrors are lost: their subscribers get an error that is not an event,
and the next request opens a new mirror.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Coroutine, Iterable, Sequence
from typing import Any

import anyio

from chat.cluster import wire
from chat.cluster.redis_channel import Command, RedisChannel
from chat.errors import ChatError, Interrupted, NotFound, Unreachable
from chat.generations.events import Event, error_event
from chat.generations.generation import Generation, GenerationLimits
from chat.visitors import Visitor

READ_ENTRIES = 200  # of a stream at a time
READ_STREAMS = 20  # in one round trip
UNUSED_SECONDS = 5.0  # without a subscriber until a mirror is dropped; the answer goes on
ENDED_SECONDS = 30.0  # that a mirror is kept after its end
REACH_SECONDS = 0.3  # longest wait of a subscriber that is ahead of the mirror
STOP_SECONDS = 12.0  # longer than the detection of a dead writer takes
STOP_PAUSE_SECONDS = 0.5  # until a stop is sent again
STOP_KEPT_SECONDS = 3600.0  # for a writer that seems dead

SLOW_SECONDS = 20.0  # without a heartbeat, although Redis has a connection of the writer

INTERRUPTED = "The server that wrote this answer has stopped. Continue goes on."


class Mirror(Generation):
    """A log that another replica writes. Its only fault of its own is to be `lost`."""

    def __init__(
        self, id: str, about: wire.About, stop_writer: Callable[[Mirror], Coroutine[Any, Any, None]]
    ) -> None:
        limits = GenerationLimits(abandoned_after=UNUSED_SECONDS)
        super().__init__(id, about.owner, Visitor(), limits, self._note_end)
        self.is_elsewhere = True
        self.about = about
        self.ended = float("inf")  # loop time
        self.is_quiet = True  # no event since the last heartbeat
        self.is_sealed = False
        self.is_stop_confirmed = False  # the writer has received a stop
        self._stop_writer = stop_writer
        self._abandonment.begin()

    @property
    def is_held(self) -> bool:
        return self._abandonment.has_subscribers

    @property
    def ending_id(self) -> int:
        return wire.SEAL if self.is_sealed else self.last_id

    def place_of(self, after: int) -> int:
        """Return `after` unchanged while the log grows, within the log afterwards.

        A subscriber that comes from another replica may be ahead of this mirror by some events, and waits for
        them. If it is ahead of everything that a dead writer published, it still receives the ending, whose
        id is beyond all others.
        """
        if not self.is_finished:
            return max(after, -1)
        return min(after, self.last_id - 1) if self.is_sealed else super().place_of(after)

    def is_read(self, after: int) -> bool:
        return self.is_finished and after >= self.ending_id

    async def reach(self, after: int) -> None:
        with anyio.move_on_after(REACH_SECONDS):
            while self.last_id < after and not (self.is_finished or self.lost):
                await self._wait_for_append(None)

    def receive(self, first: int | None, events: Sequence[Event]) -> bool:
        """Append the new events of a batch. Return False if events before the batch are missing."""
        place = self.last_id + 1 if first is None else first
        new = events[max(0, self.last_id + 1 - place) :]
        if place > self.last_id + 1:
            return False
        if new:
            self.is_quiet = False
            self._append(new)
        return True

    def lose(self, error: ChatError) -> None:
        """Raise `error` in every subscriber: this log does not go on here."""
        if not self.is_finished and self.lost is None:
            self.lost = error
            self._abandonment.close()
            self._wake()

    def abandon(self) -> None:
        self.lose(Unreachable())

    async def wait(self) -> None:
        """Return when the ending is in the log. Raises Unreachable if the mirror is lost."""
        while not self.is_finished:
            if self.lost:
                raise self.lost
            await self._wait_for_append(None)

    async def stop(self) -> None:
        """Stop the writer, and return when the ending is in the log. Raises Unreachable.

        The writer of a sealed log may be alive: this returns when it has confirmed the stop, or is dead.
        """
        with self.hold():
            with anyio.move_on_after(STOP_SECONDS):
                return await self._stop_writer(self)
            raise Unreachable

    def confirm_stop(self) -> None:
        """Note that the writer has received a stop."""
        self.is_stop_confirmed = True
        self._wake()

    @property
    def is_stopped(self) -> bool:
        """Whether the writer writes no more."""
        return self.is_finished and (self.is_stop_confirmed or not self.is_sealed)

    async def wait_until_stopped(self, seconds: float) -> None:
        """Return when the writer writes no more, or after so many seconds. Raises Unreachable."""
        with anyio.move_on_after(seconds):
            while not self.is_stopped:
                if self.lost:
                    raise self.lost
                await self._wait_for_append(None)

    def _note_end(self, _: Generation) -> None:
        self.ended = asyncio.get_running_loop().time()


class Mirrors:
    """All mirrors of this process. me: its replica id. is_trusted: does a missing heartbeat mean death?

    is_restored: whether Redis may have been empty, away or full just now, so that it lacks what was begun.
    """

    def __init__(
        self,
        redis: RedisChannel,
        names: wire.Names,
        me: str,
        is_trusted: Callable[[], bool],
        is_restored: Callable[[], bool],
        on_sealed: Callable[[Mirror], None],
    ) -> None:
        self._redis = redis
        self._names = names
        self._me = me
        self._is_trusted = is_trusted
        self._is_restored = is_restored
        self._on_sealed = on_sealed
        self._mirrors: dict[str, Mirror] = {}
        self._opening: dict[str, asyncio.Task[Mirror]] = {}
        self._silent_since: dict[str, float] = {}  # by replica, loop time since its heartbeat is missing

    async def find(self, id: str, owner: str) -> Mirror:
        """Return the mirror of a generation; open it if there is none. Raises NotFound, Unreachable."""
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

    def receive(self, message: bytes) -> list[Mirror]:
        """Append the pushes of a message. Return the mirrors in which earlier events are missing."""
        gaps = []
        for id, first, events in wire.read_pushes(message):
            mirror = self._mirrors.get(id)
            if mirror and not mirror.receive(first, events):
                gaps.append(mirror)
        return gaps

    async def refresh(self) -> None:
        """Renew the subscriptions at the writers; read quiet streams directly. Raises Unreachable."""
        now = asyncio.get_running_loop().time()
        for mirror in list(self._mirrors.values()):
            if mirror.lost or (mirror.ended < now - ENDED_SECONDS and not mirror.is_held):
                del self._mirrors[mirror.id]
        running = self._running()
        writers = {mirror.about.replica for mirror in running}
        self._silent_since = {id: since for id, since in self._silent_since.items() if id in writers}
        quiet = [mirror for mirror in running if mirror.is_quiet]
        for mirror in running:
            mirror.is_quiet = True
        await self.follow(running)
        await self._catch_up(quiet)

    async def follow(self, mirrors: Iterable[Mirror]) -> None:
        """Subscribe at the writers to new events; seal the logs of dead writers. Raises Unreachable."""
        writers: dict[str, list[Mirror]] = {}
        for mirror in mirrors:
            if not mirror.is_finished:
                writers.setdefault(mirror.about.replica, []).append(mirror)
        commands: list[Command] = [("EXISTS", self._names.alive(self._me))]
        for replica, theirs in writers.items():
            wanted = {mirror.id: mirror.last_id for mirror in theirs}
            commands.append(("EXISTS", self._names.alive(replica)))
            commands.append(
                ("PUBLISH", self._names.channel(replica), wire.pack_command(follow=wanted, by=self._me))
            )
        if not writers:
            return
        mine, *replies = await self._redis.run(commands)
        # Without this replica's own heartbeat, Redis has come back empty: a missing one says nothing.
        can_tell = mine == 1 and self._is_trusted()
        for (writer, theirs), is_alive, heard in zip(
            writers.items(), replies[::2], replies[1::2], strict=True
        ):
            if self._is_dead(
                writer, is_silent=can_tell and is_alive == 0, is_connected=heard not in (0, None)
            ):
                await self._seal(theirs)

    def _is_dead(self, writer: str, *, is_silent: bool, is_connected: bool) -> bool:
        """Whether a writer without a heartbeat has ended: a busy one still holds its channel open."""
        if not is_silent:
            self._silent_since.pop(writer, None)
            return False
        now = asyncio.get_running_loop().time()
        if is_connected and now - self._silent_since.setdefault(writer, now) < SLOW_SECONDS:
            return False
        self._silent_since.pop(writer, None)
        return True

    def resume(self) -> list[Mirror]:
        """Return the mirrors to follow again after the channel was opened."""
        return self._running()

    def lose_all(self) -> None:
        """End all mirrors as unreachable: Redis is away for long. A client may find the writer itself."""
        for mirror in self._running():
            mirror.lose(Unreachable())

    def _running(self) -> list[Mirror]:
        return [one for one in self._mirrors.values() if not (one.is_finished or one.lost)]

    def _opened(self, id: str, task: asyncio.Task[Mirror]) -> None:
        self._opening.pop(id, None)
        if not task.cancelled():
            task.exception()  # retrieved, because the caller may have left

    async def _open(self, id: str) -> Mirror:
        key = self._names.events(id)
        mine, room = self._names_beside(key)
        first = ("XRANGE", key, "-", "+", "COUNT", 1)
        probe = ("SET", room, 1, "PX", 1)  # a full Redis refuses it: see failed_at
        reply, is_mine, _ = await self._redis.run([first, ("EXISTS", mine), probe])
        entry = wire.read_entry(*reply[0]) if isinstance(reply, list) and reply else None
        if entry is None or entry.about is None:
            if is_mine != 1 or self._is_restored():  # its writer may be about to send it, or to send it again
                raise Unreachable
            raise NotFound("There is no such answer, or it is no longer kept.")
        mirror = Mirror(id, entry.about, self._stop)
        await self._catch_up([mirror])
        self._mirrors[id] = mirror
        await self.follow([mirror])
        return mirror

    def _names_beside(self, key: str) -> tuple[str, str]:
        """Return a key of this replica that is lost with another key, and one that needs the same room."""
        if self._redis.is_cluster:
            tag = self._redis.tag_of(key)
            return self._names.mark(self._me, tag), self._names.mark("room", tag)
        return self._names.alive(self._me), self._names.claim("room")

    async def _catch_up(self, mirrors: Sequence[Mirror]) -> None:
        """Append the events that the streams have and these mirrors lack. Raises Unreachable."""
        behind = list(mirrors)
        while behind:
            some = [mirror for mirror in behind[:READ_STREAMS] if not mirror.is_finished]
            replies = await self._redis.run([self._read_on(mirror) for mirror in some]) if some else ()
            more = [one for one, reply in zip(some, replies, strict=True) if self._take_entries(one, reply)]
            behind = more + behind[READ_STREAMS:]

    def _read_on(self, mirror: Mirror) -> Command:
        key = self._names.events(mirror.id)
        return ("XRANGE", key, f"({mirror.last_id + 1}-0", "+", "COUNT", READ_ENTRIES)

    def _take_entries(self, mirror: Mirror, reply: Any) -> bool:
        """Append what was read of a stream. Return whether there may be more. Raises Unreachable."""
        if isinstance(reply, Exception):
            raise Unreachable
        for id, fields in reply:
            if mirror.is_finished:  # by a push in the meantime
                return False
            entry = wire.read_entry(id, fields)
            mirror.is_sealed = entry.total == wire.SEAL  # set before its subscribers wake
            if not mirror.receive(entry.first, entry.events):
                mirror.lose(Unreachable())
                return False
            if mirror.is_sealed:
                self._on_sealed(mirror)
        return len(reply) == READ_ENTRIES

    async def _seal(self, mirrors: Sequence[Mirror]) -> None:
        """Write the ending of a dead writer's logs. Its id is beyond all others: the first replica wins."""
        ending = wire.pack_events([error_event(Interrupted(INTERRUPTED))])
        keys = [self._names.events(mirror.id) for mirror in mirrors]
        seals = [("XADD", key, "NOMKSTREAM", f"{wire.SEAL}-0", wire.EVENTS, ending) for key in keys]
        replies = await self._redis.run(seals)
        await self._catch_up(mirrors)
        for mirror, reply in zip(mirrors, replies, strict=True):
            if not mirror.is_finished:  # Redis is full, or has lost the log: the ending is unknown
                mirror.lose(reply if isinstance(reply, ChatError) else Unreachable())

    def confirm_stops(self, ids: Iterable[str]) -> None:
        """Note that a writer has received stops of these generations."""
        for id in ids:
            if mirror := self._mirrors.get(id):
                mirror.confirm_stop()

    async def _stop(self, mirror: Mirror) -> None:
        """Send a stop until it has arrived: the writer's channel may be cut just now.

        A writer that seems dead may only have stood still, and opens its channel in a moment. It reads then
        what is kept; one that opened it before has got the stop that is sent after that.
        """
        kept = ("SET", self._names.stop(mirror.id), 1, "PX", int(STOP_KEPT_SECONDS * 1000))
        while not mirror.is_stopped:
            with contextlib.suppress(Unreachable):
                if not await self._send_stop(mirror) and mirror.is_sealed:
                    await self._redis.run([kept])
                    if not await self._send_stop(mirror):
                        return
            await mirror.wait_until_stopped(STOP_PAUSE_SECONDS)

    async def _send_stop(self, mirror: Mirror) -> bool:
        """Send one stop. Return False if the writer is dead. Raises Unreachable."""
        writer = mirror.about.replica
        command = wire.pack_command(stop=[mirror.id], by=self._me)
        published = ("PUBLISH", self._names.channel(writer), command)
        receivers, is_alive = await self._redis.run([published, ("EXISTS", self._names.alive(writer))])
        if self._mirrors.get(mirror.id) is mirror:
            await self.follow([mirror])
        return bool(receivers or is_alive)
