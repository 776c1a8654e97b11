"""Spreadsheets (xlsx, xls, xlsb, ods), sheet by sheet, each row a line of values as the sheet shows them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta

import python_calamine

from chat.documents import Page, Problem
from chat.extraction import locks, refusals
from chat.extraction.package import Package, row
from chat.extraction.slides import chart_lines, lines_of
from chat.extraction.source import Findings, Shape, Source

WHAT = "spreadsheet"
DRAWING_DEPTH = 3
MEDIA_TYPES = {
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "xlsb": "application/vnd.ms-excel.sheet.binary.macroEnabled.12",
    "xls": "application/vnd.ms-excel",
    "ods": "application/vnd.oasis.opendocument.spreadsheet",
}
Value = int | float | str | bool | time | date | datetime | timedelta | None


def read_as(kind: str, source: Source) -> Findings:
    """Yield the sheets of a workbook of this kind (a key of MEDIA_TYPES)."""
    workbook = _open(source)
    names = workbook.sheet_names
    yield Shape(MEDIA_TYPES[kind], "sheet", len(names))
    beside = _beside(source) if kind == "xlsx" else {}
    for name in names:
        yield from _sheet(workbook, name, beside.get(name, []))


def _open(source: Source) -> python_calamine.CalamineWorkbook:
    try:
        with source.open() as file:
            return python_calamine.load_workbook(file)
    except python_calamine.PasswordError:
        return _open(locks.unlock(source))
    except (python_calamine.CalamineError, OSError, ValueError) as error:
        raise refusals.damaged(source.name, WHAT) from error


def _sheet(workbook: python_calamine.CalamineWorkbook, name: str, beside: list[str]) -> Findings:
    lines: list[str] = []
    try:
        lines = list(_rows(workbook.get_sheet_by_name(name)))
    except (python_calamine.CalamineError, ValueError) as error:
        yield Problem("unreadable", (name,), str(error)[:200])
    yield Page(name, "\n".join([*lines, *beside]), name)


def _beside(source: Source) -> dict[str, list[str]]:
    """Return, for each sheet, the text of its comments, text boxes and charts."""
    package = Package(source, WHAT)
    part = package.main()
    relations, found = package.relations(part), dict[str, list[str]]()
    for sheet in package.side(part).iter("sheet"):
        relation = relations.get(sheet.get("r:id", ""))
        if relation is not None:
            found[sheet.get("name", "")] = list(_around(package, relation.target, DRAWING_DEPTH))
    return found


def _around(package: Package, part: str, depth: int) -> Iterator[str]:
    for relation in package.relations(part).values() if depth else ():
        if relation.kind in ("comments", "drawing", "chart"):
            root = package.side(relation.target)
            lines = chart_lines(root) if relation.kind == "chart" else lines_of(root)
            yield from (line for line in lines if line.strip())
            yield from _around(package, relation.target, depth - 1)


def _rows(sheet: python_calamine.CalamineSheet) -> Iterator[str]:
    for values in sheet.iter_rows():
        if line := row(show(value) for value in values):
            yield line


def show(value: Value) -> str:
    """Return a value as a person writes it."""
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1e21 else repr(value)
    if isinstance(value, datetime):
        return value.isoformat(" ").removesuffix(" 00:00:00")
    return "" if value is None else str(value)
