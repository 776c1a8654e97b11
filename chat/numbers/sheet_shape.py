"""The shape of a grid: which rows are titles, header, data, totals and notes. Pure functions over texts.

What decides: how many cells a row fills, which columns hold numbers further below, and the words for totals.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from chat.numbers.cell_grid import Area, Row
from chat.numbers.header_rows import counts_up, find_header, is_numbering, is_preface
from chat.numbers.numeric_cells import is_numeric, numeric_columns
from chat.numbers.total_words import is_marked, is_total_word, names_total

LOOKED_AT = 400  # rows at each end of a grid
WIDE = 0.55  # of the cells that most rows fill: a row with as many is a header or data
SIGNED = re.compile(r"[^\W\d]{2,12}[:：]\s*\S.*")
MARK = re.compile(r"[\[(]?(?:\d{1,2}|[^\W\d]|\W{1,3})[\])]?[.:]?")  # of a note
MOST_STRAY = 2  # figures that stand alone below a table


@dataclass(frozen=True)
class SheetShape:
    """titles: rows above the header, header: its rows, first: the first row below it. All from 0."""

    titles: tuple[int, ...]
    header: tuple[int, ...]
    first: int
    left: int
    right: int

    @property
    def width(self) -> int:
        return self.right - self.left


def find_shape(rows: Sequence[Row], merged: Sequence[Area] = ()) -> SheetShape | None:
    """Return the shape of a grid by its first rows; None where no table is in it."""
    filled = [sum(map(bool, row)) for row in rows]
    body = sorted((count for count in filled if count > 1), reverse=True)
    if not body:
        return None
    usual = _usual(body)
    wide = [number for number, count in enumerate(filled) if count >= max(2, WIDE * usual)]
    at = next((one for one in wide if filled[one] >= usual or not is_preface(rows[one])), None)
    if at is None:
        return None
    numeric = numeric_columns(without_end(rows[at + 1 : at + LOOKED_AT]))
    header = find_header(rows, at, numeric, merged)
    first = header[-1] + 1 if header else at
    titles = tuple(number for number in range(header[0] if header else at) if filled[number])
    left, right = _edges([rows[number] for number in header] + list(rows[first : first + LOOKED_AT]), numeric)
    return SheetShape(titles, tuple(header), first, left, right)


def _usual(counts: Sequence[int]) -> int:
    """Return how many cells most wide rows fill."""
    return counts[len(counts) // 10 if len(counts) > 20 else min(1, len(counts) - 1)]


def _edges(rows: Sequence[Row], numeric: frozenset[int]) -> tuple[int, int]:
    """Return the first column that is used, and the one after the last.

    A column of numbers without a name that counts the rows is left out.
    """
    used = Counter(column for row in rows for column, cell in enumerate(row) if cell)
    columns = sorted(used)
    while len(columns) > 2 and _counts_rows(rows, columns[0], numeric):
        columns.pop(0)
    return columns[0], columns[-1] + 1


def _counts_rows(rows: Sequence[Row], column: int, numeric: frozenset[int]) -> bool:
    if column not in numeric or not rows or (column < len(rows[0]) and rows[0][column]):
        return False
    values = [row[column] for row in rows if column < len(row) and row[column]]
    first = values[:50]
    return all(cell.isdigit() for cell in first) and [int(cell) for cell in first] in (
        list(range(len(first))),
        list(range(1, len(first) + 1)),
    )


def header_names(rows: Sequence[Row], shape: SheetShape, merged: Sequence[Area] = ()) -> list[str]:
    """Return the name of each column: its header rows joined by ` | `, with the name of its group."""
    parts: list[list[str]] = [[] for _ in range(shape.width)]
    lead = _leading_row(rows, shape)
    named = [one for one in shape.header if one == shape.header[0] or not _is_numbered(rows[one])]
    for number, after in zip(named, [*named[1:], -1], strict=True):
        row = rows[number]
        below = rows[after] if after >= 0 else ()
        spans = {
            column: area[1]
            for area in merged
            if area[0] <= number <= area[2] and area[3] > area[1]
            for column in range(area[1], area[3] + 1)
        }
        above, is_group, is_alone = "", False, number > lead and sum(map(bool, row)) == 1  # a unit of all
        for place in range(shape.width):
            column = place + shape.left
            has_below = column < len(below) and bool(below[column])
            if not is_alone and any(
                column < len(rows[one]) and rows[one][column] for one in shape.header if one < number
            ):
                above = ""  # a group ends where one of the row above it begins
            cell = row[column] if column < len(row) else ""
            if not cell and column in spans and spans[column] < len(row):
                cell = row[spans[column]]
            is_group = has_below if cell else is_group and has_below
            above = cell or (above if number < lead or is_group or is_alone else "")
            if above and above not in parts[place]:
                parts[place].append(above)
    return [" | ".join(one) for one in parts]


def _is_numbered(row: Row) -> bool:
    return is_numbering(row) or counts_up(row)


def _leading_row(rows: Sequence[Row], shape: SheetShape) -> int:
    """Return the row of the header that fills the most cells: those above it name groups."""
    return max(shape.header, key=lambda number: (sum(map(bool, rows[number])), -number), default=-1)


def without_end(rows: Sequence[Row]) -> Sequence[Row]:
    """Return rows without the narrow ones and the totals at the end, such as notes, and a tax between."""
    filled = [sum(map(bool, row)) for row in rows]
    end = len(rows)
    while end and (is_marked(rows[end - 1]) or filled[end - 1] * 2 <= max(filled)):
        end -= 1
    return rows[:end] if end * 2 >= len(rows) or any(map(is_marked, rows[end:])) else rows


def role_of(
    row: Row, usual: Mapping[int, float], numeric: frozenset[int], header: Sequence[Row], is_tail: bool
) -> str:
    """Return what a row below the header is: `data`, `total`, `section`, `note`, `header` or `empty`.

    usual: the share of rows that fill each column. is_tail: no row of data comes after it.
    """
    cells = [column for column, cell in enumerate(row) if cell]
    if not cells:
        return "empty"
    if any(list(row) == list(one) for one in header):
        return "header"
    if _is_total(row, cells, usual, numeric):
        return "total"
    values = [column for column in cells if column in numeric and is_numeric(row[column])]
    keys = [column for column, share in usual.items() if share > 0.97]
    if not values and len(usual) > 2:
        if len(cells) == 1 and (is_tail or cells[0] in keys or not keys or cells[0] < keys[0]):
            return "note" if is_tail else "section"
        if is_tail and len(cells) <= max(1, 0.34 * len(usual)) and len(cells) < len(keys):
            return "note"
    if is_tail and not values and (_is_signed([row[column] for column in cells]) or _is_marked(row, cells)):
        return "note"
    is_stray = len(keys) > 1 and keys[0] not in cells and keys[1] not in cells and len(values) <= MOST_STRAY
    return "note" if is_tail and is_stray and len(cells) < len(usual) else "data"


def _is_marked(row: Row, cells: Sequence[int]) -> bool:
    """Is a row the mark of a note with its text: `1 | Including Brussels.`?"""
    return len(cells) == 2 and bool(MARK.fullmatch(row[cells[0]])) and " " in row[cells[1]]


def _is_signed(cells: Sequence[str]) -> bool:
    """Are most of the cells a label with its value: `制表人：李某 | 审核人：王某`?"""
    return sum(bool(SIGNED.fullmatch(cell)) for cell in cells) * 2 > len(cells)


def _is_total(row: Row, cells: Sequence[int], usual: Mapping[int, float], numeric: frozenset[int]) -> bool:
    words = [column for column in cells if not is_numeric(row[column])]
    marked = [column for column in words if names_total(row[column])]
    if not marked:
        return False
    values = [column for column in cells if column in numeric and is_numeric(row[column])]
    if not values and len(cells) > 1:
        return False
    if marked[0] == words[0] and is_total_word(row[marked[0]]):
        return True
    keys = [column for column, share in usual.items() if share > 0.9 and column not in numeric]
    return any(column not in cells for column in keys)
