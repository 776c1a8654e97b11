"""The query of a question of a known form. Knows no words of a question."""

from __future__ import annotations

import re
from collections.abc import Sequence

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
from chat.numbers.typed_table import CODE, INTEGER, MIXED, TEXT, Column, TypedTable

KINDS = (TEXT, CODE, INTEGER)
CURRENCY_TITLE = re.compile(r"currency|währung|devise|moneda|币种|幣別|货币", re.IGNORECASE)
YEAR = re.compile(r"(?:1[89]|20)\d\d")
PARTS = {"year": "%Y", "month": "%Y-%m"}
MOST_COLUMNS = 100  # in which a value is looked for
SHOWN_COLUMNS = 8  # of the rows that stand first


def lookup_sql(filters: Sequence[Filter], table: TypedTable) -> str:
    """Return the query for the columns in which the values of filters stand; empty where none can."""
    parts = list[str]()
    for column in table.columns[:MOST_COLUMNS]:
        values = sorted({one.value for one in filters if _can_stand(one, column)})
        if values:
            cell = f"lower({quoted(column.name)}::VARCHAR)"
            parts.append(
                f"SELECT DISTINCT {literal(column.name)} AS name, {cell} AS value FROM {quoted(table.name)}"
                f" WHERE {cell} IN ({','.join(map(literal, values))})"
            )
    return " UNION ALL ".join(f"({part})" for part in parts)


def _can_stand(filter_: Filter, column: Column) -> bool:
    """Can the value of a filter be a cell of a column? A number without a column is a year, and no other."""
    if filter_.part or filter_.sign not in ("=", "!=") or filter_.column not in ("", column.name):
        return False
    if not filter_.column and filter_.value.isdigit():
        return YEAR.fullmatch(filter_.value) is not None and column.kind in KINDS and is_year(column)
    return column.kind in (TEXT, CODE) or (column.kind == INTEGER and bool(filter_.column))


def _condition(filter_: Filter) -> str:
    column = quoted(filter_.column)
    if filter_.part:
        limits = zip((">=", "<"), filter_.value.split("/"), strict=True)
        return " AND ".join(f"{column} {sign} DATE {literal(day)}" for sign, day in limits if day)
    if filter_.sign == "empty":
        return f"{column} IS NULL"
    if filter_.sign == "between":
        return f"{column} BETWEEN {filter_.value.replace('/', ' AND ')}"
    if filter_.sign == "!=":
        return f"lower({column}::VARCHAR) IS DISTINCT FROM {literal(filter_.value)}"
    if filter_.sign != "=":
        return f"{column} {filter_.sign} {filter_.value}"
    return f"lower({column}::VARCHAR) = {literal(filter_.value)}"


def mixes_currencies(question: FormQuestion, filters: Sequence[Filter] = ()) -> bool:
    """Would a figure be made of amounts in several currencies? Not where rows are told apart by theirs."""
    table, column = question.table, question.table.column(question.column)
    if column is None or column.unit != MIXED or question.kind == DISTINCT:
        return False
    if question.kind == SHARE:
        return True
    named = [table.column(question.group), *(table.column(one.column) for one in filters if one.sign == "=")]
    return not any(one and CURRENCY_TITLE.search(one.title) for one in named)


def single_sql(question: FormQuestion, filters: Sequence[Filter] = ()) -> str:
    """Return the query that tells whether each group stands in one row: 0 or less where it does."""
    group = quoted(question.group or question.column)
    source = f"{quoted(question.table.name)}{_where(filters) if question.group else ''}"
    return f"SELECT count({group}) - count(DISTINCT {group}) AS repeated FROM {source}"


def _where(filters: Sequence[Filter], *also: str) -> str:
    limits = [*map(_condition, filters), *also]
    return f" WHERE {' AND '.join(limits)}" if limits else ""


def write_sql(question: FormQuestion, filters: Sequence[Filter] = ()) -> str:
    """Return the query of a question. filters: what limits its rows, each with its column."""
    if question.kind == SHARE:
        return _share(question, filters)
    if question.kind == TOP:
        return _first_rows(question, filters)
    column, table = quoted(question.column), quoted(question.table.name)
    if question.kind == VALUES:
        where = _where(filters, f"{column} IS NOT NULL")
        return f'SELECT {column}, count(*) AS "rows" FROM {table}{where} GROUP BY {column} ORDER BY 1'
    also = [f"{quoted(question.group)} IS NOT NULL"] if question.limit else []
    source = f"{_measure(question)} FROM {table}{_where(filters, *also)}"
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


def _share(question: FormQuestion, filters: Sequence[Filter]) -> str:
    table = quoted(question.table.name)
    size, name = "count(*)", "rows"
    if question.column:
        size, name = f"sum({quoted(question.column)})", f"sum_of_{question.column}"
    if filters:
        chosen = f"{size} FILTER ({_where(filters).strip()})"
        percent = f"100.0 * {chosen} / {size} AS percent"
        whole = "all_sum" if question.column else "all_rows"
        return f"SELECT {chosen} AS {quoted(name)}, {size} AS {whole}, {percent} FROM {table}"
    group, title = _group(question)
    percent = f"100.0 * {size} / sum({size}) OVER () AS percent"
    return (
        f"SELECT {group} AS {title}, {size} AS {quoted(name)}, {percent}"
        f" FROM {table} GROUP BY {group} ORDER BY 2 DESC, 1"
    )


def _first_rows(question: FormQuestion, filters: Sequence[Filter]) -> str:
    """Return the query of the rows with the highest values, and of those that are as high as the last."""
    column, way = quoted(question.column), "ASC" if question.is_lowest else "DESC"
    others = [one.name for one in question.table.columns if one.name != question.column]
    shown = ", ".join(map(quoted, [question.column, *others[: SHOWN_COLUMNS - 1]]))
    where = _where(filters, f"{column} IS NOT NULL")
    rank = f"rank() OVER (ORDER BY {column} {way}) <= {question.limit}"
    return f"SELECT {shown} FROM {quoted(question.table.name)}{where} QUALIFY {rank} ORDER BY {column} {way}"
