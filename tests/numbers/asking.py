"""A question to the tables of a file, as `chat.turns.computing` asks it, without a server."""

from __future__ import annotations

import json
import math
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from chat.extraction import inner_files, kinds
from chat.extraction.source import Source
from chat.numbers.cell_grid import Grid
from chat.numbers.file_tables import build_tables
from chat.numbers.form_filters import alternatives, resolve
from chat.numbers.form_sql import lookup_sql, mixes_currencies, single_sql, write_sql
from chat.numbers.question_forms import read_question
from chat.numbers.sql_query import BadQuery, Tables
from chat.numbers.table_pack import pack_tables
from chat.numbers.typed_table import TypedTable

Rows = list[list[Any]]


@dataclass(frozen=True)
class AskedTable:
    """name: of the file. cells: as a sheet has them, or text: of a csv. asked: questions with their truth.

    A truth is a value, the values of groups, labels in their order, or None for a question that has no
    single answer. not_computed: questions that have one and are of no form.
    """

    name: str
    cells: Sequence[Sequence[str]]
    text: str
    asked: Sequence[tuple[str, Any]]
    not_computed: Sequence[str]


def read_asked() -> list[AskedTable]:
    """Return the made tables of asked_tables.jsonl, whose truth was computed from their values alone."""
    lines = Path(__file__).with_name("asked_tables.jsonl").read_text("utf-8").splitlines()
    return [AskedTable(**json.loads(line)) for line in lines]


class AskedFile:
    """The typed tables of a file, and a database over them."""

    def __init__(self, asked: AskedTable) -> None:
        self.tables, files = build(asked)
        self.sql = Tables([pack_tables(self.tables, files)], [[one.name for one in self.tables]])

    def ask(self, question: str) -> Rows | None:
        """Return the rows of the result; None where the question is not computed."""
        asked = read_question(question, self.tables)
        if asked is None:
            return None
        if asked.kind == "columns":
            return [[one.title] for one in asked.table.columns]
        filters = self._find(asked.filter, asked.table) if asked.filter else ()
        if filters is None or mixes_currencies(asked, filters):
            return None
        try:
            if asked.is_single and self.sql.run(single_sql(asked, filters))["rows"][0][0]:
                return None
            rows: Rows = self.sql.run(write_sql(asked, filters))["rows"]
        except BadQuery:
            return None
        return rows

    def _find(self, condition: Any, table: TypedTable) -> Any:
        ways = alternatives(condition, table)
        sql = lookup_sql([one for way in ways for one in way], table)
        columns: dict[str, list[str]] = {}
        for name, value in self.sql.run(sql)["rows"] if sql else ():
            columns.setdefault(str(value), []).append(str(name))
        return resolve(ways, columns)


def build(asked: AskedTable) -> tuple[list[TypedTable], list[bytes]]:
    """Return the typed tables of a file, and their cells."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / asked.name
        path.write_text(asked.text, "utf-8")
        found = inner_files.read_whole(Source(path, path.name), kinds.recognise) if asked.text else ()
        grids = [one for one in found if isinstance(one, Grid)]
        grids += [Grid(asked.name, rows=[list(row) for row in asked.cells])] if asked.cells else []
        tables, files, failed = build_tables(grids)
    assert not failed
    return tables, files


def agrees(rows: Rows, truth: Any) -> bool:
    """Is a result the truth: a value, the values of groups, or labels in their order?"""
    if isinstance(truth, dict):
        return len(rows) == len(truth) and all(
            any(has(row, label) and has(row, value) for row in rows) for label, value in truth.items()
        )
    if isinstance(truth, list):
        return len(rows) >= len(truth) and all(has(row, one) for row, one in zip(rows, truth, strict=False))
    return len(rows) == 1 and has(rows[0], truth)


def has(row: Sequence[Any], wanted: Any) -> bool:
    return any(is_equal(cell, wanted) for cell in row)


def is_equal(cell: Any, wanted: Any) -> bool:
    if isinstance(wanted, str) or isinstance(cell, str) or cell is None:
        return str(cell) == str(wanted)
    return math.isclose(float(cell), float(wanted), rel_tol=1e-6, abs_tol=1e-6)
