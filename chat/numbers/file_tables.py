"""All grids of a file -> its typed tables, with a name for each. Runs in the child alone."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import replace

import duckdb

from chat.numbers.cell_grid import Grid
from chat.numbers.grid_blocks import split_grid
from chat.numbers.nested_tables import split_nested
from chat.numbers.raw_cells import NoTable, RawCells, parse_rows
from chat.numbers.sql_names import unique
from chat.numbers.table_builder import build_table
from chat.numbers.typed_table import MOST_TABLES, TypedTable

MOST_PARSED = 4_000_000  # characters
SECONDS = 12.0  # of CPU, after which no further table is begun


def build_tables(grids: Iterable[Grid]) -> tuple[list[TypedTable], list[bytes], list[str]]:
    """Return the tables of a file, their Parquet files, and the places of grids that could not be typed."""
    raw: RawCells | None = None
    tables, files, failed = list[TypedTable](), list[bytes](), list[str]()
    began = time.process_time()
    totals: frozenset[str] = frozenset()  # what earlier sheets call the sum of all their rows
    for grid in grids:
        for part in _parts(grid):
            if time.process_time() - began > SECONDS or len(tables) == MOST_TABLES:
                failed.append(part.page or part.name)
                continue
            raw = raw or RawCells()
            try:
                table, parquet = build_table(raw, part, totals)
            except NoTable:
                continue
            except duckdb.Error:  # of the memory, or of a cell that it does not take
                failed.append(part.page or part.name)
                continue
            totals |= frozenset(one.text.split(" | ")[0] for one in table.left if one.role == "subtotal")
            tables.append(table)
            files.append(parquet)
    names = unique(table.name for table in tables)
    return [replace(table, name=name) for table, name in zip(tables, names, strict=True)], files, failed


def _parts(grid: Grid) -> list[Grid]:
    """Return the tables of a grid. A delimited text is parsed here if it is short.

    DuckDB skips blank lines, so those that have some keep the rows that are parsed here, with their numbers.
    """
    source = grid.delimited
    if source is not None and source.characters > MOST_PARSED:
        return [grid]
    rows = parse_rows(source) if source is not None else grid.rows
    width = max(map(len, rows), default=0)
    read = replace(grid, rows=[[*row, *[""] * (width - len(row))] for row in rows]) if source else grid
    parts = [one for part in split_grid(read) for one in split_nested(part)]
    end = max((at for at, row in enumerate(rows) if row), default=0)
    return [grid] if source is not None and len(parts) == 1 and all(rows[:end]) else parts
