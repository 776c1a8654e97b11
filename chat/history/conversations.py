"""The statements about conversations, each on a connection that the caller opens and closes.

Every statement names the owner. Knows no transaction and no content of a message.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from datetime import datetime
from itertools import accumulate
from typing import Any

from sqlalchemy import Connection, Row, and_, delete, insert, literal, or_, select, tuple_, update
from sqlalchemy.exc import IntegrityError

from chat.errors import InvalidRequest, NotFound
from chat.history import schema
from chat.history.entities import Conversation, now
from chat.history.schema import conversations, fold, messages, sent_attachments
from chat.history.statement_limits import limited

QUERY_CHARACTERS_MAX = 200
SNIPPET_CHARACTERS_BEFORE = 30
SNIPPET_CHARACTERS = 120
WINDOW_CHARACTERS = 4_000  # of a text, mapped character by character where the needle is in it
SEARCH_SECONDS = 5.0

COLUMNS = [
    conversations.c[name] for name in ("id", "owner", "title", "pinned", "created", "updated", "leaf_id")
]


def not_found() -> NotFound:
    return NotFound("There is no such conversation.")


def insert_conversations(connection: Connection, added: Iterable[Conversation], count: int = 0) -> None:
    """Raise InvalidRequest if an id is taken. count: number of messages that come with each."""
    rows = [
        {column.name: getattr(conversation, column.name) for column in COLUMNS}
        | {"folded_title": fold(conversation.title), "message_count": count}
        for conversation in added
    ]
    try:
        connection.execute(insert(conversations), rows)
    except IntegrityError:
        raise InvalidRequest("A conversation with this id exists already.") from None


def select_conversation(connection: Connection, id: str, owner: str) -> Conversation:
    rows = connection.execute(select(*COLUMNS).where(_owned(id, owner)))
    if row := rows.one_or_none():
        return Conversation(**row._mapping)
    raise not_found()


def update_conversation(connection: Connection, id: str, owner: str, *conditions: Any, **values: Any) -> bool:
    """Return whether the conditions held. Raise NotFound if there is no such conversation."""
    if "title" in values:
        values["folded_title"] = fold(values["title"])
    done = connection.execute(update(conversations).where(_owned(id, owner), *conditions).values(**values))
    if done.rowcount == 0:
        select_conversation(connection, id, owner)
    return done.rowcount > 0


def rename_conversation(
    connection: Connection, id: str, owner: str, title: str, instead_of: str | None
) -> bool:
    """Set the title; with `instead_of` only if that is the current title. Return whether it was set."""
    conditions = () if instead_of is None else (conversations.c.title == instead_of,)
    return update_conversation(connection, id, owner, *conditions, title=title)


def list_conversations(
    connection: Connection, owner: str, query: str, limit: int, before: str | None
) -> tuple[Conversation, ...]:
    needle = fold(query.strip()[:QUERY_CHARACTERS_MAX])
    found = _search(owner, needle) if needle else select(*COLUMNS).where(conversations.c.owner == owner)
    order = [found.selected_columns[name] for name in ("pinned", "updated", "id")]
    if before is not None:
        last = select_conversation(connection, before, owner)
        seen = (literal(getattr(last, column.name), column.type) for column in order)
        found = found.where(tuple_(*order) < tuple_(*seen))
    found = found.order_by(*(column.desc() for column in order)).limit(limit)
    if needle:
        with limited(connection, SEARCH_SECONDS):
            return _with_snippets(connection, connection.execute(found).all(), needle)
    rows = connection.execute(found)
    return tuple(Conversation(**row._mapping) for row in rows)


def _search(owner: str, needle: str) -> Any:
    """Scan the text of one owner: no index of either database helps with words of two characters."""
    hit = (
        select(messages.c.id)
        .where(messages.c.conversation_id == conversations.c.id)
        .where(messages.c.folded.contains(needle, autoescape=True))
        .order_by(messages.c.position.desc())
        .limit(1)
        .scalar_subquery()
    )
    in_title = conversations.c.folded_title.contains(needle, autoescape=True)
    everything = select(*COLUMNS, hit.label("hit_id"), in_title.label("in_title"))
    candidates = everything.where(conversations.c.owner == owner).subquery()
    columns = [candidates.c[column.name] for column in COLUMNS]
    return select(*columns, candidates.c.hit_id).where(
        or_(candidates.c.in_title, candidates.c.hit_id.is_not(None))
    )


def _with_snippets(connection: Connection, rows: Sequence[Row[Any]], needle: str) -> tuple[Conversation, ...]:
    hits = [row.hit_id for row in rows if row.hit_id]
    chosen = select(messages.c.id, messages.c.text).where(messages.c.id.in_(hits))
    snippets = {row.id: cut_snippet(row.text, needle) for row in connection.execute(chosen)}
    return tuple(Conversation(**row._mapping, snippet=snippets.get(row.hit_id, "")) for row in rows)


def cut_snippet(text: str, needle: str) -> str:
    """Return the text around the first place that matches the needle after folding, on one line."""
    hit = _find(text, needle)
    start = max(0, hit - SNIPPET_CHARACTERS_BEFORE)
    end = start + SNIPPET_CHARACTERS
    cut = " ".join(text[start:end].split())
    return f"{'…' if start else ''}{cut}{'…' if end < len(text) else ''}"


def _find(text: str, needle: str) -> int:
    """Return the character at which the needle begins after folding, 0 where it is not there."""
    overlap = 2 * len(needle) + 1  # what folds to the needle may be longer than it
    for at in range(0, len(text), WINDOW_CHARACTERS):
        window = text[at : at + WINDOW_CHARACTERS + overlap]
        if needle in fold(window):
            # Folding changes lengths (ﬁ -> fi): the place is mapped back through each character's length.
            folded = [fold(character) for character in window]
            ends = list(accumulate(len(piece) for piece in folded))
            return at + bisect_left(ends, max("".join(folded).find(needle), 0) + 1)
    return 0


def delete_conversation(connection: Connection, id: str, owner: str) -> tuple[str, ...]:
    """Delete it, its messages, and the attachments that only it uses. Return the ids of the latter."""
    update_conversation(connection, id, owner, updated=now())  # locks the row: no message is added in between
    attachment_ids = _own_attachment_ids(connection, id, owner)
    gone = schema.attachments.c.id.in_(attachment_ids)
    connection.execute(delete(schema.attachments).where(gone, schema.attachments.c.owner == owner))
    connection.execute(delete(messages).where(messages.c.conversation_id == id))
    connection.execute(delete(conversations).where(_owned(id, owner)))
    return attachment_ids


def select_unused(connection: Connection, before: datetime) -> tuple[tuple[str, str], ...]:
    """Return id and owner of the conversations of all owners that were last changed before then."""
    chosen = select(conversations.c.id, conversations.c.owner).where(conversations.c.updated < before)
    return tuple((row.id, row.owner) for row in connection.execute(chosen))


def _own_attachment_ids(connection: Connection, id: str, owner: str) -> tuple[str, ...]:
    sent = select(sent_attachments.c.attachment_id, messages.c.conversation_id).join(messages).subquery()
    elsewhere = select(sent.c.attachment_id).where(sent.c.conversation_id != id)
    own = select(sent.c.attachment_id).distinct().where(sent.c.conversation_id == id)
    rows = connection.execute(
        own.where(sent.c.attachment_id.not_in(elsewhere)).order_by(sent.c.attachment_id)
    )
    return tuple(rows.scalars())


def _owned(id: str, owner: str) -> Any:
    return and_(conversations.c.id == id, conversations.c.owner == owner)
