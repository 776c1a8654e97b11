"""The shape of a grid: which rows are titles, header, data, totals and notes. Pure functions over texts.

What decides: how many cells a row fills, which columns hold numbers further below, and the words for totals.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from chat.numbers.cell_grid import Area, Row
from chat.numbers.cell_values import is_missing, parse_date, parse_number

HEADER_ROWS = 5
LOOKED_AT = 400  # rows at each end of a grid
WIDE = 0.55  # of the cells that most rows fill: a row with as many is a header or data
LONGEST_LABEL = 300  # characters of a name in a header
LONGEST_TOTAL = 60
MOST_STRAY = 2  # figures that stand alone below a table
NUMERIC_SHARE = 0.6  # of the cells of a column
TOTAL = re.compile(
    r"(?:\W*(?:grand[\s-]*|sub[\s-]*|sum\s+)?totals?(?:\s+général|\s+general)?\b|(?:zwischen|gesamt)?summe\b|gesamt\b|insgesamt\b|total[eg]?\b"
    r"|totaux\b|sous-total|ensemble\b|suma\b|subtotal|итого|всего|razem\b|totaal\b|somma\b"
    r"|\W*(?:总计|總計|合计|合計|小计|小計|总和|總和|累计|累計|全部合计))",
    re.IGNORECASE,
)


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


def is_numeric(text: str) -> bool:
    """Is a cell a number or a date, whichever sign its decimals have?"""
    return (
        parse_number(text) is not None
        or parse_number(text, "comma") is not None
        or parse_date(text) is not None
    )


def is_year(text: str) -> bool:
    return bool(re.fullmatch(r"(?:1[89]|20|21)\d\d", text))


def find_shape(rows: Sequence[Row], merged: Sequence[Area] = ()) -> SheetShape | None:
    """Return the shape of a grid by its first rows; None where no table is in it."""
    filled = [sum(map(bool, row)) for row in rows]
    body = sorted((count for count in filled if count > 1), reverse=True)
    if not body:
        return None
    usual = _usual(body)
    at = next((number for number, count in enumerate(filled) if count >= max(2, WIDE * usual)), None)
    if at is None:
        return None
    numeric = numeric_columns(rows[at + 1 : at + LOOKED_AT])
    header = _header(rows, at, numeric, merged)
    first = header[-1] + 1 if header else at
    titles = tuple(number for number in range(header[0] if header else at) if filled[number])
    left, right = _edges([rows[number] for number in header] + list(rows[first : first + LOOKED_AT]), numeric)
    return SheetShape(titles, tuple(header), first, left, right)


def _usual(counts: Sequence[int]) -> int:
    """Return how many cells most wide rows fill."""
    return counts[len(counts) // 10 if len(counts) > 20 else min(1, len(counts) - 1)]


def numeric_columns(rows: Sequence[Row]) -> frozenset[int]:
    """Return the columns most of whose values are numbers or dates."""
    seen, numbers = Counter[int](), Counter[int]()
    for row in rows:
        for column, cell in enumerate(row):
            if cell and not is_missing(cell):
                seen[column] += 1
                numbers[column] += is_numeric(cell)
    return frozenset(one for one, count in seen.items() if numbers[one] >= NUMERIC_SHARE * count)


def _header(rows: Sequence[Row], at: int, numeric: frozenset[int], merged: Sequence[Area]) -> list[int]:
    """Return the rows of the header, of which `at` is the first wide one; empty where there is none."""
    if not _is_header(rows[at], numeric):
        return []
    found = [at]
    while len(found) < HEADER_ROWS and at + 1 < len(rows) and _goes_on(rows, at + 1, numeric):
        at += 1
        found.append(at)
    at = found[0]
    while len(found) < HEADER_ROWS and at and _is_group_row(rows, at - 1, merged):
        at -= 1
        found.insert(0, at)
    return found


def _is_header(row: Row, numeric: frozenset[int]) -> bool:
    cells = [(column, cell) for column, cell in enumerate(row) if cell]
    values = [
        (column, cell)
        for column, cell in cells
        if column in numeric and is_numeric(cell) and not is_year(cell)
    ]
    if not values:
        years = [cell for column, cell in cells if is_year(cell)]
        return len(set(years)) == len(years) and (len(years) < len(cells) or len(years) > 2)
    words = [
        column
        for column, cell in cells
        if column in numeric and not is_numeric(cell) and not is_missing(cell)
    ]
    distinct = len({cell for _, cell in cells}) == len(cells)
    return distinct and len(words) >= 1 and len(words) + len(values) > 2 and _are_labels(values)


def _are_labels(values: Sequence[tuple[int, str]]) -> bool:
    """Are the numbers of a header short and whole, as names of columns are, or dates and spans of years?"""
    return all(re.fullmatch(r"\d{1,4}", cell) or parse_number(cell) is None for _, cell in values)


def _goes_on(rows: Sequence[Row], at: int, numeric: frozenset[int]) -> bool:
    """Is a row below the first of the header part of it: words over columns of numbers?"""
    row, before = rows[at], rows[at - 1]
    cells = [column for column, cell in enumerate(row) if cell]
    over = [row[column] for column in cells if column in numeric]
    if not cells or len(rows) - at < 3 or not over:
        return _fills_gaps(row, before, numeric, rows[at + 1 : at + 2])
    words = [
        cell for cell in over if not is_numeric(cell) and not is_missing(cell) and len(cell) <= LONGEST_LABEL
    ]
    return len(words) == len(over) and (len(cells) > 1 or (len(words) == 1 and len(row) < 3))


def _fills_gaps(row: Row, before: Row, numeric: frozenset[int], after: Sequence[Row]) -> bool:
    """Does a row name columns that the one above leaves open, in a table of words alone?"""
    gaps = [column for column, cell in enumerate(before) if not cell]
    cells = [column for column, cell in enumerate(row) if cell]
    return (
        not numeric
        and len(gaps) >= 2
        and len(cells) > 1
        and set(cells[1:]) & set(gaps) != set()
        and bool(after)
        and not any(is_numeric(row[column]) for column in cells)
    )


def _is_group_row(rows: Sequence[Row], at: int, merged: Sequence[Area]) -> bool:
    """Is the row above a header one of groups: a few words, each over several columns?"""
    row = rows[at]
    cells = [column for column, cell in enumerate(row) if cell]
    if any(is_numeric(row[column]) and not is_year(row[column]) for column in cells):
        return False
    if any(len(row[column]) > 80 for column in cells):
        return False
    spans = [area for area in merged if area[0] <= at <= area[2] and area[3] > area[1]]
    below = [column for column, cell in enumerate(rows[at + 1]) if cell]
    if len(cells) > 1:
        return cells[-1] <= (below[-1] if below else 0) and len(cells) < len(below) + 1
    return any(area[1] > 0 and area[3] - area[1] + 1 < len(below) and area[1] in cells for area in spans)


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
    for number in shape.header:
        row = rows[number]
        spans = {
            column: area[1]
            for area in merged
            if area[0] <= number <= area[2] and area[3] > area[1]
            for column in range(area[1], area[3] + 1)
        }
        above = ""
        for place in range(shape.width):
            column = place + shape.left
            cell = row[column] if column < len(row) else ""
            if not cell and column in spans and spans[column] < len(row):
                cell = row[spans[column]]
            above = cell or (above if number < lead else "")
            if above and above not in parts[place]:
                parts[place].append(above)
    return [" | ".join(one) for one in parts]


def _leading_row(rows: Sequence[Row], shape: SheetShape) -> int:
    """Return the row of the header that fills the most cells: those above it name groups."""
    return max(shape.header, key=lambda number: (sum(map(bool, rows[number])), -number), default=-1)


def is_marked(row: Row) -> bool:
    """Has a row a word for a total in one of its cells?"""
    return any(TOTAL.match(cell) for cell in row if cell and len(cell) <= LONGEST_TOTAL)


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
        if len(cells) == 1 and (is_tail or cells[0] in keys or not keys):
            return "note" if is_tail else "section"
        if is_tail and len(cells) <= max(1, 0.34 * len(usual)) and len(cells) < len(keys):
            return "note"
    is_stray = len(keys) > 1 and keys[0] not in cells and keys[1] not in cells and len(values) <= MOST_STRAY
    return "note" if is_tail and is_stray and len(cells) < len(usual) else "data"


def _is_total(row: Row, cells: Sequence[int], usual: Mapping[int, float], numeric: frozenset[int]) -> bool:
    words = [column for column in cells if not is_numeric(row[column])]
    marked = [column for column in words if TOTAL.match(row[column]) and len(row[column]) <= LONGEST_TOTAL]
    if not marked:
        return False
    values = [column for column in cells if column in numeric and is_numeric(row[column])]
    if not values and len(cells) > 1:
        return False
    if marked[0] == words[0] and TOTAL.fullmatch(row[marked[0]].strip(" :：")):
        return True
    keys = [column for column, share in usual.items() if share > 0.9 and column not in numeric]
    return any(column not in cells for column in keys)
