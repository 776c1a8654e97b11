"""The tables of a page: from its rules where they make a grid, else from the gaps in its lines."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from chat.documents.row_format import join_row
from chat.extraction.layout.half_lines import join_half_lines
from chat.extraction.layout.lattice import Lattice
from chat.extraction.layout.narrow_columns import narrow_cells
from chat.extraction.layout.page_words import HYPHEN, Word, make_line, rows_of_words
from chat.extraction.layout.rules import Rules, find_grids, merge
from chat.extraction.layout.stream import find_blocks, is_ruled, reads_as_table, rows_of

LEAST_FULL = 0.25  # of the cells of a grid
LONG_CELL = 600  # characters


@dataclass(frozen=True)
class PageTable:
    """Rows of cells, and the words that they are made of."""

    rows: tuple[tuple[str, ...], ...]
    words: tuple[Word, ...]

    @property
    def lines(self) -> list[str]:
        return [join_row(cell.replace(HYPHEN, "-") for cell in row) for row in self.rows]


def find_page_tables(words: Sequence[Word], rules: Rules) -> list[PageTable]:
    """Return the tables among the words of a page."""
    tables = []
    rest = list(words)
    for grid in sorted(find_grids(rules), key=_area):
        lattice = Lattice(grid, rest)
        if not lattice.is_possible():
            continue
        rows = _trim(lattice.rows())
        if _is_filled(rows):
            tables.append(_table(rows, lattice.words))
            inside = set(lattice.words)
            rest = [word for word in rest if word not in inside]
    return [*tables, *_streams(rest, rules)]


def _streams(words: Sequence[Word], rules: Rules) -> Iterator[PageTable]:
    across, down = merge(rules.across), merge(rules.down)
    lines = []
    rows_of_page = rows_of_words(words)
    begins = narrow_cells(rows_of_page)
    for row in rows_of_page:
        walls = [rule.at for rule in down if rule.start <= row[0].middle <= rule.end]
        lines.append(make_line(row, walls, begins))
    for block in find_blocks(join_half_lines(lines), across):
        rows = _trim(rows_of(block, across))
        if is_ruled(block, across, rows) or reads_as_table(rows, len(block.lines)):
            yield _table(rows, [word for line in block.lines for word in line.words])


def _table(rows: Sequence[Sequence[str]], words: Sequence[Word]) -> PageTable:
    return PageTable(tuple(map(tuple, rows)), tuple(words))


def _area(grid: Rules) -> float:
    return (grid.columns[-1] - grid.columns[0]) * (grid.rows[-1] - grid.rows[0])


def _trim(rows: Sequence[Sequence[str]]) -> list[list[str]]:
    """Return the rows without columns that are empty throughout."""
    full = [column for column in range(len(rows[0]) if rows else 0) if any(row[column] for row in rows)]
    return [[row[column] for column in full] for row in rows]


def _is_filled(rows: Sequence[Sequence[str]]) -> bool:
    """Whether a grid is that of a table: not a frame around text, not the lines of a chart."""
    if len(rows) < 2 or len(rows[0]) < 2:
        return False
    cells = [cell for row in rows for cell in row]
    full = [cell for cell in cells if cell]
    return (
        len(full) >= LEAST_FULL * len(cells) and len(full) >= 4 and not all(len(c) > LONG_CELL for c in full)
    )
