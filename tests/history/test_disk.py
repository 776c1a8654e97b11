"""A disk that fails: the page says so in a sentence, and one can chat all the same."""

from __future__ import annotations

import os
import sqlite3
import subprocess
from collections.abc import AsyncGenerator, Iterator
from contextlib import asynccontextmanager, closing
from pathlib import Path

import aiohttp
import pytest
from sqlalchemy import event
from sqlalchemy.pool import Pool

from chat.errors import NotFound
from chat.history.database import FULL
from chat.history.sqlite_file import SET_ASIDE
from chat.visitors import hash_secret
from tests.page_protocol import OpenPage
from tests.provider import Provider
from tests.routes import read
from tests.scenarios import ANSWER
from tests.servers import RunningApp, run_app

IN_MEMORY = "Conversations are kept only until the server stops."


@asynccontextmanager
async def open_page(provider: Provider, folder: Path) -> AsyncGenerator[tuple[RunningApp, OpenPage], None]:
    environ = {"OPENAI_BASE_URL": provider.url, "OPENAI_MODEL": "plain", "TITLES": "words"}
    async with run_app(folder, **environ) as app, aiohttp.ClientSession() as http:
        yield app, await OpenPage.load(http, app.url)


async def check_chat(page: OpenPage) -> None:
    """Ask twice and about a file; each answer must be shown, and the second turn must know the first."""
    for message in ("Hello", "And again"):
        told = await page.ask(message)
        assert told.html.count(ANSWER) == (1 if message == "Hello" else 2), told.html
    file = await page.attach("fox.txt", b"The fox is red.")
    told = await page.ask("Which colour?", files=(file,))
    assert told.html.count(ANSWER) == 3


async def banner(page: OpenPage) -> str:
    """Return what stands above the conversation when the page is opened."""
    return "".join(value for value in await page.run("dress", page.visit()) if isinstance(value, str))


# --- at the start -------------------------------------------------------------------------------------------


@pytest.mark.slow
async def test_a_damaged_history_is_set_aside_and_told(provider: Provider, tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    (data / "history.sqlite3").write_bytes(b"this is no database" * 1000)
    async with open_page(provider, tmp_path) as (_, page):
        assert SET_ASIDE in (await banner(page)).replace("&#x27;", "'")
        await check_chat(page)
    assert len(list(data.glob("history.damaged-*.sqlite3"))) == 1
    with closing(sqlite3.connect(data / "history.sqlite3")) as database:
        assert database.execute("SELECT count(*) FROM messages").fetchone() == (6,)


async def test_a_folder_that_cannot_be_made_leaves_a_chat_without_history(
    provider: Provider, tmp_path: Path
) -> None:
    (tmp_path / "data").touch()
    async with open_page(provider, tmp_path) as (_, page):
        shown = await banner(page)
        assert IN_MEMORY in shown
        assert str(tmp_path) not in shown
        await check_chat(page)


@pytest.fixture
def read_only_folder(tmp_path: Path) -> Iterator[Path]:
    """A data folder that cannot be written to; root, who may write everywhere, needs a file system for it."""
    folder = tmp_path / "data"
    folder.mkdir()
    if os.geteuid():
        folder.chmod(0o555)
        yield tmp_path
        folder.chmod(0o755)
        return
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "ro", "tmpfs", folder], capture_output=True).returncode:
        pytest.skip("root may not mount here")
    yield tmp_path
    subprocess.run(["umount", folder], check=True)


async def test_a_read_only_folder_leaves_a_chat_without_history(
    provider: Provider, read_only_folder: Path
) -> None:
    async with open_page(provider, read_only_folder) as (_, page):
        shown = await banner(page)
        assert "The history cannot be written" in shown
        assert IN_MEMORY in shown
        await check_chat(page)


# --- while it runs ------------------------------------------------------------------------------------------


@pytest.fixture
def disk() -> Iterator[dict[str, int]]:
    """SQLite reports a full disk when its file would outgrow `pages`, as it does when the disk is full."""
    limit = {"pages": 4_000_000}

    def set_limit(connection: sqlite3.Connection, *_: object) -> None:
        with closing(connection.cursor()) as cursor:
            cursor.execute("PRAGMA database_list")
            _, _, file = cursor.fetchone()
            if file:  # memory is not full
                cursor.execute(f"PRAGMA max_page_count={limit['pages']}")
                cursor.fetchall()

    event.listen(Pool, "checkout", set_limit)
    yield limit
    event.remove(Pool, "checkout", set_limit)


async def test_a_disk_that_fills_up_takes_no_answer_away(
    provider: Provider, tmp_path: Path, disk: dict[str, int]
) -> None:
    async with open_page(provider, tmp_path) as (app, page):
        await page.ask("Hello")
        disk["pages"] = 1
        long = "And again " * 4000  # more than fits between two messages
        assert (await page.ask(long)).html.count(ANSWER) == 2, "what was said before is still there"
        new = page.again()
        assert (await new.ask(long)).html.count(ANSWER) == 1
        assert FULL in await banner(page)
        stream = await app.client.get(
            "/ai/stream_chat", params={"user_message": "Hi" * 4000, "model": "plain"}
        )
        assert read(stream)[-1].data == "[DONE]"
        disk["pages"] = 4_000_000
        await page.ask("And now?")
        kept, owner = page.conversation, hash_secret(page.owner)
        said = await app.engine.store(kept).branch(kept, owner)
        assert [message.text for message in said].count(ANSWER) == 3
        later = page.again()
        await later.ask("And I?")
        assert FULL not in await banner(later)
        assert (await app.engine._stores.kept.conversation(kept, owner)).id == kept
        await page.delete()
        with pytest.raises(NotFound):
            await app.engine._stores.kept.conversation(kept, owner)
