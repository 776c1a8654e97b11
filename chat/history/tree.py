"""A conversation's messages as a tree: the shown branch, its alternatives, and the way from one to another.

A message's position rises along every branch, so that a branch, and the newest leaf under a message, need no
depth. Every call names the owner. Knows no transaction.
"""

from __future__ import annotations

from collections import defaultdict

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from chat.history.conversations import select_conversation, update_conversation
from chat.history.messages import COLUMNS, select_message, select_messages
from chat.history.records import Conversation, Message
from chat.history.tables import messages


async def read_shown(
    connection: AsyncConnection, conversation_id: str, owner: str
) -> tuple[Conversation, tuple[Message, ...]]:
    """Return the conversation and the branch of it that is shown."""
    conversation = await select_conversation(connection, conversation_id, owner)
    return conversation, await _select_branch(connection, conversation.leaf_id)


async def read_whole(
    connection: AsyncConnection, conversation_id: str, owner: str
) -> tuple[Conversation, tuple[Message, ...]]:
    """Return the conversation and the messages of all branches, parents before children."""
    conversation = await select_conversation(connection, conversation_id, owner)
    chosen = select(*COLUMNS).where(messages.c.conversation_id == conversation_id)
    return conversation, await select_messages(connection, chosen)


async def show_through(connection: AsyncConnection, message_id: str, owner: str) -> tuple[Message, ...]:
    """Show the branch through this message, down to the newest one under it; return it."""
    message = await select_message(connection, message_id, owner)
    leaf_id = await _select_newest_leaf(connection, message_id)
    await update_conversation(connection, message.conversation_id, owner, leaf_id=leaf_id)
    return await _select_branch(connection, leaf_id)


async def undo(connection: AsyncConnection, conversation_id: str, owner: str) -> Message | None:
    """Let the shown branch end before its last question; return the question."""
    _, branch = await read_shown(connection, conversation_id, owner)
    question = next((message for message in reversed(branch) if message.role == "user"), None)
    if question is not None:
        await update_conversation(connection, conversation_id, owner, leaf_id=question.parent_id)
    return question


async def read_siblings(connection: AsyncConnection, message_id: str, owner: str) -> tuple[str, ...]:
    message = await select_message(connection, message_id, owner)
    chosen = select(messages.c.id).where(
        messages.c.conversation_id == message.conversation_id, messages.c.parent_id == message.parent_id
    )
    return tuple((await connection.execute(chosen.order_by(messages.c.position))).scalars())


async def read_alternatives(
    connection: AsyncConnection, conversation_id: str, owner: str
) -> dict[str, tuple[str, ...]]:
    """Return for each message that is not alone under its parent the ids of all there, in order."""
    await select_conversation(connection, conversation_id, owner)
    chosen = select(messages.c.id, messages.c.parent_id).where(messages.c.conversation_id == conversation_id)
    children: dict[str | None, list[str]] = defaultdict(list)
    for row in await connection.execute(chosen.order_by(messages.c.position)):
        children[row.parent_id].append(row.id)
    return {id: tuple(ids) for ids in children.values() if len(ids) > 1 for id in ids}


async def _select_branch(connection: AsyncConnection, leaf_id: str | None) -> tuple[Message, ...]:
    """Return the messages from the root to the leaf. The caller has made sure of the leaf's owner."""
    branch = select(messages.c.id, messages.c.parent_id).where(messages.c.id == leaf_id)
    walk = branch.cte("branch", recursive=True)
    above = select(messages.c.id, messages.c.parent_id).join(walk, messages.c.id == walk.c.parent_id)
    walk = walk.union_all(above)
    return await select_messages(connection, select(*COLUMNS).join(walk, messages.c.id == walk.c.id))


async def _select_newest_leaf(connection: AsyncConnection, message_id: str) -> str:
    """Return the last message written under this one, or its own id. It is a leaf by its position."""
    under = select(messages.c.id, messages.c.position).where(messages.c.id == message_id)
    walk = under.cte("under", recursive=True)
    walk = walk.union_all(
        select(messages.c.id, messages.c.position).join(walk, messages.c.parent_id == walk.c.id)
    )
    newest = select(walk.c.id).order_by(walk.c.position.desc()).limit(1)
    leaf_id: str = (await connection.execute(newest)).scalar_one()
    return leaf_id
