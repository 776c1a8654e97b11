"""The statements about files that a conversation's later questions are asked without.

Each runs on a connection that the caller opens and closes, and names the owner of the conversation.
"""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import Connection, delete, insert, select

from chat.history.conversations import select_conversation
from chat.history.schema import conversations, excluded_files


def select_excluded(connection: Connection, conversation_id: str, owner: str) -> frozenset[str]:
    """Return the ids of the excluded files. Raise NotFound where there is no such conversation."""
    select_conversation(connection, conversation_id, owner)
    column = excluded_files.c
    chosen = select(column.attachment_id).where(column.conversation_id == conversation_id)
    return frozenset(connection.execute(chosen).scalars())


def exclude_files(connection: Connection, conversation_id: str, owner: str, ids: Collection[str]) -> None:
    """Exclude files; idempotent. Raise NotFound where there is no such conversation."""
    row = select(conversations.c.id).where(conversations.c.id == conversation_id)
    connection.execute(row.with_for_update())  # of two that exclude the same file, one waits
    known = select_excluded(connection, conversation_id, owner)
    if added := [id for id in dict.fromkeys(ids) if id not in known]:
        rows = [{"conversation_id": conversation_id, "attachment_id": id} for id in added]
        connection.execute(insert(excluded_files), rows)


def include_files(connection: Connection, conversation_id: str, owner: str, ids: Collection[str]) -> None:
    """Include files again; idempotent. Raise NotFound where there is no such conversation."""
    select_conversation(connection, conversation_id, owner)
    named = excluded_files.c.attachment_id.in_(list(ids))
    connection.execute(
        delete(excluded_files).where(excluded_files.c.conversation_id == conversation_id, named)
    )
