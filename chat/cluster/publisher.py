"""This process's generations, copied to Redis as they grow: one task, one round trip a tick for all of them.

A local reader never waits for it. Where a write failed in whatever way (lost, refused, sent but not answered,
or Redis came back empty) the stream itself is asked how far it is, and what is missing is sent: all faults
are that one case. Knows no mirror.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from weakref import WeakKeyDictionary

import anyio

from chat.cluster import wire
from chat.cluster.redis_channel import PAUSE_SECONDS, Command, RedisChannel, Reply
from chat.errors import Unreachable
from chat.generations.registry import Generation

TICK_SECONDS = 0.02
OPENING_SECONDS = 0.3  # that a start may wait until other replicas can find it
BATCH_EVENTS = 2_000  # of one entry
SPARE_SECONDS = 120  # that a stream outlives a writer of whom nothing is heard, beside the retention
SPARE_ENTRIES = 1_000

log = logging.getLogger(__name__)


@dataclass(eq=False)
class Publication:
    """written: events known to be in the stream; None: it must be asked. pushed: events sent to followers.

    followers: replicas with readers of it, and until when (the loop's time) they have said so.
    """

    generation: Generation
    about: bytes
    written: int | None = 0
    pushed: int = 0
    followers: dict[str, float] = field(default_factory=dict)
    retry_at: float = 0.0
    packed: tuple[int, int, bytes] = (0, 0, b"")  # the newest batch: the same is written and pushed
    is_open: asyncio.Event = field(default_factory=asyncio.Event)

    def pack(self, start: int, end: int) -> bytes:
        """Return these events packed."""
        if self.packed[:2] != (start, end):
            self.packed = (start, end, wire.pack_events(self.generation.events[start:end]))
        return self.packed[2]

    @property
    def is_behind(self) -> bool:
        return self.written != len(self.generation.events)

    @property
    def is_over(self) -> bool:
        return self.generation.is_finished and not self.is_behind


class Publisher:
    """known: this process's generations, running and kept. retention: seconds, max_events: of one answer."""

    def __init__(
        self,
        link: RedisChannel,
        known: Callable[[], Mapping[str, Generation]],
        retention: float,
        max_events: int,
    ) -> None:
        self._link = link
        self._known = known
        self._ended_ms = int(max(retention, 60) * 1000)
        self._running_ms = int((retention + SPARE_SECONDS) * 1000)
        self._max_entries = max_events + SPARE_ENTRIES
        self._publications: dict[str, Publication] = {}
        self._abouts: WeakKeyDictionary[Generation, bytes] = WeakKeyDictionary()
        self._woken = asyncio.Event()

    def publish(self, generation: Generation, about: wire.About) -> None:
        """Publish it from now on."""
        self._abouts[generation] = wire.pack_about(about)
        self._add(generation, 0)

    async def wait_until_open(self, generation: Generation) -> None:
        """Return when others can find it, or cannot soon."""
        publication = self._publications.get(generation.id)
        if publication and self._link.away_since is None:
            with anyio.move_on_after(OPENING_SECONDS):
                await publication.is_open.wait()

    async def run(self) -> None:
        """Write what has gathered, tick by tick, for ever."""
        while True:
            with anyio.move_on_after(TICK_SECONDS if self._publications else None):
                await self._woken.wait()
            self._woken.clear()
            try:
                await self.flush()
            except Unreachable:
                for publication in self._publications.values():
                    publication.written = None
                await asyncio.sleep(PAUSE_SECONDS)

    async def flush(self) -> None:
        """Write and push what has gathered. Raises Unreachable."""
        now = asyncio.get_running_loop().time()
        due = [one for one in self._publications.values() if one.retry_at <= now]
        await self._locate([one for one in due if one.written is None])
        writing = [one for one in due if one.written is not None and one.is_behind]
        writes = [self._write(one) for one in writing]
        pushes = self._pushes()
        if writes or pushes:
            replies = await self._link.run([*(command for command, _ in writes), *pushes])
            for publication, (_, count), reply in zip(writing, writes, replies, strict=False):
                self._note(publication, count, reply)
        ended = [one for one in due if one.is_over]
        if ended:
            await self._link.run([self._expire(one, self._ended_ms) for one in ended])
        for one in ended:
            self._drop(one)

    def republish(self) -> None:
        """Redis has come back without what was there: send all that is still known."""
        for generation in self._known().values():
            if generation in self._abouts:
                self._add(generation, None)

    async def refresh(self) -> None:
        """Keep the streams of answers in which nothing happens; forget followers of whom nothing is heard."""
        now = asyncio.get_running_loop().time()
        for one in self._publications.values():
            gone = [replica for replica, until in one.followers.items() if until < now]
            for replica in gone:
                self._leave(one, replica)
        commands = [self._expire(one, self._running_ms) for one in self._publications.values()]
        if commands:
            await self._link.run(commands)

    async def follow(self, replica: str, wanted: Mapping[str, int], until: float) -> None:
        """Push these to a replica until it is heard no more: the events after the one that it has."""
        parts = []
        for id, after in wanted.items():
            publication = self._publications.get(id)
            generation = publication.generation if publication else self._known().get(id)
            if generation is None:
                continue
            if publication and not publication.followers:
                # Never what is not in the stream yet: it must be what any other reader finds there.
                publication.pushed = after + 1 if publication.written is None else publication.written
                generation.enter()
            if publication:
                publication.followers[replica] = until
            at = publication.pushed if publication else len(generation.events)
            for start in range(after + 1, at, BATCH_EVENTS):
                packed = wire.pack_events(generation.events[start : min(at, start + BATCH_EVENTS)])
                parts.append(wire.pack_push(id, start, packed))
        if parts:
            await self._link.run([_send(replica, [part]) for part in parts])

    def _add(self, generation: Generation, written: int | None) -> Publication:
        publication = self._publications.get(generation.id)
        if publication is None:
            publication = Publication(generation, self._abouts[generation], written)
            self._publications[generation.id] = publication
        publication.written = written
        self._woken.set()
        return publication

    def _drop(self, publication: Publication) -> None:
        self._publications.pop(publication.generation.id, None)
        publication.is_open.set()
        for replica in list(publication.followers):
            self._leave(publication, replica)

    def _leave(self, publication: Publication, replica: str) -> None:
        del publication.followers[replica]
        if not publication.followers:
            publication.generation.leave()

    async def _locate(self, unknown: Sequence[Publication]) -> None:
        """Ask the streams how far they are. One that others have sealed is theirs: no more is written."""
        commands: list[Command] = [
            ("XREVRANGE", wire.stream_key(one.generation.id), "+", "-", "COUNT", 1) for one in unknown
        ]
        for one, reply in zip(unknown, await self._link.run(commands) if commands else (), strict=True):
            if isinstance(reply, Exception):
                self._wait(one, reply)
            elif reply and wire.read_entry(*reply[0]).total == wire.SEAL:
                log.warning("generation %s was taken for dead by the other replicas", one.generation.id)
                self._drop(one)
            else:
                one.written = wire.read_entry(*reply[0]).total if reply else 0

    def _write(self, publication: Publication) -> tuple[Command, int]:
        """Return the command that adds what is missing, and how many events are there with it."""
        written = publication.written or 0
        count = min(len(publication.generation.events), written + BATCH_EVENTS)
        # A stream that was there and is not any more must not begin in its middle.
        existing = ("NOMKSTREAM",) if written else ()
        about = () if written else (wire.ABOUT, publication.about)
        head = ("XADD", wire.stream_key(publication.generation.id), *existing, "MAXLEN", "~")
        packed = publication.pack(written, count)
        return (*head, self._max_entries, b"%d-0" % count, wire.EVENTS, packed, *about), count

    def _note(self, publication: Publication, count: int, reply: Reply) -> None:
        if isinstance(reply, bytes):
            publication.written = count
            publication.is_open.set()
        else:
            publication.written = None
            if isinstance(reply, Exception):
                self._wait(publication, reply)

    def _wait(self, publication: Publication, refusal: Exception) -> None:
        log.warning("Redis does not take an answer's events: %s", str(refusal)[:80])
        publication.retry_at = asyncio.get_running_loop().time() + PAUSE_SECONDS

    def _pushes(self) -> list[Command]:
        """Return what goes to followers, a message for each replica. Also where Redis is full."""
        parts: dict[str, list[bytes]] = {}
        for one in self._publications.values():
            end = min(len(one.generation.events), one.pushed + BATCH_EVENTS)
            if one.followers and one.pushed < end:
                part = wire.pack_push(one.generation.id, one.pushed, one.pack(one.pushed, end))
                one.pushed = end
                for replica in one.followers:
                    parts.setdefault(replica, []).append(part)
        return [_send(replica, those) for replica, those in parts.items()]

    def _expire(self, publication: Publication, milliseconds: int) -> Command:
        return ("PEXPIRE", wire.stream_key(publication.generation.id), milliseconds)


def _send(replica: str, parts: Iterable[bytes]) -> Command:
    return ("PUBLISH", wire.channel(replica), wire.PUSH + b"".join(parts))
