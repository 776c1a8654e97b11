"""The sandbox of the file-reading child, attacked from inside by a real process."""

from __future__ import annotations

import asyncio
import contextlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

from chat.extraction import ReaderLimits, Readers, sandbox
from chat.extraction.child import Child, ChildFailed

ROOT = Path(__file__).resolve().parents[2]
INSIDE = """
import os, sys, socket, threading
from pathlib import Path
from chat.extraction import sandbox

folder, secret, parent = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
isolated = sandbox.isolate_network()
missing = sandbox.confine(folder)
assert not missing and isolated, (missing, isolated)


def attack(*call):
    try:
        call[0](*call[1:])
    except PermissionError:
        return
    print("not refused:", call)


attack(open, secret)
attack(os.listdir, Path(secret).parent)
attack(open, folder / "new", "w")
attack(open, f"/proc/{parent}/environ")
attack(os.listdir, f"/proc/{parent}/fd")
attack(socket.socket)
attack(socket.socket, socket.AF_UNIX)
attack(os.fork)
attack(os.execv, sys.executable, [sys.executable])
attack(os.kill, parent, 0)
assert (folder / "file").read_text() == "lent"
thread = threading.Thread(target=print, args=("a thread runs",))
thread.start()
thread.join()
import wave  # a module that was not loaded before
print("done", flush=True)
os.abort()
"""


def supports_all() -> bool:
    libc = sandbox._libc()
    return sys.platform == "linux" and bool(libc.syscall(sandbox.LANDLOCK_CREATE, None, 0, 1) > 0)


@pytest.mark.skipif(not supports_all(), reason="this kernel has no Landlock")
def test_a_confined_process_reaches_neither_files_nor_network_nor_processes(tmp_path: Path) -> None:
    folder, secret = tmp_path / "lent", tmp_path / "secret" / "key"
    folder.mkdir()
    secret.parent.mkdir()
    secret.write_text("key")
    (folder / "file").write_text("lent")
    command = [sys.executable, "-c", INSIDE, str(folder), str(secret), str(os.getpid())]
    result = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False)
    assert (result.stdout, result.stderr) == ("a thread runs\ndone\n", "")
    assert result.returncode == -6  # abort() still ends the process: pdfium relies on it


async def test_a_reader_opens_a_file_of_any_folder_and_leaves_no_copy(tmp_path: Path) -> None:
    (tmp_path / "note.txt").write_text("The lamp is on the pier.")
    readers = Readers(ReaderLimits(processes=1))
    await readers.start()
    try:
        reading = await readers.open(tmp_path / "note.txt", "note.txt")
        assert (await reading.finish()).text == "The lamp is on the pier."
        (child,) = readers._children
        assert child.unconfined == () or not supports_all()
        folder = child._folder
        assert list(folder.iterdir()) == []
    finally:
        await readers.aclose()
    assert not await asyncio.to_thread(folder.exists)


async def test_a_job_whose_file_has_vanished_fails_as_a_crash_does(tmp_path: Path) -> None:
    child = await Child.start(ReaderLimits())
    try:
        with pytest.raises(ChildFailed, match="crash"):
            async with contextlib.aclosing(child.ask({"job": "read", "path": str(tmp_path / "x")})) as frames:
                await anext(frames)
    finally:
        await child.end()
