"""The body of a part of a Word file as lines: paragraphs, tables, boxes, formulas, charts, signs.

What belongs beside the text (marks of notes, comments, changes) is gathered in an `Asides`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import takewhile
from xml.etree.ElementTree import Element

from chat.extraction import formulas
from chat.extraction.layout.grid import SpanningCell, cell_text, is_grid, table_lines
from chat.extraction.office import word_signs
from chat.extraction.office.charts import chart_lines, diagram_lines
from chat.extraction.office.numbering import Numbering
from chat.extraction.office.package import Package, heading, members
from chat.extraction.office.word_asides import Asides
from chat.extraction.raised import lowered, raised, struck, write_raised

SKIPPED = frozenset(
    {"Fallback", "instrText", "delText", "delInstrText", "rPr", "sectPr", "tblPr", "tcPr", "trPr", "sdtPr"}
)
DELETED, INSERTED = frozenset({"del", "moveFrom"}), frozenset({"ins"})
BREAKS = {"tab": "\t", "ptab": "\t", "br": "\n", "cr": "\n", "noBreakHyphen": "-", "softHyphen": ""}
BLOCKS = frozenset({"p", "tbl", "txbxContent", "chart", "relIds"})
NOTE_MARKS = {"footnoteReference": "footnotes", "endnoteReference": "endnotes"}
OFF = ("0", "false", "off")
BUTTON = re.compile(r"\s*MACROBUTTON\s+\S+\s+(.*\S)", re.DOTALL)  # its words are in its instruction
STRUCK = ("strike", "dstrike")
LINK_FIELD = re.compile(r'\bHYPERLINK\s+"((?:https?|ftp|mailto|tel):[^"\s]{1,2000})"', re.IGNORECASE)


@dataclass(frozen=True)
class Styles:
    """levels: of the styles that are headings. runs: the properties of the styles of characters."""

    levels: Mapping[str, int]
    runs: Mapping[str, Element]


class WordBody:
    """Walks parts. part: whose relations name links and charts."""

    def __init__(
        self, package: Package, part: str, styles: Styles, numbering: Numbering, asides: Asides
    ) -> None:
        self._package, self._styles, self._numbering, self.asides = package, styles, numbering, asides
        self._relations = package.relations(part)

    def beside(self, part: str) -> WordBody:
        """Return a walker of another part of the same file."""
        return WordBody(self._package, part, self._styles, self._numbering, self.asides)

    def lines(self, element: Element) -> Iterator[str]:
        """Yield a line for each paragraph and each row of a table."""
        for child in element:
            if child.tag in SKIPPED or child.tag in DELETED:
                self._note_change(child)
            elif child.tag == "p":
                yield from self._paragraph(child)
            elif child.tag == "tbl":
                yield from self._table(child)
            elif child.tag in ("chart", "relIds"):
                yield from self._graphic(child)
            else:
                self._note_comment(child)
                yield from self.lines(child)

    def _paragraph(self, paragraph: Element) -> Iterator[str]:
        boxes: list[Element] = []
        text = write_raised("".join(self._runs(paragraph, boxes)))
        if mark := self._numbering.mark(paragraph):
            text = f"{mark} {text}" if text.strip() else text
        style = value_of(paragraph.find("pPr/pStyle"))
        outline = value_of(paragraph.find("pPr/outlineLvl"))
        level = self._styles.levels.get(style) or (
            int(outline) + 1 if outline.isdigit() and int(outline) < 6 else 0
        )
        urls = [url for url in self._urls(paragraph) if url not in text]
        line = heading(level, text) if level else text
        yield " ".join([line, *(f"<{url}>" for url in urls)])
        for box in boxes:
            yield from self.lines(box)

    def _runs(self, element: Element, boxes: list[Element]) -> Iterator[str]:
        for child in element:
            if child.tag == "instrText" and (button := BUTTON.match(child.text or "")):
                yield self.asides.take(button[1])
            elif child.tag in SKIPPED or child.tag in DELETED or child.tag == "pPr":
                self._note_change(child)
            elif child.tag == "t":
                yield self.asides.take(child.text or "")
            elif child.tag in BREAKS:
                yield self.asides.take(BREAKS[child.tag])
            elif child.tag in BLOCKS:
                boxes.append(child if child.tag == "txbxContent" else _wrapped(child))
            elif child.tag == "r":
                yield self._run(child, boxes)
            elif child.tag == "ruby":
                base, reading = (_text_of(child.find(name)) for name in ("rubyBase", "rt"))
                yield f"{base}({reading})" if reading else base
            else:
                yield self._sign(child)
                if child.tag not in ("oMath", "sym", "fldChar"):
                    text = "".join(self._runs(child, boxes))
                    if child.tag in INSERTED:
                        self.asides.change(child.get("author", ""), "inserted", text)
                    yield text

    def _run(self, run: Element, boxes: list[Element]) -> str:
        text = "".join(self._runs(run, boxes))
        properties = run.find("rPr")
        if properties is None or not text:
            return text
        style = self._styles.runs.get(value_of(properties.find("rStyle")), properties)
        named = {one.tag: one for one in (*style, *properties)}
        self.asides.has_hidden = self.asides.has_hidden or _is_on(named.get("vanish"))
        if any(_is_on(named.get(name)) for name in STRUCK):
            text = struck(text)
        place = value_of(named.get("vertAlign"))
        if place in ("superscript", "subscript") and not text.startswith("[^"):
            return raised(text) if place == "superscript" else lowered(text)
        return text

    def _sign(self, child: Element) -> str:
        """Return what an element other than text shows; empty for one that only holds others."""
        self._note_comment(child)
        if child.tag == "oMath":
            return formulas.from_omml(child)
        if child.tag == "sym":
            return word_signs.symbol(child)
        if child.tag == "fldChar":
            return word_signs.form_field(child)
        if child.tag == "textpath":
            return child.get("string", "")
        if child.tag in NOTE_MARKS and child.get("customMarkFollows") is None:
            return self.asides.mark_note(NOTE_MARKS[child.tag], child.get("id", ""))
        return ""

    def _note_comment(self, child: Element) -> None:
        if child.tag == "commentRangeStart":
            self.asides.begin_comment(child.get("id", ""))
        elif child.tag == "commentRangeEnd":
            self.asides.end_comment(child.get("id", ""))

    def _note_change(self, child: Element) -> None:
        if child.tag == "del":
            text = "".join(run.text or "" for run in child.iter() if run.tag in ("delText", "t"))
            self.asides.change(child.get("author", ""), "deleted", text)

    def _graphic(self, shown: Element) -> Iterator[str]:
        """Yield the lines of a chart or a diagram, which are parts of their own."""
        relation = self._relations.get(shown.get("r:id", "") or shown.get("r:dm", ""))
        if relation is not None and not relation.is_outside:
            root = self._package.side(relation.target)
            yield from chart_lines(root) if shown.tag == "chart" else diagram_lines(root)

    def _table(self, table: Element) -> Iterator[str]:
        rows = []
        for row in members(table, "tr"):
            if row.find("trPr/del") is None:
                rows.append(row)
            else:
                for change in row.findall(".//p/del"):
                    self._note_change(change)
        if table.find("tr/tc//tbl/tr[2]") is not None and not _has_values(rows):
            for row in rows:  # a table that holds tables lays out a page
                for cell in members(row, "tc"):
                    yield from self.lines(cell)
            return
        header = sum(1 for _ in takewhile(lambda row: row.find("trPr/tblHeader") is not None, rows))
        yield from table_lines([list(self._cells(row)) for row in _with_spans(rows)], header)

    def _cells(self, row: Element) -> Iterator[SpanningCell]:
        before = _number(row.find("trPr/gridBefore"), 0)
        if before:
            yield SpanningCell("", before)
        for cell in members(row, "tc"):
            if cell.get("is_covered"):
                continue
            text = cell_text(self.lines(cell), holds_table=cell.find(".//tbl") is not None)
            yield SpanningCell(text, _number(cell.find("tcPr/gridSpan"), 1), int(cell.get("rows", "1")))

    def _urls(self, paragraph: Element) -> Iterator[str]:
        fields = [one.get("instr", "") for one in paragraph.iter("fldSimple")]
        fields.append("".join(one.text or "" for one in paragraph.iter("instrText")))
        yield from (url for field in fields for url in LINK_FIELD.findall(field))
        for link in paragraph.iter("hyperlink"):
            target = self._relations.get(link.get("r:id", ""))
            if target is not None and target.is_outside:
                yield target.target


def _has_values(rows: list[Element]) -> bool:
    """Whether a table that holds tables has values all the same."""
    cells = [list(members(row, "tc")) for row in rows]
    divided = sum(cell.find(".//tbl/tr[2]") is not None for row in cells for cell in row)
    return is_grid([list(map(_plain_cell, row)) for row in cells], divided)


def _plain_cell(cell: Element) -> SpanningCell:
    return SpanningCell(_text_of(cell), _number(cell.find("tcPr/gridSpan"), 1))


def value_of(element: Element | None) -> str:
    """Return the `val` of an element; empty where there is none."""
    return "" if element is None else element.get("val", "")


def _is_on(element: Element | None) -> bool:
    return element is not None and element.get("val", "1") not in OFF


def _text_of(element: Element | None) -> str:
    return "" if element is None else "".join(run.text or "" for run in element.iter("t"))


def _wrapped(element: Element) -> Element:
    box = Element("box")
    box.append(element)
    return box


def _number(element: Element | None, default: int) -> int:
    value = value_of(element)
    return int(value) if value.isdigit() and len(value) < 6 else default


def _with_spans(rows: list[Element]) -> list[Element]:
    """Count in each cell the rows that it spans, and leave out the cells below that belong to it."""
    open_cells: dict[int, Element] = {}
    for row in rows:
        column = _number(row.find("trPr/gridBefore"), 0)
        for cell in list(members(row, "tc")):
            merge = cell.find("tcPr/vMerge")
            first = open_cells.get(column)
            if merge is not None and value_of(merge) != "restart" and first is not None:
                first.set("rows", str(int(first.get("rows", "1")) + 1))
                cell.set("is_covered", "1")
            else:
                open_cells[column] = cell
            column += _number(cell.find("tcPr/gridSpan"), 1)
    return rows
