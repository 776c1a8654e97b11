"""Rows that are the sums of others, found by arithmetic: a total of all, or one before or behind its group.

Totals of totals are found after the totals that they add up.

Pure functions over numbers. A row counts only where the sum is right in several columns and no chance.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

Values = Sequence[Sequence[float]]
LEAST_COLUMNS = 3  # in which a sum must be right, where no word says `total`
LEAST_TILES = 3  # right sums, of all columns, where groups are all rows of a table
LEAST_SUM = 50.0  # small counts agree by chance
LARGE = 1_000.0
MOST_ADDENDS = 400
MOST_LEVELS = 4  # of totals of totals


def find_totals(rows: Values, named: Sequence[bool] = ()) -> list[int]:
    """Return the numbers of rows that are sums of other rows. named: which rows have a word for a total."""
    inside, found = list(range(len(rows))), list[int]()
    is_whole_known = False
    for _ in range(MOST_LEVELS):
        part = [rows[one] for one in inside]
        whole = None if is_whole_known else _whole(part)
        is_whole_known = is_whole_known or whole is not None
        marked = [bool(named) and named[one] for one in inside]
        more = [whole] if whole is not None else _groups(part) or list(_named(part, marked)) or _nested(part)
        if not more:
            break
        found += [inside[one] for one in more]
        gone = set(found)
        inside = [one for one in inside if one not in gone]
    return sorted(found)


def _named(rows: Values, named: Sequence[bool]) -> Iterator[int]:
    """Yield rows with a word for a total that are the sum of the rows above, or of some directly above."""
    open_rows: list[Sequence[float]] = []
    for number, (row, is_named) in enumerate(zip(rows, named, strict=True)):
        if is_named and _is_sum_of_last(row, open_rows):
            yield number
        else:
            open_rows.append(row)


def _is_sum_of_last(wanted: Sequence[float], above: Values) -> bool:
    used = [column for column, value in enumerate(wanted) if value]
    if not used or max(map(abs, wanted)) < LEAST_SUM:
        return False
    sums = [0.0] * len(wanted)
    for count, row in enumerate(reversed(above[-MOST_ADDENDS:]), 1):
        sums = [one + other for one, other in zip(sums, row, strict=True)]
        right = [column for column in used if _same(sums[column], wanted[column])]
        if count > 1 and any(abs(wanted[one]) >= LEAST_SUM for one in right) and len(right) >= len(used) / 2:
            return True
    return False


def _whole(rows: Values) -> int | None:
    """Return the first or last row if it is the sum of all others in its columns."""
    for number in (0, len(rows) - 1):
        others = [row for at, row in enumerate(rows) if at != number]
        sums = [sum(column) for column in zip(*others, strict=True)]
        used = [at for at, value in enumerate(rows[number]) if abs(value) >= LEAST_SUM]
        right = [at for at in used if _same(sums[at], rows[number][at])]
        large = [at for at in right if abs(rows[number][at]) >= LARGE]  # beside rates, which are no sums
        is_sum = len(right) >= min(2, len(used)) and right and len(right) >= 0.8 * len(used)
        if (is_sum or (len(large) >= 2 and len(right) >= 0.5 * len(used))) and len(others) > 2:
            return number
    return None


def _groups(rows: Values) -> list[int]:
    found = [at for at, _ in _leading(rows)]
    if len(found) < 2:
        turned = [len(rows) - 1 - at for at, _ in _leading(rows[::-1])]
        found = turned if len(turned) > len(found) else found
    if len(found) > 1:
        return found
    return _tiles(rows) or sorted(len(rows) - 1 - at for at in _tiles(rows[::-1]))


def _tiles(rows: Values) -> list[int]:
    """Return the sums before their groups where each row is in one group, with as few as one column.

    A first or last row may be the sum of those sums.
    """
    last = len(rows) - 1
    for start, end, whole in ((0, last + 1, -1), (0, last, last), (1, last + 1, 0)):
        groups = list(_leading(rows[start:end], 1))
        heads = [at + start for at, _ in groups]
        is_tiled = sum(length + 1 for _, length in groups) == end - start
        is_summed = whole >= 0 and _addends([rows[whole], *(rows[at] for at in heads)], 0, 1) == len(heads)
        agreeing = (len(heads) + is_summed) * min(map(_count_used, [rows[at] for at in heads]), default=0)
        if is_tiled and len(heads) > 1 and agreeing >= LEAST_TILES and (whole < 0 or is_summed):
            return [*heads, whole] if is_summed else heads
    return []


def _count_used(row: Sequence[float]) -> int:
    return sum(value > 0 for value in row)


def _nested(rows: Values) -> list[int]:
    """Return sums within sums, one of each level or more, where the last is of all rows."""
    inside, found = list(range(len(rows))), list[int]()
    while True:
        part = [rows[one] for one in inside]
        whole = _whole(part) if found else None
        if whole is not None:
            return [*found, inside[whole]]
        more = [inside[at] for at, _ in _leading(part)]
        if not more:
            return []
        found += more
        inside = [one for one in inside if one not in more]


def _leading(rows: Values, least: int = LEAST_COLUMNS) -> Iterator[tuple[int, int]]:
    """Yield rows that are the sums of the rows directly behind them, with how many those are."""
    at = 0
    while at < len(rows) - 2:
        length = _addends(rows, at, least)
        if length == 2 and at + 2 < len(rows) - 2 and _addends(rows, at + 2, least) == 2:
            length = 0  # an account that goes on: revenue = cost + profit, profit = expenses + income
        if length:
            yield at, length
        at += length + 1


def _addends(rows: Values, at: int, least: int) -> int:
    """Return how many rows behind row `at` it is the sum of; 0 where it is none."""
    wanted = rows[at]
    used = [column for column, value in enumerate(wanted) if value > 0]
    if len(used) < least or max(wanted) < LEAST_SUM:
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
