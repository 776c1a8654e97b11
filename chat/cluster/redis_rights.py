"""Whether Redis accepts this process: certificate, log-in, and the commands, keys and channels needed.

Looked at once, before the start. A Redis that does not answer is no fault of the settings. Changes nothing
that another process sees.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Sequence

from redis.asyncio import Redis
from redis.exceptions import AuthenticationError, RedisError, ResponseError

from chat.errors import SettingError
from chat.ids import new_id

ANSWER_SECONDS = 5.0
# On one key, whose type suits few of them: only a refusal for want of rights counts.
ON_A_KEY = (
    "SET {} 1 PX 1000,GET {},EXISTS {},PEXPIRE {} 1000,EXPIRE {} 1,XADD {} * e 1,XRANGE {} - +,"
    "XREVRANGE {} + -,ZADD {} 1 a,ZREM {} a,ZCARD {},ZREMRANGEBYSCORE {} 0 0,INCRBY {} 1,LPUSH {} 1,"
    "LINDEX {} 0,LRANGE {} 0 0,LTRIM {} 0 0,DEL {}"
)
OTHERS = (["TIME"], ["EVALSHA", "0", "0"], ["SCRIPT", "LOAD", "return 1"])


async def check_rights(url: str, prefix: str) -> None:
    """Raise SettingError with one line that says what is missing. prefix: of the names in Redis."""
    try:
        async with asyncio.timeout(ANSWER_SECONDS):
            await _check(url, f"{prefix}:probe:{new_id()}")
    except AuthenticationError:
        raise SettingError("REDIS_URL: Redis refuses the user or the password.") from None
    except (RedisError, OSError, TimeoutError) as error:
        if certificate := _find_refusal(error):
            raise SettingError(
                f"REDIS_URL: the certificate of Redis is not trusted ({certificate.verify_message}). Name "
                "the file of its authority: rediss://…?ssl_ca_certs=/path/to/ca.pem"
            ) from None


async def _check(url: str, name: str) -> None:
    async with Redis.from_url(url, socket_connect_timeout=ANSWER_SECONDS) as redis:
        commands = [line.replace("{}", name).split(" ") for line in ON_A_KEY.split(",")]
        commands += [*OTHERS, ["PUBLISH", name, ""]]
        lacking = [await _try(redis, command) for command in commands]
        async with redis.pubsub() as channel:
            try:
                await channel.subscribe(name)
                await channel.parse_response()
            except ResponseError as refusal:
                lacking.append(_read_refusal(refusal, ["SUBSCRIBE"]))
    found = [one for one in dict.fromkeys(lacking) if one]
    if found:
        raise SettingError(f"REDIS_URL: the user of Redis has no right to {', '.join(found)}.")


async def _try(redis: Redis, command: Sequence[str]) -> str:
    """Return what the user may not do of it; empty: nothing."""
    try:
        await redis.execute_command(*command)  # type: ignore[no-untyped-call]
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


def _find_refusal(error: BaseException | None) -> ssl.SSLCertVerificationError | None:
    """Return the refusal of a certificate among the causes of an error."""
    while error is not None:
        if isinstance(error, ssl.SSLCertVerificationError):
            return error
        error = error.__cause__ or error.__context__
    return None
