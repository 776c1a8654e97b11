"""Spreadsheets (xlsx, xls, xlsb, ods), sheet by sheet, each row a line of values as the sheet shows them."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator, Sequence
from datetime import date, datetime, time, timedelta
from typing import Any

import python_calamine

from chat.documents.document import Page, Problem
from chat.documents.row_format import one_lines
from chat.extraction import refusals
from chat.extraction.layout.sheet_blocks import BEYOND, Area, repeat_labels, sheet_lines, within
from chat.extraction.office import office_encryption
from chat.extraction.office.archive import Archive
from chat.extraction.office.cells import Place
from chat.extraction.office.date_format import date_of, format_date, format_time
from chat.extraction.office.embedded import inner_files
from chat.extraction.office.number_format import format_number, is_date
from chat.extraction.office.old_boxes import count_objects
from chat.extraction.office.opendocument_forms import with_typed_cells
from chat.extraction.office.package import Package
from chat.extraction.office.sheet_asides import Beside, beside_sheets
from chat.extraction.office.sheet_grids import Value, make_grid
from chat.extraction.source import Findings, Shape, Source

WHAT = "spreadsheet"
DURATION = re.compile(r"PT(\d+)H(\d\d)M(\d\d)S")  # of ods, longer than a day
OBJECT = re.compile(r"Object \d+/content\.xml$")  # of ods
MOST_MERGED = 10_000  # areas of a sheet
DIGITS = 15  # that a spreadsheet shows of a number; what stands behind them is the rounding of computers
MEDIA_TYPES = {
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "xlsb": "application/vnd.ms-excel.sheet.binary.macroEnabled.12",
    "xls": "application/vnd.ms-excel",
    "ods": "application/vnd.oasis.opendocument.spreadsheet",
}


def read_as(kind: str, source: Source) -> Findings:
    """Yield the sheets of a workbook of this kind (a key of MEDIA_TYPES)."""
    if kind == "xls":
        source = dataclasses.replace(source, content=office_encryption.unlock_old(source))
    workbook = _open(with_typed_cells(source) if kind == "ods" else source)
    names = workbook.sheet_names
    yield Shape(MEDIA_TYPES[kind], "sheet", len(names))
    package = Package(source, WHAT) if kind in ("xlsx", "xlsb") else None
    beside = beside_sheets(kind, source, package, names)
    for name in names:
        yield from _sheet(workbook, name, beside.get(name, Beside()), source)
    if package is not None:
        yield from _inside(package)
    elif kind == "ods":
        yield from _beside_cells(source, sum(one.objects for one in beside.values()))
    elif kind == "xls" and (objects := count_objects(source.read_bytes())):
        yield Problem("embedded", (), f"Not read: {objects} embedded files or objects.")


def _inside(package: Package) -> Findings:
    """Yield the files embedded in the sheets, and a problem where there are pictures."""
    for sheet in (*package.archive.under("xl/worksheets"), *package.archive.under("xl/worksheets", ".bin")):
        yield from inner_files(package, package.relations(sheet).values())
    pictures = [name for name in package.archive.names if name.startswith("xl/media/")]
    if pictures:
        yield Problem("embedded", (), f"Not read: {len(pictures)} pictures.")


def _beside_cells(source: Source, read: int) -> Findings:
    """Yield a problem where an ods has pictures, or objects. read: how many of those were."""
    names = Archive(source, WHAT).names
    pictures = sum(name.startswith("Pictures/") for name in names)
    objects = len({name.partition("/")[0] for name in names if OBJECT.match(name)})
    found = ((pictures, "pictures"), (objects - read, "charts or other objects"))
    if told := ", ".join(f"{count} {what}" for count, what in found if count > 0):
        yield Problem("embedded", (), f"Not read: {told}.")


def _open(source: Source) -> python_calamine.CalamineWorkbook:
    try:
        with source.open() as file:
            return python_calamine.load_workbook(file)
    except python_calamine.PasswordError:
        return _open(office_encryption.unlock(source))
    except (python_calamine.CalamineError, OSError, ValueError) as error:
        raise refusals.damaged(source.name, WHAT) from error


def _sheet(workbook: python_calamine.CalamineWorkbook, name: str, beside: Beside, source: Source) -> Findings:
    lines: list[str] = []
    try:
        sheet = workbook.get_sheet_by_name(name)
        (values, lost), left, areas = _values(sheet), (sheet.start or (0, 0))[1], _merged(sheet)
        _set_dates(values, left, beside)
        yield make_grid(source.name, name, values, left, areas, beside, show)
        shown = within(_rows(values, left, beside), int(BEYOND * source.characters))
        rows = repeat_labels(list(shown), areas)
        lines = sheet_lines(map(one_lines, rows))
    except (python_calamine.CalamineError, ValueError) as error:
        yield Problem("unreadable", (name,), str(error)[:200])
    else:
        if lost:
            yield Problem("unreadable", (name,), f"{name}: {lost} rows with a date or time out of range.")
    yield Page(name, "\n".join([*lines, *beside.lines]), name)
    if beside.hidden:
        yield Problem("hidden", (name,), f"{name}: {beside.hidden}")


def _values(sheet: python_calamine.CalamineSheet) -> tuple[list[list[Any]], int]:
    """Return the rows of a sheet, and how many of them the reader refused: those are empty."""
    rows, lost, found = iter(sheet.iter_rows()), 0, list[list[Any]]()
    while True:
        try:
            found.append(next(rows))
        except StopIteration:
            return found, lost
        except OverflowError:  # a number as a duration of more than 999,999,999 days
            found.append([])
            lost += 1


def _set_dates(values: Sequence[list[Any]], left: int, beside: Beside) -> None:
    """Put dates for numbers whose format shows dates: the reader of the values lacks some of East Asia."""
    codes = {code for code in set(beside.formats.values()) if is_date(code)}
    for (row, column), code in beside.formats.items() if codes else ():
        if code in codes and row < len(values) and 0 <= column - left < len(values[row]):
            value = values[row][column - left]
            if isinstance(value, int | float) and not isinstance(value, bool):
                values[row][column - left] = date_of(value, beside.epoch) or value


def _rows(values: Sequence[Sequence[Value]], left: int, beside: Beside) -> Iterator[list[str]]:
    formulas = dict[int, dict[int, str]]()
    for (number, column), formula in sorted({**beside.formulas, **beside.errors}.items()):
        formulas.setdefault(number, {})[column] = formula
    has_forms = bool(beside.formats or beside.shown)
    for number, cells in enumerate(values):
        shown = (
            [_shown(value, (number, column), beside) for column, value in enumerate(cells, left)]
            if has_forms
            else list(map(show, cells))
        )
        yield _fill([""] * left + shown, formulas.pop(number, {}))
    for rest in formulas.values():
        yield _fill([], rest)


def _shown(value: Value, place: Place, beside: Beside) -> str:
    """Return a value as the program shows it; a format that would show nothing shows the value."""
    code = beside.formats.get(place, "")
    if isinstance(value, bool) or value is None or value == "":
        return show(value)
    if text := beside.shown.get(place):
        return text
    if isinstance(value, int | float):
        return format_number(value, code) or show(value)
    if code and isinstance(value, date):
        return format_date(value, code) or show(value)
    if code and isinstance(value, time | timedelta):
        return format_time(value, code) or show(value)
    return show(value)


def _merged(sheet: python_calamine.CalamineSheet) -> list[Area]:
    """Return the cells that are merged: first row, first column, last row, last column."""
    areas = sheet.merged_cell_ranges or []
    return [(*first, *last) for first, last in areas[:MOST_MERGED]]


def _fill(cells: list[str], formulas: dict[int, str]) -> list[str]:
    for column, formula in formulas.items():
        cells += [""] * (column + 1 - len(cells))
        cells[column] = cells[column] or formula
    return cells


def show(value: Value) -> str:
    """Return a value as a person writes it."""
    if isinstance(value, str):
        match = DURATION.fullmatch(value) if value[:2] == "PT" else None
        return ":".join(match.groups()) if match else value
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1e21 else f"{value:.{DIGITS}g}"
    if isinstance(value, datetime):
        return value.isoformat(" ", "seconds").removesuffix(" 00:00:00")
    if isinstance(value, timedelta):
        minutes, seconds = divmod(round(value.total_seconds()), 60)
        return f"{minutes // 60}:{minutes % 60:02}:{seconds:02}"
    return "" if value is None else str(value)
