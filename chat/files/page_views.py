"""Pages of a file as the viewer shows them: an image, the text, and where a quote stands on the page.

A page is drawn and measured in a reading child, once: both are cached by bytes. The page that is likely to be
looked at first is prepared before it is asked for. Knows no owner: the caller has found the attachment. Page
numbers are the file's own, from 1.
"""

from __future__ import annotations

import asyncio
import contextlib
from bisect import bisect_right
from collections import Counter, OrderedDict
from collections.abc import AsyncGenerator, Awaitable, Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Generic, TypeVar
from weakref import WeakValueDictionary

from chat.documents.document import Document, Page
from chat.documents.page_boxes import PageBoxes, Span
from chat.errors import AttachmentError, ChatError, NotFound
from chat.extraction import Readers
from chat.files.attachment import PDF, Attachment
from chat.files.attachments import Attachments

IMAGE_BYTES, BOX_BYTES = 64_000_000, 16_000_000  # in memory
WIDTHS = (160, 320, 640, 960, 1_200, 1_600, 2_000, 2_400)  # few, so that a cached image is found again
SHRUNK = 2  # a cached image of up to this many times the width is taken instead
USUAL_WIDTH = 1_200  # of an owner that has not looked at a page yet
THUMBNAIL_WIDTH = 320  # of a page in a list: tells nothing of the viewer's width
WIDTHS_KEPT = 1_000  # owners
PREPARED_AT_ONCE = 32
USUAL_ASPECT = 1.414  # of a page whose words OCR has placed
CACHED_OVERHEAD = 500
LINE_BYTES = 250  # of a span in memory
PATIENCE_SECONDS = 3.0  # behind other pages of a file: one that is drawn for longer does not block them

T = TypeVar("T")


@dataclass(frozen=True)
class PageView:
    """What the viewer shows beside a page's image.

    number: the page's, of `count`. start: offset of its text in the document's, None where the page was not
    read. has_image: whether the page can be drawn. spans: the text by lines, each with its box. boxes: of the
    quote; is_known: whether all of the quote's letters on this page have a box.
    """

    number: int
    count: int
    page: Page
    printed: str
    start: int | None
    has_image: bool
    spans: tuple[Span, ...] = ()
    boxes: tuple[Span, ...] = ()
    is_known: bool = False


class PageViews:
    """The pages of all files."""

    def __init__(self, drawers: Readers, attachments: Attachments) -> None:
        self._drawers = drawers
        self._attachments = attachments
        self._images = _Cache[tuple[bytes, str]](IMAGE_BYTES, lambda image: len(image[0]))
        self._boxes = _Cache[PageBoxes](BOX_BYTES, _weigh_boxes)
        self._working = WeakValueDictionary[str, asyncio.Lock]()
        self._widths: OrderedDict[str, int] = OrderedDict()  # of the viewer, by owner
        self._preparing: dict[str, asyncio.Task[None]] = {}  # by owner

    @property
    def cached_bytes(self) -> int:
        """Bytes of images and boxes in memory."""
        return self._images.bytes + self._boxes.bytes

    async def image(self, attachment: Attachment, number: int, width: int) -> tuple[bytes, str]:
        """Return the image of a page and its media type. Raises NotFound, AttachmentError."""
        _check_number(attachment.document, number)
        if not _is_drawn(attachment.document, number):
            raise NotFound("This page has no image: it is shown as text.")
        step = next((one for one in WIDTHS if one >= width), WIDTHS[-1])
        self._note_width(attachment.owner, step)
        keys = [(attachment.id, number, one) for one in WIDTHS if step <= one <= SHRUNK * step]
        key = next((one for one in keys if one in self._images), keys[0])
        return await self._images.get(key, attachment.owner, partial(self._draw, attachment, number, key[2]))

    async def _draw(self, attachment: Attachment, number: int, width: int) -> tuple[bytes, str]:
        path = await self._attachments.contents.original(attachment)
        name, caller = attachment.name, attachment.caller
        async with self._one_child(attachment.id):
            return await self._drawers.show_page(path, number, width, name=name, caller=caller)

    def _note_width(self, owner: str, width: int) -> None:
        if width <= THUMBNAIL_WIDTH:
            return
        self._widths[owner] = width
        self._widths.move_to_end(owner)
        while len(self._widths) > WIDTHS_KEPT:
            self._widths.popitem(last=False)

    def prepare(self, attachment: Attachment, number: int) -> None:
        """Draw a page in the background and place its text, so that the first look finds both.

        As wide as the owner's last look. One page of an owner at a time, in the visitor's own turn at the
        children; a look that comes meanwhile waits for this page, and nothing is drawn twice.
        """
        owner = attachment.owner
        if not attachment.is_drawn or owner in self._preparing or len(self._preparing) >= PREPARED_AT_ONCE:
            return
        task = asyncio.create_task(self._prepare(attachment, number))
        self._preparing[owner] = task
        task.add_done_callback(lambda _: self._preparing.pop(owner, None))

    async def _prepare(self, attachment: Attachment, number: int) -> None:
        with contextlib.suppress(ChatError):  # the look itself tells
            await self.image(attachment, number, self._widths.get(attachment.owner, USUAL_WIDTH))
            await self.view(attachment, number, 0, 0)

    async def aclose(self) -> None:
        """Stop what is being prepared."""
        tasks = list(self._preparing.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def view(self, attachment: Attachment, number: int, start: int, end: int) -> PageView:
        """Return a page's text and boxes. start, end: the quote, in the document's text. Raises NotFound."""
        document = attachment.document
        _check_number(document, number)
        index, count = _index_of(document, number), _count(document)
        if index is None:
            page = Page(str(number), "")
            return PageView(number, count, page, str(number), None, _is_drawn(document, number))
        page, at = document.pages[index], document.page_starts[index]
        boxes = await self._place(attachment, number, page)
        length = len(page.text)
        first, last = (min(max(one - at, 0), length) for one in (start, end))
        return PageView(
            number,
            count,
            page,
            document.printed_of(page),
            at,
            _is_drawn(document, number),
            boxes.lines if boxes else (),
            tuple(boxes.spans(first, last)) if boxes else (),
            is_known=bool(boxes and boxes.is_known(page.text, first, last)),
        )

    async def _place(self, attachment: Attachment, number: int, page: Page) -> PageBoxes | None:
        """Return where a page's text stands on it; None where that is not known."""
        words = getattr(page, "boxes", ())  # by OCR, which has measured them
        if not words and (attachment.document.media_type != PDF or not page.text.strip()):
            return None

        async def place() -> PageBoxes:
            if words:
                return PageBoxes.of_words(words, len(page.text), USUAL_ASPECT).joined()
            path = await self._attachments.contents.original(attachment)
            name, caller = attachment.name, attachment.caller
            async with self._one_child(attachment.id):
                return await self._drawers.place_text(path, number, page.text, name=name, caller=caller)

        try:
            key = attachment.id, number, len(page.text), len(words)
            return await self._boxes.get(key, attachment.owner, place)
        except (NotFound, AttachmentError):
            return None

    @contextlib.asynccontextmanager
    async def _one_child(self, file_id: str) -> AsyncGenerator[None]:
        """Let the pages of a file follow each other, so that the warm child serves all of them.

        The viewer asks for an image, its text and two neighbours at once. A page costs 60 ms of CPU, and a
        second child 150 ms before it has one.
        """
        lock = self._working.setdefault(file_id, asyncio.Lock())
        is_ours = False
        try:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(PATIENCE_SECONDS):
                    is_ours = await lock.acquire()
            yield
        finally:
            if is_ours:
                lock.release()


class _Cache(Generic[T]):
    """Values by key, up to a number of bytes. What is being made is made once.

    Past the bytes the oldest value of the owner that has most goes first: no visitor pushes out another.
    """

    def __init__(self, limit: int, weigh: Callable[[T], int]) -> None:
        self._limit = limit
        self._weigh = weigh
        self.bytes = 0
        self._values: OrderedDict[Hashable, T] = OrderedDict()
        self._owners: dict[Hashable, str] = {}
        self._bytes_of: Counter[str] = Counter()
        self._making: dict[Hashable, asyncio.Lock] = {}

    def __contains__(self, key: Hashable) -> bool:
        """Whether a value is there, or is being made."""
        return key in self._values or key in self._making

    async def get(self, key: Hashable, owner: str, make: Callable[[], Awaitable[T]]) -> T:
        lock = self._making.setdefault(key, asyncio.Lock())
        try:
            async with lock:
                if key not in self._values:
                    self._keep(key, owner, await make())
                self._values.move_to_end(key)
                return self._values[key]
        finally:
            if not lock.locked():
                self._making.pop(key, None)

    def _keep(self, key: Hashable, owner: str, value: T) -> None:
        self._values[key] = value
        self._owners[key] = owner
        self._count(owner, self._weigh(value) + CACHED_OVERHEAD)
        while self.bytes > self._limit and len(self._values) > 1:
            heaviest = max(self._bytes_of, key=self._bytes_of.__getitem__)
            others = [one for one in self._values if one != key]
            oldest = next((one for one in others if self._owners[one] == heaviest), others[0])
            size = self._weigh(self._values.pop(oldest)) + CACHED_OVERHEAD
            self._count(self._owners.pop(oldest), -size)

    def _count(self, owner: str, size: int) -> None:
        self.bytes += size
        self._bytes_of[owner] += size
        if not self._bytes_of[owner]:
            del self._bytes_of[owner]


def number_of(document: Document, offset: int) -> int:
    """Return the number of the page that holds the character at `offset`."""
    if not document.pages:
        return 1
    index = max(0, bisect_right(document.page_starts, offset) - 1)
    page = document.pages[index]
    is_own = document.media_type == PDF and page.label.isascii() and page.label.isdecimal()
    return int(page.label) if is_own else index + 1


def find_claim(citation: Mapping[str, Any], files: Sequence[Attachment]) -> tuple[Attachment | None, int]:
    """Return the file that a citation names, and the number of its page; None and 0 where it names none.

    Of several files with this name, the one that has its words.
    """
    named = [file for file in files if citation.get("name") and file.name == citation["name"]]
    passage = str(citation.get("passage", ""))
    if len(named) > 1:
        named = [file for file in named if passage and passage in file.document.text] or named
    if not named or not citation.get("passage_end"):
        return None, 0
    return named[0], number_of(named[0].document, int(citation.get("passage_start", 0)))


def _weigh_boxes(boxes: PageBoxes) -> int:
    return len(boxes.packed) + LINE_BYTES * len(boxes.lines)


def _count(document: Document) -> int:
    return max(document.page_count, len(document.pages), 1)


def _check_number(document: Document, number: int) -> None:
    if not 1 <= number <= _count(document):
        raise NotFound("The file has no such page.")


def _is_drawn(document: Document, number: int) -> bool:
    if document.media_type == PDF:
        return number <= document.page_count
    return document.media_type.startswith("image/") and number == 1


def _index_of(document: Document, number: int) -> int | None:
    """Return the index of a page's text; None for a page that was not read."""
    if document.media_type == PDF:
        return document.page_numbers.get(str(number))
    return number - 1 if number <= len(document.pages) else None
