r"""Tables of RTF. Its reader keeps the text alone: marks that survive it tell where cells and rows end.

RTF 1.9.1, "Table Definitions": `\trowd` begins the definition of a row, `\cellx` gives the right edge of
each cell in twips, `\clvmrg` and `\clmrg` say that a cell belongs to the one above or before it; `\cell` and
`\row` end the text of a cell and of a row. Word writes the definition of a row behind its cells too, and
before them in the first row alone where all are alike.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import accumulate

from chat.extraction.layout.grid import SpanningCell, table_lines

BEGIN, CELL, EDGES, END = "\x1d", "\x1f", "\x1c", "\x1e"
NEAR_TWIPS = 30  # two edges are one
_WORD = re.compile(
    r"\\(?:(?P<begin>trowd)|(?P<row>row)|(?P<cell>cell)|(?P<nested>nest(?:cell|row))"
    r"|(?P<above>clvmrg)|(?P<before>clmrg)|cellx(?P<edge>-?\d{1,6}))(?![a-z]) ?"
)
_EDGE = re.compile(r"([vh]*)(-?\d+)")
_ROW = re.compile(f"(?:{BEGIN}|(?<={END})|(?<={END}\n))([^{BEGIN}{END}]*){EDGES}([^{END}]*){END}\n?")
_MARKS = re.compile(f"[{BEGIN}{CELL}{EDGES}{END}]")

Edge = tuple[str, int]  # flags: v for a cell that belongs to the one above, h to the one before; twips


def mark_rows(rtf: str) -> str:
    """Return RTF with marks where rows begin, cells end, and rows end with their definition."""
    edges: list[str] = []
    flags, has_begun = "", False

    def mark(found: re.Match[str]) -> str:
        nonlocal flags, has_begun
        kind = found.lastgroup
        if kind == "begin":
            edges.clear()
            flags, is_again, has_begun = "", has_begun, True
            return found.group() if is_again else found.group().rstrip() + "\\'1d"
        if kind in ("above", "before"):
            flags += "v" if kind == "above" else "h"
        elif kind == "edge":
            edges.append(flags + found["edge"])
            flags = ""
        elif kind in ("cell", "nested"):
            has_begun = True
            return "\\'1f" if kind == "cell" else " "
        elif kind == "row":
            has_begun = False
            return f"\\'1c{','.join(edges)}\\'1e"
        return found.group()

    return _WORD.sub(mark, rtf)


def write_rows(text: str) -> str:
    """Return the text with each row that is marked as a line of cells."""
    out, at, table = list[str](), 0, list[tuple[list[str], list[Edge]]]()
    for found in _ROW.finditer(text):
        between = text[at : found.start()]
        if between.strip():
            out += [*_lines(table), between.rstrip("\n")]
            table = []
        cells = found[1].split(CELL)[:-1]
        edges = [(edge[1], int(edge[2])) for edge in map(_EDGE.fullmatch, found[2].split(",")) if edge]
        table.append((cells, edges))
        at = found.end()
    rest = "\n".join([*out, *_lines(table), text[at:]]) if at else text
    return _MARKS.sub(" ", rest)


def _lines(table: Sequence[tuple[list[str], list[Edge]]]) -> list[str]:
    if not table:
        return []
    grid = _grid([twips for _, edges in table for _, twips in edges])
    return table_lines(list(_with_spans([list(_row(cells, edges, grid)) for cells, edges in table])))


def _grid(twips: Sequence[int]) -> list[int]:
    """Return the right edges of the columns, each once."""
    grid: list[int] = []
    for edge in sorted(twips):
        if not grid or edge - grid[-1] > NEAR_TWIPS:
            grid.append(edge)
    return grid


def _row(cells: Sequence[str], edges: Sequence[Edge], grid: Sequence[int]) -> Iterator[tuple[str, str, int]]:
    """Yield text, flags and number of columns of each cell."""
    column = 0
    for at, text in enumerate(cells):
        flags, twips = edges[at] if at < len(edges) else ("", 0)
        end = sum(edge <= twips + NEAR_TWIPS for edge in grid)
        yield text, flags, max(1, end - column)
        column = max(column + 1, end)


def _with_spans(rows: list[list[tuple[str, str, int]]]) -> Iterator[list[SpanningCell]]:
    """Yield the cells of each row without those that belong to the cell above, which count its rows."""
    for number, row in enumerate(rows):
        line, column = list[SpanningCell](), 0
        for text, flags, columns in row:
            if "v" not in flags:
                line.append(SpanningCell(text, columns, 1 + _count_below(rows, number + 1, column)))
            column += columns
        yield line


def _count_below(rows: Sequence[Sequence[tuple[str, str, int]]], first: int, column: int) -> int:
    """Return in how many rows, from `first` on, the cell at a column belongs to the one above."""
    for number in range(first, len(rows)):
        starts = accumulate((columns for *_, columns in rows[number]), initial=0)
        if not any(
            at == column and "v" in flags for at, (_, flags, _) in zip(starts, rows[number], strict=False)
        ):
            return number - first
    return len(rows) - first
