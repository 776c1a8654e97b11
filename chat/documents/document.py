"""A file's text as values: pages, what is wrong with them, and where each begins in the whole.

Written by chat.extraction, read by chat.grounding and chat.turns. Knows no file,
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from functools import cached_property

PAGE_BREAK = "\n"


@dataclass(frozen=True)
class Problem:
    """Something a reader of the document must know.

    kind: `no_text` (a scan), `garbled`, `unreadable`, `too_large`, `password` (a part is encrypted),
    `truncated` (reading stopped at the cap of characters, of time or of memory), `embedded` (a picture or an
    attached file inside that was not read). pages: labels; empty means the whole file, or what follows the
    last page read.
    """

    kind: str
    pages: tuple[str, ...] = ()
    note: str = ""


@dataclass(frozen=True)
class Page:
    """A page, slide, sheet or chapter. label: "12", a sheet's name; empty where the format has no pages."""

    label: str
    text: str
    heading: str = ""


@dataclass(frozen=True)
class Document:
    """What is known of a file. size: bytes. unit: page, slide, sheet, chapter, or empty.

    page_count: pages in the file where known, also those not read (yet); len(pages) is what was read.
    """

    name: str
    media_type: str
    size: int
    unit: str
    pages: tuple[Page, ...]
    page_count: int
    problems: tuple[Problem, ...] = ()
    is_complete: bool = True

    @cached_property
    def text(self) -> str:
        """The whole text: the pages' texts with PAGE_BREAK between them. Offsets are into this string."""
        return PAGE_BREAK.join(page.text for page in self.pages)

    @cached_property
    def page_starts(self) -> tuple[int, ...]:
        """Offset of each page's first character in `text`."""
        starts, at = [], 0
        for page in self.pages:
            starts.append(at)
            at += len(page.text) + len(PAGE_BREAK)
        return tuple(starts)

    def page_at(self, offset: int) -> Page:
        """Return the page that holds the character at `offset`."""
        return self.pages[max(0, bisect_right(self.page_starts, offset) - 1)]
