"""A file's text as values: pages, tables, what is wrong with them, and where each begins in the whole.

Written by chat.extraction, read by chat.grounding and chat.turns. Knows no file.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from functools import cached_property

from chat.documents.tables import Table, find_tables

PAGE_BREAK = "\n"
LARGEST_FRONT_SHARE = 0.1  # of the pages: a cover, its back and the title page
WordBox = tuple[int, int, float, float, float, float]


@dataclass(frozen=True)
class Problem:
    """Something a reader of the document must know.

    kind: `no_text` (a scan), `garbled`, `unreadable`, `too_large`, `password` (a part is encrypted),
    `truncated` (reading stopped at the cap of characters, of time or of memory), `embedded` (a picture or an
    attached file inside that was not read), `hidden` (what the program hides was read too), `waiting`
    (scanned pages that are still to be read), `no_reader` (those that could not be), `not_computed` (tables
    whose columns could not be typed). pages: labels; empty means the whole file, or what follows the last
    page read.
    """

    kind: str
    pages: tuple[str, ...] = ()
    note: str = ""


@dataclass(frozen=True)
class Page:
    """A page, slide, sheet or chapter. label: "12", a sheet's name; empty where the format has no pages.

    Of a file inside the file the label is its way there and its own page: "minutes.zip/plan.xlsx, sheet May".

    printed: the label that the file itself gives the page, such as "xii"; empty where it gives none.

    confidence: of a page whose text was read from a picture, the mean over its characters, 0 to 1; None for
    all others. boxes: where its words stand: start and end in `text`, then left, top, right and bottom as
    fractions of the page as it is shown.
    """

    label: str
    text: str
    heading: str = ""
    printed: str = ""
    confidence: float | None = None
    boxes: tuple[WordBox, ...] = ()

    @property
    def is_from_picture(self) -> bool:
        """Whether the text was read from a picture, and may be wrong in single letters."""
        return self.confidence is not None


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
    def characters(self) -> int:
        """Characters of the pages' texts."""
        return sum(len(page.text) for page in self.pages)

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

    @cached_property
    def printed_labels(self) -> tuple[str, ...]:
        """The pages' own labels; empty ones where the file has none, or one of them twice.

        A cover and its back may share their labels with later pages: LaTeX numbers them apart, from 1 or i.
        """
        labels = tuple(page.printed for page in self.pages)
        most = max(1, int(len(labels) * LARGEST_FRONT_SHARE))
        front = next((n for n, label in enumerate(labels[:most]) if label not in labels[n + 1 :]), most)
        is_clear = all(labels) and len(set(labels[front:])) == len(labels[front:])
        return labels if is_clear else ("",) * len(labels)

    @cached_property
    def page_numbers(self) -> dict[str, int]:
        """The index of each page by its label, in one case."""
        return {page.label.strip().casefold(): index for index, page in enumerate(self.pages) if page.label}

    @cached_property
    def page_labels(self) -> dict[str, int]:
        """The index of each page by the label that the file gives it, in one case; of two, the later one."""
        return {label.casefold(): index for index, label in enumerate(self.printed_labels) if label}

    def printed_of(self, page: Page) -> str:
        """Return the label by which a page is named: its own where the labels are clear, else its number."""
        return page.printed if page.printed and page.printed.casefold() in self.page_labels else page.label

    def printed_at(self, offset: int) -> str:
        """Return the label by which the page that holds the character at `offset` is named."""
        return self.printed_of(self.page_at(offset)) if self.pages else ""

    @cached_property
    def tables(self) -> tuple[Table, ...]:
        """The tables, in the order of the text."""
        places = [
            (at, page.label, page.heading) for at, page in zip(self.page_starts, self.pages, strict=True)
        ]
        return find_tables(self.text, places, self.unit)

    def tables_in(self, start: int, end: int) -> tuple[Table, ...]:
        """Return the tables that have text in [start, end)."""
        first = bisect_right(self.tables, start, key=lambda table: table.end)
        last = bisect_left(self.tables, end, key=lambda table: table.start)
        return self.tables[first:last]

    def page_at(self, offset: int) -> Page:
        """Return the page that holds the character at `offset`."""
        return self.pages[max(0, bisect_right(self.page_starts, offset) - 1)]
