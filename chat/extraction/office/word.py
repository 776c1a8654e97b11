"""Word's docx: paragraphs, tables, text boxes, notes, comments, headers and footers."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import takewhile
from xml.etree.ElementTree import Element

from chat.documents.document import Page, Problem
from chat.extraction.layout.grid import SpanningCell, cell_text, table_lines
from chat.extraction.office.numbering import Numbering
from chat.extraction.office.package import Package, Relation, heading, members
from chat.extraction.source import Findings, Shape, Source

MEDIA_TYPE = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
SIDE_PARTS = ("header", "footnotes", "endnotes", "comments", "footer")
SKIPPED = frozenset(
    {"Fallback", "instrText", "delText", "rPr", "sectPr", "del", "moveFrom", "tblPr", "tcPr", "trPr"}
)
BREAKS = {"tab": "\t", "br": "\n", "cr": "\n", "noBreakHyphen": "-", "softHyphen": ""}
BLOCKS = frozenset({"p", "tbl", "txbxContent"})
HEADING = re.compile(r"^(?:heading|berschrift|titre|标题)\s*(\d)$", re.IGNORECASE)


def read(source: Source) -> Findings:
    """Yield the one page of a document."""
    package = Package(source, "Word file")
    part = package.main()
    relations = package.relations(part)
    body = package.root(part)
    yield Shape(MEDIA_TYPE)
    parts = {found.kind: found.target for found in relations.values()}
    styles = package.side(parts.get("styles", ""))
    levels, numbering = _levels(styles), Numbering(package.side(parts.get("numbering", "")), styles)
    lines = list(_Body(levels, numbering, relations).lines(body))
    for kind in SIDE_PARTS:
        for target in sorted({found.target for found in relations.values() if found.kind == kind}):
            side = _Body(levels, numbering, package.relations(target))
            lines.extend(side.lines(package.side(target)))
    yield Page("", "\n".join(lines))
    kinds = [found.kind for found in relations.values()]
    pictures, inside = kinds.count("image"), kinds.count("oleObject") + kinds.count("package")
    if pictures or inside:
        yield Problem("embedded", (), f"Not read: {pictures} pictures, {inside} embedded files.")


def _levels(styles: Element) -> dict[str, int]:
    """Return the level of each style that is a heading, by its id."""
    levels: dict[str, int] = {}
    for style in styles.iter("style"):
        name = _value(style.find("name"))
        outline = style.find("pPr/outlineLvl")
        match = HEADING.match(name)
        if match or outline is not None:
            number = match.group(1) if match else _value(outline)
            level = int(number) if number.isdigit() else 9
            levels[style.get("styleId", "")] = level if match else level + 1
        elif name.lower() == "title":
            levels[style.get("styleId", "")] = 1
    return {style: level for style, level in levels.items() if level <= 6}


def _value(element: Element | None) -> str:
    return "" if element is None else element.get("val", "")


class _Body:
    """Walks a part. levels: of the styles that are headings; relations: of the part, for its links."""

    def __init__(self, levels: dict[str, int], numbering: Numbering, relations: dict[str, Relation]) -> None:
        self._levels, self._numbering, self._relations = levels, numbering, relations

    def lines(self, element: Element) -> Iterator[str]:
        """Yield a line for each paragraph and each row of a table."""
        for child in element:
            if child.tag in SKIPPED:
                continue
            if child.tag == "p":
                yield from self._paragraph(child)
            elif child.tag == "tbl":
                yield from self._table(child)
            else:
                yield from self.lines(child)

    def _paragraph(self, paragraph: Element) -> Iterator[str]:
        boxes: list[Element] = []
        text = "".join(self._runs(paragraph, boxes))
        if mark := self._numbering.mark(paragraph):
            text = f"{mark} {text}" if text.strip() else text
        style = _value(paragraph.find("pPr/pStyle"))
        outline = _value(paragraph.find("pPr/outlineLvl"))
        level = self._levels.get(style) or (int(outline) + 1 if outline.isdigit() and int(outline) < 6 else 0)
        urls = [url for url in self._urls(paragraph) if url not in text]
        line = heading(level, text) if level else text
        yield " ".join([line, *(f"<{url}>" for url in urls)])
        for box in boxes:
            yield from self.lines(box)

    def _runs(self, element: Element, boxes: list[Element]) -> Iterator[str]:
        for child in element:
            if child.tag in SKIPPED or child.tag == "pPr":
                continue
            if child.tag == "t":
                yield child.text or ""
            elif child.tag in BREAKS:
                yield BREAKS[child.tag]
            elif child.tag in BLOCKS:
                boxes.append(child if child.tag == "txbxContent" else _wrapped(child))
            else:
                yield from self._runs(child, boxes)

    def _table(self, table: Element) -> Iterator[str]:
        rows = list(members(table, "tr"))
        if table.find("tr/tc//tbl/tr[2]") is not None:
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
        for link in paragraph.iter("hyperlink"):
            target = self._relations.get(link.get("r:id", ""))
            if target is not None and target.is_outside:
                yield target.target


def _wrapped(element: Element) -> Element:
    box = Element("box")
    box.append(element)
    return box


def _number(element: Element | None, default: int) -> int:
    value = _value(element)
    return int(value) if value.isdigit() and len(value) < 6 else default


def _with_spans(rows: list[Element]) -> list[Element]:
    """Count in each cell the rows that it spans, and leave out the cells below that belong to it."""
    open_cells: dict[int, Element] = {}
    for row in rows:
        column = _number(row.find("trPr/gridBefore"), 0)
        for cell in list(members(row, "tc")):
            merge = cell.find("tcPr/vMerge")
            first = open_cells.get(column)
            if merge is not None and _value(merge) != "restart" and first is not None:
                first.set("rows", str(int(first.get("rows", "1")) + 1))
                cell.set("is_covered", "1")
            else:
                open_cells[column] = cell
            column += _number(cell.find("tcPr/gridSpan"), 1)
    return rows
