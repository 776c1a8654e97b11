"""Temporary conversations do not stay in memory for ever; kept ones are left alone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from chat.errors import NotFound, Refused
from chat.history import conversations
from chat.history.stores import TEMPORARY
from chat.jobs.expiry import TEMPORARY_SECONDS, expire_temporary
from chat.shares import Limit
from chat.visitors import Guest, Visitor
from tests.servers import run_routes

ME = Visitor(Guest.of("me"))


async def test_temporary_conversations_and_their_memory_end_after_a_day(tmp_path: Path) -> None:
    async with run_routes(tmp_path, OPENAI_BASE_URL="none") as app:
        engine, text = app.engine, tmp_path / "a.txt"
        text.write_text("Owls hunt voles.")
        attachment = await engine.attach(text, "a.txt", ME, is_temporary=True)
        await attachment.finish()
        assert engine._attachments.temporary.total == 16
        stores, long_ago = engine._stores, datetime.now(UTC) - timedelta(seconds=TEMPORARY_SECONDS + 1)
        for store, id in ((stores.temporary, TEMPORARY + "old"), (stores.temporary, TEMPORARY + "new")):
            await store.create_conversation(ME.owner, id=id)
        await stores.temporary.add_message(
            TEMPORARY + "old", ME.owner, "user", parent_id=None, attachment_ids=[attachment.id], text="x"
        )
        await stores.temporary._database.write(
            conversations.update_conversation, TEMPORARY + "old", ME.owner, updated=long_ago
        )
        await expire_temporary(stores, engine._attachments)
        left = [one.id for one in await stores.temporary.conversations(ME.owner)]
        assert (left, engine._attachments.temporary.total) == ([TEMPORARY + "new"], 0)
        with pytest.raises(NotFound):
            await engine.attachment(attachment.id, ME.owner)


@pytest.mark.slow
async def test_temporary_files_past_a_share_are_refused(tmp_path: Path) -> None:
    async with run_routes(tmp_path, OPENAI_BASE_URL="none") as app:
        app.engine._attachments.temporary.limit = Limit(of_visitor=20)
        text = tmp_path / "a.txt"
        text.write_text("Owls hunt voles.")
        await app.engine.attach(text, "a.txt", ME, is_temporary=True)
        with pytest.raises(Refused):
            await app.engine.attach(text, "a.txt", ME, is_temporary=True)
        await app.engine.attach(text, "a.txt", ME)
