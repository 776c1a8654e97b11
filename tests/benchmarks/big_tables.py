"""How long do a large csv and a large workbook take until a question can be computed, and a query then?

    python -m tests.benchmarks.big_tables [rows of the csv]

The files are made: 30 columns of dates, words, codes, amounts and counts. They are read by the real child,
with the default limit of memory and more CPU. The first query is that of a server that has just started:
its child waits, and has computed nothing yet. Seconds are of the clock and of the CPU of the child, which on
a busy machine says more; the memory is the most that it had.
"""

from __future__ import annotations

import random
import resource
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import anyio

from chat.extraction import ReaderLimits, Readers
from chat.numbers.table_pack import read_tables
from tests.office_files import xlsx

COLUMNS, CSV_ROWS, SHEET_ROWS = 30, 500_000, 50_000
WARMING_SECONDS = 5.0  # until the child of a server that starts has come
QUERIES = (
    "SELECT c1, sum(c3) AS total FROM t GROUP BY c1 ORDER BY 2 DESC",
    "SELECT strftime(c0, '%Y-%m') AS month, avg(c4) FROM t WHERE c1 = 'north' GROUP BY 1 ORDER BY 1",
)
WORDS = ("north", "south", "east", "west", "upper hill", "harbour")
LIMITS = ReaderLimits(seconds=120, processes=1, upload_bytes=1_000_000_000, wall_factor=4, pause_factor=4)


@dataclass(frozen=True)
class Spent:
    """Seconds of the clock and of the children's CPU, and the most memory of one child so far, in MB."""

    clock: float
    cpu: float
    memory: float


def main() -> None:
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else CSV_ROWS
    with TemporaryDirectory() as folder:
        sheet, text = Path(folder) / "t.xlsx", Path(folder) / "t.csv"
        write_sheet(sheet, SHEET_ROWS)
        write_csv(text, rows)
        print("| file | rows | MB | step | clock s | CPU s | MB of the child |")
        print("| --- | --- | --- | --- | --- | --- | --- |")
        for path, count in ((sheet, SHEET_ROWS), (text, rows)):
            anyio.run(measure, path, count, path.stat().st_size / 1e6)


async def measure(path: Path, count: int, size: float) -> None:
    """Print what the steps of one file take."""
    pack = path.with_suffix(".tables")

    async def read() -> None:
        pool = Readers(LIMITS)
        try:
            reading = await pool.open(path, path.name)
            await reading.finish()
        finally:
            await pool.aclose()
        (table,) = read_tables(reading.tables)
        assert table.rows == count, table
        await anyio.Path(pack).write_bytes(reading.tables)

    def show(name: str, figures: str) -> None:
        print(f"| {path.name} | {count:,} | {size:.0f} | {name} | {figures} |", flush=True)

    spent = await measured(read)
    show("ready", f"{spent.clock:.2f} | {spent.cpu:.2f} | {spent.memory:.0f}")
    server = Readers(LIMITS)
    await server.start()
    await anyio.sleep(WARMING_SECONDS)
    try:
        for turn in ("first", "again"):
            for number, sql in enumerate(QUERIES, 1):
                began = time.monotonic()
                await server.query([pack], [["t"]], sql)
                show(f"query {number}, {turn}", f"{time.monotonic() - began:.2f} | |")
    finally:
        await server.aclose()


async def measured(step: Callable[[], Awaitable[None]]) -> Spent:
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    await step()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Spent(time.monotonic() - began, cpu, after.ru_maxrss / 1000)


def cells(rows: int) -> Iterator[list[str]]:
    """Yield the header and the rows: kinds of cells in turn."""
    rng, start = random.Random(7), date(2015, 1, 1)
    yield [f"c{number}" for number in range(COLUMNS)]
    for number in range(rows):
        row = []
        for column in range(COLUMNS // 5):
            row += [
                (start + timedelta(days=rng.randrange(3000))).isoformat(),
                rng.choice(WORDS),
                f"{(number * 7 + column) % 99_999:05}",
                f"{rng.randrange(1, 9_999_999) / 100:.2f}" if rng.random() < 0.95 else "",
                str(rng.randrange(1000)),
            ]
        yield row


def write_csv(path: Path, rows: int) -> None:
    with path.open("w", encoding="utf-8") as file:
        file.writelines(",".join(row) + "\n" for row in cells(rows))


def write_sheet(path: Path, rows: int) -> None:
    written = []
    for row in cells(rows):
        inside = (
            f"<c><v>{cell}</v></c>"
            if cell.replace(".", "").isdigit() and not cell.startswith("0")
            else f'<c t="inlineStr"><is><t>{cell}</t></is></c>'
            for cell in row
        )
        written.append(f"<row>{''.join(inside)}</row>")
    path.write_bytes(xlsx({"t": "".join(written)}))


if __name__ == "__main__":
    main()
