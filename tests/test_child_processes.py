"""Servers and replicas of a test end when pytest is killed, and a port of a test is given to nothing else."""

from __future__ import annotations

import asyncio
import socket
import sys
from pathlib import Path

import pytest

from tests.provider import closed_port

ROOT = Path(__file__).resolve().parent.parent
PARENT = """
import asyncio, pathlib, sys
from tests.processes import RoutesProcess
from tests.servers_postgres import postgres_server
from tests.servers_redis import redis_server

async def main():
    with postgres_server() as postgres, redis_server() as redis:
        async with RoutesProcess(pathlib.Path(sys.argv[1]), REDIS_URL=redis.url) as routes:
            print(routes.url, redis.url, postgres.url("postgres"), flush=True)
            await asyncio.Event().wait()

asyncio.run(main())
"""


@pytest.mark.skipif(sys.platform != "linux", reason="uses prctl(2)")
@pytest.mark.slow
async def test_replicas_and_servers_end_with_a_process_that_is_killed(tmp_path: Path) -> None:
    parent = await asyncio.create_subprocess_exec(
        sys.executable, "-c", PARENT, tmp_path, cwd=ROOT, stdout=asyncio.subprocess.PIPE
    )
    assert parent.stdout
    ports = [
        int(url.rpartition(":")[2].partition("/")[0])
        for url in (await parent.stdout.readline()).decode().split()
    ]
    assert [is_open(port) for port in ports] == [True] * 3
    parent.kill()
    await parent.wait()
    async with asyncio.timeout(60):
        while any(map(is_open, ports)):
            await asyncio.sleep(0.02)


def is_open(port: int) -> bool:
    """Return whether a server accepts connections there."""
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0


def test_a_closed_port_is_given_to_nothing_else_and_can_be_listened_on() -> None:
    port = closed_port()
    assert not is_open(port)
    with socket.socket() as other, pytest.raises(OSError, match="in use"):
        other.bind(("127.0.0.1", port))
    with socket.create_server(("127.0.0.1", port)):
        assert is_open(port)
    assert not is_open(port)
