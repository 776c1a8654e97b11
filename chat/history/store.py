"""History: the one door to what is kept. Every call names the owner and is one transaction: all or nothing.

Raises NotFound for what is not there or another's, InvalidRequest for what cannot be, and HistoryUnavailable
when the database cannot do it now: the chat goes on without. Nothing temporary is ever given to it.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime
from typing import Unpack

import anyio.to_thread

from chat.documents import Document
from chat.history import attachments, conversations, exchange, messages
from chat.history.database import Database
from chat.history.records import (
    Attachment,
    Conversation,
    Message,
    MessageFields,
    Role,
    Transcript,
    new_id,
    now,
)
from chat.history.tables import clean

TITLE_CHARACTERS_MAX = 200
LISTED_MAX = 200


class History:
    """url: sqlite:///… or postgresql://…; the driver is put in. SettingError for any other."""

    def __init__(self, url: str) -> None:
        self._database = Database(url)

    @property
    def notice(self) -> str:
        """What should be said once about the start (a damaged file was set aside), or empty."""
        return self._database.notice

    async def start(self) -> None:
        """Make the database ready. After a failure each later call tries again, at most every few seconds."""
        await self._database.start()

    async def aclose(self) -> None:
        await self._database.aclose()

    # Conversations

    async def create_conversation(self, owner: str, title: str = "", id: str | None = None) -> Conversation:
        """Without a title it gets one from its first question."""
        time = now()
        conversation = Conversation(id or new_id(), owner, _clean_title(title), False, time, time)
        async with self._database.writing() as connection:
            await conversations.insert_conversation(connection, conversation)
        return conversation

    async def conversation(self, conversation_id: str, owner: str) -> Conversation:
        async with self._database.reading() as connection:
            return await conversations.select_conversation(connection, conversation_id, owner)

    async def conversations(
        self, owner: str, query: str = "", limit: int = 50, before: str | None = None
    ) -> tuple[Conversation, ...]:
        """Return the pinned ones, then the newest first; with a query those that have it in any text.

        before: the id of the last one already listed. Each hit in a message comes with a snippet around it.
        """
        limit = max(1, min(limit, LISTED_MAX))
        async with self._database.reading() as connection:
            return await conversations.list_conversations(connection, owner, query, limit, before)

    async def rename(
        self, conversation_id: str, owner: str, title: str, instead_of: str | None = None
    ) -> bool:
        """Set the title; with `instead_of` only where that still is the title, so that a made title never
        replaces one that the user gave meanwhile. Return whether it was set.
        """
        async with self._database.writing() as connection:
            return await conversations.rename_conversation(
                connection, conversation_id, owner, _clean_title(title), instead_of
            )

    async def pin(self, conversation_id: str, owner: str, pinned: bool = True) -> None:
        async with self._database.writing() as connection:
            await conversations.update_conversation(connection, conversation_id, owner, pinned=pinned)

    async def delete_conversation(self, conversation_id: str, owner: str) -> tuple[str, ...]:
        """Delete it, its messages, and the attachments that no other conversation was sent; return their ids,
        for whoever keeps something else under them.
        """
        async with self._database.writing() as connection:
            return await conversations.delete_conversation(connection, conversation_id, owner)

    # Messages

    async def add_message(
        self,
        conversation_id: str,
        owner: str,
        role: Role,
        *,
        parent_id: str | None,
        id: str | None = None,
        attachment_ids: Sequence[str] = (),
        **fields: Unpack[MessageFields],
    ) -> Message:
        """Put a message under its parent (None: a first question); the shown branch then ends at it."""
        message = Message(
            id or new_id(),
            conversation_id,
            parent_id,
            role,
            now(),
            attachment_ids=tuple(attachment_ids),
            **fields,
        )
        async with self._database.writing() as connection:
            await messages.insert_message(connection, message, owner)
            await attachments.mark_used(connection, attachment_ids, owner, message.created)
        return message

    async def update_message(self, message_id: str, owner: str, **fields: Unpack[MessageFields]) -> None:
        """Set the fields that are named; the others stay."""
        async with self._database.writing() as connection:
            await messages.update_message(connection, message_id, owner, fields)

    async def like(self, message_id: str, owner: str, liked: bool | None) -> None:
        async with self._database.writing() as connection:
            await messages.change_message(connection, message_id, owner, liked=liked)

    async def message(self, message_id: str, owner: str) -> Message:
        """Return one message, with the prompt that was sent for it."""
        async with self._database.reading() as connection:
            return await messages.select_message(connection, message_id, owner)

    async def branch(self, conversation_id: str, owner: str) -> tuple[Message, ...]:
        """Return the messages that are shown, from the root to the leaf."""
        async with self._database.reading() as connection:
            conversation = await conversations.select_conversation(connection, conversation_id, owner)
            return await messages.select_branch(connection, conversation.leaf_id)

    async def siblings(self, message_id: str, owner: str) -> tuple[str, ...]:
        """Return the ids of the messages under the same parent, this one included, oldest first."""
        async with self._database.reading() as connection:
            message = await messages.select_message(connection, message_id, owner)
            return await messages.select_siblings(connection, message)

    async def alternatives(self, conversation_id: str, owner: str) -> dict[str, tuple[str, ...]]:
        """Return `siblings` of every message of the conversation that has any, by the message's id."""
        async with self._database.reading() as connection:
            await conversations.select_conversation(connection, conversation_id, owner)
            return await messages.select_alternatives(connection, conversation_id)

    async def select_branch(self, message_id: str, owner: str) -> tuple[Message, ...]:
        """Show the branch through this message, down to the newest message under it; return that branch."""
        async with self._database.writing() as connection:
            message = await messages.select_message(connection, message_id, owner)
            leaf_id = await messages.select_newest_leaf(connection, message_id)
            await conversations.update_conversation(
                connection, message.conversation_id, owner, leaf_id=leaf_id
            )
            return await messages.select_branch(connection, leaf_id)

    async def undo(self, conversation_id: str, owner: str) -> Message | None:
        """Let the shown branch end before its last question; return that question. It stays as a branch."""
        async with self._database.writing() as connection:
            conversation = await conversations.select_conversation(connection, conversation_id, owner)
            branch = await messages.select_branch(connection, conversation.leaf_id)
            question = next((message for message in reversed(branch) if message.role == "user"), None)
            if question is not None:
                leaf = {"leaf_id": question.parent_id}
                await conversations.update_conversation(connection, conversation_id, owner, **leaf)
            return question

    # Attachments

    async def add_attachment(
        self,
        owner: str,
        document: Document,
        *,
        id: str | None = None,
        search_index: bytes | None = None,
        original: bytes | None = None,
    ) -> Attachment:
        time = now()
        attachment = Attachment(id or new_id(), owner, document, time, time)
        packed = await anyio.to_thread.run_sync(attachments.pack_document, document)
        columns = {"search_index": search_index, "original": original}
        async with self._database.writing() as connection:
            await attachments.insert_attachment(connection, attachment, packed, **columns)
        return attachment

    async def update_attachment(
        self,
        attachment_id: str,
        owner: str,
        document: Document | None = None,
        *,
        search_index: bytes | None = None,
        original: bytes | None = None,
    ) -> None:
        """Set what is given: a document that was read further, its index, the file's bytes."""
        columns = {"search_index": search_index, "original": original}
        if document is not None:
            columns["document"] = await anyio.to_thread.run_sync(attachments.pack_document, document)
        given = {name: value for name, value in columns.items() if value is not None}
        async with self._database.writing() as connection:
            await attachments.update_attachment(connection, attachment_id, owner, **given)

    async def attachment(self, attachment_id: str, owner: str) -> Attachment:
        found = await self.attachments([attachment_id], owner)
        if not found:
            raise attachments.attachment_not_found()
        return found[0]

    async def attachments(self, attachment_ids: Sequence[str], owner: str) -> tuple[Attachment, ...]:
        """Return those that are there, in the order asked for: an attachment may have expired."""
        async with self._database.reading() as connection:
            kept = await attachments.select_attachments(connection, attachment_ids, owner)
        present = [id for id in attachment_ids if id in kept]
        return await anyio.to_thread.run_sync(attachments.unpack_attachments, present, owner, kept)

    async def search_index(self, attachment_id: str, owner: str) -> bytes | None:
        async with self._database.reading() as connection:
            return await attachments.select_bytes(connection, attachment_id, owner, "search_index")

    async def original(self, attachment_id: str, owner: str) -> bytes | None:
        """Return the file's own bytes, where they were kept."""
        async with self._database.reading() as connection:
            return await attachments.select_bytes(connection, attachment_id, owner, "original")

    async def delete_attachment(self, attachment_id: str, owner: str) -> None:
        async with self._database.writing() as connection:
            await attachments.delete_attachment(connection, attachment_id, owner)

    async def expired_attachments(self, before: datetime) -> tuple[tuple[str, str], ...]:
        """Return (id, owner) of those last sent or added before then, of all owners: to clear them away."""
        async with self._database.reading() as connection:
            return await attachments.select_expired(connection, before)

    # Export and import

    async def export_markdown(
        self, conversation_id: str, owner: str, names: Mapping[str, str] = exchange.ROLE_NAMES
    ) -> str:
        """Return the shown branch as Markdown. names: how the roles are called in its headings."""
        conversation = await self.conversation(conversation_id, owner)
        branch = await self.branch(conversation_id, owner)
        files = await self._sent_files(branch, owner)
        return exchange.write_markdown(conversation, branch, files, names)

    async def export_json(self, conversation_id: str, owner: str) -> str:
        """Return all branches and the text of the attachments, as import_json takes it."""
        async with self._database.reading() as connection:
            conversation = await conversations.select_conversation(connection, conversation_id, owner)
            tree = await messages.select_tree(connection, conversation_id)
        files = await self._sent_files(tree, owner)
        transcript = Transcript(conversation, tree, files)
        return await anyio.to_thread.run_sync(exchange.write_json, transcript)

    async def export_all_json(self, owner: str) -> AsyncIterator[str]:
        """Yield one JSON array of all conversations, piece by piece: together they may be large."""
        before, separator = None, "["
        while page := await self.conversations(owner, limit=LISTED_MAX, before=before):
            for conversation in page:
                yield separator + await self.export_json(conversation.id, owner)
                separator = ",\n"
            before = page[-1].id
        yield "]" if separator != "[" else "[]"

    async def import_json(self, data: bytes, owner: str) -> tuple[Conversation, ...]:
        """Add the conversations of such an export, or of ChatGPT's conversations.json, under new ids.

        Raise InvalidRequest, before anything is added, for a file that is neither or is too large.
        """
        transcripts = await anyio.to_thread.run_sync(exchange.read_transcripts, data, owner)
        for transcript in transcripts:
            await self._add_transcript(transcript)
        return tuple(transcript.conversation for transcript in transcripts)

    async def _add_transcript(self, transcript: Transcript) -> None:
        """One transaction each: a large import must not keep everyone else from writing."""
        conversation, tree = transcript.conversation, transcript.messages
        async with self._database.writing() as connection:
            await conversations.insert_conversation(connection, conversation, len(tree))
            for attachment in transcript.attachments:
                packed = attachments.pack_document(attachment.document)
                await attachments.insert_attachment(connection, attachment, packed)
            await messages.insert_rows(connection, enumerate(tree))

    async def _sent_files(self, sent: Sequence[Message], owner: str) -> tuple[Attachment, ...]:
        ids = dict.fromkeys(id for message in sent for id in message.attachment_ids)
        return await self.attachments(list(ids), owner)


def _clean_title(title: str) -> str:
    return " ".join(clean(title).split())[:TITLE_CHARACTERS_MAX]
