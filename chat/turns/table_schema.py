"""The tables of a question as a text for a model that writes SQL: names, types, samples and ranges of values.

Within a number of characters: what the question names first, then the other tables and columns, shorter and
shorter. Knows no prompt.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from chat.grounding.retrieval.terms import split_terms
from chat.numbers.sql_names import quoted
from chat.numbers.typed_table import (
    CODE,
    CURRENCY,
    DATE,
    INTEGER,
    MIXED,
    PERCENTAGE,
    TIMESTAMP,
    Column,
    TypedTable,
)

MOST_DESCRIBED = 8  # tables with their columns; the others by name alone
SAMPLES, SAMPLE_CHARACTERS, TITLE_CHARACTERS = 5, 40, 80
ALL_VALUES = 8  # a column with so few values is described by all of them
_TYPES = {INTEGER: "BIGINT", DATE: "DATE", TIMESTAMP: "TIMESTAMP"}
_NOTES = {CODE: "digits as text", CURRENCY: "money", PERCENTAGE: "40 means 40 %"}


def describe_tables(question: str, tables: Sequence[TypedTable], characters: int) -> str:
    """Return the tables with their columns, those first that share words with the question."""
    terms = frozenset(split_terms(question))
    ranked = sorted(tables, key=lambda table: -_shared(terms, _words_of(table)))
    parts, left = list[str](), characters
    for number, table in enumerate(ranked):
        rest = len(ranked[number:MOST_DESCRIBED])
        share = left // rest if rest else 0
        text = _describe(table, terms, share) if rest else _head(table)
        if len(text) > left:
            break
        parts.append(text)
        left -= len(text) + 2
    return "\n\n".join(parts)


def outline_tables(tables: Sequence[TypedTable], characters: int) -> str:
    """Return the places of the tables and the names of their columns, each table on a line."""
    share = max(80, characters // max(1, min(len(tables), MOST_DESCRIBED)))
    lines = (
        f"{table.place} ({table.rows:,} rows): " + "; ".join(one.title or one.name for one in table.columns)
        for table in tables
    )
    return "\n".join(line[:share] for line in lines)[:characters]


def _words_of(table: TypedTable) -> str:
    columns = (f"{one.title} {' '.join(one.samples)}" for one in table.columns)
    return " ".join((table.place, *columns))


def _shared(terms: frozenset[str], text: str) -> int:
    return len(terms & frozenset(split_terms(text)))


def _head(table: TypedTable) -> str:
    page = f", page {table.page}" if table.page and table.page != table.title else ""
    return f"Table {_sql_name(table.name)} ({table.place}{page}; {table.rows:,} rows)"


def _describe(table: TypedTable, terms: frozenset[str], characters: int) -> str:
    """Return a table with as much of its columns as there is room for; columns that are named come first."""
    named = {one.name for one in table.columns if _shared(terms, f"{one.title} {' '.join(one.samples)}")}
    order = sorted(table.columns, key=lambda one: one.name not in named)
    short = sum(len(_column(one, is_long=False)) + 1 for one in table.columns)
    room, chosen = characters - len(_head(table)), dict[str, str]()
    for column in order:
        line = _column(column, is_long=True)
        short -= len(_column(column, is_long=False)) + 1
        if len(line) + (0 if column.name in named else max(0, short)) > room:
            line = _column(column, is_long=False)
        if len(line) + 1 > room:
            break
        chosen[column.name] = line
        room -= len(line) + 1
    lines = [chosen[one.name] for one in table.columns if one.name in chosen]
    hidden = len(table.columns) - len(lines)
    more = [f"  … {hidden:,} more columns"] if hidden else []
    return "\n".join([_head(table), *lines, *more])


def _column(column: Column, *, is_long: bool) -> str:
    kind = _TYPES.get(column.kind, "DOUBLE" if column.is_number else "VARCHAR")
    line = f"  {_sql_name(column.name)} {kind}"
    if column.title and column.title != column.name:
        line += f' "{column.title[:TITLE_CHARACTERS]}"'
    return f"{line}: {'; '.join(_facts(column))}" if is_long else line


def _facts(column: Column) -> Iterator[str]:
    if column.kind == PERCENTAGE and column.unit == "fraction":
        yield "0.4 means 40 %"
    elif column.unit == MIXED:
        yield "money in several currencies, whose signs are in the file"
    elif column.kind in _NOTES:
        yield _NOTES[column.kind]
    if column.low or column.high:
        yield f"from {column.low} to {column.high}"
    elif column.samples:
        samples = [repr(one[:SAMPLE_CHARACTERS]) for one in column.samples]
        is_all = len(samples) >= column.distinct and column.distinct <= ALL_VALUES
        shown = samples if is_all else samples[:SAMPLES]
        count = "" if is_all else f" and others, {column.distinct:,} different"
        yield f"{', '.join(shown)}{count}"
    if column.empty:
        yield f"{column.empty:,} NULL"


def _sql_name(name: str) -> str:
    return name if name.isascii() and name.isidentifier() else quoted(name)
