"""One sheet that holds two tables: rows such as projects, and below each of them rows such as its places.

The rows below fill columns of their own and leave those of the row above empty, so a sum or a count over all
rows would mix the two. Pure functions over a grid.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from chat.numbers.cell_grid import Grid, Row
from chat.numbers.numeric_cells import numeric_columns
from chat.numbers.sheet_shape import LOOKED_AT, SheetShape, find_shape

LEAST_HEADS = 3
LEAST_OWN = 3  # columns that only the rows above fill
RARE = 0.02  # of the rows below: a cell in a column that is not theirs


@dataclass(frozen=True)
class _Nesting:
    """heads, details: numbers of the rows above and below. own, below: the columns that each fill.

    labels: the first of `own`, which name a row.
    """

    shape: SheetShape
    heads: Sequence[int]
    details: frozenset[int]
    own: frozenset[int]
    below: frozenset[int]
    labels: frozenset[int]


def split_nested(grid: Grid) -> list[Grid]:
    """Return a grid as it is, or the outer and the inner table where one is nested in the other."""
    nesting = _find_nesting(grid)
    if nesting is None:
        return [grid]
    width = max(map(len, grid.rows))
    rows = [[*row, *[""] * (width - len(row))] for row in grid.rows]
    name = f"{grid.name} (2)".strip()
    return [
        replace(grid, rows=list(_outer(rows, nesting))),
        replace(grid, name=name, rows=list(_inner(rows, nesting))),
    ]


def _outer(rows: Sequence[Row], nesting: _Nesting) -> list[Row]:
    """Return the rows above. If they begin with the first row below, its cells are left out."""
    opening = [at for at in nesting.heads if at + 1 in nesting.details]
    begun = sum(all(rows[at][column] for column in nesting.below) for at in opening)
    hidden = nesting.below if begun * 2 > len(opening) else frozenset[int]()
    kept = frozenset(range(len(rows[0]))) - hidden
    top = nesting.shape.header[0]
    return [
        [""] * len(row) if at in nesting.details else _with_cells(row, kept) if at >= top else row
        for at, row in enumerate(rows)
    ]


def _inner(rows: Sequence[Row], nesting: _Nesting) -> list[Row]:
    """Return the rows below, each with the labels of the one above it."""
    found, above = list[Row](), rows[0]
    heads, kept = frozenset(nesting.heads), nesting.labels | nesting.below
    for at, row in enumerate(rows):
        above = row if at in heads else above
        is_filled = any(row[column] for column in nesting.below)
        if at < nesting.shape.first:
            found.append(_with_cells(row, kept) if at in nesting.shape.header else row)
        elif is_filled and (at in heads or at in nesting.details):
            labelled = [
                above[column] if column in nesting.labels else cell for column, cell in enumerate(row)
            ]
            found.append(_with_cells(labelled, kept))
        else:
            found.append(row if sum(map(bool, row)) == 1 else [""] * len(row))
    return found


def _with_cells(row: Row, columns: Collection[int]) -> Row:
    return [cell if column in columns else "" for column, cell in enumerate(row)]


def _find_nesting(grid: Grid) -> _Nesting | None:
    shape = find_shape(grid.rows[:LOOKED_AT], grid.merged)
    if shape is None or not shape.header or shape.width <= LEAST_OWN:
        return None
    keys = {shape.left, shape.left + 1}
    if all(any(row[shape.left : shape.left + 2]) for row in grid.rows[shape.first : LOOKED_AT]):
        return None
    filled = {
        at: frozenset(column for column, cell in enumerate(row) if cell)
        for at, row in enumerate(grid.rows)
        if at >= shape.first
    }
    narrow = [at for at, cells in filled.items() if cells and not cells & keys]
    heads = [at for at, cells in filled.items() if len(cells) > 1 and cells & keys]
    if len(heads) < LEAST_HEADS or len(narrow) < len(heads):
        return None
    own, below = _columns([filled[at] for at in heads], [filled[at] for at in narrow])
    numeric = numeric_columns([grid.rows[at] for at in heads[:LOOKED_AT]]) & own
    if len(own) < LEAST_OWN or not below or not numeric or not keys <= own:
        return None
    details = frozenset(at for at in narrow if filled[at] <= below)
    labels = frozenset(column for column in own if column < min(numeric | below))
    return _Nesting(shape, heads, details, own, below, labels) if labels else None


def _columns(
    heads: Sequence[frozenset[int]], details: Sequence[frozenset[int]]
) -> tuple[frozenset[int], frozenset[int]]:
    """Return the columns that only the rows above fill, and those that the rows below fill."""
    above, below = (
        Counter(one for row in heads for one in row),
        Counter(one for row in details for one in row),
    )
    own = frozenset(
        column
        for column, count in above.items()
        if count * 2 >= len(heads) and below[column] <= RARE * len(details)
    )
    theirs = frozenset(column for column, count in below.items() if count > RARE * len(details))
    return own, theirs - own
