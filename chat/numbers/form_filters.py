"""What limits the rows of a question: `north`, `status is open`, `2023`, `年龄大于40`, and several of them.

Words are read here without the table's cells, so each is a guess until the cells are looked up
(chat.numbers.form_sql): `alternatives` are the ways to read words, `resolve` chooses the one that the cells
allow. Pure functions over a table.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import combinations

from chat.numbers.cell_values import parse_number
from chat.numbers.form_columns import Filter, find_column, is_year, only_date
from chat.numbers.form_patterns import IS_EN, IS_ZH
from chat.numbers.form_periods import Period, read_period
from chat.numbers.typed_table import INTEGER, PERCENTAGE, Column, TypedTable

MOST_CUTS = 2  # of words into the values of several columns
LONGEST_CUT = 60  # characters
MOST_ALTERNATIVES = 60
SIGNS = {
    ">=": r">=|≥|at least|no less than|greater than or equal to|大于等于|不低于|不少于|不小于|至少",
    "<=": r"<=|≤|at most|no more than|less than or equal to|小于等于|不超过|不高于|不多于|不大于|至多|最多",
    ">": r">|more than|greater than|higher than|larger than|over|above|大于|超过|高于|多于",
    "<": r"<|less than|fewer than|lower than|smaller than|under|below|小于|低于|少于",
}
BETWEEN = (
    re.compile(r"(?P<column>.+?) (?:is |are |was )?(?:between|from) (?P<low>.+?) (?:and|to) (?P<high>.+)"),
    re.compile(r"(?P<column>.+?)(?:在|介于|处于)(?P<low>.+?)(?:到|至|和|与|~|-)(?P<high>.+?)(?:之间|间)"),
)
NOT = re.compile(
    r"(.+?)(?: is not| isn't| are not| not| does not equal)(?: equal to)? (.+)"
    r"|(.+?)\s*(?:!=|<>|≠|不是|不为|不等于)\s*(.+)"
)
OTHER = re.compile(
    r"(?:not|other than)(?: the| in| from)* (.+)|(?:不在|不是|非|除了?)(.+?)(?:[以之]?外)?|(.+?)[以之]外"
)
SIGNED = (("<", re.compile(r"(?P<column>.+?)(?: (?:is|are|was) negative|[为是]负数?)")),
          (">", re.compile(r"(?P<column>.+?)(?: (?:is|are|was) positive|[为是]正数?)")))  # fmt: skip
COMPARED = tuple(
    (sign, re.compile(rf"(?P<column>.+?)\s*(?:is |are |was |of )?(?:{words})\s*(?P<number>.+)"))
    for sign, words in SIGNS.items()
)
EMPTY_EN = re.compile(r"(?:no value (?:in|for)|an empty|a missing|missing|empty) (?:the )?(?P<column>.+)")
EMPTY_ZH = re.compile(r"(?P<column>.+?)(?:为空|是空|空缺|缺失|没有值|无值)")
SCALED = re.compile(r"[万亿千]|thousand|million|billion|\bmio|\bmrd|\btsd|000", re.IGNORECASE)
CUT_EN = re.compile(r" (?:in|for|with|where|and)(?: the)? | (?=(?:after|before|since|between|until|on) )")
JOINT_ZH = re.compile(r"^(?:的|且|并且|而且|中|里)+|(?:的|且|并且|中|里)+$")
NEGATED = r"[<>=≠]|不|\b(?:and|or|not|than|between|except|without)\b"


def read_filter(words: str, table: TypedTable) -> Filter | None:
    """Return the condition of `region is north` or `north`; None where the words hold no value."""
    words = words.strip(" \"'“”").removesuffix("的")
    for read in (_date_filter, _comparison, _emptiness, _difference):
        if limit := read(words, table):
            return limit
    for form in (IS_EN, IS_ZH):
        found = form.fullmatch(words)
        column = find_column(found["column"], table) if found else None
        if found and column and column.is_number and (value := _number(found["value"], column, table)):
            return Filter(value, column.name, sign="==")
        if found and column:
            return Filter(found["value"].strip(" \"'“”"), column.name)
    if named := _name_filter(words, table):
        return named
    return Filter(words) if words and not re.search(NEGATED, words) else None


def _date_filter(words: str, table: TypedTable) -> Filter | None:
    """Return the condition of `in march 2024` where one column says when, and `day after 1 May 2024`."""
    column, period = only_date(table), read_period(words)
    if column and period:
        is_of_years = any(map(is_year, table.columns)) and _has_whole_years(period)
        return None if is_of_years else Filter(str(period), column.name, "period")
    if period and (in_years := _year_filter(period, table)) and not re.fullmatch(r"\d{4}", words):
        return in_years
    if not any(map(str.isdigit, words)) or not any(column.is_date for column in table.columns):
        return None
    spaces = [found.start() for found in re.finditer(" ", words)]
    for at in spaces if words.isascii() else range(1, len(words)):
        column = find_column(words[:at].removesuffix(" is"), table)
        period = read_period(words[at:].strip()) if column and column.is_date else None
        if column and period:
            return Filter(str(period), column.name, "period")
    return None


def _year_filter(period: Period, table: TypedTable) -> Filter | None:
    """Return the condition of `since 2020` in a table without dates and with one column of years."""
    years = [one for one in table.columns if is_year(one) and one.kind == INTEGER]
    if len(years) != 1 or not _has_whole_years(period) or any(one.is_date for one in table.columns):
        return None
    (column,) = years
    first, last = (period.first and period.first.year), (period.end and period.end.year - 1)
    if first and last:
        return Filter(f"{first}/{last}", column.name, sign="between")
    return Filter(str(first or last), column.name, sign=">=" if first else "<=")


def _has_whole_years(period: Period) -> bool:
    return all(day is None or (day.month, day.day) == (1, 1) for day in (period.first, period.end))


def _comparison(words: str, table: TypedTable) -> Filter | None:
    """Return the condition of `amount over 1,000` and `年龄大于40岁`, for a column of numbers."""
    for form in BETWEEN:
        found = form.fullmatch(words)
        column = find_column(found["column"], table) if found else None
        if found and column and column.is_number:
            low, high = (_number(found[name], column, table) for name in ("low", "high"))
            return Filter(f"{low}/{high}", column.name, sign="between") if low and high else None
    for sign, form in (*COMPARED, *SIGNED):
        found = form.fullmatch(words)
        column = find_column(found["column"], table) if found else None
        if found and column and column.is_number:
            value = _number(found["number"], column, table) if "number" in form.groupindex else "0"
            return Filter(value, column.name, sign=sign) if value else None
    return None


def _number(words: str, column: Column, table: TypedTable) -> str:
    """Return the number of words as the column has it; empty for none, or one that two units fit."""
    bare = words.strip()
    number = parse_number(bare) or parse_number(
        re.sub(r"(?<=[\d万亿])(?:[岁元个人条件年分家]|euros?)$", "", bare)
    )
    is_plain = re.fullmatch(r"[\d.,\s%-]+", bare) is not None
    if re.fullmatch(r"[1-9]\d{0,2}\.\d{3}", bare):  # a thousand in some languages, one in others
        return ""
    if number is None or number.is_percent != (column.kind == PERCENTAGE):
        return ""
    around = [one.text for one in table.left if one.role in ("title", "header", "note")]
    if not is_plain and any(map(SCALED.search, (column.title, *around))):  # `5亿` in a table in 万元
        return ""
    return str(number.value / 100 if column.unit == "fraction" else number.value)


def _difference(words: str, table: TypedTable) -> Filter | None:
    """Return the condition of `region is not north`, `not north` and `北京以外`."""
    found = NOT.fullmatch(words)
    parts = [one for one in found.groups() if one] if found else []
    column = find_column(parts[0], table) if parts else None
    if column and column.is_number:
        value = _number(parts[1], column, table)
        return Filter(value, column.name, sign="IS DISTINCT FROM") if value else None
    if column and not re.search(NEGATED, parts[1]):
        return Filter(parts[1].strip(" \"'“”"), column.name, sign="!=")
    found = OTHER.fullmatch(words)
    other = read_filter(next(one for one in found.groups() if one), table) if found else None
    return replace(other, sign="!=") if other and other.sign == "=" and not other.part else None


def _emptiness(words: str, table: TypedTable) -> Filter | None:
    """Return the condition of `no value in amount` and `工资为空`."""
    for form in (EMPTY_EN, EMPTY_ZH):
        found = form.fullmatch(words)
        column = find_column(found["column"], table) if found else None
        if column:
            return Filter("", column.name, sign="empty")
    return None


def _name_filter(words: str, table: TypedTable) -> Filter | None:
    """Return the condition of `region north` and `north region`: a column beside the value."""
    spaces = [found.start() for found in re.finditer(" ", words)]
    pairs = [(words[:at], words[at + 1 :]) for at in spaces]
    for name, value in (*reversed(pairs), *((two, one) for one, two in pairs)):
        column = find_column(name, table)
        if column and value.strip(" \"'“”") and not re.search(NEGATED, value):
            return Filter(value.strip(" \"'“”"), column.name)
    return None


def alternatives(condition: Filter, table: TypedTable) -> list[tuple[Filter, ...]]:
    """Return the ways to read a condition, the plainest first: as it is, singular, as several."""
    found: list[tuple[Filter, ...]] = [(condition,)]
    if condition.part or condition.sign not in ("=", "!="):
        return found
    words = condition.value
    found += [(replace(condition, value=one),) for one in _singular_words(words)]
    if condition.sign == "!=":
        return found
    found += [(one,) for one in _joined(condition, table)]
    if len(words) <= LONGEST_CUT:
        found += _several(condition, table)
    return found[:MOST_ALTERNATIVES]


def _singular_words(words: str) -> Iterator[str]:
    if words.isascii() and len(words) > 3 and words.endswith("s"):
        yield words[:-1]
        if words.endswith("ies"):
            yield words[:-3] + "y"
    for noun in ("员工", "生"):
        if words.endswith(noun) and len(words) > len(noun):
            yield words.removesuffix(noun).removesuffix("的")


def _joined(condition: Filter, table: TypedTable) -> Iterator[Filter]:
    """Yield the readings of `绩效A`: a column directly before its value."""
    words = condition.value
    if not condition.column and re.search(r"[\u4e00-\u9fff]", words):
        for at in range(1, len(words)):
            if column := find_column(words[:at], table):
                yield Filter(words[at:], column.name)


def _several(condition: Filter, table: TypedTable) -> Iterator[tuple[Filter, ...]]:
    """Yield readings as conditions on several columns: `desk lamp in north in 2023`, `北京研发部`."""
    words = condition.value
    cuts = [found.span() for found in CUT_EN.finditer(words)]
    if re.search(r"[\u4e00-\u9fff]", words):
        cuts += [(at, at) for at in range(1, len(words))]
    for count in range(1, MOST_CUTS + 1):
        for chosen in combinations(sorted(cuts), count):
            starts, ends = [0, *(end for _, end in chosen)], [*(start for start, _ in chosen), len(words)]
            parts = [JOINT_ZH.sub("", words[a:b].strip()) for a, b in zip(starts, ends, strict=True)]
            read = [read_filter(part, table) for part in parts if part]
            if len(read) == count + 1 and read[0] is not None and condition.column:
                compared = _comparison(f"{condition.column} {parts[0]}", table)
                read[0] = compared or Filter(parts[0], condition.column)
            if len(read) == count + 1 and all(read):
                yield tuple(one for one in read if one is not None)


def resolve(
    ways: Sequence[tuple[Filter, ...]], columns: Mapping[str, Sequence[str]]
) -> tuple[Filter, ...] | None:
    """Return the first reading whose values each stand in one column; None where several differ.

    columns: where each value stands.
    """
    several = list[tuple[Filter, ...]]()
    for way in ways:
        places = [_places(one, columns) for one in way]
        if len(way) == 1 and len(places[0]) > 1:
            return None
        if all(len(one) == 1 for one in places):
            known = tuple(replace(one, column=place[0]) for one, place in zip(way, places, strict=True))
            if len(way) == 1:
                return known
            if len({one.column for one in known}) == len(known):
                several.append(known)
    distinct = {frozenset(one) for one in several}
    return several[0] if len(distinct) == 1 else None


def _places(condition: Filter, columns: Mapping[str, Sequence[str]]) -> Sequence[str]:
    if condition.part or condition.sign not in ("=", "!="):
        return [condition.column]
    return [one for one in columns.get(condition.value, ()) if condition.column in ("", one)]
