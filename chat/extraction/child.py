"""One child process that reads untrusted bytes, seen from the parent.

It starts clean (a new interpreter, no secret in its environment), is asked for one job at a time, and is
killed by whoever finds it still at work. Knows frames, no format.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import signal
import sys
import tempfile
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from chat.extraction import frames
from chat.extraction.reader_limits import ReaderLimits

PROJECT = Path(__file__).resolve().parents[2]
START_SECONDS = 60.0
PIPE_BYTES = 1 << 20
LENT_NAME = "file"
KEPT_VARIABLES = ("PATH", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "SYSTEMROOT", "TMPDIR", "TEMP", "TMP")


class ChildFailed(Exception):
    """The child did not answer to the end. reason: `start`, `time`, `memory` or `crash`."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True)
class Frame:
    """What a child said: an object, and a blob where it is a picture or tables."""

    fields: dict[str, Any]
    blob: bytes = b""


class Child:
    """A running `python -m` of a worker. `is_idle` tells whether it may be asked."""

    def __init__(self, process: asyncio.subprocess.Process, limits: ReaderLimits, folder: Path) -> None:
        self._process = process
        self._folder = folder  # the only one whose files the child can read
        self._limits = limits
        self.is_idle = False
        self.unconfined: Sequence[str] = ()  # parts of the sandbox that this system lacks

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid

    @property
    def is_alive(self) -> bool:
        """Whether the process still runs, as far as is known."""
        return self._process.returncode is None

    @classmethod
    async def start(cls, limits: ReaderLimits) -> Child:
        """Start a child and wait until it has loaded its readers; ChildFailed where it does not."""
        folder = Path(await asyncio.to_thread(tempfile.mkdtemp, prefix="xiaojia-reader-"))
        command = (str(limits.memory_bytes), str(limits.seconds), str(folder))
        try:
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", limits.program, *command,
                stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.DEVNULL, env=clean_environment(), cwd=PROJECT, limit=PIPE_BYTES,
                start_new_session=True,  # a Ctrl-C in the terminal is the parent's to handle
            )  # fmt: skip
        except OSError as error:  # the system has no room for another process
            await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)
            raise ChildFailed("start") from error
        child = cls(process, limits, folder)
        try:
            async with asyncio.timeout(START_SECONDS):
                child.unconfined = tuple((await child._receive()).fields.get("unconfined", ()))
        except BaseException as error:
            await child.end()
            if isinstance(error, (TimeoutError, ChildFailed)):
                raise ChildFailed("start") from error
            raise
        child.is_idle = True
        return child

    async def ask(self, job: dict[str, Any]) -> AsyncGenerator[Frame]:
        """Send a job and yield its frames up to the one of type `end`, which is not yielded.

        Raises ChildFailed. A child whose frames are not read to the end stays not idle, and must be ended.
        """
        self.is_idle = False
        clock, limits = asyncio.get_running_loop().time, self._limits
        last = clock() + limits.seconds * limits.wall_factor
        pause = limits.seconds * limits.pause_factor
        wanted = [job["path"], *job.get("more", ())]
        try:
            lent = [
                await asyncio.to_thread(_lend, Path(path), self._folder / f"{LENT_NAME}{number}")
                for number, path in enumerate(wanted)
            ]
        except OSError as error:  # the file is gone, or the disk is full
            raise ChildFailed("crash") from error
        await self._send({**job, "path": str(lent[0]), "more": [str(path) for path in lent[1:]]})
        while True:
            try:
                async with asyncio.timeout_at(min(last, clock() + pause)):
                    frame = await self._receive()
            except TimeoutError as error:
                raise ChildFailed("time") from error
            if frame.fields.get("type") == "end":
                for path in lent:
                    path.unlink(missing_ok=True)
                self.is_idle = not frame.fields.get("retire")
                return
            yield frame

    async def _send(self, job: dict[str, Any]) -> None:
        stdin = self._process.stdin
        assert stdin is not None
        try:
            stdin.write(frames.encode(job))
            await stdin.drain()
        except ConnectionError as error:
            raise ChildFailed("crash") from error

    async def _receive(self) -> Frame:
        stdout = self._process.stdout
        assert stdout is not None
        try:
            body, blob = frames.lengths(await stdout.readexactly(frames.HEAD.size))
            return Frame(frames.decode(await stdout.readexactly(body)), await stdout.readexactly(blob))
        except asyncio.IncompleteReadError as error:
            raise ChildFailed(await self._reason()) from error
        except frames.BadFrame as error:
            raise ChildFailed("crash") from error

    async def _reason(self) -> str:
        """Why the child is gone: its pipe is closed, so that its end is near."""
        code = await self._process.wait()
        if code in (-getattr(signal, "SIGXCPU", 24), -signal.SIGALRM if hasattr(signal, "SIGALRM") else -14):
            return "time"
        # pdfium answers a failed allocation with abort() or a trap.
        return "memory" if code in (-signal.SIGABRT, -getattr(signal, "SIGTRAP", 5), -9) else "crash"

    async def end(self) -> None:
        """Kill the process and wait until it is gone; idempotent."""
        self.is_idle = False
        if self._process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                self._process.kill()
        if self._process.stdin is not None:
            self._process.stdin.close()
        await self._process.wait()
        _close_transport(self._process)
        await asyncio.to_thread(shutil.rmtree, self._folder, ignore_errors=True)


def _lend(path: Path, place: Path) -> Path:
    """Put a file where the child can read it: as a hard link, or as a copy from another file system."""
    place.unlink(missing_ok=True)
    try:
        os.link(path, place)
    except OSError:
        shutil.copyfile(path, place)
    return place


def _close_transport(process: asyncio.subprocess.Process) -> None:
    # A killed child's pipes hold unread bytes: without this the collector closes them, with a warning.
    transport = getattr(process, "_transport", None)
    if transport is not None:
        transport.close()


def clean_environment() -> dict[str, str]:
    """Return what a child needs to start: never a key, never a setting."""
    kept = {name: os.environ[name] for name in KEPT_VARIABLES if name in os.environ}
    return {**kept, "PYTHONPATH": str(PROJECT), "PYTHONUTF8": "1", "PYTHONHASHSEED": "0"}
