"""Writes of many rows at once: turns, and imported transcripts.

`prepare_*` computes rows without a connection and may run in a thread; the statements then run on a
connection that the caller opens and closes. Knows no transaction.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ParamSpec, TypeVar

from sqlalchemy import Connection

from chat.history import conversations, excluded_files, messages, stored_files
from chat.history.entities import Begun, Growth, MessageFields, Opened, Record, Transcript
from chat.history.messages import Row
from chat.history.schema import clean

SHORT_CHARACTERS = 10_000  # folded faster than a thread starts

P = ParamSpec("P")
T = TypeVar("T")


async def in_thread(weight: int, make: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Return what `make` returns; computed in a thread if `weight` (characters) is worth one."""
    if weight < SHORT_CHARACTERS:
        return make(*args, **kwargs)
    return await asyncio.to_thread(make, *args, **kwargs)


def weigh(fields: MessageFields) -> int:
    """Return the cost of preparing a row, in characters."""
    return len(fields.get("text", "")) + (SHORT_CHARACTERS if fields.get("prompt") else 0)


def weigh_record(record: Record) -> int:
    """Return the cost of preparing a write of an answer, in characters."""
    if isinstance(record, Growth):
        return weigh(record.fields)
    return len(record.question.text) if isinstance(record, Begun) else len(record.answer.text)


@dataclass(frozen=True)
class Prepared:
    """Writes of answers with their rows, by kind."""

    begun: Sequence[tuple[Begun, Row, Row]]
    opened: Sequence[tuple[Opened, Row]]
    grown: Sequence[tuple[Growth, Row]]


def prepare_turns(records: Sequence[Record]) -> Prepared:
    """Return the writes with their rows. Slow for long texts."""
    begun = [one for one in records if isinstance(one, Begun)]
    opened = [one for one in records if isinstance(one, Opened)]
    grown = [one for one in records if isinstance(one, Growth)]
    return Prepared(
        [(turn, messages.make_row(turn.question), messages.make_row(turn.answer)) for turn in begun],
        [(one, messages.make_row(one.answer)) for one in opened],
        [(growth, messages.make_changes(growth.fields)) for growth in grown],
    )


def prepare_in_order(records: Sequence[Record]) -> list[Prepared]:
    """Return each write for itself, with its rows."""
    return [prepare_turns([record]) for record in records]


def write_turns(connection: Connection, turns: Prepared) -> None:
    """Insert opened turns, then single answers, then update grown answers."""
    messages.insert_turns(connection, turns.begun)
    for opened, row in turns.opened:
        messages.open_answer(connection, opened, row)
    messages.update_answers(connection, turns.grown)


def write_again(connection: Connection, turns: Sequence[Prepared]) -> None:
    """Write what may be written already, one after the other: a lost reply does not say.

    A message that exists is left as it is. New fields are set once more.
    """
    for turn in turns:
        begun = [one for one in turn.begun if not messages.has_message(connection, one[0].answer.id)]
        opened = [one for one in turn.opened if one[0].is_continued or not _has(connection, one[0])]
        write_turns(connection, Prepared(begun, opened, turn.grown))


def _has(connection: Connection, opened: Opened) -> bool:
    return messages.has_message(connection, opened.answer.id)


def prepare_transcript(transcript: Transcript) -> tuple[list[bytes], list[Row]]:
    """Return the packed files and the rows of the messages. Slow for long texts."""
    packed = [stored_files.pack_document(attachment.document) for attachment in transcript.attachments]
    return packed, [messages.make_row(message) for message in transcript.messages]


def insert_transcript(
    connection: Connection, transcript: Transcript, packed: Sequence[bytes], rows: Sequence[Row]
) -> bool:
    """Insert a conversation with its files and the messages of all branches.

    Return False, and insert nothing, if a conversation of the owner has all of it already.
    """
    if _is_present(connection, transcript):
        return False
    conversations.insert_conversations(connection, [transcript.conversation], len(transcript.messages))
    for attachment, document in zip(transcript.attachments, packed, strict=True):
        stored_files.insert_attachment(connection, attachment, document, {})
    added = transcript.conversation
    excluded_files.exclude_files(connection, added.id, added.owner, transcript.excluded)
    placed = enumerate(zip(transcript.messages, rows, strict=True))
    messages.insert_rows(connection, [(position, message, row) for position, (message, row) in placed])
    return True


def _is_present(connection: Connection, transcript: Transcript) -> bool:
    """Tell whether a conversation that was begun at the same time has the same messages, and maybe more.

    So it is recognised as what was exported, or imported before, also where it was renamed or has grown.
    """
    begun = conversations.select_begun(connection, transcript.conversation)
    wanted = {(message.role, message.created, clean(message.text)) for message in transcript.messages}
    return any(wanted <= messages.select_said(connection, id) for id in begun)
