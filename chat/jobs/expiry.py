"""Periodic deletion of what is past its retention: unused files in the stores, ended generations."""

from __future__ import annotations

import asyncio
import contextlib
from datetime import UTC, datetime, timedelta

from chat.errors import NotFound
from chat.files.attachments import Attachments
from chat.generations.registry import Generations
from chat.history.stores import Stores
from chat.jobs.background_tasks import logged_failures

FILES_SECONDS = 3600.0
GENERATIONS_SECONDS = 60.0


async def expire_files(stores: Stores, attachments: Attachments, retention: float) -> None:
    """Delete files that were not used for `retention` seconds; never returns."""
    while True:
        before = datetime.now(UTC) - timedelta(seconds=retention)
        for store in stores.all:
            with logged_failures("expiring files"):
                for id, owner in await store.expired_attachments(before):
                    await attachments.remove((id,))
                    with contextlib.suppress(NotFound):
                        await store.delete_attachment(id, owner)
        await asyncio.sleep(min(FILES_SECONDS, retention))


async def expire_generations(generations: Generations) -> None:
    """Drop ended generations past their retention, also while there are no requests; never returns."""
    while True:
        await asyncio.sleep(GENERATIONS_SECONDS)
        generations.forget()
