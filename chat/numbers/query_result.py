"""What a query gave, as a value: columns, rows, and how many rows of which table it covers.

Made from what the child says; every field is checked, since a file may have taken it over.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from chat.numbers.typed_table import BadTable

Cell = str | int | float | bool | None
MOST_ROWS, MOST_COLUMNS = 1_000, 3_000
MOST_PARTS, PART_CHARACTERS = 12, 300
KINDS = ("number", "date", "text")


class NoResult(Exception):
    """A query has no result; the message says why, in one sentence or in DuckDB's words."""


@dataclass(frozen=True)
class ResultColumn:
    """kind: `number`, `date` or `text`."""

    name: str
    kind: str


@dataclass(frozen=True)
class QueryOutline:
    """The parts of a query in SQL (chat.numbers.query_outline). orders: each with whether it descends."""

    columns: tuple[str, ...]
    where: str
    groups: tuple[str, ...]
    having: str
    orders: tuple[tuple[str, bool], ...]
    limit: str

    def to_json(self) -> dict[str, Any]:
        orders = [{"by": by, "descending": descending} for by, descending in self.orders]
        return {**asdict(self), "orders": orders}


@dataclass(frozen=True)
class QueryResult:
    """is_cut: there are more rows. covered: rows of each table that the conditions leave. named: columns that
    the query names. behind: the first rows that it covers, and outline: its parts, where it reads one table.
    """

    columns: tuple[ResultColumn, ...]
    rows: tuple[tuple[Cell, ...], ...]
    is_cut: bool = False
    covered: tuple[tuple[str, int], ...] = ()
    named: tuple[str, ...] = ()
    behind_columns: tuple[ResultColumn, ...] = ()
    behind: tuple[tuple[Cell, ...], ...] = ()
    outline: QueryOutline | None = None


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
            outline=_outline(fields["outline"]) if fields["outline"] else None,
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise BadTable("not a result") from error


def _outline(values: Any) -> QueryOutline:
    return QueryOutline(
        columns=_texts(values["columns"]),
        where=_text(values["where"]),
        groups=_texts(values["groups"]),
        having=_text(values["having"]),
        orders=tuple((_text(one["by"]), bool(one["descending"])) for one in values["orders"][:MOST_PARTS]),
        limit=_text(values["limit"]),
    )


def _texts(values: Sequence[Any]) -> tuple[str, ...]:
    return tuple(map(_text, values[:MOST_PARTS]))


def _text(value: Any) -> str:
    return str(value)[:PART_CHARACTERS]


def _columns(values: Any) -> tuple[ResultColumn, ...]:
    return tuple(
        ResultColumn(str(one["name"])[:200], one["kind"] if one["kind"] in KINDS else "text")
        for one in values[:MOST_COLUMNS]
    )


def _rows(values: Any) -> tuple[tuple[Cell, ...], ...]:
    return tuple(tuple(map(_cell, row)) for row in values[:MOST_ROWS])


def _cell(value: Any) -> Cell:
    return value if value is None or isinstance(value, bool | int | float | str) else str(value)
