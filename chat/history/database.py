"""One URL -> connections that read and connections that write, and a schema that is up to date.

Statements are plain functions of a connection, and a transaction is one call. For SQLite all of it runs in
a thread: one thread call per statement took ten steps of the event loop, and each step is slow when two
thousand streams share the loop. PostgreSQL has an asynchronous driver.

SQLite waits for its one writer instead of failing: a writing transaction begins IMMEDIATE, the writers of
this process queue, and those of other processes wait for BUSY_SECONDS. PostgreSQL needs none of it. Errors
of the database leave this module as HistoryUnavailable: a sentence without path, URL or statement. Knows no
table and no owner.
"""

from __future__ import annotations

import asyncio
import logging
import sqlite3
import time
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, TypeVar

from alembic import command
from alembic.config import Config
from alembic.util.exc import CommandError
from sqlalchemy import URL, Connection, QueuePool, create_engine, event, make_url, text
from sqlalchemy.exc import ArgumentError, SQLAlchemyError
from sqlalchemy.ext.asyncio import create_async_engine

from chat.errors import HistoryUnavailable, SettingError
from chat.history.owner_hashes import hash_late_owners
from chat.history.sqlite_file import prepare_sqlite_file

BUSY_SECONDS = 15
CONNECT_SECONDS = 5
COMMAND_SECONDS = 60
RETRY_SECONDS = 5
CLOSE_SECONDS = 5
SQLITE_CONNECTIONS = 4
POSTGRES_WRITERS = 10
MIGRATION_LOCK = 0x5849414F4A4941  # any key that no other program locks in PostgreSQL

FULL = "The disk that holds the history is full."
READ_ONLY = "The history cannot be written: its folder or database is read-only."
DAMAGED = "The history's file is damaged."
BUSY = "The history is busy; try again in a moment."
AWAY = "The history's database does not answer."
SLOW = "The search took too long. Search for another word, or delete conversations first."
NEWER = "The history was written by a newer version of this program."

SQLITE_SENTENCES = {
    sqlite3.SQLITE_FULL: FULL,
    sqlite3.SQLITE_READONLY: READ_ONLY,
    sqlite3.SQLITE_CANTOPEN: READ_ONLY,
    sqlite3.SQLITE_PERM: READ_ONLY,
    sqlite3.SQLITE_CORRUPT: DAMAGED,
    sqlite3.SQLITE_NOTADB: DAMAGED,
    sqlite3.SQLITE_BUSY: BUSY,
    sqlite3.SQLITE_LOCKED: BUSY,
    sqlite3.SQLITE_INTERRUPT: SLOW,
}
POSTGRES_SENTENCES = {"53100": FULL, "25006": READ_ONLY, "57014": SLOW}


logger = logging.getLogger(__name__)

P = ParamSpec("P")
T = TypeVar("T")
Statements = Callable[Concatenate[Connection, P], T]
Work = Callable[[Connection], T]


class Database:
    """notice: a sentence about the start, to show once; empty: none."""

    def __init__(self, url: str) -> None:
        """Raise SettingError for a URL that names no SQLite file and no PostgreSQL database."""
        self._url = read_url(url)
        self.is_sqlite = self._url.get_backend_name() == "sqlite"
        self._connections = _SQLite(self._url) if self.is_sqlite else _PostgreSQL(self._url)
        self._writers = asyncio.Semaphore(1 if self.is_sqlite else POSTGRES_WRITERS)
        self._starting = asyncio.Lock()
        self._tasks: set[asyncio.Task[Any]] = set()
        self._is_ready = False
        self._retry_at = 0.0
        self.notice = ""

    async def start(self) -> None:
        """Make the folder and bring the schema up to date; other processes may do so at the same time.

        Raise HistoryUnavailable. A later call, of this or of any other method, tries again.
        """
        await self._finish(self._start())

    async def read(self, statements: Statements[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Return the result of the statements on one connection."""
        return await self._finish(self._read(partial(_call, statements, args, kwargs)))

    async def write(self, statements: Statements[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """As `read`, in a transaction: committed when the statements return, rolled back when they raise."""
        return await self._finish(self._write(partial(_call, statements, args, kwargs)))

    async def aclose(self) -> None:
        """Wait up to CLOSE_SECONDS for calls whose callers have left, then close every connection."""
        self._is_ready = False
        self._retry_at = float("inf")
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=CLOSE_SECONDS)
        for task in self._tasks:
            task.cancel()
        await self._connections.aclose()

    async def _finish(self, call: Coroutine[Any, Any, T]) -> T:
        """Finish a call even if its caller is cancelled: a statement cut off confuses every driver."""
        task = asyncio.create_task(call)
        self._tasks.add(task)
        task.add_done_callback(self._forget)
        return await asyncio.shield(task)

    def _forget(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled():
            task.exception()  # retrieved, or asyncio logs it when no caller is left

    async def _start(self) -> None:
        async with self._starting:
            if self._is_ready:
                return
            if time.monotonic() < self._retry_at:
                raise HistoryUnavailable(AWAY)
            self._retry_at = time.monotonic() + RETRY_SECONDS
            with _own_errors():
                if self.is_sqlite and not _is_memory(self._url):
                    path = Path(str(self._url.database))
                    self.notice = await asyncio.to_thread(prepare_sqlite_file, path) or self.notice
                await self._connections.write(_migrate)
            self._is_ready = True

    async def _read(self, work: Work[T]) -> T:
        if not self._is_ready:
            await self._start()
        with _own_errors():
            return await self._connections.read(work)

    async def _write(self, work: Work[T]) -> T:
        if not self._is_ready:
            await self._start()
        # The semaphore before the connection: a waiting writer must not block readers of a connection.
        async with self._writers:
            with _own_errors():
                return await self._connections.write(work)


def _call(statements: Callable[..., T], args: Any, kwargs: Any, connection: Connection) -> T:
    return statements(connection, *args, **kwargs)


class _SQLite:
    """Each transaction runs in a thread. There are as many threads as connections, so none waits."""

    def __init__(self, url: URL) -> None:
        count = 1 if _is_memory(url) else SQLITE_CONNECTIONS  # in memory each connection has its own database
        self._engine = create_engine(
            url,
            hide_parameters=True,
            poolclass=QueuePool,
            pool_size=count,
            max_overflow=0,
            connect_args={"timeout": BUSY_SECONDS, "check_same_thread": False},
        )
        event.listen(self._engine, "connect", _prepare_sqlite_connection)
        event.listen(self._engine, "begin", _begin_sqlite)
        self._writer = self._engine.execution_options(sqlite_begin="IMMEDIATE")
        self._threads = ThreadPoolExecutor(count, "history")

    async def read(self, work: Work[T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._threads, self._read, work)

    async def write(self, work: Work[T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._threads, self._write, work)

    async def aclose(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)
        self._engine.dispose()

    def _read(self, work: Work[T]) -> T:
        with self._engine.connect() as connection:
            return work(connection)

    def _write(self, work: Work[T]) -> T:
        with self._writer.begin() as connection:
            return work(connection)


class _PostgreSQL:
    """PostgreSQL over asyncpg. Raises SettingError if asyncpg is not installed."""

    def __init__(self, url: URL) -> None:
        try:
            self._engine = create_async_engine(
                url,
                hide_parameters=True,
                pool_size=5,
                max_overflow=POSTGRES_WRITERS,
                pool_timeout=CONNECT_SECONDS,
                pool_pre_ping=True,
                connect_args={"timeout": CONNECT_SECONDS, "command_timeout": COMMAND_SECONDS},
            )
        except ModuleNotFoundError:
            raise SettingError(
                "DATABASE_URL names PostgreSQL, whose client is missing: pip install asyncpg"
            ) from None

    async def read(self, work: Work[T]) -> T:
        async with self._engine.connect() as connection:
            return await connection.run_sync(work)

    async def write(self, work: Work[T]) -> T:
        async with self._engine.begin() as connection:
            return await connection.run_sync(work)

    async def aclose(self) -> None:
        await self._engine.dispose()


def ping(connection: Connection) -> None:
    """Let the database answer."""
    connection.execute(text("SELECT 1"))


def read_url(url: str) -> URL:
    """Return the URL with our driver. The usual spellings for libpq are accepted."""
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):
        raise SettingError(
            "DATABASE_URL is not a database URL; it is not shown, as it may hold a password."
        ) from None
    backend = parsed.get_backend_name()
    if backend == "sqlite":
        return parsed.set(drivername="sqlite")
    if backend in ("postgresql", "postgres"):
        return _with_asyncpg_options(parsed.set(drivername="postgresql+asyncpg"))
    raise SettingError("DATABASE_URL must be sqlite:///<file> or postgresql://<user>@<host>/<database>.")


def _is_memory(url: URL) -> bool:
    return url.database in (None, "", ":memory:")


def _with_asyncpg_options(url: URL) -> URL:
    """Translate libpq's sslmode to asyncpg's ssl, and drop channel_binding, which asyncpg does not know."""
    query = {name: value for name, value in url.query.items() if name != "channel_binding"}
    if "sslmode" in query:
        query["ssl"] = query.pop("sslmode")
    return url.set(query=query)


def _prepare_sqlite_connection(connection: Any, _record: object) -> None:
    connection.isolation_level = None  # or the driver begins transactions itself, too late
    cursor = connection.cursor()
    cursor.execute("PRAGMA foreign_keys=ON")
    cursor.execute(
        "PRAGMA synchronous=NORMAL"
    )  # in WAL: a power cut may lose the last commits, never the file
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    """Begin a writing transaction IMMEDIATE: an upgrade from reading to writing may fail as busy."""
    mode = connection.get_execution_options().get("sqlite_begin", "DEFERRED")
    connection.exec_driver_sql(f"BEGIN {mode}")


def _migrate(connection: Connection) -> None:
    """Migrate in one writing transaction: SQLite admits one process, PostgreSQL waits for the lock."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": MIGRATION_LOCK})
    config = Config()
    folder = str(Path(__file__).parent / "migrations")
    config.set_main_option("script_location", folder.replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
    hash_late_owners(connection)  # stored by replicas of an earlier version that still ran


@contextmanager
def _own_errors() -> Iterator[None]:
    try:
        yield
    except CommandError as error:
        raise HistoryUnavailable(NEWER) from error
    except (SQLAlchemyError, sqlite3.Error, OSError) as error:
        cause = getattr(error, "orig", None) or error
        # Only the kind: the text of a database error may quote the data.
        logger.warning("a history call failed: %s", getattr(cause, "sqlite_errorname", type(cause).__name__))
        raise HistoryUnavailable(_sentence(cause)) from error


def _sentence(cause: BaseException) -> str:
    if isinstance(cause, sqlite3.Error):
        return SQLITE_SENTENCES.get(getattr(cause, "sqlite_errorcode", 0) & 0xFF, AWAY)
    return POSTGRES_SENTENCES.get(getattr(cause, "sqlstate", None) or "", AWAY)
