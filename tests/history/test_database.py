"""A failing database: the user gets one sentence, nothing hangs, and reconnects happen by themselves."""

from __future__ import annotations

import asyncio
import os
import signal
import sqlite3
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import create_engine, event, text
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import Pool

from chat.errors import HistoryUnavailable, SettingError
from chat.history import History, database
from chat.history.database import AWAY, FULL, NEWER, READ_ONLY
from chat.history.sqlite_file import SET_ASIDE

if TYPE_CHECKING:  # pytest itself must be the first to import a plugin
    from tests.servers_postgres import PostgresServer

pytest_plugins = ("tests.databases",)

ME = "visitor-me"


async def fill(path: Path, messages: int = 50) -> None:
    history = History(f"sqlite:///{path}")
    conversation = await history.create_conversation(ME, "kept")
    for number in range(messages):
        await history.add_message(conversation.id, ME, "user", parent_id=None, text=f"{number} " * 500)
    await history.aclose()


async def failure_of(history: History) -> HistoryUnavailable:
    with pytest.raises(HistoryUnavailable) as caught:
        await history.create_conversation(ME)
    return caught.value


# --- settings -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("url", ["", "x.db", "mysql://me:secret@host/db", "::secret::", "postgresql:secret"])
def test_a_url_that_cannot_be_is_refused_at_once_without_showing_it(url: str) -> None:
    with pytest.raises(SettingError, match="DATABASE_URL") as caught:
        History(url)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "read"),
    [
        ("sqlite:////data/history.db", "sqlite:////data/history.db"),
        ("sqlite+aiosqlite:///x.db", "sqlite:///x.db"),
        ("postgresql://me@host/db", "postgresql+asyncpg://me@host/db"),
        ("postgres://me@host/db", "postgresql+asyncpg://me@host/db"),
        ("postgresql+psycopg://me@host/db", "postgresql+asyncpg://me@host/db"),
        (
            "postgresql://me@host/db?sslmode=require&channel_binding=require",
            "postgresql+asyncpg://me@host/db?ssl=require",
        ),
    ],
)
def test_the_usual_spellings_of_a_url_are_understood(url: str, read: str) -> None:
    assert database.read_url(url).render_as_string() == read


def test_the_client_of_postgresql_is_imported_only_for_its_url() -> None:
    program = """
        import sys
        from chat.history import History
        History("sqlite:///:memory:")
        assert "asyncpg" not in sys.modules
        History("postgresql://host/db")
        assert "asyncpg" in sys.modules
    """
    subprocess.run([sys.executable, "-c", textwrap.dedent(program)], check=True)


# --- SQLite -------------------------------------------------------------------------------------------------


def bad_headers(path: Path) -> None:
    path.write_bytes(b"this is no database" * 1000)


def bad_page(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[3 * 4096 : 5 * 4096] = os.urandom(2 * 4096)
    path.write_bytes(data)


def cut_off(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: 6 * 4096 + 17])


def set_aside(folder: Path) -> list[bytes]:
    return [path.read_bytes() for path in folder.glob("history.damaged-*.sqlite3")]


@pytest.mark.parametrize("damage", [bad_headers, bad_page, cut_off])
async def test_a_damaged_file_is_set_aside_and_a_new_history_begun(tmp_path: Path, damage: object) -> None:
    path = tmp_path / "history.sqlite3"
    await fill(path)
    assert callable(damage)
    damage(path)
    damaged = path.read_bytes()
    history = History(f"sqlite:///{path}")
    await history.start()
    assert history.notice == SET_ASIDE
    assert await history.conversations(ME) == ()
    await history.create_conversation(ME, "new")
    assert set_aside(tmp_path) == [damaged]
    await history.aclose()
    again = History(f"sqlite:///{path}")
    assert [one.title for one in await again.conversations(ME)] == ["new"]
    assert again.notice == ""
    await again.aclose()


async def test_an_empty_file_is_an_empty_history(tmp_path: Path) -> None:
    (tmp_path / "history.sqlite3").touch()
    history = History(f"sqlite:///{tmp_path}/history.sqlite3")
    assert await history.conversations(ME) == ()
    assert history.notice == ""
    await history.aclose()


async def test_of_several_that_find_a_damaged_file_one_sets_it_aside(tmp_path: Path) -> None:
    path = tmp_path / "history.sqlite3"
    bad_headers(path)
    histories = [History(f"sqlite:///{path}") for _ in range(4)]
    await asyncio.gather(*(history.start() for history in histories))
    assert sorted(history.notice for history in histories) == ["", "", "", SET_ASIDE]
    await asyncio.gather(*(history.create_conversation(ME) for history in histories))
    assert len(await histories[0].conversations(ME)) == 4
    assert len(set_aside(tmp_path)) == 1
    for history in histories:
        await history.aclose()


async def test_a_folder_that_cannot_be_made_is_a_sentence_without_its_path(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    history = History(f"sqlite:///{tmp_path}/file/data/history.sqlite3")
    for _ in range(2):
        error = await failure_of(history)
        assert str(tmp_path) not in str(error.body())
        assert (error.status, error.type) == (503, "history_unavailable")
    await history.aclose()


READ_ONLY_PROGRAM = """
import asyncio, os, sys
from chat.errors import HistoryUnavailable
from chat.history import History

async def main(path: str) -> None:
    history = History(f"sqlite:///{path}")
    try:
        await history.start()
    except HistoryUnavailable as error:
        print(error)
    await history.aclose()

asyncio.run(main(sys.argv[2]))  # imports what is only imported when needed: root's folders are closed below
if os.geteuid() == 0:
    os.setgroups([])
    os.seteuid(65534)
asyncio.run(main(sys.argv[1]))
"""


@pytest.mark.parametrize("existing", [True, False])
async def test_a_read_only_folder_is_reported(tmp_path: Path, existing: bool) -> None:
    folder = tmp_path / "data"
    folder.mkdir()
    if existing:
        await fill(folder / "history.sqlite3", 1)
        (folder / "history.sqlite3").chmod(0o444)
    open_way(tmp_path)
    folder.chmod(0o555)
    try:
        command = [
            sys.executable,
            "-c",
            READ_ONLY_PROGRAM,
            str(folder / "history.sqlite3"),
            str(tmp_path / "other"),
        ]
        done = await asyncio.to_thread(subprocess.run, command, capture_output=True, text=True, check=True)
    finally:
        folder.chmod(0o755)
    assert done.stdout.startswith("The history cannot be written: its folder")


def open_way(folder: Path) -> None:
    """Open the folder to another user: pytest's folders belong to one."""
    for parent in (folder, *folder.parents):
        if parent.owner() == folder.owner() and "pytest" in str(parent):
            parent.chmod(0o755)


@pytest.fixture
def small_disk() -> Iterator[dict[str, int]]:
    """SQLite reports a full disk when its file would outgrow `pages`, as it does when the disk is full."""
    limit = {"pages": 4_000_000}

    def set_limit(connection: sqlite3.Connection, *_: object) -> None:
        cursor = connection.cursor()
        cursor.execute(f"PRAGMA max_page_count={limit['pages']}")
        cursor.fetchall()
        cursor.close()

    event.listen(Pool, "checkout", set_limit)
    yield limit
    event.remove(Pool, "checkout", set_limit)


async def test_a_full_disk_refuses_new_rows_and_keeps_the_others(
    tmp_path: Path, small_disk: dict[str, int]
) -> None:
    history = History(f"sqlite:///{tmp_path}/history.sqlite3")
    conversation = await history.create_conversation(ME, "kept")
    small_disk["pages"] = 1
    with pytest.raises(HistoryUnavailable, match=FULL):
        await history.add_message(conversation.id, ME, "user", parent_id=None, text="x" * 1_000_000)
    assert await history.conversations(ME) == (conversation,)
    assert await history.branch(conversation.id, ME) == ()
    small_disk["pages"] = 4_000_000
    added = await history.add_message(conversation.id, ME, "user", parent_id=None, text="x" * 1_000_000)
    assert await history.branch(conversation.id, ME) == (added,)
    await history.aclose()


async def test_a_history_of_a_newer_version_is_left_alone(database_url: str) -> None:
    history = History(database_url)
    await history.create_conversation(ME, "kept")
    await history.aclose()
    await set_revision(database_url, "9999")
    newer = History(database_url)
    assert str(await failure_of(newer)) == NEWER
    await newer.aclose()
    await set_revision(database_url, "0002")
    same = History(database_url)
    assert [one.title for one in await same.conversations(ME)] == ["kept"]
    await same.aclose()


async def set_revision(database_url: str, revision: str) -> None:
    """Write it past a Database, which would refuse to open one that is newer."""
    changed, to = text("UPDATE alembic_version SET version_num = :to"), {"to": revision}
    if database_url.startswith("sqlite"):
        with create_engine(database_url).begin() as connection:
            connection.execute(changed, to)
            connection.engine.dispose()
        return
    engine = create_async_engine(database.read_url(database_url))
    async with engine.begin() as asynchronous:
        await asynchronous.execute(changed, to)
    await engine.dispose()


async def test_a_call_after_the_end_is_refused_and_does_not_open_anything(database_url: str) -> None:
    history = History(database_url)
    await history.start()
    await history.aclose()
    assert str(await failure_of(history)) == AWAY
    await history.aclose()


# --- PostgreSQL ---------------------------------------------------------------------------------------------


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Shorten the waits of a test."""
    for name in ("CONNECT_SECONDS", "COMMAND_SECONDS", "CLOSE_SECONDS"):
        monkeypatch.setattr(database, name, 1)
    monkeypatch.setattr(database, "RETRY_SECONDS", 0)


@pytest.mark.usefixtures("quick")
async def test_a_restart_of_postgresql_is_invisible(postgres: PostgresServer, postgres_url: str) -> None:
    history = History(postgres_url)
    conversation = await history.create_conversation(ME, "kept")
    postgres.stop()
    postgres.start()
    assert await history.conversations(ME) == (conversation,)
    await history.create_conversation(ME)
    await history.aclose()


@pytest.mark.usefixtures("quick")
async def test_without_postgresql_calls_fail_with_a_sentence_until_it_returns(
    postgres: PostgresServer, postgres_url: str
) -> None:
    history, late = History(postgres_url), History(postgres_url)
    conversation = await history.create_conversation(ME, "kept")
    postgres.stop()
    try:
        for one in (history, late):
            assert str(await failure_of(one)) == AWAY
    finally:
        postgres.start()
    for one in (history, late):
        assert await one.conversations(ME) == (conversation,)
        await one.aclose()


@pytest.mark.usefixtures("quick")
async def test_a_silent_postgresql_times_out(postgres: PostgresServer, postgres_url: str) -> None:
    history = History(postgres_url)
    conversation = await history.create_conversation(ME, "kept")
    postgres.signal(signal.SIGSTOP)
    try:
        async with asyncio.timeout(30):
            assert str(await failure_of(history)) == AWAY
    finally:
        postgres.signal(signal.SIGCONT)
    assert await history.conversations(ME) == (conversation,)
    await history.aclose()


@pytest.mark.parametrize("wrong", ["postgres@127.0.0.1:1/x", "postgres@nowhere.invalid/x"])
@pytest.mark.usefixtures("quick")
async def test_a_database_that_is_not_there_is_a_sentence_without_its_address(wrong: str) -> None:
    history = History(f"postgresql://{wrong}")
    assert str(await failure_of(history)) == AWAY
    await history.aclose()


async def test_an_unknown_user_or_database_of_postgresql_is_reported(postgres: PostgresServer) -> None:
    for url in (postgres.url("missing"), postgres.url("postgres").replace("postgres@", "nobody@")):
        history = History(url)
        assert str(await failure_of(history)) == AWAY
        await history.aclose()


async def test_a_read_only_postgresql_is_reported(postgres: PostgresServer, postgres_url: str) -> None:
    history = History(postgres_url)
    await history.start()
    await history.aclose()
    postgres.execute("ALTER DATABASE postgres SET default_transaction_read_only = on")
    try:
        replica = History(postgres_url)
        assert await replica.conversations(ME) == ()
        assert str(await failure_of(replica)) == READ_ONLY
        await replica.aclose()
    finally:
        postgres.execute("BEGIN READ WRITE; ALTER DATABASE postgres RESET ALL; COMMIT")
