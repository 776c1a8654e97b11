"""Which cells and which columns of a grid are numbers or dates. Pure functions over texts."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from chat.numbers.cell_grid import Row
from chat.numbers.cell_values import is_missing, parse_date, parse_number

NUMERIC_SHARE = 0.6  # of the cells of a column


def is_numeric(text: str) -> bool:
    """Is a cell a number or a date, whichever sign its decimals have?"""
    return is_figure(text) or parse_date(text) is not None


def is_year(text: str) -> bool:
    return bool(re.fullmatch(r"(?:1[89]|20|21)\d\d", text))


def is_figure(text: str) -> bool:
    """Is a cell a number, whichever sign its decimals have?"""
    return parse_number(text) is not None or parse_number(text, "comma") is not None


def is_period(text: str) -> bool:
    """Is a cell a year or a date and no other number: `2022`, `31.12.2022`, `Q1 2023`?"""
    return is_year(text) or (parse_date(text) is not None and not is_figure(text))


def numeric_columns(rows: Sequence[Row]) -> frozenset[int]:
    """Return the columns most of whose values are numbers or dates."""
    seen, numbers = Counter[int](), Counter[int]()
    for row in rows:
        for column, cell in enumerate(row):
            if cell and not is_missing(cell):
                seen[column] += 1
                numbers[column] += is_numeric(cell)
    return frozenset(one for one, count in seen.items() if numbers[one] >= NUMERIC_SHARE * count)
