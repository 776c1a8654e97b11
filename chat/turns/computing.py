"""A question of a known form, computed over all rows of a file's table, without a language model.

The forms are those of chat.numbers.question_forms. Knows the files' tables, no prompt and no event.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from chat.errors import ChatError
from chat.fair_places import Caller
from chat.files.attachment import Attachment
from chat.files.file_contents import FileContents
from chat.grounding.computed_results import Computation, describe_table
from chat.numbers.form_columns import Filter, FormQuestion
from chat.numbers.form_filters import alternatives, resolve
from chat.numbers.form_patterns import COLUMNS, TOP
from chat.numbers.form_sql import lookup_sql, mixes_currencies, single_sql, write_sql
from chat.numbers.query_result import NoResult, QueryResult
from chat.numbers.question_forms import read_question
from chat.numbers.sql_names import unique
from chat.numbers.typed_table import TypedTable

Json = dict[str, object]
DELIMITED = ("text/csv", "text/tab-separated-values")
SHOWN_ROWS = 50  # of a result, in the text of an answer

_TEXTS = {
    "en": {
        "intro": "Computed over {covered:,} of {rows:,} rows of {place}, without a language model:",
        "columns": "{place} has {columns:,} columns and {rows:,} rows:",
        "empty": "- {count:,} of {rows:,} rows have no value in {column} and do not count.",
        "untyped": "- {count:,} cells of {column} are no {kind}, such as {samples}; they do not count.",
        "left": "- Left out of the table: {roles}.",
        "remark": "- In the file: {remark}.",
        "cut": "- {count:,} of the rows of the result are shown.",
        **{f"role.{role}": role for role in ("title", "header", "total", "subtotal", "section", "note")},
        "role.part": "part of the row above",
        "role.one": "{count:,} {role}",
        "no_value": "no value",
    },
    "zh": {
        "intro": "未使用语言模型，按 {place} 的 {rows:,} 行中的 {covered:,} 行计算：",
        "columns": "{place} 有 {columns:,} 列、{rows:,} 行：",
        "empty": "- {rows:,} 行中有 {count:,} 行的“{column}”没有值，未计入。",
        "untyped": "- “{column}”中有 {count:,} 个单元格无法识别（如 {samples}），未计入。",
        "left": "- 未计入表格数据的行：{roles}。",
        "remark": "- 文件中：{remark}。",
        "cut": "- 这里显示结果的前 {count:,} 行。",
        "role.title": "标题行",
        "role.header": "表头行",
        "role.total": "合计行",
        "role.subtotal": "合计行",
        "role.part": "“其中”行",
        "role.section": "分组标题行",
        "role.note": "注释行",
        "role.one": "{count:,} 个{role}",
        "no_value": "无值",
        "result.rows": "行数",
        "result.all_rows": "总行数",
        "result.all_sum": "全部总和",
        "result.percent": "百分比",
        "result.minimum": "最小值",
        "result.maximum": "最大值",
        "result.sum_of_": "{}的总和",
        "result.mean_of_": "{}的平均值",
        "result.minimum_of_": "{}的最小值",
        "result.maximum_of_": "{}的最大值",
        "result.median_of_": "{}的中位数",
        "result.distinct_": "{}的不同值个数",
        "result.year_of_": "{}（年）",
        "result.quarter_of_": "{}（季度）",
        "result.month_of_": "{}（月）",
    },
}
_LEFT_ROLES = ("total", "subtotal", "part", "section", "note")
_SPECIAL = re.compile(r"([\\`*_\[\]<>#|~$])")


@dataclass(frozen=True)
class ComputedAnswer:
    """A computation and the Markdown that tells its result."""

    computation: Computation
    markdown: str


def _is_sheet(file: Attachment) -> bool:
    return file.document.unit == "sheet" or file.document.media_type in DELIMITED


class Computing:
    """The tables of a question's files, each under a name of its own."""

    def __init__(self, contents: FileContents, files: Sequence[Attachment], caller: Caller) -> None:
        self._contents = contents
        self._files = [file for file in files if not file.is_image]
        self._caller = caller
        self._tables: list[list[TypedTable]] = []

    async def load(self) -> Sequence[TypedTable]:
        """Return the tables of all files."""
        found = [(await self._contents.tables(file))[0] for file in self._files]
        names = iter(unique(table.name for tables in found for table in tables))
        self._tables = [[table.named(next(names)) for table in tables] for tables in found]
        return [table for tables in self._tables for table in tables]

    async def sheets(self) -> Sequence[TypedTable]:
        """Return the tables of the files that are nothing but tables."""
        if not any(map(_is_sheet, self._files)):
            return []
        await self.load()
        files = zip(self._files, self._tables, strict=True)
        return [table for file, tables in files if _is_sheet(file) for table in tables]

    async def answer(self, question: str, language: str) -> ComputedAnswer | None:
        """Return the result of a question of a known form; None for any other question."""
        tables = await self.load()
        asked = await self._files[0].run(read_question, question, tables) if tables else None
        if asked is None:
            return None
        texts = _TEXTS.get(language, _TEXTS["en"])
        if asked.kind == COLUMNS:
            return _tell_columns(asked.table, texts)
        try:
            return await self._compute(asked, texts)
        except (NoResult, ChatError):  # the files' own sentences are shown instead
            return None

    async def _compute(self, asked: FormQuestion, texts: dict[str, str]) -> ComputedAnswer | None:
        filters = await self._find(asked.filter, asked.table) if asked.filter else ()
        if filters is None:  # a value stands nowhere, or in several columns
            return None
        if mixes_currencies(asked, filters):
            return None
        if asked.is_single and (await self._query(single_sql(asked, filters))).rows[0][0]:
            return None  # the highest of a group's rows, or of the groups' sums?
        sql = write_sql(asked, filters)
        result = await self._query(sql)
        computation = Computation(sql, result, (asked.table,))
        return ComputedAnswer(computation, _tell(computation, asked, texts))

    async def _find(self, condition: Filter, table: TypedTable) -> tuple[Filter, ...] | None:
        """Return what a condition says of which columns; None where its words are not all cells of them."""
        ways = await self._files[0].run(alternatives, condition, table)
        sql = lookup_sql([one for way in ways for one in way], table)
        rows = (await self._query(sql)).rows if sql else ()
        columns: dict[str, list[str]] = {}
        for name, value in rows:
            columns.setdefault(str(value), []).append(str(name))
        return resolve(ways, columns)

    async def query(self, sql: str) -> Computation:
        """Return the result of a query over the tables that `load` has named. Raises NoResult, ChatError."""
        result = await self._query(sql)
        covered = dict(result.covered)
        read = tuple(table for tables in self._tables for table in tables if table.name in covered)
        if not read:
            raise NoResult("The query reads no table.")
        return Computation(sql, result, read)

    async def _query(self, sql: str) -> QueryResult:
        if not sql:
            raise NoResult("No column can hold the value.")
        names = [[table.name for table in tables] for tables in self._tables]
        return await self._contents.query(self._files, names, sql, self._caller)


def _tell_columns(table: TypedTable, texts: dict[str, str]) -> ComputedAnswer:
    head = texts["columns"].format(place=escape(table.place), columns=len(table.columns), rows=table.rows)
    lines = [f"- {escape(one.title or one.name)} ({one.kind})" for one in table.columns]
    computation = Computation(
        "", replace(describe_table(table), covered=((table.name, table.rows),)), (table,)
    )
    return ComputedAnswer(computation, "\n".join([head, "", *lines]))


def _tell(computation: Computation, asked: FormQuestion, texts: dict[str, str]) -> str:
    table, result = asked.table, computation.result
    intro = texts["intro"].format(
        covered=computation.covered(table), rows=table.rows, place=escape(table.place)
    )
    head = [escape(_title(one.name, asked, texts)) for one in result.columns]
    rows = [[escape(computation.show(value, texts["no_value"])) for value in row] for row in result.rows]
    if len(rows) == 1 and not asked.group:
        body = ["; ".join(f"{name}: **{value}**" for name, value in zip(head, rows[0], strict=True))]
    else:
        lines = [head, ["---"] * len(head), *rows[:SHOWN_ROWS]]
        body = [f"| {' | '.join(line)} |" for line in lines]
    notes = list(_notes(computation, asked, texts, len(rows)))
    return "\n".join([intro, "", *body, *([""] if notes else []), *notes])


def _notes(computation: Computation, asked: FormQuestion, texts: dict[str, str], rows: int) -> list[str]:
    table, notes = asked.table, []
    column = table.column(asked.column)
    if column and column.empty:
        notes.append(texts["empty"].format(count=column.empty, rows=table.rows, column=escape(column.title)))
    if column and column.untyped:
        samples = ", ".join(f"“{escape(one)}”" for one in column.untyped_samples[:3])
        values = {"count": column.untyped, "column": escape(column.title), "samples": samples}
        notes.append(texts["untyped"].format(kind=column.kind, **values))
    counts = dict(table.left_count)
    roles = [
        texts["role.one"].format(count=counts[role], role=texts[f"role.{role}"])
        for role in _LEFT_ROLES
        if counts.get(role)
    ]
    if roles:
        notes.append(texts["left"].format(roles=", ".join(roles)))
    if table.remark:
        notes.append(texts["remark"].format(remark=escape(table.remark)))
    if rows > SHOWN_ROWS:
        notes.append(texts["cut"].format(count=SHOWN_ROWS))
    return notes


def _title(name: str, asked: FormQuestion, texts: dict[str, str]) -> str:
    """Return the name of a column of a result, with the file's own words for the column."""
    own = asked.table.column(name) if asked.kind == TOP or name == asked.group else None
    if own and own.title:
        return own.title
    for one in (asked.column, asked.group):
        column = asked.table.column(one) if one else None
        if column and column.title and (name == one or name.endswith(f"_{one}")):
            start = name.removesuffix(one)
            return texts.get(f"result.{start}", start.replace("_", " ") + "{}").format(column.title)
    return texts.get(f"result.{name}", name.replace("_", " "))


def escape(text: str) -> str:
    """Return words of a file as Markdown that shows them as they are, on one line."""
    return _SPECIAL.sub(r"\\\1", " ".join(text.split()))
