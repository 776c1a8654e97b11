"""The cells of the columns of `kept`, the rows of data: looked at to decide their kind, then read in SQL.

What is written plainly DuckDB casts; all other distinct cells are read by cell_values, and joined.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

from chat.numbers import typed_table
from chat.numbers.cell_values import COMMA, ERRORS, MISSING, POINT
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


def look_at(raw: RawCells, columns: Sequence[int]) -> list[Cells]:
    """Return what is in each of the columns."""
    counts = ",".join(
        f"count(c{n}), count(*) FILTER ({_is_plain(n)}), count(*) FILTER (regexp_full_match(c{n}, '0\\d+')),"
        f" count(*) FILTER ({_is_plain(n)} AND try_cast(c{n} AS DOUBLE) <> floor(try_cast(c{n} AS DOUBLE)))"
        for n in columns
    )
    found = [int(str(one)) for one in raw.one(f"SELECT {counts} FROM kept")]
    return [_texts(raw, number, found[4 * at : 4 * at + 4]) for at, number in enumerate(columns)]


def _texts(raw: RawCells, number: int, counts: Sequence[int]) -> Cells:
    count, plains, zeros, pointed = counts
    others: list[tuple[str, int]] = []
    if count > plains:
        others = raw.sql.execute(
            f"SELECT c{number}, count(*) AS n FROM kept WHERE c{number} IS NOT NULL"
            f" AND NOT {_is_plain(number)} GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT {MOST_DISTINCT}"
        ).fetchall()
    found = f"SELECT c{number} FROM kept WHERE {_is_plain(number)} LIMIT {PLAIN_SAMPLES}"
    samples = [one[0] for one in raw.sql.execute(found).fetchall()] if plains else []
    return Cells(others, count - plains, plains, samples, zeros, pointed)


def _is_plain(number: int) -> str:
    return f"regexp_full_match(c{number}, {literal(PLAIN)})"


def expression(raw: RawCells, number: int, reading: CellReading) -> tuple[str, str]:
    """Return how a column is read in SQL, and the join with those of its cells that are read here."""
    cell = f"c{number}"
    if reading.kind not in SQL_TYPES:
        errors = ",".join(literal(one) for one in sorted(ERRORS))
        return f"CASE WHEN {cell} LIKE '#%' AND lower({cell}) IN ({errors}) THEN NULL ELSE {cell} END", ""
    kind = SQL_TYPES[reading.kind]
    quick, is_plain = _quick(cell, reading, kind)
    others = raw.sql.execute(
        f"SELECT DISTINCT {cell} FROM kept WHERE {cell} IS NOT NULL AND NOT coalesce({is_plain}, false)"
    ).fetchall()
    pairs = [(text, value) for (text,) in others if (value := typed(text, reading)) is not None]
    if not pairs:
        return quick, ""
    path = raw.store("values.csv", [(text, _written(value)) for text, value in pairs])
    raw.sql.execute(
        f"CREATE OR REPLACE TABLE v{number} AS SELECT * FROM read_csv('{path}', {FORMAT}, delim=',',"
        f" columns={{'k':'VARCHAR','v':'{kind}'}})"
    )
    return f"coalesce({quick}, v{number}.v)", f"LEFT JOIN v{number} ON {cell} = v{number}.k"


def _quick(cell: str, reading: CellReading, kind: str) -> tuple[str, str]:
    """Return how DuckDB itself reads the cells that are written plainly, and which those are."""
    if reading.kind in typed_table.DATES:
        is_plain = f"regexp_full_match({cell}, {literal(PLAIN_DATE)})"
        return f"CASE WHEN {is_plain} THEN try_cast({cell} AS {kind}) END", is_plain
    pattern, sign = GROUPED[reading.decimal]
    is_grouped = f"regexp_full_match({cell}, {literal(pattern)})"
    bare = f"replace({cell}, '{sign}', '')"
    bare = f"replace({bare}, ',', '.')" if reading.decimal == COMMA else bare
    is_plain = f"regexp_full_match({cell}, {literal(PLAIN)})"
    grouped = f"WHEN {is_grouped} THEN try_cast({bare} AS {kind})"
    plain = f"WHEN {is_plain} THEN try_cast({cell} AS {kind})"
    return f"CASE {grouped} {plain} END", f"({is_grouped} OR {is_plain})"


def find_untyped(raw: RawCells, number: int, reading: CellReading) -> tuple[int, list[str]]:
    """Return how many cells are no value of their column, and some of them."""
    if reading.kind not in SQL_TYPES:
        return 0, []
    _, is_plain = _quick(f"c{number}", reading, SQL_TYPES[reading.kind])
    known = ",".join(literal(one) for one in sorted(MISSING))
    others = raw.sql.execute(
        f"SELECT c{number}, count(*) AS n FROM kept WHERE c{number} IS NOT NULL"
        f" AND NOT coalesce({is_plain}, false) AND lower(c{number}) NOT IN ({known})"
        " GROUP BY 1 ORDER BY 2 DESC, 1"
    ).fetchall()
    wrong = [(text, count) for text, count in others if is_untyped(text, reading)]
    return sum(count for _, count in wrong), [text[:80] for text, _ in wrong[:MOST_SAMPLES]]


def _written(value: object) -> object:
    if isinstance(value, datetime):
        return value.isoformat(" ")
    if isinstance(value, date):
        return value.isoformat()
    return repr(value) if isinstance(value, float) else value
