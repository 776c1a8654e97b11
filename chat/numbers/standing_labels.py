"""Labels that stand once for several rows: `2021` above the rows of its quarters. Pure functions."""

from __future__ import annotations

from collections.abc import Sequence

from chat.numbers.cell_grid import Row

LEAST_ROWS = 4
LEAST_LABELS = 2
LEAST_OPEN = 0.25  # of the rows have no label of their own


def stands_once(rows: Sequence[Row], column: int) -> bool:
    """Do the labels of the first column hold for the rows below them too?

    They differ, the first row has one, and the next column has cells in all rows, different ones under each.
    """
    labels = [row[column] for row in rows]
    named = [label for label in labels if label]
    if len(rows) < LEAST_ROWS or not labels[0] or not LEAST_LABELS <= len(named) == len(set(named)):
        return False
    below, group = set[tuple[int, str]](), 0
    for row in rows:
        group += bool(row[column])
        below.add((group, row[column + 1]))
    is_open = len(labels) - len(named) >= max(LEAST_LABELS, LEAST_OPEN * len(labels))
    return is_open and len(below) == len(rows) and all(row[column + 1] for row in rows)
