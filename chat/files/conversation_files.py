"""The files of a conversation, and which of them its later questions are asked without.

A file is excluded in its whole conversation, on every branch, until it is included again, or until a question
names it anew. Earlier answers stay in the talk, with what they quote of it. Knows no prompt.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from chat.errors import NotFound
from chat.files.attachment import Attachment
from chat.files.attachments import Attachments
from chat.history import Message
from chat.history.stores import Stores


@dataclass(frozen=True)
class ConversationFile:
    """A file that was sent with a question of a conversation."""

    attachment: Attachment
    is_excluded: bool


class ConversationFiles:
    """The files of all conversations."""

    def __init__(self, stores: Stores, attachments: Attachments) -> None:
        self._stores = stores
        self._attachments = attachments

    async def of_branch(
        self, conversation_id: str, branch: Sequence[Message], owner: str, reader: str
    ) -> Sequence[ConversationFile]:
        """Return the files of a branch, without expired ones.

        owner: of the conversation. reader: of the files.
        """
        files = await self._attachments.of_branch(branch, reader)
        excluded = await self._stores.excluded_files(conversation_id, owner) if files else frozenset()
        return [ConversationFile(file, file.id in excluded) for file in files]

    async def exclude(self, conversation_id: str, owner: str, file_id: str) -> None:
        """Ask later questions without a file. Raises NotFound where no message was sent with it."""
        branch = await self._stores.branch(conversation_id, owner)
        if not any(file_id in message.attachment_ids for message in branch):
            raise NotFound("The conversation has no such file.")
        await self._stores.store(conversation_id).exclude_files(conversation_id, owner, (file_id,))

    async def include(self, conversation_id: str, owner: str, file_ids: Sequence[str]) -> None:
        """Ask later questions with these files again; idempotent."""
        if excluded := set(file_ids) & await self._stores.excluded_files(conversation_id, owner):
            await self._stores.store(conversation_id).include_files(conversation_id, owner, excluded)
