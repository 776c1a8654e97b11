"""This process among the others: its heartbeats, the commands of others, the interface to their answers.

While Redis is away, only operations that need Redis fail: local answers go on, answers of other replicas
are Unreachable. A replica accepts the death of another only if its own heartbeats have arrived for the
lifetime of a heartbeat: after Redis was away or stalled, every replica has time for a new one.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable, Collection, Mapping
from typing import Any

from chat.cluster import wire
from chat.cluster.cluster_channel import ClusterChannel
from chat.cluster.mirrors import Mirror, Mirrors
from chat.cluster.publisher import Publisher
from chat.cluster.redis_channel import PAUSE_SECONDS, Command, RedisChannel
from chat.errors import Unreachable
from chat.generations.generation import Generation, GenerationLimits
from chat.ids import new_id
from chat.redis_urls import is_cluster

BEAT_SECONDS = 2.0
ALIVE_SECONDS = 6.0  # lifetime of a heartbeat
GONE_SECONDS = 10.0  # without Redis until mirrors are lost
FLUSH_SECONDS = 1.0  # for the last events at shutdown

log = logging.getLogger(__name__)


def open_channel(url: str) -> RedisChannel:
    """Return a channel to a Redis or to a cluster, which connects when it is used."""
    return ClusterChannel(url) if is_cluster(url) else RedisChannel(url)


class Replica:
    """known: generations of this process, running and kept. on_sealed: called for logs of dead writers."""

    def __init__(
        self,
        url: str,
        limits: GenerationLimits,
        known: Callable[[], Mapping[str, Generation]],
        on_sealed: Callable[[Mirror], None],
    ) -> None:
        self.id = new_id()
        self._known = known
        self._redis = open_channel(url)
        self._names = wire.Names("", self._redis.is_cluster)
        self._publisher = Publisher(self._redis, self._names, known, limits.retention, limits.max_events)
        self._mirrors = Mirrors(
            self._redis, self._names, self.id, self._is_trusted, self._is_restored, on_sealed
        )
        self._tasks: list[asyncio.Task[None]] = []
        self._last_beat: float | None = None  # loop time of the last heartbeat
        self._beating_since = float("inf")  # loop time since when every heartbeat arrived in time
        self._restored = float("-inf")  # loop time when Redis may have come back empty
        self._was_subscribed = False

    @property
    def is_gone(self) -> bool:
        """Whether Redis has been away for longer than GONE_SECONDS."""
        away = self._redis.away_since
        return away is not None and asyncio.get_running_loop().time() - away > GONE_SECONDS

    async def open(self, prefix: str) -> None:
        """Start the tasks. Succeeds while Redis is away, too. prefix: of all names in Redis."""
        self._names.prefix = prefix
        self._redis.is_open = True
        with contextlib.suppress(Unreachable):
            await self._send_heartbeat()
        loops = {
            "heartbeat": self._send_heartbeats(),
            "subscriber": self._receive_messages(),
            "publisher": self._publisher.run(),
            "refresh": self._keep_fresh(),
        }
        self._tasks = [asyncio.create_task(loop, name=f"replica {name}") for name, loop in loops.items()]

    async def aclose(self) -> None:
        """Write the last events, and remove this replica from the living ones."""
        with contextlib.suppress(Unreachable, TimeoutError):
            async with asyncio.timeout(FLUSH_SECONDS):
                await self._publisher.flush()
                await self._redis.run([("DEL", self._names.alive(self.id))])
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._mirrors.lose_all()
        await self._redis.aclose()

    def publish(
        self, generation: Generation, *, conversation_id: str, message_id: str, begun: tuple[str, str]
    ) -> None:
        """Let other replicas follow a generation of this one."""
        about = wire.About(generation.owner, self.id, conversation_id, message_id, *begun)
        self._publisher.publish(generation, about)

    async def wait_until_open(self, generation: Generation) -> None:
        """Return when other replicas can find a generation of this one, or will not soon."""
        await self._publisher.wait_until_open(generation)

    async def find(self, generation_id: str, owner: str) -> Mirror:
        """Return a generation of another replica. Raises NotFound, Unreachable."""
        return await self._mirrors.find(generation_id, owner)

    async def claim(self, name: str, value: str, seconds: float) -> str:
        """Claim a name for some seconds. Return its holder: this value, or the one that was first.

        If Redis does not answer, the claim succeeds: a message must not fail for it.
        """
        key = self._names.claim(name)
        commands = [("SET", key, value, "NX", "PX", int(seconds * 1000)), ("GET", key)]
        with contextlib.suppress(Unreachable):
            _, holder = await self._redis.run(commands)
            if isinstance(holder, bytes):
                return holder.decode()
        return value

    async def keep_claim(self, name: str, value: str, seconds: float) -> None:
        """Set another value for a name that this replica holds."""
        with contextlib.suppress(Unreachable):
            await self._redis.run([("SET", self._names.claim(name), value, "PX", int(seconds * 1000))])

    async def announce(self, names: Collection[str], over: Collection[str], seconds: float) -> None:
        """Set names that only this replica sets, and delete those that are over."""
        keys = [self._names.claim(name) for name in names]
        commands: list[Command] = [("SET", key, self.id, "PX", int(seconds * 1000)) for key in keys]
        commands += [("DEL", self._names.claim(name)) for name in over]
        with contextlib.suppress(Unreachable):
            await self._redis.run(commands)

    async def is_announced(self, name: str) -> bool:
        """Return whether a replica has set a name; False if Redis does not answer."""
        with contextlib.suppress(Unreachable):
            (reply,) = await self._redis.run([("EXISTS", self._names.claim(name))])
            return bool(reply == 1)
        return False

    async def release(self, name: str) -> None:
        """Release a name that this replica holds."""
        with contextlib.suppress(Unreachable):
            await self._redis.run([("DEL", self._names.claim(name))])

    def _is_trusted(self) -> bool:
        """Whether every own heartbeat arrived in time for long enough, and none is overdue now."""
        return self._is_in_time() and asyncio.get_running_loop().time() - self._beating_since > ALIVE_SECONDS

    def _is_restored(self) -> bool:
        """Whether Redis was empty, away or full so shortly ago that writers still send their logs."""
        since = max(self._restored, self._redis.failed_at)
        return asyncio.get_running_loop().time() - since < ALIVE_SECONDS

    def _note_restart(self) -> None:
        """Accept no death before every replica has had time for a heartbeat: Redis may have been emptied."""
        self._restored = self._beating_since = asyncio.get_running_loop().time()

    def _is_in_time(self) -> bool:
        return (
            self._last_beat is not None
            and asyncio.get_running_loop().time() - self._last_beat < 2 * BEAT_SECONDS
        )

    async def _send_heartbeats(self) -> None:
        pause = BEAT_SECONDS
        while True:
            await asyncio.sleep(pause)
            pause = BEAT_SECONDS
            try:
                await self._send_heartbeat()
            except Unreachable:
                pause = PAUSE_SECONDS
                if self.is_gone:
                    self._mirrors.lose_all()
            except Exception:
                log.exception("the heartbeat of this replica failed")

    async def _keep_fresh(self) -> None:
        """Look after streams and mirrors. No heartbeat waits for it: a dead writer may leave many logs."""
        while True:
            await asyncio.sleep(BEAT_SECONDS)
            try:
                await self._publisher.refresh()
                await self._mirrors.refresh()
            except Unreachable:
                continue  # the heartbeat notes how long Redis is away
            except Exception:
                log.exception("the streams of this replica could not be looked after")

    async def _send_heartbeat(self) -> None:
        """Renew the keys of this replica. A full Redis still extends an existing key.

        A key that is missing means that Redis, or a node of a cluster, has come back empty. That is noted
        before the key is set again: `Mirrors` takes an existing one for a sign that nothing else is lost.
        """
        loop, milliseconds = asyncio.get_running_loop(), int(ALIVE_SECONDS * 1000)
        marks = [self._names.mark(self.id, tag) for tag in await self._redis.find_tags()]
        keys = [self._names.alive(self.id), *marks]
        beat = ("PUBLISH", self._names.channel(self.id), wire.pack_command())
        sent = loop.time()
        extended = await self._redis.run([*(("PEXPIRE", key, milliseconds) for key in keys), beat])
        missing = [key for key, reply in zip(keys, extended, strict=False) if reply != 1]
        if missing and self._last_beat is not None:
            self._note_restart()
            self._publisher.republish()
        if missing:
            await self._redis.run([("SET", key, 1, "PX", milliseconds) for key in missing])
        if missing or not self._is_in_time():
            self._beating_since = loop.time()
        self._last_beat = sent

    async def _receive_messages(self) -> None:
        """Handle the messages of other replicas, for ever."""
        while True:
            try:
                async with contextlib.aclosing(
                    self._redis.subscribe(self._names.channel(self.id))
                ) as messages:
                    async for message in messages:
                        await self._handle_message(message)
            except Unreachable:
                await asyncio.sleep(PAUSE_SECONDS)
            except Exception:
                log.exception("a message of another replica could not be handled")

    async def _handle_message(self, message: bytes) -> None:
        if message.startswith(wire.PUSH):
            gaps = self._mirrors.receive(message)
            if gaps:
                await self._mirrors.follow(gaps)
        elif message.startswith(wire.COMMAND):
            await self._handle_command(wire.read_command(message))
        else:  # the channel is open now: earlier messages are lost
            if self._was_subscribed:
                self._note_restart()
                await self._send_heartbeat()
            self._was_subscribed = True
            await self._read_stops()
            await self._mirrors.follow(self._mirrors.resume())

    async def _read_stops(self) -> None:
        """Stop the answers of this replica whose stops were sent while its channel was closed."""
        running = [one for one in self._known().values() if not one.is_finished]
        replies = await self._redis.run([("EXISTS", self._names.stop(one.id)) for one in running])
        for generation, reply in zip(running, replies, strict=True):
            if reply == 1:
                generation.cancel()

    async def _handle_command(self, command: Mapping[str, Any]) -> None:
        stopped = command.get("stop", ())
        for id in stopped:
            generation = self._known().get(id)
            if generation:
                generation.cancel()
        if stopped and "by" in command:
            confirmed = wire.pack_command(stopped=stopped)
            await self._redis.run([("PUBLISH", self._names.channel(command["by"]), confirmed)])
        self._mirrors.confirm_stops(command.get("stopped", ()))
        if "follow" in command:
            until = asyncio.get_running_loop().time() + ALIVE_SECONDS
            await self._publisher.follow(command["by"], command["follow"], until)
