"""Periodic deletion of what is past its retention: unused files in the stores, ended generations."""

from __future__ import annotations

import asyncio
import contextlib
from datetime import UTC, datetime, timedelta

from chat.errors import NotFound
from chat.files.attachments import Attachments
from chat.generations.registry import Generations
from chat.history import History
from chat.history.stores import TEMPORARY, Stores
from chat.jobs.background_tasks import logged_failures

FILES_SECONDS = 3600.0
TEMPORARY_SECONDS = 86_400.0  # a temporary conversation and its files, which are in memory
GENERATIONS_SECONDS = 60.0
REQUESTS_SECONDS = 86_400.0


async def expire_files(stores: Stores, attachments: Attachments, retention: float) -> None:
    """Delete files that were not used for `retention` seconds, and what is temporary; never returns."""
    while True:
        for store in stores.all:
            with logged_failures("expiring files"):
                is_in_memory = store is stores.temporary and not stores.keeps_nothing
                await _expire(
                    store, attachments, min(retention, TEMPORARY_SECONDS) if is_in_memory else retention
                )
        with logged_failures("expiring temporary conversations"):
            await expire_temporary(stores, attachments)
        await asyncio.sleep(min(FILES_SECONDS, retention))


async def _expire(store: History, attachments: Attachments, retention: float) -> None:
    before = datetime.now(UTC) - timedelta(seconds=retention)
    for id, owner in await store.expired_attachments(before):
        await attachments.remove((id,))
        with contextlib.suppress(NotFound):
            await store.delete_attachment(id, owner)


async def expire_temporary(stores: Stores, attachments: Attachments) -> None:
    """Delete the temporary conversations that were last changed a day ago: they are in memory."""
    before = datetime.now(UTC) - timedelta(seconds=TEMPORARY_SECONDS)
    for id, owner in await stores.temporary.unused_conversations(before):
        if id.startswith(TEMPORARY):
            with contextlib.suppress(NotFound):
                await attachments.remove(await stores.delete_conversation(id, owner))


async def expire_generations(generations: Generations) -> None:
    """Drop ended generations past their retention, also while there are no requests; never returns."""
    while True:
        await asyncio.sleep(GENERATIONS_SECONDS)
        generations.forget()


async def expire_requests(stores: Stores) -> None:
    """Forget the request ids of a day ago; never returns."""
    while True:
        with logged_failures("expiring request ids"):
            await stores.kept.expire_requests(datetime.now(UTC) - timedelta(seconds=REQUESTS_SECONDS))
        await asyncio.sleep(FILES_SECONDS)
