"""Tables keep their rows, columns and empty cells, whatever the format. Each file shows one kind of fault."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Sequence
from pathlib import Path

import pytest

from chat.documents.document import Page
from chat.documents.row_format import count_bars, join_lines, join_row, split_row
from chat.extraction.layout.page_tables import find_page_tables
from chat.extraction.layout.page_words import Word
from chat.extraction.layout.rules import Rule, Rules
from chat.extraction.layout.sheet_blocks import sheet_lines, within
from chat.extraction.pdf.glyphs import Glyph
from chat.extraction.pdf.page_layout import Box, may_hold_tables, words_of
from chat.extraction.pdf.right_to_left import text_with_mirrored_tables
from chat.extraction.source import Source
from chat.extraction.worker import read
from tests.office_files import docx, odt

FILES = Path(__file__).parent.parent / "fixtures" / "tables"


def lines_of(path: Path, name: str = "") -> list[str]:
    found = read(Source(path, name or path.name))
    return [line for page in found if isinstance(page, Page) for line in page.text.split("\n")]


def rows_of(path: Path, name: str = "") -> list[list[str]]:
    return [split_row(line) for line in lines_of(path, name) if count_bars(line)]


def rows_in(tmp_path: Path, name: str, data: bytes | str) -> list[list[str]]:
    path = tmp_path / name
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    return rows_of(path)


def test_a_row_survives_bars_breaks_and_empty_cells() -> None:
    cells = ["a|b", "", "two\nlines", ""]
    assert join_row(cells) == "a\\|b |  | two lines | "
    assert split_row(join_row(cells)) == ["a|b", "", "two lines", ""]
    assert join_lines(["a|b", "", "c"]) == "a\\|b |  | c"
    assert join_lines(["a", "", "c d"]) == "a |  | c d"


def test_a_sheet_is_read_as_far_as_its_lines_reach_the_cap() -> None:
    rows = [["ab", "", "c"]] * 9
    read_rows = list(within(rows, 10))
    assert len(read_rows) == 2
    assert len("\n".join(sheet_lines(read_rows))) > 10


def test_a_ruled_table_keeps_its_empty_cell() -> None:
    assert rows_of(FILES / "printed.pdf")[:4] == [
        ["Region", "Q1", "Q2", "Q3", "Q4"],
        ["North", "12.4", "13.1", "11.9", "15.0"],
        ["South", "8.2", "", "9.9", "10.4"],
        ["East and overseas territories", "5.5", "6.1", "6.3", "7.7"],
    ]


def test_cells_of_several_lines_stand_in_one_row() -> None:
    pumps = rows_of(FILES / "printed.pdf")[4:7]
    assert pumps[0] == ["Product", "Coverage", "Exclusions"]
    assert pumps[1] == [
        "Pump A-100 for domestic use in heated rooms only",
        "Parts for five years, labour for two years from the date of purchase on the invoice",
        "Seals and gaskets; damage by frost",
    ]
    assert pumps[2][1].endswith("at all outside the country of purchase")


def test_a_heading_over_two_columns_stands_in_the_first() -> None:
    assert rows_of(FILES / "printed.pdf")[7:] == [
        ["部门", "年假（天）", "", "餐补（元/月）"],
        ["", "一年以内", "一年以上", ""],
        ["研发部", "7", "12", "600"],
        ["市场部", "5", "10", "450"],
    ]


@pytest.mark.parametrize(
    ("name", "rows"),
    [
        ("empty-cells", ["Jack | | | | 20:30", "Taxi | 19:00 | | 19:00 |", "Ricki | | 20:00 | |"]),
        ("drawn-by-column", ["Invoice no. | 30064443", "Invoice date | 7 May 2014", "Total | 129.50"]),
        ("cells-out-of-order", [" | 2023 | 2022 | % change", "Domestic | 412 | 388 | 6.2"]),
        ("turned", ["Program | 2013 | 2014 | 2015", "Social Security | 820 | 867 | 918"]),
        ("vertical-headers", [" | Brian Calley | Patrick Colbeck | Jim Hines", "Curtis | 30 | | 25"]),
    ],
)
def test_a_value_stands_under_its_own_header(name: str, rows: list[str]) -> None:
    found = rows_of(FILES / f"{name}.pdf")
    assert [row for row in map(split_row, rows) if row not in found] == []


def test_merged_cells_of_word_keep_their_columns(tmp_path: Path) -> None:
    def cell(text: str, properties: str = "") -> str:
        return f"<w:tc><w:tcPr>{properties}</w:tcPr><w:p><w:r><w:t>{text}</w:t></w:r></w:p></w:tc>"

    two, first, below = '<w:gridSpan w:val="2"/>', '<w:vMerge w:val="restart"/>', "<w:vMerge/>"
    table = (
        f"<w:tr>{cell('Region')}{cell('2023', two)}{cell('2024', two)}</w:tr>"
        f"<w:tr>{cell('')}{cell('Q1')}{cell('Q2')}{cell('Q1')}{cell('Q2')}</w:tr>"
        f"<w:tr>{cell('North', first)}{cell('1')}{cell('2')}{cell('3')}{cell('4')}</w:tr>"
        f"<w:tr>{cell('', below)}{cell('5')}{cell('6')}{cell('7')}{cell('8')}</w:tr>"
        f"<w:tr>{cell('South')}{cell('none', two)}{cell('9')}{cell('10')}</w:tr>"
        f'<w:tr><w:trPr><w:gridBefore w:val="4"/></w:trPr>{cell("11")}</w:tr>'
    )
    assert rows_in(tmp_path, "a.docx", docx(f"<w:tbl>{table}</w:tbl>")) == [
        ["Region", "2023", "", "2024", ""],
        ["", "Q1", "Q2", "Q1", "Q2"],
        ["North", "1", "2", "3", "4"],
        ["North", "5", "6", "7", "8"],
        ["South", "none", "", "9", "10"],
        ["", "", "", "", "11"],
    ]


HTML = """<table><tr><th rowspan=2>Region</th><th colspan=2>2023</th><th>2024</th></tr>
<tr><th>Q1</th><th>Q2</th><th>Q1</th></tr><tr><td rowspan=2>North</td><td>1</td><td>a|b</td><td></td></tr>
<tr><td>5</td><td>6</td><td>7</td></tr></table>"""


def test_spans_of_html_keep_their_columns(tmp_path: Path) -> None:
    assert rows_in(tmp_path, "a.html", HTML) == [
        ["Region", "2023", "", "2024"],
        ["", "Q1", "Q2", "Q1"],
        ["North", "1", "a|b", ""],
        ["North", "5", "6", "7"],
    ]


def test_a_table_that_lays_out_a_page_is_no_table(tmp_path: Path) -> None:
    inner = "<table><tr><td>a<td>1<tr><td>b<td>2</table>"
    page = f"<table><tr><td><h2>News</h2><p>words</td><td>{inner}</td></table>"
    path = tmp_path / "a.html"
    path.write_text(page)
    assert lines_of(path) == ["## News", "words", "a | 1", "b | 2"]


def test_a_table_of_values_may_hold_a_table_in_a_cell(tmp_path: Path) -> None:
    inner = "<table><tr><td>Q1<td>5<tr><td>Q2<td>6</table>"
    head = "<tr><th>Region<th>Parts<th>Sum"
    page = f"<table>{head}<tr><td>North<td>{inner}</td><td>11<tr><td>South<td><td>3</table>"
    rows = [["Region", "Parts", "Sum"], ["North", "Q1 5 Q2 6", "11"], ["South", "", "3"]]
    assert rows_in(tmp_path, "a.html", page) == rows

    def line(*cells: str) -> str:
        return f"<w:tr>{''.join(f'<w:tc>{cell}</w:tc>' for cell in cells)}</w:tr>"

    def words(text: str) -> str:
        return f"<w:p><w:r><w:t>{text}</w:t></w:r></w:p>"

    parts = f"<w:tbl>{line(words('Q1'), words('5'))}{line(words('Q2'), words('6'))}</w:tbl><w:p/>"
    lines = [line(*map(words, rows[0])), line(words("North"), parts, words("11")), line(*map(words, rows[2]))]
    assert rows_in(tmp_path, "a.docx", docx(f"<w:tbl>{''.join(lines)}</w:tbl>")) == rows


def test_a_table_in_a_cell_leaves_merged_headers_a_table(tmp_path: Path) -> None:
    rows = [["Region", "2023", "", "Sum"], ["", "Parts", "Rest", ""], ["North", "Q1 5 Q2 6", "", "11"]]
    inner = "<table><tr><td>Q1<td>5<tr><td>Q2<td>6</table>"
    page = (
        "<table><tr><th rowspan=2>Region<th colspan=2>2023<th rowspan=2>Sum<tr><th>Parts<th>Rest"
        f"<tr><td>North<td>{inner}</td><td><td>11</table>"
    )
    assert rows_in(tmp_path, "a.html", page) == rows

    def cell(text: str, properties: str = "") -> str:
        inside = text if text.startswith("<") else f"<w:p><w:r><w:t>{text}</w:t></w:r></w:p>"
        return f"<w:tc><w:tcPr>{properties}</w:tcPr>{inside}</w:tc>"

    start, more, wide = '<w:vMerge w:val="restart"/>', "<w:vMerge/>", '<w:gridSpan w:val="2"/>'
    inner = "".join(f"<w:tr>{cell(name)}{cell(value)}</w:tr>" for name, value in (("Q1", "5"), ("Q2", "6")))
    table = (
        f"<w:tr>{cell('Region', start)}{cell('2023', wide)}{cell('Sum', start)}</w:tr>"
        f"<w:tr>{cell('', more)}{cell('Parts')}{cell('Rest')}{cell('', more)}</w:tr>"
        f"<w:tr>{cell('North')}{cell(f'<w:tbl>{inner}</w:tbl>')}{cell('')}{cell('11')}</w:tr>"
    )
    assert rows_in(tmp_path, "a.docx", docx(f"<w:tbl>{table}</w:tbl>")) == rows

    def part(text: str, span: str = "") -> str:
        inside = text if text.startswith("<") else f"<text:p>{text}</text:p>"
        return f"<table:table-cell {span}>{inside}</table:table-cell>"

    def line(*parts: str) -> str:
        return f"<table:table-row>{''.join(parts)}</table:table-row>"

    two, high = 'table:number-columns-spanned="2"', 'table:number-rows-spanned="2"'
    inner = f"<table:table>{line(part('Q1'), part('5'))}{line(part('Q2'), part('6'))}</table:table>"
    table = (
        line(part("Region", high), part("2023", two), part("Sum", high))
        + line(part("Parts"), part("Rest"))
        + line(part("North"), part(inner), part(""), part("11"))
    )
    assert rows_in(tmp_path, "a.odt", odt(f"<table:table>{table}</table:table>")) == rows


def test_a_chapter_of_a_book_has_tables(tmp_path: Path) -> None:
    items = '<manifest><item id="a" href="a.xhtml"/></manifest><spine><itemref idref="a"/></spine>'
    container = '<container><rootfiles><rootfile full-path="b.opf"/></rootfiles></container>'
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        archive.writestr("mimetype", "application/epub+zip")
        archive.writestr("META-INF/container.xml", container)
        archive.writestr("b.opf", f"<package>{items}</package>")
        archive.writestr("a.xhtml", f"<html><body>{HTML}</body></html>")
    assert rows_in(tmp_path, "a.epub", data.getvalue())[2] == ["North", "1", "a|b", ""]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_delimited_text_is_rows_whatever_divides_them(tmp_path: Path, delimiter: str) -> None:
    rows = [["Station", "Opened", "West"], ["Alder 100", "1950", ""], ["Birch", "", "77"], ["Elm", "1", "2"]]
    text = "\n".join(delimiter.join(row) for row in rows)
    assert rows_in(tmp_path, "a.csv", text) == rows


def test_a_short_table_between_lines_of_text_is_found(tmp_path: Path) -> None:
    table = "State;2020;2021\nBremen;680;676\nHessen;6293;6295\n"
    text = f"Population;\nBy state\nPersons\n{table}Source: the\noffice\n"
    assert rows_in(tmp_path, "a.csv", text)[:3] == [
        ["State", "2020", "2021"],
        ["Bremen", "680", "676"],
        ["Hessen", "6293", "6295"],
    ]


def test_a_line_break_in_quotes_is_part_of_a_cell(tmp_path: Path) -> None:
    text = 'Figures of the year\n\nStation,Address\nRowan,"100 High Street,\nNewtown"\nOak,"a | b"\n'
    path = tmp_path / "a.csv"
    path.write_text(text)
    assert lines_of(path) == [
        "Figures of the year",
        "",
        "Station | Address",
        "Rowan | 100 High Street, Newtown",
        "Oak | a \\| b",
    ]


def test_a_quote_that_nothing_closes_swallows_no_rows(tmp_path: Path) -> None:
    text = 'name,size\nscrew,"5\n' + "".join(f"nail {n},{n}\n" for n in range(300))
    assert len(rows_in(tmp_path, "a.csv", text)) == 302


def test_markdown_tables_lose_their_outer_bars_and_keep_empty_cells(tmp_path: Path) -> None:
    table = "| name | a | b |\n|:--|--:|---|\n| x | | 2 |\n| y \\| z | 1 |"
    text = f"# T\n\n{table}\n\n```\n| code | a |\n|--|--|\n```\n"
    path = tmp_path / "a.md"
    path.write_text(text)
    assert [line for line in lines_of(path) if line][1:4] == ["name | a | b", "x |  | 2", "y \\| z | 1 | "]
    assert "|--|--|" in lines_of(path)


RTF = r"""{\rtf1\ansi before\par
\trowd\cellx1000\cellx3000\pard\intbl Region\cell 2023\cell\row
\trowd\cellx1000\cellx2000\cellx3000\pard\intbl\cell Q1\cell Q2\cell\row
\trowd\clvmgf\cellx1000\cellx2000\cellx3000\pard\intbl North\cell 1\par one\cell\cell\row
\trowd\clvmrg\cellx1000\cellx2000\cellx3000\pard\intbl\cell a|b\cell 4\cell\row
\pard after\par
\trowd\cellx1000\cellx2000\pard\intbl as\cell Word\cell{\trowd\cellx1000\cellx2000\row}
\pard\intbl writes\cell rows\cell{\trowd\cellx1000\cellx2000\row}
\pard end\par}"""


def test_cells_of_rich_text_keep_their_columns(tmp_path: Path) -> None:
    path = tmp_path / "a.rtf"
    path.write_text(RTF)
    assert [line for line in lines_of(path) if line] == [
        "before",
        "Region | 2023 | ",
        " | Q1 | Q2",
        "North | 1 one | ",
        "North | a\\|b | 4",
        "after",
        "as | Word",
        "writes | rows",
        "end",
    ]


def test_words_with_boxes_from_any_source_make_tables() -> None:
    rows = [["Region", "2023", "2024"], ["North", "1", "2"], ["South", "", "4"], ["East", "5", "6"]]
    words = [
        Word(text, 80.0 * column, 15.0 * at, 80.0 * column + 6 * len(text), 15.0 * at + 10)
        for at, row in enumerate(rows)
        for column, text in enumerate(row)
        if text
    ]
    (table,) = find_page_tables(words, Rules())
    assert [list(row) for row in table.rows] == rows


def test_two_columns_of_prose_are_no_table() -> None:
    line = ["some", "words", "of", "a", "story", "that", "goes", "on", "and", "on", "here"]
    words = [
        Word(text, left + 30.0 * at, 12.0 * row, left + 30.0 * at + 26, 12.0 * row + 10)
        for row in range(20)
        for left in (0.0, 340.0)
        for at, text in enumerate(line)
    ]
    assert find_page_tables(words, Rules()) == []


class DrawnPage:
    """A page of upright letters, known by its pieces: line, left, right. Signs are commas: line, left."""

    def __init__(
        self, lines: Sequence[tuple[int, float, float]], signs: Sequence[tuple[int, float]] = ()
    ) -> None:
        letters = [(left, 16.0 * row, right, 16.0 * row + 11) for row, left, right in lines]
        self._pieces = [*letters, *((left, 16.0 * row + 8, left + 3, 16.0 * row + 11) for row, left in signs)]

    def characters(self) -> str:
        return ""

    def box(self, index: int) -> Box:
        raise AssertionError(index)

    def quarters(self, index: int) -> int:
        return 0

    def pieces(self) -> list[Box]:
        return list(self._pieces)


@pytest.mark.parametrize(
    ("page", "may"),
    [
        (DrawnPage([(row, left, left + 60) for row in range(3) for left in (0, 100)]), True),
        (DrawnPage([(0, 0, 60), (0, 100, 160), (1, 0, 70), (2, 0, 50), (3, 0, 60), (3, 90, 160)]), True),
        (DrawnPage([(0, 0, 60), (0, 100, 160), (1, 0, 260), (1, 300, 360)]), False),
        (DrawnPage([(row, left, left + 60) for row in range(3) for left in (0, 72)], [(0, 61)]), True),
        (DrawnPage([(r, x, x + 60) for r in range(3) for x in (0, 72)], [(r, 61) for r in range(3)]), False),
    ],
    ids=["gutter", "with lines between", "gaps elsewhere", "a sign in one line", "a sign in each line"],
)
def test_gaps_below_each_other_are_worth_a_closer_look(page: DrawnPage, *, may: bool) -> None:
    assert may_hold_tables(page, [], "") == may


def test_a_small_letter_of_two_utf_16_units_stays_one_letter_of_its_word() -> None:
    boxes = [(73.1, -703.4, 77.7, -694.3), *[(77.5, -697.9, 81.0, -692.0)] * 2]

    class Letters:
        def characters(self) -> str:
            return "k\ud835\udc34"  # an index in mathematical italics

        def box(self, index: int) -> Box:
            return boxes[index]

        def quarters(self, index: int) -> int:
            return 0

        def pieces(self) -> list[Box]:
            return []

    words, _ = words_of(Letters(), Letters().characters())
    assert [word.text for word in words] == ["k\ud835\udc34"]


def test_columns_no_further_apart_than_words_are_found_by_their_figures() -> None:
    heads = [("North", 86), ("South", 119)]
    items = [
        [("Item", 44), (f"{at}", 53), (f"{10370 * at}", 86), (f"{12411 * at}", 119)] for at in range(1, 7)
    ]
    words = [  # 3 between two words and between two columns
        Word(text, right - 6.0 * len(text), 14.0 * row, right, 14.0 * row + 9)
        for row, cells in enumerate([heads, *items])
        for text, right in cells
    ]
    (table,) = find_page_tables(words, Rules())
    assert [list(row) for row in table.rows] == [
        ["", "North", "South"],
        *([f"Item {at}", f"{10370 * at}", f"{12411 * at}"] for at in range(1, 7)),
    ]


def test_a_narrow_column_with_a_long_empty_stretch_is_found() -> None:
    values = [(77, 51), (42, 54), (11, 63), (26, 72), *((0, 10 + at) for at in range(7)), (59, 88)]
    heads = [("East", 86), ("West", 119)]
    items = [
        [("Item", 44), *([(f"{east * 103}", 86)] if east else []), (f"{west * 107}", 119)]
        for east, west in values
    ]
    words = [  # 3 between the two headers: only the figures below part the columns
        Word(text, right - (30.0 if row == 0 else 6.0 * len(text)), 14.0 * row, right, 14.0 * row + 9)
        for row, cells in enumerate([heads, *items])
        for text, right in cells
    ]
    (table,) = find_page_tables(words, Rules())
    assert [list(row) for row in table.rows] == [
        ["", "East", "West"],
        *(["Item", f"{east * 103}" if east else "", f"{west * 107}"] for east, west in values),
    ]


def test_a_label_half_a_line_beside_its_values_is_in_their_row() -> None:
    places = [
        ("Year", 0.0, 0.0),
        *((text, 80.0 + 60 * at, 0.0) for at, text in enumerate(("2023", "2024"))),
        ("both", 0.0, 27.0),
        *((text, 80.0 + 60 * at, 20.0) for at, text in enumerate(("11", "12"))),
        *((text, 80.0 + 60 * at, 34.0) for at, text in enumerate(("21", "22"))),
        ("upper,", 0.0, 49.0),
        ("lower", 0.0, 61.0),
        *((text, 80.0 + 60 * at, 55.0) for at, text in enumerate(("31", "32"))),
    ]
    words = [Word(text, left, top, left + 6 * len(text), top + 9) for text, left, top in places]
    (table,) = find_page_tables(words, Rules())
    assert [list(row) for row in table.rows] == [
        ["Year", "2023", "2024"],
        ["both", "11", "12"],
        ["both", "21", "22"],
        ["upper, lower", "31", "32"],
    ]


def words_at(*places: tuple[str, float, float], width: float = 6.0) -> list[Word]:
    """Return words, each with its left edge and the line that it stands on."""
    return [
        Word(text, left, 14.0 * line, left + width * len(text), 14.0 * line + 10)
        for text, left, line in places
    ]


def test_lines_between_two_rules_are_one_row() -> None:
    words = words_at(
        *(("Part", 0, 0), ("Covered", 80, 0), ("Not", 180, 0)),
        *(("Pump", 0, 1), ("Spares", 80, 1), ("Seals,", 180, 1)),
        *(("A-100", 0, 2), ("Labour", 80, 2), ("frost", 180, 2)),
        *(("Heated", 0, 3), ("Travel", 80, 3)),
        *(("Filter", 0, 4), ("Nothing", 80, 4)),
        *(("Valve", 0, 5), ("Spares", 80, 5), ("Dirt", 180, 5)),
    )
    rules = Rules(tuple(Rule(14.0 * line - 2, 0, 240) for line in (0, 1, 4, 5, 6)))
    (table,) = find_page_tables(words, rules)
    assert [list(row) for row in table.rows] == [
        ["Part", "Covered", "Not"],
        ["Pump A-100 Heated", "Spares Labour Travel", "Seals, frost"],
        ["Filter", "Nothing", ""],
        ["Valve", "Spares", "Dirt"],
    ]


def test_a_heading_over_two_columns_of_few_rows_parts_no_words_and_joins_no_columns() -> None:
    values = [("12,345", "10,200", "16,000"), ("1,020", "", "1,400"), ("(8,100)", "(7,050)", "")]
    words = words_at(("Nine", 75, 0), ("months", 101.5, 0), ("Year", 180, 0))
    words += words_at(("2024", 80, 1), ("2023", 124, 1), ("2024", 168, 1))
    for line, row in enumerate([*values, ("5,265", "3,150", "17,400")], 2):
        words += words_at(("Sales", 0, line))
        rights = (104, 148, 192)
        words += [
            one._replace(left=right - 6.0 * len(one.text), right=right)
            for one, right in zip(words_at(*((text, 0, line) for text in row)), rights, strict=True)
            if one.text
        ]
    (table,) = find_page_tables(words, Rules())
    assert [list(row) for row in table.rows] == [
        ["", "Nine months", "", "Year"],
        ["", "2024", "2023", "2024"],
        *(["Sales", *row] for row in [*values, ("5,265", "3,150", "17,400")]),
    ]


def test_totals_that_reach_over_two_columns_join_them_not() -> None:
    rows = [("Pos", "Unit", "Price", "Sum"), ("1", "hrs", "95.00", "332.50"), ("2", "pcs", "1.20", "1.20")]
    words = words_at(
        *(
            (text, left, line)
            for line, row in enumerate(rows)
            for text, left in zip(row, (0, 60, 120, 190), strict=True)
        ),
        *(("Subtotal", 75, 3), ("333.70", 190, 3)),
        *(("VAT", 75, 4), ("at", 96, 4), ("19%", 111, 4), ("63.40", 190, 4)),
    )
    (table,) = find_page_tables(words, Rules())
    assert [list(row) for row in table.rows] == [
        *map(list, rows),
        ["", "Subtotal", "", "333.70"],
        ["", "VAT at 19%", "", "63.40"],
    ]


def test_labels_and_values_without_figures_are_rows() -> None:
    pairs = [
        ("Model", "X-2"),
        ("Size", "3 x 2 cm"),
        ("Ports", "USB, HDMI"),
        ("Weight", "1.2"),
        ("Power", "9"),
    ]
    words = words_at(*((name, 0, at) for at, (name, _) in enumerate(pairs)))
    words += words_at(*((value, 120, at) for at, (_, value) in enumerate(pairs)))
    (table,) = find_page_tables(words, Rules())
    assert [tuple(row) for row in table.rows] == pairs


def test_a_caption_close_above_figures_is_not_parted() -> None:
    rows = [("Nord", "1", "2"), ("Sud", "12", "5"), ("Est", "3", "48"), ("Ouest", "46", "61")]
    words = words_at(("Tableau", 0, 0), ("2", 45, 0), ("par", 54, 0), ("zone", 75, 0))
    words += words_at(("Zone", 0, 1), ("2021", 70, 1), ("2022", 110, 1))
    for line, row in enumerate(rows, 2):
        words += [
            one._replace(left=right - 6.0 * len(one.text), right=right)
            for one, right in zip(words_at(*((text, 0, line) for text in row)), (30, 94, 134), strict=True)
        ]
    (table,) = find_page_tables(words, Rules())
    assert [tuple(row) for row in table.rows] == [("Zone", "2021", "2022"), *rows]


def test_a_year_that_ends_a_title_by_chance_over_a_column_parts_no_title() -> None:
    rows = [("Haus", "11", "25"), ("Wald", "12", "35"), ("Feld", "13", "48"), ("Bach", "46", "61")]
    words = words_at(("Kosten", 0, 0), ("im", 39, 0), ("Jahr", 54, 0), ("2024", 81, 0))
    words += words_at(("Norden", 69, 1.5), ("Westen", 129, 1.5))
    for line, row in enumerate(rows, 3):
        words += words_at(*((text, left, line) for text, left in zip(row, (0, 93, 153), strict=True)))
    (table,) = find_page_tables(words, Rules())
    assert [tuple(row) for row in table.rows] == [("", "Norden", "Westen"), *rows]


def test_the_label_of_the_last_row_goes_on_below_it() -> None:
    rows = [
        ("Haus und Hof", "11", "25"),
        ("Wald", "12", "35"),
        ("Feld", "13", "48"),
        ("Wege und", "46", "61"),
    ]
    words = words_at(("2023", 100, 0), ("2024", 150, 0))
    for line, row in enumerate(rows, 1):
        words += words_at(*((text, left, 1.5 * line) for text, left in zip(row, (0, 112, 162), strict=True)))
    words += words_at(("Stege", 0, 8), ("ferner", 0, 6.9))
    (table,) = find_page_tables(words, Rules())
    assert [tuple(row) for row in table.rows][-2:] == [rows[-2], ("Wege und ferner", "46", "61")]


def test_a_label_that_stands_once_for_as_many_full_rows_is_repeated() -> None:
    rows = [("Wald", "11", "25"), ("", "12", "35"), ("Feld", "13", "48"), ("", "46", "61")]
    words = words_at(("2023", 100, 0), ("2024", 150, 0))
    for line, row in enumerate(rows, 1):
        places = zip(row, (0, 112, 162), strict=True)
        words += words_at(*((text, left, 1.5 * line) for text, left in places if text))
    (table,) = find_page_tables(words, Rules())
    assert [row[0] for row in table.rows] == ["", "Wald", "Wald", "Feld", "Feld"]


def test_words_below_a_figure_begin_a_row() -> None:
    words = words_at(
        *(("Number", 0, 0), ("F-2024-017", 90, 0)),
        *(("Due", 0, 1.5), ("04/04/2024", 90, 1.5)),
        *(("Client", 0, 2.5), ("C-88", 90, 2.5)),
        *(("Total", 0, 4), ("594.00", 90, 4)),
    )
    (table,) = find_page_tables(words, Rules())
    assert [list(row) for row in table.rows] == [
        ["Number", "F-2024-017"],
        ["Due", "04/04/2024"],
        ["Client", "C-88"],
        ["Total", "594.00"],
    ]


def test_a_table_from_right_to_left_begins_at_the_right() -> None:
    rows = [["פריט", "2022", "2023"], ["תה ירוק", "120", ""], ["קפה", "", "340"], ["Tea Bag XL", "7", "8"]]
    glyphs = list[Glyph]()
    for line, row in enumerate(rows):
        for column, text in enumerate(row):
            x = 300.0 - 100 * column
            for word in text.split() if not text.isascii() else [text]:
                letters = word if word.isascii() else word[::-1]
                for at, letter in enumerate(letters):
                    left = x - 6 * (len(letters) - at)
                    glyphs.append(Glyph(letter, left, 14.0 * line, left + 6, 14.0 * line + 10))
                x -= 6 * len(letters) + 4
                glyphs.append(Glyph(" ", x, 14.0 * line, x, 14.0 * line + 10))
    glyphs.append(Glyph("\n", 0, 0))
    text = text_with_mirrored_tables(glyphs, [])
    assert [split_row(line) for line in text.split("\n") if line] == rows
