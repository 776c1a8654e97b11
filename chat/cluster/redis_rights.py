"""Whether Redis accepts this process: certificate, log-in, and the commands, keys and channels needed.

Looked at once, before the start. A Redis that does not answer is no fault of the settings. Changes nothing
that another process sees.
"""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, TypeVar

from redis.asyncio import Redis
from redis.asyncio.cluster import ClusterNode, RedisCluster
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import AuthenticationError, RedisClusterException, RedisError, ResponseError

from chat.errors import SettingError
from chat.ids import new_id
from chat.redis_urls import cluster_options, is_cluster

E = TypeVar("E", bound=BaseException)

ANSWER_SECONDS = 5.0
OPTIONS: dict[str, Any] = {
    "protocol": 2,
    "socket_connect_timeout": ANSWER_SECONDS,
}  # 2: SUBSCRIBE has a reply
# On one key, whose type suits few of them: only a refusal for want of rights counts.
ON_A_KEY = (
    "SET {} 1 PX 1000,GET {},EXISTS {},PEXPIRE {} 1000,EXPIRE {} 1,XADD {} * e 1,XRANGE {} - +,"
    "XREVRANGE {} + -,ZADD {} 1 a,ZREM {} a,ZCARD {},ZREMRANGEBYSCORE {} 0 0,INCRBY {} 1,LPUSH {} 1,"
    "LINDEX {} 0,LRANGE {} 0 0,LTRIM {} 0 0,DEL {}"
)
OTHERS = (["TIME"], ["EVALSHA", "0", "0"], ["SCRIPT", "LOAD", "return 1"])


async def check_rights(url: str, prefix: str) -> None:
    """Raise SettingError with one line that says what is missing. prefix: of the names in Redis."""
    name = f"{prefix}:probe:{new_id()}"
    try:
        async with asyncio.timeout(ANSWER_SECONDS):
            lacking = await (_try_cluster(url, name) if is_cluster(url) else _try_single(url, name))
    except (RedisError, RedisClusterException, OSError, TimeoutError) as error:
        line = _read_fault(error)
    else:
        found = ", ".join(dict.fromkeys(one for one in lacking if one))
        line = f"the user of Redis has no right to {found}." if found else ""
    if line:
        raise SettingError(f"REDIS_URL: {line}") from None


async def _try_single(url: str, name: str) -> list[str]:
    """Return what is lacking at a single Redis. Raises SettingError if it is a cluster."""
    async with Redis.from_url(url, **OPTIONS) as redis:
        with contextlib.suppress(ResponseError):  # a single one knows none, or the user has no right to it
            told = await redis.execute_command("CLUSTER INFO")  # type: ignore[no-untyped-call]
            if int(told.get("cluster_size", 0)) > 1:
                scheme = url.partition(":")[0]
                raise SettingError(f"REDIS_URL: this is a Redis Cluster: write {scheme}+cluster://…")
        commands = [*_commands(name), ["PUBLISH", name, ""], ["SUBSCRIBE", name]]
        return [await _try(redis.execute_command, command) for command in commands]


async def _try_cluster(url: str, name: str) -> list[str]:
    """Return what is lacking at the node of a name; the nodes of a cluster have the same users."""
    nodes, options = cluster_options(url)
    async with RedisCluster(
        startup_nodes=[ClusterNode(host, port) for host, port in nodes],
        retry=Retry(NoBackoff(), 0),
        **OPTIONS,
        **options,
    ) as cluster:
        node = cluster.get_node_from_key(name)
        assert node
        commands = [*_commands(name), ["SPUBLISH", name, ""], ["SSUBSCRIBE", name]]
        return [await _try(node.execute_command, command) for command in commands]


def _commands(name: str) -> list[list[str]]:
    return [*(line.replace("{}", name).split(" ") for line in ON_A_KEY.split(",")), *OTHERS]


async def _try(run: Callable[..., Awaitable[Any]], command: Sequence[str]) -> str:
    """Return what the user may not do of it; empty: nothing."""
    try:
        await run(*command)
    except ResponseError as refusal:
        return _read_refusal(refusal, command)
    return ""


def _read_refusal(refusal: ResponseError, command: Sequence[str]) -> str:
    """Return what is lacking: a command, all keys or all channels of our names; empty for another refusal."""
    sentence = str(refusal).lower()
    if "unknown command" in sentence:
        return f"the command {command[0]} (this Redis does not know it)"
    if "permission" not in sentence:
        return ""
    if " key" in sentence:
        return "keys of the prefix (~xiaojia:* or that of REDIS_PREFIX)"
    if " channel" in sentence:
        return "channels of the prefix (&xiaojia:* or that of REDIS_PREFIX)"
    return f"the command {command[0]}"


def _read_fault(error: BaseException) -> str:
    """Return why no command could be tried; empty: Redis does not answer."""
    if _find(error, AuthenticationError):
        return "Redis refuses the user or the password."
    if certificate := _find(error, ssl.SSLCertVerificationError):
        return (
            f"the certificate of Redis is not trusted ({certificate.verify_message}). Name "
            "the file of its authority: rediss://…?ssl_ca_certs=/path/to/ca.pem"
        )
    if refusal := _find(error, ResponseError):  # when a client of a cluster asks for its nodes
        if "cluster support disabled" in str(refusal):
            return "this Redis is no cluster: write redis:// or rediss://, without +cluster."
        lacking = _read_refusal(refusal, ["CLUSTER SLOTS or COMMAND"])
        return f"the user of Redis has no right to {lacking}." if lacking else ""
    return ""


def _find(error: BaseException | None, kind: type[E]) -> E | None:
    """Return an error of a kind among the causes of an error."""
    while error is not None:
        if isinstance(error, kind):
            return error
        error = error.__cause__ or error.__context__
    return None
