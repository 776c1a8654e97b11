"""Rows that are the sums of others, found by arithmetic: a total of all, or one before or behind its group.

Pure functions over numbers. A row counts only where the sum is right in several columns and no chance.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

Values = Sequence[Sequence[float]]
LEAST_COLUMNS = 3  # in which a sum must be right, where no word says `total`
LEAST_SUM = 50.0  # small counts agree by chance
MOST_ADDENDS = 400


def find_totals(rows: Values) -> list[int]:
    """Return the numbers of rows that are sums of other rows."""
    whole = _whole(rows)
    if whole is not None:
        inside = [number for number in range(len(rows)) if number != whole]
        return sorted([whole, *(inside[one] for one in _groups([rows[number] for number in inside]))])
    return _groups(rows)


def _whole(rows: Values) -> int | None:
    """Return the first or last row if it is the sum of all others in its columns."""
    for number in (0, len(rows) - 1):
        others = [row for at, row in enumerate(rows) if at != number]
        sums = [sum(column) for column in zip(*others, strict=True)]
        used = [at for at, value in enumerate(rows[number]) if abs(value) >= LEAST_SUM]
        right = [at for at in used if _same(sums[at], rows[number][at])]
        if len(right) >= min(2, len(used)) and right and len(right) >= 0.8 * len(used) and len(others) > 2:
            return number
    return None


def _groups(rows: Values) -> list[int]:
    found = list(_leading(rows))
    if len(found) < 2:
        turned = [len(rows) - 1 - one for one in _leading(rows[::-1])]
        found = turned if len(turned) > len(found) else found
    return found if len(found) > 1 else []


def _leading(rows: Values) -> Iterator[int]:
    """Yield rows that are the sums of the rows directly behind them."""
    at = 0
    while at < len(rows) - 2:
        length = _addends(rows, at)
        if length:
            yield at
        at += length + 1


def _addends(rows: Values, at: int) -> int:
    """Return how many rows behind row `at` it is the sum of; 0 where it is none."""
    wanted = rows[at]
    used = [column for column, value in enumerate(wanted) if value > 0]
    if len(used) < LEAST_COLUMNS or max(wanted) < LEAST_SUM:
        return 0
    sums = [0.0] * len(wanted)
    for number in range(at + 1, min(len(rows), at + 1 + MOST_ADDENDS)):
        sums = [one + other for one, other in zip(sums, rows[number], strict=True)]
        if number > at + 1 and all(_same(sums[column], wanted[column]) for column in used):
            return number - at
        if all(sums[column] > wanted[column] * 1.001 for column in used):
            return 0
    return 0


def _same(one: float, other: float) -> bool:
    return abs(one - other) <= 1e-6 * max(1.0, abs(one), abs(other))
