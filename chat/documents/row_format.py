"""The format of a table row in a text: cells divided by ` | `, no outer bars. Knows no document.

An empty cell is an empty string, so that every row of a table has the same number of bars. A bar inside
a cell is written as `\\|`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

DIVIDER = " | "
_BAR = re.compile(r"(?<!\\)\|")
_SIGNS = r"[-+−–(\[~<>≤≥]{0,3}"
_CURRENCY = r"(?:[$€£¥₹]|[A-Z]{3}(?=\s)|[RU]S?\$|kr(?=\s))"
_NUMBER = re.compile(
    rf"{_SIGNS}\s?{_CURRENCY}?\s?{_SIGNS}\d[\d\s.,'’:/%‰]*(?:[eE][-+]?\d+)?"
    rf"(?:[$€£¥₹%°]|[A-Za-z]{{1,3}}|[\u4e00-\u9fff]{{1,2}})?[)\]*†‡]{{0,4}}"
)
_BLANK = re.compile(r"[-–—.…*:/\s]*|n/?a|nil", re.IGNORECASE)
_YEAR = re.compile(r"(?:FY\s*)?(?:19|20)\d\d(?:\s*[-/–]\s*\d{2,4})?[a-zA-Z*年]?")


def join_row(cells: Iterable[str]) -> str:
    """Return the row as one line."""
    return join_lines(one_lines(cells))


def join_lines(cells: Sequence[str]) -> str:
    """Return the row of cells that `one_lines` has gone over."""
    line = DIVIDER.join(cells)
    return line if line.count("|") < len(cells) else DIVIDER.join(map(_escape, cells))


def one_line(cell: str) -> str:
    """Return a cell with single spaces between its words, and no other blanks."""
    return cell if cell.isprintable() and " " not in cell else " ".join(cell.split())


def one_lines(cells: Iterable[str]) -> list[str]:
    """Return cells as `one_line` does. Most need no call of it."""
    return [cell if cell.isprintable() and " " not in cell else one_line(cell) for cell in cells]


def _escape(cell: str) -> str:
    return _BAR.sub(r"\\|", cell) if "|" in cell else cell


def split_row(line: str) -> list[str]:
    """Return the cells of a line, without the outer bars that Markdown has."""
    cells = [cell.strip().replace("\\|", "|") for cell in _BAR.split(line)]
    is_outer = len(cells) > 2 and line.startswith("|") and line.rstrip().endswith("|")
    return cells[1:-1] if is_outer and not cells[0] and not cells[-1] else cells


def count_bars(line: str) -> int:
    """Return how many bars divide cells in a line."""
    return len(_BAR.findall(line)) if "|" in line else 0


def is_number(cell: str) -> bool:
    """Whether a cell holds a figure, with its sign, currency or unit, rather than words."""
    return bool(_NUMBER.fullmatch(cell)) if len(cell) <= 40 else False


def is_blank(cell: str) -> bool:
    """Whether a cell says that there is no value: nothing, a dash, `n/a`."""
    return bool(_BLANK.fullmatch(cell))


def is_year(cell: str) -> bool:
    """Whether a cell holds a year, which heads columns as often as it is a value."""
    return bool(_YEAR.fullmatch(cell))
