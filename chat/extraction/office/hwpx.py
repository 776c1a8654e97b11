"""Hangul's hwpx, a zip of XML: paragraphs, tables, notes, formulas of its sections (KS X 6101)."""

from __future__ import annotations

from collections.abc import Iterator
from xml.etree.ElementTree import Element

from chat.documents.document import Page, Problem
from chat.extraction import refusals
from chat.extraction.layout.grid import SpanningCell, cell_text, table_lines
from chat.extraction.office import xml_tree
from chat.extraction.office.archive import Archive
from chat.extraction.office.package import members
from chat.extraction.source import Findings, Shape, Source

MEDIA_TYPE = "application/hwp+zip"
WHAT = "Hangul file"
FOLDER = "Contents"
BREAKS = {"lineBreak": "\n", "tab": "\t", "nbSpace": " ", "fwSpace": " ", "hyphen": "-"}
ASIDES = frozenset({"subList", "tbl", "p", "drawText"})


def read(source: Source) -> Findings:
    """Yield the one page of a document."""
    archive = Archive(source, WHAT)
    sections = [name for name in archive.under(FOLDER) if "/section" in name]
    if not sections:
        raise refusals.damaged(source.name, WHAT)
    yield Shape(MEDIA_TYPE)
    lines, broken = list[str](), 0
    for name in sections:
        try:
            lines.extend(_lines(xml_tree.parse(archive.read(name))))
        except xml_tree.BadXml:
            broken += 1
    if broken == len(sections):
        raise refusals.damaged(source.name, WHAT)
    yield Page("", "\n".join(lines))
    if broken:
        yield Problem("unreadable", (), f"{broken} sections are damaged.")
    if pictures := len([name for name in archive.names if name.startswith("BinData/")]):
        yield Problem("embedded", (), f"Not read: {pictures} pictures or embedded files.")


def _lines(element: Element) -> Iterator[str]:
    for child in element:
        if child.tag == "p":
            yield from _paragraph(child)
        elif child.tag == "tbl":
            yield from table_lines([list(_cells(row)) for row in members(child, "tr")])
        else:
            yield from _lines(child)


def _paragraph(paragraph: Element) -> Iterator[str]:
    asides: list[Element] = []
    text = "".join(_runs(paragraph, asides))
    if text.strip() or not asides:
        yield text
    for aside in asides:
        box = Element("box")
        box.append(aside)
        yield from _lines(box)


def _runs(element: Element, asides: list[Element]) -> Iterator[str]:
    for child in element:
        if child.tag == "t":
            yield _text(child)
        elif child.tag in ASIDES:
            asides.append(child)
        elif child.tag == "script":  # of a formula, in Hangul's own language
            yield f" {child.text or ''} "
        else:
            yield from _runs(child, asides)


def _text(run: Element) -> str:
    parts = [run.text or ""]
    for child in run:
        parts += [
            BREAKS.get(child.tag, ""),
            _text(child) if child.tag not in BREAKS else "",
            child.tail or "",
        ]
    return "".join(parts)


def _cells(row: Element) -> Iterator[SpanningCell]:
    for cell in members(row, "tc"):
        span = cell.find("cellSpan")
        columns, rows = (
            int(value) if value.isdigit() and len(value) < 5 else 1
            for value in (
                ("1", "1") if span is None else (span.get("colSpan", "1"), span.get("rowSpan", "1"))
            )
        )
        text = cell_text(_lines(cell), holds_table=cell.find(".//tbl") is not None)
        yield SpanningCell(text, columns, rows, cell.get("header") == "1")
