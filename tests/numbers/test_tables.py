"""Tables of real files through the real child: typed, stored, queried; and queries that are refused."""

from __future__ import annotations

import csv
import io
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import anyio
import pytest

from chat.extraction import ReaderLimits, Readers
from chat.numbers import raw_cells
from chat.numbers.cell_grid import Delimited, Grid
from chat.numbers.query_result import NoResult, QueryOutline
from chat.numbers.raw_cells import RawCells, has_outer_spaces
from chat.numbers.table_pack import pack_tables, read_tables
from chat.numbers.typed_table import BadTable, TypedTable
from tests.office_files import xlsx

SALES = (
    "Sales of the year,,,,\n"
    "Region,Day,Code,Amount,Share\n"
    'North,03/04/2021,007,"1,200.50",12.5%\n'
    'South,25/04/2021,012,"2,000.00",20%\n'
    "East,26/04/2021,100,(300),-\n"
    "West,27/04/2021,,sold out,3%\n"
    + "".join(f"North,{day:02}/05/2021,{day:03},{day}.25,1%\n" for day in range(1, 12))
    + 'Total,,,"2,969.25",\n'
    ",,,,\n"
    "Source: the office,,,,\n"
)


@pytest.fixture(scope="module")
async def readers() -> AsyncIterator[Readers]:
    pool = Readers(ReaderLimits(processes=1))
    yield pool
    await pool.aclose()


async def read(readers: Readers, path: Path, name: str, data: bytes) -> tuple[Sequence[TypedTable], Path]:
    await anyio.Path(path).write_bytes(data)
    reading = await readers.open(path, name)
    await reading.finish()
    pack = anyio.Path(f"{path}.tables")
    await pack.write_bytes(reading.tables)
    return read_tables(reading.tables), Path(pack)


def sheet(*rows: Sequence[str | float]) -> str:
    """Return rows as the inside of an Excel sheet."""
    cells = (
        "".join(
            f'<c t="inlineStr"><is><t>{cell}</t></is></c>'
            if isinstance(cell, str)
            else f"<c><v>{cell}</v></c>"
            for cell in row
        )
        for row in rows
    )
    return "".join(f"<row>{row}</row>" for row in cells)


async def test_blank_lines_of_a_delimited_file_are_rows(readers: Readers, tmp_path: Path) -> None:
    text = "Sales,,\n\nRegion,Day,Amount\nNorth,2021-01-04,12\n\nSouth,2021-01-05,14\nWest,2021-01-06,20\n"
    second = "\nProduct,Price,\nChair,12.5,\nDesk,60,\n\n\n"
    tables, _ = await read(readers, tmp_path / "a", "a.csv", (text + second).encode())
    assert [(one.rows, [(left.role, left.row) for left in one.left]) for one in tables] == [
        (3, [("title", 1), ("header", 3)]),
        (2, [("header", 9)]),
    ]


async def test_a_delimited_file_becomes_typed_columns(readers: Readers, tmp_path: Path) -> None:
    (table,), pack = await read(readers, tmp_path / "a", "sales 2021.csv", SALES.encode())
    assert (table.name, table.rows) == ("sales_2021", 15)
    assert [(column.name, column.kind) for column in table.columns] == [
        ("region", "text"),
        ("day", "date"),
        ("code", "code"),
        ("amount", "currency"),
        ("share", "percentage"),
    ]
    assert dict(table.left_count) == {"title": 1, "header": 1, "total": 1, "note": 1}
    amount, share = table.columns[3], table.columns[4]
    assert (amount.empty, amount.untyped, amount.untyped_samples) == (1, 1, ("sold out",))
    assert (share.empty, share.untyped, table.columns[2].empty) == (1, 0, 1)
    result = await readers.query(
        [pack],
        [["sales"]],
        "SELECT region, sum(amount), min(day), max(code) FROM sales GROUP BY 1 ORDER BY 1",
    )
    assert result.rows[1:3] == (
        ("North", 1269.25, "2021-04-03", "011"),
        ("South", 2000.0, "2021-04-25", "012"),
    )


async def test_a_query_tells_which_rows_it_covers(readers: Readers, tmp_path: Path) -> None:
    _, pack = await read(readers, tmp_path / "a", "a.csv", SALES.encode())
    result = await readers.query(
        [pack], [["s"]], "SELECT sum(amount) AS total FROM s WHERE region = 'North' -- all of them"
    )
    assert result.rows == ((1269.25,),)
    assert result.covered == (("s", 12),)
    assert result.named == ("amount", "region")
    assert [row[0] for row in result.behind[:3]] == [3, 7, 8]  # numbers of the rows in the file
    assert result.outline
    assert (result.outline.columns, result.outline.where) == (("sum(amount)",), "region = 'North'")
    grouped = await readers.query(
        [pack], [["s"]], "SELECT region, count(*) AS n FROM s GROUP BY 1 HAVING n > 1 ORDER BY n DESC LIMIT 3"
    )
    assert grouped.outline == QueryOutline(
        ("region", "count_star()"), "", ("region",), "n > 1", (("count_star()", True),), "3"
    )


async def test_sheets_of_two_files_can_be_joined(readers: Readers, tmp_path: Path) -> None:
    book = xlsx(
        {"Prices": sheet(("code", "price"), ("007", 2.5), ("012", 4)), "Other": sheet(("a",), ("b",))}
    )
    tables, prices = await read(readers, tmp_path / "b", "prices.xlsx", book)
    assert [table.place for table in tables] == ["prices.xlsx / Prices"]
    _, sales = await read(readers, tmp_path / "a", "a.csv", SALES.encode())
    result = await readers.query(
        [prices, sales],
        [["prices"], ["sales"]],
        "SELECT region, price FROM sales JOIN prices USING (code) WHERE day < '2021-05-01' ORDER BY price",
    )
    assert result.rows == (("North", 2.5), ("South", 4))
    assert dict(result.covered) == {"prices": 2, "sales": 15}


async def test_a_sheet_tells_what_is_hidden_and_what_has_no_stored_value(
    readers: Readers, tmp_path: Path
) -> None:
    rows = sheet(("Region", "Amount"), *(("North", 10.5 * n) for n in range(1, 7)), ("Total", 220.5))
    hidden = rows.replace("<row>", '<row r="3" hidden="1">', 3).replace('<row r="3" hidden="1">', "<row>", 2)
    formula = '<row><c r="A9" t="inlineStr"><is><t>South</t></is></c><c r="B9"><f>B2*2</f></c></row>'
    (table,), pack = await read(readers, tmp_path / "a", "a.xlsx", xlsx({"Sales": hidden + formula}))
    assert table.remark == "hidden rows 3; 1 formulas without a stored value"
    assert (table.rows, dict(table.left_count)) == (7, {"header": 1, "total": 1})
    result = await readers.query([pack], [["s"]], "SELECT sum(amount), count(amount) FROM s")
    assert result.rows == ((220.5, 6),)


async def test_a_table_in_a_text_becomes_typed_columns(readers: Readers, tmp_path: Path) -> None:
    rows = b"<tr><th>Year<th>Jobs</tr><tr><td>2001<td>1,200</tr><tr><td>2002<td>1,300</tr>"
    page = b"<html><body><h2>Table 1: Jobs</h2><table>" + rows + b"</table></body></html>"
    (table,), pack = await read(readers, tmp_path / "a", "a.html", page)
    assert [(column.title, column.kind) for column in table.columns] == [
        ("Year", "integer"),
        ("Jobs", "integer"),
    ]
    result = await readers.query([pack], [[table.name]], f"SELECT sum(jobs) FROM {table.name}")
    assert result.rows == ((2500,),)


async def test_the_cap_of_characters_cuts_no_rows(tmp_path: Path) -> None:
    pool = Readers(ReaderLimits(processes=1, characters=1_000))
    try:
        text = "n,word\n" + "".join(f"{n},word {n}\n" for n in range(5_000))
        (table,), _ = await read(pool, tmp_path / "a", "a.csv", text.encode())
    finally:
        await pool.aclose()
    assert (table.rows, table.columns[0].high) == (5_000, "4999")


@pytest.mark.parametrize(
    ("sql", "sentence"),
    [
        ("DROP VIEW s", "Exactly one SELECT"),
        ("SELECT 1; SELECT 2", "Exactly one SELECT"),
        ("COPY s TO '/tmp/s.csv'", "Exactly one SELECT"),
        ("INSTALL httpfs", "Exactly one SELECT"),
        ("SET threads = 8", "Exactly one SELECT"),
        ("", "Exactly one SELECT"),
        ("SELECT * FROM s) AS a; DROP VIEW s; SELECT * FROM (SELECT 1", "syntax error"),
        ("SELECT * FROM read_csv('/etc/passwd')", "disabled by configuration"),
        ("SELECT * FROM '/etc/passwd'", "does not exist"),
        ("SELECT * FROM glob('/*')", "disabled by configuration"),
        ("SELECT nothing FROM s", "not found"),
        ("LOAD httpfs", "Exactly one SELECT"),
        ("ATTACH '/tmp/x.db'", "Exactly one SELECT"),
        ("INSERT INTO s VALUES (1)", "Exactly one SELECT"),
        ("SELECT getenv('HOME')", "getenv"),
        ("EXPLAIN SELECT 1", "Exactly one SELECT"),
        ("SELECT " + "1," * 20_000 + "1", "characters"),
    ],
)
async def test_a_query_that_is_no_select_over_the_tables_gets_a_sentence(
    readers: Readers, tmp_path: Path, sql: str, sentence: str
) -> None:
    _, pack = await read(readers, tmp_path / "a", "a.csv", SALES.encode())
    with pytest.raises(NoResult, match=sentence):
        await readers.query([pack], [["s"]], sql)


async def test_a_billion_rows_are_cut_and_a_query_without_end_is_stopped(
    readers: Readers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chat.extraction.readers.QUERY_SECONDS", 0.3)
    _, pack = await read(readers, tmp_path / "a", "a.csv", SALES.encode())
    result = await readers.query([pack], [["s"]], "SELECT * FROM range(1000000000)")
    assert (len(result.rows), result.is_cut) == (1_000, True)
    with pytest.raises(NoResult, match="longer than"):
        await readers.query([pack], [["s"]], "SELECT count(*) FROM range(100000000000) a, range(1000000) b")


async def test_names_and_cells_that_are_sql_or_formulas_are_texts(readers: Readers, tmp_path: Path) -> None:
    text = (
        '"x""; DROP VIEW s; --",select,=SUM(A1:A3),"a, b",select\n'
        + '=1+1,1,=HYPERLINK("http://x"),-1+2,a\n' * 4
        + "'); DROP TABLE t; --,2,@SUM(1),b,c\n"
    )
    (table,), pack = await read(readers, tmp_path / "a", "a.csv", text.encode())
    names = [column.name for column in table.columns]
    assert (table.rows, len(set(names))) == (5, 5)
    assert names[1] != names[4]
    assert [column.kind for column in table.columns[:3]] == ["text", "integer", "text"]
    for column in table.columns:
        await readers.query([pack], [["s"]], f'SELECT "{column.name}" FROM s')
        assert all(letter.isalnum() or letter == "_" for letter in column.name)
    result = await readers.query([pack], [["s"]], f"SELECT {names[0]}, count(*) FROM s GROUP BY 1 ORDER BY 2")
    assert result.rows == (("'); DROP TABLE t; --", 1), ("=1+1", 4))


def test_a_pack_that_a_file_has_made_up_is_refused() -> None:
    good = pack_tables((), ())
    assert read_tables(good) == ()
    for bad in (b"", b"XJTABLE1", good[:-1], good.replace(b"[]", b"{}"), b"XJTABLE1" + b"\xff" * 30):
        with pytest.raises(BadTable):
            read_tables(bad)


@pytest.mark.parametrize(
    "text",
    [
        'north, 1\nsouth,2\n', 'north,1\nsouth ,2\n', 'north,"1\n"\nsouth,2\n', '"\nnorth",1\nsouth,2\n',
        'north,1\nsouth,"2 "\n', 'north,1\nsouth,\u00a02\n', 'north,1\r\nsouth,2\t\r\n',
        '\ufeffnorth,1\nsouth,2', 'north,1\nsouth,2 ', ' north,1\n"south",2\n',
    ],
)  # fmt: skip
def test_spaces_around_a_cell_are_no_part_of_it(tmp_path: Path, text: str) -> None:
    path = tmp_path / "spaces.csv"
    path.write_bytes(text.encode())
    raw = RawCells()
    raw.load(Grid("spaces.csv", delimited=Delimited(",", path.read_bytes, path)))
    assert raw.sql.execute("SELECT * FROM raw").fetchall() == [("north", "1"), ("south", "2")]


@pytest.mark.parametrize(
    "text",
    [
        'a,b\n\n1,2\n\n\n3,"x, y"\n4,5\n\n\n', '\r\n\r\na,b\r\n1,2\r\n\r\n3,"5"" x"\r\n9,5" p\r\n',
        'a,b\r\r\n1,2\r\r\n3,4', 'a,b\n\n3,"x\n\ny"\n4,5\n', '\ufeff\na,b\n1,2\n',
    ],
)  # fmt: skip
def test_blank_lines_that_the_engine_skips_count_as_rows(tmp_path: Path, text: str) -> None:
    path = tmp_path / "lines.csv"
    path.write_bytes(text.encode())
    raw, grid = RawCells(), Grid("lines.csv", delimited=Delimited(",", path.read_bytes, path))
    raw.load(grid)
    rows = [(at, row) for at, row in raw.rows("true") if any(row)]
    parsed = enumerate(csv.reader(io.StringIO(text.lstrip("\ufeff"), newline="")))
    assert rows == [(at, [" ".join(cell.split()) for cell in row]) for at, row in parsed if row]


def test_what_no_cell_has_around_it_is_not_looked_for_in_each() -> None:
    assert not has_outer_spaces(b'upper hill,"1,5",""\r\nnorth,"a""b""c",2\r\n', ",")
    assert not has_outer_spaces(b"upper hill\t1\t\t2\n", "\t")
    assert has_outer_spaces(b"upper hill\t1 \t\t2\n", "\t")


def test_the_cells_of_a_long_file_take_less_memory_than_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(raw_cells, "LARGE_BYTES", 1_000_000)
    path = tmp_path / "long.csv"
    path.write_text(
        "".join(f"north,upper hill,{number},2024-05-{number % 28 + 1:02}\n" for number in range(200_000))
    )
    raw = RawCells()
    raw.load(Grid("long.csv", delimited=Delimited(",", path.read_bytes, path)))
    (held,) = raw.one("SELECT sum(memory_usage_bytes) FROM duckdb_memory() WHERE tag = 'IN_MEMORY_TABLE'")
    assert raw.count("raw") == 200_000
    assert int(str(held)) < path.stat().st_size
