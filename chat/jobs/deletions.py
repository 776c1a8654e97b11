"""Deletions: at once for the visitor, for good when they cannot be undone any more.

What is deleted is hidden at once on every replica, and purged UNDO_SECONDS later, at the end of the server,
or at its next start where it was killed. Knows no page and no running answer.
"""

from __future__ import annotations

import asyncio

from chat.errors import NotFound
from chat.files.attachments import Attachments
from chat.history.hidden import number_deletion
from chat.history.stores import Stores
from chat.jobs.background_tasks import BackgroundTasks, logged_failures

UNDO_SECONDS = 10.0  # as the page promises
SWEEP_SECONDS = 3600.0
LATE_SECONDS = 5.0  # that an Undo of the last moment may take to arrive


class Deletions:
    """Hides, restores and purges, for the owner that each call names."""

    def __init__(self, stores: Stores, attachments: Attachments, tasks: BackgroundTasks) -> None:
        self._stores = stores
        self._attachments = attachments
        self._tasks = tasks

    async def hide_conversation(self, conversation_id: str, owner: str) -> str:
        """Delete a conversation; return the number with which it can be restored. Raises NotFound."""
        number = number_deletion()
        await self._stores.hide_conversation(conversation_id, owner, number)
        self._tasks.start(self._purge_later())
        return number

    async def hide_everything(self, owner: str) -> tuple[str, int]:
        """Delete all conversations and files of an owner; return the number of it, and of the former."""
        await self._attachments.remove_all(owner)  # first: what is being read is not written any more
        number = number_deletion()
        count, files = await self._stores.hide_everything(owner, number)
        await self._attachments.remove(files)
        self._tasks.start(self._purge_later())
        return number, count

    async def restore(self, number: str, owner: str) -> None:
        """Undo a deletion. Raises NotFound where it is too late, or was another visitor's."""
        if not await self._stores.restore(owner, number):
            raise NotFound("It is too late to undo this: it has been deleted for good.")

    async def keep(self) -> None:
        """Purge at times what a process left that was killed; never returns."""
        while True:
            await self.purge()
            await asyncio.sleep(SWEEP_SECONDS)

    async def purge(self, seconds: float = UNDO_SECONDS + LATE_SECONDS) -> None:
        """Delete for good what was deleted so long ago."""
        before = number_deletion(seconds)
        for store in self._stores.all:
            with logged_failures("purging what was deleted"):
                await self._attachments.remove(await store.purge(before))

    async def _purge_later(self) -> None:
        await asyncio.sleep(UNDO_SECONDS + LATE_SECONDS)
        await self.purge()
