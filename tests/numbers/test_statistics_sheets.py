"""Sheets in the style of statistics offices: header, data, totals, sections and notes are told apart."""

from __future__ import annotations

import duckdb
import pytest
from fsspec.implementations.memory import MemoryFileSystem  # type: ignore[import-untyped]

from chat.numbers.cell_grid import Grid
from chat.numbers.file_tables import build_tables
from chat.numbers.raw_cells import connect
from chat.numbers.sql_names import quoted
from chat.numbers.typed_table import TypedTable
from tests.numbers.statistics_sheets import MADE_SHEETS, SHEETS, StatisticsSheet


@pytest.mark.parametrize("sheet", [*SHEETS, *MADE_SHEETS], ids=lambda sheet: sheet.name)
def test_the_rows_of_a_sheet_are_told_apart(sheet: StatisticsSheet) -> None:
    tables, files, failed = build_tables([sheet.grid])
    assert not failed
    assert len(tables) == len(sheet.tables)
    for table, parquet, truth in zip(tables, files, sheet.tables, strict=True):
        assert tuple(column.title for column in table.columns) == truth.columns
        assert left_out(table) == dict(truth.left)
        assert table.rows == truth.rows
        for title, value in truth.sums.items():
            assert sum_of(table, parquet, title) == pytest.approx(value)


def left_out(table: TypedTable) -> dict[str, tuple[int, ...]]:
    roles = {one.role for one in table.left}
    return {role: tuple(one.row for one in table.left if one.role == role) for role in roles}


def sum_of(table: TypedTable, parquet: bytes, title: str) -> float:
    name = next(column.name for column in table.columns if column.title == title)
    sql: duckdb.DuckDBPyConnection = connect()
    files = MemoryFileSystem()
    files.pipe("/one.parquet", parquet)
    sql.register_filesystem(files)
    found = sql.execute(f"SELECT sum({quoted(name)}) FROM read_parquet('memory://one.parquet')").fetchone()
    assert found is not None
    return float(found[0])


def test_totals_in_the_middle_of_a_large_table_are_found_by_their_word() -> None:
    groups = [[[f"区{group}", f"p{number}", str(number)] for number in range(100)] for group in range(52)]
    rows = [row for group in groups for row in (*group, ["合　计", "", "4950"])]
    (table,), _, _ = build_tables([Grid("a.xlsx", rows=[["地区", "项目", "数量"], *rows])])
    assert table.rows == 5_200
    assert dict(table.left_count) == {"header": 1, "total": 52}
