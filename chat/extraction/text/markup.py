"""HTML: what a reader of the page would see, headings and rows of tables kept. Nothing is fetched or run."""

from __future__ import annotations

import re
from html.parser import HTMLParser

from chat.documents.document import Page
from chat.extraction.office.package import heading
from chat.extraction.source import Findings, Shape, Source
from chat.extraction.text import encodings
from chat.extraction.text.html_table import HtmlTable

UNSEEN = frozenset(
    {"script", "style", "template", "noscript", "defs", "symbol", "metadata", "object", "iframe"}
)
BLOCKS = frozenset({
    "address", "article", "aside", "blockquote", "body", "button", "caption", "dd", "details", "div",
    "dl", "dt", "fieldset", "figcaption", "figure", "footer", "form", "header", "hr", "legend", "li",
    "main", "nav", "ol", "option", "p", "pre", "section", "select", "summary", "table", "tbody", "text",
    "textarea", "tfoot", "thead", "title", "ul",
})  # fmt: skip
ROW_PARTS = frozenset({"tr", "td", "th"})
DEEPEST_TABLE = 100
HEADINGS = {f"h{level}": level for level in range(1, 7)}
SCRIPTS = re.compile(r"<(/?)(script|style)\b[^>]{0,2000}?(/?)>", re.IGNORECASE)
CHARSET = re.compile(rb"""(?:charset|encoding)\s*=\s*["']?\s*([A-Za-z0-9_.:-]+)""", re.IGNORECASE)
HEAD_BYTES = 4_096
BLANKS = re.compile(r"[ \t\r\n\f]+")


def read(source: Source) -> Findings:
    """Yield the one page of an HTML file."""
    data = source.path.read_bytes()
    text, title = text_of(data)
    yield Shape("text/html")
    yield Page("", text, title)


def text_of(data: bytes) -> tuple[str, str]:
    """Return the text and the title of a page of HTML."""
    declared = CHARSET.search(data[:HEAD_BYTES])
    html, _ = encodings.decode(data, declared.group(1).decode("ascii") if declared else "")
    return text_of_html(html)


def text_of_html(html: str) -> tuple[str, str]:
    """Return the text and the title of HTML that is decoded already."""
    page = _Page()
    page.feed(_without_scripts(html))
    page.close()
    text, start = page.text(), " ".join(page.text()[:500].split())
    return (text if not page.title or page.title in start else f"{page.title}\n{text}"), page.title


def _without_scripts(html: str) -> str:
    """Leave out scripts and styles first: the parser finds no end to one that is closed carelessly."""
    parts, start, hidden = [], 0, ""
    for tag in SCRIPTS.finditer(html):
        is_end, name, is_closed = tag.group(1), tag.group(2).lower(), tag.group(3)
        if hidden:
            if is_end and name == hidden:
                start, hidden = tag.end(), ""
        elif not is_end and not is_closed:
            parts.append(html[start : tag.start()])
            hidden = name
    return "".join(parts) + ("" if hidden else html[start:])


class _Page(HTMLParser):
    """Lines of the text. Those inside a table gather in it until it ends."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.title = ""
        self._lines: list[str] = []
        self._line: list[str] = []
        self._tables: list[HtmlTable] = []
        self._unseen = 0
        self._preformatted = 0
        self._level = 0

    def text(self) -> str:
        while self._tables:
            self._end_table()
        self._end_line()
        return "\n".join(self._lines)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in UNSEEN:
            self._unseen += 1
        elif tag == "table" or tag in ROW_PARTS:
            self._begin_part(tag, dict(attrs))
        elif tag in HEADINGS or tag in BLOCKS:
            self._begin(tag)
        elif tag == "br":
            self._end_line()
        elif tag == "img":
            self._line.append(" " + (dict(attrs).get("alt") or "") + " ")
        elif tag == "input":
            self._input(dict(attrs))

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in UNSEEN:  # an empty one hides nothing
            self.handle_starttag(tag, attrs)

    def handle_endtag(self, tag: str) -> None:
        if tag in UNSEEN:
            self._unseen = max(0, self._unseen - 1)
        elif tag == "table" and self._tables:
            self._end_table()
        elif tag in HEADINGS:
            self._end_line()
            self._level = 0
        elif tag in BLOCKS or tag in ROW_PARTS:
            self._end(tag)

    def handle_data(self, data: str) -> None:
        if self._unseen:
            return
        if not self._preformatted:
            self._line.append(BLANKS.sub(" ", data))
            return
        first, *rest = data.split("\n")
        self._line.append(first)
        for line in rest:
            self._end_line()
            self._line.append(line)

    def _begin_part(self, tag: str, attributes: dict[str, str | None]) -> None:
        """Begin a table, or a row or a cell of the innermost one."""
        self._end_line()
        if (tag == "table" and len(self._tables) < DEEPEST_TABLE) or not self._tables:
            self._tables.append(HtmlTable())
        if tag == "table":
            return
        if tag == "tr":
            self._tables[-1].begin_row()
        else:
            self._tables[-1].begin_cell(tag == "th", attributes)

    def _end_table(self) -> None:
        self._end_line()
        table = self._tables.pop()
        cell = self._tables[-1].cell if self._tables else None
        if cell is not None:
            cell.holds_table, cell.holds_layout = True, cell.holds_layout or table.height > 1
        self._sink.extend(table.result())

    @property
    def _sink(self) -> list[str]:
        return self._tables[-1].lines if self._tables else self._lines

    def _begin(self, tag: str) -> None:
        self._end_line()
        self._level = HEADINGS.get(tag, self._level)
        if tag == "li":
            self._line.append("- ")
        elif tag == "pre":
            self._preformatted += 1

    def _end(self, tag: str) -> None:
        if tag == "title":
            self.title = self.title or " ".join("".join(self._line).split())
            self._line = []
        self._end_line()
        if tag in ROW_PARTS and self._tables:
            self._tables[-1].cell = None
        elif tag == "pre":
            self._preformatted = max(0, self._preformatted - 1)

    def _input(self, attributes: dict[str, str | None]) -> None:
        if attributes.get("type") not in ("hidden", "password"):
            self._line.append(f" {attributes.get('value') or ''} ")

    def _end_line(self) -> None:
        line = "".join(self._line)
        is_empty_item = line == "- "
        line = line.rstrip() if self._preformatted else BLANKS.sub(" ", line).strip()
        self._line = []
        cell = self._tables[-1].cell if self._tables else None
        if self._level and line:
            line = heading(self._level, line)
            if cell is not None:
                cell.holds_layout = True
        if (line and not is_empty_item) or (self._preformatted and cell is None):
            self._sink.append(line)
