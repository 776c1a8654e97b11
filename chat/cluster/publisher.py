"""The generations of this process, copied to Redis as they grow: one task, one round trip per tick for all.

A local subscriber never waits for it. All faults of a write are one case: whether it was lost, refused,
sent but not answered, or Redis came back empty, the publisher queries the newest id of the stream and sends
what is missing. Knows no mirror.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from weakref import WeakKeyDictionary

import anyio

from chat.cluster import wire
from chat.cluster.redis_channel import PAUSE_SECONDS, Command, RedisChannel, Reply
from chat.errors import Unreachable
from chat.generations.generation import Generation

TICK_SECONDS = 0.02
OPENING_SECONDS = 10.0  # longest wait of a start until other replicas can find it: this process is slow
BATCH_EVENTS = 2_000  # in one entry
SPARE_SECONDS = 120  # beside the retention, that a stream outlives a silent writer
SPARE_ENTRIES = 1_000

log = logging.getLogger(__name__)


@dataclass(eq=False)
class Publication:
    """A generation with the state of its stream.

    written: number of events known to be in the stream; None: unknown, query the stream. pushed: number of
    events sent to followers. followers: replicas with subscribers of it, each with the loop time until which
    its subscription lasts. is_settled: others can find it, or Redis is away or has refused it.
    """

    generation: Generation
    about: bytes
    written: int | None = 0
    pushed: int = 0
    followers: dict[str, float] = field(default_factory=dict)
    retry_at: float = 0.0
    packed: tuple[int, int, bytes] = (0, 0, b"")  # the newest batch, which is both written and pushed
    is_settled: asyncio.Event = field(default_factory=asyncio.Event)

    def pack(self, start: int, end: int) -> bytes:
        """Return the events from `start` to `end`, packed."""
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
    """known: generations of this process, running and kept. retention: seconds. max_events: per answer."""

    def __init__(
        self,
        redis: RedisChannel,
        names: wire.Names,
        known: Callable[[], Mapping[str, Generation]],
        retention: float,
        max_events: int,
    ) -> None:
        self._redis = redis
        self._names = names
        self._known = known
        self._ended_ms = int(max(retention, 60) * 1000)
        self._running_ms = int((retention + SPARE_SECONDS) * 1000)
        self._max_entries = max_events + SPARE_ENTRIES
        self._publications: dict[str, Publication] = {}
        self._abouts: WeakKeyDictionary[Generation, bytes] = WeakKeyDictionary()
        self._woken = asyncio.Event()
        self._outages = 0  # of Redis, after which the state of each stream was looked at

    def publish(self, generation: Generation, about: wire.About) -> None:
        """Publish a generation from now on."""
        self._abouts[generation] = wire.pack_about(about)
        generation.find_seal = self.find_seal  # no reference to itself: it is freed without a collector
        self._add(generation, 0)

    async def find_seal(self, generation: Generation) -> None:
        """Note after which event other replicas have ended this log, if they have. Raises Unreachable."""
        (reply,) = await self._redis.run([self._newest(generation)])
        if isinstance(reply, Exception):
            raise Unreachable
        _note_seal(generation, reply)

    async def wait_until_open(self, generation: Generation) -> None:
        """Return when other replicas can find it, or will not soon."""
        publication = self._publications.get(generation.id)
        if publication and self._redis.away_since is None:
            with anyio.move_on_after(OPENING_SECONDS):
                await publication.is_settled.wait()

    async def run(self) -> None:
        """Flush once per tick, for ever."""
        while True:
            with anyio.move_on_after(TICK_SECONDS if self._publications else None):
                await self._woken.wait()
            self._woken.clear()
            try:
                await self.flush()
            except Unreachable:
                for publication in self._publications.values():
                    publication.written = None
                    publication.is_settled.set()
                await asyncio.sleep(PAUSE_SECONDS)

    async def flush(self) -> None:
        """Write and push all new events. Raises Unreachable."""
        now = asyncio.get_running_loop().time()
        if (
            self._outages != self._redis.outages
        ):  # also if another task noticed it: a failover loses the newest
            self._outages = self._redis.outages
            for one in self._publications.values():
                one.written = None
        due = [one for one in self._publications.values() if one.retry_at <= now]
        await self._locate([one for one in due if one.written is None])
        await self._write_and_push(due)
        await self._retire([one for one in due if one.is_over])

    async def _write_and_push(self, due: Sequence[Publication]) -> None:
        """Send the writes of these publications and the pushes of all in one round trip."""
        writing = [one for one in due if one.written is not None and one.is_behind]
        writes = [self._write(one) for one in writing]
        pushes = self._pushes()
        if writes or pushes:
            replies = await self._redis.run([*(command for command, _ in writes), *pushes])
            for publication, (_, count), reply in zip(writing, writes, replies, strict=False):
                self._note_reply(publication, count, reply)

    async def _retire(self, ended: Sequence[Publication]) -> None:
        """Let the streams of ended generations expire, and stop publishing them."""
        if ended:
            await self._redis.run([self._expire(one, self._ended_ms) for one in ended])
        for one in ended:
            self._drop(one)

    def republish(self) -> None:
        """Publish every known generation again: Redis has come back empty."""
        for generation in self._known().values():
            if generation in self._abouts:
                self._add(generation, None)

    async def refresh(self) -> None:
        """Extend the lifetime of every stream, and drop followers whose subscription has run out."""
        now = asyncio.get_running_loop().time()
        for one in self._publications.values():
            gone = [replica for replica, until in one.followers.items() if until < now]
            for replica in gone:
                self._remove_follower(one, replica)
        commands = [self._expire(one, self._running_ms) for one in self._publications.values()]
        if commands:
            await self._redis.run(commands)

    async def follow(self, replica: str, wanted: Mapping[str, int], until: float) -> None:
        """Push generations to a replica until loop time `until`. wanted: id -> the last event that it has."""
        parts: list[bytes] = []
        for id, after in wanted.items():
            publication = self._publications.get(id)
            generation = publication.generation if publication else self._known().get(id)
            if publication:
                self._add_follower(publication, replica, after, until)
            if generation:
                end = publication.pushed if publication else len(generation.events)
                parts += _pack_range(generation, after + 1, end)
        if parts:
            await self._redis.run([self._push(replica, [part]) for part in parts])

    def _add_follower(self, publication: Publication, replica: str, after: int, until: float) -> None:
        if not publication.followers:
            # Only events that are in the stream: a push must be what every other subscriber finds there.
            publication.pushed = after + 1 if publication.written is None else publication.written
            publication.generation.add_subscriber()
        publication.followers[replica] = until

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
        publication.is_settled.set()
        for replica in list(publication.followers):
            self._remove_follower(publication, replica)

    def _remove_follower(self, publication: Publication, replica: str) -> None:
        del publication.followers[replica]
        if not publication.followers:
            publication.generation.remove_subscriber()

    async def _locate(self, unknown: Sequence[Publication]) -> None:
        """Query the newest id of these streams. A sealed one belongs to the others: it is written no more."""
        commands = [self._newest(one.generation) for one in unknown]
        for one, reply in zip(unknown, await self._redis.run(commands) if commands else (), strict=True):
            if isinstance(reply, Exception):
                self._retry_later(one, reply)
            elif _note_seal(one.generation, reply):
                log.warning(
                    "another replica sealed generation %s: it took this process for dead", one.generation.id
                )
                self._drop(one)
            else:
                one.written = wire.read_entry(*reply[0]).total if reply else 0

    def _write(self, publication: Publication) -> tuple[Command, int]:
        """Return the command that adds the missing events, and the length of the stream with them."""
        written = publication.written or 0
        count = min(len(publication.generation.events), written + BATCH_EVENTS)
        # A stream that has disappeared must not begin again in its middle.
        existing = ("NOMKSTREAM",) if written else ()
        about = () if written else (wire.ABOUT, publication.about)
        head = ("XADD", self._names.events(publication.generation.id), *existing, "MAXLEN", "~")
        packed = publication.pack(written, count)
        return (*head, self._max_entries, b"%d-0" % count, wire.EVENTS, packed, *about), count

    def _note_reply(self, publication: Publication, count: int, reply: Reply) -> None:
        if isinstance(reply, bytes):
            publication.written = count
            publication.is_settled.set()
        else:
            publication.written = None
            if isinstance(reply, Exception):
                self._retry_later(publication, reply)

    def _retry_later(self, publication: Publication, refusal: Exception) -> None:
        log.warning("Redis refuses the events of an answer: %s", str(refusal)[:80])
        publication.retry_at = asyncio.get_running_loop().time() + PAUSE_SECONDS
        publication.is_settled.set()

    def _pushes(self) -> list[Command]:
        """Return the new events for followers, one message per replica. A full Redis still delivers these."""
        parts: dict[str, list[bytes]] = {}
        for one in self._publications.values():
            end = min(len(one.generation.events), one.pushed + BATCH_EVENTS)
            if one.followers and one.pushed < end:
                part = wire.pack_push(one.generation.id, one.pushed, one.pack(one.pushed, end))
                one.pushed = end
                for replica in one.followers:
                    parts.setdefault(replica, []).append(part)
        return [self._push(replica, those) for replica, those in parts.items()]

    def _newest(self, generation: Generation) -> Command:
        return ("XREVRANGE", self._names.events(generation.id), "+", "-", "COUNT", 2)

    def _push(self, replica: str, parts: Iterable[bytes]) -> Command:
        return ("PUBLISH", self._names.channel(replica), wire.PUSH + b"".join(parts))

    def _expire(self, publication: Publication, milliseconds: int) -> Command:
        return ("PEXPIRE", self._names.events(publication.generation.id), milliseconds)


def _note_seal(generation: Generation, newest: Sequence[Any]) -> bool:
    """Return whether the newest entry of a stream is a seal; note the last event before it."""
    totals = [wire.read_entry(*entry).total for entry in newest]
    is_sealed = totals[:1] == [wire.SEAL]
    if is_sealed:
        generation.sealed_after = totals[1] - 1 if len(totals) > 1 else -1
    return is_sealed


def _pack_range(generation: Generation, first: int, end: int) -> Iterator[bytes]:
    """Yield the events from `first` to `end` as parts of pushes."""
    for start in range(first, end, BATCH_EVENTS):
        packed = wire.pack_events(generation.events[start : min(end, start + BATCH_EVENTS)])
        yield wire.pack_push(generation.id, start, packed)
