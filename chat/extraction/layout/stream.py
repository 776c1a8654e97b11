"""Tables without rules between their columns: lines whose gaps stand below each other."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import mean, median

from chat.extraction.layout.cell_lines import CellLine, goes_on, group_lines, is_value, join_rows
from chat.extraction.layout.columns import Span, column_of, columns_under, place, table_columns
from chat.extraction.layout.page_words import FIRST_WIDE, TIGHT, Line, Segment
from chat.extraction.layout.rules import Rule

FEWEST_LINES = 3
WORDY = 28  # characters of a cell, on average: more is prose
EVEN_HEADING_WIDTH = 1.06  # where it stands as far from the rows as they from each other
WRAPPED = 1.5  # lines to a row: its cells are of several
HEADING_WIDTH = 0.95  # of a table: a heading between its rows is no wider
FAR_HEIGHTS = 3.2  # from one line to the next: further apart are two tables


@dataclass(frozen=True)
class Block:
    """Lines that make a table, and its columns."""

    lines: tuple[Line, ...]
    columns: tuple[Span, ...]


def find_blocks(lines: Sequence[Line], across: Sequence[Rule]) -> Iterator[Block]:
    """Yield the stretches of lines that have gaps in common. across: horizontal rules."""
    at = 0
    while at < len(lines):
        end = _end_of_block(lines, at) if len(lines[at].segments) > 1 else at
        block = list(lines[at:end])
        least = _end_of_last_label(block)
        while len(block) > least and len(block[-1].segments) < 2 and not _ends_table(block, across):
            block.pop()
        if _is_table(block):
            start = _header_start(lines, at, block, across)
            whole = [*lines[start:at], *block]
            yield Block(tuple(whole), tuple(table_columns(whole)))
            at += len(block)
        else:
            at += 1


def _end_of_block(lines: Sequence[Line], start: int) -> int:
    """Return the line after the last one that fits the columns of those before it."""
    block = [lines[start]]
    columns = _with_line([], lines[start])
    for end in range(start + 1, len(lines)):
        line, before = lines[end], block[-1]
        if line.base - before.base > FAR_HEIGHTS * max(before.height, line.height):
            return end
        found = _with_line(columns, line)
        is_several = len(line.segments) > 1
        if not is_several and _is_heading(lines, end, block, columns):
            block.append(line)
            continue
        if len(found) < 2 or (is_several and len(found) < max(2, len(columns) - 1)):
            return end
        if not is_several:
            is_far = line.base - before.base > 2 * line.height
            if is_far or not _fits_column(line.segments[0], columns):
                return end
        block.append(line)
        columns = found
    return len(lines)


def _fits_column(segment: Segment, columns: Sequence[Span]) -> bool:
    """Whether a text begins with or behind the beginning of a column and ends before the next."""
    ends = [*(left - 2 for left, _ in columns[1:]), columns[-1][1] + 14]
    return any(
        left - 2 <= segment.left and segment.right <= end
        for (left, _), end in zip(columns, ends, strict=True)
    )


def _is_heading(lines: Sequence[Line], at: int, block: Sequence[Line], columns: Sequence[Span]) -> bool:
    """Whether a line of one text heads the rows after it: at an edge, short, and followed by a row."""
    segment, line = lines[at].segments[0], lines[at]
    width = columns[-1][1] - columns[0][0]
    is_left = abs(segment.left - columns[0][0]) <= line.height
    is_right = abs(segment.right - columns[-1][1]) <= line.height
    below = lines[at + 1] if at + 1 < len(lines) else None
    if not (is_left or is_right) or len(block) < 2 or below is None:
        return False
    is_even = abs(below.base - 2 * line.base + block[-1].base) < 0.1 * line.height
    if segment.right - segment.left > (EVEN_HEADING_WIDTH if is_even else HEADING_WIDTH) * width:
        return False
    if below.base - line.base > FAR_HEIGHTS * line.height or len(below.segments) < 2:
        return False
    return len(_with_line(columns, below)) >= max(2, len(columns) - 1)


def _with_line(columns: Sequence[Span], line: Line) -> list[Span]:
    """Return the stretches of x that the lines so far cover together with another line."""
    spans: list[Span] = []
    for left, right in sorted([*columns, *((one.left, one.right) for one in line.segments)]):
        if spans and left < spans[-1][1] - 0.5:
            spans[-1] = spans[-1][0], max(spans[-1][1], right)
        else:
            spans.append((left, right))
    return spans


def _end_of_last_label(block: Sequence[Line]) -> int:
    """Return the line after the last row: its label may go on in lines of its own, in its column."""
    rows = [at for at, line in enumerate(block) if len(line.segments) > 1]
    end = rows[-1] + 1 if rows else 0
    values = min((block[at].segments[1].left for at in rows), default=0.0)
    while end < len(block) and rows:
        line, before = block[end], block[end - 1]
        text, label = line.segments[0], before.segments[0]
        is_in_column = abs(text.left - label.left) < 2 and text.right < values
        is_tight = line.base - before.base <= TIGHT * line.height
        if not is_in_column or not is_tight or (end == rows[-1] + 1 and not goes_on(label.text, text.text)):
            break
        end += 1
    return end


def _ends_table(block: Sequence[Line], across: Sequence[Rule]) -> bool:
    """Whether a last line of one cell belongs to the table: a rule closes it, or a cell goes on in it."""
    if len(block) < 2:
        return False
    line, before = block[-1], block[-2]
    left = line.segments[0].left
    first = min(one.segments[0].left for one in block)
    goes_on = line.base - before.base <= TIGHT * line.height and left > first + line.height
    return _is_ruled_below(block, across) or (
        goes_on and any(abs(one.left - left) < 2 for one in before.segments)
    )


def _is_ruled_below(block: Sequence[Line], across: Sequence[Rule]) -> bool:
    """Whether a rule closes the table below its last line."""
    line = block[-1]
    left, right = min(one.left for one in line.segments), max(one.right for one in line.segments)
    return (
        any(
            line.base - 0.3 * line.height <= rule.at <= line.base + line.height
            and rule.start <= left
            and rule.end >= right
            for rule in across
        )
        and len(block) > 1
    )


def _is_table(block: Sequence[Line]) -> bool:
    several = [line for line in block if len(line.segments) > 1]
    if len(several) < FEWEST_LINES or len(several) < 0.34 * len(block):
        return False
    columns = table_columns(block)
    if len(columns) < 2:
        return False
    segments = [one for line in block for one in line.segments]
    if len(columns) == 2 and mean(len(one.text) for one in segments) > WORDY:
        return False
    cells: dict[int, list[Segment]] = {}
    for segment in segments:
        cells.setdefault(column_of(segment, columns), []).append(segment)
    wordy = sum(_is_wordy(found, columns[at]) for at, found in cells.items())
    return wordy < max(1, len(columns) - 1) or len(columns) >= 4


def _is_wordy(found: Sequence[Segment], column: Span) -> bool:
    """Whether a column reads as prose: long lines that fill it."""
    width = column[1] - column[0]
    full = sum(one.right - one.left > 0.8 * width for one in found)
    return len(found) > 3 and mean(len(one.text) for one in found) > WORDY and full > 0.7 * len(found)


def _header_start(lines: Sequence[Line], at: int, block: Sequence[Line], across: Sequence[Rule]) -> int:
    """Return the first line of the header: lines close above that stand over the columns, not at the left."""
    columns = table_columns(block)
    start = at
    while start > 0:
        line, below = lines[start - 1], lines[start]
        if below.base - line.base > 1.7 * max(line.height, below.height) or len(line.segments) > 6:
            break
        first = line.segments[0]
        is_over = first.left >= columns[0][1] and line.segments[-1].right <= columns[-1][1] + 20
        if not is_over or len(first.text) > 60:
            break
        start -= 1
    return start


def rows_of(block: Block, across: Sequence[Rule]) -> list[list[str]]:
    """Return the rows of a table."""
    lines = [CellLine(tuple(place(line, block.columns)), line.base, line.height) for line in block.lines]
    ruled = _ruled_above(block, across)
    header = _count_header_lines(block, lines)
    rows = [join_rows(group) for group in _group_header(block, lines[:header])]
    body = [join_rows(group) for group in group_lines(lines[header:], ruled[header:])]
    return rows + _repeat_labels(body)


def _repeat_labels(rows: list[list[str]]) -> list[list[str]]:
    """Return rows with a label in each, where each label stands in the first of as many full rows."""
    starts = [at for at, row in enumerate(rows) if row[0]]
    sizes = {end - start for start, end in pairwise([*starts, len(rows)])}
    is_regular = starts[:1] == [0] and len(starts) > 1 and len(sizes) == 1 and sizes != {1}
    if not is_regular or not all(all(row[1:]) for row in rows):
        return rows
    return [[rows[at - at % min(sizes)][0], *row[1:]] for at, row in enumerate(rows)]


def is_ruled(block: Block, across: Sequence[Rule], rows: Sequence[Sequence[str]]) -> bool:
    """Whether rules part the rows, so that they are no prose."""
    return len(rows) >= FEWEST_LINES and sum(_ruled_above(block, across)) >= len(rows) - 1


def _ruled_above(block: Block, across: Sequence[Rule]) -> list[bool]:
    return [
        _is_ruled_above(line, before, across)
        for before, line in zip([None, *block.lines], block.lines, strict=False)
    ]


def _is_ruled_above(line: Line, before: Line | None, across: Sequence[Rule]) -> bool:
    if before is None:
        return False
    left, right = line.segments[0].left, line.segments[-1].right
    return any(
        before.base - 0.3 * before.height <= rule.at <= line.base - 0.5 * line.height
        and rule.start <= left + 5
        and rule.end >= right - 5
        for rule in across
    )


def _count_header_lines(block: Block, lines: Sequence[CellLine]) -> int:
    """Return how many lines at the top have no figures."""
    for at, line in enumerate(lines):
        if any(is_value(cell) and not _is_year(cell) for cell in line.cells[1:] if cell):
            return at
    return 0


def _is_year(cell: str) -> bool:
    return len(cell) == 4 and cell.isdigit() and cell[:2] in ("19", "20")


def _group_header(block: Block, lines: Sequence[CellLine]) -> Iterator[list[CellLine]]:
    """Yield the rows of the header: lines of one cell as one, a heading over several columns alone."""
    group: list[CellLine] = []
    for at, (line, cells) in enumerate(zip(block.lines, lines, strict=False)):
        spans_columns = any(len(columns_under(one, block.columns)) > 1 for one in line.segments)
        if group and (
            cells.base - group[-1].base > 1.6 * cells.height
            or (cells.filled == [0] and len(group[-1].filled) > 1)
            or _is_row_of_its_own(group[-1], cells, lines[at + 1 :])
        ):
            yield group
            group = []
        group.append(cells)
        if spans_columns or (at + 1 < len(lines) and _heads_groups(cells, lines[at + 1])):
            yield group
            group = []
    if group:
        yield group


def _is_row_of_its_own(before: CellLine, cells: CellLine, rest: Sequence[CellLine]) -> bool:
    """Whether a line is full as the one before, begins anew and stands as far from it as from the next."""
    is_full = len(before.filled) == len(cells.filled) == len(cells.cells)
    is_even = not rest or cells.base - before.base > 0.9 * (rest[0].base - cells.base)
    return is_full and is_even and len(cells.cells) == 2 and not goes_on(before.cells[0], cells.cells[0])


def _heads_groups(line: CellLine, below: CellLine) -> bool:
    """Whether each text of a header line heads as many columns of the line below as the others do."""
    columns, under = [at for at in line.filled if at], [at for at in below.filled if at]
    counts = {
        sum(first <= at < last for at in under) for first, last in pairwise([*columns, len(line.cells)])
    }
    return len(columns) > 1 and under[:1] == columns[:1] and counts != {1} and len(counts) == 1


def reads_as_table(rows: Sequence[Sequence[str]], lines: int) -> bool:
    """Whether rows are those of a table: not prose in columns, not a formula, not scattered words.

    lines: from which the rows were made.
    """
    if len(rows) < FEWEST_LINES or len(rows[0]) < 2:
        return False
    if lines >= WRAPPED * len(rows) and _has_words_below_header(rows):
        return True
    cells = [cell for row in rows for cell in row]
    full = [cell for cell in cells if cell]
    wordy = [sum(map(_is_wordy_cell, row)) for row in rows]
    if len(full) < 0.45 * len(cells) or sum(wordy) > 0.5 * len(full):
        return False
    if sum(count >= 2 for count in wordy) > 0.2 * len(rows):
        return False
    if sum(len(cell) < 2 and not cell.isdigit() and not is_value(cell) for cell in full) > 0.35 * len(full):
        return False
    if sum(sum(map(bool, row)) >= 2 for row in rows) < 0.6 * len(rows):
        return False
    has_figures = any(character.isdigit() for cell in full for character in cell)
    return has_figures or len(rows[0]) > 2 or median(map(len, full)) < 40


def _has_words_below_header(rows: Sequence[Sequence[str]]) -> bool:
    """Whether the cells are full and under a header of few words: they are of several lines each."""
    is_header = all(cell and len(cell.split()) <= 4 and len(cell) < 40 for cell in rows[0])
    return is_header and sum(all(row) for row in rows) >= 0.8 * len(rows)


def _is_wordy_cell(cell: str) -> bool:
    return len(cell.split()) >= 5 or sum(character >= FIRST_WIDE for character in cell) > 16
