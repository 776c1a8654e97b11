"""The connections to a Redis Cluster, as one Redis: commands by their keys, a channel of sharded Pub/Sub.

A round trip is one per node that it touches; commands of one key keep their order. If one node does not
answer, the cluster counts as away: by default it soon refuses every command, unless a replica takes over. It
is back when a round trip to all nodes has succeeded, as heartbeats are. So its faults are those of a single
Redis, and one more: a node may come back empty alone, for which each replica has a key on every node.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from typing import Any

from redis.asyncio.cluster import ClusterNode, RedisCluster
from redis.asyncio.connection import AbstractConnection
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from chat.cluster.redis_channel import ANSWER_SECONDS, Command, RedisChannel, Reply, is_refusal
from chat.redis_urls import cluster_options

TRIES = 2**20  # of hash tags; each hits a given one of 16,384 slots by chance
# Their replies stay as a single Redis gives them; the client would convert them.
UNCONVERTED = ("DEL", "EXISTS", "GET", "PEXPIRE", "SET", "SPUBLISH", "XADD", "XRANGE", "XREVRANGE")


class ClusterChannel(RedisChannel):
    is_cluster = True
    _subscribe, _message = "SSUBSCRIBE", b"smessage"

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self._is_stale = False  # look for the nodes again
        self._tags: dict[str, str] = {}  # name of a node -> hash tag

    async def find_tags(self) -> Sequence[str]:
        """Return a hash tag for each node with slots: a key with it lies there. Raises Unreachable."""
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                await self._look_up()
            self._tags = self._search_tags()
        except self._faults as error:
            raise self._fail(error) from None
        return list(self._tags.values())

    def _search_tags(self) -> dict[str, str]:
        names = self._names()
        tags = {name: tag for name, tag in self._tags.items() if self._node_of(tag) == name}
        for number in range(TRIES):  # few, unless a node has few slots
            if names <= tags.keys():
                break
            tags.setdefault(self._node_of(str(number)), str(number))
        return {name: tag for name, tag in tags.items() if name in names}

    def _names(self) -> set[str]:
        """Return the names of all nodes that have slots."""
        return {nodes[0].name for nodes in self._client.nodes_manager.slots_cache.values()}

    def tag_of(self, key: str) -> str:
        """Return the tag of the node of a key; empty: not known yet."""
        try:
            return self._tags.get(self._client.get_node_from_key(key).name, "")
        except self._faults:
            return ""

    async def aclose(self) -> None:
        await self._client.aclose()
        # The client leaves connections open while it has to look for the nodes again.
        for nodes in ("nodes_cache", "startup_nodes"):
            await self._client.nodes_manager.aclose(nodes)

    def _connect(self, url: str) -> Any:
        nodes, options = cluster_options(url)
        cluster = RedisCluster(
            startup_nodes=[ClusterNode(host, port) for host, port in nodes],
            protocol=2,
            socket_connect_timeout=ANSWER_SECONDS,
            socket_timeout=None,
            retry=Retry(NoBackoff(), 0),
            **options,
        )
        for name in UNCONVERTED:
            cluster.set_response_callback(name, _keep)
        return cluster

    async def _run(self, commands: Sequence[Command]) -> list[Reply]:
        await self._look_up()
        pipeline = self._client.pipeline()
        for name, key, *rest in commands:
            sharded = "SPUBLISH" if name == "PUBLISH" else name
            node = self._client.get_node_from_key(key)
            pipeline.execute_command(sharded, key, *rest, target_nodes=node)
        replies: list[Reply] = await pipeline.execute(raise_on_error=False)
        for reply in replies:
            if isinstance(reply, Exception) and not is_refusal(reply):
                raise reply
        return replies

    @asynccontextmanager
    async def _connection(self, channel: str) -> AsyncGenerator[AbstractConnection, None]:
        async with asyncio.timeout(ANSWER_SECONDS):
            await self._look_up()
        node = self._client.get_node_from_key(channel)
        connection = node.acquire_connection()
        try:
            yield connection
        finally:
            await connection.disconnect()
            node.release(connection)

    async def _look_up(self) -> None:
        """Ask a node for all of them and their slots, if that is not known or may have changed."""
        await self._client.initialize()
        if self._is_stale:
            await self._client.nodes_manager.initialize()
            self._is_stale = False

    def _note_fault(self) -> None:
        self._is_stale = True

    def _reach_all(self, commands: Sequence[Command]) -> bool:
        return {self._client.get_node_from_key(key).name for _, key, *_ in commands} >= self._names()

    def _node_of(self, tag: str) -> str:
        name: str = self._client.get_node_from_key(f"{{{tag}}}").name
        return name


def _keep(response: Any, **_: Any) -> Any:
    return response
