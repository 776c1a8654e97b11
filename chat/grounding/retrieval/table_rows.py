"""Tables in plain text: which lines are rows, and which row says what the columns mean.

Readers write cells with tabs, Markdown with bars, PDFs with wide gaps, CSV with commas. Knows no document.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

_ROW = re.compile(r"\t|^\s*\||\S \| \S|\S {3,}\S|^(?:[^,\n]*,(?! )){3}")
_RULE = re.compile(r"[\s|:+=-]*")  # the line under a Markdown header
FEW_CELLS_CHARACTERS = 400  # a longer line is prose with a tab in it


def is_row(line: str) -> bool:
    """Tell whether `line` has cells."""
    if len(line) > FEW_CELLS_CHARACTERS:
        return False
    # Most lines are prose, which this tells four times as quickly as the expression.
    may_be = "\t" in line or "|" in line or "   " in line or line.count(",") >= 3
    return may_be and bool(_ROW.search(line))


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
