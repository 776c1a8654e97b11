"""The two histories: the kept one, and one in memory for temporary conversations or when the disk fails.

Reads wait until all queued writes of a conversation are done. If the database refuses a write, the
conversation moves to memory and goes on there until the server stops. Knows no answer, no model and no
page.
"""

from __future__ import annotations

import contextlib
from collections.abc import Awaitable, Callable, Sequence
from typing import cast

from chat.errors import HistoryUnavailable, NotFound, TemporaryOver
from chat.fair_places import OnWait
from chat.history import Begun, Growth, History, Message, MessageFields, make_title
from chat.history.write_queue import BatchWriter, WriteQueue

IN_MEMORY = "sqlite:///:memory:"
TEMPORARY = "temporary-"
UNTIL_STOPPED = "Conversations are kept only until the server stops."


class Stores:
    """Both histories, and the queue of writes to them."""

    def __init__(self, url: str, *, is_shared: bool = False, on_wait: OnWait | None = None) -> None:
        """url: the kept history. is_shared: other replicas read it, so writes start without a pause.

        on_wait: called with the seconds that each search has waited.
        """
        self.kept = History(url, on_wait)
        self.temporary = History(IN_MEMORY, on_wait)
        self.queue = WriteQueue(pause=0) if is_shared else WriteQueue()
        self._batches = {store: BatchWriter(store.write_turns) for store in (self.kept, self.temporary)}
        self.notice = ""  # a sentence for the page while the database refuses writes
        self._moved: set[str] = set()  # conversations that the database refused

    @property
    def keeps_nothing(self) -> bool:
        """Whether the kept history could not be opened, so that only memory is left."""
        return self.kept is self.temporary

    @property
    def all(self) -> set[History]:
        """Each history once."""
        return {self.kept, self.temporary}

    async def open(self) -> str:
        """Open both, and return a notice for the page, or empty. A failing disk is not a failure."""
        await self.temporary.start()
        try:
            await self.kept.start()
        except HistoryUnavailable as error:
            await self.kept.aclose()
            self.kept = self.temporary
            return f"{error} {UNTIL_STOPPED}"
        return self.kept.notice

    async def aclose(self) -> None:
        """Finish the queued writes, then close both."""
        await self.queue.aclose()
        for history in self.all:
            await history.aclose()

    def store(self, conversation_id: str) -> History:
        """Return the history that has a conversation."""
        is_in_memory = conversation_id.startswith(TEMPORARY) or conversation_id in self._moved
        return self.temporary if is_in_memory else self.kept

    async def branch(self, conversation_id: str, owner: str) -> Sequence[Message]:
        """Return the shown branch, root first, after all queued writes. Raises NotFound."""
        await self.queue.settle(conversation_id)
        try:
            return await self.store(conversation_id).branch(conversation_id, owner)
        except NotFound:
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
            return await self.kept.message(message_id, owner)
        except NotFound:
            return await self.temporary.message(message_id, owner)

    async def delete_conversation(self, conversation_id: str, owner: str) -> tuple[str, ...]:
        """Delete it in either history, after all queued writes, and return its files. Raises NotFound."""
        await self.queue.settle(conversation_id)
        if conversation_id in self._moved:
            with contextlib.suppress(NotFound):
                await self.kept.delete_conversation(conversation_id, owner)
        return await self.store(conversation_id).delete_conversation(conversation_id, owner)

    async def hide_conversation(self, conversation_id: str, owner: str, number: str) -> None:
        """Hide it in its history, after all queued writes. Raises NotFound."""
        await self.queue.settle(conversation_id)
        if conversation_id in self._moved:
            with contextlib.suppress(NotFound):
                await self.kept.delete_conversation(conversation_id, owner)
        await self.store(conversation_id).hide_conversation(conversation_id, owner, number)

    async def hide_everything(self, owner: str, number: str) -> tuple[int, tuple[str, ...]]:
        """Hide all of an owner's in both histories; return the number of conversations, and the files."""
        await self.queue.settle_all()
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

    def is_moved(self, conversation_id: str) -> bool:
        """Return whether a conversation moved to memory because the database refused it."""
        return conversation_id in self._moved

    async def add_to(self, store: History, item: Begun | Growth) -> None:
        """Write an item, in one transaction with other items of the same moment."""
        await self._batches[store].add(item)

    async def write(
        self, conversation_id: str, owner: str, write: Callable[[History], Awaitable[object]]
    ) -> None:
        """Write to the history of the conversation. If the database refuses, move it to memory."""
        store = self.store(conversation_id)
        try:
            await write(store)
            if store is self.kept:
                self.notice = ""
        except HistoryUnavailable as error:
            if store is self.temporary:
                raise
            self.notice = f"{error} {UNTIL_STOPPED}"
            await self._move_to_memory(conversation_id, owner)
            await write(self.temporary)
            raise  # so that it is logged for the owner

    async def _move_to_memory(self, conversation_id: str, owner: str) -> None:
        """Copy the readable part of a conversation to memory, where it goes on until the server stops."""
        branch: Sequence[Message] = ()
        excluded: frozenset[str] = frozenset()
        with contextlib.suppress(NotFound, HistoryUnavailable):
            branch = await self.kept.branch(conversation_id, owner)
            excluded = await self.kept.excluded_files(conversation_id, owner)
        self._moved.add(conversation_id)
        await self.temporary.create_conversation(owner, id=conversation_id)
        await self.temporary.exclude_files(conversation_id, owner, excluded)
        for message in branch:
            await self.temporary.add_message(
                conversation_id,
                owner,
                message.role,
                parent_id=message.parent_id,
                id=message.id,
                attachment_ids=message.attachment_ids,
                **cast(
                    MessageFields, {name: getattr(message, name) for name in MessageFields.__annotations__}
                ),
            )


def cut_branch(branch: Sequence[Message], last_id: str | None) -> Sequence[Message]:
    """Return the branch up to a message. None: all of it; empty: nothing. Raises NotFound."""
    if last_id is None or last_id == "":
        return branch if last_id is None else ()
    ids = [message.id for message in branch]
    if last_id not in ids:
        raise NotFound("There is no such message on this branch of the conversation.")
    return branch[: ids.index(last_id) + 1]
