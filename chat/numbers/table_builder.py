"""A grid -> a typed table and its Parquet file. Runs in the child alone: the cells are untrusted.

The shape of the grid is found by its first and last rows and by the rows that could be totals, sections or
notes; the kind of each column by its distinct cells.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace

from chat.numbers import typed_table
from chat.numbers.cell_grid import Grid, Row
from chat.numbers.cell_values import COMMA, DAY_FIRST, MONTH_FIRST, POINT
from chat.numbers.column_cells import SQL_TYPES, ReadColumn, look_at, read_column
from chat.numbers.column_types import (
    CellReading,
    Cells,
    decide,
    decide_decimal,
    decide_order,
    find_described,
    typed,
)
from chat.numbers.numeric_cells import numeric_columns
from chat.numbers.raw_cells import NoTable, RawCells
from chat.numbers.repeated_rows import ComparedRow, find_repeated
from chat.numbers.sheet_shape import (
    LOOKED_AT,
    SheetShape,
    find_shape,
    header_names,
    role_of,
    without_end,
)
from chat.numbers.sql_names import quoted, sql_name, unique
from chat.numbers.standing_labels import stands_once
from chat.numbers.total_words import TOTAL_STARTS, is_marked
from chat.numbers.typed_table import MOST_LEFT, MOST_SAMPLES, Column, LeftOutRow, TypedTable

MOST_SUMMED = 20_000  # rows among which totals without a word for it are looked for
WIDEST = 3_000  # columns
MOST_COMPARED = 12  # columns, for the same
FREQUENT_ROWS = 20_000  # among which the most frequent values are looked for
COPIED_CELLS, COPIED_VALUES = 300_000, 3_000_000  # of a table that is small enough to be copied


def build_table(raw: RawCells, grid: Grid, totals: frozenset[str] = frozenset()) -> tuple[TypedTable, bytes]:
    """Return a typed table and its Parquet file. totals: words that name a total here. Raises NoTable."""
    raw.load(grid)
    head = [row for _, row in raw.rows(f"rowid < {LOOKED_AT}")]
    shape = find_shape(head, grid.merged)
    if shape is None or shape.width > WIDEST:
        raise NoTable
    return _TableBuilder(raw, grid, head, shape, totals).build()


@dataclass
class _TableBuilder:
    """One grid on its way to a table. head: its first rows."""

    raw: RawCells
    grid: Grid
    head: list[list[str]]
    shape: SheetShape
    totals: frozenset[str]

    def build(self) -> tuple[TypedTable, bytes]:
        count = self.raw.count("raw")
        left = self._left_out(count)
        self._exclude(left, count)
        columns = self._columns()
        cells = look_at(self.raw, columns)
        readings = self._readings(columns, cells)
        repeated = self._repeated(columns, readings, left)
        if repeated:
            rows_of = dict(self.raw.rows(f"rowid IN ({','.join(map(str, repeated))})"))
            left |= {at: (role, rows_of[at]) for at, role in repeated.items()}
            self._exclude(left, count)
            cells = look_at(self.raw, columns)
            readings = self._readings(columns, cells)
        rows = self.raw.count("kept")
        if not rows:
            raise NoTable
        names = self._names(columns)
        read = [read_column(self.raw, *one) for one in zip(columns, readings, cells, strict=True)]
        parquet = self._write(read, names, rows)
        described = tuple(self._describe(readings, read, names))
        return self._table(described, rows, left, parquet), parquet

    def _table(
        self,
        columns: tuple[Column, ...],
        rows: int,
        left: dict[int, tuple[str, Row]],
        parquet: bytes,
    ) -> TypedTable:
        told = [
            LeftOutRow(role, number + self.grid.first_row, " | ".join(cell for cell in row if cell)[:300])
            for number, (role, row) in sorted(left.items())
            if role != "empty"
        ]
        counts: dict[str, int] = {}
        for one in told:
            counts[one.role] = counts.get(one.role, 0) + 1
        file_name = os.path.splitext(self.grid.file)[0]
        return TypedTable(
            name=sql_name(self.grid.name or file_name, "data"),
            file=self.grid.file,
            title=self.grid.name,
            page=self.grid.page,
            columns=columns,
            rows=rows,
            left=tuple(told[:MOST_LEFT]),
            left_count=tuple(counts.items()),
            remark="; ".join(filter(None, (self.grid.remark, self._remark(columns, left)))),
            size=len(parquet),
        )

    def _left_out(self, count: int) -> dict[int, tuple[str, Row]]:
        """Return the rows that are no data, with what they are."""
        shape = self.shape
        left: dict[int, tuple[str, Row]] = {one: ("title", self.head[one]) for one in shape.titles}
        left |= {one: ("header", self.head[one]) for one in shape.header}
        sample = [row for row in self.head[shape.first :] if any(row)] or [[""] * self.raw.width]
        numeric = numeric_columns(without_end(sample))
        middle = sample[: max(1, len(sample) * 9 // 10)] if len(sample) > 20 else sample
        wide = [
            row for row in without_end(middle) if sum(map(bool, row)) > 1 and not is_marked(row)
        ] or middle
        usual = {
            column: sum(bool(row[column]) for row in wide) / len(wide)
            for column in range(shape.left, shape.right)
        }
        usual = {column: share for column, share in usual.items() if share}
        header = [self.head[one] for one in shape.header]
        is_tail = True
        for number, row in reversed(self._candidates(shape, count, numeric)):
            is_named = any(cell in self.totals for cell in row if cell)
            role = "total" if is_named else role_of(row, usual, numeric, header, is_tail)
            is_tail = is_tail and role != "data"
            if role != "data":
                left[number] = (role, row)
        return left

    def _candidates(
        self, shape: SheetShape, count: int, numeric: frozenset[int]
    ) -> list[tuple[int, list[str]]]:
        """Return the rows that could be no data: sparse, last, or with a word for a total."""
        if count - shape.first <= 5_000:
            return self.raw.rows(f"rowid >= {shape.first}")
        filled = "+".join(f"(c{number} IS NOT NULL)::INT" for number in range(self.raw.width))
        few = max(1, shape.width // 3)
        words = [number for number in range(shape.left, shape.right) if number not in numeric][:3]
        marked = (
            " OR ".join(f"regexp_matches(c{number}, '^\\W*({TOTAL_STARTS})', 'i')" for number in words)
            or "false"
        )
        where = f"rowid >= {shape.first} AND ({filled} <= {few} OR {marked} OR rowid >= {count - 60})"
        return self.raw.rows(where)

    def _exclude(self, left: dict[int, tuple[str, Row]], count: int) -> None:
        """Make `kept`: the data rows, as a view of the loaded cells."""
        gone = ",".join(str(one) for one in left if one >= self.shape.first)
        where = f"rowid >= {self.shape.first}" + (f" AND rowid NOT IN ({gone})" if gone else "")
        columns = ",".join(f"c{number}" for number in range(self.raw.width))
        source = "raw"
        if label := self._label(left):
            filled = f"last_value({label} IGNORE NULLS) OVER (ORDER BY rowid)"
            source = (
                f"(SELECT rowid, * REPLACE ({filled} AS {label}) FROM raw WHERE rowid >= {self.shape.first})"
            )
        self._make("kept", f"SELECT rowid AS r, {columns} FROM {source} WHERE {where}", count, COPIED_CELLS)

    def _remark(self, columns: Sequence[Column], left: Collection[int]) -> str:
        return f"each cell of {columns[0].title} holds for the rows below it" if self._label(left) else ""

    def _label(self, left: Collection[int]) -> str:
        """Return the first column if each of its labels holds for the rows below it too; else nothing."""
        places = range(self.shape.first, len(self.head))
        rows = [self.head[at] for at in places if at not in left]
        is_once = self.shape.width > 2 and stands_once(rows, self.shape.left)
        return f"c{self.shape.left}" if is_once else ""

    def _columns(self) -> list[int]:
        """Return the columns that have a name or a value."""
        named = {number for one in self.shape.header for number, cell in enumerate(self.head[one]) if cell}
        counts = self.raw.one(
            "SELECT " + ",".join(f"count(c{number})" for number in range(self.raw.width)) + " FROM kept"
        )
        inside = range(self.shape.left, self.raw.width)
        return [
            number for number in inside if counts[number] or (number in named and number < self.shape.right)
        ]

    def _readings(self, columns: Sequence[int], cells: Sequence[Cells]) -> list[CellReading]:
        decimal, order = POINT, DAY_FIRST
        if not self.grid.is_plain:
            delimiter = self.grid.delimited.delimiter if self.grid.delimited else ""
            decimal = decide_decimal(cells, COMMA if delimiter == ";" else POINT)
            order = decide_order(
                cells, MONTH_FIRST if decimal == POINT and self._is_american() else DAY_FIRST
            )
        titles = [title for _, title in self._names(columns)]
        described = find_described(titles)
        return [
            decide(
                one, title, decimal, order, self.grid.formats.get(number, ""), is_described=title in described
            )
            for one, title, number in zip(cells, titles, columns, strict=True)
        ]

    def _is_american(self) -> bool:
        """Dates with slashes in an English text, and nothing that tells their order: month first."""
        text = " ".join(cell for row in self.head[:50] for cell in row)
        return text.isascii() and "£" not in text

    def _repeated(
        self, columns: Sequence[int], readings: Sequence[CellReading], left: dict[int, tuple[str, Row]]
    ) -> dict[int, str]:
        """Return the rows that repeat what others hold, and what they are: sums, parts, means."""
        chosen = dict(zip(columns, readings, strict=True))
        summed = typed_table.NUMBERS - {typed_table.PERCENTAGE}
        numbers = [number for number in columns if chosen[number].kind in summed][:MOST_COMPARED]
        words = [one for one in columns if one == columns[0] or chosen[one].kind not in SQL_TYPES][:3]
        if not numbers or self.raw.count("kept") > MOST_SUMMED:
            return {}
        gone = ",".join(str(at) for at, (role, _) in left.items() if role != "total") or "-1"
        read = ",".join(f"c{one}" for one in [*numbers, *words])
        where = f"rowid >= {self.shape.first} AND rowid NOT IN ({gone})"
        found = self.raw.sql.execute(f"SELECT rowid, {read} FROM raw WHERE {where} ORDER BY rowid").fetchall()
        rows = [
            ComparedRow(
                int(row[0]),
                [_figure(cell, chosen[one]) for one, cell in zip(numbers, row[1:], strict=False)],
                [cell or "" for cell in row[1 + len(numbers) :]],
                is_total=row[0] in left,
            )
            for row in found
        ]
        return find_repeated(rows)

    def _names(self, columns: Sequence[int]) -> list[tuple[str, str]]:
        shape = replace(self.shape, right=max(self.shape.right, max(columns, default=0) + 1))
        titles = header_names(self.head, shape, self.grid.merged) if shape.header else [""] * shape.width
        chosen = [titles[number - shape.left] for number in columns]
        names = unique(
            (sql_name(title, f"column_{place}") for place, title in enumerate(chosen, 1)),
            (typed_table.ROW_COLUMN,),
        )
        return list(zip(names, chosen, strict=True))

    def _write(self, read: Sequence[ReadColumn], names: Sequence[tuple[str, str]], rows: int) -> bytes:
        chosen = [f"r + {self.grid.first_row} AS {typed_table.ROW_COLUMN}"]
        chosen += [f"{one.sql} AS {quoted(name)}" for one, (name, _) in zip(read, names, strict=True)]
        joins = [one.join for one in read if one.join]
        order = "ORDER BY r" if joins else ""
        self.raw.sql.execute(
            f"COPY (SELECT {','.join(chosen)} FROM kept {' '.join(joins)} {order}) TO 'memory://table.parquet'"
            " (FORMAT parquet, COMPRESSION zstd)"
        )
        self._make("typed", "SELECT * FROM read_parquet('memory://table.parquet')", rows, COPIED_VALUES)
        return self.raw.fetch("table.parquet")

    def _make(self, name: str, query: str, rows: int, most: int) -> None:
        """Give a query a name: as a table, or as a view where it would be a second copy of much."""
        self.raw.drop(name)
        kind = "TABLE" if rows * self.raw.width < most else "VIEW"
        self.raw.sql.execute(f"CREATE {kind} {name} AS {query}")

    def _describe(
        self, readings: Sequence[CellReading], read: Sequence[ReadColumn], names: Sequence[tuple[str, str]]
    ) -> Iterator[Column]:
        wanted = ",".join(
            f"count(*) - count({quoted(name)}), approx_count_distinct({quoted(name)}), {_ends(name, reading)}"
            for (name, _), reading in zip(names, readings, strict=True)
        )
        found = self.raw.one(f"SELECT {wanted} FROM typed")
        for at, (reading, one, (name, title)) in enumerate(zip(readings, read, names, strict=True)):
            empty, distinct, low, high = found[4 * at : 4 * at + 4]
            yield Column(
                name=name,
                title=title,
                kind=reading.kind,
                unit=reading.unit,
                empty=int(str(empty)),
                untyped=one.untyped,
                untyped_samples=one.samples,
                distinct=int(str(distinct)),
                low=str(low or ""),
                high=str(high or ""),
                samples=tuple(self._frequent(quoted(name))),
            )

    def _frequent(self, column: str) -> Iterator[str]:
        found = self.raw.sql.execute(
            f"SELECT {column}::VARCHAR FROM"
            f" (SELECT {column} FROM typed WHERE {column} IS NOT NULL LIMIT {FREQUENT_ROWS})"
            f" GROUP BY 1 ORDER BY count(*) DESC, 1 LIMIT {MOST_SAMPLES}"
        )
        yield from (str(one[0])[:80] for one in found.fetchall())


def _figure(cell: str | None, reading: CellReading) -> float | None:
    value = typed(cell, reading) if cell else None
    return float(value) if isinstance(value, int | float) else None


def _ends(name: str, reading: CellReading) -> str:
    column = quoted(name)
    is_ranged = reading.kind in SQL_TYPES
    return f"min({column})::VARCHAR, max({column})::VARCHAR" if is_ranged else "'', ''"
