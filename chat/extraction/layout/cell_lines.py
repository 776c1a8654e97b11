"""Rows of a table from its lines, once its columns are known: which lines are one row."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from chat.documents.row_format import is_blank, is_number
from chat.extraction.layout.page_words import HYPHEN, TIGHT, join_lines

FIGURES = re.compile(r"(?=.*\d)[\d\s.,()\[\]%±/<>=≤≥*†‡$€£+–-]+")  # "58 (37.7%)"
WIDER = 1.3  # than the space within a cell is the space between two rows


@dataclass(frozen=True)
class CellLine:
    """The words of one line, by columns. base: of its letters; height: of the tallest."""

    cells: tuple[str, ...]
    base: float
    height: float

    @property
    def filled(self) -> list[int]:
        return [column for column, cell in enumerate(self.cells) if cell]


def is_value(cell: str) -> bool:
    """Whether a cell holds a figure or says that there is none: it stands in one line."""
    text = cell.replace(HYPHEN, "-")
    return bool(cell) and (is_number(text) or is_blank(text) or bool(FIGURES.fullmatch(text)))


def join_rows(lines: Sequence[CellLine]) -> list[str]:
    """Return the lines as one row."""
    return [join_lines(line.cells[column] for line in lines) for column in range(len(lines[0].cells))]


def group_lines(lines: Sequence[CellLine], ruled_apart: Sequence[bool] = ()) -> list[list[CellLine]]:
    """Return the lines of each row. ruled_apart: whether a rule stands above each line."""
    if ruled := _between_rules(lines, ruled_apart):
        return ruled
    groups: list[list[CellLine]] = []
    small = _space_within(lines)
    for at, line in enumerate(lines):
        is_ruled = at < len(ruled_apart) and ruled_apart[at]
        if groups and not is_ruled and _belongs(groups[-1], line, lines[at + 1 :], small):
            groups[-1].append(line)
        else:
            groups.append([line])
    return groups


def _between_rules(lines: Sequence[CellLine], ruled_apart: Sequence[bool]) -> list[list[CellLine]]:
    """Return the lines between two rules as rows: none unless all rows are parted so, and cells wrapped."""
    groups: list[list[CellLine]] = []
    for line, is_ruled in zip(lines, ruled_apart, strict=False):
        if groups and not is_ruled:
            groups[-1].append(line)
        else:
            groups.append([line])
    is_wrapped = any(len({_depth(group, at) for at in group[0].filled}) > 1 for group in groups)
    return groups if sum(ruled_apart) > 1 and is_wrapped and all(map(_is_row, groups)) else []


def _depth(group: Sequence[CellLine], column: int) -> int:
    """Return in how many lines a column has words."""
    return sum(bool(line.cells[column]) for line in group)


def _is_row(group: Sequence[CellLine]) -> bool:
    """Whether lines can be one row: close, each cell from the first line on, and no two figures in one."""
    is_close = all(two.base - one.base <= 2 * one.height for one, two in pairwise(group))
    columns = range(len(group[0].cells))
    depths = [_depth(group, at) for at in columns]
    is_filled = all(line.cells[at] for at in columns for line in group[: depths[at]])
    return is_close and is_filled and all(sum(is_value(one.cells[at]) for one in group) < 2 for at in columns)


def _space_within(lines: Sequence[CellLine]) -> float:
    """Return the space from base to base within cells, where rows stand clearly further apart; else 0."""
    spaces = sorted(two.base - one.base for one, two in pairwise(lines))
    spaces = [space for space in spaces if space > 0]
    if len(spaces) < 2:
        return 0.0
    steps = [(two / max(one, 0.1), one) for one, two in pairwise(spaces)]
    step, small = max(steps)
    return small if step >= WIDER and small <= 2 * max(line.height for line in lines) else 0.0


def _belongs(group: Sequence[CellLine], line: CellLine, rest: Sequence[CellLine], small: float) -> bool:
    """Whether a line goes on with the row whose lines are `group`."""
    before = group[-1]
    space = line.base - before.base
    if space > 2.2 * max(line.height, before.height):
        return False
    if any(is_value(line.cells[c]) and any(is_value(one.cells[c]) for one in group) for c in line.filled):
        return False
    if _begins_row(group, line):
        return False
    filled = {column for one in group for column in one.filled}
    values = [column for column in line.filled if is_value(line.cells[column])]
    is_tight = space <= TIGHT * max(line.height, before.height)
    is_near = space <= small * 1.1 if small else is_tight
    if small and is_near and not (values and _has_values(group)):
        return True
    if not is_tight:
        return False
    if 0 not in line.filled:
        if values:  # values beside the middle or the last line of a label
            return filled == {0} and not small and len(line.filled) == len(values)
        return set(line.filled) <= filled and len(line.filled) < max(2, len(filled))
    if line.filled == [0]:
        return len(filled) > 1 and goes_on(before.cells[0] or group[0].cells[0], line.cells[0])
    if filled == {0} and values:
        return goes_on(before.cells[0], line.cells[0])
    return False


def _begins_row(group: Sequence[CellLine], line: CellLine) -> bool:
    """Whether a line has a label of its own, and words below a figure, which stands in one line."""
    first = min(column for one in group for column in one.filled)
    label = line.cells[first]
    if not label or goes_on(group[-1].cells[first], label):
        return False
    return any(
        line.cells[column][0].isupper() and is_value(join_rows(group)[column])
        for column in line.filled
        if column != first
    )


def _has_values(group: Sequence[CellLine]) -> bool:
    return any(is_value(cell) for one in group for cell in one.cells if cell)


def goes_on(before: str, after: str) -> bool:
    """Whether words that end a line go on in those that begin the next."""
    if not before or not after:
        return False
    return (
        before.endswith((HYPHEN, "-", ",", "/", "&", "("))
        or after[0].islower()
        or (before.count("(") > before.count(")"))
    )
