"""Processes that end with the process that started them, also when that is killed.

Pass `end_with_parent()` as `preexec_fn`. The kernel delivers the signal (prctl(2), PR_SET_PDEATHSIG; on Linux
only, elsewhere nothing happens) when the thread that started the process ends, so a test starts processes
from the main thread. A change of the user clears the setting; subprocess applies `user=` before `preexec_fn`.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from collections.abc import Callable

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
