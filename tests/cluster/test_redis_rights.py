"""What Redis refuses to this process is one line before the start."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from chat.cluster.peers import check_redis
from chat.errors import SettingError
from tests.certificates import self_signed
from tests.provider import closed_port

if TYPE_CHECKING:
    from tests.servers_redis import RedisServer

pytest_plugins = ("tests.servers_redis",)

RIGHTS = {
    "~xiaojia:* &xiaojia:* +@all": "",
    "~xiaojia:* &xiaojia:* +@all -xadd -publish": "no right to the command XADD, the command PUBLISH.",
    "~xiaojia:* resetchannels +@all": "no right to channels of the prefix (&xiaojia:*",
    "~other:* &xiaojia:* +@all": "no right to keys of the prefix (~xiaojia:*",
}


@pytest.mark.parametrize("rights", RIGHTS)
async def test_a_user_without_rights_is_told_what_is_missing(shared_redis: RedisServer, rights: str) -> None:
    rules = ("reset", "on", ">secret", *rights.split(" "))
    assert shared_redis.run("ACL", "SETUSER", "limited", *rules) == "+OK"
    line = await refusal(shared_redis.url.replace("//", "//limited:secret@"))
    assert RIGHTS[rights] in line
    assert bool(line) == bool(RIGHTS[rights])


async def refusal(url: str) -> str:
    """Return what stops the start, which must be one line; empty: nothing."""
    lines = []
    try:
        await check_redis(url, "")
    except SettingError as error:
        lines = str(error).split("\n")
    assert len(lines) <= 1
    return "".join(lines)


async def test_a_wrong_password_is_told_without_it(shared_redis: RedisServer) -> None:
    assert shared_redis.run("ACL", "SETUSER", "limited", "reset", "on", ">secret") == "+OK"
    assert await refusal(shared_redis.url.replace("//", "//limited:hunter2@")) == (
        "REDIS_URL: Redis refuses the user or the password."
    )


async def test_a_certificate_that_is_not_trusted_is_told(tmp_path: Path) -> None:
    server = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0, ssl=self_signed(tmp_path))
    async with server:
        port = server.sockets[0].getsockname()[1]
        assert "the certificate of Redis is not trusted" in await refusal(f"rediss://127.0.0.1:{port}/0")


async def test_a_redis_that_is_away_stops_no_start() -> None:
    assert await refusal(f"redis://127.0.0.1:{closed_port()}/0") == ""
