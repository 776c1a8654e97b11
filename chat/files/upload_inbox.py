"""Uploads of a browser that no event of the page has read yet, each under an unguessable name.

Gradio keeps an upload under a hash of its content, so that two visitors with the same file share one path,
and serves it to any client. Here each upload has a folder of its own, outside of what Gradio serves, until
it is read or too old. Knows no visitor: the name of the folder encodes the owner.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
import time
from collections import OrderedDict
from collections.abc import Iterator
from pathlib import Path

from chat.errors import NotFound

KEPT_SECONDS = 3600.0  # the visitor may have to enter a password, and other files may be read first
REMEMBERED = 100  # recent moves, for uploads of the same content at the same moment


class UploadInbox:
    """A folder of uploads. Created at the first `put`.

    limit: bytes of all uploads; past it the oldest is deleted, so that uploads cannot fill the disk.
    """

    def __init__(self, folder: Path, limit: int = 2_000_000_000) -> None:
        self.folder = folder
        self._limit = limit
        self._sizes: OrderedDict[Path, int] = OrderedDict()  # oldest first
        self._moved: OrderedDict[Path, Path] = OrderedDict()

    def put(self, path: Path, name: str) -> Path:
        """Move an upload to a folder of this name, and return its new path. Raises NotFound."""
        self._sweep()
        kept = self.folder / name / path.name
        kept.parent.mkdir(parents=True)
        try:
            shutil.move(path, kept)
        except FileNotFoundError:  # another upload of the same content had this path and was moved
            self._copy_of(path, kept)
        with contextlib.suppress(OSError):
            path.parent.rmdir()  # Gradio created it for this upload
        self._moved[path] = kept
        while len(self._moved) > REMEMBERED:
            self._moved.popitem(last=False)
        self._sizes[kept] = kept.stat().st_size
        while len(self._sizes) > 1 and sum(self._sizes.values()) > self._limit:
            self.discard(next(iter(self._sizes)))
        return kept

    def take(self, path: str) -> Path:
        """Return an upload to read. Raises NotFound for every path that `put` did not return."""
        found = Path(path)
        is_inside = found.parent.parent == self.folder and ".." not in found.parts
        if not is_inside or found.is_symlink() or not found.is_file():
            raise NotFound("There is no such upload, or it was read already.")
        return found

    def discard(self, path: Path) -> None:
        """Delete an upload that was read or refused."""
        self._sizes.pop(path, None)
        shutil.rmtree(path.parent, ignore_errors=True)

    @contextlib.contextmanager
    def scratch(self) -> Iterator[Path]:
        """Yield a folder for an upload that is read at once, and delete it afterwards."""
        folder = self.folder / "scratch"  # one level below the uploads that `take` returns
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder) as path:
            yield Path(path)

    def _copy_of(self, path: Path, kept: Path) -> None:
        try:
            os.link(self._moved[path], kept)
        except (KeyError, OSError):
            kept.parent.rmdir()
            raise NotFound("The upload was lost. Send the file again.") from None

    def _sweep(self) -> None:
        """Delete uploads that no event has read in time."""
        before = time.time() - KEPT_SECONDS
        for path in list(self._sizes):
            with contextlib.suppress(FileNotFoundError):
                if path.parent.stat().st_mtime >= before:
                    return
            self.discard(path)
