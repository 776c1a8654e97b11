"""A real PostgreSQL for tests: a cluster of its own in a temporary folder, on a free port, ended with them.

Debian's package puts the programs where PATH does not look. PostgreSQL does not run as root, so there the
folder and the processes are the user postgres's. Put `pytest_plugins = ("tests.servers_postgres",)` in a test
module and ask for the fixture `postgres` (the server) or `postgres_url` (its database, emptied each time).
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

import pytest

# Without fsync a killed server loses nothing, as long as the machine stays up.
SETTINGS = ("client_min_messages=warning", "fsync=off", "full_page_writes=off", "listen_addresses=127.0.0.1")


@dataclass(frozen=True)
class PostgresServer:
    """A running cluster. Trusts whoever reaches its port on this machine."""

    programs: Path
    data: Path
    port: int

    def url(self, database: str) -> str:
        return f"postgresql://postgres@127.0.0.1:{self.port}/{database}"

    def execute(self, statements: str) -> None:
        self.run("psql", "--quiet", "-v", "ON_ERROR_STOP=1", self.url("postgres"), "-c", statements)

    def start(self) -> None:
        """Return when it accepts connections."""
        settings = " ".join(f"-c {setting}" for setting in SETTINGS)
        options = f"-p {self.port} -k {self.data} {settings}"
        log = str(self.data / "server.log")
        self.run("pg_ctl", "start", "--wait", "--silent", "-D", str(self.data), "-l", log, "-o", options)

    def stop(self, mode: str = "immediate") -> None:
        """Return when it is gone; its connections are cut."""
        self.run("pg_ctl", "stop", "--wait", "--silent", "-m", mode, "-D", str(self.data))

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to every process of the server, such as SIGSTOP: alive, but silent."""
        leader = int((self.data / "postmaster.pid").read_text().split()[0])
        children = subprocess.run(["pgrep", "-P", str(leader)], capture_output=True, text=True, check=False)
        for pid in (leader, *map(int, children.stdout.split())):
            os.kill(pid, number)

    def run(self, program: str, *arguments: str) -> None:
        _run_unprivileged(str(self.programs / program), *arguments)


@contextmanager
def postgres_server() -> Iterator[PostgresServer]:
    """Start a cluster; skip where PostgreSQL is not installed, unless CI=true, where it must be."""
    programs = find_programs()
    if programs is None:
        _skip_or_fail("PostgreSQL is not installed (apt-get install postgresql): no initdb was found.")
    folder = Path(tempfile.mkdtemp(prefix="postgres-"))
    server = PostgresServer(programs, folder / "data", _free_port())
    try:
        if os.geteuid() == 0:
            shutil.chown(folder, "postgres")
        server.run(
            "initdb", "-D", str(server.data), "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-sync"
        )
        server.start()
        yield server
    finally:
        if (server.data / "postmaster.pid").exists():
            server.stop()
        shutil.rmtree(folder)


def find_programs() -> Path | None:
    """Return the folder of the newest installed PostgreSQL's programs."""
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    on_path = shutil.which("initdb")
    found = debian or ([Path(on_path)] if on_path else [])
    return found[-1].parent if found else None


def _run_unprivileged(*command: str) -> None:
    """Not with captured output: the server would inherit the pipe, and reading it would wait for its end."""
    if os.geteuid() == 0:
        command = ("runuser", "-u", "postgres", "--", *command)
    subprocess.run(command, check=True, cwd="/", stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)


def _skip_or_fail(reason: str) -> NoReturn:
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    with postgres_server() as server:
        yield server


@pytest.fixture
def postgres_url(postgres: PostgresServer) -> str:
    """Emptying one database is quicker by far than making, and in the end removing, one for each test."""
    postgres.execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
    return postgres.url("postgres")
