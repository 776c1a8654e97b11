"""The tables of one sheet: an empty row divides two where a header of its own follows, an empty column where

both sides have labels, figures, and rows of their own. Pure functions.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import groupby

from chat.numbers.cell_grid import Grid, Row
from chat.numbers.cell_values import is_missing
from chat.numbers.header_rows import LOOKED_BELOW, are_periods
from chat.numbers.numeric_cells import is_numeric, is_year, numeric_columns

LEAST_ROWS = 3  # of a table of its own: a header and two of data
LOOKED_AT = 30
CONTINUED = re.compile(
    r"\bcont(?:inued|'d|\.)|fortsetzung|\bsuite\b|continuación|segue\b|续|續", re.IGNORECASE
)


def split_grid(grid: Grid) -> list[Grid]:
    """Return the tables of a sheet as grids of their own; one that is all of it stays as it is."""
    return [one for part in _split_rows(grid) for one in _split_columns(part)]


def _split_rows(grid: Grid) -> list[Grid]:
    starts = [0]
    found = {at for at, rows in _stretches(grid.rows) if _is_table(rows)} | set(_titled(grid.rows))
    for at in sorted(found):
        if at > starts[-1] and _has_data(grid.rows[starts[-1] : at]):
            starts.append(at)
    if len(starts) == 1:
        return [grid]
    bounds = [*starts, len(grid.rows)]
    return [_part(grid, number, *bounds[number : number + 2]) for number in range(len(starts))]


def _titled(rows: Sequence[Row]) -> Iterator[int]:
    """Yield the titles of tables that repeat the header of the first, and stand directly below each other."""
    head = next((at for at, row in enumerate(rows[:LOOKED_AT]) if sum(map(bool, row)) > 1), 0)
    if not head or sum(map(bool, rows[head - 1])) != 1:
        return
    titles, above = {"".join(rows[head - 1])}, rows[head]
    for at in range(head + LEAST_ROWS, len(rows)):
        if rows[at] != above or sum(map(bool, rows[at - 1])) != 1:
            continue
        title = "".join(rows[at - 1])
        if title not in titles and not CONTINUED.search(title):
            titles.add(title)
            yield at - 1


def _stretches(rows: Sequence[Row]) -> Iterator[tuple[int, Sequence[Row]]]:
    """Yield the rows between empty ones, with the place of the first."""
    at = 0
    for is_full, stretch in groupby(rows, any):
        length = sum(1 for _ in stretch)
        if is_full:
            yield at, rows[at : at + length]
        at += length


def _is_table(rows: Sequence[Row]) -> bool:
    """Has a stretch a header of its own: a row of words over columns of numbers?"""
    if len(rows) < LEAST_ROWS:
        return False
    start = next((at for at, row in enumerate(rows[:4]) if sum(map(bool, row)) > 1), None)
    if start is None or len(rows) - start < LEAST_ROWS:
        return False
    head = [(column, cell) for column, cell in enumerate(rows[start]) if cell]
    below = rows[start + 1 : start + 1 + LOOKED_BELOW]
    if any(is_numeric(cell) and not is_year(cell) for _, cell in head) and not are_periods(
        rows[start], below
    ):
        return False
    numeric = numeric_columns(rows[start + 1 : start + LOOKED_AT])
    over = [cell for column, cell in head if column in numeric]
    return bool(over) and not any(is_missing(cell) for cell in over) and len(over) >= 0.5 * len(numeric)


def _has_data(rows: Sequence[Row]) -> bool:
    wide = [row for row in rows if sum(map(bool, row)) > 1]
    return len(wide) >= LEAST_ROWS and bool(numeric_columns(wide[1:LOOKED_AT]))


def _part(grid: Grid, number: int, start: int, end: int) -> Grid:
    name = grid.name if not number else f"{grid.name} ({number + 1})".strip()
    merged = [
        (area[0] - start, area[1], area[2] - start, area[3]) for area in grid.merged if start <= area[0] < end
    ]
    return replace(
        grid, name=name, rows=grid.rows[start:end], merged=merged, first_row=grid.first_row + start
    )


def _split_columns(grid: Grid) -> list[Grid]:
    """Return the tables that stand side by side, each in a grid whose other cells are empty."""
    if not _gaps(grid.rows[:LOOKED_AT]):
        return [grid]
    used = {column for row in grid.rows for column, cell in enumerate(row) if cell}
    for gap in _gaps(grid.rows):
        left, right = [_rows_of(grid.rows, side) for side in (range(gap), range(gap, max(used) + 1))]
        if _is_labelled(left) and _is_labelled(right) and _are_apart(left, right):
            other = replace(grid, name=f"{grid.name} (2)".strip(), rows=right)
            return [replace(grid, rows=left), *_split_columns(other)]
    return [grid]


def _gaps(rows: Sequence[Row]) -> list[int]:
    """Return the empty columns, each the last of several, with columns of cells on both sides."""
    used = {column for row in rows for column, cell in enumerate(row) if cell}
    return [
        one
        for one in range(min(used, default=0), max(used, default=0))
        if one not in used and one + 1 in used
    ]


def _rows_of(rows: Sequence[Row], columns: range) -> list[Row]:
    return [[cell if column in columns else "" for column, cell in enumerate(row)] for row in rows]


def _is_labelled(rows: Sequence[Row]) -> bool:
    """Is a side of a sheet a table: a header, a first column of labels, and columns of figures?"""
    full = [row for row in rows if sum(map(bool, row)) > 1]
    if len(full) < LEAST_ROWS:
        return False
    head = [column for column, cell in enumerate(full[0]) if cell and not is_numeric(cell)]
    numeric = numeric_columns(full[1:LOOKED_AT])
    first = min(column for row in full for column, cell in enumerate(row) if cell)
    if not all(row[first] for row in full):
        return False
    is_dated = all(is_year(row[first]) for row in full[1:LOOKED_AT] if row[first])
    return first in head and (first not in numeric or is_dated) and bool(numeric - {first} & set(head))


def _are_apart(left: Sequence[Row], right: Sequence[Row]) -> bool:
    """Do two sides have rows of their own, or the same header? Else they may be one table."""
    ends = [max(at for at, row in enumerate(side) if sum(map(bool, row)) > 1) for side in (left, right)]
    heads = [
        next([cell for cell in row if cell] for row in side if sum(map(bool, row)) > 1)
        for side in (left, right)
    ]
    return ends[0] != ends[1] or heads[0] == heads[1]
