"""What a workbook says beside its values: formats, errors, comments, boxes, charts, what is hidden.

The values come from another reader, which knows none of this. Where a workbook tells nothing, none is lost.
"""

from __future__ import annotations

import dataclasses
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import chain, repeat
from xml.etree.ElementTree import Element
from xml.parsers import expat

import xlrd  # type: ignore[import-untyped]

from chat.errors import AttachmentError
from chat.extraction.office import xml_tree
from chat.extraction.office.archive import Archive
from chat.extraction.office.cells import (
    Place,
    find_errors,
    find_formats,
    find_formulas,
    find_hidden,
    is_shown_otherwise,
    letters,
    number_formats,
    say_hidden,
)
from chat.extraction.office.charts import chart_lines, words_of
from chat.extraction.office.date_format import EPOCH, EPOCH_1904
from chat.extraction.office.number_format import BUILT_IN
from chat.extraction.office.old_boxes import find_boxes
from chat.extraction.office.old_formulas import find_formulas as find_old_formulas
from chat.extraction.office.old_records import read_records
from chat.extraction.office.opendocument import object_lines
from chat.extraction.office.opendocument_cells import ERROR, HIDDEN_SHEET, OpenDocumentCells, SheetCells
from chat.extraction.office.package import Package, Relation
from chat.extraction.office.slides import lines_of
from chat.extraction.source import Source

DRAWING_DEPTH = 3
HYPERLINK = re.compile(rb"<(?:\w{1,9}:)?hyperlink\s[^>]{1,2000}>")
CELL, KEY = re.compile(rb'\sref="([A-Z]{1,3}\d{1,7})'), re.compile(rb'\s\w{1,9}:id="(\w{1,40})"')
# What a comment with replies says to programs that do not know them, in any language.
FOR_OLD_PROGRAMS = re.compile(r"^\[[^\]]{1,60}\].{1,800}?linkid=870924\s+[^:：]{1,40}[:：]\s*")
MOST_LINKS = 500
MOST_OBJECTS = 200  # of a sheet
MOST_CELLS = 400_000  # of an old workbook, whose formats are looked up one by one
WHAT = "spreadsheet"


@dataclass(frozen=True)
class Beside:
    """formats: of numbers and dates, by cell. shown: numbers and dates as the file itself shows them.

    epoch: from which the days of dates count. formulas: without a stored value. objects: how many charts are
    among the lines. hidden: in words.
    """

    formats: Mapping[Place, str] = field(default_factory=dict)
    shown: Mapping[Place, str] = field(default_factory=dict)
    epoch: datetime = EPOCH
    errors: Mapping[Place, str] = field(default_factory=dict)
    formulas: Mapping[Place, str] = field(default_factory=dict)
    lines: tuple[str, ...] = ()
    objects: int = 0
    hidden: str = ""


def beside_sheets(
    kind: str, source: Source, package: Package | None, names: Sequence[str]
) -> dict[str, Beside]:
    """Return what is beside the values, by the names of the sheets."""
    if package is not None:
        return _of_package(package) if kind == "xlsx" else _of_binary_package(package, names)
    readers = {"ods": _of_opendocument, "xls": _of_old_workbook}
    return readers[kind](source) if kind in readers else {}


def _of_package(package: Package) -> dict[str, Beside]:
    part = package.main()
    relations, found = package.relations(part), dict[str, Beside]()
    styles = next((one.target for one in relations.values() if one.kind == "styles"), "")
    formats, workbook = number_formats(package, styles), package.side(part)
    properties = workbook.find("workbookPr")
    is_1904 = properties is not None and properties.get("date1904", "0") not in ("0", "false")
    for sheet in workbook.iter("sheet"):
        relation = relations.get(sheet.get("r:id", ""))
        if relation is None:
            continue
        data = package.archive.read(relation.target)
        is_hidden = sheet.get("state", "visible") != "visible"
        found[sheet.get("name", "")] = Beside(
            formats=find_formats(data, formats),
            epoch=EPOCH_1904 if is_1904 else EPOCH,
            errors=find_errors(data),
            formulas=find_formulas(data),
            lines=(
                *_around(package, relation.target, DRAWING_DEPTH),
                *_links(data, package.relations(relation.target)),
            ),
            hidden="; ".join(part for part in (HIDDEN_SHEET * is_hidden, find_hidden(data)) if part),
        )
    return found


def _of_binary_package(package: Package, names: Sequence[str]) -> dict[str, Beside]:
    """Return the charts, boxes and comments of an xlsb, whose sheets are binary; they are numbered."""
    parts = package.archive.under("xl/worksheets", ".bin")
    return {
        name: Beside(lines=tuple(_around(package, part, DRAWING_DEPTH)))
        for name, part in zip(names, parts, strict=False)
    }


def _around(package: Package, part: str, depth: int) -> Iterator[str]:
    for relation in package.relations(part).values() if depth else ():
        root = package.side(relation.target) if relation.kind in ("comments", "drawing", "chart") else None
        if root is None:
            continue
        if relation.kind == "comments":
            yield from (comment_line(one.get("ref", ""), _comment_words(one)) for one in root.iter("comment"))
        else:
            lines = chart_lines(root) if relation.kind == "chart" else lines_of(root)
            yield from (line for line in lines if line.strip())
        yield from _around(package, relation.target, depth - 1)


def _links(sheet: bytes, relations: Mapping[str, Relation]) -> Iterator[str]:
    """Yield the targets of the links of a sheet, each once, with the first cell that has it."""
    told = set[str]()
    if b"hyperlink" not in sheet:  # found at once, where the pattern takes a second of a large sheet
        return
    for link in HYPERLINK.finditer(sheet):
        place, key = CELL.search(link[0]), KEY.search(link[0])
        relation = relations.get(key[1].decode()) if key else None
        if place and relation and relation.is_outside and relation.target not in told:
            told.add(relation.target)
            yield f"Link of {place[1].decode()}: {relation.target}"
        if len(told) >= MOST_LINKS:
            return


def _comment_words(comment: Element) -> str:
    words = words_of(comment) or " ".join("".join(run.text or "" for run in comment.iter("t")).split())
    return FOR_OLD_PROGRAMS.sub("", words)


def comment_line(cell: str, words: str) -> str:
    """Return a comment with the cell that it belongs to."""
    return f"Comment on {cell}: {words}"


def _of_opendocument(source: Source) -> dict[str, Beside]:
    try:
        archive = Archive(source, WHAT)
        cells = OpenDocumentCells(archive.read("content.xml"))
        return {name: _of_open_sheet(archive, sheet) for name, sheet in cells.sheets.items()}
    except (AttachmentError, expat.ExpatError, xml_tree.BadXml, ValueError):
        return {}


def _of_open_sheet(archive: Archive, sheet: SheetCells) -> Beside:
    objects = [lines for href in sheet.objects[:MOST_OBJECTS] if (lines := _object(archive, href))]
    return Beside(
        shown=sheet.shown,
        errors={place: text for place, text in sheet.shown.items() if ERROR.fullmatch(text)},
        formulas=sheet.formulas,
        lines=(
            *(comment_line(_name(place), words) for place, words in sheet.comments),
            *sheet.boxes,
            *(line for lines in objects for line in lines),
            *(f"Link of {_name(place)}: {target}" for target, place in sheet.links.items()),
        ),
        objects=len(objects),
        hidden=sheet.hidden(),
    )


def _object(archive: Archive, href: str) -> list[str]:
    try:
        return object_lines(archive, href)
    except AttachmentError:
        return []


def _name(place: Place) -> str:
    row, column = place
    return f"{letters(column)}{row + 1}"


def _of_old_workbook(source: Source) -> dict[str, Beside]:
    """Return what xlrd knows of an xls (formats, errors, notes, what is hidden), boxes and formulas."""
    data = source.read_bytes()
    records = read_records(data)
    try:
        book = xlrd.open_workbook(file_contents=data, formatting_info=True, logfile=io.StringIO())
        boxes = chain(find_boxes(records), repeat([]))
        formulas = chain(find_old_formulas(book, records), repeat({}))
        found = {}
        for sheet, own, uncomputed in zip(book.sheets(), boxes, formulas, strict=False):
            beside = _of_old_sheet(book, sheet)
            lines = (*beside.lines, *own)
            found[sheet.name] = dataclasses.replace(beside, lines=lines, formulas=uncomputed)
        return found
    except MemoryError:
        raise
    except Exception:  # of damaged files, which its reader meets in every way that Python has
        return {}


def _of_old_sheet(book: xlrd.Book, sheet: xlrd.sheet.Sheet) -> Beside:
    formats, errors, count = dict[Place, str](), dict[Place, str](), 0
    for row in range(sheet.nrows):
        for column, kind in enumerate(sheet.row_types(row)):
            if kind == xlrd.XL_CELL_ERROR:
                errors[row, column] = xlrd.error_text_from_code.get(sheet.cell_value(row, column), "#ERROR")
            elif kind in (xlrd.XL_CELL_NUMBER, xlrd.XL_CELL_DATE) and count < MOST_CELLS:
                count += 1
                style = book.xf_list[sheet.cell_xf_index(row, column)]
                code = book.format_map[style.format_key].format_str or BUILT_IN.get(style.format_key, "")
                if is_shown_otherwise(code):
                    formats[row, column] = code
    notes = sorted((place, " ".join(note.text.split())) for place, note in sheet.cell_note_map.items())
    rows = [row + 1 for row, info in sorted(sheet.rowinfo_map.items()) if info.hidden]
    columns = [letters(column) for column, info in sorted(sheet.colinfo_map.items()) if info.hidden]
    parts = (HIDDEN_SHEET * bool(sheet.visibility), say_hidden(rows, columns))
    return Beside(
        formats=formats,
        epoch=EPOCH_1904 if book.datemode else EPOCH,
        errors=errors,
        lines=tuple(comment_line(f"{letters(column)}{row + 1}", words) for (row, column), words in notes),
        hidden="; ".join(part for part in parts if part),
    )
