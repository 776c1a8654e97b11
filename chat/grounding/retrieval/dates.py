"""Dates: one term for a day or a month in whatever notation it stands, and years as texts write them.

`12Jan60`, `January 12, 1960`, `12.01.1960`, `1960-01-12` and `1960年1月12日` are one day. A date that may be
read in two ways (03/04/2021) is both. Knows no document and no ranking.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from functools import lru_cache

from chat.numbers.cell_values import MONTHS

THIS_CENTURY = 50  # 49 is 2049 and 50 is 1950, as in typed columns
NAME_CHARACTERS, DAY_CHARACTERS = 18, 10  # before a year, and before the name of a month
_FISCAL_YEAR = re.compile(r"\bFY\s?['’]?(20|19)?(\d\d)(?!\d)", re.IGNORECASE)
# Each form begins with digits, which the engine skips to: a million characters take some 60 ms.
_YEAR_FIRST = re.compile(
    r"[12](?<!\d.)\d{3}\s?(?P<sign>[-/.年])\s?(?P<month>\d\d?)"
    r"(?:\s?(?:(?P=sign)|月)\s?(?P<day>\d\d?)[日号號]?)?(?!\d)"
)
_DAY_FIRST = re.compile(
    r"(?P<one>\d(?<![\d.].)\d?)(?P<sign>[-/.])\s?(?P<two>\d\d?)(?P=sign)\s?(?P<year>[12]\d{3}|\d\d)(?!\d)"
)
_LETTER = "[A-Za-zÀ-ÿ]"
# A month's name or a day ends shortly before: without this each number of a table would be looked at.
_NEAR_NAME = "|".join(
    f"(?<={before}.)" for before in (_LETTER, rf"{_LETTER}[-\s.'’/]", rf"{_LETTER}[.,]\s", r"\d,\s", r"\d ")
)
_YEAR = re.compile(rf"\d(?<!\d.)(?:{_NEAR_NAME})(?:(?<=[12])\d{{3}}|\d)(?!\d)")
_NAME = re.compile(
    rf"(?P<name>{_LETTER}{{3,10}})\.?(?:\s(?P<day>\d\d?)(?:st|nd|rd|th)?)?,?[\s'’/-]*(?:del?\s)?$"
)
_DAY = re.compile(r"(?<!\d)(\d\d?)(?:st|nd|rd|th|\.)?[\s-]*(?:(?:de|of)\s)?$")
Written = tuple[int, int, str, str]  # start and end of a date, its term, and that of its month


def spell_years(text: str) -> str:
    """Return a text with the years of FY2018, FY18 and FY'18 written as texts write them."""
    return _FISCAL_YEAR.sub(lambda found: f" {found[1] or '20'}{found[2]} ", text)


def find_dates(text: str) -> Iterator[Written]:
    """Yield the dates of a text with a year and a month, form after form; both readings of 03/04/2021.

    The term is that of the day, or of the month where the date has none.
    """
    for found in _YEAR_FIRST.finditer(text):
        sign, month, day = found["sign"], found["month"], found["day"]
        is_month = sign == "年" or (sign == "-" and len(month) == 2)
        if (day or is_month) and (terms := _terms(found[0][:4], int(month), day)):
            yield *found.span(), *terms
    for found in _DAY_FIRST.finditer(text):
        one, two = found["one"], found["two"]
        for month, day in ((two, one), (one, two))[: 1 if found["sign"] == "." or one == two else 2]:
            if terms := _terms(found["year"], int(month), day):
                yield *found.span(), *terms
    for found in _YEAR.finditer(text):
        at = found.start()
        if (named := _find_name(text, at, found[0])) and (terms := _terms(found[0], *named[1:])):
            yield named[0], found.end(), *terms


def _find_name(text: str, at: int, year: str) -> tuple[int, int, str | None] | None:
    """Return where the date of a year begins, its month and its day; None for no date."""
    found = _NAME.search(text, max(0, at - NAME_CHARACTERS), at)
    month = MONTHS.get(found["name"].casefold()) if found else None
    if not found or not month:
        return None
    start, day = found.start(), found["day"]
    if not day and (before := _DAY.search(text, max(0, start - DAY_CHARACTERS), start)):
        start, day = before.start(), before[1]
    is_year = len(year) == 4 or day or text[at - 1] == "-"
    return (start, month, day) if is_year else None


@lru_cache(maxsize=4_096)
def _terms(digits: str, month: int, day: str | None) -> tuple[str, str] | None:
    """Return the terms of a day and of its month; of the month twice without a day; None for no date."""
    year = int(digits)
    if len(digits) == 2:
        year += 2000 if year < THIS_CENTURY else 1900
    try:
        moment = date(year, month, int(day or 1))
    except ValueError:
        return None
    named = f"~{year * 12 + month:05x}"
    return (f"/{moment.toordinal():05x}" if day else named), named
