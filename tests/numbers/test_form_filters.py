"""What limits the rows of a question: values of one or several columns, comparisons, and no value."""

from __future__ import annotations

import pytest

from chat.numbers.form_columns import Filter
from chat.numbers.form_filters import alternatives, read_filter, resolve
from chat.numbers.form_sql import lookup_sql, write_sql
from chat.numbers.question_forms import read_question
from chat.numbers.typed_table import Column, TypedTable

ORDERS = TypedTable(
    "orders", "orders.xlsx", "", "",
    (Column("region", "Region", "text"), Column("product", "Product", "text"),
     Column("status", "Status", "text"), Column("order_date", "Order Date", "date"),
     Column("amount_eur", "Amount (€)", "currency"), Column("units", "Units", "integer"),
     Column("discount", "Discount", "percentage")),
    60,
)  # fmt: skip
STAFF = TypedTable(
    "staff", "员工.xlsx", "", "",
    (Column("姓名", "姓名", "text"), Column("部门", "部门", "text"), Column("城市", "城市", "text"),
     Column("工资", "工资（元）", "currency"), Column("年龄", "年龄", "integer"),
     Column("绩效", "绩效", "text"), Column("规模", "规模（万元）", "decimal")),
    40,
)  # fmt: skip
CELLS = {
    "north": ["region"], "south": ["region"], "desk lamp": ["product"], "open": ["status"],
    "closed": ["status"], "2023": ["order_date"], "10": ["units"], "lee": ["region", "product"],
    "北京": ["城市"], "研发部": ["部门"], "销售部": ["部门"], "上海": ["城市"], "a": ["绩效"],
}  # fmt: skip


def where(question: str, table: TypedTable) -> str | None:
    """Return what limits the rows of a question, given the cells above; None where it is not computed."""
    read = read_question(question, [table])
    if read is None or read.filter is None:
        return None
    filters = resolve(alternatives(read.filter, table), CELLS)
    return None if filters is None else write_sql(read, filters).partition(" WHERE ")[2]


@pytest.mark.parametrize(
    ("question", "table", "wanted"),
    [
        ("total amount of Desk lamp in North", ORDERS, ("product = 'desk lamp'", "region = 'north'")),
        ("average amount for the North region in 2023", ORDERS, ("region = 'north'", "2023")),
        ("average amount for open in north in 2023", ORDERS, ("status = 'open'", "region = 'north'", "2023")),
        (
            "total amount where region is North and status is open",
            ORDERS,
            ("region = 'north'", "status = 'open'"),
        ),
        ("total units for desk lamps", ORDERS, ("product = 'desk lamp'",)),
        ("sum of amount where amount > 1,000", ORDERS, ("amount_eur > 1000",)),
        ("number of rows with units at least 10", ORDERS, ("units >= 10",)),
        ("number of rows with units 10", ORDERS, ("units = '10'",)),
        ("number of rows with amount over 1000 in North", ORDERS, ("amount_eur > 1000", "region = 'north'")),
        ("how many rows have no value in discount", ORDERS, ("discount IS NULL",)),
        ("北京研发部的平均工资", STAFF, ("城市 = '北京'", "部门 = '研发部'")),
        ("北京研发部绩效为A的人数", STAFF, ("城市 = '北京'", "部门 = '研发部'", "绩效 = 'a'")),
        ("销售部工资总额", STAFF, ("部门 = '销售部'",)),
        ("上海员工的平均工资", STAFF, ("城市 = '上海'",)),
        ("绩效A的人数", STAFF, ("绩效 = 'a'",)),
        ("年龄大于40岁的有多少人", STAFF, ("年龄 > 40",)),
        ("工资低于1万的人数", STAFF, ("工资 < 10000",)),
        ("城市为空的人数", STAFF, ("城市 IS NULL",)),
        ("number of rows where amount is between 100 and 200", ORDERS, ("amount_eur BETWEEN 100 AND 200",)),
        (
            "number of rows with amount from 100 to 200 in North",
            ORDERS,
            ("BETWEEN 100 AND 200", "region = 'north'"),
        ),
        ("工资在10000到20000之间的人数", STAFF, ("工资 BETWEEN 10000 AND 20000",)),
        ("number of rows with discount over 5%", ORDERS, ("discount > 5",)),
        ("average amount excluding North", ORDERS, ("region IS DISTINCT FROM 'north'",)),
        ("how many rows are not open", ORDERS, ("status IS DISTINCT FROM 'open'",)),
        ("how many rows where units is not 10", ORDERS, ("units IS DISTINCT FROM 10",)),
        ("非研发部的人数", STAFF, ("部门 IS DISTINCT FROM '研发部'",)),
        ("上海以外的人数", STAFF, ("城市 IS DISTINCT FROM '上海'",)),
        ("不在北京的人数", STAFF, ("城市 IS DISTINCT FROM '北京'",)),
        ("绩效不是A的人数", STAFF, ("绩效 IS DISTINCT FROM 'a'",)),
        (
            "rows on 12 January 1960",
            ORDERS,
            ("order_date >= DATE '1960-01-12' AND order_date < DATE '1960-01-13'",),
        ),
        ("total amount after 31.12.2023", ORDERS, ("order_date >= DATE '2024-01-01'",)),
        (
            "total amount before 1 March 2024 in North",
            ORDERS,
            ("order_date < DATE '2024-03-01'", "region = 'north'"),
        ),
        (
            "total amount between March and May 2024",
            ORDERS,
            ("order_date >= DATE '2024-03-01' AND order_date < DATE '2024-06-01'",),
        ),
        ("rows with order date since Q2 2024", ORDERS, ("order_date >= DATE '2024-04-01'",)),
        (
            "Summe amount im März 2024",
            ORDERS,
            ("order_date >= DATE '2024-03-01' AND order_date < DATE '2024-04-01'",),
        ),
        (
            "2024年3月到5月的amount总和",
            ORDERS,
            ("order_date >= DATE '2024-03-01' AND order_date < DATE '2024-06-01'",),
        ),
        ("Wie viele Zeilen mit Amount über 10.000", ORDERS, ("amount_eur > 10000",)),
    ],
)
def test_conditions_are_read_as_the_cells_allow(
    question: str, table: TypedTable, wanted: tuple[str, ...]
) -> None:
    found = where(question, table)
    assert found is not None
    plain = found.replace('"', "").replace("lower(", "").replace("::VARCHAR)", "")
    ends = plain.count("BETWEEN") + plain.count(" AND order_date < ") * plain.count("order_date >=")
    assert len(plain.split(" AND ")) - ends == len(wanted)
    assert all(one in plain for one in wanted)


@pytest.mark.parametrize(
    ("question", "table"),
    [
        ("total amount for north only", ORDERS),
        ("total amount in north but not open", ORDERS),
        ("total amount where region is North and South", ORDERS),
        ("total amount where status is open or closed", ORDERS),
        ("total amount for Lee", ORDERS),  # stands in two columns
        ("number of rows with discount over 5", ORDERS),
        ("number of rows with amount over 1.500", ORDERS),  # one and a half, or a thousand?
        ("number of rows after 03/04/2021", ORDERS),  # in March, or in April?
        ("2023年以后的行数", ORDERS),  # with 2023, or without?
        ("number of rows not in north and not open", ORDERS),
        ("how many desk lamps", ORDERS),  # rows, or units?
        ("研发部和销售部的人数", STAFF),
        ("规模大于100万的人数", STAFF),  # in units of 万, or not?
    ],
)
def test_words_that_may_say_something_else_are_not_computed(question: str, table: TypedTable) -> None:
    assert where(question, table) is None


@pytest.mark.parametrize("question", ["工资最高的是谁", "工资最低的人", "年龄最大的三个人", "工资最高的员工"])
def test_who_is_first_is_told_where_rows_are_people(question: str) -> None:
    read = read_question(question, [STAFF])
    assert read is not None
    assert read.kind == "top"
    assert read_question("who has the highest amount", [ORDERS]) is None


def test_the_most_of_a_column_of_words_counts_different_ones() -> None:
    read = read_question("which region has the most products", [ORDERS])
    assert read is not None
    assert 'count(DISTINCT "product")' in write_sql(read)


def test_all_values_are_looked_up_in_one_query() -> None:
    condition = read_filter("desk lamp in north", ORDERS)
    assert condition == Filter("desk lamp in north")
    sql = lookup_sql([one for way in alternatives(condition, ORDERS) for one in way], ORDERS)
    assert sql.count("SELECT DISTINCT") == 3
    assert "IN ('desk lamp','desk lamp in north','north')" in sql
