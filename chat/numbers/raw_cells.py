"""The cells of a grid as texts in a DuckDB table, `raw`. Runs in the child alone: the cells are untrusted.

No file is written: what DuckDB reads and writes is in memory. A delimited file is read in place.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import replace

import duckdb
from fsspec.implementations.memory import MemoryFileSystem  # type: ignore[import-untyped]

from chat.numbers.cell_grid import Grid
from chat.numbers.sql_names import literal

MEMORY_MB, THREADS = 350, 2
MOST_FETCHED = 20_000  # rows
CELL_CHARACTERS = 32_000
LINE_BYTES = 20_000_000
SAMPLE_BYTES = 4_000_000  # of a delimited file, which tell how many cells a row has
MOST_BREAKS = 200  # lines of one cell; more are a quote that nothing closes
SPACES = " \t\r\n\u00a0\u3000\ufeff"
NO_TEXT = "\x01"  # a text that no cell is: an empty cell is no other than a missing one
FORMAT = f"auto_detect=false, header=false, quote='\"', escape='\"', nullstr='{NO_TEXT}'"


class NoTable(Exception):
    """There is no table in the grid."""


def connect() -> duckdb.DuckDBPyConnection:
    """Return a database in memory that writes no file."""
    config: dict[str, str | bool | int | float | list[str]] = {
        "threads": THREADS,
        "memory_limit": f"{MEMORY_MB}MB",
        "temp_directory": "",
    }
    connection = duckdb.connect(":memory:", config=config)
    connection.execute("SET enable_progress_bar = false")
    connection.execute("ATTACH ':memory:' AS cells (COMPRESS)")  # else 16 bytes a cell beside its text
    connection.execute("USE cells")
    return connection


class RawCells:
    """One database, for one grid after another. width: columns of the present one."""

    def __init__(self) -> None:
        self._files = MemoryFileSystem()
        self._files.store.clear()
        self.sql = connect()
        self.sql.register_filesystem(self._files)
        self.width = 0

    def load(self, grid: Grid) -> None:
        """Make the table `raw` of a grid: columns c0, c1 …; rowid is the place of a row. Raises NoTable."""
        self.sql.execute("DROP TABLE IF EXISTS raw")
        self.width = self._load_delimited(grid) if grid.delimited is not None else self._load_rows(grid)

    def rows(self, where: str, limit: int = MOST_FETCHED) -> list[tuple[int, list[str]]]:
        """Return place and cells of the rows that a condition chooses."""
        columns = ",".join(f"c{number}" for number in range(self.width))
        found = self.sql.execute(
            f"SELECT rowid, {columns} FROM raw WHERE {where} ORDER BY rowid LIMIT {limit}"
        )
        return [
            (int(row[0]), [" ".join((cell or "").split()) for cell in row[1:]]) for row in found.fetchall()
        ]

    def one(self, sql: str) -> tuple[object, ...]:
        """Return the one row of a query."""
        row = self.sql.execute(sql).fetchone()
        assert row is not None
        return row

    def count(self, table: str) -> int:
        return int(str(self.one(f"SELECT count(*) FROM {table}")[0]))

    def store(self, name: str, rows: Sequence[Sequence[object]]) -> str:
        """Write rows as a delimited file that DuckDB reads; return its path."""
        text = io.StringIO()
        csv.writer(text, lineterminator="\n").writerows(rows)
        return self.store_bytes(name, text.getvalue().encode("utf-8", "replace"))

    def store_bytes(self, name: str, data: bytes) -> str:
        self._files.pipe(f"/{name}", data)
        return f"memory://{name}"

    def fetch(self, name: str) -> bytes:
        """Return a file that DuckDB wrote."""
        data: bytes = self._files.cat(f"/{name}")
        return data

    def _load_rows(self, grid: Grid) -> int:
        width = max((len(row) for row in grid.rows), default=0)
        if not width:
            raise NoTable
        padded = [[*map(_cell, row), *[""] * (width - len(row))] for row in grid.rows]
        self._read(self.store("raw.csv", padded), width, ",")
        self._files.rm("/raw.csv")
        return width

    def _load_delimited(self, grid: Grid) -> int:
        source = grid.delimited
        assert source is not None
        if source.path is not None:
            with source.path.open("rb") as file:
                sample = file.read(SAMPLE_BYTES).decode("utf-8", "replace").lstrip("\ufeff")
            width = max((len(row) for row in _parse(sample, source.delimiter)), default=0)
            try:
                self._read(str(source.path), width, source.delimiter)
                return width
            except duckdb.OutOfMemoryException:
                raise
            except duckdb.Error:  # a quote that nothing closes, a row that is wider: read more slowly
                self.sql.execute("DROP TABLE IF EXISTS raw")
        text = source.load().decode("utf-8", "replace").lstrip("\ufeff")
        return self._load_rows(replace(grid, delimited=None, rows=_parse(text, source.delimiter)))

    def _read(self, path: str, width: int, delimiter: str) -> None:
        columns = ",".join(f"'c{number}':'VARCHAR'" for number in range(width))
        trimmed = ",".join(f"nullif(trim(c{n}, '{SPACES}'), '') AS c{n}" for n in range(width))
        self.sql.execute(
            f"CREATE TABLE raw AS SELECT {trimmed} FROM read_csv({literal(path)}, {FORMAT},"
            f" delim={literal(delimiter)}, columns={{{columns}}}, null_padding=true, strict_mode=false,"
            f" max_line_size={LINE_BYTES})"
        )
        self.sql.execute("CHECKPOINT")  # which compresses what was read


def _cell(text: str) -> str:
    return text[:CELL_CHARACTERS].replace("\x00", "")


def _parse(text: str, delimiter: str) -> list[list[str]]:
    csv.field_size_limit(max(csv.field_size_limit(), len(text) + 1))
    lines = text.splitlines(keepends=True)
    rows = list(csv.reader(lines, delimiter=delimiter))
    if any(cell.count("\n") > MOST_BREAKS for row in rows for cell in row if len(cell) > MOST_BREAKS):
        rows = list(csv.reader(lines, delimiter=delimiter, quoting=csv.QUOTE_NONE))
    return [[" ".join(cell.split()) for cell in row] for row in rows]
