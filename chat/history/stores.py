"""The two histories: the kept one, and one in memory for temporary conversations or when the disk fails.

Reads wait until all queued writes of a conversation are done. If the database refuses a write, the
conversation moves to memory and goes on there, and what the database lacks is written, in order, when it
accepts writes again. Then the conversation moves back. Knows no answer, no model and no page.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Collection, Sequence
from functools import partial
from pathlib import Path
from typing import cast

import anyio

from chat.errors import ChatError, HistoryUnavailable, NotFound, TemporaryOver
from chat.fair_places import OnWait
from chat.history import Begun, History, Message, MessageFields, Record, make_title
from chat.history.unwritten import CHARACTERS_MAX, Moved, UnwrittenFile
from chat.history.write_queue import REST_SHARE, BatchWriter, WriteQueue

IN_MEMORY = "sqlite:///:memory:"
TEMPORARY = "temporary-"
NAME = "xiaojia"
UNTIL_STOPPED = "Conversations are kept only until the server stops."
UNTIL_WRITTEN = "New messages are kept in memory, and stored when it accepts them again."
NOT_WHOLE = "This conversation cannot be read or changed now. Try again in a moment."
TOO_MUCH = "The history's database does not answer, and no more can be kept for it. Try again later."
RETRY_SECONDS, RETRY_SECONDS_MAX = 1.0, 5.0  # between two attempts to write what the database lacks
COPY_SECONDS = 5.0  # that reading a conversation may take whose write was refused
CLOSING_SECONDS = 3.0  # for what the database lacks, at the end
FAILURES_MAX = 3  # conversations in turn that the database refuses, until the next attempt

# Takes the conversations that the database lacks turns of, and those that it lacked them of before.
Announce = Callable[[Collection[str], Collection[str]], Awaitable[None]]

log = logging.getLogger(__name__)


class Stores:
    """Both histories, and the queue of writes to them."""

    def __init__(
        self, url: str, *, is_shared: bool = False, on_wait: OnWait | None = None, folder: Path | None = None
    ) -> None:
        """url: the kept history. is_shared: other replicas read it, so writes start without a pause.

        on_wait: called with the seconds that each search has waited. folder: for what the database has not
        taken when the process ends; None: it is lost then.
        """
        self.kept = History(url, on_wait)
        self.temporary = History(IN_MEMORY, on_wait)
        self.queue = WriteQueue(pause=0) if is_shared else WriteQueue()
        self.notice = ""  # a sentence for the page while the database refuses writes
        rest = 0 if is_shared else REST_SHARE
        self._batches = {store: BatchWriter(store.write_turns, rest) for store in (self.kept, self.temporary)}
        self._moved: dict[str, Moved] = {}  # conversations that the database refused
        self._file = UnwrittenFile(folder) if folder else None
        self._is_saved = True
        self._is_closing = False
        self.announce: Announce | None = None
        self._announced: set[str] = set()
        self._late: list[Callable[[], Awaitable[object]]] = []  # writes that must only come some time
        self._is_accepting = asyncio.Event()  # a write has succeeded: so may those that were refused
        self._returning: asyncio.Task[None] | None = None

    @property
    def keeps_nothing(self) -> bool:
        """Whether the kept history could not be opened, so that only memory is left."""
        return self.kept is self.temporary

    @property
    def all(self) -> set[History]:
        """Each history once."""
        return {self.kept, self.temporary}

    async def open(self) -> str:
        """Open both, and return a notice for the page, or empty. A failing disk is not a failure.

        A database server that does not answer is opened later: other replicas have conversations there.
        """
        await self.temporary.start()
        notice = ""
        try:
            await self.kept.start()
            notice = self.kept.notice
        except HistoryUnavailable as error:
            if not self.kept.is_remote:
                await self.kept.aclose()
                self.kept = self.temporary
                return f"{error} {UNTIL_STOPPED}"
            self.notice = f"{error} {UNTIL_WRITTEN}"
        if self._file:
            self._moved = await asyncio.to_thread(self._file.take)
            self._start_returning()
        return notice

    async def aclose(self) -> None:
        """Finish the queued writes, then close both. What the database does not take stays on disk."""
        await self.queue.aclose()
        if self._returning:  # not in the middle of writing the file
            self._is_closing = True
            self._is_accepting.set()
            with anyio.move_on_after(CLOSING_SECONDS):
                await self._returning
        if self._moved:
            with contextlib.suppress(HistoryUnavailable), anyio.move_on_after(CLOSING_SECONDS):
                await self._return_all()
        if self._moved:
            log.warning("stopped with %d conversations that the database lacks", len(self._moved))
        await self._save()
        if self._file:
            self._file.close()
        for history in self.all:
            await history.aclose()

    async def shared_name(self) -> str:
        """Return a name for what all processes of the database share elsewhere. Raises HistoryUnavailable.

        Processes with a file each have nothing that tells which of them belong together.
        """
        return f"{NAME}:{await self.kept.database_id()}" if self.kept.is_remote else NAME

    def store(self, conversation_id: str) -> History:
        """Return the history that has a conversation."""
        moved = self._moved.get(conversation_id)
        is_in_memory = conversation_id.startswith(TEMPORARY) or (moved is not None and moved.is_whole)
        return self.temporary if is_in_memory else self.kept

    def holds(self, conversation_id: str) -> bool:
        """Return whether this process has turns of a conversation that the database lacks."""
        return conversation_id in self._moved

    def check_room(self) -> None:
        """Raise HistoryUnavailable if the database lacks so much that no more can be kept for it."""
        if self._moved and sum(moved.characters for moved in self._moved.values()) > CHARACTERS_MAX:
            raise HistoryUnavailable(TOO_MUCH)

    async def branch(self, conversation_id: str, owner: str) -> Sequence[Message]:
        """Return the shown branch, root first, after all queued writes. Raises NotFound.

        Raises HistoryUnavailable rather than return a branch in which turns are missing.
        """
        await self.queue.settle(conversation_id)
        if self._lacks_turns(conversation_id):
            await self._try_return(conversation_id)
        if self._lacks_turns(conversation_id):
            raise HistoryUnavailable(NOT_WHOLE)
        store = self.store(conversation_id)
        try:
            return await store.branch(conversation_id, owner)
        except NotFound:
            if self.store(conversation_id) is not store:  # it has moved back in the meantime
                return await self.kept.branch(conversation_id, owner)
            if conversation_id.startswith(TEMPORARY):
                raise TemporaryOver("This temporary conversation is over: no server keeps it.") from None
            raise

    async def excluded_files(self, conversation_id: str, owner: str) -> frozenset[str]:
        """Return the files that later questions are asked without. Raises NotFound."""
        await self.queue.settle(conversation_id)
        return await self.store(conversation_id).excluded_files(conversation_id, owner)

    async def message(self, message_id: str, owner: str) -> Message:
        """Return a message of either history, after all queued writes. Raises NotFound."""
        await self.queue.settle_all()
        try:
            return await self.temporary.message(message_id, owner)
        except NotFound:
            return await self.kept.message(message_id, owner)

    async def delete_conversation(self, conversation_id: str, owner: str) -> tuple[str, ...]:
        """Delete it in its history, after all queued writes, and return its files. Raises NotFound."""
        await self._settle_in_its_history(conversation_id)
        return await self.store(conversation_id).delete_conversation(conversation_id, owner)

    async def hide_conversation(self, conversation_id: str, owner: str, number: str) -> None:
        """Hide it in its history, after all queued writes. Raises NotFound."""
        await self._settle_in_its_history(conversation_id)
        await self.store(conversation_id).hide_conversation(conversation_id, owner, number)

    async def hide_everything(self, owner: str, number: str) -> tuple[int, tuple[str, ...]]:
        """Hide all of an owner's in both histories; return the number of conversations, and the files."""
        await self.queue.settle_all()
        for id in [id for id, moved in self._moved.items() if moved.owner == owner]:
            await self._settle_in_its_history(id)
        done = [await store.hide_everything(owner, number) for store in self.all]
        return sum(count for count, _ in done), tuple(id for _, files in done for id in files)

    async def restore(self, owner: str, number: str) -> bool:
        """Give back what a deletion hid, and tell whether there was anything."""
        return any([await store.restore(owner, number) for store in self.all])

    async def retitle(self, conversation_id: str, owner: str, question: str, title: str) -> None:
        """Replace the title that was made from the first words of the question."""
        await self.queue.settle(conversation_id)
        if title:
            await self.store(conversation_id).rename(
                conversation_id, owner, title, instead_of=make_title(question)
            )

    def later(self, conversation_id: str, work: Callable[[], Awaitable[object]]) -> None:
        """Queue a write of a conversation, behind its other queued writes."""
        self.queue.later(conversation_id, work)

    async def write_late(self, work: Callable[[], Awaitable[object]]) -> None:
        """Run a write now or, if the database refuses it, when it accepts writes again."""
        try:
            await work()
        except HistoryUnavailable:
            self._late.append(work)
            self._start_returning()

    async def write(self, conversation_id: str, record: Record) -> None:
        """Write to the history of the conversation, in one transaction with others of the same moment.

        If the database refuses, the conversation moves to memory, and the write is kept for the database.
        """
        moved = self._moved.get(conversation_id)
        if moved is None:
            store = self.store(conversation_id)
            try:
                await self._batches[store].add(record)
            except HistoryUnavailable as error:
                if store is self.temporary:
                    raise
                log.warning("a write to history was refused: %s", error)
                self.notice = f"{error} {UNTIL_WRITTEN}"
                moved = self._moved[conversation_id] = await self._copy(conversation_id, record)
            else:
                if store is self.kept:
                    self.notice = ""
                    self._is_accepting.set()
                return
        moved.add(record)
        self._is_saved = False
        self._start_returning()
        if moved.is_whole:
            await self.temporary.write_again([record])

    async def _copy(self, conversation_id: str, record: Record) -> Moved:
        """Copy the readable part of a conversation to memory, where it goes on for now."""
        owner = record.owner
        if isinstance(record, Begun) and record.is_first:
            return Moved(owner, is_whole=True)
        with (
            contextlib.suppress(NotFound, HistoryUnavailable),
            anyio.move_on_after(COPY_SECONDS),
        ):
            head = await self.kept.conversation(conversation_id, owner)
            branch = await self.kept.branch(conversation_id, owner)
            likes = await self.kept.likes(conversation_id, owner)
            excluded = await self.kept.excluded_files(conversation_id, owner)
            await self.temporary.create_conversation(owner, head.title, conversation_id)
            await self.temporary.pin(conversation_id, owner, head.pinned)
            for message in branch:
                await self._copy_message(message, owner)
            await self.temporary.exclude_files(conversation_id, owner, excluded)
            return Moved(owner, True, head, likes, excluded)
        return Moved(owner)

    async def _copy_message(self, message: Message, owner: str) -> None:
        fields = {name: getattr(message, name) for name in MessageFields.__annotations__}
        await self.temporary.add_message(
            message.conversation_id,
            owner,
            message.role,
            parent_id=message.parent_id,
            id=message.id,
            attachment_ids=message.attachment_ids,
            **cast(MessageFields, fields),
        )

    # --- back to the database ------------------------------------------------------------------------------

    def _lacks_turns(self, conversation_id: str) -> bool:
        moved = self._moved.get(conversation_id)
        return moved is not None and not moved.is_whole

    async def _settle_in_its_history(self, conversation_id: str) -> None:
        """Return when all writes are in the database. Raises HistoryUnavailable if it does not take them."""
        await self.queue.settle(conversation_id)
        if conversation_id in self._moved:
            await self._try_return(conversation_id)
        if conversation_id in self._moved:
            raise HistoryUnavailable(NOT_WHOLE)

    def _start_returning(self) -> None:
        if (self._moved or self._late) and (self._returning is None or self._returning.done()):
            self._is_accepting.clear()
            self._returning = asyncio.create_task(self._keep_returning())

    async def _keep_returning(self) -> None:
        """Write what the database lacks as soon as it takes it; return when it lacks nothing."""
        pause = RETRY_SECONDS
        while (self._moved or self._late) and not self._is_closing:
            await self._save()
            await self._announce()
            with anyio.move_on_after(pause):
                await self._is_accepting.wait()
            self._is_accepting.clear()
            pause = min(1.5 * pause, RETRY_SECONDS_MAX)
            try:
                await self._return_all()
            except ChatError:
                continue
            except Exception:
                log.exception("writing what the database lacks failed")
        await self._save()
        await self._announce()

    async def _announce(self) -> None:
        """Tell other replicas which conversations the database lacks turns of, and which not any more."""
        if self.announce:
            released = self._announced - self._moved.keys()
            self._announced = set(self._moved)
            await self.announce(self._announced, released)

    async def _return_all(self) -> None:
        """Write back every conversation, or as many as the database takes. Raises HistoryUnavailable."""
        await self.kept.ping()
        late, self._late = self._late, []
        for work in late:
            await self.write_late(work)
        failures = 0
        for id in list(self._moved):
            if not await self._try_return(id):
                failures += 1
            if failures == FAILURES_MAX:
                return

    async def _try_return(self, conversation_id: str) -> bool:
        """Write what the database lacks of a conversation, behind its queued writes; tell whether it has."""
        self.queue.later(conversation_id, partial(self._return, conversation_id))
        await self.queue.settle(conversation_id)
        return conversation_id not in self._moved

    async def _return(self, conversation_id: str) -> None:
        """Move a conversation back. Raises HistoryUnavailable."""
        moved = self._moved.get(conversation_id)
        if moved is None:
            return
        try:
            await self.kept.write_again(moved.records)
            if moved.is_whole:
                await self._return_head(conversation_id, moved)
        except NotFound:
            log.info("a conversation was deleted before all of it was stored")
        del self._moved[conversation_id]
        self._is_saved = False
        with contextlib.suppress(NotFound):
            await self.temporary.drop_copy(conversation_id, moved.owner)
        self._is_accepting.set()
        if not self._moved:
            self.notice = ""

    async def _return_head(self, conversation_id: str, moved: Moved) -> None:
        """Write what a visitor has changed beside the messages: title, pin, shown branch, likes, files."""
        head = await self.temporary.conversation(conversation_id, moved.owner)
        likes = await self.temporary.likes(conversation_id, moved.owner)
        changed = {id: liked for id, liked in likes.items() if liked != moved.likes.get(id)}
        if changed or head != moved.head:
            await self.kept.copy_head(head, changed)
        excluded = await self.temporary.excluded_files(conversation_id, moved.owner)
        await self.kept.exclude_files(conversation_id, moved.owner, excluded - moved.excluded)
        await self.kept.include_files(conversation_id, moved.owner, moved.excluded - excluded)

    async def _save(self) -> None:
        if self._file and not self._is_saved:
            self._is_saved = True
            snapshot = {id: moved.snapshot() for id, moved in self._moved.items()}
            await asyncio.to_thread(self._file.save, snapshot)


def cut_branch(branch: Sequence[Message], last_id: str | None) -> Sequence[Message]:
    """Return the branch up to a message. None: all of it; empty: nothing. Raises NotFound."""
    if last_id is None or last_id == "":
        return branch if last_id is None else ()
    ids = [message.id for message in branch]
    if last_id not in ids:
        raise NotFound("There is no such message on this branch of the conversation.")
    return branch[: ids.index(last_id) + 1]
