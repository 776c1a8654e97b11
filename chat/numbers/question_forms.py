"""Questions that need no language model to be computed: a fixed set of forms in English and Chinese.

A form is recognised as a whole or not at all: a question with a word that no form has is none, so that no
figure answers another question. docs/numbers.md lists the forms. Pure functions over the columns of tables.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from chat.numbers.sql_names import literal, quoted
from chat.numbers.typed_table import CODE, INTEGER, TEXT, Column, TypedTable
from chat.unicode_forms import normalize

LONGEST = 300  # characters of a question
SUM, MEAN, LOW, HIGH, MEDIAN, DISTINCT, RANGE, COUNT, COLUMNS = (
    *("sum", "mean", "min", "max", "median", "distinct", "range", "count", "columns"),
)
_WORDS = {
    SUM: "sum|total|total sum|总和|总计|总额|总数|合计|總和|總計|總額|合計|求和",
    MEAN: "average|mean|avg|平均值|平均数|均值|平均",
    LOW: "minimum|min|lowest|smallest|earliest|最小值|最低值|最小|最低|最早",
    HIGH: "maximum|max|highest|largest|biggest|latest|最大值|最高值|最大|最高|最晚|最新",
    MEDIAN: "median|中位数|中位數",
    RANGE: "range|范围|範圍",
}
_KINDS = {word: kind for kind, words in _WORDS.items() for word in words.split("|")}
_ANY = "|".join(sorted((re.escape(word) for word in _KINDS), key=len, reverse=True))
_LEAD = re.compile(
    r"(?:(?:please|could you|can you|tell me|show me|show|give me|calculate|compute|find|list|what is|what's"
    r"|what are|what was|what were|which is|the|is|are)\s+)+"
    r"|(?:请问|请|帮我|计算|求|统计|列出|算一下|一下|给出|显示)+"
)
_ROWS = r"(?:rows|records|entries|lines|data rows)"
_COUNT_EN = re.compile(
    rf"(?:how many {_ROWS}(?: are there| does it have| in total)?|(?:number|count) of {_ROWS}|{_ROWS} count"
    rf"|{_ROWS}|count)(?P<tail>(?: (?:by|per|for each|for|where|in|with) .+)?)"
)
_COLUMNS_EN = re.compile(
    r"(?:columns|column names|(?:which|what) columns(?: are there| does it have)?|how many columns"
    r"(?: are there)?|number of columns)(?: (?:of|in) the (?:table|file|sheet))?"
)
_DISTINCT_EN = re.compile(
    r"(?:how many (?:different|distinct|unique)|(?:number|count) of (?:different|distinct|unique)"
    r"|distinct count of|(?:different|distinct|unique)) (?:values of |values in )?(?:the )?(?P<tail>.+?)"
    r"(?: (?:are there|appear|exist))?"
)
_OF_EN = re.compile(rf"(?P<kind>{_ANY})(?: value)?(?: of| in)?(?: the)? (?P<tail>.+)")
_COUNT_ZH = re.compile(
    r"(?:(?:一共|总共|共)?有?(?:多少|几)(?:行|条|条记录|条数据|个记录)(?:数据|记录)?|总?行数|记录数)"
)
_COLUMNS_ZH = re.compile(r"(?:有哪些列|有哪些字段|列名|字段名?|有(?:多少|几)(?:个)?(?:列|字段)|列数)")
_GROUP_ZH = re.compile(
    r"(?:(?:按照?|依|根据)(?P<one>.+?)(?:分组|汇总|统计|分类)?(?:的|,|，|统计|计算)?|(?:各个?|每个?)(?P<two>.+?)的?)"
)
_DISTINCT_ZH = re.compile(
    r"(?P<column>.+?)(?:(?:一共|总共|共)?有(?:多少|几)(?:种|个)(?:不同的?(?:值)?)?"
    r"|的?不同值(?:的)?(?:个数|数量)|去重(?:后的?)?(?:个数|数量|计数))"
)
_OF_ZH = re.compile(rf"(?P<column>.+?)的?(?P<kind>{_ANY})(?:是多少|是什么|为多少|有多少|多少)?")
_PEOPLE_ZH = re.compile(r"(?:人数|数量|个数|行数|记录数|条数)(?:是多少|有多少)?")
_IS_EN = re.compile(r"(?P<column>.+?)(?: is| equals| =|=)\s*(?P<value>.+)")
_IS_ZH = re.compile(r"(?P<column>.+?)(?:为|是|等于|=)(?P<value>.+)")


@dataclass(frozen=True)
class Filter:
    """column: empty where the question names the value alone, which is then looked for."""

    value: str
    column: str = ""


@dataclass(frozen=True)
class FormQuestion:
    """A question of a known form. column, group: names in SQL, empty where it has none."""

    kind: str
    table: TypedTable
    column: str = ""
    group: str = ""
    filter: Filter | None = None


def read_question(question: str, tables: Sequence[TypedTable]) -> FormQuestion | None:
    """Return what a question of a known form asks; None for any other, and where two tables fit."""
    text = _fold(question)
    if not text or len(text) > LONGEST:
        return None
    read = (min(_read(_without_place(text, table), table), key=_doubt, default=None) for table in tables)
    found = [one for one in read if one is not None]
    chosen = [one for one in found if _is_named(text, one.table, tables)] or found
    return chosen[0] if len(chosen) == 1 else None


def _doubt(question: FormQuestion) -> int:
    """Return how much of a reading is a guess: a value that the question names without its column is most."""
    return 0 if question.filter is None else 1 if question.filter.column else 2


def _fold(text: str) -> str:
    text = " ".join(normalize("NFKC", text).casefold().split()).strip(" ?!.。？！；;:")
    return _LEAD.sub("", text, count=1) if _LEAD.match(text) else text


def _without_place(text: str, table: TypedTable) -> str:
    """Return a question without the words that name the table: `in the sheet 2024`, `in sales.xlsx`."""
    for name in sorted(
        {table.title, table.file, table.file.rpartition(".")[0]} - {""}, key=len, reverse=True
    ):
        folded = re.escape(_fold_name(name))
        text = re.sub(
            rf" (?:in|of|from)(?: the)?(?: (?:sheet|table|file))? [\"“]?{folded}[\"”]?(?: sheet| table)?$",
            "",
            text,
        )
        text = re.sub(rf"^{folded}(?:表|工作表)?(?:中|里|的)+", "", text)
    return text.strip()


def _is_named(text: str, table: TypedTable, tables: Sequence[TypedTable]) -> bool:
    return len(tables) > 1 and _without_place(text, table) != text


def _fold_name(name: str) -> str:
    return " ".join(normalize("NFKC", name).casefold().split())


def _read(text: str, table: TypedTable) -> Iterator[FormQuestion]:
    if _COLUMNS_EN.fullmatch(text) or _COLUMNS_ZH.fullmatch(text):
        yield FormQuestion(COLUMNS, table)
    if found := _COUNT_EN.fullmatch(text):
        yield from _with_tail(COUNT, table, "", found["tail"])
    if found := _DISTINCT_EN.fullmatch(text):
        yield from _of_column(DISTINCT, table, found["tail"])
    if found := _OF_EN.fullmatch(text):
        yield from _of_column(_KINDS[found["kind"]], table, found["tail"])
    yield from _read_chinese(text, table)


def _of_column(kind: str, table: TypedTable, text: str) -> Iterator[FormQuestion]:
    """Yield readings of `amount by region for north`: the column, then what limits it."""
    for end in (
        *(found.start() for found in re.finditer(r" (?:by|per|for|where|in|with) ", text)),
        len(text),
    ):
        column = find_column(text[:end], table)
        if column and _fits(kind, column):
            yield from _with_tail(kind, table, column.name, text[end:])


def _with_tail(kind: str, table: TypedTable, column: str, tail: str) -> Iterator[FormQuestion]:
    if not tail:
        yield FormQuestion(kind, table, column)
        return
    if found := re.fullmatch(r" (?:by|per|for each|grouped by)(?: the| each)? (?P<group>.+)", tail):
        text = found["group"]
        for cut in (*(one.start() for one in re.finditer(r" (?:for|where|in|with) ", text)), len(text)):
            group = find_column(text[:cut], table)
            if group and group.name != column:
                condition = read_filter(re.sub(r"^ (?:for|where|in|with)(?: the)? ", "", text[cut:]), table)
                if cut == len(text) or condition:
                    yield FormQuestion(kind, table, column, group.name, condition)
    elif found := re.fullmatch(r" (?:for|where|in|with)(?: the)? (?P<filter>.+)", tail):
        condition = read_filter(found["filter"], table)
        if condition:
            yield FormQuestion(kind, table, column, "", condition)


def _read_chinese(text: str, table: TypedTable) -> Iterator[FormQuestion]:
    if not re.search(r"[\u4e00-\u9fff]", text):
        return
    text = text.replace(" ", "")
    if _COUNT_ZH.fullmatch(text):
        yield FormQuestion(COUNT, table)
    for group, rest in _groups(text, table):
        if not rest or _PEOPLE_ZH.fullmatch(rest):
            if group:
                yield FormQuestion(COUNT, table, "", group)
            continue
        for condition, asked in _conditions(rest, table):
            if _COUNT_ZH.fullmatch(asked) and (condition or group):
                yield FormQuestion(COUNT, table, "", group, condition)
            for kind, name in _asked(asked):
                column = find_column(name, table)
                if column and column.name != group and _fits(kind, column):
                    yield FormQuestion(kind, table, column.name, group, condition)


def _groups(text: str, table: TypedTable) -> Iterator[tuple[str, str]]:
    """Yield the column that a question groups by, and the rest."""
    yield "", text
    for end in range(2, len(text) + 1):
        found = _GROUP_ZH.fullmatch(text[:end])
        column = find_column(found["one"] or found["two"] or "", table) if found else None
        if column:
            yield column.name, text[end:].lstrip("的,，")


def _conditions(text: str, table: TypedTable) -> Iterator[tuple[Filter | None, str]]:
    yield None, text
    for end in (found.start() for found in re.finditer("的", text)):
        condition = read_filter(text[:end], table)
        if condition:
            yield condition, text[end + 1 :]


def _asked(text: str) -> Iterator[tuple[str, str]]:
    if found := _DISTINCT_ZH.fullmatch(text):
        yield DISTINCT, found["column"]
    if found := _OF_ZH.fullmatch(text):
        yield _KINDS[found["kind"]], found["column"]


def _fits(kind: str, column: Column) -> bool:
    if kind in (SUM, MEAN, MEDIAN):
        return column.is_number
    return kind == DISTINCT or column.is_number or column.is_date


def find_column(words: str, table: TypedTable) -> Column | None:
    """Return the column that words name; None where none or several do."""
    wanted = re.sub(r"^the |的$| (?:values?|column)$|列$", "", words.strip(" \"'“”‘’「」")).strip()
    if not wanted:
        return None
    for names in (_whole_names, _last_names):
        found = [
            column
            for column in table.columns
            if wanted in names(column) or _singular(wanted) in names(column)
        ]
        if found:
            return found[0] if len(found) == 1 else None
    return None


def _whole_names(column: Column) -> set[str]:
    name = _fold_name(column.title)
    return {
        name,
        name.replace(" ", ""),
        column.name,
        column.name.replace("_", " "),
        name.replace("_", " "),
    } - {""}


def _last_names(column: Column) -> set[str]:
    return {_fold_name(part) for part in column.title.split(" | ")[-1:]} - {""}


def _singular(word: str) -> str:
    return word.removesuffix("ies") + "y" if word.endswith("ies") else word.removesuffix("s")


def read_filter(words: str, table: TypedTable) -> Filter | None:
    """Return the condition of `region is north` or `north`; None where the words hold no value."""
    words = words.strip(" \"'“”")
    for form in (_IS_EN, _IS_ZH):
        found = form.fullmatch(words)
        column = find_column(found["column"], table) if found else None
        if found and column:
            return Filter(found["value"].strip(" \"'“”"), column.name)
    return Filter(words) if words and not re.search(r"[<>=]|\b(?:and|or|not|than|between)\b", words) else None


def lookup_sql(filter_: Filter, table: TypedTable) -> str:
    """Return the query that counts the rows of each column that could hold the value of a filter."""
    chosen = [
        one for one in table.columns if one.kind in (TEXT, CODE) or (one.kind == INTEGER and _is_year(one))
    ]
    value = literal(filter_.value)
    parts = [
        f"SELECT {literal(one.name)} AS name, count(*) AS n FROM {quoted(table.name)}"
        f" WHERE lower({quoted(one.name)}::VARCHAR) = {value}"
        for one in chosen[:100]
        if not filter_.column or one.name == filter_.column
    ]
    return f"SELECT name FROM ({' UNION ALL '.join(parts)}) AS hits WHERE n > 0" if parts else ""


def _is_year(column: Column) -> bool:
    return bool(re.search(r"year|jahr|année|año|年", column.title, re.IGNORECASE))


def write_sql(question: FormQuestion, filter_column: str = "") -> str:
    """Return the query of a question. filter_column: where its filter's value stands."""
    column, group = quoted(question.column), quoted(question.group)
    measures = {
        SUM: f"sum({column}) AS {quoted(f'sum_of_{question.column}')}",
        MEAN: f"avg({column}) AS {quoted(f'mean_of_{question.column}')}",
        LOW: f"min({column}) AS {quoted(f'minimum_of_{question.column}')}",
        HIGH: f"max({column}) AS {quoted(f'maximum_of_{question.column}')}",
        MEDIAN: f"median({column}) AS {quoted(f'median_of_{question.column}')}",
        DISTINCT: f"count(DISTINCT {column}) AS {quoted(f'distinct_{question.column}')}",
        RANGE: f"min({column}) AS minimum, max({column}) AS maximum",
        COUNT: 'count(*) AS "rows"',
    }
    where = ""
    if question.filter is not None:
        where = f" WHERE lower({quoted(filter_column)}::VARCHAR) = {literal(question.filter.value)}"
    source = f"{measures[question.kind]} FROM {quoted(question.table.name)}{where}"
    if not question.group:
        return f"SELECT {source}"
    return f"SELECT {group}, {source} GROUP BY {group} ORDER BY 2 DESC NULLS LAST, 1"
