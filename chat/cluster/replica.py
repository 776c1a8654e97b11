"""This process among the others: its heart beats, what others ask it to do, and the door to their answers.

While Redis is away nothing here fails but what only Redis can know: local answers go on, what another
replica writes is Unreachable. That a replica is dead is believed only by one that has itself been heard for
as long as a heart beat lasts: after Redis was away, or stood still, everybody has the time to be heard.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable, Mapping
from typing import Any

from chat.cluster import wire
from chat.cluster.mirrors import Mirror, Mirrors
from chat.cluster.publisher import Publisher
from chat.cluster.redis_channel import PAUSE_SECONDS, RedisChannel
from chat.errors import Unreachable
from chat.generations.registry import Generation, GenerationLimits
from chat.ids import new_id

BEAT_SECONDS = 2.0
ALIVE_SECONDS = 6.0  # that a heart beat lasts
GONE_SECONDS = 10.0  # until a Redis that is away ends what is followed over it
FLUSH_SECONDS = 1.0  # for the last events, at the end

log = logging.getLogger(__name__)


class Replica:
    """known: this process's generations, running and kept; on_sealed is told of logs whose writer died."""

    def __init__(
        self,
        url: str,
        limits: GenerationLimits,
        known: Callable[[], Mapping[str, Generation]],
        on_sealed: Callable[[Mirror], None],
    ) -> None:
        self.id = new_id()
        self._known = known
        self._link = RedisChannel(url)
        self._publisher = Publisher(self._link, known, limits.retention, limits.max_events)
        self._mirrors = Mirrors(self._link, self.id, self._is_trusted, on_sealed)
        self._tasks: list[asyncio.Task[None]] = []
        self._beaten: float | None = None  # the loop's time of the last heart beat
        self._heard_since = float("inf")  # since when every one of them has been there in time

    @property
    def is_gone(self) -> bool:
        """Has Redis been away for so long that nobody should wait for it?"""
        away = self._link.away_since
        return away is not None and asyncio.get_running_loop().time() - away > GONE_SECONDS

    async def open(self) -> None:
        """Begin. A Redis that is away is no failure."""
        with contextlib.suppress(Unreachable):
            await self._beat()
        loops = {"heart": self._keep_beating(), "ears": self._listen(), "publisher": self._publisher.run()}
        self._tasks = [asyncio.create_task(loop, name=f"replica's {name}") for name, loop in loops.items()]

    async def aclose(self) -> None:
        """Write the last events, and say that nothing more comes from here."""
        with contextlib.suppress(Unreachable, TimeoutError):
            async with asyncio.timeout(FLUSH_SECONDS):
                await self._publisher.flush()
                await self._link.run([("DEL", wire.alive_key(self.id))])
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._mirrors.lose_all()
        await self._link.aclose()

    def publish(
        self, generation: Generation, *, conversation_id: str, message_id: str, begun: tuple[str, str]
    ) -> None:
        """Let other replicas follow a generation of this one."""
        about = wire.About(generation.owner, self.id, conversation_id, message_id, *begun)
        self._publisher.publish(generation, about)

    async def wait_until_open(self, generation: Generation) -> None:
        """Return when other replicas can find a generation of this one, or cannot soon."""
        await self._publisher.wait_until_open(generation)

    async def find(self, generation_id: str, owner: str) -> Mirror:
        """Return another replica's generation to follow or stop. Raises NotFound, Unreachable."""
        return await self._mirrors.find(generation_id, owner)

    async def claim(self, name: str, value: str, seconds: float) -> str:
        """Take a name for a while, and return who has it: this value, or the one that was first.

        Where Redis cannot tell it is ours: a message must not fail for it.
        """
        key = wire.claim_key(name)
        commands = [("SET", key, value, "NX", "PX", int(seconds * 1000)), ("GET", key)]
        with contextlib.suppress(Unreachable):
            _, holder = await self._link.run(commands)
            if isinstance(holder, bytes):
                return holder.decode()
        return value

    async def keep_claim(self, name: str, value: str, seconds: float) -> None:
        """Put another value under a name that is ours."""
        with contextlib.suppress(Unreachable):
            await self._link.run([("SET", wire.claim_key(name), value, "PX", int(seconds * 1000))])

    async def release(self, name: str) -> None:
        """Give a name back that is ours."""
        with contextlib.suppress(Unreachable):
            await self._link.run([("DEL", wire.claim_key(name))])

    def _is_trusted(self) -> bool:
        """Was each heart beat there in time, for long enough, and is none overdue now?"""
        return self._is_in_time() and asyncio.get_running_loop().time() - self._heard_since > ALIVE_SECONDS

    def _is_in_time(self) -> bool:
        return (
            self._beaten is not None and asyncio.get_running_loop().time() - self._beaten < 2 * BEAT_SECONDS
        )

    async def _keep_beating(self) -> None:
        while True:
            await asyncio.sleep(BEAT_SECONDS)
            try:
                await self._beat()
                await self._publisher.refresh()
                await self._mirrors.beat()
            except Unreachable:
                if self.is_gone:
                    self._mirrors.lose_all()
            except Exception:
                log.exception("a replica's heart beat failed")

    async def _beat(self) -> None:
        """Say that this replica is alive; also where Redis is full, which still lets a key last longer."""
        loop, key = asyncio.get_running_loop(), wire.alive_key(self.id)
        milliseconds = int(ALIVE_SECONDS * 1000)
        commands = [
            ("PEXPIRE", key, milliseconds),
            ("SET", key, 1, "NX", "PX", milliseconds),
            ("PUBLISH", wire.channel(self.id), wire.pack_ask()),
        ]
        asked = loop.time()
        was_there, *_ = await self._link.run(commands)
        if not (self._is_in_time() and was_there == 1):
            self._heard_since = loop.time()
        if self._beaten is not None and was_there != 1:
            self._publisher.republish()
        self._beaten = asked

    async def _listen(self) -> None:
        """Do what others ask, and take in what they send, for ever."""
        while True:
            try:
                async with contextlib.aclosing(self._link.listen(wire.channel(self.id))) as messages:
                    async for message in messages:
                        await self._take(message)
            except Unreachable:
                await asyncio.sleep(PAUSE_SECONDS)
            except Exception:
                log.exception("a message of another replica was not understood")

    async def _take(self, message: bytes) -> None:
        if message.startswith(wire.PUSH):
            gaps = self._mirrors.push(message)
            if gaps:
                await self._mirrors.follow(gaps)
        elif message.startswith(wire.ASK):
            await self._obey(wire.read_ask(message))
        else:  # the channel is open: what was sent before it was is lost
            await self._mirrors.follow(self._mirrors.resume())

    async def _obey(self, asked: Mapping[str, Any]) -> None:
        for id in asked.get("stop", ()):
            generation = self._known().get(id)
            if generation:
                generation.cancel()
        if "follow" in asked:
            until = asyncio.get_running_loop().time() + ALIVE_SECONDS
            await self._publisher.follow(asked["by"], asked["follow"], until)
