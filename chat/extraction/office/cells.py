"""What spreadsheets say of cells beside their values: formats, errors, hidden rows, formulas without a value.

Looked for in the bytes of a sheet, or while it is parsed: as a tree it would fill the memory. Knows no value.
"""

from __future__ import annotations

import html
import re
from collections.abc import Mapping, Sequence

from chat.extraction.office.date_format import is_shown_date, is_shown_time
from chat.extraction.office.number_format import BUILT_IN, is_eastern_date, is_interesting
from chat.extraction.office.package import Package

MOST_FORMATTED = 400_000  # cells of a sheet: a place and its format take memory
MOST_TOLD = 20  # stretches of hidden rows
COLUMN_BYTES = 200_000  # columns are told at the beginning of a sheet
FORMULA_CHARACTERS = 500
_PLACE = rb'[^>]{0,300}?\br="([A-Z]{1,3})(\d{1,7})"[^>]{0,300}'
_CELL = rb"<(?:\w{1,9}:)?c\s"
_FORMULA = re.compile(
    _CELL + _PLACE + rb">\s*<(?:\w{1,9}:)?f\b[^>]{0,200}>([^<]{1,%d})</(?:\w{1,9}:)?f>"
    rb"\s*(<(?:\w{1,9}:)?v\s*(?:/>|></(?:\w{1,9}:)?v>))?\s*</(?:\w{1,9}:)?c>" % FORMULA_CHARACTERS
)
_TEXT = re.compile(rb'[^>]{0,600}?\bt="str"')  # of a formula, whose value may be empty
_STYLED = re.compile(_CELL + rb'(?=[^>]{0,300}?\bs="(\d{1,6})")' + _PLACE)
_ERROR = re.compile(
    _CELL
    + rb'(?=[^>]{0,300}?\bt="e")'
    + _PLACE
    + rb">\s*(?:<(?:\w{1,9}:)?f\b[^>]{0,300}(?:/>|>[^<]{0,8000}</(?:\w{1,9}:)?f>))?"
    rb"\s*<(?:\w{1,9}:)?v>([^<]{1,40})<"
)
_HIDDEN_ROW = re.compile(
    rb'<(?:\w{1,9}:)?row\s(?=[^>]{0,500}?\bhidden="(?:1|true)")[^>]{0,500}?\br="(\d{1,7})"'
)
_HIDDEN_COLUMN = re.compile(
    rb'<(?:\w{1,9}:)?col\s(?=[^>]{0,500}?\bhidden="(?:1|true)")'
    rb'(?=[^>]{0,500}?\bmin="(\d{1,5})")[^>]{0,500}?\bmax="(\d{1,5})"'
)

Place = tuple[int, int]  # row and column, from 0


def number_formats(package: Package, part: str) -> dict[int, str]:
    """Return the format of each style that shows numbers or dates in a way of its own. part: the styles'."""
    root = package.side(part)
    codes = {one.get("numFmtId", ""): one.get("formatCode", "") for one in root.iter("numFmt")}
    found = {}
    for number, one in enumerate(root.findall("cellXfs/xf")):
        key = one.get("numFmtId", "")
        code = codes.get(key) or BUILT_IN.get(int(key) if key.isdigit() else 0, "")
        if is_shown_otherwise(code):
            found[number] = code
    return found


def is_shown_otherwise(code: str) -> bool:
    """Whether a format shows numbers, dates or times in another way than the reader of the values."""
    return is_interesting(code) or is_shown_date(code) or is_shown_time(code) or is_eastern_date(code)


def find_formats(sheet: bytes, formats: Mapping[int, str]) -> dict[Place, str]:
    """Return the format of each cell that has one of these styles."""
    found: dict[Place, str] = {}
    for cell in _STYLED.finditer(sheet) if formats else ():
        code = formats.get(int(cell[1]))
        if code is not None:
            found[_place(cell[2], cell[3])] = code
            if len(found) >= MOST_FORMATTED:
                break
    return found


def find_errors(sheet: bytes) -> dict[Place, str]:
    """Return the errors that cells show, such as #DIV/0!."""
    return {
        _place(found[1], found[2]): html.unescape(found[3].decode("utf-8", "replace"))
        for found in (_ERROR.finditer(sheet) if b't="e"' in sheet else ())
    }


def find_hidden(sheet: bytes) -> str:
    """Return which rows and columns of a sheet are hidden, in words; empty where none is."""
    if b'hidden="' not in sheet:
        return ""
    rows = [int(found[1]) for found in _HIDDEN_ROW.finditer(sheet)]
    columns = [
        f"{letters(int(first) - 1)}–{letters(int(last) - 1)}" if first != last else letters(int(first) - 1)
        for first, last in (found.groups() for found in _HIDDEN_COLUMN.finditer(sheet[:COLUMN_BYTES]))
    ]
    return say_hidden(rows, columns)


def say_hidden(rows: Sequence[int], columns: Sequence[str]) -> str:
    """Return hidden rows (from 1) and columns in words."""
    spans: list[list[int]] = []
    for row in rows:
        if spans and row == spans[-1][1] + 1:
            spans[-1][1] = row
        else:
            spans.append([row, row])
    told = [f"{first}–{last}" if first != last else str(first) for first, last in spans]
    parts = [
        f"hidden {what} {', '.join(names[:MOST_TOLD])}{' …' if len(names) > MOST_TOLD else ''}"
        for what, names in (("rows", told), ("columns", columns))
        if names
    ]
    return "; ".join(parts)


def letters(column: int) -> str:
    """Return the name of a column, which counts from 0: A, Z, AA."""
    name, column = "", column + 1
    while column:
        column, place = divmod(column - 1, 26)
        name = chr(ord("A") + place) + name
    return name


def find_formulas(sheet: bytes) -> dict[Place, str]:
    """Return the formulas without a value: programs that write spreadsheets leave computing to Excel."""
    has_any = b"<f" in sheet or b":f" in sheet
    found = _FORMULA.finditer(sheet) if has_any else ()
    return {
        _place(one[1], one[2]): "=" + html.unescape(one[3].decode("utf-8", "replace"))
        for one in found
        if not (one[4] and _TEXT.match(one[0]))
    }


def _place(column: bytes, row: bytes) -> Place:
    number = 0
    for letter in column:
        number = number * 26 + letter - ord("A") + 1
    return int(row) - 1, number - 1
