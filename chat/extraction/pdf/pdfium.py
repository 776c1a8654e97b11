"""The first reader of PDF: pdfium, which is quick and right for most pages.

Knows one document at a time; whether its text is good, chat.extraction.pdf.pdf_reader judges.
"""

from __future__ import annotations

import ctypes
import math
import re
import unicodedata
from collections.abc import Iterator
from functools import cached_property, partial
from itertools import pairwise
from types import TracebackType
from typing import TYPE_CHECKING, Any

import pypdfium2  # type: ignore[import-untyped]
from pypdfium2 import raw

from chat.extraction.pdf.glyph_places import PageGlyph
from chat.extraction.pdf.glyphs import Glyph
from chat.extraction.source import InnerFile, Source

if TYPE_CHECKING:
    from chat.extraction.pdf.page_layout import Box

HEADINGS = 5_000
ATTACHMENTS = 500
LABEL_CHARACTERS = 40
LINKS = 100
# pdfium's sign for a hyphen at the end of a line: before a name it is one in the middle of it, too.
DIVIDED = re.compile(r"[\x02\ufffe](?=[A-Z\d])")
ANCHOR_CHARACTERS = 100
URL_BYTES = 2_048
OBJECTS = 500
PIECES = 5_000
SHOWN = 10_000_000  # parts of a page's width and height
SAMPLED_LETTERS = 20
PRESENTED = re.compile("[\ufb1d-\ufefc]")  # shapes of letters that stand for others
LEAST_ANGLE = 0.1  # radians
REMARKS = 500
REMARK_CHARACTERS = 4_000
REMARK_KINDS = (
    raw.FPDF_ANNOT_TEXT,
    raw.FPDF_ANNOT_HIGHLIGHT,
    raw.FPDF_ANNOT_UNDERLINE,
    raw.FPDF_ANNOT_SQUIGGLY,
    raw.FPDF_ANNOT_STRIKEOUT,
    raw.FPDF_ANNOT_CARET,
)
SCHEMES = ("http://", "https://", "mailto:", "ftp://", "tel:", "doi:")


class PasswordWrong(Exception):
    """The document needs a password, and this is not it."""


class NotReadable(Exception):
    """pdfium cannot open the document, or not this page."""


class PdfiumDocument:
    """An open PDF."""

    def __init__(self, source: Source) -> None:
        try:
            data = source.path if source.content is None else source.content
            self._pdf = pypdfium2.PdfDocument(data, password=source.password)
        except pypdfium2.PdfiumError as error:
            raise (PasswordWrong if "assword" in str(error) else NotReadable) from error
        self.has_form = self._pdf.get_formtype() != raw.FORMTYPE_NONE

    def __len__(self) -> int:
        return len(self._pdf)

    def close(self) -> None:
        self._pdf.close()

    def printed_label(self, index: int) -> str:
        """Return the label that the file gives a page (`/PageLabels`): "xii"; empty where it gives none."""
        try:
            return str(self._pdf.get_page_label(index)).strip()[:LABEL_CHARACTERS]
        except (pypdfium2.PdfiumError, ValueError, UnicodeDecodeError):
            return ""

    def attachments(self) -> Iterator[InnerFile]:
        """Yield the files that are attached to the document."""
        try:
            count = min(ATTACHMENTS, self._pdf.count_attachments())
            found = [self._pdf.get_attachment(index) for index in range(count)]
            for one in found:
                yield InnerFile(one.get_name(), partial(_data_of, one))
        except (pypdfium2.PdfiumError, ValueError, UnicodeDecodeError):
            return

    def headings(self) -> dict[int, str]:
        """Return the outline: index of a page -> the first heading on it."""
        found: dict[int, str] = {}
        try:
            for bookmark, _ in zip(self._pdf.get_toc(max_depth=6), range(HEADINGS), strict=False):
                target = bookmark.get_dest()
                index = target.get_index() if target else None
                if index is not None:
                    found.setdefault(index, bookmark.get_title().strip())
        except (pypdfium2.PdfiumError, ValueError, UnicodeDecodeError):
            return found
        return found

    def page(self, index: int) -> Sheet:
        """Open a page, for use in a `with`."""
        return Sheet(self._pdf, index)


class Sheet:
    """An open page. What its annotations and form fields show is part of its text."""

    def __init__(self, pdf: Any, index: int) -> None:
        self._pdf, self._index = pdf, index
        self._box = raw.FS_RECTF()

    def __enter__(self) -> Sheet:
        try:
            self._page = self._pdf[self._index]
            self.has_annotations = raw.FPDFPage_GetAnnotCount(self._page) > 0
            self.urls = list(self._links()) if self.has_annotations else []
            self.remarks = list(self._remarks()) if self.has_annotations else []
            if self.has_annotations:
                # Flattening draws them into the page, so that they are read where they stand.
                raw.FPDFPage_Flatten(self._page, raw.FLAT_NORMALDISPLAY)
                self._page.close()
                self._page = self._pdf[self._index]
            self._letters = self._page.get_textpage()
            self._rotation = self._page.get_rotation()
            if self._rotation and not self._is_turned():
                # Upright letters on a page that is turned: pdfium would order their lines as they are shown.
                self._letters.close()
                self._page.set_rotation(0)
                self._letters = self._page.get_textpage()
        except pypdfium2.PdfiumError as error:
            raise NotReadable from error
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._letters.close()
        self._page.close()

    def text(self) -> str:
        """Return the text as pdfium orders it."""
        # Of letters that are turned, the text within bounds lacks the ends of lines.
        read = self._letters.get_text_range if self._is_turned() else self._letters.get_text_bounded
        text: str = read()
        return DIVIDED.sub("-", text)

    def _is_turned(self) -> bool:
        """Whether most letters do not stand upright, before the page is turned."""
        places = range(0, self._letters.count_chars(), max(1, self._letters.count_chars() // SAMPLED_LETTERS))
        turned = [raw.FPDFText_GetCharAngle(self._letters.raw, place) for place in places]
        return sum(bool(angle > LEAST_ANGLE) for angle in turned) * 2 > len(turned)

    @cached_property
    def glyphs(self) -> list[Glyph]:
        """Every character with its place."""
        letters, box, measure = self._letters.raw, self._box, raw.FPDFText_GetLooseCharBox
        pointer = ctypes.byref(box)
        glyphs = []
        for index, character in enumerate(self.characters()):
            measure(letters, index, pointer)
            is_inferred = character == " " and raw.FPDFText_IsGenerated(letters, index) == 1
            if "\ufb1d" <= character <= "\ufefc":
                character = _character(letters, index)
            glyphs.append(Glyph(character, box.left, -box.top, box.right, -box.bottom, is_inferred))
        return glyphs

    def guesses(self) -> list[bool]:
        """Whether a font does not say which character one is, so that its code is taken for it; of each."""
        letters = self._letters.raw
        return [raw.FPDFText_HasUnicodeMapError(letters, index) == 1 for index in range(len(self.glyphs))]

    def characters(self) -> str:
        """Return every character, those that pdfium inferred too; offsets are those of `box`."""
        letters, count = self._letters.raw, self._letters.count_chars()
        buffer = (ctypes.c_ushort * (count + 1))()
        raw.FPDFText_GetText(letters, 0, count, buffer)
        text = bytes(buffer)[:-2].decode("utf-16-le", "surrogatepass")
        # One call for the page, where it gives a code for each character.
        if len(text) != count or "\x00" in text or PRESENTED.search(text):
            return "".join(_character(letters, index)[:1] for index in range(count))
        return text

    def box(self, index: int) -> Box:
        """Return the box of a character, in points; y grows downwards."""
        box = self._box
        raw.FPDFText_GetLooseCharBox(self._letters.raw, index, box)
        return box.left, -box.top, box.right, -box.bottom

    def placed_glyphs(self) -> list[PageGlyph]:
        """Return every character with its box as fractions of the page as it is shown."""
        self._page.set_rotation(self._rotation)  # or the fractions would be those of the page turned upright
        origin, along, across = self._show(0, 0), self._show(1000, 0), self._show(0, 1000)
        rows = [
            ((one - start) / 1000 / SHOWN, (two - start) / 1000 / SHOWN, start / SHOWN)
            for start, one, two in zip(origin, along, across, strict=True)
        ]
        letters, box, measure = self._letters.raw, self._box, raw.FPDFText_GetLooseCharBox
        pointer = ctypes.byref(box)
        glyphs = []
        for index, character in enumerate(_whole_characters(self.characters())):
            measure(letters, index, pointer)
            place = _place(rows, (box.left, -box.top, box.right, -box.bottom))
            glyphs.append(PageGlyph(character, place))
        return glyphs

    def aspect(self) -> float:
        """Return the page's height, by its width."""
        width, height = self._page.get_size()
        return float(height / max(width, 1e-6))

    def _show(self, x: float, y: float) -> tuple[int, int]:
        """Return where a point of the page is shown, in parts of SHOWN of its width and height."""
        across, down = ctypes.c_int(), ctypes.c_int()
        raw.FPDF_PageToDevice(self._page.raw, 0, 0, SHOWN, SHOWN, 0, x, y, across, down)
        return across.value, down.value

    def pieces(self) -> list[Box]:
        """Return the boxes of what is drawn in one piece: quick, where `letters` takes a call for each."""
        letters = self._letters.raw
        edges = [ctypes.c_double() for _ in range(4)]
        left, top, right, bottom = edges
        places = [ctypes.byref(edge) for edge in edges]
        found = []
        for index in range(min(PIECES, raw.FPDFText_CountRects(letters, 0, -1))):
            raw.FPDFText_GetRect(letters, index, *places)
            found.append((left.value, -top.value, right.value, -bottom.value))
        return found

    def quarters(self, index: int) -> int:
        """Return by how many quarters a character is turned to the left."""
        return round(float(raw.FPDFText_GetCharAngle(self._letters.raw, index)) / (math.pi / 2)) % 4

    def strokes(self) -> list[Box]:
        """Return the boxes of the lines that are drawn along the axes."""
        from chat.extraction.pdf.strokes import find_strokes  # the child that draws pages loads no layout

        return list(find_strokes(self._page.raw))

    def picture_share(self) -> float:
        """Return how much of the page its largest picture covers, 0 to 1."""
        width, height = self._page.get_size()
        pictures = (found.get_bounds() for found in self._objects(raw.FPDF_PAGEOBJ_IMAGE))
        areas = [float(abs((right - left) * (top - bottom))) for left, bottom, right, top in pictures]
        return max(areas, default=0.0) / max(1.0, float(width * height))

    def has_letters_drawn(self) -> bool:
        """Whether the page's program draws text at all."""
        return next(self._objects(raw.FPDF_PAGEOBJ_TEXT), None) is not None

    def is_blank(self) -> bool:
        """Whether nothing at all is drawn on the page."""
        return bool(raw.FPDFPage_CountObjects(self._page) == 0)

    def _objects(self, kind: int) -> Iterator[Any]:
        try:
            for found, _ in zip(self._page.get_objects([kind], max_depth=3), range(OBJECTS), strict=False):
                yield found
        except pypdfium2.PdfiumError:
            return

    def _links(self) -> Iterator[tuple[str, str]]:
        """Yield the target and the words of each link to outside, once."""
        position, link, seen = ctypes.c_int(0), raw.FPDF_LINK(), set[str]()
        letters = self._page.get_textpage()
        while len(seen) < LINKS and raw.FPDFLink_Enumerate(self._page, position, link):
            url = self._target(link)
            if url.lower().startswith(SCHEMES) and url not in seen:
                seen.add(url)
                yield url, self._anchor(link, letters)
        letters.close()

    def _remarks(self) -> Iterator[str]:
        """Yield what readers of the page have noted on it; it is not drawn, but opens from a sign."""
        buffer = (ctypes.c_ushort * REMARK_CHARACTERS)()
        for index in range(min(REMARKS, raw.FPDFPage_GetAnnotCount(self._page))):
            note = raw.FPDFPage_GetAnnot(self._page, index)
            if raw.FPDFAnnot_GetSubtype(note) in REMARK_KINDS:
                size = raw.FPDFAnnot_GetStringValue(note, b"Contents", buffer, ctypes.sizeof(buffer))
                if 2 < size <= ctypes.sizeof(buffer):
                    yield bytes(buffer)[: size - 2].decode("utf-16-le", "replace").strip()
            raw.FPDFPage_CloseAnnot(note)

    def _target(self, link: Any) -> str:
        action = raw.FPDFLink_GetAction(link)
        if not action or raw.FPDFAction_GetType(action) != raw.PDFACTION_URI:
            return ""
        buffer = ctypes.create_string_buffer(URL_BYTES)
        size = raw.FPDFAction_GetURIPath(self._pdf, action, buffer, URL_BYTES)
        return buffer.value.decode("utf-8", "replace").strip() if 0 < size <= URL_BYTES else ""

    def _anchor(self, link: Any, letters: Any) -> str:
        box = raw.FS_RECTF()
        if not raw.FPDFLink_GetAnnotRect(link, box):
            return ""
        words = letters.get_text_bounded(box.left, box.bottom, box.right, box.top)
        return " ".join(words.split())[:ANCHOR_CHARACTERS]


def _place(rows: list[tuple[float, float, float]], box: Box) -> Box:
    """Return the box of one in points, y downwards, after the two rows of an affine map."""
    (a, b, c), (d, e, f) = rows
    left, top, right, bottom = box
    x0, x1 = a * left - b * top + c, a * right - b * bottom + c
    y0, y1 = d * left - e * top + f, d * right - e * bottom + f
    return (
        x0 if x0 < x1 else x1,
        y0 if y0 < y1 else y1,
        x1 if x0 < x1 else x0,
        y1 if y0 < y1 else y0,
    )


def _whole_characters(units: str) -> list[str]:
    """Return the characters by their places; of a pair of UTF-16 units the first is the whole character."""
    characters = list(units)
    for at, (one, two) in enumerate(pairwise(units)):
        if "\ud800" <= one <= "\udbff" and "\udc00" <= two <= "\udfff":
            pair = (one + two).encode("utf-16-le", "surrogatepass").decode("utf-16-le")
            characters[at], characters[at + 1] = pair, ""
    return characters


def _data_of(attachment: Any) -> bytes:
    return bytes(attachment.get_data())


def _character(letters: Any, index: int) -> str:
    code = raw.FPDFText_GetUnicode(letters, index)
    character = chr(code) if code < 0x110000 else "\ufffd"
    # Shapes of one Arabic letter, and ligatures, are its letters.
    return unicodedata.normalize("NFKC", character) if "\ufb1d" <= character <= "\ufefc" else character
