"""What a query gave, as a value: columns, rows, and how many rows of which table it covers.

Made from what the child says; every field is checked, since a file may have taken it over.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from chat.numbers.typed_table import BadTable

Cell = str | int | float | bool | None
MOST_ROWS, MOST_COLUMNS = 1_000, 3_000
KINDS = ("number", "date", "text")


class NoResult(Exception):
    """A query has no result; the message says why, in one sentence or in DuckDB's words."""


@dataclass(frozen=True)
class ResultColumn:
    """kind: `number`, `date` or `text`."""

    name: str
    kind: str


@dataclass(frozen=True)
class QueryResult:
    """is_cut: there are more rows. covered: rows of each table that the conditions leave. named: columns that
    the query names. behind: the first rows that it covers, where it reads one table."""

    columns: tuple[ResultColumn, ...]
    rows: tuple[tuple[Cell, ...], ...]
    is_cut: bool = False
    covered: tuple[tuple[str, int], ...] = ()
    named: tuple[str, ...] = ()
    behind_columns: tuple[ResultColumn, ...] = ()
    behind: tuple[tuple[Cell, ...], ...] = ()


def read_result(fields: dict[str, Any]) -> QueryResult:
    """Return the result that a frame holds. Raise BadTable for anything else."""
    try:
        return QueryResult(
            columns=_columns(fields["columns"]),
            rows=_rows(fields["rows"]),
            is_cut=bool(fields["is_cut"]),
            covered=tuple((str(name)[:200], int(count)) for name, count in fields["covered"].items()),
            named=tuple(str(name)[:200] for name in fields["named"][:MOST_COLUMNS]),
            behind_columns=_columns(fields["behind"]["columns"]),
            behind=_rows(fields["behind"]["rows"]),
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise BadTable("not a result") from error


def _columns(values: Any) -> tuple[ResultColumn, ...]:
    return tuple(
        ResultColumn(str(one["name"])[:200], one["kind"] if one["kind"] in KINDS else "text")
        for one in values[:MOST_COLUMNS]
    )


def _rows(values: Any) -> tuple[tuple[Cell, ...], ...]:
    return tuple(tuple(map(_cell, row)) for row in values[:MOST_ROWS])


def _cell(value: Any) -> Cell:
    return value if value is None or isinstance(value, bool | int | float | str) else str(value)
