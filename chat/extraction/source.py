"""What a reader is given and what it yields. Knows no format and no process.

A reader is a generator: first a Shape, then pages and problems in the order of the file, and a Shape again
whenever more is known. Before the page of a sheet it yields the sheet's cells as a Grid. Files inside it are
yielded too; chat.extraction.inner_files reads them. A reader raises an AttachmentError where nothing can be
read at all.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from chat.documents.document import Page, Problem
from chat.numbers.cell_grid import Grid


@dataclass(frozen=True)
class Source:
    """A file as a reader sees it.

    name: as the user gave it, for sentences and as a hint, never a path. content: its bytes, where it is a
    file inside the one at `path`, or that is encrypted. is_unlocked: a password has opened it.
    """

    path: Path
    name: str
    password: str | None = None
    characters: int = 3_000_000
    content: bytes | None = None
    is_unlocked: bool = False

    def open(self) -> BinaryIO:
        """Return its bytes, to be closed by the caller."""
        return self.path.open("rb") if self.content is None else io.BytesIO(self.content)

    def read_bytes(self) -> bytes:
        """Return all of its bytes."""
        return self.path.read_bytes() if self.content is None else self.content

    @property
    def suffix(self) -> str:
        """The suffix of the user's name for it, lower case, without the dot."""
        return Path(self.name.replace("\\", "/")).suffix.lower().lstrip(".")


@dataclass(frozen=True)
class Shape:
    """What a file is: its media type, the unit of its pages, and how many it has (0: not known)."""

    media_type: str
    unit: str = ""
    page_count: int = 0


@dataclass(frozen=True)
class InnerFile:
    """A file inside the file: a member of an archive, an attachment, an embedded object.

    name: as the file gives it. load: returns its bytes, or raises an AttachmentError.
    """

    name: str
    load: Callable[[], bytes]


Finding = Shape | Page | Problem | Grid
Findings = Iterator[Finding | InnerFile]
Reader = Callable[[Source], Findings]
