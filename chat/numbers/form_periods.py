"""What words say of a time: a day, month, quarter or year, before or after one, or between two.

`on 12 January 1960`, `in March 2024`, `since Q1 2024`, `between March and May 2024`, `2024年3月到5月`. A date
that may be read in two ways (03/04/2021) is none. Knows no table.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache

from chat.documents.written_dates import MONTHS, find_dates

_YEAR = re.compile(r"(?:the )?(?:year )?(?P<year>(?:19|20)\d\d)年?(?:度|全年)?")
_QUARTERS = {
    name: number
    for number, names in enumerate(
        ("1 一 first 1st", "2 二 second 2nd", "3 三 third 3rd", "4 四 fourth 4th"), 1
    )
    for name in names.split()
}
_QUARTER = tuple(
    re.compile(form)
    for form in (
        r"q(?P<quarter>[1-4])[\s/-]?(?P<year>(?:19|20)\d\d)",
        r"(?P<year>(?:19|20)\d\d)[\s/-]?q(?P<quarter>[1-4])",
        r"(?P<year>(?:19|20)\d\d)年第?(?P<quarter>[1-4一二三四])季度?",
        r"(?:the )?(?P<quarter>[a-z]+|[1-4][a-z]{2}) quarter (?:of )?(?P<year>(?:19|20)\d\d)",
    )
)
_BETWEEN = (
    re.compile(r"(?:between |from )?(?P<first>.+?) (?:and|to|until|till|through) (?P<last>.+)"),
    re.compile(r"[在从自]?(?P<first>.+?)(?:到|至|和|与)(?P<last>.+?)(?:之间|期间|间)?"),
)
_AFTER = re.compile(r"(?:after|later than|>) ?(?P<en>.+)|[在晚于]*(?P<zh>.+?)(?:之后|后)")
_SINCE = re.compile(
    r"(?:since|from|not before|no earlier than|>=|≥) ?(?P<en>.+?)(?: on(?:wards?)?)?"
    r"|[自从]*(?P<zh>.+?)(?:起|以来|开始)"
)
_BEFORE = re.compile(r"(?:before|earlier than|prior to|<) ?(?P<en>.+)|[在早于]*(?P<zh>.+?)(?:之前|前)")
_UNTIL = re.compile(
    r"(?:until|till|up to|through|not after|no later than|<=|≤) ?(?P<en>.+)"
    r"|(?:截至|截止到?)(?P<zh>.+?)(?:为止)?"
)
_WITHIN = re.compile(
    r"(?:on |in |during |at |is |= ?|在|于|为|是)?(?:the )?(?P<one>.+?)(?:这一?天|当天|里|内|期间|中)?"
)


@dataclass(frozen=True)
class Period:
    """The days from `first` to before `end`; None where it has no such limit."""

    first: date | None
    end: date | None

    def __str__(self) -> str:
        return f"{self.first or ''}/{self.end or ''}"


@lru_cache(maxsize=4_096)
def read_period(words: str) -> Period | None:
    """Return the days that words say; None where they say something else, or may say two things."""
    if not any(map(str.isdigit, words)):
        return None
    if found := next(_between(words), None):
        return found
    if one := _match(_AFTER, words):
        return Period(one.end, None)
    if one := _match(_SINCE, words):
        return Period(one.first, None)
    if one := _match(_BEFORE, words):
        return Period(None, one.first)
    if one := _match(_UNTIL, words):
        return Period(None, one.end)
    return _match(_WITHIN, words)


def _match(form: re.Pattern[str], words: str) -> Period | None:
    found = form.fullmatch(words)
    parts = [one.strip() for one in found.groups() if one] if found else []
    return _plain(parts[0]) if parts else None


def _between(words: str) -> Iterator[Period]:
    for form in _BETWEEN:
        if found := form.fullmatch(words):
            one, two = found["first"].strip(), found["last"].strip()
            first, last = _plain(_complete(one, two)), _plain(_complete(two, one))
            if first and last and first.first and last.end and first.first < last.end:
                yield Period(first.first, last.end)


def _complete(words: str, other: str) -> str:
    """Return `March` with the year of `May 2024` beside it, `5` with month and year, `5月` with the year."""
    if words in MONTHS and (year := re.search(r"(?:19|20)\d\d$", other)):
        return f"{words} {year[0]}"
    if re.fullmatch(r"\d\d?\.?", words) and (
        rest := re.fullmatch(r"\d\d?\.?( \D+ \d{4}|\d\d?\.\d{4})", other)
    ):
        return words + rest[1]
    if re.fullmatch(r"\d\d?月(?:\d\d?[日号])?", words) and (year := re.match(r"(?:19|20)\d\d年", other)):
        return year[0] + words
    return words


def _plain(words: str) -> Period | None:
    """Return the days of a year, a quarter, a month or a day."""
    if year := _YEAR.fullmatch(words):
        return _months(int(year["year"]), 1, 12)
    for form in _QUARTER:
        found = form.fullmatch(words)
        if found and (quarter := _QUARTERS.get(found["quarter"])):
            return _months(int(found["year"]), 3 * quarter - 2, 3)
    bare = words.removeprefix("the ").removesuffix("份")
    days = {one[2:] for one in find_dates(bare) if (one.start, one.end) == (0, len(bare))}
    if len(days) != 1:
        return None
    ((day, has_day),) = days
    return Period(day, day + timedelta(days=1)) if has_day else _months(day.year, day.month, 1)


def _months(year: int, month: int, count: int) -> Period:
    end = year * 12 + month - 1 + count
    return Period(date(year, month, 1), date(end // 12, end % 12 + 1, 1))
