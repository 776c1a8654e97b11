"""The shown branch of a conversation, its answers of ended processes marked as interrupted."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence

from chat.cluster.peers import Peers
from chat.errors import NotFound
from chat.generations.registry import Generations
from chat.history import Message
from chat.history.stores import Stores, cut_branch


class ShownBranches:
    """Messages root first. Data of another owner is NotFound, as data that does not exist."""

    def __init__(self, stores: Stores, peers: Peers, generations: Generations) -> None:
        self._stores = stores
        self._peers = peers
        self._generations = generations

    async def of(self, conversation_id: str, owner: str) -> Sequence[Message]:
        """Return the shown branch, with all queued writes done. Raises NotFound."""
        return await self.mark_interrupted(await self._stores.branch(conversation_id, owner), owner)

    async def find(self, conversation_id: str, reader: str) -> tuple[str, Sequence[Message]]:
        """Return the owner and the branch of a conversation: the caller's own, or an anonymous one."""
        if not self._stores.holds(conversation_id):
            await self._peers.check_written(conversation_id)
        try:
            return reader, await self.of(conversation_id, reader)
        except NotFound:
            with contextlib.suppress(NotFound):
                return "", await self.of(conversation_id, "")
            raise

    async def question_of(self, answer: Message, owner: str) -> tuple[Message, Sequence[Message]]:
        """Return the question of an answer on the shown branch, and the branch before it."""
        question = await self._stores.message(answer.parent_id or "", owner)
        branch = await self.of(question.conversation_id, owner)
        return question, cut_branch(branch, question.id)[:-1]

    async def mark_interrupted(self, messages: Sequence[Message], owner: str) -> Sequence[Message]:
        # An ended generation that is retained counts as running: the row may be older than its ending.
        return await self._peers.mark_interrupted(messages, self._generations.holds, owner)
