"""History: the interface of one database. Every call names the owner and is one transaction.

Raises NotFound for a missing thing or one of another owner, InvalidRequest for an impossible one, and
HistoryUnavailable if the database fails now: the chat goes on without it.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Unpack

from chat.documents.document import Document
from chat.errors import NotFound
from chat.fair_places import Caller, FairPlaces, FairThreads, OnWait
from chat.history import (
    branches,
    bulk_writes,
    conversations,
    exchange,
    excluded_files,
    hidden,
    messages,
    shared_facts,
    stored_files,
)
from chat.history.database import Database, ping
from chat.history.entities import (
    Conversation,
    Growth,
    Imported,
    LeftOut,
    Message,
    MessageFields,
    Record,
    RequestClaim,
    Role,
    StoredFile,
    Transcript,
    now,
)
from chat.history.schema import clean
from chat.ids import new_id

TITLE_CHARACTERS_MAX = 200
LISTED_MAX = 20_000
EXPORTED_AT_ONCE = 200
SEARCHES, EXTRA_SEARCHES = 1, 1  # at the same time


class History:
    """url: sqlite:///… or postgresql://…; the driver is added. Raises SettingError for any other."""

    def __init__(self, url: str, on_wait: OnWait | None = None) -> None:
        """on_wait: called with the seconds that each search has waited for its turn."""
        self._database = Database(url)
        # Fewer than the database has connections: a list never waits for searches.
        self._threads = FairThreads("import")
        self._searches = FairPlaces(SEARCHES, EXTRA_SEARCHES, on_wait=on_wait)

    @property
    def notice(self) -> str:
        """A sentence about the start, to show once (a damaged file was set aside); empty: none."""
        return self._database.notice

    @property
    def is_remote(self) -> bool:
        """Whether the database is a server, which other processes use too."""
        return not self._database.is_sqlite

    async def start(self) -> None:
        """Prepare the database. After a failure each later call tries again, at most every few seconds."""
        await self._database.start()

    async def aclose(self) -> None:
        await self._database.aclose()
        self._threads.close()

    # Conversations

    async def create_conversation(self, owner: str, title: str = "", id: str | None = None) -> Conversation:
        """Create a conversation. Without a title it gets one from its first question."""
        time = now()
        conversation = Conversation(id or new_id(), owner, _clean_title(title), False, time, time)
        await self._database.write(conversations.insert_conversations, [conversation])
        return conversation

    async def conversation(self, conversation_id: str, owner: str) -> Conversation:
        return await self._database.read(conversations.select_conversation, conversation_id, owner)

    async def conversations(
        self,
        owner: str,
        query: str = "",
        limit: int = 50,
        before: str | None = None,
        *,
        caller: Caller = (),
    ) -> tuple[Conversation, ...]:
        """Return the pinned ones, then the newest first; with a query those that have all its words in the
        title or in one message.

        before: id of the last one already listed. A hit in a message has a snippet. caller: whose turn a
        search takes, where searches wait for each other; the owner's by default. Raises HistoryUnavailable
        for a search that takes too long.
        """
        limit = max(1, min(limit, LISTED_MAX))
        turn = self._searches.hold(caller or (owner,)) if query.strip() else contextlib.nullcontext()
        async with turn:
            return await self._database.read(conversations.list_conversations, owner, query, limit, before)

    async def unused_conversations(self, before: datetime) -> tuple[tuple[str, str], ...]:
        """Return (id, owner) of conversations last changed before then, of all owners, to delete them."""
        return await self._database.read(conversations.select_unused, before)

    async def rename(
        self, conversation_id: str, owner: str, title: str, instead_of: str | None = None
    ) -> bool:
        """Set the title and return whether it was set. With `instead_of` only if that is the current title,
        so that a generated title never replaces one that the user chose meanwhile.
        """
        return await self._database.write(
            conversations.rename_conversation, conversation_id, owner, _clean_title(title), instead_of
        )

    async def pin(self, conversation_id: str, owner: str, pinned: bool = True) -> None:
        await self._database.write(conversations.update_conversation, conversation_id, owner, pinned=pinned)

    async def delete_conversation(self, conversation_id: str, owner: str) -> tuple[str, ...]:
        """Delete it, its messages, and the attachments that only it uses. Return the ids of the latter, so
        that their other data can be deleted too.
        """
        return await self._database.write(conversations.delete_conversation, conversation_id, owner)

    # Deletions that can be undone

    async def hide_conversation(self, conversation_id: str, owner: str, number: str) -> None:
        """Hide a conversation until `restore` or `purge`. number: hidden.number_deletion's."""
        await self._database.write(hidden.hide_conversation, conversation_id, owner, number)

    async def hide_everything(self, owner: str, number: str) -> tuple[int, tuple[str, ...]]:
        """Hide all of an owner's; return the number of conversations, and the ids of the files."""
        return await self._database.write(hidden.hide_everything, owner, number)

    async def restore(self, owner: str, number: str) -> int:
        """Give back what a deletion hid; return how many rows: 0 where nothing is left of it."""
        return await self._database.write(hidden.restore, owner, number)

    async def purge(self, before: str) -> tuple[str, ...]:
        """Delete for good what deletions of lower numbers hid; return the ids of the files that are gone."""
        return await self._database.write(hidden.purge, before)

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
        """Add a message under its parent (None: a first question), and end the shown branch at it."""
        message = Message(
            id or new_id(),
            conversation_id,
            parent_id,
            role,
            now(),
            attachment_ids=tuple(attachment_ids),
            **fields,
        )
        row = await bulk_writes.in_thread(bulk_writes.weigh(fields), messages.make_row, message)
        await self._database.write(messages.insert_message, message, row, owner)
        return message

    async def write_turns(self, records: Sequence[Record]) -> None:
        """Write opened turns and new fields of answers, of any owners, in one transaction; each turn once.

        A transaction costs ten times as much as a row. A deleted answer is skipped.
        """
        weight = sum(map(bulk_writes.weigh_record, records))
        turns = await bulk_writes.in_thread(weight, bulk_writes.prepare_turns, records)
        await self._database.write(bulk_writes.write_turns, turns)

    async def write_again(self, records: Sequence[Record]) -> None:
        """Write in their order what may be written already, in one transaction, without a double.

        Raises NotFound where the conversation was deleted.
        """
        weight = sum(map(bulk_writes.weigh_record, records))
        turns = await bulk_writes.in_thread(weight, bulk_writes.prepare_in_order, records)
        await self._database.write(bulk_writes.write_again, turns)

    async def ping(self) -> None:
        """Return when the database has answered. Raises HistoryUnavailable."""
        await self._database.read(ping)

    async def copy_head(self, conversation: Conversation, likes: Mapping[str, bool | None]) -> None:
        """Set title, pin, shown branch and likes as a copy of this conversation has them. Raises NotFound."""
        await self._database.write(conversations.copy_head, conversation)
        for id, liked in likes.items():
            with contextlib.suppress(NotFound):
                await self.like(id, conversation.owner, liked)

    async def likes(self, conversation_id: str, owner: str) -> dict[str, bool | None]:
        """Return by id which answers of a conversation are liked or disliked. Raises NotFound."""
        await self.conversation(conversation_id, owner)
        return await self._database.read(messages.select_likes, conversation_id)

    async def drop_copy(self, conversation_id: str, owner: str) -> None:
        """Delete a conversation whose messages another history has; its files stay. Raises NotFound."""
        await self._database.write(conversations.drop_copy, conversation_id, owner)

    async def end_answer(self, growth: Growth) -> None:
        """Write the ending of an answer. NotFound if it has one, or another generation writes it by now."""
        row = await bulk_writes.in_thread(
            bulk_writes.weigh(growth.fields), messages.make_changes, growth.fields
        )
        await self._database.write(messages.end_answer, growth, row)

    async def like(self, message_id: str, owner: str, liked: bool | None) -> None:
        await self._database.write(messages.change_message, message_id, owner, {"liked": liked})

    async def message(self, message_id: str, owner: str) -> Message:
        """Return one message, with the prompt of its answer."""
        return await self._database.read(messages.select_message, message_id, owner)

    async def writers(self, conversation_id: str, owner: str) -> tuple[str, ...]:
        """Return the ids of the generations whose answers have no ending, on every branch."""
        return await self._database.read(messages.select_writers, conversation_id, owner)

    async def branch(self, conversation_id: str, owner: str) -> tuple[Message, ...]:
        """Return the shown branch, from the root to the leaf."""
        _, branch = await self._database.read(branches.read_shown, conversation_id, owner)
        return branch

    async def siblings(self, message_id: str, owner: str) -> tuple[str, ...]:
        """Return the ids of the messages under the same parent, this one included, oldest first."""
        return await self._database.read(branches.read_siblings, message_id, owner)

    async def alternatives(self, conversation_id: str, owner: str) -> dict[str, tuple[str, ...]]:
        """Return the `siblings` of every message that has any, by its id."""
        return await self._database.read(branches.read_alternatives, conversation_id, owner)

    async def select_branch(self, message_id: str, owner: str) -> tuple[Message, ...]:
        """Show and return the branch through this message, down to the newest message under it."""
        return await self._database.write(branches.show_through, message_id, owner)

    async def undo(self, conversation_id: str, owner: str) -> Message | None:
        """End the shown branch before its last question, and return that question. It stays as a branch."""
        return await self._database.write(branches.undo, conversation_id, owner)

    # Files that later questions are asked without

    async def excluded_files(self, conversation_id: str, owner: str) -> frozenset[str]:
        """Return the ids of the files that are left out of a conversation's later questions."""
        return await self._database.read(excluded_files.select_excluded, conversation_id, owner)

    async def exclude_files(self, conversation_id: str, owner: str, ids: Collection[str]) -> None:
        await self._database.write(excluded_files.exclude_files, conversation_id, owner, ids)

    async def include_files(self, conversation_id: str, owner: str, ids: Collection[str]) -> None:
        await self._database.write(excluded_files.include_files, conversation_id, owner, ids)

    # Attachments

    async def add_attachment(
        self,
        owner: str,
        document: Document,
        *,
        id: str | None = None,
        original: bytes | None = None,
        tables: bytes | None = None,
        limit: int | None = None,
    ) -> StoredFile:
        """limit: the bytes of files that the history may hold; past it `original` is left out."""
        time = now()
        attachment = StoredFile(id or new_id(), owner, document, time, time)
        packed = await asyncio.to_thread(stored_files.pack_document, document)
        columns = {"original": original, "tables": tables}
        await self._database.write(stored_files.insert_attachment, attachment, packed, columns, limit)
        return attachment

    async def update_attachment(
        self,
        attachment_id: str,
        owner: str,
        document: Document | None = None,
        *,
        vectors: bytes | None = None,
    ) -> None:
        """Set the given columns: the document, its passages' vectors."""
        columns = {"vectors": vectors}
        if document is not None:
            columns["document"] = await asyncio.to_thread(stored_files.pack_document, document)
        given = {name: value for name, value in columns.items() if value is not None}
        await self._database.write(stored_files.update_attachment, attachment_id, owner, given)

    async def attachment(self, attachment_id: str, owner: str) -> StoredFile:
        found = await self.attachments([attachment_id], owner)
        if not found:
            raise stored_files.attachment_not_found()
        return found[0]

    async def attachments(self, attachment_ids: Sequence[str], owner: str) -> tuple[StoredFile, ...]:
        """Return the existing ones, in the order of the ids: an attachment may have expired."""
        kept = await self._database.read(stored_files.select_attachments, attachment_ids, owner)
        present = [id for id in attachment_ids if id in kept]
        return await asyncio.to_thread(stored_files.unpack_attachments, present, owner, kept)

    async def has_attachment(self, attachment_id: str, owner: str) -> bool:
        """Return whether it still exists, without reading it."""
        return await self._database.read(stored_files.select_existence, attachment_id, owner)

    async def file_column(self, attachment_id: str, owner: str, column: str) -> bytes | None:
        """Return what is kept of a file beside its text, or None.

        column: `original`, its bytes; `tables`, with typed columns (chat.numbers.table_pack); `vectors`, of
        its passages (chat.grounding.retrieval.nearness).
        """
        return await self._database.read(stored_files.select_bytes, attachment_id, owner, column)

    async def delete_attachment(self, attachment_id: str, owner: str) -> None:
        await self._database.write(stored_files.delete_attachment, attachment_id, owner)

    async def expired_attachments(self, before: datetime) -> tuple[tuple[str, str], ...]:
        """Return (id, owner) of attachments last used before then, of all owners, to delete them."""
        return await self._database.read(stored_files.select_expired, before)

    # What all processes of the database agree on

    async def database_id(self) -> str:
        """Return the id of the database, a random one that its first process has made."""
        return await self._database.write(shared_facts.find_database_id, new_id())

    async def claim_request(self, name: str, generation_id: str, unused_seconds: float) -> RequestClaim:
        """Claim a request id for a generation; return the claim that holds, which may be an earlier one.

        unused_seconds: age of a claim that counts as left behind if no generation has started.
        """
        time = now()
        mine = RequestClaim(name, generation_id, time)
        unused_since = time - timedelta(seconds=unused_seconds)
        return await self._database.write(shared_facts.claim_request, mine, unused_since)

    async def start_request(self, name: str) -> None:
        """Note that the generation of a request id has started."""
        await self._database.write(shared_facts.mark_started, name)

    async def release_request(self, name: str, generation_id: str) -> None:
        """Let another process start the answer of a request id: this generation has not started."""
        await self._database.write(shared_facts.release_request, name, generation_id)

    async def expire_requests(self, before: datetime) -> None:
        """Forget the request ids of before then."""
        await self._database.write(shared_facts.expire_requests, before)

    # Export and import

    async def export_markdown(
        self, conversation_id: str, owner: str, names: Mapping[str, str] = exchange.ROLE_NAMES
    ) -> str:
        """Return the shown branch as Markdown. names: the roles as its headings name them."""
        conversation, branch = await self._database.read(branches.read_shown, conversation_id, owner)
        files = await self._sent_files(branch, owner)
        return exchange.write_markdown(conversation, branch, files, names)

    async def export_json(self, conversation_id: str, owner: str) -> str:
        """Return all branches and the text of the attachments, in the format of import_json."""
        conversation, sent = await self._database.read(branches.read_whole, conversation_id, owner)
        excluded = await self.excluded_files(conversation_id, owner)
        transcript = Transcript(conversation, sent, await self._sent_files(sent, owner), excluded)
        return await asyncio.to_thread(exchange.write_json, transcript)

    async def export_all_json(self, owner: str) -> AsyncIterator[str]:
        """Yield one JSON array of all conversations, piece by piece: together they may be large."""
        before, separator = None, "["
        while page := await self.conversations(owner, limit=EXPORTED_AT_ONCE, before=before):
            for conversation in page:
                with contextlib.suppress(NotFound):  # deleted since
                    yield separator + await self.export_json(conversation.id, owner)
                    separator = ",\n"
            before = page[-1].id
        yield "]" if separator != "[" else "[]"

    async def import_json(
        self, data: bytes, owner: str, threads: FairThreads | None = None, caller: Caller = ()
    ) -> Imported:
        """Add the conversations of such an export, or of ChatGPT's conversations.json, under new ids.

        One that cannot be read, or is here already, is left out; the others are added. threads: where the
        file is read, in the caller's turn. Raise InvalidRequest, before anything is added, for a file that is
        neither or is too large.
        """
        threads, turn = threads or self._threads, caller or (owner,)
        added: list[Conversation] = []
        left_out: list[LeftOut] = []
        read = await threads.run(turn, exchange.read_transcripts, data, owner)
        for number, item in enumerate(read, 1):
            if isinstance(item, LeftOut):
                left_out.append(item)
                continue
            # One transaction each: a large import must not block all other writers.
            packed, rows = await threads.run(turn, bulk_writes.prepare_transcript, item)
            if await self._database.write(bulk_writes.insert_transcript, item, packed, rows):
                added.append(item.conversation)
            else:
                left_out.append(LeftOut(number, "present", item.conversation.title))
        return Imported(tuple(added), tuple(left_out))

    async def _sent_files(self, sent: Sequence[Message], owner: str) -> tuple[StoredFile, ...]:
        ids = dict.fromkeys(id for message in sent for id in message.attachment_ids)
        return await self.attachments(list(ids), owner)


def _clean_title(title: str) -> str:
    return " ".join(clean(title).split())[:TITLE_CHARACTERS_MAX]
