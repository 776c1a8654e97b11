"""The statements about messages, each on a connection that the caller opened and closes.

Every statement names the owner. Knows no transaction, and of the tree only a message's parent.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields
from typing import Any

from sqlalchemy import case, insert, literal, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from chat.errors import InvalidRequest, NotFound
from chat.history.attachments import mark_used
from chat.history.conversations import insert_conversation, not_found
from chat.history.records import Conversation, Message, MessageFields, make_title
from chat.history.tables import conversations, fold, messages, pack, sent_attachments, unpack

FIELDS = tuple(field.name for field in fields(Message) if field.name not in ("attachment_ids", "prompt"))
COLUMNS = [messages.c[name] for name in FIELDS]
VALUES_MAX = 10_000  # in one statement: either database stops at 32,766
SHORT_CHARACTERS = 10_000  # are folded sooner than a thread is found for them


def message_not_found() -> NotFound:
    return NotFound("There is no such message.")


async def insert_message(connection: AsyncConnection, message: Message, owner: str) -> None:
    """Put the message under its parent and let the shown branch end at it; note its attachments as used."""
    if message.parent_id is not None:
        parent = await select_message(connection, message.parent_id, owner)
        if parent.conversation_id != message.conversation_id:
            raise message_not_found()
    position = await _take_position(connection, message, owner)
    await insert_rows(connection, [(position, message)])
    await mark_used(connection, message.attachment_ids, owner, message.created)


async def insert_turn(
    connection: AsyncConnection, question: Message, answer: Message, owner: str, is_first: bool
) -> None:
    """Put a question under its parent and its answer under it; is_first: with a conversation of their own."""
    if not is_first:
        await insert_message(connection, question, owner)
        await insert_message(connection, answer, owner)
        return
    title, created = make_title(question.text), question.created
    conversation = Conversation(
        question.conversation_id, owner, title, False, created, answer.created, leaf_id=answer.id
    )
    await insert_conversation(connection, conversation, count=2)
    await insert_rows(connection, [(0, question), (1, answer)])
    await mark_used(connection, question.attachment_ids, owner, created)


async def _take_position(connection: AsyncConnection, message: Message, owner: str) -> int:
    """One statement: the owner's right, the new leaf, and a number that no other message of it gets."""
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
    count: int | None = (await connection.execute(changed)).scalar_one_or_none()
    if count is None:
        raise not_found()
    return count - 1


async def insert_rows(connection: AsyncConnection, placed: Iterable[tuple[int, Message]]) -> None:
    placed = list(placed)
    if any(message.prompt for _, message in placed) or _count(placed) > SHORT_CHARACTERS:
        # In a thread: an import folds megabytes of text, and a prompt with pictures in it has as many.
        rows = await asyncio.to_thread(_rows, placed)
    else:
        rows = _rows(placed)
    try:
        await connection.execute(insert(messages), rows)
    except IntegrityError:
        raise InvalidRequest("A message with this id exists already.") from None
    sent = [
        {"message_id": message.id, "place": place, "attachment_id": attachment_id}
        for _, message in placed
        for place, attachment_id in enumerate(message.attachment_ids)
    ]
    if sent:
        await connection.execute(insert(sent_attachments), sent)


def _count(placed: Sequence[tuple[int, Message]]) -> int:
    return sum(len(message.text) for _, message in placed)


def _rows(placed: Sequence[tuple[int, Message]]) -> list[dict[str, Any]]:
    return [_row(message, position) for position, message in placed]


def _row(message: Message, position: int) -> dict[str, Any]:
    values = {name: getattr(message, name) for name in FIELDS}
    derived = _derive({"text": message.text, "prompt": message.prompt})
    return values | derived | {"position": position}


def _derive(changes: MessageFields) -> dict[str, Any]:
    """Return the changes as columns."""
    values: dict[str, Any] = dict(changes)
    if "text" in changes:
        values["folded"] = fold(changes["text"])
    if "prompt" in changes:
        values["prompt"] = None if changes["prompt"] is None else pack(changes["prompt"])
    return values


async def update_message(connection: AsyncConnection, id: str, owner: str, changes: MessageFields) -> None:
    values = await asyncio.to_thread(_derive, changes)
    await change_message(connection, id, owner, values)


async def update_answer(
    connection: AsyncConnection,
    id: str,
    owner: str,
    changes: MessageFields,
    writer: str,
    is_unfinished: bool,
) -> None:
    """As `update_message`, where the generation `writer` still writes it: in one statement."""
    values = await asyncio.to_thread(_derive, changes)
    conditions = [messages.c.generation_id == writer]
    if is_unfinished:
        conditions.append(messages.c.finish_reason.is_(None))
    await change_message(connection, id, owner, values, *conditions)


async def change_message(
    connection: AsyncConnection, id: str, owner: str, values: Mapping[str, Any], *conditions: Any
) -> None:
    mine = select(conversations.c.id).where(conversations.c.owner == owner)
    chosen = (messages.c.id == id, messages.c.conversation_id.in_(mine), *conditions)
    done = await connection.execute(update(messages).where(*chosen).values(**values))
    if done.rowcount == 0:
        raise message_not_found()


async def select_message(connection: AsyncConnection, id: str, owner: str) -> Message:
    """Return the message with the prompt that was sent for it."""
    chosen = select(*COLUMNS, messages.c.prompt).join(conversations)
    rows = await connection.execute(chosen.where(messages.c.id == id, conversations.c.owner == owner))
    if (row := rows.one_or_none()) is None:
        raise message_not_found()
    (message,) = await _read(connection, row.conversation_id, [row])
    return message


async def select_messages(
    connection: AsyncConnection, conversation_id: str, ids: Sequence[str]
) -> tuple[Message, ...]:
    """Return these messages of one conversation, oldest first. The caller has made sure of its owner."""
    mine = select(*COLUMNS).where(messages.c.conversation_id == conversation_id).order_by(messages.c.position)
    rows: list[Any] = []
    for at in range(0, len(ids), VALUES_MAX):
        rows += await connection.execute(mine.where(messages.c.id.in_(ids[at : at + VALUES_MAX])))
    return await _read(connection, conversation_id, rows)


async def _read(
    connection: AsyncConnection, conversation_id: str, rows: Sequence[Any]
) -> tuple[Message, ...]:
    sent = await _select_sent(connection, conversation_id)
    return tuple(_message(row._mapping, sent[row.id]) for row in rows)


def _message(row: Any, attachment_ids: list[str]) -> Message:
    values = {name: row[name] for name in FIELDS}
    prompt = row.get("prompt")
    return Message(**values, attachment_ids=tuple(attachment_ids), prompt=prompt and unpack(prompt))


async def _select_sent(connection: AsyncConnection, conversation_id: str) -> dict[str, list[str]]:
    chosen = select(sent_attachments.c.message_id, sent_attachments.c.attachment_id).join(messages)
    chosen = chosen.where(messages.c.conversation_id == conversation_id).order_by(sent_attachments.c.place)
    sent: dict[str, list[str]] = defaultdict(list)
    for row in await connection.execute(chosen):
        sent[row.message_id].append(row.attachment_id)
    return sent
