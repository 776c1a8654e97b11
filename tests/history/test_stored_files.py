"""An uploaded file's record comes back whole, expires, and goes with its conversation."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from chat.documents.document import Document, Page, Problem
from chat.errors import InvalidRequest, NotFound
from chat.history import History
from chat.history.stored_files import pack_document

pytest_plugins = ("tests.databases",)

ME, OTHER = "visitor-me", "visitor-other"
DOCUMENT = Document(
    name="报告.pdf",
    media_type="application/pdf",
    size=123_456,
    unit="page",
    pages=(Page("1", "第一页\n\ttab", "前言"), Page("iv", ""), Page("2", "half a pair \ud83d")),
    page_count=4,
    problems=(Problem("no_text", ("iv", "3")), Problem("truncated", (), "cap")),
    is_complete=False,
)


async def send(history: History, conversation_id: str, *attachment_ids: str) -> None:
    await history.add_message(
        conversation_id, ME, "user", parent_id=None, text="?", attachment_ids=attachment_ids
    )


async def test_an_attachment_comes_back_as_it_was_read(history: History) -> None:
    added = await history.add_attachment(ME, DOCUMENT, tables=b"\0index", original=b"%PDF\0\xff")
    readable = replace(DOCUMENT, pages=(*DOCUMENT.pages[:2], Page("2", "half a pair ?")))
    assert await history.attachment(added.id, ME) == replace(added, document=readable)
    assert await history.file_column(added.id, ME, "tables") == b"\0index"
    assert await history.file_column(added.id, ME, "original") == b"%PDF\0\xff"


async def test_what_is_not_kept_beside_the_text_is_none(history: History) -> None:
    added = await history.add_attachment(ME, DOCUMENT, id="chosen")
    assert added.id == "chosen"
    assert await history.file_column("chosen", ME, "vectors") is None
    assert await history.file_column("chosen", ME, "original") is None
    with pytest.raises(InvalidRequest, match="exists already"):
        await history.add_attachment(ME, DOCUMENT, id="chosen")


async def test_the_bytes_of_files_have_a_limit_of_which_an_owner_has_half_of_what_others_leave(
    history: History,
) -> None:
    async def is_kept(owner: str, size: int, limit: int | None) -> bool:
        added = await history.add_attachment(owner, DOCUMENT, original=b"x" * size, limit=limit)
        assert (await history.attachment(added.id, owner)).document.pages
        return await history.file_column(added.id, owner, "original") is not None

    assert await is_kept(ME, 500, 1000)
    assert not await is_kept(ME, 1, 1000)
    assert await is_kept(OTHER, 250, 1000)
    assert not await is_kept(OTHER, 1, 1000)
    assert await is_kept(ME, 5000, None)
    assert not await is_kept("third", 1, 1000)


async def test_a_document_that_is_read_further_replaces_the_one_before(history: History) -> None:
    added = await history.add_attachment(ME, DOCUMENT, original=b"bytes")
    whole = replace(DOCUMENT, is_complete=True, problems=(), pages=(Page("1", "all"),))
    await history.update_attachment(added.id, ME, whole, vectors=b"\0vectors")
    assert (await history.attachment(added.id, ME)).document == whole
    assert await history.file_column(added.id, ME, "vectors") == b"\0vectors"
    assert await history.file_column(added.id, ME, "original") == b"bytes"


async def test_several_come_in_the_order_asked_for_without_those_that_are_gone(history: History) -> None:
    first, second = [await history.add_attachment(ME, replace(DOCUMENT, name=name)) for name in "ab"]
    theirs = await history.add_attachment(OTHER, DOCUMENT)
    asked = [second.id, "gone", first.id, theirs.id]
    assert [file.document.name for file in await history.attachments(asked, ME)] == ["b", "a"]
    assert await history.attachments([], ME) == ()


async def test_a_message_remembers_its_attachments_in_order_even_when_they_are_gone(history: History) -> None:
    conversation = await history.create_conversation(ME)
    first, second = [await history.add_attachment(ME, DOCUMENT) for _ in range(2)]
    await send(history, conversation.id, second.id, first.id, "still being read")
    await history.delete_attachment(second.id, ME)
    (message,) = await history.branch(conversation.id, ME)
    assert message.attachment_ids == (second.id, first.id, "still being read")
    with pytest.raises(NotFound):
        await history.attachment(second.id, ME)


async def test_deleting_a_conversation_deletes_the_attachments_only_it_was_sent(
    history: History,
) -> None:
    gone, kept = await history.create_conversation(ME), await history.create_conversation(ME)
    own, shared, unsent = [await history.add_attachment(ME, DOCUMENT) for _ in range(3)]
    await send(history, gone.id, own.id, shared.id)
    await send(history, gone.id, own.id)
    await send(history, kept.id, shared.id)
    assert await history.delete_conversation(gone.id, ME) == (own.id,)
    left = await history.attachments([own.id, shared.id, unsent.id], ME)
    assert [file.id for file in left] == [shared.id, unsent.id]
    assert await history.delete_conversation(kept.id, ME) == (shared.id,)


async def test_an_attachment_expires_by_when_it_was_last_sent(history: History) -> None:
    conversation = await history.create_conversation(ME)
    sent, unsent, theirs = [await history.add_attachment(owner, DOCUMENT) for owner in (ME, ME, OTHER)]
    await send(history, conversation.id, sent.id)
    again = (await history.attachment(sent.id, ME)).used
    assert again > sent.used
    assert await history.expired_attachments(sent.used) == ()
    assert await history.expired_attachments(again) == ((unsent.id, ME), (theirs.id, OTHER))
    everything = await history.expired_attachments(again + timedelta(microseconds=1))
    assert {id for id, _ in everything} == {sent.id, unsent.id, theirs.id}


async def test_a_book_of_five_megabytes_is_kept_in_a_fraction_of_it(history: History) -> None:
    pages = tuple(
        Page(str(number), f"第{number}页。" + "人工智能在医疗领域的应用。" * 400) for number in range(300)
    )
    book = replace(DOCUMENT, pages=pages, page_count=300)
    added = await history.add_attachment(ME, book)
    assert (await history.attachment(added.id, ME)).document.text == book.text
    assert len(pack_document(book)) * 20 < len(book.text.encode())
