"""The documented forms of questions, and questions that look like one."""

from __future__ import annotations

import pytest

from chat.numbers.question_forms import FormQuestion, read_question, write_sql
from chat.numbers.typed_table import Column, TypedTable

SALES = TypedTable(
    "sales", "sales.csv", "", "",
    (Column("region", "Region", "text"), Column("unit_price", "Unit price", "currency"),
     Column("amount", "Amount", "decimal"), Column("day", "Day", "date"),
     Column("_2024", "2024 | Sold", "integer")),
    100,
)  # fmt: skip
STAFF = TypedTable(
    "员工", "员工.xlsx", "名单", "名单",
    (Column("部门", "部门", "text"), Column("工资", "工资", "currency"), Column("城市", "城市", "text")),
    30,
)  # fmt: skip


def sql_of(question: str, *tables: TypedTable) -> str:
    read = read_question(question, tables or (SALES,))
    if read is None:
        return ""
    if read.kind == "columns":
        return "columns"
    return write_sql(read, read.filter.column or "region" if read.filter else "")


@pytest.mark.parametrize(
    ("question", "sql"),
    [
        ("How many rows are there?", 'SELECT count(*) AS "rows" FROM "sales"'),
        ("number of rows by Region", '"region", count(*) AS "rows" FROM "sales" GROUP BY "region"'),
        ("Which columns are there?", "columns"),
        (
            "What is the total of Amount by Region?",
            'sum("amount") AS "sum_of_amount" FROM "sales" GROUP BY "region"',
        ),
        ("average unit price per region", 'avg("unit_price") AS "mean_of_unit_price"'),
        ("highest Amount", 'max("amount")'),
        ("the minimum of the Day", 'min("day")'),
        ("median amount for north", """lower("region"::VARCHAR) = 'north'"""),
        ("sum of amount where region is North East", """lower("region"::VARCHAR) = 'north east'"""),
        ("Range of amount", 'min("amount") AS minimum, max("amount") AS maximum'),
        ("How many different regions are there?", 'count(DISTINCT "region")'),
        ("total sold", 'sum("_2024")'),
    ],
)
def test_a_form_in_english_is_one_query(question: str, sql: str) -> None:
    assert sql in sql_of(question)
    assert sql


@pytest.mark.parametrize(
    ("question", "sql"),
    [
        ("有多少行？", 'count(*) AS "rows" FROM "员工"'),
        ("有哪些列", "columns"),
        ("各部门人数", 'SELECT "部门", count(*) AS "rows" FROM "员工" GROUP BY "部门"'),
        ("请问工资的总和是多少？", 'sum("工资")'),
        ("按部门统计工资的平均值", 'SELECT "部门", avg("工资")'),
        ("各部门的工资总和", 'SELECT "部门", sum("工资")'),
        ("每个城市的工资中位数", 'SELECT "城市", median("工资")'),
        (
            "城市为上海的工资最大值",
            """max("工资") AS "maximum_of_工资" FROM "员工" WHERE lower("城市"::VARCHAR) = '上海'""",
        ),
        ("部门有多少种", 'count(DISTINCT "部门")'),
    ],
)
def test_a_form_in_chinese_is_one_query(question: str, sql: str) -> None:
    assert sql in sql_of(question, STAFF)


@pytest.mark.parametrize(
    "question",
    [
        "What did we sell in March?",
        "total of Amount by Region in March and April",
        "total of Amount without returns",
        "sum of Region",
        "average of nothing",
        "Why is the amount so high?",
        "total of amount where amount > 3",
        "工资的总和与去年相比",
        "",
        "total " * 200,
    ],
)
def test_any_other_question_is_none(question: str) -> None:
    read = read_question(question, (SALES, STAFF))
    assert read is None or read.filter is not None  # a value that stands nowhere is looked for and not found


def test_where_two_tables_fit_the_question_must_name_one() -> None:
    other = TypedTable("old", "old.csv", "", "", SALES.columns, 5)
    assert read_question("total of amount", (SALES, other)) is None
    read = read_question("total of amount in old.csv", (SALES, other))
    assert isinstance(read, FormQuestion)
    assert read.table.name == "old"


def test_words_of_a_question_cannot_leave_their_literal() -> None:
    assert "= 'x''; drop view sales; --'" in sql_of("sum of amount where region is x'; DROP VIEW sales; --")
