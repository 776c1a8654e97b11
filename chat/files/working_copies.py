"""Working copies: the bytes of files on the disk, while a reader may need them.

The bytes themselves are rows of history. A copy is made from them when a page is shown, and the copies that
were used least lately are removed past COPIES_BYTES. Knows no owner and no format.
"""

from __future__ import annotations

import asyncio
import os
import shutil
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from pathlib import Path

COPIES_BYTES = 1_000_000_000

Load = Callable[[], Awaitable[bytes | None]]


class WorkingCopies:
    """Copies by the id of their file. `path` is stable; whether a copy is there, `get` tells."""

    def __init__(self, folder: Path, limit: int = COPIES_BYTES) -> None:
        self._folder = folder
        self._limit = limit
        self._sizes: OrderedDict[str, int] = OrderedDict()  # the least lately used first
        self._held: set[str] = set()  # those that are being read
        self._restoring: dict[str, asyncio.Lock] = {}

    @property
    def bytes(self) -> int:
        """Bytes of all copies."""
        return sum(self._sizes.values())

    def path(self, id: str) -> Path:
        return self._folder / id

    async def hold(self, id: str, source: Path) -> Path:
        """Take a file as a link, or as a copy from another file system. It stays until `release`."""
        self._held.add(id)
        path = self.path(id)
        self._sizes[id] = await asyncio.to_thread(_copy, source, path)
        return path

    def release(self, id: str) -> None:
        """Allow to remove a copy in favour of others."""
        self._held.discard(id)
        self._make_room()

    async def get(self, id: str, load: Load) -> Path | None:
        """Return the path of a copy, restored by `load` where it is gone; None where that returns nothing."""
        async with self._restoring.setdefault(id, asyncio.Lock()):
            if id not in self._sizes:
                data = await load()
                if data is None:
                    return None
                self._sizes[id] = len(data)
                await asyncio.to_thread(_write, self.path(id), data)
        self._sizes.move_to_end(id)
        self._make_room()
        return self.path(id)

    def remove(self, id: str) -> None:
        """Remove a copy; idempotent."""
        self._held.discard(id)
        self._sizes.pop(id, None)
        self._restoring.pop(id, None)
        self.path(id).unlink(missing_ok=True)

    def _make_room(self) -> None:
        newest = next(reversed(self._sizes), None)
        for id in list(self._sizes):
            if self.bytes <= self._limit:
                return
            if id not in self._held and id != newest:
                self.remove(id)


def _copy(source: Path, target: Path) -> int:
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)
    return target.stat().st_size


def _write(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
