"""Questions that need no language model to be computed: a fixed set of forms in three languages.

A form is recognised as a whole or not at all: a question with a word that no form has is none, so that no
figure answers another question. docs/numbers.md lists the forms. Pure functions over the columns of tables.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from chat.numbers.column_names import fold_name
from chat.numbers.form_columns import (
    Filter,
    FormQuestion,
    counts_rows,
    find_column,
    find_group,
    find_key,
    is_row_noun,
    is_year,
)
from chat.numbers.form_filters import read_filter
from chat.numbers.form_patterns import (
    BEFORE_TAIL,
    BEFORE_ZH,
    COLUMNS,
    COLUMNS_EN,
    COLUMNS_ZH,
    COUNT,
    COUNT_EN,
    COUNT_ZH,
    DISTINCT,
    DISTINCT_EN,
    DISTINCT_FIRST_ZH,
    DISTINCT_ZH,
    EXCEPTED,
    FIRST_ZH,
    GROUP_ZH,
    HAS_ZH,
    HOW_MANY_EN,
    KINDS,
    LEAD,
    LIMITED,
    LIMITED_IN,
    MEAN,
    MEDIAN,
    OF_EN,
    OF_ZH,
    PEOPLE_ZH,
    SUM,
    THINGS_ZH,
)
from chat.numbers.german_forms import translate_german
from chat.numbers.numeric_cells import is_year as has_year
from chat.numbers.ranked_forms import read_ranked
from chat.numbers.typed_table import Column, TypedTable

LONGEST = 300  # characters of a question


def read_question(question: str, tables: Sequence[TypedTable]) -> FormQuestion | None:
    """Return what a question of a known form asks; None for any other, and where two tables fit."""
    text = _fold(question)
    if not text or len(text) > LONGEST:
        return None
    read = (_choose(_read_placed(text, table)) for table in tables)
    found = [one for one in read if one is not None]
    least = min(map(_doubt, found), default=0)
    found = [one for one in found if _doubt(one) == least]
    chosen = [one for one in found if _is_named(text, one.table, tables)] or found
    return chosen[0] if len(chosen) == 1 else None


def _read_placed(text: str, table: TypedTable) -> list[FormQuestion]:
    """Return the readings without the words that name the table; those with them where they name a column."""
    text = _without_lead(translate_german(text, table))
    return list(_read(_without_place(text, table), table)) or list(_read(text, table))


def _choose(readings: Sequence[FormQuestion]) -> FormQuestion | None:
    """Return the reading that guesses least; None where two that differ guess as little."""
    least = min(map(_doubt, readings), default=0)
    best = [one for one in readings if _doubt(one) == least]
    return best[0] if best and all(one == best[0] for one in best) else None


def _doubt(question: FormQuestion) -> int:
    """Return how much of a reading is a guess: a value that the question names without its column is most."""
    return 0 if question.filter is None else 1 if question.filter.column else 2


def _fold(text: str) -> str:
    text = fold_name(text).strip(" ?!.。？！；;:").removesuffix(" please")
    return _without_lead(text)


def _without_lead(text: str) -> str:
    found = LEAD.match(text)
    return text[found.end() :] if found else text


def _without_place(text: str, table: TypedTable) -> str:
    """Return a question without the words that name the table: `in the sheet 2024`, `in sales.xlsx`."""
    for name in sorted(
        {table.title, table.file, table.file.rpartition(".")[0]} - {""}, key=len, reverse=True
    ):
        folded = re.escape(fold_name(name))
        text = re.sub(
            rf" (?:in|of|from)(?: the)?(?: (?:sheet|table|file))? [\"“]?{folded}[\"”]?(?: sheet| table)?$",
            "",
            text,
        )
        text = re.sub(rf"^{folded}(?:表|工作表)?(?:中|里|的)+", "", text)
    return text.strip()


def _is_named(text: str, table: TypedTable, tables: Sequence[TypedTable]) -> bool:
    return len(tables) > 1 and _without_place(text, table) != text


def _read(text: str, table: TypedTable) -> Iterator[FormQuestion]:
    if COLUMNS_EN.fullmatch(text) or COLUMNS_ZH.fullmatch(text):
        yield FormQuestion(COLUMNS, table)
    if (found := COUNT_EN.fullmatch(text)) and not find_column(text[: found.start("tail")], table):
        yield from _with_tail(COUNT, table, "", found["tail"])
    if found := DISTINCT_EN.fullmatch(text):
        yield from _of_column(DISTINCT, table, found["tail"])
    if found := OF_EN.fullmatch(text):
        named = found["kind"] if not found["of"] else ""
        yield from _of_column(KINDS[found["kind"]], table, found["tail"], named)
        if found["of"].startswith(" value"):  # a column may be called `Value`
            yield from _of_column(KINDS[found["kind"]], table, text[found.start("of") + 1 :])
    if found := HOW_MANY_EN.fullmatch(text):
        yield from _count_things(found["column"], found["tail"], table)
    yield from read_ranked(text, table)
    yield from _read_chinese(text, table)


def _count_things(words: str, tail: str, table: TypedTable) -> Iterator[FormQuestion]:
    """Yield readings of `cities in the north`: different values of a column, or rows that the table is of."""
    column = find_column(words, table) or find_key(words, table)
    if column is None and is_row_noun(words, table):
        yield from _with_tail(COUNT, table, "", tail)
    if column is None or column.is_number or column.is_date:
        return
    for question in _with_tail(DISTINCT, table, column.name, tail):
        limit = question.filter
        is_single = bool(limit and limit.sign != "=" and not question.group)  # one row of it, or all of them?
        yield replace(question, is_single=is_single)


def _of_column(kind: str, table: TypedTable, text: str, word: str = "") -> Iterator[FormQuestion]:
    """Yield readings of `amount by region for north`: the column, then what limits it.

    word: the word before it, where nothing stands between: `average price` may be the name of a column.
    """
    for end in (
        *(found.start() for found in BEFORE_TAIL.finditer(text)),
        len(text),
    ):
        column = find_column(text[:end], table)
        if word and find_column(f"{word} {text[:end]}", table):
            continue
        if column and _fits(kind, column):
            yield from _with_tail(kind, table, column.name, text[end:])


def _with_tail(kind: str, table: TypedTable, column: str, tail: str) -> Iterator[FormQuestion]:
    if not tail:
        yield FormQuestion(kind, table, column)
        return
    if found := re.fullmatch(r" (?:by|per|for each|grouped by)(?: the| each)? (?P<group>.+)", tail):
        text = found["group"]
        for cut in (*(one.start() for one in re.finditer(r" (?:for|where|in|with) ", text)), len(text)):
            group, part = find_group(text[:cut], table)
            if group and group != column:
                condition = read_filter(re.sub(r"^ (?:for|where|in|with)(?: the)? ", "", text[cut:]), table)
                if cut == len(text) or condition:
                    yield FormQuestion(kind, table, column, group, condition, part)
    elif found := EXCEPTED.fullmatch(tail):
        condition = read_filter(f"other than {found['filter']}", table)
        if condition:
            yield FormQuestion(kind, table, column, "", condition)
    elif found := LIMITED.fullmatch(tail):
        grouped = list(_filtered_groups(kind, table, column, found["filter"]))
        condition = read_filter(found["filter"], table)
        if (within := LIMITED_IN.fullmatch(tail)) and (named := read_filter(within["filter"], table)):
            condition = named if named.column else condition
        if condition and not grouped:
            yield FormQuestion(kind, table, column, "", condition)
        yield from grouped


def _filtered_groups(kind: str, table: TypedTable, column: str, text: str) -> Iterator[FormQuestion]:
    """Yield readings of `north by product`: a value, then what is grouped by."""
    for cut in re.finditer(r" (?:by|per|for each|grouped by)(?: the| each)? ", text):
        group, part = find_group(text[cut.end() :], table)
        condition = read_filter(text[: cut.start()], table)
        if group and group != column and condition:
            yield FormQuestion(kind, table, column, group, condition, part)


def _read_chinese(text: str, table: TypedTable) -> Iterator[FormQuestion]:
    if not re.search(r"[\u4e00-\u9fff]", text):
        return
    text = text.replace(" ", "")
    if COUNT_ZH.fullmatch(text):
        yield FormQuestion(COUNT, table)
    for given, grouped in ((None, text), *_before_groups(text, table)):
        for group, part, rest in _groups(grouped, table):
            if group or given is None:
                yield from _read_rest(FormQuestion("", table, "", group, given, part), rest)


def _before_groups(text: str, table: TypedTable) -> Iterator[tuple[Filter, str]]:
    """Yield what limits `2024年各地区的销售额总和`, and the rest."""
    for found in re.finditer("[各按每]", text):
        condition = read_filter(text[: found.start()], table) if found.start() else None
        if condition:
            yield condition, text[found.start() :]


def _read_rest(known: FormQuestion, rest: str) -> Iterator[FormQuestion]:
    """Yield readings of what is asked of a group, or of all rows."""
    table, group = known.table, known.group
    if not rest or PEOPLE_ZH.fullmatch(rest):
        if group:
            yield from _count_people(known, rest)
        return
    for condition, asked in _conditions(rest, table):
        if condition and known.filter:
            continue
        limit = condition or known.filter
        if (limit or group) and (COUNT_ZH.fullmatch(asked) or PEOPLE_ZH.fullmatch(asked)):
            yield from _count_people(replace(known, filter=limit), asked)
        for kind, name in _asked(asked, table):
            column = find_column(name, table) or (find_key(name, table) if kind == DISTINCT else None)
            if column and column.name != group and _fits(kind, column):
                is_single = bool(kind == DISTINCT and limit and limit.sign != "=" and not group)
                yield replace(known, kind=kind, column=column.name, filter=limit, is_single=is_single)


def _count_people(known: FormQuestion, words: str) -> Iterator[FormQuestion]:
    """Yield the reading of `有多少人`: a number of rows, or the sum of a column that counts people."""
    column = find_column("人数", known.table)
    if counts_rows(words, known.table):
        yield replace(known, kind=COUNT)
    elif column and column.is_number and "人" in words:
        yield replace(known, kind=SUM, column=column.name)


def _groups(text: str, table: TypedTable) -> Iterator[tuple[str, str, str]]:
    """Yield the column that a question groups by, the part of its dates, and the rest."""
    yield "", "", text
    for end in range(2, len(text) + 1):
        found = GROUP_ZH.fullmatch(text[:end])
        column, part = find_group(found["one"] or found["two"] or "", table) if found else ("", "")
        if column:
            yield column, part, text[end:].lstrip("的,，")


def _conditions(text: str, table: TypedTable) -> Iterator[tuple[Filter | None, str]]:
    yield None, text
    marks = [found.start() for found in re.finditer("的", text)]
    for end in marks:
        condition = read_filter(text[:end], table)
        if condition:
            yield condition, text[end + 1 :]
    if not marks:
        yield from _leading_values(text, table)
    for found in HAS_ZH.finditer(text):
        words = text[: found.start()].removesuffix("的")
        condition = read_filter(words, table) if found.end() == len(text) else None
        if condition and not (condition.column and "的" in condition.value):
            yield condition, found.group()


def _leading_values(text: str, table: TypedTable) -> Iterator[tuple[Filter, str]]:
    """Yield readings of `销售部工资总额`: a value directly before what is asked of it."""
    for end in range(1, len(text)):
        condition, rest = read_filter(text[:end], table), text[end:]
        if condition is None:
            continue
        if PEOPLE_ZH.fullmatch(rest):
            yield condition, rest
            return
        if any(find_column(name, table) for _, name in _asked(rest, table)):
            yield condition, rest


def _asked(text: str, table: TypedTable) -> Iterator[tuple[str, str]]:
    if (found := FIRST_ZH.fullmatch(text)) and not find_column(found["kind"] + found["column"], table):
        yield BEFORE_ZH[found["kind"]], found["column"]
    if found := DISTINCT_FIRST_ZH.fullmatch(text):
        yield DISTINCT, found["column"]
    if found := DISTINCT_ZH.fullmatch(text):
        yield DISTINCT, found["column"]
    if (found := THINGS_ZH.fullmatch(text)) and not find_column(text, table):
        yield DISTINCT, found["column"]
    if found := OF_ZH.fullmatch(text):
        yield KINDS[found["kind"]], found["column"]


def _fits(kind: str, column: Column) -> bool:
    if kind == SUM and is_year(column) and has_year(column.low) and has_year(column.high):
        return False  # years add up to nothing
    if kind in (SUM, MEAN, MEDIAN):
        return column.is_number
    return kind == DISTINCT or column.is_number or column.is_date
