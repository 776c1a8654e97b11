"""A cell's text and the value that it is."""

from __future__ import annotations

from datetime import date, datetime

import pytest

from chat.numbers.cell_values import decimal_votes, is_missing, parse_date, parse_number
from chat.numbers.row_totals import find_totals
from chat.numbers.sheet_shape import find_shape, header_names
from chat.numbers.sql_names import sql_name, unique


@pytest.mark.parametrize(
    ("text", "decimal", "value"),
    [
        ("1,234", "point", 1234),
        ("1,234.50", "point", 1234.5),
        ("1.234,50", "comma", 1234.5),
        ("1 234,5", "comma", 1234.5),
        ("1’234.5", "point", 1234.5),
        ("12,34,567", "point", 1234567),
        ("(1,200)", "point", -1200),
        ("−5", "point", -5),
        ("300-", "point", -300),
        ("△1,200", "point", -1200),
        ("18.4%", "point", 18.4),
        ("$56.7M", "point", 56_700_000),
        ("€ 12", "point", 12),
        ("US$1,000", "point", 1000),
        ("3.5万", "point", 35_000),
        ("1.2亿元", "point", 120_000_000),
        ("１２３", "point", 123),
        ("1.5e3", "point", 1500),
        ("1,302 p", "point", 1302),
        ("12.3 b", "point", 12.3),
        ("$1.2 b", "point", 1_200_000_000),
        ("120²", "point", 120),
        ("1 204¹)", "comma", 1204),
        ("1,204 [note 3]", "point", 1204),
        ("88*", "point", 88),
        ("10²", "point", None),
        ("10⁶", "point", None),
        ("12 a", "point", None),
        ("12 apples", "point", None),
        ("2009+2010", "point", None),
        ("1,2,3", "point", None),
        ("=1+1", "point", None),
    ],
)
def test_a_number_is_read_as_it_is_written(text: str, decimal: str, value: float | None) -> None:
    number = parse_number(text, decimal)
    assert (number.value if number else None) == value


@pytest.mark.parametrize(
    ("text", "order", "value"),
    [
        ("03/04/2021", "day", date(2021, 4, 3)),
        ("03/04/2021", "month", date(2021, 3, 4)),
        ("2021-04-03", "day", date(2021, 4, 3)),
        ("3.4.21", "day", date(2021, 4, 3)),
        ("1 March 2020", "day", date(2020, 3, 1)),
        ("Mar 1, 2020", "day", date(2020, 3, 1)),
        ("1. März 2020", "day", date(2020, 3, 1)),
        ("1er juin 2009", "day", date(2009, 6, 1)),
        ("2023-09", "day", date(2023, 9, 1)),
        ("Q4 1952", "day", date(1952, 10, 1)),
        ("2023年9月5日", "day", date(2023, 9, 5)),
        ("102年01月01日 03时15分", "day", datetime(2013, 1, 1, 3, 15)),
        ("100Y03M", "day", date(2011, 3, 1)),
        ("31/6/2018", "day", None),
        ("01/0817", "day", None),
        ("12.5", "day", None),
    ],
)
def test_a_date_is_read_in_the_order_of_its_column(text: str, order: str, value: date | None) -> None:
    assert parse_date(text, order) == value


def test_behind_groups_that_spaces_divide_a_comma_is_a_decimal_sign() -> None:
    assert decimal_votes("97 120,512") == (0, 1)
    assert decimal_votes("97\u202f120,5") == (0, 1)
    assert decimal_votes("97’120.512") == (1, 0)


def test_marks_say_that_there_is_no_value() -> None:
    assert all(map(is_missing, ("", " ", "-", "N/A", "#DIV/0!", "…", "无", "[x]", "(D)")))
    assert not any(map(is_missing, ("0", "none of them", "North")))


def test_names_are_such_as_sql_takes() -> None:
    assert sql_name("Total (€)", "c") == "total_eur"
    assert sql_name("2024年", "c") == "c_2024年"
    assert sql_name("select", "c") == "select_"
    assert sql_name('x"; DROP TABLE t; --', "c") == "x_drop_table_t"
    assert sql_name("%%%", "c") == "percent_percent_percent"
    assert unique(["a", "a", "a_2"]) == ["a", "a_2", "a_2_2"]


def test_a_header_of_three_rows_is_one_name_for_each_column() -> None:
    rows = [
        ["", "House prices", "", ""],
        ["", "All", "", "New"],
        ["Quarter", "Index", "Price", "Price"],
        ["", "", "£", "£"],
        *(["Q1 1950", "1", "2", "3"] for _ in range(5)),
    ]
    shape = find_shape(rows)
    assert shape is not None
    assert (shape.titles, shape.header, shape.first) == ((0,), (1, 2, 3), 4)
    assert header_names(rows, shape) == ["Quarter", "All | Index", "All | Price | £", "New | Price | £"]


def test_rows_that_are_sums_are_found_by_arithmetic() -> None:
    group = [[100.0, 200.0, 300.0], [60.0, 150.0, 10.0], [40.0, 50.0, 290.0]]
    other = [[70.0, 80.0, 90.0], [30.0, 70.0, 20.0], [40.0, 10.0, 70.0]]
    assert find_totals([*group, *other]) == [0, 3]
    assert find_totals([group[1], group[2], other[1], [130.0, 270.0, 320.0]]) == [3]
    assert find_totals([[1.0, 2.0, 3.0], [5.0, 6.0, 7.0], [4.0, 2.0, 9.0], [8.0, 8.0, 8.0]]) == []
