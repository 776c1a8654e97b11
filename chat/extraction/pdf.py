"""PDF, page by page."""

from __future__ import annotations

import pypdfium2  # type: ignore[import-untyped]

from chat.documents import Page, Problem
from chat.extraction import refusals
from chat.extraction.source import Findings, Shape, Source


def read(source: Source) -> Findings:
    """Yield the pages of a PDF."""
    try:
        document = pypdfium2.PdfDocument(source.path, password=source.password)
    except pypdfium2.PdfiumError as error:
        if "assword" in str(error):
            raise refusals.locked(source.name, wrong=source.password is not None) from error
        raise refusals.damaged(source.name, "PDF") from error
    yield Shape("application/pdf", "page", len(document))
    for number in range(len(document)):
        page = document[number]
        textpage = page.get_textpage()
        text = textpage.get_text_bounded()
        textpage.close()
        page.close()
        label = str(number + 1)
        yield Page(label, text)
        if not text.strip():
            yield Problem("no_text", (label,))
