"""Uploads of a browser that no event of the page has read yet, each under an unguessable name.

Gradio keeps an upload under a hash of its content, so that two visitors with the same file share one path,
and serves it to any client. Here each upload has a folder of its own, outside of what Gradio serves, until
it is read or too old. The name of the folder encodes the owner.
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

from chat.errors import NotFound, Refused
from chat.shares import Limit, Shares
from chat.visitors import Visitor

KEPT_SECONDS = 3600.0  # the visitor may have to enter a password, and other files may be read first
REMEMBERED = 100  # recent moves, for uploads of the same content at the same moment


# Bytes of the disk.
DISK_LIMIT = Limit(of_visitor=500_000_000, of_network=1_000_000_000, total=2_000_000_000)
INODE_BYTES = 4_096  # what a file or a folder costs beside its blocks
UNNAMED = Visitor()


def cost_of(path: Path) -> int:
    """Return what a file in a folder of its own costs the disk: its blocks and both inodes."""
    return path.stat().st_blocks * 512 + 2 * INODE_BYTES


class UploadInbox:
    """A folder of uploads. Created at the first `put`.

    limit: bytes of the disk. What is past the share of a visitor or its network is refused.
    """

    def __init__(self, folder: Path, limit: Limit = DISK_LIMIT) -> None:
        self.folder = folder
        self.shares = Shares("bytes of uploads that are not read yet", limit)
        self._held: OrderedDict[Path, tuple[Visitor, int]] = OrderedDict()  # oldest first
        self._moved: OrderedDict[Path, Path] = OrderedDict()

    def put(self, path: Path, name: str, visitor: Visitor = UNNAMED) -> Path:
        """Move an upload to a folder of this name, and return its new path. Raises NotFound and Refused."""
        self._sweep()
        self._make_room(path, visitor)
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
        cost = cost_of(kept)
        self._held[kept] = (visitor, cost)
        try:
            self.shares.take(visitor, cost)
        except Refused:
            del self._held[kept]
            self.discard(kept)
            raise
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
        if held := self._held.pop(path, None):
            self.shares.give_back(*held)
        shutil.rmtree(path.parent, ignore_errors=True)

    @contextlib.contextmanager
    def scratch(self) -> Iterator[Path]:
        """Yield a folder for an upload that is read at once, and delete it afterwards."""
        folder = self.folder / "scratch"  # one level below the uploads that `take` returns
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder) as path:
            yield Path(path)

    def _make_room(self, path: Path, visitor: Visitor) -> None:
        """Delete the visitor's own oldest uploads until this one has room. Raises Refused."""
        with contextlib.suppress(FileNotFoundError):
            cost = cost_of(path)
            while True:
                try:
                    return self.shares.check(visitor, cost)
                except Refused:
                    own = (one for one, (holder, _) in self._held.items() if holder.party == visitor.party)
                    if (oldest := next(own, None)) is None:
                        path.unlink(missing_ok=True)
                        raise
                    self.discard(oldest)

    def _copy_of(self, path: Path, kept: Path) -> None:
        try:
            os.link(self._moved[path], kept)
        except (KeyError, OSError):
            kept.parent.rmdir()
            raise NotFound("The upload was lost. Send the file again.") from None

    def _sweep(self) -> None:
        """Delete uploads that no event has read in time."""
        before = time.time() - KEPT_SECONDS
        for path in list(self._held):
            with contextlib.suppress(FileNotFoundError):
                if path.parent.stat().st_mtime >= before:
                    return
            self.discard(path)
