"""The cells of the columns of `kept`, the rows of data: looked at to decide their kind, then read in SQL.

What is written plainly DuckDB casts; all other distinct cells are read by cell_values, and joined.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from chat.numbers import typed_table
from chat.numbers.cell_values import COMMA, ERRORS, POINT
from chat.numbers.column_types import CellReading, Cells, is_untyped, typed
from chat.numbers.raw_cells import FORMAT, RawCells
from chat.numbers.sql_names import literal
from chat.numbers.typed_table import MOST_SAMPLES

MOST_DISTINCT = 3_000  # cells of a column that are looked at before its kind is known
PLAIN_SAMPLES = 200
PLAIN = r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,3})?"
PLAIN_DATE = r"\d{4}-\d{2}-\d{2}( \d{2}:\d{2}:\d{2})?"
GROUPED = {POINT: (r"[+-]?\d{1,3}(,\d{3})+(\.\d+)?", ","), COMMA: (r"[+-]?\d{1,3}(\.\d{3})+(,\d+)?", ".")}
SQL_TYPES = {
    **dict.fromkeys((typed_table.DECIMAL, typed_table.PERCENTAGE, typed_table.CURRENCY), "DOUBLE"),
    typed_table.INTEGER: "BIGINT",
    typed_table.DATE: "DATE",
    typed_table.TIMESTAMP: "TIMESTAMP",
}


@dataclass(frozen=True)
class ReadColumn:
    """How a column is read in SQL. join: with those of its cells that are read here; may be empty.

    untyped: how many cells are no value of the column; samples: some of them.
    """

    sql: str
    join: str = ""
    untyped: int = 0
    samples: tuple[str, ...] = ()


def look_at(raw: RawCells, columns: Sequence[int]) -> list[Cells]:
    """Return what is in each of the columns."""
    counts = ",".join(
        f"count(c{n}), count(*) FILTER (p{n}),"
        f" count(*) FILTER (CASE WHEN p{n} AND c{n} >= '0' THEN regexp_full_match(c{n}, '0\\d+') END),"
        f" count(*) FILTER (CASE WHEN p{n} AND (contains(c{n}, '.') OR contains(lower(c{n}), 'e'))"
        f" THEN try_cast(c{n} AS DOUBLE) <> floor(try_cast(c{n} AS DOUBLE)) END)"
        for n in columns
    )
    plain = ",".join(f"c{n}, {_is_plain(n)} AS p{n}" for n in columns)
    found = [int(str(one)) for one in raw.one(f"SELECT {counts} FROM (SELECT {plain} FROM kept)")]
    return [_texts(raw, number, found[4 * at : 4 * at + 4]) for at, number in enumerate(columns)]


def _texts(raw: RawCells, number: int, counts: Sequence[int]) -> Cells:
    count, plains, zeros, pointed = counts
    others: list[tuple[str, int]] = []
    if count > plains:
        no_number = f" AND NOT {_is_plain(number)}" if plains else ""
        others = raw.sql.execute(
            f"SELECT c{number}, count(*) AS n FROM kept WHERE c{number} IS NOT NULL{no_number}"
            f" GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT {MOST_DISTINCT}"
        ).fetchall()
    found = f"SELECT c{number} FROM kept WHERE {_is_plain(number)} LIMIT {PLAIN_SAMPLES}"
    samples = [one[0] for one in raw.sql.execute(found).fetchall()] if plains else []
    return Cells(others, count - plains, plains, samples, zeros, pointed)


def _is_plain(number: int) -> str:
    """Return the condition for a plain number. A cell that no number begins as is not matched at length."""
    return f"CASE WHEN c{number} < ':' THEN regexp_full_match(c{number}, {literal(PLAIN)}) ELSE false END"


def read_column(raw: RawCells, number: int, reading: CellReading, cells: Cells) -> ReadColumn:
    """Return how a column is read."""
    cell = f"c{number}"
    if reading.kind not in SQL_TYPES:
        errors = ",".join(literal(one) for one in sorted(ERRORS))
        return ReadColumn(
            f"CASE WHEN {cell} LIKE '#%' AND lower({cell}) IN ({errors}) THEN NULL ELSE {cell} END"
        )
    kind = SQL_TYPES[reading.kind]
    quick, is_plain = _quick(cell, reading, kind)
    others = _others(raw, cell, reading, cells, is_plain)
    is_dated = reading.kind in typed_table.DATES
    if not others and not (cells.plain if is_dated else cells.other_count or reading.decimal == COMMA):
        return ReadColumn(f"try_cast({cell} AS {kind})")
    values = [(text, count, typed(text, reading)) for text, count in others]
    pairs = [(text, _written(value)) for text, _, value in values if value is not None]
    wrong = [(text, count) for text, count, value in values if value is None and is_untyped(text, reading)]
    untyped, samples = sum(count for _, count in wrong), tuple(text[:80] for text, _ in wrong[:MOST_SAMPLES])
    if not pairs:
        return ReadColumn(quick, "", untyped, samples)
    path = raw.store("values.csv", pairs)
    raw.sql.execute(
        f"CREATE OR REPLACE TABLE v{number} AS SELECT * FROM read_csv('{path}', {FORMAT}, delim=',',"
        f" columns={{'k':'VARCHAR','v':'{kind}'}})"
    )
    join = f"LEFT JOIN v{number} ON {cell} = v{number}.k"
    return ReadColumn(f"coalesce({quick}, v{number}.v)", join, untyped, samples)


def _others(
    raw: RawCells, cell: str, reading: CellReading, cells: Cells, is_plain: str
) -> Sequence[tuple[str, int]]:
    """Return the distinct cells that DuckDB does not read itself, with their counts."""
    is_dated = reading.kind in typed_table.DATES
    if cells.are_known and not (is_dated and cells.plain):
        pattern = re.compile(PLAIN_DATE if is_dated else GROUPED[reading.decimal][0], re.ASCII)
        return [
            one for one in cells.others if not pattern.fullmatch(one[0]) or typed(one[0], reading) is None
        ]
    return raw.sql.execute(
        f"SELECT {cell}, count(*) AS n FROM kept WHERE {cell} IS NOT NULL AND NOT coalesce({is_plain}, false)"
        " GROUP BY 1 ORDER BY 2 DESC, 1"
    ).fetchall()


def _quick(cell: str, reading: CellReading, kind: str) -> tuple[str, str]:
    """Return how DuckDB itself reads the cells that are written plainly, and which those are."""
    if reading.kind in typed_table.DATES:
        value = (
            f"CASE WHEN regexp_full_match({cell}, {literal(PLAIN_DATE)}) THEN try_cast({cell} AS {kind}) END"
        )
        return value, f"({value} IS NOT NULL)"
    pattern, sign = GROUPED[reading.decimal]
    is_grouped = f"regexp_full_match({cell}, {literal(pattern)})"
    bare = f"replace({cell}, '{sign}', '')"
    bare = f"replace({bare}, ',', '.')" if reading.decimal == COMMA else bare
    is_plain = f"regexp_full_match({cell}, {literal(PLAIN)})"
    grouped = f"WHEN {is_grouped} THEN try_cast({bare} AS {kind})"
    plain = f"WHEN {is_plain} THEN try_cast({cell} AS {kind})"
    return f"CASE {grouped} {plain} END", f"({is_grouped} OR {is_plain})"


def _written(value: object) -> object:
    if isinstance(value, datetime):
        return value.isoformat(" ")
    if isinstance(value, date):
        return value.isoformat()
    return repr(value) if isinstance(value, float) else value
