"""Conversations, messages and attachments, kept in a database: SQLite by default, PostgreSQL by its URL.

    entities     conversations, messages and files as values
    schema       the tables of the database; migrations/ creates and changes them
    database     one URL -> connections, migrations at start, the database's errors as ours
    conversations, messages, branches, stored_files, excluded_files
                 the statements, each on a connection of its caller
    query_words  the words of a search, and where they stand in a text
    bulk_writes  many rows at once: turns, imported transcripts
    hidden       deletions that can still be undone
    exchange     a conversation as Markdown and as JSON, and back; chatgpt_import reads ChatGPT's export
    store        History: the interface of one database, where every call names the owner
    stores       the two histories: the kept one, and one in memory
    shared_facts the database's own id, and which generation a request id has started
    unwritten    the writes that the database has not taken yet, also on disk
    write_queue  writes in order, in the background
    answer_log   answers: opened, checkpointed, ended

A thing of another owner is NotFound, the same as a thing that does not exist. Knows no HTTP, no page, no
model, and no budget: an attachment is a file's text, not how much of it was sent.
"""

from chat.history.entities import (
    Begun,
    Conversation,
    Growth,
    Imported,
    LeftOut,
    Message,
    MessageFields,
    Opened,
    Record,
    StoredFile,
    make_title,
)
from chat.history.query_words import find_words, read_words
from chat.history.store import LISTED_MAX, History

__all__ = [
    "LISTED_MAX",
    "Begun",
    "Conversation",
    "Growth",
    "History",
    "Imported",
    "LeftOut",
    "Message",
    "MessageFields",
    "Opened",
    "Record",
    "StoredFile",
    "find_words",
    "make_title",
    "read_words",
]
