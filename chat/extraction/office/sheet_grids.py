"""The cells of a sheet as a grid: numbers as values, words as they stand. Knows no file."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, time, timedelta

from chat.documents.row_format import one_line
from chat.extraction.layout.sheet_blocks import Area
from chat.extraction.office.number_format import is_date
from chat.extraction.office.sheet_asides import Beside
from chat.numbers import cell_grid as grids
from chat.numbers.cell_grid import Grid

Value = int | float | str | bool | time | date | datetime | timedelta | None
MONEY = ("$", "€", "£", "¥", "￥", "CHF", "EUR", "USD")
DURATION = "PT"  # as calamine begins one
LARGEST_WHOLE = 1e21  # that is written with all its digits
MOST_SHARED = 0.5  # of the formatted cells of a column


def make_grid(
    file: str, name: str, rows: Sequence[Sequence[Value]], left: int, areas: Sequence[Area], beside: Beside,
    show: Callable[[Value], str],
) -> Grid:  # fmt: skip
    """Return a sheet as a grid. left: the first column that has a cell; areas: its merged cells."""
    shown = [[*[""] * left, *_plain_row(row, show)] for row in rows]
    _fill_down(shown, areas)
    return Grid(
        file=file,
        name=name,
        page=name,
        rows=shown,
        formats=_formats(beside.formats, beside.shown),
        merged=areas,
        remark="; ".join(_remarks(beside)),
        is_plain=False,
    )


def _plain_row(row: Sequence[Value], show: Callable[[Value], str]) -> list[str]:
    """Return cells as plain texts. Words and numbers, which most are, need no call of a function of ours."""
    return [
        (value if value.isprintable() and " " not in value and value[:2] != DURATION else _plain(value, show))
        if type(value) is str
        else (repr(value) if value % 1 else str(int(value)))
        if type(value) is float and -LARGEST_WHOLE < value < LARGEST_WHOLE
        else _plain(value, show)
        for value in row
    ]


def _plain(value: Value, show: Callable[[Value], str]) -> str:
    if isinstance(value, float) and not value.is_integer():
        return repr(value)
    return one_line(show(value))


def _fill_down(rows: list[list[str]], areas: Sequence[Area]) -> None:
    """Repeat words that stand once for several rows in each of them."""
    for top, column, bottom, _ in areas:
        if top >= len(rows) or bottom == top or column >= len(rows[top]):
            continue
        cell = rows[top][column]
        if cell and not _is_number(cell):
            for row in rows[top + 1 : bottom + 1]:
                if column < len(row):
                    row[column] = row[column] or cell


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


def _formats(formats: Mapping[tuple[int, int], str], shown: Mapping[tuple[int, int], str]) -> dict[int, str]:
    """Return the columns that are shown as percentages or money."""
    kinds, counts = Counter[tuple[int, str]](), Counter[int]()
    codes = Counter((column, code) for cells in (formats, shown) for (_, column), code in cells.items())
    for (column, code), count in codes.items():
        counts[column] += count
        kinds[column, _kind(code)] += count
    return {
        column: kind
        for (column, kind), count in kinds.items()
        if kind and count > MOST_SHARED * counts[column]
    }


def _kind(text: str) -> str:
    if is_date(text):
        return ""
    if "%" in text:
        return grids.PERCENT
    return grids.CURRENCY if any(sign in text for sign in MONEY) else ""


def _remarks(beside: Beside) -> list[str]:
    remarks = [beside.hidden] if beside.hidden else []
    if beside.formulas:
        remarks.append(f"{len(beside.formulas):,} formulas without a stored value")
    return remarks
