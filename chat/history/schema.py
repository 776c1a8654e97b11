"""The tables of history: conversations, messages, attachments, and which message was sent with which file.

The migrations create these tables; a test compares the two. The column order is deliberate: SQLite reads a
long row from its start, so columns for lists and searches come before those of a single message.
"""

from __future__ import annotations

import json
import zlib
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    DateTime,
    Dialect,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
)

from chat.unicode_forms import normalize


def clean(text: str) -> str:
    """Replace characters that a database cannot store: NUL (PostgreSQL) and lone surrogates (both)."""
    text = text.replace("\0", "\N{REPLACEMENT CHARACTER}")
    if text.isascii():
        return text
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def fold(text: str) -> str:
    """Return the text in its form for search: full-width and half-width, upper and lower case are equal."""
    return normalize("NFKC", text).casefold()


def pack(value: Any) -> bytes:
    """Return the value as compressed JSON: a third to a tenth of a page of text."""
    return zlib.compress(json.dumps(value, ensure_ascii=False).encode("utf-8", "replace"), 1)


def unpack(data: bytes) -> Any:
    return json.loads(zlib.decompress(data))


class CleanText(TypeDecorator[str]):
    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        return None if value is None else clean(value)


class Time(TypeDecorator[datetime]):
    """An aware UTC time. SQLite has no time zones and stores it without."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return None if value is None else value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None or value.tzinfo is not None:
            return value
        return value.replace(tzinfo=UTC)


def _json(name: str) -> Column[Any]:
    return Column(name, JSON(none_as_null=True))


metadata = MetaData()

conversations = Table(
    "conversations",
    metadata,
    Column("id", CleanText, primary_key=True),
    Column("owner", CleanText, nullable=False),
    Column("pinned", Boolean, nullable=False),
    Column("updated", Time, nullable=False),
    Column("created", Time, nullable=False),
    Column("leaf_id", CleanText),
    Column("message_count", Integer, nullable=False),
    Column("title", CleanText, nullable=False),
    Column("folded_title", CleanText, nullable=False),
)
Index("conversations_listed", *(conversations.c[name] for name in ("owner", "pinned", "updated", "id")))

# parent_id deliberately has no foreign key: SQLite would delete a long conversation by recursion.
messages = Table(
    "messages",
    metadata,
    Column("id", CleanText, primary_key=True),
    Column("conversation_id", CleanText, ForeignKey("conversations.id", ondelete="CASCADE"), nullable=False),
    Column("parent_id", CleanText),
    Column("position", Integer, nullable=False),
    Column("role", String(16), nullable=False),
    Column("created", Time, nullable=False),
    Column("folded", CleanText, nullable=False),
    Column("model", CleanText, nullable=False),
    Column("generation_id", CleanText),
    Column("finish_reason", CleanText),
    Column("liked", Boolean),
    Column("text", CleanText, nullable=False),
    Column("reasoning", CleanText, nullable=False),
    _json("error"),
    _json("receipt"),
    _json("citations"),
    _json("usage"),
    _json("timings"),
    Column("prompt", LargeBinary),
)
Index("messages_in_order", messages.c.conversation_id, messages.c.position)
Index("messages_of_parent", messages.c.parent_id)

attachments = Table(
    "attachments",
    metadata,
    Column("id", CleanText, primary_key=True),
    Column("owner", CleanText, nullable=False),
    Column("created", Time, nullable=False),
    Column("used", Time, nullable=False),
    Column("document", LargeBinary, nullable=False),
    Column("search_index", LargeBinary),  # unused: a process of an older version beside this one writes it
    Column("original", LargeBinary),
    Column("tables", LargeBinary),
    Column("vectors", LargeBinary),
)
Index("attachments_by_use", attachments.c.used)

request_ids = Table(
    "request_ids",
    metadata,
    Column("name", CleanText, primary_key=True),
    Column("generation_id", CleanText, nullable=False),
    Column("created", Time, nullable=False),
    Column("is_started", Boolean, nullable=False),
)
Index("request_ids_by_age", request_ids.c.created)

facts = Table(
    "facts",
    metadata,
    Column("name", CleanText, primary_key=True),
    Column("value", CleanText, nullable=False),
)

# attachment_id has no foreign key: an attachment may expire, and the message still names it.
sent_attachments = Table(
    "sent_attachments",
    metadata,
    Column("message_id", CleanText, ForeignKey("messages.id", ondelete="CASCADE"), primary_key=True),
    Column("place", Integer, primary_key=True),
    Column("attachment_id", CleanText, nullable=False),
)
Index("sent_attachments_of", sent_attachments.c.attachment_id)

# Files of a conversation that its later questions are asked without.
excluded_files = Table(
    "excluded_files",
    metadata,
    Column(
        "conversation_id", CleanText, ForeignKey("conversations.id", ondelete="CASCADE"), primary_key=True
    ),
    Column("attachment_id", CleanText, primary_key=True),
)
