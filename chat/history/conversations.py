"""The statements about conversations, each on a connection that the caller opens and closes.

Every statement names the owner. Knows no transaction and no content of a message.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, and_, delete, insert, literal, or_, select, tuple_, update
from sqlalchemy.exc import IntegrityError

from chat.errors import InvalidRequest, NotFound
from chat.history import schema
from chat.history.entities import Conversation, now
from chat.history.query_words import cut_snippet, read_words
from chat.history.schema import conversations, fold, messages, sent_attachments
from chat.history.statement_limits import limited

HITS_MAX = 10_000  # in one statement: both databases allow 32,766
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


def select_begun(connection: Connection, like: Conversation) -> tuple[str, ...]:
    """Return the ids of the owner's conversations that were begun at the same time as this one."""
    begun = (conversations.c.owner == like.owner, conversations.c.created == like.created)
    return tuple(connection.execute(select(conversations.c.id).where(*begun)).scalars())


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
    words = read_words(query)
    found = _search(owner, words) if words else select(*COLUMNS).where(conversations.c.owner == owner)
    order = [found.selected_columns[name] for name in ("pinned", "updated", "id")]
    if before is not None:
        last = select_conversation(connection, before, owner)
        seen = (literal(getattr(last, column.name), column.type) for column in order)
        found = found.where(tuple_(*order) < tuple_(*seen))
    found = found.order_by(*(column.desc() for column in order)).limit(limit)
    if words:
        with limited(connection, SEARCH_SECONDS):
            return _with_snippets(connection, connection.execute(found).all(), words)
    rows = connection.execute(found)
    return tuple(Conversation(**row._mapping) for row in rows)


def _search(owner: str, words: Sequence[str]) -> Any:
    """Scan the text of one owner: no index of either database helps with words of two characters.

    A conversation is found if its title, or one of its messages, has all the words.
    """
    has_words = and_(*(messages.c.folded.contains(word, autoescape=True) for word in words))
    hit = (
        select(messages.c.id)
        .where(messages.c.conversation_id == conversations.c.id)
        .where(has_words)
        .order_by(messages.c.position.desc())
        .limit(1)
        .scalar_subquery()
    )
    title = conversations.c.folded_title
    in_title = and_(*(title.contains(word, autoescape=True) for word in words))
    everything = select(*COLUMNS, hit.label("hit_id"), in_title.label("in_title"))
    candidates = everything.where(conversations.c.owner == owner).subquery()
    columns = [candidates.c[column.name] for column in COLUMNS]
    return select(*columns, candidates.c.hit_id).where(
        or_(candidates.c.in_title, candidates.c.hit_id.is_not(None))
    )


def _with_snippets(
    connection: Connection, rows: Sequence[Row[Any]], words: Sequence[str]
) -> tuple[Conversation, ...]:
    hits = [row.hit_id for row in rows if row.hit_id]
    snippets: dict[str, str] = {}
    for at in range(0, len(hits), HITS_MAX):
        chosen = select(messages.c.id, messages.c.text).where(messages.c.id.in_(hits[at : at + HITS_MAX]))
        snippets |= {row.id: cut_snippet(row.text, words) for row in connection.execute(chosen)}
    return tuple(Conversation(**row._mapping, snippet=snippets.get(row.hit_id, "")) for row in rows)


def delete_conversation(connection: Connection, id: str, owner: str) -> tuple[str, ...]:
    """Delete it, its messages, and the attachments that only it uses. Return the ids of the latter."""
    update_conversation(connection, id, owner, updated=now())  # locks the row: no message is added in between
    attachment_ids = _own_attachment_ids(connection, id, owner)
    gone = schema.attachments.c.id.in_(attachment_ids)
    connection.execute(delete(schema.attachments).where(gone, schema.attachments.c.owner == owner))
    connection.execute(delete(messages).where(messages.c.conversation_id == id))
    connection.execute(delete(conversations).where(_owned(id, owner)))
    return attachment_ids


def copy_head(connection: Connection, copy: Conversation) -> None:
    """Set title, pin and shown branch as a copy has them. Raise NotFound."""
    values = {"title": copy.title, "pinned": copy.pinned, "leaf_id": copy.leaf_id}
    update_conversation(connection, copy.id, copy.owner, **values)


def drop_copy(connection: Connection, id: str, owner: str) -> None:
    """Delete a conversation and its messages, and no file. Raise NotFound."""
    select_conversation(connection, id, owner)
    connection.execute(delete(messages).where(messages.c.conversation_id == id))
    connection.execute(delete(conversations).where(_owned(id, owner)))


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
