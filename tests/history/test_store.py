"""Conversations and messages in SQLite and in PostgreSQL."""

from __future__ import annotations

import asyncio
import json
import random
import subprocess
import sys
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import cast

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection

from chat.documents.document import Document, Page
from chat.errors import HistoryUnavailable, InvalidRequest, NotFound
from chat.history import Conversation, Growth, History, Message, MessageFields, make_title
from chat.history.database import Database
from chat.history.schema import metadata

pytest_plugins = ("tests.databases",)

ME, OTHER = "visitor-me", "visitor-other"
DOCUMENT = Document("报告.pdf", "application/pdf", 9, "page", (Page("1", "第一页"), Page("2", "第二页")), 2)


async def ask(history: History, conversation_id: str, parent_id: str | None, text: str) -> Message:
    return await history.add_message(conversation_id, ME, "user", parent_id=parent_id, text=text)


async def answer(history: History, question: Message, text: str) -> Message:
    return await history.add_message(
        question.conversation_id, ME, "assistant", parent_id=question.id, text=text, finish_reason="stop"
    )


async def texts(history: History, conversation_id: str) -> list[str]:
    return [message.text for message in await history.branch(conversation_id, ME)]


async def test_a_database_has_one_id(history: History, database_url: str) -> None:
    other = History(database_url)
    ids = await asyncio.gather(history.database_id(), other.database_id(), history.database_id())
    await other.aclose()
    assert len({*ids}) == 1
    assert len(ids[0]) > 20


async def test_the_first_claim_of_a_request_id_holds_unless_nothing_came_of_it(history: History) -> None:
    first = await history.claim_request("r", "one", unused_seconds=60)
    assert (first.generation_id, first.is_started) == ("one", False)
    assert (await history.claim_request("r", "two", unused_seconds=60)).generation_id == "one"
    assert (await history.claim_request("r", "two", unused_seconds=-1)).generation_id == "two"
    await history.release_request("r", "one")  # not its own
    await history.start_request("r")
    held = await history.claim_request("r", "three", unused_seconds=-1)
    assert (held.generation_id, held.is_started) == ("two", True)
    await history.release_request("r", "two")
    assert (await history.claim_request("r", "four", unused_seconds=-1)).generation_id == "four"
    await history.expire_requests(datetime.now(UTC))
    assert (await history.claim_request("r", "five", unused_seconds=60)).generation_id == "five"


# --- conversations ------------------------------------------------------------------------------------------


async def test_a_conversation_comes_back_as_it_was_created(history: History) -> None:
    created = await history.create_conversation(ME, "  旅行\n计划 ")
    assert created.title == "旅行 计划"
    assert await history.conversation(created.id, ME) == created
    assert datetime.now(UTC) >= created.created == created.updated
    assert created.created.tzinfo == UTC


async def test_listing_has_the_pinned_ones_on_top_and_then_the_newest(history: History) -> None:
    first, second, third = [await history.create_conversation(ME, title) for title in "abc"]
    await ask(history, first.id, None, "newer than c")
    await history.pin(second.id, ME)
    listed = await history.conversations(ME)
    assert [conversation.id for conversation in listed] == [second.id, first.id, third.id]
    assert [conversation.pinned for conversation in listed] == [True, False, False]


async def test_renaming_and_pinning_do_not_make_a_conversation_newer(history: History) -> None:
    first, second = [await history.create_conversation(ME, title) for title in "ab"]
    await history.rename(first.id, ME, "renamed")
    await history.pin(first.id, ME)
    await history.pin(first.id, ME, pinned=False)
    assert [one.title for one in await history.conversations(ME)] == ["b", "renamed"]
    assert await history.conversation(second.id, ME) == second


async def test_pages_of_the_listing_follow_each_other_without_gap_or_repeat(history: History) -> None:
    created = [await history.create_conversation(ME, str(number)) for number in range(7)]
    for pinned in created[1:4]:
        await history.pin(pinned.id, ME)
    whole = await history.conversations(ME)
    seen: list[Conversation] = []
    before = None
    while page := await history.conversations(ME, limit=2, before=before):
        seen += page
        before = page[-1].id
    assert tuple(seen) == whole
    assert [one.title for one in whole] == ["3", "2", "1", "6", "5", "4", "0"]


async def test_the_first_question_gives_the_title_unless_there_is_one(history: History) -> None:
    untitled, titled = await history.create_conversation(ME), await history.create_conversation(ME, "mine")
    for conversation in (untitled, titled):
        question = await ask(history, conversation.id, None, "怎样煮面？要多久？")
        await ask(history, conversation.id, question.id, "second")
    assert (await history.conversation(untitled.id, ME)).title == "怎样煮面？要多久？"
    assert (await history.conversation(titled.id, ME)).title == "mine"
    assert [one.id for one in await history.conversations(ME, "煮面") if not one.hit_id] == []


async def test_a_generated_title_does_not_replace_one_of_the_user(history: History) -> None:
    conversation = await history.create_conversation(ME, "first words")
    assert await history.rename(conversation.id, ME, "made", instead_of="first words")
    assert await history.rename(conversation.id, ME, "the user's")
    assert not await history.rename(conversation.id, ME, "made again", instead_of="made")
    assert (await history.conversation(conversation.id, ME)).title == "the user's"


async def test_an_id_is_taken_once(history: History) -> None:
    await history.create_conversation(ME, id="chosen")
    for owner in (ME, OTHER):
        with pytest.raises(InvalidRequest, match="exists already"):
            await history.create_conversation(owner, id="chosen")
    question = await ask(history, "chosen", None, "?")
    with pytest.raises(InvalidRequest, match="exists already"):
        await history.add_message("chosen", ME, "user", parent_id=None, id=question.id)
    assert await texts(history, "chosen") == ["?"]


async def test_ids_have_128_random_bits(history: History) -> None:
    conversations = [await history.create_conversation(ME) for _ in range(3)]
    messages = [await ask(history, one.id, None, "?") for one in conversations]
    ids = {one.id for one in conversations} | {one.id for one in messages}
    assert len(ids) == 6
    assert {len(id) for id in ids} == {22}


async def test_deleting_leaves_nothing_of_the_conversation(history: History) -> None:
    gone, kept = await history.create_conversation(ME), await history.create_conversation(ME)
    question = await ask(history, gone.id, None, "secret")
    reply = await answer(history, question, "answer")
    await ask(history, kept.id, None, "stays")
    assert await history.delete_conversation(gone.id, ME) == ()
    for message in (question, reply):
        with pytest.raises(NotFound):
            await history.message(message.id, ME)
    assert [one.id for one in await history.conversations(ME)] == [kept.id]
    assert await history.conversations(ME, "secret") == ()
    assert await texts(history, kept.id) == ["stays"]


# --- messages -----------------------------------------------------------------------------------------------


async def test_a_message_comes_back_as_it_was_added(history: History) -> None:
    conversation = await history.create_conversation(ME)
    file = await history.add_attachment(ME, DOCUMENT)
    fields: MessageFields = {
        "text": "答案\n\twith a tab \U0001f600",
        "reasoning": "hm",
        "model": "m",
        "generation_id": "g",
        "finish_reason": "error",
        "error": {"message": "断了", "type": "timeout", "retryable": True},
        "receipt": {"budget": 20000, "files": [{"name": "a", "share": 0.5}]},
        "citations": [{"page": "2", "quote": "第二页"}],
        "usage": {"total_tokens": 3},
        "timings": {"first_token": 0.25, "total": 1.5},
        "prompt": [{"role": "system", "content": "你好"}, {"role": "user", "content": [{"type": "text"}]}],
    }
    added = await history.add_message(
        conversation.id, ME, "assistant", parent_id=None, attachment_ids=[file.id], **fields
    )
    assert await history.message(added.id, ME) == added
    assert await history.branch(conversation.id, ME) == (replace(added, prompt=None),)


async def test_an_ending_sets_what_it_names_and_leaves_the_rest(history: History) -> None:
    conversation = await history.create_conversation(ME)
    added = await history.add_message(
        conversation.id, ME, "assistant", parent_id=None, text="half", model="m", usage={"tokens": 1},
        generation_id="g",
    )  # fmt: skip
    ending = {"text": "whole", "finish_reason": "stop", "usage": None, "prompt": [1]}
    await history.end_answer(Growth(ME, added.id, "g", cast(MessageFields, ending)))
    await history.like(added.id, ME, True)
    expected = replace(added, text="whole", finish_reason="stop", usage=None, prompt=[1], liked=True)
    assert await history.message(added.id, ME) == expected
    await history.like(added.id, ME, None)
    assert await history.message(added.id, ME) == replace(expected, liked=None)
    with pytest.raises(NotFound):  # it has an ending
        await history.end_answer(Growth(ME, added.id, "g", {"text": "other"}))
    assert [one.hit_id for one in await history.conversations(ME, "whole")] == [added.id]
    assert await history.conversations(ME, "half") == ()


async def test_an_edited_question_is_a_branch_and_the_earlier_one_stays_reachable(history: History) -> None:
    conversation = await history.create_conversation(ME)
    first = await ask(history, conversation.id, None, "first")
    reply = await answer(history, first, "reply")
    more = await ask(history, conversation.id, reply.id, "more")
    edited = await ask(history, conversation.id, None, "edited")
    assert await texts(history, conversation.id) == ["edited"]
    assert await history.siblings(edited.id, ME) == (first.id, edited.id)
    assert await history.siblings(more.id, ME) == (more.id,)
    both = (first.id, edited.id)
    assert await history.alternatives(conversation.id, ME) == {first.id: both, edited.id: both}
    shown = await history.select_branch(first.id, ME)
    assert [message.text for message in shown] == ["first", "reply", "more"]
    assert await history.branch(conversation.id, ME) == shown


async def test_undo_takes_the_last_question_and_its_answer_off_the_branch(history: History) -> None:
    conversation = await history.create_conversation(ME)
    first = await ask(history, conversation.id, None, "1")
    reply = await answer(history, first, "one")
    second = await ask(history, conversation.id, reply.id, "2")
    await answer(history, second, "two")
    assert await history.undo(conversation.id, ME) == second
    assert await texts(history, conversation.id) == ["1", "one"]
    assert await history.undo(conversation.id, ME) == first
    assert await texts(history, conversation.id) == []
    assert await history.undo(conversation.id, ME) is None
    again = await ask(history, conversation.id, None, "again")
    assert await history.siblings(again.id, ME) == (first.id, again.id)


async def test_a_parent_must_stand_in_the_same_conversation(history: History) -> None:
    here, there = await history.create_conversation(ME), await history.create_conversation(ME)
    question = await ask(history, there.id, None, "?")
    for parent_id in (question.id, "nowhere"):
        with pytest.raises(NotFound):
            await ask(history, here.id, parent_id, "!")
    assert await history.branch(here.id, ME) == ()


async def test_characters_that_a_database_cannot_store_are_replaced(history: History) -> None:
    conversation = await history.create_conversation(ME)
    await ask(history, conversation.id, None, "nul \0, half a pair \ud83d, whole \U0001f600")
    assert await texts(history, conversation.id) == ["nul \ufffd, half a pair \ufffd, whole \U0001f600"]
    with pytest.raises(NotFound):
        await history.conversation("nul \0 \ud83d", ME)


async def test_a_conversation_of_thousands_of_messages_is_read_and_deleted(history: History) -> None:
    exported = [
        {
            "role": "user",
            "parent": number - 1 if number else None,
            "created": "2026-01-01",
            "text": str(number),
        }
        for number in range(3000)
    ]
    (conversation,) = await import_messages(history, exported)
    assert await texts(history, conversation) == [str(number) for number in range(3000)]
    assert len(await history.select_branch((await history.branch(conversation, ME))[0].id, ME)) == 3000
    await history.delete_conversation(conversation, ME)
    assert await history.conversations(ME) == ()


async def import_messages(history: History, messages: Sequence[object]) -> tuple[str, ...]:
    value = {"format": "xiaojia.conversation", "version": 1, "title": "t", "pinned": False, "attachments": [],
             "created": "2026-01-01", "updated": "2026-01-01", "shown": len(messages) - 1,
             "messages": messages}  # fmt: skip
    return tuple(one.id for one in (await history.import_json(json.dumps(value).encode(), ME)).added)


# --- whose is what ------------------------------------------------------------------------------------------

Call = Callable[[History, str, str, str], Awaitable[object]]
CALLS: dict[str, Call] = {
    "conversation": lambda history, talk, message, file: history.conversation(talk, OTHER),
    "rename": lambda history, talk, message, file: history.rename(talk, OTHER, "mine now"),
    "rename_made": lambda history, talk, message, file: history.rename(talk, OTHER, "x", instead_of="y"),
    "pin": lambda history, talk, message, file: history.pin(talk, OTHER),
    "delete_conversation": lambda history, talk, message, file: history.delete_conversation(talk, OTHER),
    "branch": lambda history, talk, message, file: history.branch(talk, OTHER),
    "alternatives": lambda history, talk, message, file: history.alternatives(talk, OTHER),
    "undo": lambda history, talk, message, file: history.undo(talk, OTHER),
    "export_markdown": lambda history, talk, message, file: history.export_markdown(talk, OTHER),
    "export_json": lambda history, talk, message, file: history.export_json(talk, OTHER),
    "before": lambda history, talk, message, file: history.conversations(OTHER, before=talk),
    "add_message": lambda history, talk, message, file: history.add_message(
        talk, OTHER, "user", parent_id=message, text="!"
    ),
    "add_root": lambda history, talk, message, file: history.add_message(
        talk, OTHER, "user", parent_id=None, text="!"
    ),
    "message": lambda history, talk, message, file: history.message(message, OTHER),
    "end_answer": lambda history, talk, message, file: history.end_answer(
        Growth(OTHER, message, "g", {"text": "!"})
    ),
    "like": lambda history, talk, message, file: history.like(message, OTHER, True),
    "siblings": lambda history, talk, message, file: history.siblings(message, OTHER),
    "select_branch": lambda history, talk, message, file: history.select_branch(message, OTHER),
    "attachment": lambda history, talk, message, file: history.attachment(file, OTHER),
    "update_attachment": lambda history, talk, message, file: history.update_attachment(
        file, OTHER, DOCUMENT
    ),
    "delete_attachment": lambda history, talk, message, file: history.delete_attachment(file, OTHER),
    "original": lambda history, talk, message, file: history.file_column(file, OTHER, "original"),
    "vectors": lambda history, talk, message, file: history.file_column(file, OTHER, "vectors"),
}


@pytest.mark.parametrize("name", CALLS)
async def test_a_thing_of_another_owner_is_not_found(history: History, name: str) -> None:
    conversation = await history.create_conversation(ME, "private")
    file = await history.add_attachment(ME, DOCUMENT, original=b"bytes")
    message = await history.add_message(
        conversation.id, ME, "user", parent_id=None, text="private", attachment_ids=[file.id]
    )
    before = await history.export_json(conversation.id, ME), await history.conversation(conversation.id, ME)
    with pytest.raises(NotFound) as theirs:
        await CALLS[name](history, conversation.id, message.id, file.id)
    with pytest.raises(NotFound) as nobodys:
        await CALLS[name](history, "no-such-id", "no-such-id", "no-such-id")
    assert theirs.value.body() == nobodys.value.body()
    after = await history.export_json(conversation.id, ME), await history.conversation(conversation.id, ME)
    assert after == before


async def test_lists_contain_nothing_of_another_owner(history: History) -> None:
    conversation = await history.create_conversation(ME, "private")
    file = await history.add_attachment(ME, DOCUMENT)
    await ask(history, conversation.id, None, "private")
    assert await history.conversations(OTHER) == ()
    assert await history.conversations(OTHER, "private") == ()
    assert await history.attachments([file.id], OTHER) == ()
    assert "".join([piece async for piece in history.export_all_json(OTHER)]) == "[]"


async def test_an_attachment_of_another_owner_cannot_be_sent(history: History) -> None:
    file = await history.add_attachment(ME, DOCUMENT)
    conversation = await history.create_conversation(OTHER)
    with pytest.raises(NotFound):
        await history.add_message(conversation.id, OTHER, "user", parent_id=None, attachment_ids=[file.id])
    assert await history.branch(conversation.id, OTHER) == ()


# --- search -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "query"),
    [
        ("我们下周去北京出差。", "北京"),
        ("The Quick brown fox", "quick BROWN"),
        ("ÜBER Straße", "über strasse"),
        ("ПРИВЕТ", "привет"),
        ("型号是ＡＢＣ－１２３", "abc-123"),
        ("100% sure", "100%"),
        ("snake_case", "snake_case"),
        (r"C:\temp", r"c:\t"),
        ('it\'s "quoted"', "it's \""),
    ],
)
async def test_search_finds_text_as_it_is_written_in_any_case_and_width(
    history: History, text: str, query: str
) -> None:
    conversation = await history.create_conversation(ME, "title")
    question = await ask(history, conversation.id, None, text)
    await history.create_conversation(ME, "another")
    (found,) = await history.conversations(ME, query)
    assert (found.id, found.hit_id, found.snippet) == (conversation.id, question.id, text)


@pytest.mark.parametrize("query", ["100%", "a_b", "%", "_", "\\"])
async def test_search_takes_wildcards_literally(history: History, query: str) -> None:
    conversation = await history.create_conversation(ME, "title")
    await ask(history, conversation.id, None, "100 axb nothing of the kind")
    assert await history.conversations(ME, query) == ()


async def test_search_looks_in_titles_and_in_every_branch(history: History) -> None:
    by_title = await history.create_conversation(ME, "周报 Weekly")
    by_branch = await history.create_conversation(ME, "x")
    hidden = await ask(history, by_branch.id, None, "the weekly report")
    await ask(history, by_branch.id, None, "edited")
    found = await history.conversations(ME, " weekly ")
    assert [(one.id, one.hit_id) for one in found] == [(by_branch.id, hidden.id), (by_title.id, None)]
    assert await history.conversations(ME, "weekly", limit=1) == found[:1]
    assert await history.conversations(ME, "weekly", before=by_branch.id) == found[1:]


async def test_a_snippet_shows_the_words_around_the_hit(history: History) -> None:
    conversation = await history.create_conversation(ME, "x")
    await ask(history, conversation.id, None, "前" * 500 + "ﬁﬁﬁ 关键\n词 here " + "后" * 500)
    (found,) = await history.conversations(ME, "FIFI 关键")
    assert "ﬁﬁﬁ 关键 词 here" in found.snippet
    assert found.snippet.startswith("…前")
    assert found.snippet.endswith("后…")
    assert len(found.snippet) <= 122


# --- at the same time ---------------------------------------------------------------------------------------


@pytest.mark.slow
async def test_two_hundred_writers_at_once_all_succeed(history: History) -> None:
    shared = await history.create_conversation(ME)

    async def write(number: int) -> None:
        own = await history.create_conversation(ME)
        message = await history.add_message(own.id, ME, "assistant", parent_id=None, generation_id="g")
        await history.end_answer(Growth(ME, message.id, "g", {"text": f"changed {number}"}))
        await ask(history, shared.id, None, str(number))

    await asyncio.gather(*map(write, range(200)))
    (first, *_) = await history.branch(shared.id, ME)
    assert len(await history.siblings(first.id, ME)) == 200
    assert len(await history.conversations(ME, "changed", limit=200)) == 200


async def test_two_histories_on_one_database_write_at_once(history: History, database_url: str) -> None:
    other = History(database_url)
    conversation = await history.create_conversation(ME)

    async def write(through: History) -> None:
        for _ in range(25):
            await ask(through, conversation.id, None, "?")

    try:
        await asyncio.gather(*(write(through) for through in (history, other, history, other)))
    finally:
        await other.aclose()
    (first,) = await history.branch(conversation.id, ME)
    assert len(await history.siblings(first.id, ME)) == 100


async def test_cancelled_calls_leave_the_history_usable(history: History, database_url: str) -> None:
    conversation = await history.create_conversation(ME)
    choose = random.Random(7)

    async def write(number: int) -> None:
        question = await ask(history, conversation.id, None, str(number))
        await answer(history, question, "a")

    for number in range(60):
        task = asyncio.create_task(write(number))
        for _ in range(choose.randrange(40)):
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait([task])
    last = await ask(history, conversation.id, None, "last")
    await history.aclose()  # what was begun before is carried out, in whatever order the database took it
    reopened = History(database_url)
    assert last.id in await reopened.siblings(last.id, ME)
    assert await reopened.select_branch(last.id, ME) == (last,)
    await reopened.aclose()


START = """
import asyncio, sys
from chat.history import History

async def main() -> None:
    history = History(sys.argv[1])
    await history.start()
    await history.create_conversation("visitor-me", sys.argv[2])
    await history.aclose()

asyncio.run(main())
"""


@pytest.mark.slow
def test_several_processes_may_start_on_an_empty_database_at_once(database_url: str) -> None:
    command = [sys.executable, "-W", "error", "-c", START, database_url]
    started = [subprocess.Popen([*command, str(number)], stderr=subprocess.PIPE) for number in range(4)]
    errors = [process.communicate(timeout=60)[1] for process in started]
    assert errors == [b""] * 4
    assert [process.returncode for process in started] == [0] * 4

    async def titles() -> set[str]:
        history = History(database_url)
        listed = await history.conversations(ME)
        await history.aclose()
        return {conversation.title for conversation in listed}

    assert asyncio.run(titles()) == {"0", "1", "2", "3"}


async def test_what_was_written_is_there_after_a_restart(database_url: str) -> None:
    first = History(database_url)
    conversation = await first.create_conversation(ME)
    question = await ask(first, conversation.id, None, "kept?")
    await first.aclose()
    second = History(database_url)
    await second.start()
    assert await second.branch(conversation.id, ME) == (question,)
    assert second.notice == ""
    await second.aclose()


async def test_the_migrations_make_the_tables_that_the_statements_use(database_url: str) -> None:
    def differences(connection: Connection) -> list[object]:
        return list(compare_metadata(MigrationContext.configure(connection), metadata))

    database = Database(database_url)
    assert await database.read(differences) == []
    await database.aclose()


async def test_a_history_in_memory_outlives_a_cancelled_call_and_is_its_own() -> None:
    history, other = History("sqlite:///:memory:"), History("sqlite://")
    conversation = await history.create_conversation(ME)
    for steps in range(30):
        task = asyncio.create_task(ask(history, conversation.id, None, str(steps)))
        for _ in range(steps):
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait([task])
    await ask(history, conversation.id, None, "last")
    assert await texts(history, conversation.id) == ["last"]
    assert await other.conversations(ME) == ()
    await history.aclose()
    await other.aclose()


# --- the tree, against a model ------------------------------------------------------------------------------


@dataclass
class Tree:
    """The expected tree of a conversation, computed in the simplest way."""

    parents: dict[str, str | None] = field(default_factory=dict)
    leaf: str | None = None

    def add(self, id: str, parent: str | None) -> None:
        self.parents[id] = parent
        self.leaf = id

    def branch(self) -> list[str]:
        way, at = [], self.leaf
        while at is not None:
            way.append(at)
            at = self.parents[at]
        return way[::-1]

    def siblings(self, id: str) -> tuple[str, ...]:
        return tuple(other for other, parent in self.parents.items() if parent == self.parents[id])

    def select(self, id: str) -> None:
        under = {id}
        for other, parent in self.parents.items():
            if parent in under:
                under.add(other)
                id = other
        self.leaf = id


@pytest.mark.parametrize("seed", range(8))
async def test_every_order_of_ask_retry_choose_and_undo_gives_the_expected_tree(
    history: History, seed: int
) -> None:
    choose, tree = random.Random(seed), Tree()
    conversation = await history.create_conversation(ME)
    for number in range(40):
        known = list(tree.parents)
        match choose.choice(["add", "add", "add", "branch", "select", "undo"]):
            case "add":
                tree.add((await ask(history, conversation.id, tree.leaf, str(number))).id, tree.leaf)
            case "branch" if known:
                parent = choose.choice([None, *known])
                tree.add((await ask(history, conversation.id, parent, str(number))).id, parent)
            case "select" if known:
                chosen = choose.choice(known)
                tree.select(chosen)
                await history.select_branch(chosen, ME)
            case "undo":
                await history.undo(conversation.id, ME)
                tree.leaf = tree.parents[tree.leaf] if tree.leaf is not None else None
        assert [message.id for message in await history.branch(conversation.id, ME)] == tree.branch()
    expected = {id: tree.siblings(id) for id in tree.parents if len(tree.siblings(id)) > 1}
    assert await history.alternatives(conversation.id, ME) == expected


# --- titles -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("", ""),
        (" \n\t\n", ""),
        ("怎样煮面？", "怎样煮面？"),
        ("请把下面的文章翻译成英文。文章如下：春天来了", "请把下面的文章翻译成英文"),
        ("\n\n# Weekly **report**\n\nbody", "Weekly report"),
        ("```python\nprint(1)\n```", "print(1)"),
        ("- 1st item\n- 2nd", "1st item"),
        ("How do I centre a div? I have tried everything.", "How do I centre a div?"),
        ("Version 3.11 of python is what I run here", "Version 3.11 of python is what I run…"),
        ("Explain the difference between threads and processes", "Explain the difference between threads…"),
        ("今天我想和你讨论一下关于人工智能在医疗领域的应用与发展", "今天我想和你讨论一下关于人工智能在医疗…"),
        ("a" * 100, "a" * 39 + "…"),
        ("用 `pandas` 读 CSV 文件", "用 pandas 读 CSV 文件"),
    ],
)
def test_a_title_is_the_first_words_that_say_something(text: str, title: str) -> None:
    assert make_title(text) == title
    assert len(make_title(text)) <= 40


async def test_a_list_does_not_wait_for_searches_and_a_long_one_ends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    history = History(f"sqlite:///{tmp_path}/history.sqlite3")
    (talk,) = (await history.import_json(export_of(1_000), ME)).added
    monkeypatch.setattr("chat.history.conversations.SEARCH_SECONDS", 0)
    with pytest.raises(HistoryUnavailable, match="took too long"):
        await history.conversations(ME, query="not there")
    monkeypatch.setattr("chat.history.conversations.SEARCH_SECONDS", 60)
    async with history._searches.hold(("a",)), history._searches.hold(("b",)):
        waiting = asyncio.create_task(history.conversations(ME, query="word"))
        assert len(await history.conversations(ME)) == 1
        assert not waiting.done()
    assert [one.id for one in await waiting] == [talk.id]
    await history.aclose()


def export_of(count: int) -> bytes:
    """Return an export of one conversation with so many messages."""
    time = "2026-01-01T00:00:00+00:00"
    message = {"parent": None, "role": "user", "created": time, "text": "word " * 20}
    talk = {"format": "xiaojia.conversation", "version": 1, "title": "", "pinned": False, "attachments": []}
    more = {"created": time, "updated": time, "shown": 0, "messages": [message] * count}
    return json.dumps(talk | more).encode()
