"""Databases of earlier versions hold visitors' secrets as owners: hashed, they lead to the same rows."""

from __future__ import annotations

import sqlite3
import stat
from contextlib import closing
from pathlib import Path

import pytest

from chat.history import History
from chat.visitors import Guest, User, hash_secret

pytest_plugins = ("tests.databases",)

SECRET = "c29tZSByYW5kb20gdmFsdWU-of-a-browser"
OTHERS = ("", "user:anna", hash_secret("another"), "小明's")


async def make_old(path: Path) -> dict[str, str]:
    """Make a database as the version before 0002 left it; return a conversation's id by its owner."""
    history = History(f"sqlite:///{path}")
    ids = {owner: (await history.create_conversation(owner, "Old")).id for owner in (SECRET, *OTHERS)}
    await history.aclose()
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = '0001'")
    return ids


async def test_an_old_database_is_converted_and_the_same_secret_finds_its_conversations(
    tmp_path: Path,
) -> None:
    path = tmp_path / "history.sqlite3"
    ids = await make_old(path)
    history = History(f"sqlite:///{path}")
    await history.start()
    owners = {one: Guest.of(one).owner for one in (SECRET, "小明's")}
    owners["user:anna"] = User("anna").owner
    for before, id in ids.items():
        found = await history.conversations(owners.get(before, before))
        assert [one.id for one in found] == [id], before
    assert await history.conversations(SECRET) == ()
    await history.aclose()
    assert SECRET.encode() not in path.read_bytes()


@pytest.mark.parametrize("secret", [SECRET, "小明" * 20])
async def test_secrets_that_an_old_replica_stores_later_are_hashed_at_the_next_start(
    database_url: str, secret: str
) -> None:
    history = History(database_url)
    id = (await history.create_conversation(secret, "Late")).id
    await history.aclose()
    history = History(database_url)
    assert (await history.conversation(id, hash_secret(secret))).title == "Late"
    await history.aclose()


def modes_of(folder: Path) -> dict[str, int]:
    return {file.name: stat.S_IMODE(file.stat().st_mode) for file in folder.glob("history.sqlite3*")}


async def test_only_this_user_may_read_the_database(tmp_path: Path) -> None:
    path = tmp_path / "history.sqlite3"
    path.touch(0o644)
    history = History(f"sqlite:///{path}")
    await history.create_conversation("owner", "Mine")
    modes = modes_of(tmp_path)
    await history.aclose()
    assert modes.pop("history.sqlite3.lock", None) is not None
    assert len(modes) > 1
    assert set(modes.values()) == {0o600}, modes
