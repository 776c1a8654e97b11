"""What earlier versions have written opens in this one, on SQLite and PostgreSQL: tests/release_sample.py.

Each folder of tests/fixtures whose name begins with `data-` comes from one version.
"""

from __future__ import annotations

import asyncio
import json
import shutil
import sqlite3
from collections.abc import AsyncGenerator
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from playwright.async_api import Browser, expect

from chat.history import Message
from chat.visitors import hash_secret
from tests.pages import visit
from tests.provider import Provider
from tests.release_sample import CITED, MODEL, NOTES, OWNER, PAGES, PROMPT
from tests.routes import read
from tests.scenarios import ANSWER, HALF, REASONING
from tests.servers import RunningApp, run_app, run_routes

STORED = hash_secret(OWNER)  # as the database names the sample's visitor

if TYPE_CHECKING:
    from tests.servers_postgres import PostgresServer

pytest_plugins = ("tests.servers_postgres",)

SAMPLES = sorted((Path(__file__).resolve().parents[1] / "fixtures").glob("data-*"))
TITLES = {"Branches 分支", "Think about it", "Of what is the south pier?", "Is it cut?"}
# The files of a sample are older than any retention: they count as used now.
USED_NOW = "UPDATE attachments SET used = CURRENT_TIMESTAMP"


def test_there_is_a_sample_of_a_released_version() -> None:
    assert SAMPLES


@pytest.fixture(params=[(sample, database) for sample in SAMPLES for database in ("sqlite", "postgresql")])
async def opened(
    request: pytest.FixtureRequest, tmp_path: Path, provider: Provider
) -> AsyncGenerator[RunningApp, None]:
    sample, database = request.param
    environ = {"OPENAI_BASE_URL": provider.url, "OPENAI_MODEL": "plain"}
    if database == "sqlite":
        copy_disk(sample, tmp_path)
    else:
        server: PostgresServer = request.getfixturevalue("postgres")
        request.getfixturevalue("postgres_url")
        await asyncio.to_thread(server.execute, (sample / "postgresql.sql").read_text("utf-8") + USED_NOW)
        environ["DATABASE_URL"] = server.url("postgres")
    async with run_routes(tmp_path, **environ) as app:
        yield app


def copy_disk(sample: Path, folder: Path) -> None:
    """Make the sample's data folder one that a test may write to."""
    shutil.copytree(sample / "disk", folder / "data")
    with closing(sqlite3.connect(folder / "data" / "history.sqlite3")) as database, database:
        database.execute(USED_NOW)


async def find(app: RunningApp, title: str) -> tuple[str, list[Message]]:
    """Return a conversation by its title, and the messages of its branch."""
    listed = await app.engine.history.conversations(STORED)
    [id] = [one.id for one in listed if one.title == title]
    return id, list(await app.engine.branch(id, STORED))


async def test_conversations_are_listed_with_their_titles_and_the_pinned_one_first(
    opened: RunningApp,
) -> None:
    listed = await opened.engine.history.conversations(STORED)
    assert {one.title for one in listed} == TITLES
    assert (listed[0].title, listed[0].pinned) == ("Branches 分支", True)
    assert [one.pinned for one in listed].count(True) == 1
    found = await opened.engine.history.conversations(STORED, query="WORDING")
    assert [one.title for one in found] == ["Branches 分支"]


async def test_every_branch_is_there_with_its_likes(opened: RunningApp) -> None:
    _, branch = await find(opened, "Branches 分支")
    assert [message.text for message in branch] == ["Second wording", ANSWER]
    first, edited = await opened.engine.history.siblings(branch[0].id, STORED)
    assert edited == branch[0].id
    branch = list(await opened.engine.history.select_branch(first, STORED))
    assert [message.text for message in branch] == ["First question", ANSWER]
    answers = await opened.engine.history.siblings(branch[1].id, STORED)
    liked = [(await opened.engine.history.message(answer, STORED)).liked for answer in answers]
    assert liked == [True, None]


async def test_reasoning_and_faults_are_kept(opened: RunningApp) -> None:
    _, [_, thought] = await find(opened, "Think about it")
    assert (thought.reasoning, thought.text, thought.model) == (REASONING, ANSWER, "reasoning")
    _, [_, cut] = await find(opened, "Is it cut?")
    assert (cut.text, cut.finish_reason, (cut.error or {})["type"]) == (HALF, "error", "connection_lost")


async def test_files_citations_and_receipts_are_kept_and_a_file_can_be_asked_about(
    opened: RunningApp, provider: Provider
) -> None:
    id, [question, answer] = await find(opened, "Of what is the south pier?")
    assert answer.text == CITED
    assert [(one["status"], one["page"]) for one in answer.citations or ()] == [("found", "2")] * 2
    assert answer.receipt
    files = await opened.engine.history.attachments(question.attachment_ids, STORED)
    assert [file.document.name for file in files] == ["notes.txt", "harbour.pdf"]
    assert [NOTES in files[0].document.text, *(page in files[1].document.text for page in PAGES)] == [
        True
    ] * 3
    body = {"user_message": "And the north pier?", "conversation_id": id, "model": "plain"}
    told = await opened.client.post("/ai/stream_chat", json=body, headers={"x-visitor": OWNER})
    assert read(told)[-1].data == "[DONE]"
    sent = json.dumps(provider.chats[-1].body["messages"])
    assert all(text in sent for text in (NOTES, *PAGES))
    assert [message.text for message in await opened.engine.branch(id, STORED)][-2:] == [
        "And the north pier?",
        ANSWER,
    ]


@pytest.mark.slow
@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.name)
async def test_the_page_shows_them_and_keeps_the_settings_that_the_browser_remembers(
    browser: Browser, provider: Provider, tmp_path: Path, sample: Path
) -> None:
    copy_disk(sample, tmp_path)
    kept = json.loads((sample / "browser.json").read_text("utf-8")) | {"xiaojia.owner": OWNER}
    kept.pop("xiaojia.conversation")
    given = {"OPENAI_BASE_URL": provider.url, "OPENAI_MODEL": "plain,reasoning"}
    context = await browser.new_context(locale="en-US")
    script = "kept => Object.entries(kept).forEach(([name, value]) => localStorage.setItem(name, value))"
    await context.add_init_script(f"({script})({json.dumps(kept)})")
    async with run_app(tmp_path, **given) as app, visit(browser, app.url, context=context) as tab:
        await expect(tab.conversations).to_have_count(len(TITLES))
        await tab.conversations.first.click()
        await expect(tab.history.locator(".question")).to_have_text(["Second wording"])
        await tab.ask("Once more")
    sent = provider.chats[-1].body
    assert (sent["model"], PROMPT in json.dumps(sent["messages"][0])) == (MODEL, True)
    await context.close()
