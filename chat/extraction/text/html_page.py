"""A page of HTML while it is parsed: its lines, without what the page hides. Knows no bytes.

Links, ticks, powers, formulas and the numbers of lists stand in the text as a reader would see or need them.
"""

from __future__ import annotations

import re
from xml.etree.ElementTree import Element

from chat.extraction import formulas
from chat.extraction.office.package import heading
from chat.extraction.raised import lowered, raised, write_raised
from chat.extraction.text.html_lists import HtmlLists
from chat.extraction.text.html_styles import HiddenNames
from chat.extraction.text.html_table import HtmlTable
from chat.extraction.text.html_tokens import EndTag, StartTag, StyleSheet, read_tokens

UNSEEN = frozenset(
    {"script", "style", "template", "noscript", "defs", "symbol", "metadata", "object", "iframe"}
)
BLOCKS = frozenset({
    "address", "article", "aside", "blockquote", "body", "button", "caption", "dd", "details", "div",
    "dl", "dt", "fieldset", "figcaption", "figure", "footer", "form", "header", "hr", "legend", "li",
    "main", "nav", "ol", "option", "p", "pre", "section", "select", "summary", "table", "tbody", "text",
    "textarea", "tfoot", "thead", "title", "ul",
})  # fmt: skip
PARAGRAPHS = frozenset({"p", "div"})
MARK_PARTS = 4  # of a line that is the mark of an item and the space behind it, at most
ROW_PARTS = frozenset({"tr", "td", "th"})
ROW_GROUPS = frozenset({"thead", "tbody", "tfoot"})
DEEPEST_TABLE = 100
HEADINGS = {f"h{level}": level for level in range(1, 7)}
BLANKS = re.compile(r"[ \t\r\n\f]+")
SPACES = re.compile(r"[ \t\r\n\f]+|[ \t\r\n\f\xa0]{2,}")
HIDDEN_STYLE = re.compile(r"(?:^|[;\s])(?:display\s*:\s*none|visibility\s*:\s*hidden)", re.IGNORECASE)
EMPTY_TAGS = frozenset({
    "area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source", "track",
    "wbr",
})  # fmt: skip
ENDED_BY_NEXT = frozenset({"p", "li", "td", "th", "tr", "option", "dt", "dd"})
ADDRESSES = ("http://", "https://", "mailto:", "tel:", "ftp://")
ADDRESS = re.compile(r"^(?:https?://(?:www\.)?|mailto:|tel:|ftp://)|/$", re.IGNORECASE)
LINKS, URL_CHARACTERS = 500, 500
TICKED, OPEN = "☒", "☐"
STRUCK = frozenset({"del", "s", "strike"})
SAID_BY_MARKS = {"rt": ("(", ")"), "q": ("“", "”")}
DEEPEST_FRAME = 2


class HtmlPage:
    """Lines of the text. Those inside a table gather in it until it ends."""

    def __init__(self, depth: int = 0) -> None:
        self._depth = depth
        self.has_hidden = False  # words that were not read
        self._hidden_names = HiddenNames()
        self._hidden: list[str] = []  # the tag that hides, once for each of its name that is open
        self._lists = HtmlLists()
        self._links: list[str] = []  # of the line, to be written at its end
        self._link_count = 0
        self._formula: list[Element] = []
        self._script = ""
        self.title = ""
        self._lines: list[str] = []
        self._line: list[str] = []
        self._tables: list[HtmlTable] = []
        self._unseen = 0
        self._preformatted = 0
        self._level = 0
        self._is_select = False

    def text(self) -> str:
        while self._tables:
            self._end_table()
        self._end_line()
        return "\n".join(self._lines)

    def take(self, html: str) -> None:
        """Take in HTML, whole."""
        for token in read_tokens(html):
            if isinstance(token, str):
                self._take_text(token)
            elif isinstance(token, EndTag):
                self._take_end(token.name)
            elif isinstance(token, StyleSheet):
                self._hidden_names.take(token.text)
            elif not (token.is_closed and token.name in UNSEEN):  # an empty one hides nothing
                self._take_start(token)

    def _take_start(self, token: StartTag) -> None:
        tag, attributes = token.name, token.attributes
        if self._hides(tag, attributes):
            return
        if self._formula or tag == "math":
            self._begin_formula(tag, attributes)
        elif tag in UNSEEN:
            self._unseen += 1
            if tag == "iframe" and attributes.get("srcdoc") and self._depth < DEEPEST_FRAME:
                self._frame(attributes["srcdoc"] or "")
        elif tag == "table" or tag in ROW_PARTS:
            self._begin_part(tag, attributes)
        elif tag in HEADINGS or tag in BLOCKS:
            self._begin(tag, attributes)
        else:
            self._begin_inline(tag, attributes)

    def _begin_inline(self, tag: str, attributes: dict[str, str | None]) -> None:
        if tag == "br":
            self._end_line()
        elif tag == "img":
            self._line.append(" " + (attributes.get("alt") or "") + " ")
        elif tag == "input":
            self._input(attributes)
        elif tag == "a":
            self._link(attributes.get("href") or "")
        elif tag in ("sup", "sub"):
            self._script = tag
        elif tag in STRUCK:
            self._line.append("~~")
        elif tag in SAID_BY_MARKS:
            self._line.append(SAID_BY_MARKS[tag][0])

    def _take_end(self, tag: str) -> None:
        if self._hidden:
            if tag == self._hidden[-1]:
                self._hidden.pop()
        elif self._formula:
            self._end_formula(tag)
        elif tag in ("sup", "sub"):
            self._script = ""
        elif tag in STRUCK:
            self._line.append("~~")
        elif tag in SAID_BY_MARKS:
            self._line.append(SAID_BY_MARKS[tag][1])
        elif tag in UNSEEN:
            self._unseen = max(0, self._unseen - 1)
        elif tag == "table" and self._tables:
            self._end_table()
        elif tag in HEADINGS:
            self._end_line()
            self._level = 0
        elif tag in BLOCKS or tag in ROW_PARTS:
            self._end(tag)

    def _take_text(self, data: str) -> None:
        if self._unseen or self._hidden:
            self.has_hidden = self.has_hidden or bool(self._hidden and not self._unseen and data.strip())
            return
        if self._formula:
            self._formula[-1].text = (self._formula[-1].text or "") + data
            return
        if not self._preformatted:
            text = BLANKS.sub(" ", data)
            self._line.append({"sup": raised, "sub": lowered}.get(self._script, str)(text))
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

    def _is_mark(self) -> bool:
        return len(self._line) <= MARK_PARTS and self._lists.is_mark("".join(self._line))

    def _begin(self, tag: str, attributes: dict[str, str | None]) -> None:
        if not (tag in PARAGRAPHS and self._is_mark()):  # the first of an item
            self._end_line()
        self._level = HEADINGS.get(tag, self._level)
        if tag in ("ol", "ul"):
            self._lists.begin(tag, attributes)
        elif tag == "li":
            self._line.append(self._lists.mark(attributes))
        elif tag == "option" and self._is_select:
            self._line.append(f"{TICKED if 'selected' in attributes else OPEN} ")
        elif tag == "select":
            self._is_select = True
        elif tag == "pre":
            self._preformatted += 1
        elif tag in ROW_GROUPS and self._tables:
            self._tables[-1].begin_group(tag)

    def _end(self, tag: str) -> None:
        if tag == "title":
            self.title = self.title or " ".join("".join(self._line).split())
            self._line = []
        self._end_line()
        if tag in ROW_PARTS and self._tables:
            self._tables[-1].cell = None
        elif tag in ROW_GROUPS and self._tables:
            self._tables[-1].begin_group("tbody")  # of rows that follow without one
        elif tag in ("ol", "ul"):
            self._lists.end()
        elif tag == "select":
            self._is_select = False
        elif tag == "pre":
            self._preformatted = max(0, self._preformatted - 1)

    def _input(self, attributes: dict[str, str | None]) -> None:
        kind = (attributes.get("type") or "").lower()
        if kind in ("checkbox", "radio"):
            self._line.append(f" {TICKED if 'checked' in attributes else OPEN} ")
        elif kind not in ("hidden", "password"):
            self._line.append(f" {attributes.get('value') or ''} ")

    def _hides(self, tag: str, attributes: dict[str, str | None]) -> bool:
        """Whether an element stands in one that is hidden, or is hidden itself."""
        if self._hidden and tag == self._hidden[-1]:
            if len(self._hidden) == 1 and tag in ENDED_BY_NEXT:
                self._hidden.pop()  # its end may be left out
            else:
                self._hidden.append(tag)
        if self._hidden:
            return True
        style = attributes.get("style") or ""
        is_hidden = "hidden" in attributes and (attributes["hidden"] or "").lower() != "until-found"
        is_hidden = is_hidden or bool(style and HIDDEN_STYLE.search(style))
        if not (is_hidden or tag in ("ix:header", "rp") or self._hidden_names.hide(tag, attributes)):
            return False
        if tag not in EMPTY_TAGS:
            self._hidden.append(tag)
        return True

    def _link(self, target: str) -> None:
        url = target.strip()
        is_new = url.lower().startswith(ADDRESSES) and url not in self._links
        if is_new and self._link_count < LINKS and len(url) <= URL_CHARACTERS:
            self._links.append(url)
            self._link_count += 1

    def _frame(self, html: str) -> None:
        """Read a page that stands in an attribute."""
        page = HtmlPage(self._depth + 1)
        page.take(html)
        self._end_line()
        self._sink.extend(page.text().splitlines())

    def _begin_formula(self, tag: str, attributes: dict[str, str | None]) -> None:
        element = Element(tag, {name: value or "" for name, value in attributes.items()})
        if self._formula:
            self._formula[-1].append(element)
        self._formula.append(element)

    def _end_formula(self, tag: str) -> None:
        names = [element.tag for element in self._formula]
        if tag not in names:
            return
        at = len(names) - 1 - names[::-1].index(tag)
        element, self._formula = self._formula[at], self._formula[:at]
        if not self._formula:
            self._line.append(f" {formulas.from_mathml(element)} ")

    def _end_line(self) -> None:
        line = write_raised("".join(self._line))
        is_empty_item = self._lists.is_mark(line)
        line = line.rstrip() if self._preformatted else SPACES.sub(" ", line).strip()
        links = [url for url in self._links if ADDRESS.sub("", url) not in line]
        self._line, self._links = [], []
        line = " ".join([line, *(f"<{url}>" for url in links)]) if line and not is_empty_item else line
        cell = self._tables[-1].cell if self._tables else None
        if self._level and line:
            line = heading(self._level, line)
            if cell is not None:
                cell.holds_layout = True
        if (line and not is_empty_item) or (self._preformatted and cell is None):
            self._sink.append(line)
