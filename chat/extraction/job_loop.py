"""The loop of a child: one job after another, from untrusted bytes, under limits of its own.

`python -m PROGRAM MEMORY_BYTES SECONDS FOLDER`, jobs on standard input, frames on standard output
(chat.extraction.frames). Its sandbox leaves it the files of FOLDER and its libraries. It has no secret, and
its parent kills it when it hangs. Knows no job: each program gives its own.
"""

from __future__ import annotations

import contextlib
import ctypes
import gc
import os
import signal
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, BinaryIO

from chat.errors import AttachmentError
from chat.extraction import frames, refusals, sandbox

try:
    import resource
except ImportError:  # Windows: the parent's wall limit is what is left
    resource = None  # type: ignore[assignment]

PR_SET_PDEATHSIG = 1
TABLES_BYTES = 1_200_000_000  # of address space beside that of the readers, for DuckDB alone
GROWN_BYTES = 400_000_000  # a child that has been this large is replaced rather than kept
NEW_OBJECTS = 10_000  # after which cycles are looked for: at 700 the rows of a sheet are gone over too often
Say = Callable[..., None]
Jobs = dict[str, Callable[[dict[str, Any], Say], None]]


def answer(job: dict[str, Any], say: Say, jobs: Jobs, grown_bytes: int = GROWN_BYTES) -> bool:
    """Do one job; return whether this process can still be trusted with another."""
    try:
        jobs[job["job"]](job, say)
    except AttachmentError as error:
        say(type="refusal", error=type(error).__name__, message=str(error), details=error.details)
    except MemoryError:
        say(type="refusal", error="MemoryError")
        return False
    except (KeyboardInterrupt, SystemExit, BrokenPipeError):
        raise
    except (
        BaseException
    ) as error:  # any reader may meet any error; a panic of the one in Rust is no Exception
        broken = refusals.crashed(job["name"])
        say(type="refusal", error=type(broken).__name__, message=str(broken), details=broken.details)
        return isinstance(error, Exception) and _peak_bytes() < grown_bytes
    return _peak_bytes() < grown_bytes


def _peak_bytes() -> int:
    """Return the most memory that this process has held since it was started.

    Not ru_maxrss where Linux tells better: that begins with the size of the server it was started from.
    """
    with contextlib.suppress(OSError, StopIteration):
        lines = Path("/proc/self/status").read_text("ascii", "replace").splitlines()
        return int(next(line for line in lines if line.startswith("VmHWM")).split()[1]) * 1024
    if resource is None:
        return 0
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def limit_process(memory_bytes: int) -> None:
    """Bound the address space; forbid core dumps and files."""
    if resource is None:
        return
    space = (memory_bytes, memory_bytes + TABLES_BYTES)
    for name, values in (("RLIMIT_AS", space), ("RLIMIT_CORE", (0, 0)), ("RLIMIT_FSIZE", (0, 0))):
        try:
            resource.setrlimit(getattr(resource, name), values)
        except (ValueError, OSError):  # macOS refuses RLIMIT_AS
            continue


def die_with_parent() -> None:
    """Have the kernel end this process when the parent is gone, whatever it is doing then. Linux only."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def limit_cpu(seconds: float) -> None:
    """Allow the next job this much CPU time; the kernel ends the process past it."""
    if resource is None:
        return
    usage = resource.getrusage(resource.RUSAGE_SELF)
    spent = usage.ru_utime + usage.ru_stime
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    resource.setrlimit(resource.RLIMIT_CPU, (int(spent + seconds) + 1, hard))


def serve(
    asked: BinaryIO,
    answers: BinaryIO,
    seconds: float,
    jobs: Jobs,
    unconfined: Sequence[str] = (),
    grown_bytes: int = GROWN_BYTES,
) -> None:
    """Answer jobs until the pipe closes or this process is not fit for another."""

    def say(blob: bytes = b"", **fields: Any) -> None:
        answers.write(frames.encode(fields, blob))
        answers.flush()

    say(type="ready", unconfined=unconfined)
    while head := asked.read(frames.HEAD.size):
        body, _ = frames.lengths(head)
        job = frames.decode(asked.read(body))
        limit_cpu(seconds)
        is_fit = answer(job, say, jobs, grown_bytes)
        say(type="end", retire=not is_fit)
        if not is_fit:
            return


def run(jobs: Jobs, load: Callable[[], None] | None = None, grown_bytes: int = GROWN_BYTES) -> None:
    """Keep the pipe for frames alone, load what jobs need, give up every right that they need not, serve."""
    unconfined = [] if sandbox.isolate_network() else ["namespaces"]
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # whatever a C library prints does not end in a frame
    if load:
        load()
    gc.freeze()  # what was loaded stays
    gc.set_threshold(NEW_OBJECTS)
    sys.dont_write_bytecode = True
    die_with_parent()
    limit_process(int(sys.argv[1]))
    unconfined += sandbox.confine(Path(sys.argv[3]))
    serve(sys.stdin.buffer, answers, float(sys.argv[2]), jobs, unconfined, grown_bytes)
