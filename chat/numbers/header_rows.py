"""Which rows of a grid are its header: names, groups above them, units and numbers of columns below.

Pure functions over texts.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import zip_longest

from chat.numbers.cell_grid import Area, Row
from chat.numbers.cell_values import is_missing, parse_number
from chat.numbers.numeric_cells import is_figure, is_numeric, is_period, is_year

HEADER_ROWS = 5
LONGEST_LABEL = 300  # characters of a name in a header
LOOKED_BELOW = 5  # rows, for figures below the dates of a header
COLUMN_LETTERS = frozenset("AaBbАаБб甲乙丙")  # of columns of words, where those of figures have numbers
ROUND = re.compile(r"100|10{0,2}(?:[\s.,'’]?000){1,3}")
NOT_A_GROUP = re.compile(  # `Unit: 1,000`, `制表日期：2024-01-15`
    r"(?:units?|unité|einheit|unidad|ед|source|quelle|date|datum|stand|print(?:ed)?(?: on)?|as of"
    r"|单位|單位|(?:制表|填报|填報|编制|編製|打印|统计|統計)\w{0,4}|日期|时间|時間|来源|來源)\.?\s*(?:[:：]|\s)\s*\S",
    re.IGNORECASE,
)


def is_preface(row: Row) -> bool:
    """Does a row say by whom, when or in which unit a table was made: `填报单位：城建局 | 单位：万元`?"""
    return any(NOT_A_GROUP.match(cell) and re.search("[:：]", cell) for cell in row if cell)


def find_header(rows: Sequence[Row], at: int, numeric: frozenset[int], merged: Sequence[Area]) -> list[int]:
    """Return the rows of the header, of which `at` is the first wide one; empty where there is none."""
    has_periods = are_periods(rows[at], rows[at + 1 : at + LOOKED_BELOW])
    if not has_periods and not _is_header(rows[at], numeric, rows[at - 1] if at else ()):
        return []
    found = [at]
    while len(found) < HEADER_ROWS and at + 1 < len(rows) and _goes_on(rows, at + 1, numeric):
        at += 1
        found.append(at)
    at = found[0]
    edge = max(column for row in rows[at : at + HEADER_ROWS] for column, cell in enumerate(row) if cell)
    while len(found) < HEADER_ROWS and at and _is_group_row(rows, at - 1, merged, edge):
        at -= 1
        found.insert(0, at)
    return found


def _is_header(row: Row, numeric: frozenset[int], above: Row) -> bool:
    cells = [(column, cell) for column, cell in enumerate(row) if cell]
    values = [
        (column, cell)
        for column, cell in cells
        if column in numeric and is_numeric(cell) and not is_year(cell)
    ]
    if not values:
        years = [(column, cell) for column, cell in cells if is_year(cell)]
        return _are_headings(years, above) and (len(years) < len(cells) or len(years) > 2)
    words = [
        column
        for column, cell in cells
        if column in numeric and not is_numeric(cell) and not is_missing(cell)
    ]
    distinct = len({cell for _, cell in cells}) == len(cells)
    return distinct and len(words) >= 1 and len(words) + len(values) > 2 and _are_labels(values)


def are_periods(row: Row, below: Sequence[Row]) -> bool:
    """Are the dates of a row the names of columns of figures: `Position | 31.12.2022 | 31.12.2021`?"""
    dates = [(column, cell) for column, cell in enumerate(row) if cell and is_period(cell)]
    if len({cell for _, cell in dates}) != len(dates) or all(is_year(cell) for _, cell in dates):
        return False
    others = [cell for cell in row if cell and not is_period(cell)]
    return len(dates) > 1 and not any(map(is_figure, others)) and _are_over_figures(dates, below)


def _are_over_figures(cells: Sequence[tuple[int, str]], below: Sequence[Row]) -> bool:
    under = [[one[column] for one in below if one[column]] for column, _ in cells]
    return all(found and all(map(_is_amount, found)) for found in under)


def _is_amount(cell: str) -> bool:
    return is_missing(cell) or (is_figure(cell) and not is_period(cell))


def _are_headings(years: Sequence[tuple[int, str]], above: Row) -> bool:
    """Is each year there once, or once under each of the groups that the row above names?"""
    groups = [column for column, cell in enumerate(above) if cell and not is_numeric(cell)]
    under = [(max((one for one in groups if one <= column), default=-1), year) for column, year in years]
    return len(set(under)) == len(under)


def _are_labels(values: Sequence[tuple[int, str]]) -> bool:
    """Are the numbers of a header short and whole, as names of columns are, or dates and spans of years?"""
    return all(re.fullmatch(r"\d{1,4}", cell) or parse_number(cell) is None for _, cell in values)


def _goes_on(rows: Sequence[Row], at: int, numeric: frozenset[int]) -> bool:
    """Is a row below the first of the header part of it: words over columns of numbers?"""
    before = rows[at - 1]  # of whose cells some may be merged with those below, and stand in both
    row = [cell if cell != above else "" for cell, above in zip_longest(rows[at], before, fillvalue="")]
    cells = [column for column, cell in enumerate(row) if cell]
    if is_numbering(row) or _counts_columns(row, before, numeric) or _are_units(row, before, numeric):
        return True
    over = [row[column] for column in cells if column in numeric]
    if _are_years_below(row, before, numeric, rows[at + 1 : at + 3]):
        return True
    if not cells or len(rows) - at < 3 or not over:
        return _fills_gaps(row, before, numeric, rows[at + 1 : at + 2])
    words = [
        cell for cell in over if not is_numeric(cell) and not is_missing(cell) and len(cell) <= LONGEST_LABEL
    ]
    is_wide = len(cells) > 1 or (len(words) == 1 and len(row) < 3) or _is_only_unit(rows[at:], cells[0])
    return len(words) == len(over) and is_wide


def _is_only_unit(rows: Sequence[Row], column: int) -> bool:
    """Does the first of some rows have a unit for all figures, which no later row changes?"""
    alone = [row for row in rows if row[column] and sum(map(bool, row)) == 1]
    return not rows[0][0] and any(rows[1][:column]) and len(alone) == 1


def _are_years_below(row: Row, before: Row, numeric: frozenset[int], after: Sequence[Row]) -> bool:
    """Does a row name the years or days of the groups above it, and no label, which the rows below have?"""
    cells = [(column, cell) for column, cell in enumerate(row) if cell]
    if len(cells) < 2 or not all(is_period(cell) and column in numeric for column, cell in cells):
        return False
    if not all(is_year(cell) for _, cell in cells) and not _are_over_figures(cells, after):
        return False
    labels = {column for one in after for column, cell in enumerate(one) if cell and column not in numeric}
    is_labelled = any(column < cells[0][0] for column in labels)
    has_years = any(map(is_period, before))
    return is_labelled and not has_years and any(before) and _are_headings(cells, before)


def is_numbering(row: Row) -> bool:
    """Does a row number the columns: `A | 1 | 2 | 3`, `甲 | 1 | 2`, `(1) | (2) | (3)`?"""
    cells = [cell for cell in row if cell]
    bracketed = [cell[1:-1] for cell in cells if cell[0] in "(（" and cell[-1] in ")）"]
    if len(bracketed) > 2 and len(bracketed) == len(cells):
        return bracketed == [str(number) for number in range(1, len(cells) + 1)]
    letters = [cell for cell in cells if cell in COLUMN_LETTERS]
    numbers = [str(number) for number in range(1, len(cells) - len(letters) + 1)]
    return 0 < len(letters) <= len(numbers) and len(numbers) > 1 and cells == letters + numbers


def _counts_columns(row: Row, before: Row, numeric: frozenset[int]) -> bool:
    """Is a row `1 | 2 | 3 | 4` below as many names, one of which is over words?"""
    cells = [column for column, cell in enumerate(row) if cell]
    named = [column for column, cell in enumerate(before) if cell]
    return counts_up(row) and cells == named and not set(cells) <= numeric


def counts_up(row: Row) -> bool:
    """Are the cells of a row `1 | 2 | 3` and so on?"""
    cells = [cell for cell in row if cell]
    return len(cells) > 2 and cells == [str(one) for one in range(1, len(cells) + 1)]


def _are_units(row: Row, before: Row, numeric: frozenset[int]) -> bool:
    """Does a row name the units of the columns, one of which is a round number: `km² | 1 000 | je km²`?"""
    cells = [(column, cell) for column, cell in enumerate(row) if cell]
    named = [column for column, cell in enumerate(before) if cell]
    if len(cells) < 2 or not named or cells[0][0] <= named[0]:
        return False
    words = [cell for _, cell in cells if not is_numeric(cell) and not is_missing(cell)]
    round_ones = [cell for _, cell in cells if ROUND.fullmatch(cell)]
    is_over = all(column in numeric for column, _ in cells)
    return is_over and bool(words) and bool(round_ones) and len(words) + len(round_ones) == len(cells)


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


def _is_group_row(rows: Sequence[Row], at: int, merged: Sequence[Area], edge: int) -> bool:
    """Is the row above a header one of groups: a few words, each over several columns?

    edge: the last column of the table.
    """
    row = rows[at]
    cells = [column for column, cell in enumerate(row) if cell]
    if any(is_numeric(row[column]) and not is_year(row[column]) for column in cells):
        return False
    if any(len(row[column]) > 80 or NOT_A_GROUP.match(row[column]) for column in cells):
        return False
    spans = [area for area in merged if area[0] <= at <= area[2] and area[3] > area[1]]
    below = [column for column, cell in enumerate(rows[at + 1]) if cell]
    if len(cells) > 1:
        return cells[-1] <= edge and len(cells) < len(below) + 1
    return any(area[1] > 0 and area[3] - area[1] + 1 < len(below) and area[1] in cells for area in spans)
