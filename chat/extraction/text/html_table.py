"""A table of HTML while it is parsed: its rows and cells, then its lines. Knows no tags and no page."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from operator import itemgetter

from chat.extraction.layout.grid import SpanningCell, cell_text, is_grid, table_lines

MOST_SPANNED_ROWS = 10_000
PLACES = {"thead": 0, "tfoot": 2}  # in which a browser shows groups of rows, whatever their order in the file
BODY = 1


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
        self._groups: list[tuple[int, list[list[HtmlCell]]]] = [(BODY, [])]  # place and rows of each
        self._taken: set[int] = set()

    @property
    def _rows(self) -> list[list[HtmlCell]]:
        return [row for _, rows in sorted(self._groups, key=itemgetter(0)) for row in rows]

    @property
    def lines(self) -> list[str]:
        """Where text goes now."""
        return self.caption if self.cell is None else self.cell.lines

    def begin_group(self, tag: str) -> None:
        """Begin a group of rows. Of several heads or feet, the first has its own place."""
        self.cell = None
        place = PLACES.get(tag, BODY)
        self._groups.append((BODY if place in self._taken else place, []))
        self._taken.add(place)

    def begin_row(self) -> None:
        """Begin a row; end the cell before it."""
        self.cell = None
        self._groups[-1][1].append([])

    def begin_cell(self, is_header: bool, attributes: dict[str, str | None]) -> None:
        """Begin a cell; end the one before it."""
        rows_of_group = self._groups[-1][1]
        if not rows_of_group:
            rows_of_group.append([])
        columns, rows = _span(attributes.get("colspan")), _span(attributes.get("rowspan"))
        self.cell = HtmlCell(columns or 1, rows or MOST_SPANNED_ROWS, is_header)
        rows_of_group[-1].append(self.cell)

    @property
    def height(self) -> int:
        """How many rows there are."""
        return sum(len(rows) for _, rows in self._groups)

    @property
    def is_layout(self) -> bool:
        """Whether the table divides a page, rather than values."""
        cells = [cell for _, rows in self._groups for row in rows for cell in row]
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
