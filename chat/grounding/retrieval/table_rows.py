"""Tables in plain text: which lines are rows, and which row says what the columns mean.

Readers write cells with tabs, Markdown with bars, PDFs with wide gaps, CSV with commas. Knows no
document, but the tables that it has as values.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Sequence

from chat.documents.row_format import DIVIDER
from chat.documents.tables import Span, Table

_ROW = re.compile(r"\t|^\s*\||\S \| \S|\S {3,}\S|^(?:[^,\n]*,(?! )){3}")
_RULE = re.compile(r"[\s|:+=-]*")  # the line under a Markdown header
NONE = (-1, -1)
LONGEST_ROW_CHARACTERS = 4_000
Range = tuple[int, int]
FEW_CELLS_CHARACTERS = 400  # a longer line is prose with a tab in it


def is_row(line: str) -> bool:
    """Tell whether `line` has cells."""
    if len(line) > (LONGEST_ROW_CHARACTERS if DIVIDER in line else FEW_CELLS_CHARACTERS):
        return False
    # Most lines are prose, which this tells four times as quickly as the expression.
    may_be = "\t" in line or "|" in line or "   " in line or line.count(",") >= 3
    return may_be and bool(_ROW.search(line))


def find_header_rows(starts: Sequence[int], tables: Sequence[Table], gaps: Sequence[int]) -> list[Range]:
    """Return for each sentence first and last of the sentences that are its table's header.

    (-1, -1) for none, as for a header row. gaps: the first row of each table in
    plain text, as `find_headers` has it.
    """
    headers = [(one, one) for one in gaps]
    for table in tables:
        first, last = (bisect_right(starts, at) - 1 for at in table.header)
        header = (first, last) if table.header[0] < table.header[1] else NONE
        rows = range(bisect_right(starts, table.start) - 1, bisect_left(starts, table.end))
        for row in rows:
            headers[row] = header if starts[row] >= table.body else NONE
    return headers


def find_row_lines(text: str) -> list[Span]:
    """Return the lines that are rows of cells divided by bars: no sentence ends inside one."""
    lines: list[Span] = []
    at = text.find(DIVIDER)
    while at >= 0:
        start, end = text.rfind("\n", 0, at) + 1, text.find("\n", at)
        end = len(text) if end < 0 else end
        if end - start <= LONGEST_ROW_CHARACTERS:
            lines.append((start, end))
        at = text.find(DIVIDER, end)
    return lines


def find_headers(text: str, starts: Sequence[int]) -> list[int]:
    """Return for each sentence the number of its table's first row; -1 for that row, and outside tables.

    starts: offsets of the sentences, each row being one, and the length of the text.
    """
    headers, header = [], -1
    for number in range(len(starts) - 1):
        row = text[starts[number] : starts[number + 1]]
        if not is_row(row.rstrip("\n")):
            header = -1
        elif header < 0:
            header = number
            headers.append(-1)
            continue
        headers.append(header if not _RULE.fullmatch(row) else -1)
        if row.endswith("\n\n"):
            header = -1
    return headers
