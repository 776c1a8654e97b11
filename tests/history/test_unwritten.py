"""PostgreSQL away while answers are written: what it lacks is kept, and written in order when it is back."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from chat.errors import HistoryUnavailable, NotFound
from chat.history import Begun, Growth, Message, Opened, Record
from chat.history.hidden import number_deletion
from chat.history.stores import Stores

if TYPE_CHECKING:
    from tests.servers_postgres import PostgresServer

pytest_plugins = ("tests.servers_postgres",)

ANNA = "anna"
PATIENCE_SECONDS = 60


@asynccontextmanager
async def open_stores(url: str, folder: Path) -> AsyncGenerator[Stores]:
    stores = Stores(url, is_shared=True, folder=folder)
    await stores.open()
    try:
        yield stores
    finally:
        await stores.aclose()


def turn(name: str, parent: str | None = None, conversation: str = "c") -> Begun:
    """Return a question, and its answer that is opened."""
    now = datetime.now(UTC)
    question = Message(f"q{name}", conversation, parent, "user", now, text=f"Question {name}")
    opened = Message(f"a{name}", conversation, question.id, "assistant", now, generation_id=f"g{name}")
    return Begun(ANNA, question, opened, parent is None)


def grown(name: str, text: str, finish_reason: str | None = None) -> Growth:
    return Growth(ANNA, f"a{name}", f"g{name}", {"text": text, "finish_reason": finish_reason})


async def written(stores: Stores, conversation: str = "c") -> list[str]:
    return [message.text for message in await stores.kept.branch(conversation, ANNA)]


def left_in(folder: Path) -> list[str]:
    """Return the files of what a database lacks, without their locks."""
    return [path.name for path in folder.glob("unwritten-*") if path.suffix != ".lock"]


async def wait_until_back(stores: Stores) -> None:
    async with asyncio.timeout(PATIENCE_SECONDS):
        while stores._moved:
            await asyncio.sleep(0.02)


async def test_an_answer_is_stored_whole_after_an_outage_and_its_turns_are_not_sent_in_part(
    postgres: PostgresServer, postgres_url: str, tmp_path: Path
) -> None:
    async with open_stores(postgres_url, tmp_path) as stores:
        await stores.write("c", turn("1"))
        postgres.stop()
        try:
            await stores.write("c", grown("1", "Once"))
            assert stores.notice
            await stores.write("c", grown("1", "Once upon a time", "stop"))
            with pytest.raises(HistoryUnavailable):
                await stores.branch("c", ANNA)
            with pytest.raises(HistoryUnavailable):
                await stores.hide_conversation("c", ANNA, number_deletion())
        finally:
            postgres.start()
        assert [one.text for one in await stores.branch("c", ANNA)] == ["Question 1", "Once upon a time"]
        await wait_until_back(stores)
        assert await written(stores) == ["Question 1", "Once upon a time"]
        assert not stores.notice


async def test_a_conversation_that_begins_in_an_outage_goes_on_and_is_stored_in_order_once(
    postgres: PostgresServer, postgres_url: str, tmp_path: Path
) -> None:
    async with open_stores(postgres_url, tmp_path) as stores:
        postgres.stop()
        try:
            first, second = turn("1"), turn("2", "a1")
            again = Opened(ANNA, Message("a3", "c", "q2", "assistant", datetime.now(UTC), generation_id="g3"))
            records: list[Record] = [
                first,
                grown("1", "One", "stop"),
                second,
                grown("2", "Two", "stop"),
                again,
            ]
            records.append(grown("3", "Three", "stop"))
            for record in records:
                await stores.write("c", record)
            said = ["Question 1", "One", "Question 2", "Three"]
            assert [one.text for one in await stores.branch("c", ANNA)] == said
            await stores.store("c").rename("c", ANNA, "A title")
            await stores.store("c").like("a1", ANNA, True)
            await stores.store("c").select_branch("a2", ANNA)
        finally:
            postgres.start()
        await wait_until_back(stores)
        await stores.kept.write_again(records)  # as if the reply to the first time were lost
        assert await written(stores) == ["Question 1", "One", "Question 2", "Two"]
        assert await stores.kept.siblings("a2", ANNA) == ("a2", "a3")
        assert (await stores.kept.conversation("c", ANNA)).title == "A title"
        assert (await stores.kept.message("a1", ANNA)).liked is True
        with pytest.raises(NotFound):
            await stores.temporary.conversation("c", ANNA)


async def test_what_a_process_could_not_store_is_stored_by_the_next_one(
    postgres: PostgresServer, postgres_url: str, tmp_path: Path
) -> None:
    async with open_stores(postgres_url, tmp_path) as stores:
        await stores.write("c", turn("1"))
        postgres.stop()
        await stores.write("c", grown("1", "Once upon a time", "stop"))
        await stores.write("d", turn("2", conversation="d"))
    try:
        async with open_stores(postgres_url, tmp_path):
            assert [Path(name).suffix for name in left_in(tmp_path)] == [".json"]
    finally:
        postgres.start()
    async with open_stores(postgres_url, tmp_path) as stores:
        await wait_until_back(stores)
        assert await written(stores) == ["Question 1", "Once upon a time"]
        assert await written(stores, "d") == ["Question 2", ""]
    assert not left_in(tmp_path)


async def test_a_conversation_that_was_deleted_elsewhere_stays_deleted(
    postgres: PostgresServer, postgres_url: str, tmp_path: Path
) -> None:
    async with open_stores(postgres_url, tmp_path / "a") as one, open_stores(postgres_url, tmp_path) as other:
        await one.write("c", turn("1"))
        postgres.stop()
        await one.write("c", grown("1", "Once"))
        await one.write("c", turn("2", "a1"))
        one._is_accepting.clear()
        postgres.start()
        async with asyncio.timeout(PATIENCE_SECONDS):
            while True:
                try:
                    await other.delete_conversation("c", ANNA)
                    break
                except HistoryUnavailable:
                    await asyncio.sleep(0.02)
        await wait_until_back(one)
        with pytest.raises(NotFound):
            await one.branch("c", ANNA)
