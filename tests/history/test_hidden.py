"""A deletion that can be undone: nothing is there for its owner, and all of it comes back, or is gone."""

from __future__ import annotations

import pytest

from chat.documents.document import Document, Page
from chat.errors import NotFound
from chat.history import History
from chat.history.hidden import number_deletion

pytest_plugins = ("tests.databases",)

ME, OTHER = "visitor-me", "user:other:name"
DOCUMENT = Document("a.txt", "text/plain", 1, "", (Page("", "text"),), 1)


async def begin(history: History, owner: str) -> tuple[str, str]:
    """Return a conversation with a message that was sent with a file, and the file."""
    conversation = await history.create_conversation(owner, "Talk")
    file = await history.add_attachment(owner, DOCUMENT)
    await history.add_message(
        conversation.id, owner, "user", parent_id=None, text="word", attachment_ids=[file.id]
    )
    return conversation.id, file.id


async def test_a_hidden_conversation_comes_back_as_it_was(history: History) -> None:
    id, file = await begin(history, ME)
    before = await history.conversation(id, ME), await history.branch(id, ME)
    number = number_deletion()
    with pytest.raises(NotFound):
        await history.hide_conversation(id, OTHER, number)
    await history.hide_conversation(id, ME, number)
    assert await history.conversations(ME) == await history.conversations(ME, "word") == ()
    with pytest.raises(NotFound):
        await history.branch(id, ME)
    assert await history.restore(OTHER, number) == 0
    assert await history.restore(ME, number) == 1
    assert (await history.conversation(id, ME), await history.branch(id, ME)) == before
    await history.hide_conversation(id, ME, number)
    assert await history.purge(number) == ()
    assert await history.purge(number_deletion(-1)) == (file,)
    assert (await history.restore(ME, number), await history.attachments([file], ME)) == (0, ())


async def test_everything_of_one_owner_is_hidden_and_nothing_of_another(history: History) -> None:
    mine, theirs = [await begin(history, ME) for _ in range(2)], await begin(history, OTHER)
    unsent = await history.add_attachment(ME, DOCUMENT)
    files = {unsent.id, *(file for _, file in mine)}
    number = number_deletion()
    count, hidden = await history.hide_everything(ME, number)
    assert (count, set(hidden)) == (2, files)
    assert (await history.conversations(ME), await history.attachments([*files], ME)) == ((), ())
    assert await history.restore(ME, number) == 5
    assert {one.id for one in await history.conversations(ME)} == {id for id, _ in mine}
    assert len(await history.attachments([*files], ME)) == 3
    await history.hide_everything(ME, number_deletion())
    assert set(await history.purge(number_deletion(-1))) == files
    assert [one.id for one in await history.conversations(OTHER)] == [theirs[0]]
    assert len(await history.attachments([theirs[1]], OTHER)) == 1


async def test_a_restart_leaves_what_is_hidden_as_it_is(history: History, database_url: str) -> None:
    id, _ = await begin(history, "user:anna")
    number = number_deletion()
    await history.hide_conversation(id, "user:anna", number)
    again = History(database_url)
    await again.start()
    assert await again.restore("user:anna", number) == 1
    await again.aclose()
