"""The statements about messages, each on a connection that the caller opens and closes.

Every statement names the owner. Knows no transaction, and of the tree only the parent of a message.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import fields
from datetime import datetime
from itertools import chain
from typing import Any

from sqlalchemy import Connection, bindparam, case, exists, insert, literal, select, update
from sqlalchemy.exc import IntegrityError

from chat.errors import InvalidRequest, NotFound
from chat.history.conversations import insert_conversations, not_found
from chat.history.entities import Begun, Conversation, Growth, Message, MessageFields, Opened, make_title
from chat.history.schema import conversations, fold, messages, pack, sent_attachments, unpack
from chat.history.stored_files import mark_used

FIELDS = tuple(field.name for field in fields(Message) if field.name not in ("attachment_ids", "prompt"))
COLUMNS = [messages.c[name] for name in FIELDS]
OPENING = ("generation_id", "model", "receipt", "finish_reason", "error")  # set when an answer begins
VALUES_MAX = 10_000  # in one statement: both databases allow 32,766
Row = Mapping[str, Any]  # columns of a message, all or some


def message_not_found() -> NotFound:
    return NotFound("There is no such message.")


def insert_message(connection: Connection, message: Message, row: Row, owner: str) -> None:
    """Insert the message under its parent, end the shown branch at it, mark its attachments as used."""
    if message.parent_id is not None:
        parent = select_message(connection, message.parent_id, owner)
        if parent.conversation_id != message.conversation_id:
            raise message_not_found()
    position = _take_position(connection, message, owner)
    insert_rows(connection, [(position, message, row)])
    mark_used(connection, message.attachment_ids, owner, message.created)


def insert_turns(connection: Connection, turns: Sequence[tuple[Begun, Row, Row]]) -> None:
    """Insert each question under its parent, and its answer under it; new conversations all at once."""
    first = [turn for turn in turns if turn[0].is_first]
    if first:
        insert_conversations(connection, [_begin_conversation(turn) for turn, _, _ in first], count=2)
        pairs = [((0, turn.question, asked), (1, turn.answer, opened)) for turn, asked, opened in first]
        insert_rows(connection, list(chain.from_iterable(pairs)))
    for turn, asked, opened in turns:
        if turn.is_first:
            mark_used(connection, turn.question.attachment_ids, turn.owner, turn.question.created)
        else:
            insert_message(connection, turn.question, asked, turn.owner)
            insert_message(connection, turn.answer, opened, turn.owner)


def open_answer(connection: Connection, opened: Opened, row: Row) -> None:
    """Insert an answer to a stored question, or let a stored answer grow again. Raise NotFound."""
    if opened.is_continued:
        again = {name: row[name] for name in OPENING}
        change_message(connection, opened.answer.id, opened.owner, again)
    else:
        insert_message(connection, opened.answer, row, opened.owner)


def has_message(connection: Connection, id: str) -> bool:
    """Return whether a message exists, of whatever owner."""
    return connection.execute(select(messages.c.id).where(messages.c.id == id)).first() is not None


def select_likes(connection: Connection, conversation_id: str) -> dict[str, bool | None]:
    """Return by id which answers are liked or disliked. The caller has checked the owner."""
    chosen = select(messages.c.id, messages.c.liked).where(messages.c.conversation_id == conversation_id)
    return {row.id: row.liked for row in connection.execute(chosen)}


def _begin_conversation(turn: Begun) -> Conversation:
    question, answer = turn.question, turn.answer
    title = make_title(question.text)
    return Conversation(
        question.conversation_id, turn.owner, title, False, question.created, answer.created, answer.id
    )


def _take_position(connection: Connection, message: Message, owner: str) -> int:
    """Check the owner, set the new leaf, and return a unique position, in one statement."""
    values: dict[str, Any] = {
        "message_count": conversations.c.message_count + 1,
        "leaf_id": message.id,
        "updated": message.created,
    }
    if message.role == "user" and (title := make_title(message.text)):
        has_none = conversations.c.title == ""
        for column, value in ((conversations.c.title, title), (conversations.c.folded_title, fold(title))):
            values[column.name] = case((has_none, literal(value, column.type)), else_=column)
    owned = (conversations.c.id == message.conversation_id, conversations.c.owner == owner)
    changed = update(conversations).where(*owned).values(values).returning(conversations.c.message_count)
    count: int | None = (connection.execute(changed)).scalar_one_or_none()
    if count is None:
        raise not_found()
    return count - 1


def insert_rows(connection: Connection, placed: Sequence[tuple[int, Message, Row]]) -> None:
    rows = [{**row, "position": position} for position, _, row in placed]
    try:
        connection.execute(insert(messages), rows)
    except IntegrityError:
        raise InvalidRequest("A message with this id exists already.") from None
    sent = [
        {"message_id": message.id, "place": place, "attachment_id": attachment_id}
        for _, message, _ in placed
        for place, attachment_id in enumerate(message.attachment_ids)
    ]
    if sent:
        connection.execute(insert(sent_attachments), sent)


def make_row(message: Message) -> Row:
    """Return all columns except the position. Slow for a long text, or a prompt with pictures."""
    values = {name: getattr(message, name) for name in FIELDS}
    return values | make_changes({"text": message.text, "prompt": message.prompt})


def make_changes(changes: MessageFields) -> dict[str, Any]:
    """Return the changes as columns. As slow as `make_row`."""
    values: dict[str, Any] = dict(changes)
    if "text" in changes:
        values["folded"] = fold(changes["text"])
    if "prompt" in changes:
        values["prompt"] = None if changes["prompt"] is None else pack(changes["prompt"])
    return values


def update_answers(connection: Connection, grown: Sequence[tuple[Growth, Row]]) -> None:
    """Update each answer that its writer still writes. A deleted one is skipped."""
    alike: dict[frozenset[str], list[Row]] = defaultdict(list)
    for growth, row in grown:
        named = {"by_owner": growth.owner, "by_id": growth.message_id, "by_writer": growth.writer}
        alike[frozenset(row)].append({**named, **row})
    chosen = (
        messages.c.id == bindparam("by_id"),
        messages.c.generation_id == bindparam("by_writer"),
        _belongs_to(bindparam("by_owner")),
    )
    for group in alike.values():
        connection.execute(update(messages).where(*chosen), group)


def end_answer(connection: Connection, growth: Growth, row: Row) -> None:
    """As `update_answers`, for one answer without an ending. Raise NotFound if it has one."""
    conditions = (messages.c.generation_id == growth.writer, messages.c.finish_reason.is_(None))
    change_message(connection, growth.message_id, growth.owner, row, *conditions)


def change_message(
    connection: Connection, id: str, owner: str, values: Mapping[str, Any], *conditions: Any
) -> None:
    chosen = (messages.c.id == id, _belongs_to(owner), *conditions)
    done = connection.execute(update(messages).where(*chosen).values(**values))
    if done.rowcount == 0:
        raise message_not_found()


def _belongs_to(owner: Any) -> Any:
    """Check the owner of the message's conversation alone: a list of all conversations grows with each."""
    return exists().where(conversations.c.id == messages.c.conversation_id, conversations.c.owner == owner)


def select_writers(connection: Connection, conversation_id: str, owner: str) -> tuple[str, ...]:
    """Return the generations whose answers have no ending, on every branch."""
    unfinished = (messages.c.role == "assistant", messages.c.finish_reason.is_(None))
    chosen = select(messages.c.generation_id).where(
        messages.c.conversation_id == conversation_id, *unfinished, _belongs_to(owner)
    )
    return tuple(id for (id,) in connection.execute(chosen) if id)


def select_message(connection: Connection, id: str, owner: str) -> Message:
    """Return the message with the prompt of its answer."""
    chosen = select(*COLUMNS, messages.c.prompt).join(conversations)
    rows = connection.execute(chosen.where(messages.c.id == id, conversations.c.owner == owner))
    if (row := rows.one_or_none()) is None:
        raise message_not_found()
    (message,) = _read(connection, row.conversation_id, [row])
    return message


def select_messages(connection: Connection, conversation_id: str, ids: Sequence[str]) -> tuple[Message, ...]:
    """Return these messages of one conversation, oldest first. The caller has checked the owner."""
    mine = select(*COLUMNS).where(messages.c.conversation_id == conversation_id).order_by(messages.c.position)
    rows: list[Any] = []
    for at in range(0, len(ids), VALUES_MAX):
        rows += connection.execute(mine.where(messages.c.id.in_(ids[at : at + VALUES_MAX])))
    return _read(connection, conversation_id, rows)


def select_said(connection: Connection, conversation_id: str) -> set[tuple[str, datetime, str]]:
    """Return role, time and text of each message. The caller has checked the owner."""
    chosen = select(messages.c.role, messages.c.created, messages.c.text)
    rows = connection.execute(chosen.where(messages.c.conversation_id == conversation_id))
    return {(row.role, row.created, row.text) for row in rows}


def _read(connection: Connection, conversation_id: str, rows: Sequence[Any]) -> tuple[Message, ...]:
    sent = _select_sent(connection, conversation_id)
    return tuple(_message(row._mapping, sent[row.id]) for row in rows)


def _message(row: Any, attachment_ids: list[str]) -> Message:
    values = {name: row[name] for name in FIELDS}
    prompt = row.get("prompt")
    return Message(**values, attachment_ids=tuple(attachment_ids), prompt=prompt and unpack(prompt))


def _select_sent(connection: Connection, conversation_id: str) -> dict[str, list[str]]:
    chosen = select(sent_attachments.c.message_id, sent_attachments.c.attachment_id).join(messages)
    chosen = chosen.where(messages.c.conversation_id == conversation_id).order_by(sent_attachments.c.place)
    sent: dict[str, list[str]] = defaultdict(list)
    for row in connection.execute(chosen):
        sent[row.message_id].append(row.attachment_id)
    return sent
