"""Numbers of spreadsheets as the program shows them, and what stands beside them."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from pathlib import Path

import pytest

from chat.documents.document import Page, Problem
from chat.extraction import worker
from chat.extraction.office.date_format import format_date, format_time, is_shown_date
from chat.extraction.office.number_format import format_number, is_interesting
from chat.extraction.source import Source
from chat.numbers.cell_grid import Grid
from tests.office_files import xlsx


@pytest.mark.parametrize(
    ("value", "code", "shown"),
    [
        (1, "000000", "000001"),
        (12.5, "[$€-407] #,##0.00", "€ 12.50"),
        (1500, '#,##0.00 "€"', "1,500.00 €"),
        (3, '0.00" kg"', "3.00 kg"),
        (3.5, 'General" kg"', "3.5 kg"),
        (0.125, "0.0%", "12.5%"),
        (-1234.5, "#,##0.00;(#,##0.00)", "(1,234.50)"),
        (-1234.5, "#,##0.00", "-1,234.50"),
        (0, "0;-0;", ""),
        (0, '#,##0;(#,##0);"-"', "-"),
        (1234567, "#,##0,", "1,235"),
        (123456789, "000-00-0000", "123-45-6789"),
        (2125551234, "(000) 000-0000", "(212) 555-1234"),
        (12.5, "# ?/?", "12 1/2"),
        (2.375, "# ?/8", "2 3/8"),
        (-2.375, '# ??/16" in"', "-2 6/16 in"),
        (1.99, "# ?/4", "2"),
        (12345678, "##0.0E+0", "12.3E+6"),
        (999_999, "##0.0E+0", "1.0E+6"),
        (6.02214e23, "0.00E+00", "6.02E+23"),
        (5e-324, "0.0E+0", "5.0E-324"),
        (12345, "0.00E+00", "1.23E+04"),
        (5, '[>3]"high" 0;"low" 0', "high 5"),
        (-5, '[>3]"high" 0;[<0]"below" 0;0', "below 5"),
        (-3.5, 'General" kg"', "-3.5 kg"),
        (1.5e15, "#,##0.0", "1,500,000,000,000,000.0"),
        (1234.5, '_("$"* #,##0.00_);_("$"* (#,##0.00)', "$1,234.50"),
        (1.005, "0.00", "1.01"),
        (-0.001, "0.0", "0.0"),
        (7, '"第"0"号"', "第7号"),
        (44_000, "yyyy-mm-dd", ""),
        (1, "[h]:mm", ""),
    ],
)
def test_number_is_shown_in_its_format(value: float, code: str, shown: str) -> None:
    assert format_number(value, code) == shown


def test_formats_of_dates_and_plain_numbers_are_left_alone() -> None:
    assert [is_interesting(code) for code in ("General", "", "@", "d/m/yy", "0.0", '0" kg"')] == [
        False, False, False, False, True, True,
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("code", "shown"),
    [
        ("ddmmmyy\\ hh:mm:ss", "12Jan60 15:04:05"),
        ("d-mmm-yy", "12-Jan-60"),
        ("mmmm yyyy", "January 1960"),
        ("dddd, mmmm dd, yyyy", "Tuesday, January 12, 1960"),
        ('d. mmmm yyyy" Uhr"', "12. January 1960 Uhr"),
        ('[$-804]yyyy"年"m"月"d"日";@', "1960年1月12日"),
        ("yyyy年m月", "1960年1月"),
        ("yyyy/m/d h:mm AM/PM", "1960/1/12 3:04 PM"),
        ("yyyy\\-mm\\-dd\\ hh:mm", "1960-01-12 15:04"),
        ("dd.mm.yyyy", "12.01.1960"),
        ("d.\\ m.\\ yyyy\\ h:mm", "12. 1. 1960 15:04"),
        ("[$-407]dddd, d. mmmm yyyy", "Dienstag, 12. Januar 1960"),
        ("[$-de-DE]ddd d. mmm yyyy;@", "Di 12. Jan 1960"),
        ("[$-en-US]mmmm d, yyyy;@", "January 12, 1960"),
        ("[$-40C]d mmmm yyyy", "12 janvier 1960"),
        ("[$-fr-CH]d mmm yyyy", "12 janv. 1960"),
        ('[$-C0A]d" de "mmmm" de "yyyy', "12 de enero de 1960"),
        ("[$-419]mmmm yyyy", "Январь 1960"),
        ("[$-FC19]dd mmmm yyyy\\ \\г\\.;@", "12 января 1960 г."),
        ('[$-804]yyyy"年"m"月"d"日" aaaa', "1960年1月12日 星期二"),
        ('[$-804]yyyy"年"m"月"d"日"\\(aaa\\)', "1960年1月12日(二)"),
        ("[$-804]yyyy mmmm d dddd", "1960 一月 12 星期二"),
        ('[$-411]yyyy"年"m"月"d"日"\\(aaa\\)', "1960年1月12日(火)"),
        ('yyyy"年"m"月"d"日" 上午/下午h"时"mm"分"', "1960年1月12日 下午3时04分"),
        ("d-mmm", "12-Jan"),
        ("mm/yyyy", "01/1960"),
        ("[$-419]dddd", "вторник"),
        ("[$-804]aaaa;@", "星期二"),
        ('[$-412]yyyy"년" m"월"', "1960년 1월"),
        ("[$-407]d/\\ mmmm\\ yyyy", "12. Januar 1960"),
    ],
)
def test_a_date_of_one_reading_is_shown_in_its_format(code: str, shown: str) -> None:
    assert is_shown_date(code)
    assert format_date(datetime(1960, 1, 12, 15, 4, 5), code) == shown


@pytest.mark.parametrize(
    ("value", "code", "shown"),
    [
        (time(8, 30), "h:mm", "8:30"),
        (time(13, 5, 9), "h:mm:ss AM/PM", "1:05:09 PM"),
        (timedelta(hours=49, minutes=30), "[h]:mm", "49:30"),
        (timedelta(hours=49, minutes=30), "[mm]:ss;@", "2970:00"),
        (timedelta(hours=-1, minutes=-5), '[hh]" h "mm', "-01 h 05"),
        (timedelta(seconds=75), "[$-409]mm:ss", "01:15"),
        (time(13, 5), '上午/下午h"时"mm"分";@', "下午1时05分"),
        (time(9, 5), "[$-804]AM/PM h:mm", "上午 9:05"),
        (timedelta(seconds=75), "mm:ss.0", ""),
        (time(8, 30), "d.m.yyyy h:mm", ""),
        (time(8, 30), "0.0", ""),
    ],
)
def test_a_time_is_shown_in_its_format(value: time | timedelta, code: str, shown: str) -> None:
    assert format_time(value, code) == shown


@pytest.mark.parametrize(
    "code",
    [
        *(
            "m/d/yyyy",
            "[$-409]dd\\-mm\\-yyyy;@",
            "m/d",
            "mm/yy",
            "mmmmm",
            "h:mm AM/PM",
            "[h]:mm",
            "yyyy\\-mm\\-dd",
            "General",
            "0.00",
        ),
        *("[$-41F]d mmmm yyyy", "[$-107041E]d mmmm yyyy", 'yyyy"年"m"月"d"日" aaaa'),
        *("[$-F800]dddd\\,\\ mmmm\\ dd\\,\\ yyyy", '[$-411]ggge"年"m"月"d"日"', ""),
    ],
)
def test_a_date_of_two_readings_is_left_to_the_reader(code: str) -> None:
    assert not is_shown_date(code)


def test_a_date_whose_format_shows_the_time_alone_is_that_time() -> None:
    assert format_date(datetime(1960, 1, 12, 15, 4), "h:mm AM/PM") == "3:04 PM"


def test_dates_of_a_workbook_stand_in_the_text_as_shown_and_in_the_grid_as_dates(tmp_path: Path) -> None:
    cells = (
        f'<c r="{place}" s="{style}"><v>21927</v></c>' for style, place in enumerate(("A1", "B1", "C1"), 1)
    )
    rows = f'<row r="1">{"".join(cells)}</row>'
    styles = '<numFmts><numFmt numFmtId="164" formatCode="d mmmm yyyy"/></numFmts>'
    styles += '<cellXfs><xf/><xf numFmtId="164"/><xf numFmtId="14"/><xf numFmtId="17"/></cellXfs>'
    (tmp_path / "stored").write_bytes(xlsx({"S": rows}, styles))
    found = list(worker.read(Source(tmp_path / "stored", "a.xlsx")))
    assert [one.text for one in found if isinstance(one, Page)] == ["12 January 1960 | 1960-01-12 | Jan-60"]
    assert [one.rows for one in found if isinstance(one, Grid)] == [[["1960-01-12"] * 3]]


def test_a_row_with_a_time_that_is_out_of_range_costs_no_other_row(tmp_path: Path) -> None:
    rows = '<row r="1"><c r="A1" s="1"><v>1.5e15</v></c></row><row r="2"><c r="A2"><v>7</v></c></row>'
    styles = '<numFmts><numFmt numFmtId="164" formatCode="[h]:mm"/></numFmts>'
    styles += '<cellXfs><xf/><xf numFmtId="164"/></cellXfs>'
    (tmp_path / "stored").write_bytes(xlsx({"S": rows}, styles))
    found = [one for one in worker.read(Source(tmp_path / "stored", "a.xlsx")) if not isinstance(one, Grid)]
    assert found[1:] == [
        Problem("unreadable", ("S",), "S: 1 rows with a date or time out of range."),
        Page("S", "7", "S"),
    ]


def test_errors_hidden_parts_and_comments_of_a_workbook_are_told(tmp_path: Path) -> None:
    rows = (
        '<row r="1"><c r="A1" s="1"><v>23</v></c><c r="B1" t="e"><f>A1/0</f><v>#DIV/0!</v></c></row>'
        '<row hidden="1" r="2"><c r="A2"><v>5</v></c></row>'
    )
    styles = '<numFmts><numFmt numFmtId="164" formatCode="00000"/></numFmts>'
    styles += '<cellXfs><xf/><xf numFmtId="164"/></cellXfs>'
    before = "[Thread]\n\nYour Excel may read this: https://example.org/?linkid=870924\n\nComment:\n    "
    comment = f'<commentList><comment ref="A1"><text><t>{before}Old code</t></text></comment></commentList>'
    columns = '<cols><col min="2" max="3" hidden="1"/></cols>'
    (tmp_path / "stored").write_bytes(
        xlsx({"S": rows, "T": ""}, styles, comment, hidden="T", columns=columns)
    )
    found = [one for one in worker.read(Source(tmp_path / "stored", "a.xlsx")) if not isinstance(one, Grid)]
    assert found[1:] == [
        Page("S", "00023 | #DIV/0!\n5 | \nComment on A1: Old code", "S"),
        Problem("hidden", ("S",), "S: hidden rows 2; hidden columns B–C"),
        Page("T", "", "T"),
        Problem("hidden", ("T",), "T: hidden sheet; hidden columns B–C"),
    ]


def test_links_of_a_sheet_are_told_with_their_cells(tmp_path: Path) -> None:
    rows = '<row r="1"><c r="A1" t="inlineStr"><is><t>here</t></is></c></row>'
    data = xlsx({"S": rows}, link="https://example.org/a")
    (tmp_path / "stored").write_bytes(data)
    pages = [one.text for one in worker.read(Source(tmp_path / "stored", "a.xlsx")) if isinstance(one, Page)]
    assert pages == ["here\nLink of A1: https://example.org/a"]
