"""The leases of answers in progress, extended for as long as this process lives."""

from __future__ import annotations

import asyncio

from chat.jobs.background_tasks import logged_failures
from chat.limits.answer_places import RENEW_SECONDS, SharedPlaces


async def renew_places(places: SharedPlaces) -> None:
    """Extend the leases; never returns."""
    while True:
        await asyncio.sleep(RENEW_SECONDS)
        with logged_failures("extending the places of answers"):
            await places.renew()
