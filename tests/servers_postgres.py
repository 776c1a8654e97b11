"""A real PostgreSQL for tests: a cluster of its own in a temporary folder, on a free port, ended with them.

Debian's package puts the programs where PATH does not look. PostgreSQL does not run as root, so there the
folder and the processes are the user postgres's. Put `pytest_plugins = ("tests.servers_postgres",)` in a test
module and ask for the fixture `postgres` (the server) or `postgres_url` (its database, emptied each time).
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NoReturn

import pytest

from tests.child_processes import end_with_parent
from tests.provider import closed_port

START_SECONDS = 60
# Without fsync a killed server loses nothing, as long as the machine stays up.
SETTINGS = ("client_min_messages=warning", "fsync=off", "full_page_writes=off", "listen_addresses=127.0.0.1")


class PostgresServer:
    """A running cluster. Trusts every client that reaches its port on this machine."""

    def __init__(self, programs: Path, data: Path) -> None:
        self.data = data
        self.port = closed_port()
        self._programs = programs
        self._process: subprocess.Popen[Any] | None = None

    def url(self, database: str) -> str:
        return f"postgresql://postgres@127.0.0.1:{self.port}/{database}"

    def execute(self, statements: str) -> None:
        self.run("psql", "--quiet", "-v", "ON_ERROR_STOP=1", self.url("postgres"), "-c", statements)

    def create(self) -> None:
        """Make an empty cluster."""
        self.run("initdb", "-D", str(self.data), "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-sync")

    def start(self) -> None:
        """Return when it accepts connections. It is stopped when pytest ends in whatever way."""
        settings = [part for setting in SETTINGS for part in ("-c", setting)]
        options = ("-D", str(self.data), "-p", str(self.port), "-k", str(self.data), *settings)
        with (self.data / "server.log").open("ab") as log:
            self._process = process = subprocess.Popen(
                [str(self._programs / "postgres"), *options],
                **unprivileged(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                preexec_fn=end_with_parent(signal.SIGQUIT),
            )
        until = time.monotonic() + START_SECONDS
        while not self._is_ready():
            assert process.poll() is None, (self.data / "server.log").read_text()
            assert time.monotonic() < until, "PostgreSQL did not start"
            time.sleep(0.02)

    def stop(self) -> None:
        """Stop it at once (SIGQUIT, an immediate shutdown): its connections are cut."""
        if self._process:
            self._process.send_signal(signal.SIGQUIT)
            self._process.wait()
            self._process = None

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to every process of the server, such as SIGSTOP: alive, but silent."""
        assert self._process
        leader = self._process.pid
        children = subprocess.run(["pgrep", "-P", str(leader)], capture_output=True, text=True, check=False)
        for pid in (leader, *map(int, children.stdout.split())):
            os.kill(pid, number)

    def run(self, program: str, *arguments: str) -> None:
        """Run one of its programs to the end. Raises CalledProcessError where it fails."""
        command = [str(self._programs / program), *arguments]
        subprocess.run(
            command, **unprivileged(), check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL
        )

    def _is_ready(self) -> bool:
        """Whether the last line of its pid file says so, as `pg_ctl --wait` reads it."""
        try:
            lines = (self.data / "postmaster.pid").read_text().splitlines()
        except FileNotFoundError:
            return False
        return len(lines) > 7 and lines[7].strip() == "ready"


def unprivileged() -> dict[str, Any]:
    """Return what subprocess needs to run a program as a user that PostgreSQL accepts: not as root."""
    if os.geteuid() != 0:
        return {"cwd": "/"}
    return {"cwd": "/", "user": "postgres", "group": "postgres", "extra_groups": ()}


@contextmanager
def postgres_server() -> Iterator[PostgresServer]:
    """Start a cluster; skip where PostgreSQL is not installed, unless CI=true, where it must be."""
    programs = find_programs()
    if programs is None:
        _skip_or_fail("PostgreSQL is not installed (apt-get install postgresql): no initdb was found.")
    folder = Path(tempfile.mkdtemp(prefix="postgres-"))
    server = PostgresServer(programs, folder / "data")
    try:
        if os.geteuid() == 0:
            shutil.chown(folder, "postgres")
        server.create()
        server.start()
        yield server
    finally:
        server.stop()
        shutil.rmtree(folder)


def find_programs() -> Path | None:
    """Return the folder of the newest installed PostgreSQL's programs."""
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    on_path = shutil.which("initdb")
    found = debian or ([Path(on_path)] if on_path else [])
    return found[-1].parent if found else None


def _skip_or_fail(reason: str) -> NoReturn:
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    with postgres_server() as server:
        yield server


@pytest.fixture
def postgres_url(postgres: PostgresServer) -> str:
    """Emptying one database is quicker by far than making, and in the end removing, one for each test."""
    postgres.execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
    return postgres.url("postgres")
