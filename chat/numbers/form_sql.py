"""The query of a question of a known form. Knows no words of a question."""

from __future__ import annotations

from chat.numbers.form_columns import Filter, FormQuestion, is_year
from chat.numbers.form_patterns import (
    COUNT,
    DISTINCT,
    HIGH,
    LOW,
    MEAN,
    MEDIAN,
    RANGE,
    SHARE,
    SUM,
    TOP,
    VALUES,
)
from chat.numbers.sql_names import literal, quoted
from chat.numbers.typed_table import CODE, INTEGER, TEXT, TypedTable

PARTS = {"year": "%Y", "month": "%Y-%m"}
SHOWN_COLUMNS = 8  # of the rows that stand first


def lookup_sql(filter_: Filter, table: TypedTable) -> str:
    """Return the query that counts the rows of each column that could hold the value of a filter."""
    is_number = filter_.value.isdigit() and not filter_.column  # 2023 is a year, and the number of no order
    texts = (TEXT, CODE)
    chosen = [
        one
        for one in table.columns
        if (one.kind in texts and not is_number)
        or (one.kind in (*texts, INTEGER) and is_year(one))
        or (filter_.part and one.name == filter_.column)
    ]
    parts = [
        f"SELECT {literal(one.name)} AS name, count(*) AS n FROM {quoted(table.name)}"
        f" WHERE {_condition(filter_, one.name)}"
        for one in chosen[:100]
        if not filter_.column or one.name == filter_.column
    ]
    return f"SELECT name FROM ({' UNION ALL '.join(parts)}) AS hits WHERE n > 0" if parts else ""


def _condition(filter_: Filter, column: str) -> str:
    if filter_.part:
        return f"strftime({quoted(column)}, {literal(PARTS[filter_.part])}) = {literal(filter_.value)}"
    return f"lower({quoted(column)}::VARCHAR) = {literal(filter_.value)}"


def single_sql(question: FormQuestion, filter_column: str = "") -> str:
    """Return the query that tells whether each group stands in one row: 0 or less where it does."""
    group = quoted(question.group)
    source = f"{quoted(question.table.name)}{_where(question, filter_column)}"
    return f"SELECT count({group}) - count(DISTINCT {group}) AS repeated FROM {source}"


def _where(question: FormQuestion, filter_column: str, also: str = "") -> str:
    limits = [_condition(question.filter, filter_column)] if question.filter else []
    limits += [also] if also else []
    return f" WHERE {' AND '.join(limits)}" if limits else ""


def write_sql(question: FormQuestion, filter_column: str = "") -> str:
    """Return the query of a question. filter_column: where its filter's value stands."""
    if question.kind == SHARE:
        return _share(question, filter_column)
    if question.kind == TOP:
        return _first_rows(question, filter_column)
    column, table = quoted(question.column), quoted(question.table.name)
    if question.kind == VALUES:
        where = _where(question, filter_column, f"{column} IS NOT NULL")
        return f'SELECT {column}, count(*) AS "rows" FROM {table}{where} GROUP BY {column} ORDER BY 1'
    also = f"{quoted(question.group)} IS NOT NULL" if question.limit else ""
    source = f"{_measure(question)} FROM {table}{_where(question, filter_column, also)}"
    if not question.group:
        return f"SELECT {source}"
    group, name = _group(question)
    shown = f"{group} AS {name}" if group != name else group
    order = "ORDER BY 1" if question.part and not question.limit else "ORDER BY 2 DESC NULLS LAST, 1"
    first = ""
    if question.limit:
        measure = _measure(question).rpartition(" AS ")[0]
        way = "ASC" if question.is_lowest else "DESC"
        first = f" QUALIFY rank() OVER (ORDER BY {measure} {way} NULLS LAST) <= {question.limit}"
        order = f"ORDER BY 2 {way} NULLS LAST, 1"
    return f"SELECT {shown}, {source} GROUP BY {group}{first} {order}"


def _group(question: FormQuestion) -> tuple[str, str]:
    """Return what is grouped by, and its name in the result."""
    group = quoted(question.group)
    if question.part == "quarter":
        part = f"strftime({group}, '%Y') || '-Q' || quarter({group})"
    elif question.part:
        part = f"strftime({group}, {literal(PARTS[question.part])})"
    else:
        return group, group
    return part, quoted(f"{question.part}_of_{question.group}")


def _measure(question: FormQuestion) -> str:
    column, name = quoted(question.column), question.column
    measures = {
        SUM: f"sum({column}) AS {quoted(f'sum_of_{name}')}",
        MEAN: f"avg({column}) AS {quoted(f'mean_of_{name}')}",
        LOW: f"min({column}) AS {quoted(f'minimum_of_{name}')}",
        HIGH: f"max({column}) AS {quoted(f'maximum_of_{name}')}",
        MEDIAN: f"median({column}) AS {quoted(f'median_of_{name}')}",
        DISTINCT: f"count(DISTINCT {column}) AS {quoted(f'distinct_{name}')}",
        RANGE: f"min({column}) AS minimum, max({column}) AS maximum",
        COUNT: 'count(*) AS "rows"',
    }
    return measures[question.kind]


def _share(question: FormQuestion, filter_column: str) -> str:
    table = quoted(question.table.name)
    if question.filter is not None:
        chosen = f"count(*) FILTER (WHERE {_condition(question.filter, filter_column)})"
        percent = f"100.0 * {chosen} / count(*) AS percent"
        return f'SELECT {chosen} AS "rows", count(*) AS all_rows, {percent} FROM {table}'
    group, name = _group(question)
    return (
        f'SELECT {group} AS {name}, count(*) AS "rows", 100.0 * count(*) / sum(count(*)) OVER () AS percent'
        f" FROM {table} GROUP BY {group} ORDER BY 2 DESC, 1"
    )


def _first_rows(question: FormQuestion, filter_column: str) -> str:
    """Return the query of the rows with the highest values, and of those that are as high as the last."""
    column, way = quoted(question.column), "ASC" if question.is_lowest else "DESC"
    others = [one.name for one in question.table.columns if one.name != question.column]
    shown = ", ".join(map(quoted, [question.column, *others[: SHOWN_COLUMNS - 1]]))
    where = _where(question, filter_column, f"{column} IS NOT NULL")
    rank = f"rank() OVER (ORDER BY {column} {way}) <= {question.limit}"
    return f"SELECT {shown} FROM {quoted(question.table.name)}{where} QUALIFY {rank} ORDER BY {column} {way}"
