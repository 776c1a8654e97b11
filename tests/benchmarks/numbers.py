"""Are the cells of real tables typed right, and are the results of questions about them right?

    CORPORA=... python -m tests.benchmarks.numbers [tuning|reported|both]

CORPORA names a folder with numbers/files, numbers/columns.jsonl and numbers/questions.jsonl. The files are
divided in two: the code is tuned on one half, the other is reported.
"""

from __future__ import annotations

import json
import math
import os
import resource
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import duckdb
from fsspec.implementations.memory import MemoryFileSystem  # type: ignore[import-untyped]

from chat.extraction import inner_files, kinds
from chat.extraction.source import Source
from chat.numbers.cell_grid import Grid
from chat.numbers.file_tables import build_tables
from chat.numbers.raw_cells import connect
from chat.numbers.typed_table import DATES, TypedTable

Truth = dict[str, Any]


def main() -> None:
    corpora = os.environ.get("CORPORA")
    if not corpora:
        sys.exit("CORPORA is unset: name the folder that holds numbers/.")
    folder = Path(corpora) / "numbers"
    columns = read_lines(folder / "columns.jsonl")
    names = list(dict.fromkeys(one["file"] for one in columns))
    half = sys.argv[1] if len(sys.argv) > 1 else "both"
    chosen = {"tuning": names[::2], "reported": names[1::2]}.get(half, names)
    print_typing(
        folder / "files", [one for one in columns if one["file"] in chosen], is_long="-v" in sys.argv
    )


def read_lines(path: Path) -> list[Truth]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines() if line.strip()]


def read_file(path: Path) -> tuple[list[TypedTable], list[bytes], float]:
    """Return the typed tables of a file, and the CPU seconds that they took beside the reading."""
    found = inner_files.read_whole(Source(path, path.name), kinds.recognise)
    grids = [one for one in found if isinstance(one, Grid)]
    began = time.process_time()
    tables, files, _ = build_tables(grids)
    return tables, files, time.process_time() - began


def print_typing(folder: Path, truth: Sequence[Truth], *, is_long: bool) -> None:
    """Print how many cells are right, and in how many tables the rows are told apart."""
    print("| file | table | cells | right | rows, and of the truth | rows told apart | CPU s of the file |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    cells = right = told = count = 0.0
    for name in dict.fromkeys(one["file"] for one in truth):
        tables, files, seconds = read_file(folder / name)
        own = [one for one in truth if one["file"] == name]
        for key in dict.fromkeys((one["sheet"], one["table"]) for one in own):
            wanted = [one for one in own if (one["sheet"], one["table"]) == key]
            number = find_table(tables, wanted)
            values = list(compare(tables[number], files[number], wanted, is_long)) if number >= 0 else []
            is_told = number >= 0 and are_rows_told(tables[number], wanted)
            total = sum(one["data_rows"] for one in wanted)
            cells, right, told, count = cells + total, right + sum(values), told + is_told, count + 1
            rows = f"{tables[number].rows} / {wanted[0]['data_rows']}" if number >= 0 else "none"
            row = (name, key[1], f"{total:,}", f"{sum(values) / total:.4f}", rows, "yes" if is_told else "NO")
            print(f"| {' | '.join(row)} | {seconds:.2f} |")
    print(f"\ncells typed correctly: {right / cells:.4f} of {cells:,.0f}")
    print(f"header, data and other rows told apart: {told / count:.3f} of {count:.0f} tables")
    print(f"peak of memory: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000:.0f} MB")


def find_table(tables: Sequence[TypedTable], wanted: Sequence[Truth]) -> int:
    """Return the number of the table with the most columns of these names on this sheet; -1 for none.

    Of two with as many, the one with fewer others.
    """
    names = {folded(one["name"]) for one in wanted}
    fits = [
        (len(names & {folded(column.title) for column in table.columns}), -len(table.columns))
        if wanted[0]["sheet"] in (None, table.page)
        else (-1, 0)
        for table in tables
    ]
    return max(range(len(fits)), key=fits.__getitem__) if fits and max(fits)[0] >= 0 else -1


def folded(name: str) -> str:
    return "".join(name.split()).casefold()


def are_rows_told(table: TypedTable, wanted: Sequence[Truth]) -> bool:
    """Are header and data rows those of the truth?"""
    header = [one.row for one in table.left if one.role == "header"]
    return bool(header == wanted[0]["header_rows"] and table.rows == wanted[0]["data_rows"])


def compare(table: TypedTable, parquet: bytes, wanted: Sequence[Truth], is_long: bool) -> Iterator[float]:
    """Yield how many cells of each column are right, as far as the samples and counts of the truth say."""
    sql = opened(parquet)
    titles = [folded(column.title) for column in table.columns]
    for place, truth in enumerate(wanted):
        name = folded(truth["name"])
        matches = [at for at, title in enumerate(titles) if title == name]
        if not matches:
            if is_long:
                print(f"  no column {truth['name']!r} in {titles[:12]}")
            yield 0.0
            continue
        column = table.columns[min(matches, key=lambda at: abs(at - place))]
        good = 0
        for sample in truth["samples"]:
            row = sql.execute(f'SELECT "{column.name}" FROM t WHERE _row = {sample["row"]}').fetchone()
            is_right = row is not None and is_same(row[0], sample["value"], truth["type"])
            good += is_right
            if is_long and not is_right:
                print(
                    f"  {truth['name']!r} row {sample['row']}: {row} for {sample['value']!r} ({column.kind})"
                )
        share = good / len(truth["samples"]) if truth["samples"] else 1.0
        off = abs(column.empty - truth["empty"]) + abs(table.rows - truth["data_rows"])
        if is_long and off:
            print(f"  {truth['name']!r}: {column.empty} empty of {table.rows}, not {truth['empty']}")
        yield max(0.0, truth["data_rows"] * share - off)


def opened(parquet: bytes) -> duckdb.DuckDBPyConnection:
    sql, files = connect(), MemoryFileSystem()
    files.pipe("/one.parquet", parquet)
    sql.register_filesystem(files)
    sql.execute("CREATE TABLE t AS SELECT * FROM read_parquet('memory://one.parquet')")
    return sql


def is_same(value: Any, wanted: Any, kind: str) -> bool:
    if value is None:
        return wanted is None
    if kind in DATES:
        return str(value)[:10] == str(wanted)[:10]
    if kind in ("text", "code"):
        return isinstance(value, str) and " ".join(value.split()).startswith(
            " ".join(str(wanted).split())[:190]
        )
    return isinstance(value, int | float) and math.isclose(value, float(wanted), rel_tol=1e-6, abs_tol=1e-9)


if __name__ == "__main__":
    main()
