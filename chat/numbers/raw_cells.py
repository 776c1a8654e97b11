"""The cells of a grid as texts in a DuckDB table, `raw`. Runs in the child alone: the cells are untrusted.

No file is written: what DuckDB reads and writes is in memory. A delimited file is read in place.
"""

from __future__ import annotations

import codecs
import csv
import io
import mmap
import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import duckdb
from fsspec.implementations.memory import MemoryFileSystem  # type: ignore[import-untyped]

from chat.numbers.cell_grid import Delimited, Grid
from chat.numbers.sql_names import literal

MEMORY_MB, THREADS = 350, 2
MOST_FETCHED = 20_000  # rows
CELL_CHARACTERS = 32_000
LINE_BYTES = 20_000_000
MOST_BLANK = 10_000  # lines; what looks for totals and notes gets no more than MOST_FETCHED rows
MOST_FILLED_BYTES = 40_000_000  # of a file whose blank lines are filled in memory
BLANK_LINE = re.compile(rb"\A(?=[\r\n])|(?<=\n)(?=[\r\n])|(?<=\r)(?=\r)")
TWO_BREAKS = (b"\n\n", b"\n\r", b"\r\r")
SAMPLE_BYTES = 4_000_000  # of a delimited file, which tell how many cells a row has
MOST_BREAKS = 200  # lines of one cell; more are a quote that nothing closes
SPACES = " \t\r\n\u00a0\u3000\ufeff"
WIDE_SPACES = tuple(space.encode() for space in "\u00a0\u3000\ufeff")
FORMAT = "auto_detect=false, header=false, quote='\"', escape='\"', nullstr=''"
LARGE_BYTES = 16_000_000  # of a delimited file: its cells are compressed in memory, which takes time


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
    return connection


class RawCells:
    """One database, for one grid after another. width: columns of the present one."""

    def __init__(self) -> None:
        self._files = MemoryFileSystem()
        self._files.store.clear()
        self.sql = connect()
        self.sql.register_filesystem(self._files)
        self.sql.execute("ATTACH ':memory:' AS packed (COMPRESS)")  # else 16 bytes a cell beside its text
        self.width = 0

    def load(self, grid: Grid) -> None:
        """Make the table `raw` of a grid: columns c0, c1 …; rowid is the place of a row. Raises NoTable."""
        self.drop("kept", "typed", "raw")
        is_text = grid.delimited is not None and not grid.rows
        self.width = self._load_delimited(grid) if is_text else self._load_rows(grid)

    def drop(self, *names: str) -> None:
        """Remove tables and views of these names."""
        for name in names:
            for kind in ("VIEW", "TABLE"):
                found = f"SELECT count(*) FROM duckdb_{kind.lower()}s() WHERE {kind.lower()}_name = '{name}'"
                if self.one(found)[0]:
                    self.sql.execute(f"DROP {kind} {name}")

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
        text = io.StringIO()
        csv.writer(text, lineterminator="\n").writerows(_padded(row, width) for row in grid.rows)
        data = text.getvalue().replace("\0", "").encode("utf-8", "replace")
        is_trimmed = not has_outer_spaces(data, ",")
        self._read_bytes(data, width, ",", is_trimmed=is_trimmed)
        return width

    def _load_delimited(self, grid: Grid) -> int:
        source = grid.delimited
        assert source is not None
        if source.path is not None:
            with source.path.open("rb") as file:
                sample = file.read(SAMPLE_BYTES).decode("utf-8", "replace").lstrip("\ufeff")
            width = max((len(row) for row in _parse(sample, source.delimiter)), default=0)
            try:
                is_trimmed = not _file_has_outer_spaces(source.path, source.delimiter)
                if filled := with_blank_lines(source.path):
                    self._read_bytes(filled, width, source.delimiter, is_trimmed=is_trimmed)
                else:
                    size = source.path.stat().st_size
                    self._read(str(source.path), size, width, source.delimiter, is_trimmed=is_trimmed)
                return width
            except duckdb.OutOfMemoryException:
                raise
            except duckdb.Error:  # a quote that nothing closes, a row that is wider: read more slowly
                self.sql.execute("DROP TABLE IF EXISTS raw")
        return self._load_rows(replace(grid, rows=parse_rows(source)))

    def _read_bytes(self, data: bytes, width: int, delimiter: str, *, is_trimmed: bool) -> None:
        path = self.store_bytes("raw.csv", data)
        self._read(path, len(data), width, delimiter, is_trimmed=is_trimmed)
        self._files.rm("/raw.csv")

    def _read(self, path: str, size: int, width: int, delimiter: str, *, is_trimmed: bool) -> None:
        """Read a delimited file. size: its bytes. is_trimmed: no cell but the first has spaces around it."""
        self.sql.execute("USE packed" if size > LARGE_BYTES else "USE memory")
        columns = ",".join(f"'c{number}':'VARCHAR'" for number in range(width))
        cells = [f"nullif(trim(c{n}, '{SPACES}'), '') AS c{n}" for n in range(1 if is_trimmed else width)]
        cells += [f"c{number}" for number in range(len(cells), width)]
        self.sql.execute(
            f"CREATE TABLE raw AS SELECT {','.join(cells)} FROM read_csv({literal(path)}, {FORMAT},"
            f" delim={literal(delimiter)}, columns={{{columns}}}, null_padding=true, strict_mode=false,"
            f" max_line_size={LINE_BYTES})"
        )
        self.sql.execute("CHECKPOINT")  # which compresses what was read, where it is to be


def _padded(row: Sequence[str], width: int) -> Sequence[str]:
    if sum(map(len, row)) > CELL_CHARACTERS:
        row = [cell[:CELL_CHARACTERS] for cell in row]
    return row if len(row) == width else [*row, *[""] * (width - len(row))]


def _file_has_outer_spaces(path: Path, delimiter: str) -> bool:
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        starts = range(0, len(data), SAMPLE_BYTES)
        parts = (data[at : at + SAMPLE_BYTES + 3].removeprefix(codecs.BOM_UTF8) for at in starts)
        return data[-1:] in (b" ", b"\t") or any(has_outer_spaces(part, delimiter) for part in parts)


def with_blank_lines(path: Path) -> bytes:
    """Return a delimited file with a quoted empty cell in each blank line, which DuckDB skips otherwise.

    The numbers of the rows below would be too low. Empty where there are no such lines, or too many, or where
    the file is too large to be held twice. Inside a quoted cell the text would change: DuckDB refuses to read
    cells with line breaks, and they are read anew.
    """
    if path.stat().st_size > MOST_FILLED_BYTES:
        return b""
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as text:
        end = len(text)
        while end and text[end - 1] in b"\r\n":
            end -= 1
        start = len(codecs.BOM_UTF8) if text[:3] == codecs.BOM_UTF8 else 0
        if text[start] not in b"\r\n" and not any(text.find(two, start, end) >= 0 for two in TWO_BREAKS):
            return b""
        filled, count = BLANK_LINE.subn(b'""', text[start:end])
    return filled if count <= MOST_BLANK else b""


def has_outer_spaces(data: bytes, delimiter: str) -> bool:
    """May a cell of a delimited text begin or end with spaces, save its very first?

    Removing spaces takes DuckDB longer than reading the cells. Wide spaces count wherever they stand.
    """
    edges = (delimiter + "\n\r").encode()
    spaces = bytes(one for one in b" \t" if one not in edges)
    marked = data.translate(bytes.maketrans(edges + spaces, b"," * len(edges) + b" " * len(spaces)))
    if any(one in marked for one in (b", ", b" ,")) or any(one in data for one in WIDE_SPACES):
        return True
    breaks = [edge + b'"' + end for end in (b"\n", b"\r") for edge in (delimiter.encode(), b"\n", b"\r")]
    breaks += [end + b'"' + delimiter.encode() for end in (b"\n", b"\r")]
    return b'"' in data and (b' "' in marked or b'" ' in marked or any(one in data for one in breaks))


def parse_rows(source: Delimited) -> list[list[str]]:
    """Return the rows of a delimited text; those of blank lines are empty."""
    return _parse(source.load().decode("utf-8", "replace").lstrip("\ufeff"), source.delimiter)


def _parse(text: str, delimiter: str) -> list[list[str]]:
    csv.field_size_limit(max(csv.field_size_limit(), len(text) + 1))
    lines = text.splitlines(keepends=True)
    rows = list(csv.reader(lines, delimiter=delimiter))
    if any(cell.count("\n") > MOST_BREAKS for row in rows for cell in row if len(cell) > MOST_BREAKS):
        rows = list(csv.reader(lines, delimiter=delimiter, quoting=csv.QUOTE_NONE))
    return [[" ".join(cell.split()) for cell in row] for row in rows]
