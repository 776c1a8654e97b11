"""What all processes of a database agree on: its own id, and which generation a request id has started.

The first process that writes a name wins. Each statement runs on a connection of its caller.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Table, delete, exists, select, update
from sqlalchemy.dialects import postgresql, sqlite

from chat.history.entities import RequestClaim
from chat.history.schema import facts, messages, request_ids

DATABASE_ID = "database id"


def find_database_id(connection: Connection, new: str) -> str:
    """Return the id of the database; `new` if it has none yet."""
    _insert_first(connection, facts, name=DATABASE_ID, value=new)
    chosen = select(facts.c.value).where(facts.c.name == DATABASE_ID)
    return str(connection.execute(chosen).scalar_one())


def claim_request(connection: Connection, mine: RequestClaim, unused_since: datetime) -> RequestClaim:
    """Claim a request id, unless it is claimed; return its claim.

    A claim of before `unused_since` whose process has ended before the start is replaced.
    """
    values = {"generation_id": mine.generation_id, "created": mine.created, "is_started": False}
    _insert_first(connection, request_ids, name=mine.name, **values)
    columns = request_ids.c
    is_unused = (columns.is_started.is_(False), columns.created < unused_since)
    is_stored = exists().where(messages.c.generation_id == columns.generation_id)
    unused = update(request_ids).where(columns.name == mine.name, *is_unused, ~is_stored)
    connection.execute(unused.values(values))
    row = connection.execute(select(request_ids).where(columns.name == mine.name)).one()
    return RequestClaim(**row._mapping)


def mark_started(connection: Connection, name: str) -> None:
    """Note that the generation of a request id has started: its claim is never replaced."""
    connection.execute(update(request_ids).where(request_ids.c.name == name).values(is_started=True))


def release_request(connection: Connection, name: str, generation_id: str) -> None:
    """Delete a claim, if it is this generation's."""
    mine = (request_ids.c.name == name, request_ids.c.generation_id == generation_id)
    connection.execute(delete(request_ids).where(*mine))


def expire_requests(connection: Connection, before: datetime) -> None:
    """Delete the claims of before then."""
    connection.execute(delete(request_ids).where(request_ids.c.created < before))


def _insert_first(connection: Connection, table: Table, **values: Any) -> None:
    insert = sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert
    connection.execute(insert(table).values(values).on_conflict_do_nothing())
