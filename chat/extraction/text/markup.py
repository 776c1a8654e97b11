"""HTML files: bytes become the text that a reader of the page would see. Nothing is fetched or run."""

from __future__ import annotations

import re

from chat.documents.document import Page, Problem
from chat.extraction.source import Findings, Shape, Source
from chat.extraction.text import encodings
from chat.extraction.text.html_page import HtmlPage

CHARSET = re.compile(rb"""(?:charset|encoding)\s*=\s*["']?\s*([A-Za-z0-9_.:-]+)""", re.IGNORECASE)
HIDDEN = "Not read: text that the page hides."
HEAD_BYTES = 4_096


def read(source: Source) -> Findings:
    """Yield the one page of an HTML file."""
    data = source.read_bytes()
    page = _page_of(encodings.decode(data, charset_of(data))[0])
    text, title = _with_title(page)
    yield Shape("text/html")
    yield Page("", text, title)
    if page.has_hidden:
        yield Problem("hidden", (), HIDDEN)


def text_of(data: bytes, declared: str = "") -> tuple[str, str]:
    """Return the text and the title of a page of HTML. declared: the encoding, where the page names none."""
    html, _ = encodings.decode(data, charset_of(data) or declared)
    return text_of_html(html)


def charset_of(data: bytes) -> str:
    """Return the encoding that a page of HTML names; empty where it names none."""
    own = CHARSET.search(data[:HEAD_BYTES])
    return own.group(1).decode("ascii") if own else ""


def text_of_html(html: str) -> tuple[str, str]:
    """Return the text and the title of HTML that is decoded already."""
    return _with_title(_page_of(html))


def _page_of(html: str) -> HtmlPage:
    page = HtmlPage()
    page.take(html)
    return page


def _with_title(page: HtmlPage) -> tuple[str, str]:
    text, start = page.text(), " ".join(page.text()[:500].split())
    return (text if not page.title or page.title in start else f"{page.title}\n{text}"), page.title
