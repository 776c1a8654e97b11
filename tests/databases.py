"""Fixtures for whatever must hold over both databases: each test runs on SQLite and on a real PostgreSQL."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from chat.history import History

pytest_plugins = ("tests.servers_postgres",)


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of an empty database, as an owner would write it."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/data/history.sqlite3"
    url: str = request.getfixturevalue("postgres_url")
    return url


@pytest.fixture
async def history(database_url: str) -> AsyncIterator[History]:
    history = History(database_url)
    await history.start()
    yield history
    await history.aclose()
