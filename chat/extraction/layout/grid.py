"""Cells that span rows and columns become rows of one width. Knows no format of files."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from chat.documents.row_format import is_blank, is_number, is_year, join_row, split_row

WIDEST = 1_000  # columns; a span in a file is a number that anyone can write
MOST_CELLS = 3_000_000
FEWEST_COLUMNS, MOST_DIVIDED, LONGEST_CELL = 3, 0.25, 200  # of a table of values with tables in some cells


@dataclass(frozen=True)
class SpanningCell:
    """A cell as a file has it. columns, rows: how many it spans. is_header: the file says so."""

    text: str
    columns: int = 1
    rows: int = 1
    is_header: bool = False


Line = Sequence[SpanningCell]


def cell_text(lines: Iterable[str], *, holds_table: bool) -> str:
    """Return the lines of a cell as one. A row of a table inside it is words like others."""
    return " ".join(" ".join(split_row(line)) if holds_table else line for line in lines)


def is_grid(lines: Sequence[Line], divided: int) -> bool:
    """Whether a table that holds tables has values all the same, and does not lay out a page.

    lines: its cells, each with all its text. divided: how many of them hold a table.
    """
    widths = [0] * len(lines)
    for row, _, cell in _place(lines):
        for at in range(row, min(row + cell.rows, len(lines))):
            widths[at] += min(cell.columns, WIDEST)
    is_even = len(widths) > 1 and len(set(widths)) == 1 and widths[0] >= FEWEST_COLUMNS
    lengths = [len(cell.text) for line in lines for cell in line]
    return is_even and divided <= MOST_DIVIDED * len(lengths) and max(lengths) <= LONGEST_CELL


def table_lines(lines: Sequence[Line], header_rows: int = 0) -> list[str]:
    """Return a line of text for each row. header_rows: as the file says; 0 where it does not."""
    rows = [row for row in lay_out(lines, header_rows) if any(row)]
    if rows and len(rows[0]) == 1:
        return [cell for row in rows for cell in row]
    return [join_row(row) for row in rows]


def lay_out(lines: Sequence[Line], header_rows: int = 0) -> list[list[str]]:
    """Return the rows of a table, all of one width.

    The value of a cell that spans others stands in the first of them. A label at the left of body rows is
    repeated in each row that it spans.
    """
    placed = _place(lines)
    width = max((column + min(cell.columns, WIDEST) for _, column, cell in placed), default=0)
    width = min(width, WIDEST, max(1, MOST_CELLS // max(1, len(lines))))
    rows = [[""] * width for _ in lines]
    for row, column, cell in placed:
        if column < width:
            rows[row][column] = cell.text
    header = header_rows or count_header_rows(lines)
    for row, column, cell in placed:
        if cell.rows > 1 and row >= header and _is_label(rows[row], column, cell, lines[row]):
            for below in range(row + 1, min(row + cell.rows, len(rows))):
                rows[below][column] = rows[below][column] or cell.text
    return rows


def _place(lines: Sequence[Line]) -> list[tuple[int, int, SpanningCell]]:
    """Return each cell with its row and column: a cell that spans rows takes its columns in those below."""
    taken: dict[int, int] = {}  # column -> the first row in which it is free
    placed = []
    for row, line in enumerate(lines):
        column = 0
        for cell in line:
            while taken.get(column, 0) > row:
                column += 1
            if column >= WIDEST:
                break
            placed.append((row, column, cell))
            if cell.rows > 1:
                taken.update(
                    dict.fromkeys(range(column, column + min(cell.columns, WIDEST)), row + cell.rows)
                )
            column += cell.columns
    return placed


def count_header_rows(lines: Sequence[Line]) -> int:
    """Return how many rows at the top are the header."""
    marked = 0
    for line in lines:
        if not line or not all(cell.is_header for cell in line):
            break
        marked += 1
    first = lines[0] if lines else ()
    values = [cell.text for cell in first[1:] if not is_blank(cell.text)]
    is_body = any(is_number(value) and not is_year(value) for value in values)
    if marked or is_body or not first:
        return marked
    return max(1, min(max(cell.rows for cell in first), len(lines) - 1))


def _is_label(row: Sequence[str], column: int, cell: SpanningCell, line: Line) -> bool:
    """Whether a cell and all cells to its left are words that name the row."""
    if any(one.is_header for one in line):
        return cell.is_header
    left = row[: column + 1]
    return column + cell.columns < len(row) and not any(
        is_number(text) and not is_year(text) for text in left if text
    )
