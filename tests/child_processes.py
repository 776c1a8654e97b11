"""Processes that end with the process that started them, also when that is killed; and all below a process.

Pass `end_with_parent()` as `preexec_fn`. The kernel delivers the signal (prctl(2), PR_SET_PDEATHSIG; on Linux
only, elsewhere nothing happens) when the thread that started the process ends, so a test starts processes
from the main thread. A change of the user clears the setting; subprocess applies `user=` before `preexec_fn`.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path

PR_SET_PDEATHSIG = 1


def end_with_parent(number: signal.Signals = signal.SIGKILL) -> Callable[[], None]:
    """Return a `preexec_fn` that has the process receive `number` when the caller's process ends."""
    parent = os.getpid()
    prctl = ctypes.CDLL(None).prctl if sys.platform == "linux" else None

    def ask_kernel() -> None:
        if prctl is None:
            return
        prctl(PR_SET_PDEATHSIG, number)
        if os.getppid() != parent:  # the caller ended before the kernel was asked
            os._exit(1)

    return ask_kernel


def find_descendants(pid: int) -> list[int]:
    """Return all processes that descend from a process, as far as each was not waited for. Needs /proc."""
    found: list[int] = []
    for path in Path(f"/proc/{pid}/task").glob("*/children"):
        with contextlib.suppress(OSError):  # it ended meanwhile
            for child in map(int, path.read_text().split()):
                found += [child, *find_descendants(child)]
    return found
