"""A table of HTML while it is parsed: its rows and cells, then its lines. Knows no tags and no page."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from chat.extraction.layout.grid import SpanningCell, cell_text, is_grid, table_lines

MOST_SPANNED_ROWS = 10_000


@dataclass
class HtmlCell:
    """lines: of its text. holds_layout: it holds headings or tables, so that its table lays out a page."""

    columns: int = 1
    rows: int = 1
    is_header: bool = False
    lines: list[str] = field(default_factory=list)
    holds_layout: bool = False
    holds_table: bool = False


class HtmlTable:
    """The rows so far. caption: the lines that stand in the table and in no cell."""

    def __init__(self) -> None:
        self.caption: list[str] = []
        self.cell: HtmlCell | None = None
        self._rows: list[list[HtmlCell]] = []

    @property
    def lines(self) -> list[str]:
        """Where text goes now."""
        return self.caption if self.cell is None else self.cell.lines

    def begin_row(self) -> None:
        """Begin a row; end the cell before it."""
        self.cell = None
        self._rows.append([])

    def begin_cell(self, is_header: bool, attributes: dict[str, str | None]) -> None:
        """Begin a cell; end the one before it."""
        if not self._rows:
            self._rows.append([])
        columns, rows = _span(attributes.get("colspan")), _span(attributes.get("rowspan"))
        self.cell = HtmlCell(columns or 1, rows or MOST_SPANNED_ROWS, is_header)
        self._rows[-1].append(self.cell)

    @property
    def height(self) -> int:
        """How many rows there are."""
        return len(self._rows)

    @property
    def is_layout(self) -> bool:
        """Whether the table divides a page, rather than values."""
        cells = [cell for row in self._rows for cell in row]
        divided = [cell for cell in cells if cell.holds_layout]
        if not all(cell.holds_table for cell in divided):
            return True
        rows = [list(_cells(row)) for row in self._rows if row]
        return bool(divided) and not is_grid(rows, len(divided))

    def result(self) -> list[str]:
        """Return the lines of the whole table."""
        rows = [row for row in self._rows if row]
        if self.is_layout:
            return [*self.caption, *(line for row in rows for cell in row for line in cell.lines)]
        return [*self.caption, *table_lines([list(_cells(row)) for row in rows])]


def _cells(row: list[HtmlCell]) -> Iterator[SpanningCell]:
    for cell in row:
        yield SpanningCell(
            cell_text(cell.lines, holds_table=cell.holds_table), cell.columns, cell.rows, cell.is_header
        )


def _span(value: str | None) -> int:
    """Return how many rows or columns an attribute names: 0 means all that follow."""
    digits = (value or "1").strip()
    return int(digits) if digits.isdigit() and len(digits) < 5 else 1
