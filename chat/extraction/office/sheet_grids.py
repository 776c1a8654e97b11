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
    shown = [[""] * left + [_plain(value, show) for value in row] for row in rows]
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


def _plain(value: Value, show: Callable[[Value], str]) -> str:
    """Return a cell as plain text. Words and numbers, which most cells are, need no call of `show`."""
    if isinstance(value, str) and not value.startswith(DURATION):
        return value if value.isalnum() else one_line(value)
    if isinstance(value, float) and (not value.is_integer() or abs(value) < LARGEST_WHOLE):
        return str(int(value)) if value.is_integer() else repr(value)
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
    for source in (formats, shown):
        for (_, column), text in source.items():
            counts[column] += 1
            kinds[column, _kind(text)] += 1
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
