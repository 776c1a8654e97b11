"""What was computed, as HTML: the result, its chart, the query in words; and nothing of a file is HTML."""

from __future__ import annotations

import re
from typing import Any

import pytest

from chat.ui.computation_view import show_computation
from chat.ui.query_description import describe_query, name_expression
from chat.ui.result_chart import show_chart

TITLES = {"amount": "Amount (€)", "region": "Region"}
COMPUTATION: dict[str, Any] = {
    "sql": "SELECT region, sum(amount) AS total FROM sales WHERE region <> 'x' GROUP BY 1 ORDER BY 2 DESC",
    "columns": [{"name": "region", "kind": "text"}, {"name": "total", "kind": "number"}],
    "rows": [["North <b>", 1234567.5], ["South", -20], ["East", None]],
    "row_count": 3,
    "is_cut": False,
    "tables": [
        {
            "name": "sales",
            "place": "sales.xlsx / 2024",
            "rows": 48213,
            "covered": 48200,
            "left_out": {"header": 1, "total": 2},
            "remark": "3 hidden rows",
            "empty": {"amount": 7},
            "untyped": {"amount": 1},
            "titles": TITLES,
        }
    ],
    "outline": {
        "columns": ["region", "sum(amount)"],
        "where": "region != 'x'",
        "groups": ["region"],
        "having": "",
        "orders": [{"by": "sum(amount)", "descending": True}],
        "limit": "",
    },
    "behind": {
        "columns": [{"name": "_row", "kind": "number"}, {"name": "region", "kind": "text"}],
        "rows": [[2, "North"], [3, "South"]],
    },
}


def texts(html: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", html).split())


def test_a_computation_shows_result_query_what_does_not_count_and_the_rows_behind() -> None:
    shown = show_computation(COMPUTATION, "en")
    said = texts(shown)
    assert "Computed over 48,200 of 48,213 rows of sales.xlsx / 2024" in said
    assert 'data-value="1234567.5">1,234,567.5</td>' in shown
    assert "Shown “Region”, sum of “Amount (€)”" in said
    assert "Only rows where “Region” != &#x27;x&#x27;" in said
    assert "Sorted by sum of “Amount (€)”, largest first" in said
    assert "SELECT region, sum(amount)" in said
    assert "13 rows of sales.xlsx / 2024 do not meet the conditions." in said
    assert "7 rows have no value in Amount (€)." in said
    assert "2 rows of totals not counted." in said
    assert "3 hidden rows" in said
    assert "The rows behind it (the first 2 of 48,200)" in said
    assert shown.count("<b>") == 0
    assert "North &lt;b&gt;" in shown


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_result_of_an_older_version_is_shown_too(language: str) -> None:
    old = {key: value for key, value in COMPUTATION.items() if key != "outline"}
    old["tables"] = [{key: value for key, value in COMPUTATION["tables"][0].items() if key != "titles"}]
    assert "48,200" in show_computation(old, language)
    assert show_computation({"sql": "SELECT 1", "tables": []}, language) == ""
    assert show_computation({}, language) == ""


def chart(kinds: str, *rows: list[Any]) -> str:
    names = {"n": "number", "t": "text", "d": "date"}
    columns = [{"name": f"c{at}", "kind": names[kind]} for at, kind in enumerate(kinds)]
    return show_chart(columns, rows, [str(one["name"]) for one in columns], "en")


def test_the_columns_of_a_result_are_called_in_the_language_of_the_page() -> None:
    columns = [{"name": name, "kind": "text"} for name in ("region", "sum_of_amount", "rows")]
    shown = show_computation(COMPUTATION | {"columns": columns, "rows": [["North", 5, 2]]}, "zh")
    heads = re.findall(r"<button[^>]*sort-table[^>]*>([^<]+)<", shown)
    assert heads[:3] == ["Region", "Amount (€)的总和", "行数"]


def test_groups_are_bars_and_a_series_over_time_is_a_line() -> None:
    bars = chart("tn", ["North", 10], ["South", -5], ["<i>", None])
    assert re.findall(r'<rect x="([\d.]+)%"[^>]* width="([\d.]+)%"', bars) == [
        ("33.33", "66.67"),
        ("0.00", "33.33"),
    ]
    assert "&lt;i&gt;" in bars
    line = chart("dn", ["2024-03-01", 30], ["2024-01-01", 10], ["2024-02-01", None], ["2024-04-01", 20])
    assert re.findall(r'd="([^"]+)"', line) == ["M0.000 66.67M66.667 0.00L100.000 33.33"]
    assert line.count("<circle") == 3
    assert re.findall(r'class="value">([^<]+)<', line) == ["0", "10", "20", "30"]
    months = chart("tn", ["2024-01", 1], ["2024-02", 2], ["2024-03", 4])
    assert "<path" in months


@pytest.mark.parametrize(
    ("kinds", "rows"),
    [
        ("n", [[1], [2]]),
        ("tn", [["a", 1]]),
        ("ttn", [["a", "b", 1], ["a", "c", 2]]),
        ("tn", [["a", 1], ["a", 2]]),
        ("tn", [[str(n), n] for n in range(21)]),
        ("tt", [["a", "b"], ["c", "d"]]),
    ],
)
def test_no_chart_where_the_table_says_more(kinds: str, rows: list[list[Any]]) -> None:
    assert chart(kinds, *rows) == ""


@pytest.mark.parametrize(
    ("sql", "words"),
    [
        ("count_star()", "number of rows"),
        ("count(DISTINCT region)", "number of different values of “Region”"),
        ("round(avg(amount), 2)", "mean of “Amount (€)”"),
        ("(lower(region) = 'north')", "(“Region” = 'north')"),
        ("(day >= CAST('2024-01-01' AS DATE))", "(day >= '2024-01-01')"),
        ("region = 'the amount'", "“Region” = 'the amount'"),
        ("sum((amount * 2))", "sum((“Amount (€)” * 2))"),
    ],
)
def test_an_expression_has_the_files_own_names(sql: str, words: str) -> None:
    assert name_expression(sql, TITLES, "en") == words


def test_a_query_of_several_steps_names_its_tables_alone() -> None:
    several = {key: value for key, value in COMPUTATION.items() if key != "outline"}
    assert list(describe_query(several, TITLES, "zh")) == [("表格", "sales.xlsx / 2024")]
