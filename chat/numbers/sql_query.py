"""One SELECT over the tables of some files: checked, run, and what it read. Runs in the child alone.

Four bounds hold beside the child's own sandbox: DuckDB has no access to files outside the tables, its
settings are locked before the query is read, exactly one statement that is a SELECT is accepted, and time,
memory and rows are limited.
"""

from __future__ import annotations

import json
import math
import threading
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

import duckdb
from fsspec.implementations.memory import MemoryFileSystem  # type: ignore[import-untyped]

from chat.numbers.query_outline import outline_query
from chat.numbers.raw_cells import connect
from chat.numbers.sql_names import literal, quoted
from chat.numbers.table_pack import split_tables

MOST_ROWS = 1_000  # of a result
MOST_BEHIND = 200  # rows that a figure was computed from
MOST_CHARACTERS = 2_000_000  # of a result
CELL_CHARACTERS = 300
ERROR_CHARACTERS = 700
SQL_CHARACTERS = 20_000
SECONDS = 10.0
Json = dict[str, Any]


class BadQuery(Exception):
    """A query that is not run, or that failed; the message is one sentence or DuckDB's own words."""


class Tables:
    """The tables of a question in one database, each under its name."""

    def __init__(self, packs: Sequence[bytes], names: Sequence[Sequence[str]]) -> None:
        """names: of the tables of each pack, in its order."""
        files = MemoryFileSystem()
        files.store.clear()
        self.sql = connect()
        self.sql.register_filesystem(files)
        self.names: list[str] = []
        paths = []
        for number, (pack, own) in enumerate(zip(packs, names, strict=True)):
            for place, (name, parquet) in enumerate(zip(own, split_tables(pack), strict=True)):
                path = f"memory:///{number}-{place}.parquet"
                files.pipe(f"/{number}-{place}.parquet", parquet)
                self.sql.execute(f"CREATE VIEW {quoted(name)} AS SELECT * FROM read_parquet({literal(path)})")
                self.names.append(name)
                paths.append(path)
        self.sql.execute(f"SET allowed_paths = [{','.join(map(literal, paths))}]")
        self.sql.execute("SET enable_external_access = false")
        self.sql.execute("SET lock_configuration = true")

    def run(self, sql: str, seconds: float = SECONDS) -> Json:
        """Return columns, rows and what was read. Raises BadQuery."""
        query = self._admit(sql)
        alarm = threading.Timer(seconds, self.sql.interrupt)
        alarm.start()
        try:
            found = self.sql.execute(f"SELECT * FROM (\n{query}\n) AS answer LIMIT {MOST_ROWS + 1}")
            columns = [{"name": str(one[0]), "kind": _kind(str(one[1]))} for one in found.description or ()]
            rows, is_cut = _bounded(found.fetchall())
            return {"columns": columns, "rows": rows, "is_cut": is_cut, **self._read(query)}
        except duckdb.InterruptException as error:
            raise BadQuery(f"The query took longer than {seconds:g} s.") from error
        except duckdb.Error as error:
            raise BadQuery(_words(error)) from error
        finally:
            alarm.cancel()

    def _admit(self, sql: str) -> str:
        """Return the one SELECT of a text. Raises BadQuery."""
        if len(sql) > SQL_CHARACTERS:
            raise BadQuery(f"A query may have {SQL_CHARACTERS:,} characters.")
        try:
            statements = self.sql.extract_statements(sql)
        except duckdb.Error as error:
            raise BadQuery(_words(error)) from error
        if len(statements) != 1 or statements[0].type != duckdb.StatementType.SELECT:
            raise BadQuery("Exactly one SELECT statement can be run, and nothing else.")
        return statements[0].query.strip().rstrip(";")

    def _read(self, query: str) -> Json:
        """Return how many rows of each table the query covers, which columns it names, and rows behind it."""
        node = self._tree(query)
        used = [name for name in dict.fromkeys(_tables(node)) if name in self.names]
        covered = {name: self._count(f"SELECT count(*) FROM {quoted(name)}") for name in used}
        behind: Json = {"columns": [], "rows": []}
        outline: Json | None = None
        if _is_plain(node) and len(used) == 1 and used[0] == node["from_table"].get("table_name"):
            outline = outline_query(node, self._write)
            counted = self._with_filter("SELECT count(*) FROM t", node)
            covered[used[0]] = self._count(counted)
            # In the order of the file without being sorted: a sort would read all columns of all rows.
            shown = self._with_filter(f"SELECT * FROM t LIMIT {MOST_BEHIND}", node)
            found = self.sql.execute(shown)
            names = [{"name": str(one[0]), "kind": _kind(str(one[1]))} for one in found.description or ()]
            behind = {"columns": names, "rows": _bounded(found.fetchall())[0]}
        named = sorted(set(_columns(node)))
        return {"covered": covered, "named": named, "behind": behind, "outline": outline}

    def _count(self, sql: str) -> int:
        row = self.sql.execute(sql).fetchone()
        return int(row[0]) if row else 0

    def _tree(self, query: str) -> Json:
        row = self.sql.execute("SELECT json_serialize_sql(?)", [query]).fetchone()
        tree = json.loads(row[0]) if row else {}
        statements = tree.get("statements") or [{}]
        node: Json = statements[0].get("node", {})
        return node

    def _with_filter(self, sql: str, node: Json) -> str:
        """Return `sql` over the table and with the conditions of another query."""
        row = self.sql.execute("SELECT json_serialize_sql(?)", [sql]).fetchone()
        tree = json.loads(row[0]) if row else {}
        own = tree["statements"][0]["node"]
        own["from_table"], own["where_clause"] = node["from_table"], node.get("where_clause")
        return self._write(json.dumps(tree))

    def _write(self, tree: str) -> str:
        made = self.sql.execute("SELECT json_deserialize_sql(?)", [tree]).fetchone()
        return str(made[0]) if made else ""


def _is_plain(node: Mapping[str, Any]) -> bool:
    """Is a query one SELECT from one table, without others inside it?"""
    if node.get("type") != "SELECT_NODE" or (node.get("cte_map") or {}).get("map"):
        return False
    return (node.get("from_table") or {}).get("type") == "BASE_TABLE"


def _walk(value: Any) -> Iterator[Mapping[str, Any]]:
    waiting = [value]
    while waiting:
        one = waiting.pop()
        if isinstance(one, dict):
            yield one
            waiting += one.values()
        elif isinstance(one, list):
            waiting += one


def _tables(node: Any) -> Iterator[str]:
    yield from (str(one["table_name"]) for one in _walk(node) if one.get("type") == "BASE_TABLE")


def _columns(node: Any) -> Iterator[str]:
    for one in _walk(node):
        if one.get("class") == "COLUMN_REF" and one.get("column_names"):
            yield str(one["column_names"][-1])


def _bounded(rows: Sequence[Sequence[Any]]) -> tuple[list[list[Any]], bool]:
    kept: list[list[Any]] = []
    room = MOST_CHARACTERS
    for row in rows[:MOST_ROWS]:
        cells = [_shown(value) for value in row]
        room -= sum(len(cell) if isinstance(cell, str) else 12 for cell in cells)
        if room < 0:
            return kept, True
        kept.append(cells)
    return kept, len(rows) > MOST_ROWS


def _shown(value: Any) -> Any:
    """Return a value as JSON has it."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int):
        return value if abs(value) < 2**53 else str(value)
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral() and abs(value) < 2**53 else float(value)
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, datetime):
        return value.isoformat(" ").removesuffix(" 00:00:00")
    if isinstance(value, date | time | timedelta):
        return str(value)
    return str(value)[:CELL_CHARACTERS]


def _kind(name: str) -> str:
    name = name.upper()
    if (
        any(word in name for word in ("INT", "DOUBLE", "FLOAT", "DECIMAL", "NUMBER", "REAL"))
        and "[" not in name
    ):
        return "number"
    return "date" if name.startswith(("DATE", "TIME")) else "text"


def _words(error: duckdb.Error) -> str:
    return " ".join(str(error).split())[:ERROR_CHARACTERS]
