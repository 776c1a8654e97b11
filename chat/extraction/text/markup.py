"""HTML files: bytes become the text that a reader of the page would see. Nothing is fetched or run."""

from __future__ import annotations

import re

from chat.documents.document import Page
from chat.extraction.source import Findings, Shape, Source
from chat.extraction.text import encodings
from chat.extraction.text.html_page import HtmlPage

CHARSET = re.compile(rb"""(?:charset|encoding)\s*=\s*["']?\s*([A-Za-z0-9_.:-]+)""", re.IGNORECASE)
HEAD_BYTES = 4_096


def read(source: Source) -> Findings:
    """Yield the one page of an HTML file."""
    data = source.read_bytes()
    text, title = text_of(data)
    yield Shape("text/html")
    yield Page("", text, title)


def text_of(data: bytes, declared: str = "") -> tuple[str, str]:
    """Return the text and the title of a page of HTML. declared: the encoding, where the page names none."""
    own = CHARSET.search(data[:HEAD_BYTES])
    html, _ = encodings.decode(data, own.group(1).decode("ascii") if own else declared)
    return text_of_html(html)


def text_of_html(html: str) -> tuple[str, str]:
    """Return the text and the title of HTML that is decoded already."""
    page = HtmlPage()
    page.take(html)
    text, start = page.text(), " ".join(page.text()[:500].split())
    return (text if not page.title or page.title in start else f"{page.title}\n{text}"), page.title
