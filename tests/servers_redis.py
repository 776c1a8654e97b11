"""A real Redis for tests: a process of its own in a temporary folder, on a free port, ended with them.

`stop` and `start` are a restart, which loses everything: nothing is saved. `freeze` and `thaw` make it silent
without closing a connection; `configure` is CONFIG SET. Put `pytest_plugins = ("tests.servers_redis",)` in a
test module and ask for the fixture `redis`, or `shared_redis` where a test does it no harm.
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

import pytest

from tests.child_processes import end_with_parent
from tests.provider import closed_port

START_SECONDS = 20
PROGRAM = shutil.which("redis-server") or shutil.which("valkey-server")


class RedisServer:
    """Listens on the loopback alone, and trusts whoever reaches its port."""

    def __init__(self, folder: Path) -> None:
        self.port = closed_port()
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def start(self) -> None:
        """Return when it answers."""
        assert PROGRAM
        options = {
            "port": self.port,
            "bind": "127.0.0.1",
            "dir": self._folder,
            "save": "",
            "appendonly": "no",
        }
        arguments = [str(part) for name, value in options.items() for part in (f"--{name}", value)]
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
        with socket.create_connection(("127.0.0.1", self.port), timeout=5) as connection:
            connection.sendall(" ".join(words).encode() + b"\r\n")
            return connection.recv(4096).decode().splitlines()[0]

    def _signal(self, number: signal.Signals) -> None:
        assert self._process
        os.kill(self._process.pid, number)


@contextmanager
def redis_server() -> Iterator[RedisServer]:
    """Start a server; skip where Redis is not installed, unless CI=true, where it must be."""
    if PROGRAM is None:
        reason = "Redis is not installed (apt-get install redis-server)."
        pytest.fail(reason) if os.environ.get("CI") == "true" else pytest.skip(reason)
    with tempfile.TemporaryDirectory(prefix="redis-") as folder:
        server = RedisServer(Path(folder))
        server.start()
        try:
            yield server
        finally:
            server.stop()


@pytest.fixture(scope="module")
def shared_redis() -> Iterator[RedisServer]:
    """One for all tests of a module, none of which harms it."""
    with redis_server() as server:
        yield server


@pytest.fixture
def redis() -> Iterator[RedisServer]:
    with redis_server() as server:
        yield server


@pytest.fixture
def short_beats(monkeypatch: pytest.MonkeyPatch) -> None:
    """A replica of this process is taken for dead after a tenth of the time."""
    # Not before a test's own module is imported.
    from chat.cluster import publisher, redis_channel, replica

    for name in ("BEAT_SECONDS", "ALIVE_SECONDS", "GONE_SECONDS"):
        monkeypatch.setattr(replica, name, getattr(replica, name) / 10)
    for module in (publisher, redis_channel, replica):
        monkeypatch.setattr(module, "PAUSE_SECONDS", redis_channel.PAUSE_SECONDS / 10)
