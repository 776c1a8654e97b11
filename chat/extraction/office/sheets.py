"""Spreadsheets (xlsx, xls, xlsb, ods), sheet by sheet, each row a line of values as the sheet shows them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from xml.parsers import expat

import python_calamine

from chat.documents.document import Page, Problem
from chat.errors import AttachmentError
from chat.extraction import refusals
from chat.extraction.layout.sheet_blocks import Area, repeat_labels, sheet_lines
from chat.extraction.office import office_encryption, xml_tree
from chat.extraction.office.archive import Archive
from chat.extraction.office.cells import (
    OpenDocumentCells,
    Place,
    find_formulas,
    find_percents,
    percent_styles,
)
from chat.extraction.office.package import Package
from chat.extraction.office.slides import chart_lines, lines_of
from chat.extraction.source import Findings, Shape, Source

WHAT = "spreadsheet"
DRAWING_DEPTH = 3
DURATION = re.compile(r"PT(\d+)H(\d\d)M(\d\d)S")  # of ods, longer than a day
MOST_MERGED = 10_000  # areas of a sheet
DIGITS = 15  # that a spreadsheet shows of a number; what stands behind them is the rounding of computers
PERCENT_DECIMALS = 4
MEDIA_TYPES = {
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "xlsb": "application/vnd.ms-excel.sheet.binary.macroEnabled.12",
    "xls": "application/vnd.ms-excel",
    "ods": "application/vnd.oasis.opendocument.spreadsheet",
}
Value = int | float | str | bool | time | date | datetime | timedelta | None


@dataclass(frozen=True)
class _Beside:
    """What a sheet says that is no value: percents and formulas of its cells; comments, boxes and charts."""

    percents: frozenset[Place] = frozenset()
    formulas: Mapping[Place, str] = field(default_factory=dict)
    lines: tuple[str, ...] = ()


def read_as(kind: str, source: Source) -> Findings:
    """Yield the sheets of a workbook of this kind (a key of MEDIA_TYPES)."""
    workbook = _open(source)
    names = workbook.sheet_names
    yield Shape(MEDIA_TYPES[kind], "sheet", len(names))
    beside = _beside(source) if kind == "xlsx" else _beside_ods(source) if kind == "ods" else {}
    for name in names:
        yield from _sheet(workbook, name, beside.get(name, _Beside()))


def _open(source: Source) -> python_calamine.CalamineWorkbook:
    try:
        with source.open() as file:
            return python_calamine.load_workbook(file)
    except python_calamine.PasswordError:
        return _open(office_encryption.unlock(source))
    except (python_calamine.CalamineError, OSError, ValueError) as error:
        raise refusals.damaged(source.name, WHAT) from error


def _sheet(workbook: python_calamine.CalamineWorkbook, name: str, beside: _Beside) -> Findings:
    lines: list[str] = []
    try:
        sheet = workbook.get_sheet_by_name(name)
        rows = repeat_labels(list(_rows(sheet, beside)), _merged(sheet))
        lines = sheet_lines([" ".join(cell.split()) for cell in row] for row in rows)
    except (python_calamine.CalamineError, ValueError) as error:
        yield Problem("unreadable", (name,), str(error)[:200])
    yield Page(name, "\n".join([*lines, *beside.lines]), name)


def _beside(source: Source) -> dict[str, _Beside]:
    package = Package(source, WHAT)
    part = package.main()
    relations, found = package.relations(part), dict[str, _Beside]()
    styles = next((one.target for one in relations.values() if one.kind == "styles"), "")
    percents = percent_styles(package, styles)
    for sheet in package.side(part).iter("sheet"):
        relation = relations.get(sheet.get("r:id", ""))
        if relation is not None:
            data = package.archive.read(relation.target)
            lines = tuple(_around(package, relation.target, DRAWING_DEPTH))
            cells = frozenset(find_percents(data, percents))
            found[sheet.get("name", "")] = _Beside(cells, find_formulas(data), lines)
    return found


def _beside_ods(source: Source) -> dict[str, _Beside]:
    try:
        percents = OpenDocumentCells(Archive(source, WHAT).read("content.xml")).percents
    except (
        AttachmentError,
        expat.ExpatError,
        xml_tree.BadXml,
        ValueError,
    ):  # what is left are the values alone
        return {}
    return {name: _Beside(frozenset(cells)) for name, cells in percents.items()}


def _around(package: Package, part: str, depth: int) -> Iterator[str]:
    for relation in package.relations(part).values() if depth else ():
        if relation.kind in ("comments", "drawing", "chart"):
            root = package.side(relation.target)
            lines = chart_lines(root) if relation.kind == "chart" else lines_of(root)
            yield from (line for line in lines if line.strip())
            yield from _around(package, relation.target, depth - 1)


def _rows(sheet: python_calamine.CalamineSheet, beside: _Beside) -> Iterator[list[str]]:
    left, formulas = (sheet.start or (0, 0))[1], dict[int, dict[int, str]]()
    for (number, column), formula in sorted(beside.formulas.items()):
        formulas.setdefault(number, {})[column] = formula
    for number, values in enumerate(sheet.iter_rows()):
        shown = [""] * left + [
            show(value, is_percent=(number, column) in beside.percents)
            for column, value in enumerate(values, left)
        ]
        yield _fill(shown, formulas.pop(number, {}))
    for rest in formulas.values():
        yield _fill([], rest)


def _merged(sheet: python_calamine.CalamineSheet) -> list[Area]:
    """Return the cells that are merged: first row, first column, last row, last column."""
    areas = sheet.merged_cell_ranges or []
    return [(*first, *last) for first, last in areas[:MOST_MERGED]]


def _fill(cells: list[str], formulas: dict[int, str]) -> list[str]:
    for column, formula in formulas.items():
        cells += [""] * (column + 1 - len(cells))
        cells[column] = cells[column] or formula
    return cells


def show(value: Value, *, is_percent: bool = False) -> str:
    """Return a value as a person writes it."""
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if is_percent and isinstance(value, int | float):
        return f"{round(value * 100, PERCENT_DECIMALS):.{DIGITS}g}%"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1e21 else f"{value:.{DIGITS}g}"
    if isinstance(value, datetime):
        return value.isoformat(" ", "seconds").removesuffix(" 00:00:00")
    if isinstance(value, timedelta):
        minutes, seconds = divmod(round(value.total_seconds()), 60)
        return f"{minutes // 60}:{minutes % 60:02}:{seconds:02}"
    if isinstance(value, str) and (match := DURATION.fullmatch(value)):
        return ":".join(match.groups())
    return "" if value is None else str(value)
