"""A blocked loop is told: the longest block as a figure, the stack of a long one in the log."""

from __future__ import annotations

import asyncio
import logging
import threading
import time

from chat.telemetry.loop_watch import LOGGED_SECONDS, LoopWatch


def spin(until: threading.Event) -> None:
    """Use the processor, in steps that let other threads run, until the event."""
    while not until.is_set():
        time.monotonic()


class Waiting(logging.Handler):
    """Sets an event at the first record."""

    def __init__(self) -> None:
        super().__init__()
        self.record: logging.LogRecord | None = None
        self.is_there = threading.Event()

    def emit(self, record: logging.LogRecord) -> None:
        self.record = self.record or record
        self.is_there.set()


async def test_a_block_is_measured_and_its_stack_logged() -> None:
    watch, waiting = LoopWatch(), Waiting()
    logger = logging.getLogger("chat.telemetry.loop_watch")
    logger.addHandler(waiting)
    task = asyncio.create_task(watch.run())
    try:
        await asyncio.sleep(0)
        spin(waiting.is_there)  # the test ends only if the watch logs while the loop is blocked
        while watch.longest()[0] < LOGGED_SECONDS:
            await asyncio.sleep(0)
    finally:
        logger.removeHandler(waiting)
        task.cancel()
        await asyncio.wait([task])
    assert waiting.record
    assert "spin (test_loop_watch.py:" in waiting.record.getMessage()
    wall, processor = watch.longest()
    assert 0 < processor <= wall
