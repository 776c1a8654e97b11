"""The messages of a conversation as a tree: the shown branch, its alternatives, and changing between them.

The tree is two short columns, read completely and walked here. A recursive query takes seconds for a long
conversation while the database has no statistics. The rows are ordered by position, which rises along every
branch: parents come before their children. Every call names the owner.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

from sqlalchemy import Connection, select

from chat.history.conversations import select_conversation, update_conversation
from chat.history.entities import Conversation, Message
from chat.history.messages import select_message, select_messages
from chat.history.schema import messages

Parents = Mapping[str, str | None]


def read_shown(
    connection: Connection, conversation_id: str, owner: str
) -> tuple[Conversation, tuple[Message, ...]]:
    """Return the conversation and its shown branch."""
    conversation = select_conversation(connection, conversation_id, owner)
    parents = _select_parents(connection, conversation_id)
    branch = find_branch(parents, conversation.leaf_id)
    return conversation, select_messages(connection, conversation_id, branch)


def read_whole(
    connection: Connection, conversation_id: str, owner: str
) -> tuple[Conversation, tuple[Message, ...]]:
    """Return the conversation and the messages of all branches, parents before children."""
    conversation = select_conversation(connection, conversation_id, owner)
    parents = _select_parents(connection, conversation_id)
    return conversation, select_messages(connection, conversation_id, list(parents))


def show_through(connection: Connection, message_id: str, owner: str) -> tuple[Message, ...]:
    """Show the branch through this message, down to the newest one under it; return it."""
    message = select_message(connection, message_id, owner)
    parents = _select_parents(connection, message.conversation_id)
    leaf_id = find_newest_leaf(parents, message_id)
    update_conversation(connection, message.conversation_id, owner, leaf_id=leaf_id)
    return select_messages(connection, message.conversation_id, find_branch(parents, leaf_id))


def undo(connection: Connection, conversation_id: str, owner: str) -> Message | None:
    """End the shown branch before its last question, and return the question."""
    _, branch = read_shown(connection, conversation_id, owner)
    question = next((message for message in reversed(branch) if message.role == "user"), None)
    if question is not None:
        update_conversation(connection, conversation_id, owner, leaf_id=question.parent_id)
    return question


def read_siblings(connection: Connection, message_id: str, owner: str) -> tuple[str, ...]:
    message = select_message(connection, message_id, owner)
    parents = _select_parents(connection, message.conversation_id)
    return find_alternatives(parents).get(message_id, (message_id,))


def read_alternatives(connection: Connection, conversation_id: str, owner: str) -> dict[str, tuple[str, ...]]:
    select_conversation(connection, conversation_id, owner)
    return find_alternatives(_select_parents(connection, conversation_id))


def _select_parents(connection: Connection, conversation_id: str) -> Parents:
    chosen = select(messages.c.id, messages.c.parent_id).where(messages.c.conversation_id == conversation_id)
    rows = connection.execute(chosen.order_by(messages.c.position))
    return {row.id: row.parent_id for row in rows}


def find_branch(parents: Parents, leaf_id: str | None) -> list[str]:
    """Return the ids from the root to the leaf."""
    branch = []
    while leaf_id is not None and leaf_id in parents:  # unless it was deleted in the meantime
        branch.append(leaf_id)
        leaf_id = parents[leaf_id]
    return branch[::-1]


def find_newest_leaf(parents: Parents, id: str) -> str:
    """Return the last message written under this one, or its own id."""
    under = {id}
    for other, parent in parents.items():
        if parent in under:
            under.add(other)
            id = other
    return id


def find_alternatives(parents: Parents) -> dict[str, tuple[str, ...]]:
    """Return for each message with siblings the ids of all of them, oldest first."""
    children: dict[str | None, list[str]] = defaultdict(list)
    for id, parent in parents.items():
        children[parent].append(id)
    return {id: tuple(ids) for ids in children.values() if len(ids) > 1 for id in ids}
