"""The connection to Redis: commands in one round trip, a subscribed channel, and whether Redis answers.

A refused command is a value, because the other commands of the same round trip may have succeeded. If Redis
does not answer, Unreachable is raised. Knows no generation.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import hiredis
from redis.asyncio import ConnectionPool
from redis.asyncio.connection import AbstractConnection
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import (
    AskError,
    ClusterDownError,
    OutOfMemoryError,
    ReadOnlyError,
    RedisClusterException,
    RedisError,
    ResponseError,
    TryAgainError,
)

from chat.errors import Unreachable
from chat.redis_urls import CLIENT_OPTIONS

ANSWER_SECONDS = 1.0  # without a reply until Redis counts as away
PAUSE_SECONDS = 0.5  # between two attempts while Redis is away
SILENCE_SECONDS = 6.0  # without a message on the channel; the own heartbeat arrives every 2 s

Command = Sequence[str | bytes | int]
Reply = Any

log = logging.getLogger(__name__)


class RedisChannel:
    """away_since: loop time of the first failure after the last reply; None: Redis answers.

    is_open: until then nothing is sent, and Redis counts as away. failed_at: loop time of the last failure,
    or of the last command that a full Redis refused: what was begun before may not be there yet. outages: how
    often it was away and is back.
    """

    is_cluster = False
    _subscribe, _message = "SUBSCRIBE", b"message"
    _faults = (RedisError, RedisClusterException, OSError, TimeoutError)

    def __init__(self, url: str) -> None:
        self._client = self._connect(url)
        self._retry_at = 0.0
        self.is_open = False
        self.away_since: float | None = None
        self.failed_at = float("-inf")
        self.outages = 0

    async def run(self, commands: Sequence[Command]) -> list[Reply]:
        """Return the reply to each command; a refusal is an exception as value. Raises Unreachable."""
        loop = asyncio.get_running_loop()
        if not self.is_open or (self.away_since is not None and loop.time() < self._retry_at):
            raise Unreachable
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                replies = await self._run(commands)
        except self._faults as error:
            raise self._fail(error) from None
        if self.away_since is not None and self._reach_all(commands):
            log.info("Redis answers again")
            self.away_since = None
            self.outages += 1
        if any(isinstance(reply, OutOfMemoryError) for reply in replies):
            self.failed_at = loop.time()
        return replies

    async def find_tags(self) -> Sequence[str]:
        """Return a hash tag for each node of a cluster; none for a single Redis."""
        return ()

    def tag_of(self, key: str) -> str:
        """Return the hash tag of the node that has a key. Of a cluster alone."""
        raise NotImplementedError

    async def subscribe(self, channel: str) -> AsyncGenerator[bytes, None]:
        """Yield b"" when the channel is subscribed, then each message. Raises Unreachable."""
        try:
            async with self._connection(channel) as connection:
                async with asyncio.timeout(ANSWER_SECONDS):
                    await connection.send_command(self._subscribe, channel)
                    await connection.read_response()
                yield b""
                while True:
                    async with asyncio.timeout(SILENCE_SECONDS):
                        kind, _, message = await connection.read_response()
                    if kind == self._message:
                        yield message
                    elif kind == b"sunsubscribe":  # the channel's slot has moved to another node
                        raise ConnectionResetError
        except self._faults as error:
            self._note_fault()
            raise Unreachable from error

    async def aclose(self) -> None:
        await self._client.aclose()

    def _connect(self, url: str) -> Any:
        """Return a client, which connects when it is used."""
        return ConnectionPool.from_url(
            url,
            protocol=2,
            socket_connect_timeout=ANSWER_SECONDS,
            socket_timeout=None,  # the timeouts are here, one per round trip
            retry=Retry(NoBackoff(), 0),
            **CLIENT_OPTIONS,
        )

    async def _run(self, commands: Sequence[Command]) -> list[Reply]:
        connection = await self._client.get_connection()
        try:
            # The connection packs in Python, which takes most of the time of a round trip of many commands.
            packed = [hiredis.pack_command(tuple(command)) for command in commands]  # type: ignore[arg-type]
            await connection.send_packed_command(packed, check_health=False)
            return [await _read(connection) for _ in commands]
        except BaseException:
            await connection.disconnect(nowait=True)
            raise
        finally:
            await self._client.release(connection)

    @asynccontextmanager
    async def _connection(self, channel: str) -> AsyncGenerator[AbstractConnection, None]:
        """A connection for the messages of a channel alone."""
        connection = await self._client.get_connection()
        try:
            yield connection
        finally:
            await connection.disconnect()
            await self._client.release(connection)

    def _reach_all(self, commands: Sequence[Command]) -> bool:
        """Return whether the replies to these show that all of Redis answers."""
        return True

    def _fail(self, error: Exception) -> Unreachable:
        now = asyncio.get_running_loop().time()
        self._retry_at, self.failed_at = now + PAUSE_SECONDS, now
        self._note_fault()
        if self.away_since is None:
            self.away_since = now
            log.warning("Redis does not answer: %s", type(error).__name__)
        return Unreachable()

    def _note_fault(self) -> None:
        """Note that a connection has failed."""


def is_refusal(error: Exception) -> bool:
    """Return whether a command was refused for its own sake. Otherwise, ask again or elsewhere.

    After a failover a server is a read-only replica; in a cluster a slot may move, or have no node.
    """
    elsewhere = (ReadOnlyError, ClusterDownError, AskError, TryAgainError)
    return isinstance(error, ResponseError) and not isinstance(error, elsewhere)


async def _read(connection: AbstractConnection) -> Reply:
    try:
        return await connection.read_response()
    except ResponseError as refusal:
        if is_refusal(refusal):
            return refusal
        raise
