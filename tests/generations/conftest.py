"""What the tests of generations share."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator

import pytest


@pytest.fixture(autouse=True)
async def end_running_generations() -> AsyncGenerator[None, None]:
    """End the generations that a test left running: the loop may outlive the test."""
    yield
    left = [task for task in asyncio.all_tasks() if task.get_name().startswith("generation")]
    for task in left:
        task.cancel()
    await asyncio.gather(*left, return_exceptions=True)
