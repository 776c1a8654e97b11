"""Computations over tables: the query, its result and which rows it covers; the receipt of a figure.

Values only. Knows no database and no question.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from chat.grounding.figures import FigureIndex
from chat.numbers.query_result import Cell, QueryResult, ResultColumn
from chat.numbers.typed_table import TypedTable

Json = dict[str, object]
KEPT_ROWS, KEPT_BEHIND = 200, 50  # of a result, and of the rows behind it, in the history


@dataclass(frozen=True)
class Computation:
    """sql: empty where the description of a table is the answer. tables: those that the query reads."""

    sql: str
    result: QueryResult
    tables: tuple[TypedTable, ...]

    def covered(self, table: TypedTable) -> int:
        """Return how many rows of a table the query covers."""
        return dict(self.result.covered).get(table.name, 0)

    @property
    def place(self) -> str:
        """The tables that were computed: `sales.xlsx / 2024`."""
        return ", ".join(table.place for table in self.tables)

    @property
    def files(self) -> frozenset[str]:
        """The names of the files that the tables are of."""
        return frozenset(table.file for table in self.tables)

    @cached_property
    def figures(self) -> FigureIndex:
        """The numbers of the result, and how many rows it covers and does not."""
        cells = (self.show(value, "") for row in self.result.rows for value in row)
        counts = (number for table in self.tables for number in self._counts(table))
        return FigureIndex.build("\n".join((*cells, *map(str, counts))), decimal_comma=False)

    def _counts(self, table: TypedTable) -> Iterator[int]:
        yield from (table.rows, self.covered(table), *(count for _, count in table.left_count))
        for column in table.columns:
            if column.name in self.result.named:
                yield from (column.empty, column.untyped)

    @staticmethod
    def show(value: Cell, nothing: str) -> str:
        """Return a value as a person writes it. nothing: for no value."""
        if value is None:
            return nothing
        if isinstance(value, bool) or not isinstance(value, int | float):
            return str(value)
        if isinstance(value, int):
            return f"{value:,}"
        if not 1e-4 <= abs(value) < 1e15:
            return f"{value:.10g}"
        return f"{value:,.6f}".rstrip("0").rstrip(".")

    def to_json(self) -> Json:
        """Return the form of the event, of the receipt and of the history."""
        result = self.result
        return {
            "sql": self.sql,
            "columns": [_column(one) for one in result.columns],
            "rows": [list(row) for row in result.rows[:KEPT_ROWS]],
            "row_count": len(result.rows),
            "is_cut": result.is_cut or len(result.rows) > KEPT_ROWS,
            "tables": [self._table(table) for table in self.tables],
            **({"outline": result.outline.to_json()} if result.outline else {}),
            "behind": {
                "columns": [_column(one) for one in result.behind_columns],
                "rows": [list(row) for row in result.behind[:KEPT_BEHIND]],
            },
        }

    def _table(self, table: TypedTable) -> Json:
        named = [column for column in table.columns if column.name in self.result.named]
        return {
            "name": table.name,
            "place": table.place,
            "rows": table.rows,
            "covered": self.covered(table),
            "left_out": dict(table.left_count),
            "remark": table.remark,
            "titles": {one.name: one.title for one in named if one.title and one.title != one.name},
            "empty": {one.name: one.empty for one in named if one.empty},
            "untyped": {one.name: one.untyped for one in named if one.untyped},
        }


def _column(column: ResultColumn) -> Json:
    return {"name": column.name, "kind": column.kind}


def describe_table(table: TypedTable) -> QueryResult:
    """Return the columns of a table as a result."""
    head = (ResultColumn("column", "text"), ResultColumn("title", "text"), ResultColumn("kind", "text"))
    rows = tuple((one.name, one.title, one.kind) for one in table.columns)
    return QueryResult(head, rows)
