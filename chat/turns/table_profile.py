"""What the tables of a spreadsheet hold, in a few lines: for a question that is of no known form.

Counts, kinds, ranges and frequent values are those that were found when the file was read. Knows no query.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from chat.documents.row_format import is_year
from chat.numbers.question_forms import read_question
from chat.numbers.total_words import names_total
from chat.numbers.typed_table import Column, TypedTable
from chat.turns.computing import escape

MOST_TABLES, MOST_COLUMNS, SAMPLES, SAMPLE_CHARACTERS = 3, 12, 4, 40
FEW_VALUES = 50  # of a column to group by
FEW_NUMBERS = 10  # different ones: fewer are marks or codes rather than amounts

_TEXTS: Mapping[str, Mapping[str, str | tuple[str, ...]]] = {
    "en": {
        "unknown": "Not computed: the question is of no form that is known without a language model, or what"
        " it names stands in none or in several of the columns.",
        "head": "The table {place} has {rows:,} rows and {columns:,} columns:",
        "range": "{low} to {high}",
        "empty": "{count:,} without a value",
        "more": "- {count:,} more columns",
        "tables": "{count:,} more tables",
        "forms": "Computed over all rows without a language model are questions such as {examples}.",
        "examples": ("total of {number} by {group}", "highest {number}", "how many rows by {group}"),
        "rows": "how many rows",
        "quoted": "“{}”",
        "comma": ", ",
    },
    "zh": {
        "unknown": "未计算：不用语言模型时，问题不属于已知的问法，或者问题里的值不在表中，或在多列中出现。",
        "head": "表格 {place} 有 {rows:,} 行、{columns:,} 列：",
        "range": "{low} 至 {high}",
        "empty": "{count:,} 个没有值",
        "more": "- 另有 {count:,} 列",
        "tables": "另有 {count:,} 个表格",
        "forms": "不用语言模型也能按全部行计算这样的问题：{examples}。",
        "examples": ("各{group}的{number}总和", "{number}的最大值", "按{group}统计行数"),
        "rows": "有多少行",
        "quoted": "“{}”",
        "comma": "、",
    },
}
_Texts = Mapping[str, str | tuple[str, ...]]


def write_profile(tables: Sequence[TypedTable], language: str, asks_figures: bool = False) -> str:
    """Return the Markdown; empty where there is no table. asks_figures: it says that none was computed."""
    texts = _TEXTS.get(language, _TEXTS["en"])
    parts = [str(texts["unknown"])] if asks_figures else []
    parts += ["\n".join(_describe(table, texts)) for table in tables[:MOST_TABLES]]
    if len(tables) > MOST_TABLES:
        parts.append(str(texts["tables"]).format(count=len(tables) - MOST_TABLES))
    return "\n\n".join([*parts, _suggest(tables[0], texts)]) if tables else ""


def _describe(table: TypedTable, texts: _Texts) -> Iterator[str]:
    values = {"rows": table.rows, "columns": len(table.columns)}
    yield str(texts["head"]).format(place=escape(table.place), **values) + "\n"
    for column in table.columns[:MOST_COLUMNS]:
        facts = str(texts["comma"]).join(_facts(column, texts))
        yield f"- {escape(column.title or column.name)} ({column.kind})" + (f": {facts}" if facts else "")
    if len(table.columns) > MOST_COLUMNS:
        yield str(texts["more"]).format(count=len(table.columns) - MOST_COLUMNS)


def _facts(column: Column, texts: _Texts) -> Iterator[str]:
    if column.low or column.high:
        yield str(texts["range"]).format(low=escape(column.low), high=escape(column.high))
    else:
        yield from (escape(one[:SAMPLE_CHARACTERS]) for one in column.samples[:SAMPLES])
    if column.empty:
        yield str(texts["empty"]).format(count=column.empty)


def _suggest(table: TypedTable, texts: _Texts) -> str:
    """Return questions that are computed, with the table's own columns."""
    examples = [str(texts["quoted"]).format(escape(one)) for one in _ask(table, texts)]
    return str(texts["forms"]).format(examples=str(texts["comma"]).join(examples))


def suggest_questions(table: TypedTable, language: str) -> tuple[str, ...]:
    """Return questions that are computed without a language model, with the table's own columns."""
    return tuple(_ask(table, _TEXTS.get(language, _TEXTS["en"])))


def _ask(table: TypedTable, texts: _Texts) -> list[str]:
    titled = [column for column in table.columns if column.title]
    numbers = [one for one in titled if one.is_number and not _is_year(one) and not one.unit]
    number = max(numbers, key=lambda one: one.distinct >= FEW_NUMBERS, default=None)
    words = [one for one in titled if not one.is_number and not one.is_date]
    group = next((one for one in words if 1 < one.distinct <= FEW_VALUES), None)
    names = {"number": number.title if number else "", "group": group.title if group else ""}
    forms = [
        one for one in texts["examples"] if all(names[name] or f"{{{name}}}" not in one for name in names)
    ]
    asked = [one.format(**names) for one in forms]
    if number and names_total(number.title):  # `sum of Total cost`, not `total of` it
        asked = [one.replace("total of", "sum of", 1) for one in asked]
    return [one for one in asked if read_question(one, [table])] or [str(texts["rows"])]


def _is_year(column: Column) -> bool:
    """Are the numbers years, which nothing is the total of?"""
    return is_year(column.low) and is_year(column.high)
