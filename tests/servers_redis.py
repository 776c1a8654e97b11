"""A real Redis for tests: a process of its own in a temporary folder, on a free port, ended with them.

`stop` and `start` are a restart, which loses everything: nothing is saved. `freeze` and `thaw` make it silent
without closing a connection; `configure` is CONFIG SET. Put `pytest_plugins = ("tests.servers_redis",)` in a
test module and ask for the fixture `redis`, or `shared_redis` where a test does it no harm.
`shared_cluster` is a cluster of three nodes.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import pytest

from tests.child_processes import end_with_parent
from tests.provider import closed_port

START_SECONDS = 20
NODES, SLOTS = 3, 16_384
PROGRAM = shutil.which("redis-server") or shutil.which("valkey-server")


class RedisServer:
    """Listens on the loopback alone, and trusts whoever reaches its port."""

    def __init__(self, folder: Path, **options: object) -> None:
        self.port = closed_port()
        self._options = {
            "port": self.port,
            "bind": "127.0.0.1",
            "dir": folder,
            "save": "",
            "appendonly": "no",
        }
        self._options |= {name.replace("_", "-"): value for name, value in options.items()}
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def start(self) -> None:
        """Return when it answers."""
        assert PROGRAM
        arguments = [str(part) for name, value in self._options.items() for part in (f"--{name}", value)]
        self._process = subprocess.Popen(
            [PROGRAM, *arguments], stdout=subprocess.DEVNULL, preexec_fn=end_with_parent()
        )
        until = time.monotonic() + START_SECONDS
        while time.monotonic() < until:
            try:
                if self.run("PING") == "+PONG":
                    return
            except OSError:
                time.sleep(0.02)
        raise TimeoutError("Redis did not start")

    def stop(self) -> None:
        """Kill it: what it held is lost."""
        if self._process:
            self._process.kill()
            self._process.wait()
            self._process = None

    def freeze(self) -> None:
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self._signal(signal.SIGCONT)

    def configure(self, name: str, value: str) -> None:
        assert self.run("CONFIG", "SET", name, value) == "+OK"

    def run(self, *words: str) -> str:
        """Return the first line of the answer to a command."""
        return self.read(*words).splitlines()[0]

    def read(self, *words: str) -> str:
        """Return the answer to a command, a short one."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=5) as connection:
            connection.sendall(" ".join(words).encode() + b"\r\n")
            return connection.recv(4096).decode()

    @property
    def cluster_id(self) -> str:
        """The name of a node in its cluster."""
        return self.read("CLUSTER", "MYID").splitlines()[1]

    def _signal(self, number: signal.Signals) -> None:
        assert self._process
        os.kill(self._process.pid, number)


class RedisNodes:
    """A cluster of three nodes without replicas. Each is a RedisServer; a restart keeps its slots alone."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.nodes: list[RedisServer] = []
        for _ in range(NODES):
            self._add()

    def _add(self) -> RedisServer:
        folder = self._folder / str(len(self.nodes))
        folder.mkdir()
        options = {"cluster_enabled": "yes", "cluster_port": closed_port(), "cluster_node_timeout": 3_000}
        self.nodes.append(RedisServer(folder, **options))
        return self.nodes[-1]

    @property
    def url(self) -> str:
        return "redis+cluster://" + ",".join(f"127.0.0.1:{node.port}" for node in self.nodes)

    def start(self) -> None:
        """Return when all nodes know each other and serve their slots."""
        share = SLOTS // NODES + 1
        for at, node in enumerate(self.nodes):
            node.start()
            last = min(SLOTS, (at + 1) * share) - 1
            assert node.run("CLUSTER", "SET-CONFIG-EPOCH", str(at + 1)) == "+OK"
            assert node.run("CLUSTER", "ADDSLOTSRANGE", str(at * share), str(last)) == "+OK"
            self._meet(node)
        self.wait()

    def _meet(self, node: RedisServer) -> None:
        bus = str(node._options["cluster-port"])
        assert self.nodes[0].run("CLUSTER", "MEET", "127.0.0.1", str(node.port), bus) == "+OK"

    def add_replica(self, of: RedisServer) -> None:
        """Add a node that takes over when another is gone. Return when it has all that the other has."""
        node, until = self._add(), time.monotonic() + START_SECONDS
        node.start()
        self._meet(node)
        for words in (("CLUSTER", "REPLICATE", of.cluster_id), ("WAIT", "1", "500")):
            server = node if words[0] == "CLUSTER" else of
            while server.run(*words) not in ("+OK", ":1"):  # it does not know the other yet
                assert time.monotonic() < until, "the replica did not start"
                time.sleep(0.02)
        while "cluster_known_nodes:4" not in self.nodes[1].read("CLUSTER", "INFO"):
            assert time.monotonic() < until, "the replica is not known"
            time.sleep(0.02)

    def wait(self) -> None:
        """Return when every node serves."""
        until = time.monotonic() + START_SECONDS
        while not all("cluster_state:ok" in node.read("CLUSTER", "INFO") for node in self.nodes):
            assert time.monotonic() < until, "the cluster did not start"
            time.sleep(0.02)

    def stop(self) -> None:
        for node in self.nodes:
            node.stop()

    def node_of(self, key: str) -> RedisServer:
        """Return the node that has a key."""
        for node in self.nodes:
            if not node.run("EXISTS", key).startswith("-MOVED"):
                return node
        raise KeyError(key)


Server = TypeVar("Server", RedisServer, RedisNodes)


def _require() -> None:
    """Skip where Redis is not installed, unless CI=true, where it must be."""
    if PROGRAM is None:
        reason = "Redis is not installed (apt-get install redis-server)."
        pytest.fail(reason) if os.environ.get("CI") == "true" else pytest.skip(reason)


def _run(server: Server) -> Iterator[Server]:
    try:
        server.start()
        yield server
    finally:
        server.stop()


@contextmanager
def redis_server() -> Iterator[RedisServer]:
    """Start a server."""
    _require()
    with tempfile.TemporaryDirectory(prefix="redis-") as folder:
        yield from _run(RedisServer(Path(folder)))


@contextmanager
def redis_cluster() -> Iterator[RedisNodes]:
    """Start a cluster."""
    _require()
    with tempfile.TemporaryDirectory(prefix="redis-") as folder:
        yield from _run(RedisNodes(Path(folder)))


@pytest.fixture(scope="module")
def shared_redis() -> Iterator[RedisServer]:
    """One for all tests of a module, none of which harms it."""
    with redis_server() as server:
        yield server


@pytest.fixture
def redis() -> Iterator[RedisServer]:
    with redis_server() as server:
        yield server


@pytest.fixture(scope="module")
def shared_cluster() -> Iterator[RedisNodes]:
    """One for all tests of a module, each of which leaves it whole."""
    with redis_cluster() as cluster:
        yield cluster


@pytest.fixture
def cluster() -> Iterator[RedisNodes]:
    with redis_cluster() as cluster:
        yield cluster


@pytest.fixture
def short_beats(monkeypatch: pytest.MonkeyPatch) -> None:
    """A replica of this process is taken for dead after a tenth of the time."""
    # Not before a test's own module is imported.
    from chat.cluster import mirrors, publisher, redis_channel, replica

    for name in ("BEAT_SECONDS", "ALIVE_SECONDS", "GONE_SECONDS"):
        monkeypatch.setattr(replica, name, getattr(replica, name) / 10)
    monkeypatch.setattr(mirrors, "SLOW_SECONDS", mirrors.SLOW_SECONDS / 10)
    for module in (publisher, redis_channel, replica):
        monkeypatch.setattr(module, "PAUSE_SECONDS", redis_channel.PAUSE_SECONDS / 10)
