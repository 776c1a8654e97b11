"""Deletions that can still be undone: the rows of a hidden thing belong to no visitor.

The owner of a hidden row is HIDDEN, the deletion's own number, and the owner it had: no statement that names
a visitor finds it, on any replica, and no column is needed that an earlier version does not know. Each
statement runs on a connection that the caller opens and closes.
"""

from __future__ import annotations

import time

from sqlalchemy import Connection, delete, select, update

from chat.errors import NotFound
from chat.history import conversations as kept
from chat.history.schema import attachments, conversations

HIDDEN = "deleted:"
TABLES = (conversations, attachments)


def number_deletion(seconds_ago: float = 0.0) -> str:
    """Return the number of a deletion that happens now, or did: its time in microseconds, always as long."""
    return f"{time.time_ns() // 1000 - int(seconds_ago * 1e6):020}"


def hide_conversation(connection: Connection, id: str, owner: str, number: str) -> None:
    """Hide one conversation. Its files stay with the owner until it is purged. Raise NotFound."""
    kept.select_conversation(connection, id, owner)
    _give(connection, id, owner, _hide(owner, number))


def hide_everything(connection: Connection, owner: str, number: str) -> tuple[int, tuple[str, ...]]:
    """Hide all conversations and files of an owner; return the former's number, the latter's ids."""
    ids = connection.execute(select(attachments.c.id).where(attachments.c.owner == owner)).scalars()
    files, hidden = tuple(ids), {"owner": _hide(owner, number)}
    count = connection.execute(update(conversations).where(conversations.c.owner == owner).values(hidden))
    connection.execute(update(attachments).where(attachments.c.owner == owner).values(hidden))
    return count.rowcount, files


def restore(connection: Connection, owner: str, number: str) -> int:
    """Give back what a deletion hid; return how many rows, 0 where it is purged."""
    hidden, back = _hide(owner, number), {"owner": owner}
    done = [connection.execute(update(table).where(table.c.owner == hidden).values(back)) for table in TABLES]
    return sum(one.rowcount for one in done)


def purge(connection: Connection, before: str) -> tuple[str, ...]:
    """Delete for good what deletions of lower numbers hid; return the ids of the files that are gone."""
    gone: list[str] = []
    for owner in _hidden_owners(connection, before):
        of_owner = connection.execute(select(conversations.c.id).where(conversations.c.owner == owner))
        for id in of_owner.scalars().all():
            gone += _purge_conversation(connection, id, owner)
        files = connection.execute(select(attachments.c.id).where(attachments.c.owner == owner))
        gone += files.scalars()
        connection.execute(delete(attachments).where(attachments.c.owner == owner))
    return tuple(dict.fromkeys(gone))


def _purge_conversation(connection: Connection, id: str, hidden: str) -> tuple[str, ...]:
    """Delete a hidden conversation as its owner would: with the files that only it uses."""
    _, _, owner = hidden.split(":", 2)
    _give(connection, id, hidden, owner)
    try:
        return kept.delete_conversation(connection, id, owner)
    except NotFound:  # another replica purges it
        return ()


def _give(connection: Connection, id: str, owner: str, other: str) -> None:
    mine = (conversations.c.id == id, conversations.c.owner == owner)
    connection.execute(update(conversations).where(*mine).values(owner=other))


def _hidden_owners(connection: Connection, before: str) -> list[str]:
    owners: set[str] = set()
    for table in TABLES:
        chosen = select(table.c.owner).where(table.c.owner.startswith(HIDDEN, autoescape=True)).distinct()
        owners.update(connection.execute(chosen).scalars())
    return sorted(owner for owner in owners if owner.split(":", 2)[1] < before)


def _hide(owner: str, number: str) -> str:
    return f"{HIDDEN}{number}:{owner}"
