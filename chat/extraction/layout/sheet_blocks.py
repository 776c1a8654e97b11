"""The tables of a sheet: what empty rows and titles divide. Knows no format of files."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

from chat.documents.row_format import DIVIDER, is_number, is_year, join_lines

BEYOND = 1.25  # of the cap of characters: the text must reach it, so that it says that it is cut
Row = Sequence[str]
Area = tuple[int, int, int, int]  # first row, first column, last row, last column of merged cells


def repeat_labels(rows: list[list[str]], areas: Iterable[Area]) -> list[list[str]]:
    """Return the rows with a label that stands at their left, and spans several of them, in each."""
    for top, column, bottom, right in areas:
        if top >= len(rows) or bottom == top or right >= len(rows[top]) - 1:
            continue
        words = [cell for cell in rows[top][: column + 1] if cell]
        values = rows[top][right + 1 :]
        is_body = any(is_number(value) and not is_year(value) for value in values)
        if is_body and words and not any(is_number(word) and not is_year(word) for word in words):
            for row in rows[top + 1 : bottom + 1]:
                row[column] = row[column] or rows[top][column]
    return rows


def within(rows: Iterable[list[str]], characters: int) -> Iterator[list[str]]:
    """Yield rows until they have so many characters: the text ends at the cap, the grid has all of them."""
    for row in rows:
        yield row
        filled = len(row) - row.count("")
        characters -= sum(map(len, row)) + len(DIVIDER) * max(0, filled - 1)
        if characters < 0:
            return


def sheet_lines(rows: Iterable[Row]) -> list[str]:
    """Return the lines of a sheet: its titles, and its tables with an empty line between two of them.

    No cell has line breaks.
    """
    lines: list[str] = []
    for block in _blocks(rows):
        if lines:
            lines.append("")
        lines += _block_lines(block)
    return lines


def _blocks(rows: Iterable[Row]) -> list[list[Row]]:
    """Return the rows in stretches. An empty row divides two only where a header follows it."""
    blocks: list[list[Row]] = []
    for stretch in _stretches(rows):
        if blocks and not _has_header(stretch) and _width(stretch) <= _width(blocks[-1]):
            blocks[-1].extend(stretch)  # a group of rows under the header above
        else:
            blocks.append(stretch)
    return blocks


def _stretches(rows: Iterable[Row]) -> Iterator[list[Row]]:
    for is_full, stretch in groupby(rows, any):
        if is_full:
            yield list(stretch)


def _has_header(stretch: Sequence[Row]) -> bool:
    """Whether the first row of several cells has no figures and no formulas."""
    first = next((row for row in stretch if sum(map(bool, row)) > 1), stretch[0])
    return not any((is_number(cell) and not is_year(cell)) or cell.startswith("=") for cell in first)


def _block_lines(block: list[Row]) -> Iterator[str]:
    """Yield the titles above a table as they are, then rows of one width."""
    titles = 0
    while titles < len(block) and sum(map(bool, block[titles])) == 1:
        titles += 1
    if titles == len(block):
        titles = 0 if _width(block) > 1 and len({_edges(row) for row in block}) > 1 else titles
    for row in block[:titles]:
        yield " ".join(cell for cell in row if cell)
    table = block[titles:]
    if table:
        left, right = min(_edges(row)[0] for row in table), max(_edges(row)[1] for row in table)
        for row in table:
            cells = [*row[left:right], *[""] * (right - max(left, len(row)))]
            yield join_lines(cells)


def _edges(row: Row) -> tuple[int, int]:
    """Return the first full cell of a row, and the one after the last."""
    full = [column for column, cell in enumerate(row) if cell]
    return full[0], full[-1] + 1


def _width(block: Sequence[Row]) -> int:
    return max(_edges(row)[1] for row in block) - min(_edges(row)[0] for row in block)
