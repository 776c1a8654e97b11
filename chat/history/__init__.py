"""Conversations, messages and attachments, kept in a database: SQLite by default, PostgreSQL by its URL.

    records      the values that go in and come out
    tables       how they lie in the database; migrations/ is how it came to that
    database     one URL -> connections, migrations at start, the database's errors as ours
    conversations, messages, tree, attachments    the statements, each on a connection it is given
    exchange     a conversation as Markdown and as JSON, and back; chatgpt reads ChatGPT's export
    store        History: the one door, where every call names the owner

What belongs to another owner is NotFound, the same as what is not there. Knows no HTTP, no page, no model, no
running generation, and no budget: an attachment is a file's text, not how much of it was sent.
"""

from chat.history.entities import (
    Begun,
    Conversation,
    Growth,
    Message,
    MessageFields,
    StoredFile,
    make_title,
)
from chat.history.store import History

__all__ = [
    "Begun",
    "Conversation",
    "Growth",
    "History",
    "Message",
    "MessageFields",
    "StoredFile",
    "make_title",
]
