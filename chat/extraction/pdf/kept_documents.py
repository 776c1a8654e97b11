"""The document that a reading child had open last, for the next page of the same file.

pdfium finds a page by walking through the page tree from its start: 33 ms for page 2,500 of a flat one, and
nothing the second time. Runs in the child. Knows no page.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, Protocol, TypeVar

from chat.extraction.source import Source

USES = 64  # of one document: what pdfium has parsed of its pages stays in memory until it is closed


class Closable(Protocol):
    def close(self) -> None: ...


D = TypeVar("D", bound=Closable)


class KeptDocument(Generic[D]):
    """The last document that `open` has opened."""

    def __init__(self, open: Callable[[Source], D]) -> None:
        self._open = open
        self._key: object = None
        self._uses = 0
        self._document: D | None = None

    def get(self, source: Source) -> D:
        """Return the document of a file, opened anew where it is another one or was used often."""
        about = source.path.stat()
        key = source.path, source.password, about.st_ino, about.st_mtime_ns, about.st_size
        if self._document is None or key != self._key or self._uses >= USES:
            self.close()
            self._document, self._key, self._uses = self._open(source), key, 0
        self._uses += 1
        return self._document

    def close(self) -> None:
        """Close the document, so that nothing of it stays in memory."""
        if self._document is not None:
            self._document.close()
        self._document = None
