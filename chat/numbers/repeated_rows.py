"""Rows that repeat what others hold: sums, parts of the row above, means, extremes, changes. Pure functions.

A word alone is not enough, since a shop may be called Max: the figures must agree.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from chat.numbers.row_totals import LEAST_SUM, find_totals
from chat.numbers.total_words import (
    CHANGE,
    HIGHEST,
    LOWEST,
    gathered,
    has_total_word,
    is_marked,
    is_summary_word,
    names_part,
)

LEAST_SUMMED = 4  # rows among which sums without a word for it are looked for
MOST_PARTS = 40
ROUNDED = 1e-5  # of a sum of figures that were rounded
LEAST_LEFT = 2  # rows of data beside the parts of others


@dataclass(frozen=True)
class ComparedRow:
    """number: its place. figures: None for an empty cell. words: its labels. is_total: a word said so."""

    number: int
    figures: Sequence[float | None]
    words: Sequence[str]
    is_total: bool = False

    @property
    def label(self) -> str:
        return next((word for word in self.words if word), "")


def find_repeated(rows: Sequence[ComparedRow]) -> dict[int, str]:
    """Return the numbers of the rows that repeat others, with what they are; none is a known total."""
    parts = _parts(rows)
    found = {row.number: "part" for row in parts}
    inside = [row for row in rows if row.number not in found and not row.is_total]
    if len(inside) < LEAST_LEFT:
        found, inside = {}, [row for row in rows if not row.is_total]
    found |= {row.number: "total" for row in _summaries(inside)}
    inside = [row for row in inside if row.number not in found]
    if len(inside) >= LEAST_SUMMED:
        figures = [[value or 0.0 for value in row.figures] for row in inside]
        summed = (inside[at] for at in find_totals(figures, [is_marked(row.words) for row in inside]))
        found |= {row.number: "total" if has_total_word(row.words) else "subtotal" for row in summed}
    return found


def _parts(rows: Sequence[ComparedRow]) -> list[ComparedRow]:
    """Return the rows named as a part of the one above (`其中：…`, `darunter …`) and no more than it."""
    found, whole = list[ComparedRow](), None
    open_until = 0
    for at, row in enumerate(rows):
        if at < open_until:
            found.append(row)
        elif not any(map(names_part, row.words)):
            whole = row
        elif whole is not None and _is_part(row, whole):
            open_until = at + _count_parts(rows[at : at + MOST_PARTS], whole)
            found.append(row)
    return found


def _count_parts(rows: Sequence[ComparedRow], whole: ComparedRow) -> int:
    """Return how many rows from the first part on are the whole together; 0 where they are not.

    In `其中：A`, `B`, `C` the word for a part stands once.
    """
    sums = [0.0] * len(whole.figures)
    for count, row in enumerate(rows, 1):
        if row.is_total or (count > 1 and not _is_part(row, whole)):
            return 0
        sums = [one + (other or 0.0) for one, other in zip(sums, row.figures, strict=True)]
        used = [(one, other) for one, other in zip(sums, whole.figures, strict=True) if other]
        right = [other for one, other in used if abs(one - other) <= ROUNDED * abs(other)]
        if count > 1 and (len(right) > 1 or any(abs(other) >= LEAST_SUM for other in right)):
            return count
    return 0


def _is_part(row: ComparedRow, whole: ComparedRow) -> bool:
    pairs = [
        (one, other)
        for one, other in zip(row.figures, whole.figures, strict=True)
        if one is not None and other is not None
    ]
    return bool(pairs) and all(abs(one) <= abs(other) for one, other in pairs)


def _summaries(rows: Sequence[ComparedRow]) -> list[ComparedRow]:
    """Return the rows at the end that are named as a mean, an extreme or a change, and can be it."""
    end = len(rows)
    while end > 1 and is_summary_word(_bare(rows[end - 1])):
        end -= 1
    if end == len(rows):
        return []
    columns = [
        [value for value in column if value is not None]
        for column in zip(*(row.figures for row in rows[:end]), strict=True)
    ]
    ends = [(min(column), max(column)) if len(column) > 1 else None for column in columns]
    return [row for row in rows[end:] if _can_be(row, ends)]


def _bare(row: ComparedRow) -> str:
    return gathered(row.label).strip(" :：")


def _can_be(row: ComparedRow, ends: Sequence[tuple[float, float] | None]) -> bool:
    pairs = [(value, end) for value, end in zip(row.figures, ends, strict=True) if value is not None and end]
    label = _bare(row)
    if CHANGE.fullmatch(label):
        return True
    if LOWEST.fullmatch(label):
        return bool(pairs) and all(value == low for value, (low, _) in pairs)
    if HIGHEST.fullmatch(label):
        return bool(pairs) and all(value == high for value, (_, high) in pairs)
    return bool(pairs) and all(low <= value <= high for value, (low, high) in pairs)
