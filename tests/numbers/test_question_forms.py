"""The documented forms of questions, and questions that look like one."""

from __future__ import annotations

from dataclasses import replace

import pytest

from chat.numbers.form_columns import Filter, FormQuestion
from chat.numbers.form_sql import lookup_sql, single_sql, write_sql
from chat.numbers.question_forms import read_question
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


ORDERS = TypedTable(
    "orders", "orders.xlsx", "2024", "2024",
    (Column("order_id", "Order ID", "code"), Column("region", "Region", "text"),
     Column("product", "Product", "text"), Column("order_date", "Order Date", "date"),
     Column("amount_eur", "Amount (€)", "currency"), Column("units", "Units sold", "integer"),
     Column("average_price", "Average price", "currency"), Column("price", "Price", "currency"),
     Column("year", "Year", "integer")),
    100,
)  # fmt: skip


def sql_of(question: str, *tables: TypedTable) -> str:
    read = read_question(question, tables or (SALES,))
    if read is None:
        return ""
    if read.kind == "columns":
        return "columns"
    return write_sql(read, found_in(read, "region"))


def found_in(read: FormQuestion, column: str = "") -> list[Filter]:
    """Return the filter of a question with its column, as where the value was looked up."""
    return [replace(read.filter, column=read.filter.column or column)] if read.filter else []


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


@pytest.mark.parametrize(
    ("question", "kind", "column", "group", "named", "value"),
    [
        ("sum of amount for region North", "sum", "amount_eur", "", "region", "north"),
        ("What is the total amount?", "sum", "amount_eur", "", "", ""),
        ("What is the total amount in the North region?", "sum", "amount_eur", "", "region", "north"),
        ("total amount by region", "sum", "amount_eur", "region", "", ""),
        ("How much is the total amount for North?", "sum", "amount_eur", "", "", "north"),
        ("how many rows are there for region North?", "count", "", "", "region", "north"),
        ("what's the average amount per region?", "mean", "amount_eur", "region", "", ""),
        ("average units sold for each product", "mean", "units", "product", "", ""),
        ("highest amount by product", "max", "amount_eur", "product", "", ""),
        ("sum of units sold for year 2023", "sum", "units", "", "year", "2023"),
        ("What columns does the table have?", "columns", "", "", "", ""),
        ("how many records are in the table?", "count", "", "", "", ""),
        ("minimum and maximum of amount", "range", "amount_eur", "", "", ""),
        ("total amount of North", "sum", "amount_eur", "", "", "north"),
        ('max units sold for product "Widget A" by year', "max", "units", "year", "product", "widget a"),
        ("the total amount for each region please", "sum", "amount_eur", "region", "", ""),
        ("What is the total number of units sold?", "sum", "units", "", "", ""),
        ("smallest amount in region South", "min", "amount_eur", "", "region", "south"),
        ("Average of Amount grouped by Region", "mean", "amount_eur", "region", "", ""),
        ("total of amount per year for the North", "sum", "amount_eur", "year", "", "north"),
        ("average of price", "mean", "price", "", "", ""),
    ],
)
def test_natural_phrasings_in_english_are_read(
    question: str, kind: str, column: str, group: str, named: str, value: str
) -> None:
    wanted = Filter(value, named) if value else None
    assert read_question(question, [ORDERS]) == FormQuestion(kind, ORDERS, column, group, wanted)


@pytest.mark.parametrize(
    ("question", "kind", "column", "group", "named", "value"),
    [
        ("平均工资是多少？", "mean", "工资", "", "", ""),
        ("总工资是多少？", "sum", "工资", "", "", ""),
        ("最高工资", "max", "工资", "", "", ""),
        ("工资最高是多少", "max", "工资", "", "", ""),
        ("每个部门的平均工资", "mean", "工资", "部门", "", ""),
        ("按部门统计平均工资", "mean", "工资", "部门", "", ""),
        ("统计各城市的平均工资", "mean", "工资", "城市", "", ""),
        ("部门为销售部的平均工资", "mean", "工资", "", "部门", "销售部"),
        ("销售部的平均工资是多少？", "mean", "工资", "", "", "销售部"),
        ("北京的最高工资", "max", "工资", "", "", "北京"),
        ("销售部有多少人？", "count", "", "", "", "销售部"),
        ("北京的员工人数", "count", "", "", "", "北京"),
        ("部门是研发部的人数", "count", "", "", "部门", "研发部"),
        ("每个城市有多少人？", "count", "", "城市", "", ""),
        ("表格有哪些列", "columns", "", "", "", ""),
        ("一共有多少个不同的城市？", "distinct", "城市", "", "", ""),
        ("有多少个部门？", "distinct", "部门", "", "", ""),
        ("工资在什么范围", "range", "工资", "", "", ""),
        ("请问各个部门的工资中位数是多少？", "median", "工资", "部门", "", ""),
        ("工资的最大值和最小值", "range", "工资", "", "", ""),
    ],
)
def test_natural_phrasings_in_chinese_are_read(
    question: str, kind: str, column: str, group: str, named: str, value: str
) -> None:
    wanted = Filter(value, named) if value else None
    assert read_question(question, [STAFF]) == FormQuestion(kind, STAFF, column, group, wanted)


@pytest.mark.parametrize(
    "question",
    [
        "average price",  # a column has this name
        "sum of amount by region and product",
        "How many orders are there in the north by region and product?",
        "总工资比去年高多少",
    ],
)
def test_a_phrasing_that_can_mean_something_else_is_none(question: str) -> None:
    assert read_question(question, [ORDERS]) is None
    assert read_question(question, [STAFF]) is None


@pytest.mark.parametrize("question", ["count", "count by film", "total of year", "年份合计"])
def test_a_column_called_count_is_not_the_number_of_rows_and_years_have_no_total(question: str) -> None:
    columns = (Column("film", "Film", "text"), Column("count", "Count", "integer"),
               Column("year", "Year", "integer", low="1995", high="2019"),
               Column("年份", "年份", "integer", low="1995", high="2019"))  # fmt: skip
    assert read_question(question, [TypedTable("films", "films.csv", "", "", columns, 9)]) is None


VISITS = TypedTable(
    "visits", "visits.csv", "", "",
    (Column("city", "City", "text"), Column("status", "Status", "text"), Column("cost", "Cost", "decimal"),
     Column("date", "Date", "date"), Column("费用", "费用", "decimal"), Column("区", "区", "text")),
    100,
)  # fmt: skip
HIRED = TypedTable(
    "hired", "hired.csv", "", "", (Column("pay", "Pay", "decimal"), Column("hired", "Hire date", "date")), 9
)


@pytest.mark.parametrize(
    ("question", "sql"),
    [
        ("Which city has the highest total cost?", 'sum("cost") DESC NULLS LAST) <= 1 ORDER BY 2 DESC'),
        ("Which city has the lowest average cost", 'avg("cost") ASC NULLS LAST) <= 1 ORDER BY 2 ASC'),
        ("which city has the most rows", "count(*) DESC NULLS LAST) <= 1"),
        ("top 5 cities by total cost", 'sum("cost") DESC NULLS LAST) <= 5'),
        ("Top 3 by cost", 'ORDER BY "cost" DESC) <= 3 ORDER BY "cost" DESC'),
        ("the 4 lowest cost", 'ORDER BY "cost" ASC) <= 4'),
        ("how many rows have status open", """AS "rows" FROM "visits" WHERE lower("status"::VARCHAR)"""),
        ("What percentage of rows have status open?", """FILTER (WHERE lower("status"::VARCHAR) = 'open')"""),
        ("share of rows by city", '100.0 * count(*) / sum(count(*)) OVER ()'),
        ("how many cities are there", 'count(DISTINCT "city")'),
        ("which cities are there?", 'WHERE "city" IS NOT NULL GROUP BY "city"'),
        ("total cost by month", """strftime("date", '%Y-%m') AS "month_of_date", sum("cost")"""),
        ("average cost per quarter of date", "|| '-Q' || quarter"),
        ("total cost in 2023", """WHERE "date" >= DATE '2023-01-01' AND "date" < DATE '2024-01-01'"""),
        ("how many rows in March 2023", """ "date" >= DATE '2023-03-01' AND "date" < DATE '2023-04-01'"""),
        ("按年统计费用总和", """strftime("date", '%Y') AS "year_of_date", sum("费用")"""),
        ("2023年3月的费用总和", """WHERE "date" >= DATE '2023-03-01' AND "date" < DATE '2023-04-01'"""),
        ("哪个区的总费用最高？", 'sum("费用") DESC NULLS LAST) <= 1'),
        ("哪个区的平均费用最低", 'avg("费用") ASC NULLS LAST) <= 1'),
        ("费用最高的前五条", 'ORDER BY "费用" DESC) <= 5'),
        ("区为东城的占比是多少", """FILTER (WHERE lower("区"::VARCHAR) = '东城')"""),
        ("有哪些区", 'SELECT "区", count(*)'),
        ("which cities in 2023?", """SELECT "city", count(*) AS "rows" FROM "visits" WHERE "date" >= DATE"""),
        ("Which cities have status open?", """"status"::VARCHAR) = 'open' AND "city" IS NOT NULL"""),
        ("2023年有哪些区", """SELECT "区", count(*) AS "rows" FROM "visits" WHERE "date" >= DATE"""),
        ("区为东城的区有哪些", """WHERE lower("区"::VARCHAR) = '东城' AND"""),
    ],
)  # fmt: skip
def test_the_first_of_several_shares_values_and_dates_are_one_query(question: str, sql: str) -> None:
    read = read_question(question, [VISITS])
    assert read
    assert not read.is_single
    assert sql in write_sql(read, found_in(read))


@pytest.mark.parametrize(
    "question",
    [
        "Which city has the highest cost?",
        "top 3 cities by cost",
        "哪个区的费用最高",
        "which cities have cost over 9",
    ],
)
def test_the_highest_value_of_a_group_needs_groups_of_one_row(question: str) -> None:
    read = read_question(question, [VISITS])
    assert read
    assert read.is_single
    assert "count(DISTINCT" in single_sql(read)


@pytest.mark.parametrize("question", ["total pay by year", "pay by month", "average pay per year in 2020"])
def test_a_year_says_nothing_of_a_date_that_is_no_event(question: str) -> None:
    assert read_question(question, [HIRED]) is None
    read = read_question("total pay by year of hire date", [HIRED])
    assert read
    assert read.part == "year"


def test_a_number_without_a_column_is_a_year_and_no_other_number() -> None:
    read = read_question("mean price in 2023", [ORDERS])
    assert read
    assert read.filter
    sql = lookup_sql([read.filter], ORDERS)
    assert '"year"' in sql
    assert "order_id" not in sql
