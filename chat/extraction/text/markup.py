"""HTML files: bytes become the text that a reader of the page would see. Nothing is fetched or run."""

from __future__ import annotations

import re

from chat.documents.document import Page
from chat.extraction.source import Findings, Shape, Source
from chat.extraction.text import encodings
from chat.extraction.text.html_page import HtmlPage

SCRIPTS = re.compile(r"<!--|<(script|style)\b[^>]{0,2000}?(/?)>", re.IGNORECASE)
COMMENT_END = re.compile(r"--!?>")
ENDS = {name: re.compile(rf"</{name}\b[^>]{{0,2000}}>", re.IGNORECASE) for name in ("script", "style")}
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
    page.feed(_without_scripts(html))
    page.close()
    text, start = page.text(), " ".join(page.text()[:500].split())
    return (text if not page.title or page.title in start else f"{page.title}\n{text}"), page.title


def _without_scripts(html: str) -> str:
    """Leave out comments, scripts and styles first: the parser finds no end to one that is closed carelessly.

    Of a comment and a script the one that begins first holds the other.
    """
    parts, start = [], 0
    while found := SCRIPTS.search(html, start):
        name, is_closed = found.groups()
        parts.append(html[start : found.start()])
        if name is None:
            # `<!-->` and `<!--->` are whole comments.
            end = COMMENT_END.search(html, found.end() - 2)
        elif is_closed:
            end = found
        else:
            end = ENDS[name.lower()].search(html, found.end())
        if end is None:
            return "".join(parts)
        start = end.end()
    return "".join(parts) + html[start:]
