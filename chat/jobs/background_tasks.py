"""The engine's background tasks: each is kept by a strong reference and ends with the engine.

Knows nothing of what the tasks do.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Coroutine, Iterator

from chat.errors import ChatError

log = logging.getLogger(__name__)


class BackgroundTasks:
    """Owns the tasks that it starts."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[None]] = set()

    def start(self, work: Coroutine[None, None, None]) -> None:
        """Run a coroutine until it or the engine ends."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def aclose(self) -> None:
        """Cancel every task, and return when all have ended."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


@contextlib.contextmanager
def logged_failures(work: str) -> Iterator[None]:
    """Log a failure inside the block instead of raising it: a periodic task runs again at its next turn."""
    try:
        yield
    except ChatError as error:
        log.warning("%s failed: %s", work, error)
    except Exception:
        log.exception("%s failed", work)
