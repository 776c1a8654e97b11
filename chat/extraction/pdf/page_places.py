"""Where the text of a PDF page stands on it. Runs in the child, and opens no other page."""

from __future__ import annotations

from chat.documents.page_boxes import PageBoxes
from chat.extraction import refusals
from chat.extraction.pdf import pdfium
from chat.extraction.pdf.glyph_places import pack_boxes, place_characters
from chat.extraction.pdf.kept_documents import KeptDocument
from chat.extraction.source import Source


def place_page(source: Source, page: int, text: str) -> PageBoxes:
    """Return the boxes of a page's text, joined; page 1 is the first. Raises AttachmentError."""
    try:
        document = _kept.get(source)
        if not 0 < page <= len(document):
            raise refusals.no_such_page(source.name, page)
        with document.page(page - 1) as sheet:
            glyphs, aspect = sheet.placed_glyphs(), sheet.aspect()
    except pdfium.PasswordWrong as error:
        raise refusals.locked(source.name, wrong=False) from error
    except pdfium.NotReadable as error:
        raise refusals.no_such_page(source.name, page) from error
    return PageBoxes(pack_boxes(place_characters(text, glyphs), glyphs), aspect).joined()


_kept = KeptDocument(pdfium.PdfiumDocument)
