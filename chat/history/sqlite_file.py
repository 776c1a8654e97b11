"""The SQLite file before it is opened: its folder, its journal mode, and its integrity.

Blocking: runs in a thread. Knows no table.
"""

from __future__ import annotations

import contextlib
import logging
import os
import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from filelock import FileLock, Timeout

from chat.errors import HistoryUnavailable

LOCK_SECONDS = 60
MODE = 0o600
SET_ASIDE = "The history's file was damaged. It is kept under another name; a new, empty history was begun."

logger = logging.getLogger(__name__)


def prepare_sqlite_file(path: Path) -> str:
    """Make the folder, set a damaged file aside, turn on WAL. Return a notice for the user, or empty."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        # A lock beside the file: with a lock in it, two processes could both set "the damaged file" aside,
        # and the second one would take the new history of the first.
        with FileLock(f"{path}.lock", timeout=LOCK_SECONDS):
            return _prepare(path)
    except Timeout:
        raise HistoryUnavailable("The history is being prepared by another process.") from None
    except OSError as error:
        raise HistoryUnavailable("The history cannot be written: its folder is read-only or full.") from error


def _prepare(path: Path) -> str:
    notice = ""
    _make_private(path)
    if path.exists() and not is_whole(path):
        set_aside(path)
        notice = SET_ASIDE
    with closing(sqlite3.connect(path, timeout=LOCK_SECONDS)) as connection:
        connection.execute("PRAGMA journal_mode=WAL")  # kept in the file: readers never wait for the writer
    return notice


def _make_private(path: Path) -> None:
    """Let only this user read the file and its journal, which SQLite makes with the mode of the file."""
    os.close(os.open(path, os.O_RDWR | os.O_CREAT, MODE))
    with contextlib.suppress(OSError):  # another user's file, or a file system without modes
        for suffix in ("", "-wal", "-shm"):
            if (part := Path(f"{path}{suffix}")).exists():
                part.chmod(MODE)


def is_whole(path: Path) -> bool:
    """Return whether SQLite can read every page. Raise an error that prevents opening the file."""
    try:
        with closing(sqlite3.connect(path, timeout=LOCK_SECONDS)) as connection:
            (verdict,) = connection.execute("PRAGMA quick_check(1)").fetchone()
            return bool(verdict == "ok")
    except sqlite3.DatabaseError as error:
        if error.sqlite_errorcode & 0xFF in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
            return False
        raise


def set_aside(path: Path) -> None:
    """Rename the file, and with it the journal that may hold its newest pages."""
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S%f")
    kept = path.with_name(f"{path.stem}.damaged-{stamp}{path.suffix}")
    for suffix in ("", "-wal", "-shm"):
        part = Path(f"{path}{suffix}")
        if part.exists():
            part.rename(f"{kept}{suffix}")
    logger.warning("the damaged history file is kept as %s", kept.name)
