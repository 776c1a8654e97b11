"""A row of a Markdown table -> its cells, each mended; and the code spans of a text, which divide nothing.

Knows no block and no line but its own.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

from chat.ui.markdown.inline import SHORT_CHARACTERS, write_inline

_CELL_TOKEN = re.compile(r"\\\(|\\.|\$\$|`+|\|", re.DOTALL)
_FORMULA_ENDS = {"\\(": "\\)", "$$": "$$"}


def write_row(row: str, hosts: Sequence[str]) -> str:
    """Return a row with each cell's text mended."""
    write = _write_short_cells if len(row) <= SHORT_CHARACTERS else _write_cells
    return write(row, tuple(hosts))


def _write_cells(row: str, hosts: tuple[str, ...]) -> str:
    return "|".join(write_inline(cell, hosts) for cell in _split_cells(row))


_write_short_cells = lru_cache(maxsize=4_000)(_write_cells)  # rows of a table that grows never change


def _split_cells(row: str) -> list[str]:
    """Return the cells of a table row: a `|` in code or in a formula divides nothing, and in code is escaped.

    One pass: what a model writes may be a hundred thousand backticks.
    """
    code_ends = _find_code_spans(row)
    cells, written, at = [""], 0, 0
    unclosed: set[str] = set()
    while match := _CELL_TOKEN.search(row, at):
        found, at = match[0], match.end()
        if found == "|":
            cells[-1] += row[written : match.start()]
            cells.append("")
            written = at
        elif found[0] == "`" and match.start() in code_ends:
            at = code_ends[match.start()]
            cells[-1] += row[written : match.start()] + _escape_pipes(row[match.start() : at])
            written = at
        elif found in _FORMULA_ENDS and found not in unclosed:
            end = row.find(_FORMULA_ENDS[found], at)
            if end < 0:
                unclosed.add(found)
            else:
                at = end + len(found)
    cells[-1] += row[written:]
    return cells


def _find_code_spans(text: str) -> dict[int, int]:
    """Return start -> end of each code span: a run of backticks up to the next run of the same length."""
    ends: dict[int, int] = {}
    later: dict[int, int] = {}  # length -> how many runs of it are still to come
    runs = [(match.start(), match.end()) for match in re.finditer(r"`+", text)]
    for start, end in runs:
        later[end - start] = later.get(end - start, 0) + 1
    at = 0
    while at < len(runs):
        start, end = runs[at]
        size = end - start
        later[size] -= 1
        if not later[size]:
            at += 1
            continue
        at += 1
        while runs[at][1] - runs[at][0] != size:
            later[runs[at][1] - runs[at][0]] -= 1
            at += 1
        later[size] -= 1
        ends[start] = runs[at][1]
        at += 1
    return ends


def without_code(text: str) -> str:
    """Return a text without its code spans."""
    kept, at = "", 0
    for start, end in _find_code_spans(text).items():
        kept, at = kept + text[at:start], end
    return kept + text[at:]


def _escape_pipes(code: str) -> str:
    return re.sub(r"(?<!\\)\|", r"\\|", code)
