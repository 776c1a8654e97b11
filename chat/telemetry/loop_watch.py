"""How long the event loop is blocked: the longest block for the metrics, the stack of a long one for the log.

The loop beats BEAT_SECONDS apart. A beat that comes late tells how long one step took, by the clock on the
wall and by the processor time of the loop's thread: on a busy machine only the second is the app's own. That
counts the steps since the beat before, too, so a busy loop beats BUSY_BEAT_SECONDS apart. A thread looks at
the beats from outside, since a blocked loop can log nothing. Knows no request.
"""

from __future__ import annotations

import asyncio
import logging
import sys
import threading
import time
from pathlib import Path
from types import FrameType

BEAT_SECONDS = 0.05
BUSY_BEAT_SECONDS = 0.005  # after a beat that used half of its time
LOGGED_SECONDS = 0.2  # of a block whose stack is logged
WINDOW_SECONDS = 150.0  # the longest block of this one and the one before is told
FRAMES = 12  # innermost, of a logged stack
ROOT = Path(__file__).resolve().parents[2]

log = logging.getLogger(__name__)


class LoopWatch:
    """Watches the loop that runs `run`. `longest` tells the blocks, also while nothing is watched."""

    def __init__(self) -> None:
        self._windows = [(0.0, 0.0), (0.0, 0.0)]  # wall and processor seconds; the current one is last
        self._window_ends = 0.0
        self._beat = 0.0
        self._thread = 0
        self._is_over = threading.Event()

    def longest(self) -> tuple[float, float]:
        """Return the longest block of the last minutes: wall seconds, processor seconds."""
        wall, processor = zip(*self._windows, strict=True)
        return max(wall), max(processor)

    async def run(self) -> None:
        """Beat until cancelled, with the watching thread beside it."""
        self._thread = threading.get_ident()
        self._beat = time.monotonic()
        threading.Thread(target=self._watch, name="loop-watch", daemon=True).start()
        pause = BEAT_SECONDS
        try:
            while True:
                began, processor = time.monotonic(), time.thread_time()
                await asyncio.sleep(pause)
                self._beat = time.monotonic()
                spent = time.thread_time() - processor
                late = max(0.0, self._beat - began - pause)
                self._note(late, min(late, spent))
                pause = BUSY_BEAT_SECONDS if spent > (self._beat - began) / 2 else BEAT_SECONDS
        finally:
            self._is_over.set()

    def _note(self, wall: float, processor: float) -> None:
        if self._beat > self._window_ends:
            self._window_ends = self._beat + WINDOW_SECONDS
            self._windows = [self._windows[-1], (0.0, 0.0)]
        longest = self._windows[-1]
        self._windows[-1] = (max(longest[0], wall), max(longest[1], processor))

    def _watch(self) -> None:
        """Log where the loop stands when a beat is overdue, once for each block."""
        logged = 0.0
        while not self._is_over.wait(BEAT_SECONDS):
            beat = self._beat
            late = time.monotonic() - beat - BEAT_SECONDS
            if late <= LOGGED_SECONDS or beat == logged:
                continue
            frame = sys._current_frames().get(self._thread)  # costs more the more threads there are
            if frame and beat == self._beat:  # else the block is over, and this is the stack of another step
                logged = beat
                log.warning("the event loop is blocked for %.0f ms in %s", late * 1000, describe(frame))


def describe(frame: FrameType | None) -> str:
    """Return the innermost frames on one line: files, lines and names of functions, and no value."""
    parts: list[str] = []
    while frame and len(parts) < FRAMES:
        path = Path(frame.f_code.co_filename)
        shown = path.relative_to(ROOT) if path.is_relative_to(ROOT / "chat") else path.name
        parts.append(f"{frame.f_code.co_name} ({shown}:{frame.f_lineno})")
        frame = frame.f_back
    return " < ".join(parts)
