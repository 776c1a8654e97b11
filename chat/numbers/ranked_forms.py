"""Questions for the first of several (`which region has the highest total amount`), shares and values.

Pure functions over the columns of a table. Chinese words stand without spaces.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
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
)
from chat.numbers.form_filters import read_filter
from chat.numbers.form_patterns import (
    BEFORE_TAIL,
    COUNT,
    DISTINCT,
    FIRST_EN,
    FIRST_ROW_ZH,
    HIGH,
    KINDS,
    LIMITED,
    LOW,
    MEAN,
    MEASURE_EN,
    MEDIAN,
    MOST_EN,
    NAME,
    NUMBERS,
    NUMBERS_ZH,
    OF_ZH,
    PEOPLE_ROWS_ZH,
    PEOPLE_ZH,
    ROW_IS_ZH,
    ROWS,
    SHARE,
    SHARE_EN,
    SHARE_ZH,
    SUM,
    SUM_SHARE_EN,
    SUM_SHARE_ZH,
    TOP,
    TOP_EN,
    TOP_ZH,
    VALUES,
    VALUES_EN,
    VALUES_ZH,
    VERB_EN,
    WAY_ZH,
    WHICH_EN,
    WHICH_VALUES_EN,
    WHICH_VALUES_ZH,
    WHICH_ZH,
    WHO_EN,
    WITH_MOST_EN,
)
from chat.numbers.typed_table import CODE, PERCENTAGE, TEXT, TypedTable

MOST_FIRST = 100
LOW_WAYS = {"bottom", *(way for way, is_low in (MOST_EN | WAY_ZH).items() if is_low)}
SUMMED = (SUM, MEAN, MEDIAN)
Measure = tuple[str, str, bool]  # kind, column, whether each group must stand in one row


def read_ranked(text: str, table: TypedTable) -> Iterator[FormQuestion]:
    """Yield the readings of a question for the first of several, a share, or the values of a column."""
    yield from _english(text, table)
    if re.search(r"[\u4e00-\u9fff]", text):
        yield from _chinese(text.replace(" ", ""), table)


def _english(text: str, table: TypedTable) -> Iterator[FormQuestion]:
    if found := WHICH_EN.fullmatch(text):
        for what, condition in _limited(found["what"], table):
            measures = list(_measures(what, table)) or list(_counted(what, found["way"], table))
            measures = [_summed(one, found["way"], table) for one in measures]
            for question in _groups(found["group"], measures, table, 1, found["way"]):
                yield replace(question, filter=condition)
    if (
        (found := VERB_EN.fullmatch(text))
        and (column := find_column(found["what"], table))
        and column.is_number
    ):
        yield from _groups(found["group"], [(SUM, column.name, False)], table, 1, found["way"])
    for form in (TOP_EN, WITH_MOST_EN):
        if found := form.fullmatch(text):
            limit = int(NUMBERS.get(found["limit"], found["limit"]))
            measures = list(_measures(found["what"], table))
            group = found["group"] or ""
            if (
                not group
                or re.fullmatch(ROWS, group)
                or (is_row_noun(group, table) and not find_key(group, table))
            ):
                yield from _rows(measures, table, limit, found["way"])
            else:
                yield from _groups(group, measures, table, limit, found["way"])
    if found := FIRST_EN.fullmatch(text):
        limit = int(NUMBERS.get(found["limit"], found["limit"]))
        yield from _rows(list(_measures(found["what"], table)), table, limit, found["way"])
    if (found := WHO_EN.fullmatch(text)) and (not found["who"] or _has_names(table)):
        yield from _rows(list(_measures(found["what"], table)), table, 1, found["way"])
    if found := SHARE_EN.fullmatch(text):
        yield from _shares(found["filter"] or "", found["group"] or "", table)
    for form in SUM_SHARE_EN:
        if found := form.fullmatch(text):
            parts = found.groupdict()
            yield from _sum_shares(found["what"], parts["filter"] or "", parts.get("group") or "", table)
    yield from _english_values(text, table)


def _english_values(text: str, table: TypedTable) -> Iterator[FormQuestion]:
    if found := VALUES_EN.fullmatch(text):
        yield from _values(found["one"] or found["two"], table)
    if (found := WHICH_VALUES_EN.fullmatch(text)) and not WHICH_EN.fullmatch(text):
        for words, condition in _limited(found["what"], table):
            yield from _values(words, table, condition) if condition else ()


def _limited(words: str, table: TypedTable) -> Iterator[tuple[str, Filter | None]]:
    """Yield the readings of `amount in 2023`: what is measured, and what limits the rows."""
    yield words, None
    for cut in BEFORE_TAIL.finditer(words):
        found = LIMITED.fullmatch(words[cut.start() :])
        condition = read_filter(found["filter"], table) if found else None
        if condition:
            yield words[: cut.start()], condition


def _chinese(text: str, table: TypedTable) -> Iterator[FormQuestion]:
    if found := WHICH_ZH.fullmatch(text):
        whole = found["group"] + found["what"]
        for cut in range(1, len(whole)):
            measures = list(_measures_zh(whole[cut:].lstrip("的"), table))
            yield from _groups(whole[:cut].rstrip("的"), measures, table, 1, found["way"])
    if found := TOP_ZH.fullmatch(text):
        limit = int(NUMBERS_ZH.get(found["limit"], found["limit"]))
        measures = list(_measures_zh(found["what"].rstrip("的"), table))
        is_of_people = PEOPLE_ROWS_ZH.fullmatch(found["group"]) and _has_names(table)
        if found["group"] and not is_of_people:
            yield from _groups(found["group"], measures, table, limit, found["way"])
        else:
            yield from _rows(measures, table, limit, found["way"])
    if (found := FIRST_ROW_ZH.fullmatch(text)) and (not found["who"] or _has_names(table)):
        yield from _rows(list(_measures_zh(found["what"].rstrip("的"), table)), table, 1, found["way"])
    if found := ROW_IS_ZH.fullmatch(text):
        measures = list(_measures_zh(found["what"].rstrip("的"), table))
        yield from _groups(found["group"], measures, table, 1, found["way"])
    found = SUM_SHARE_ZH.fullmatch(text)
    sums = list(_sum_shares_zh(found["what"], found["all"] or "", table)) if found else []
    yield from sums
    if not sums and (found := SHARE_ZH.fullmatch(text)) and counts_rows(text, table):
        yield from _shares(found["filter"], "", table)
    if found := VALUES_ZH.fullmatch(text):
        yield from _values(found["one"] or found["two"], table)
    if found := WHICH_VALUES_ZH.fullmatch(text):
        condition = read_filter(found["before"] or found["limit"] or found["behind"], table)
        words = found["one"] or found["two"] or found["three"]
        yield from _values(words, table, condition) if condition else ()


def _measures(words: str, table: TypedTable) -> Iterator[Measure]:
    """Yield what `total amount`, `rows` or `amount` can measure."""
    if re.fullmatch(ROWS, words):
        yield COUNT, "", False
    if column := find_column(words, table):
        if column.is_number or column.is_date:
            yield HIGH, column.name, True
        return
    found = MEASURE_EN.fullmatch(words)
    column = find_column(found["column"], table) if found else None
    if found and column and column.is_number and KINDS[found["kind"]] in SUMMED:
        yield KINDS[found["kind"]], column.name, False


def _has_names(table: TypedTable) -> bool:
    """Is each row that of a person, with a name? Else `who` may ask for a sum of several rows."""
    return any(NAME.fullmatch(fold_name(column.title)) for column in table.columns)


def _counted(words: str, way: str, table: TypedTable) -> Iterator[Measure]:
    """Yield the measure of `the most products`: how many different ones."""
    column = find_column(words, table) if way in ("most", "fewest") else None
    if column and column.kind in (CODE, TEXT):
        yield DISTINCT, column.name, False


def _measures_zh(words: str, table: TypedTable) -> Iterator[Measure]:
    if column := find_column(words, table):
        if column.is_number or column.is_date:
            yield HIGH, column.name, True
        return
    if PEOPLE_ZH.fullmatch(words) and counts_rows(words, table):
        yield COUNT, "", False
    for mark, kind in (("平均", MEAN), ("总", SUM), ("總", SUM)):
        column = find_column(words.removeprefix(mark).lstrip("的"), table) if words.startswith(mark) else None
        if column and column.is_number:
            yield kind, column.name, False
    found = OF_ZH.fullmatch(words)
    column = find_column(found["column"], table) if found else None
    if found and column and column.is_number and KINDS[found["kind"]] in SUMMED:
        yield KINDS[found["kind"]], column.name, False


def _groups(
    words: str, measures: list[Measure], table: TypedTable, limit: int, way: str
) -> Iterator[FormQuestion]:
    group, part = find_group(words, table)
    key = None if group else find_key(words, table)
    group = key.name if key else group
    if not group or not 0 < limit <= MOST_FIRST:
        return
    is_low = way in LOW_WAYS
    for kind, column, is_single in measures:
        if column != group and not (part and is_single):
            found = LOW if is_low and is_single else kind
            yield FormQuestion(found, table, column, group, None, part, limit, is_low, is_single)


def _rows(measures: list[Measure], table: TypedTable, limit: int, way: str) -> Iterator[FormQuestion]:
    for _, column, is_single in measures:
        if is_single and 0 < limit <= MOST_FIRST:
            yield FormQuestion(TOP, table, column, limit=limit, is_lowest=way in LOW_WAYS)


def _shares(words: str, group: str, table: TypedTable) -> Iterator[FormQuestion]:
    condition = read_filter(words, table) if words else None
    if condition:
        yield FormQuestion(SHARE, table, "", "", condition)
    name, part = find_group(group, table) if group else ("", "")
    if name:
        yield FormQuestion(SHARE, table, "", name, None, part)


def _sum_shares(what: str, words: str, group: str, table: TypedTable) -> Iterator[FormQuestion]:
    """Yield the share of a sum: of the rows that words name, or of each group."""
    column = find_column(what, table)
    if column and column.is_number and column.kind != PERCENTAGE:
        yield from (replace(one, column=column.name) for one in _shares(words, group, table))


def _sum_shares_zh(what: str, whole: str, table: TypedTable) -> Iterator[FormQuestion]:
    """Yield the readings of `北京的销售额占总销售额` and `各城市的销售额`."""
    for cut in range(1, len(what)):
        column, words = find_column(what[cut:], table), what[:cut].removesuffix("的")
        if column and (not whole or find_column(whole, table) == column):
            group = words[1:].removeprefix("个") if words[0] in "各每" else ""
            yield from _sum_shares(column.name, "" if group else words, group, table)


def _summed(measure: Measure, way: str, table: TypedTable) -> Measure:
    """Return the sum for `the most units`; `the highest amount` may be that of one row."""
    column = table.column(measure[1])
    is_amount = way in ("most", "least", "fewest") and column and column.is_number
    return (SUM, measure[1], False) if is_amount and column and column.kind != PERCENTAGE else measure


def _values(words: str, table: TypedTable, limit: Filter | None = None) -> Iterator[FormQuestion]:
    """Yield the reading that asks for the values of a column, of all rows or of those within a limit."""
    column = find_column(words, table) or (find_key(words, table) if limit else None)
    if column and not column.is_number and not column.is_date:
        is_single = bool(limit and limit.sign != "=")  # one row of it, or all of them?
        yield FormQuestion(VALUES, table, column.name, filter=limit, is_single=is_single)
