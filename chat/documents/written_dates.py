"""Dates as texts write them: `12Jan60`, `January 12, 1960`, `12.01.1960`, `1960-01-12`, `1960年1月12日`.

A date that may be read in two ways (03/04/2021) is both. Pure functions over a text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from functools import lru_cache
from typing import NamedTuple

THIS_CENTURY = 50  # 49 is 2049 and 50 is 1950, as in typed columns
NAME_CHARACTERS, DAY_CHARACTERS = 18, 10  # before a year, and before the name of a month
MONTHS = {
    name: number
    for number, names in enumerate(
        (
            "jan january januar jänner janvier janv enero ene gennaio janeiro",
            "feb february februar février fevr févr febrero febbraio fevereiro",
            "mar march märz mrz mars marzo março",
            "apr april avril avr abril abr aprile",
            "may mai mayo maggio maio",
            "jun june juni juin junio giugno junho",
            "jul july juli juillet juil julio luglio julho",
            "aug august août aout agosto ago",
            "sep sept september septembre septiembre settembre setembro",
            "oct october okt oktober octobre octubre ottobre outubro",
            "nov november novembre noviembre novembro",
            "dec december dez dezember décembre déc diciembre dic dicembre dezembro",
        ),
        1,
    )
    for name in names.split()
}
# Each form begins with digits, which the engine skips to: a million characters take some 60 ms.
_YEAR_FIRST = re.compile(
    r"[12](?<!\d.)\d{3}\s?(?P<sign>[-/.年])\s?(?P<month>\d\d?)"
    r"(?:\s?(?:(?P=sign)|月)\s?(?P<day>\d\d?)[日号號]?|\s?月)?(?!\d)"
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


class WrittenDate(NamedTuple):
    """A date from `start` to `end` of a text. day: the first of the month where `has_day` is false."""

    start: int
    end: int
    day: date
    has_day: bool


def find_dates(text: str) -> Iterator[WrittenDate]:
    """Yield the dates of a text with a year and a month, form after form; both readings of 03/04/2021."""
    for found in _YEAR_FIRST.finditer(text):
        sign, month, day = found["sign"], found["month"], found["day"]
        is_month = sign == "年" or (sign == "-" and len(month) == 2)
        if (day or is_month) and (moment := _day(found[0][:4], int(month), day)):
            yield WrittenDate(*found.span(), moment, bool(day))
    for found in _DAY_FIRST.finditer(text):
        one, two = found["one"], found["two"]
        for month, day in ((two, one), (one, two))[: 1 if found["sign"] == "." or one == two else 2]:
            if moment := _day(found["year"], int(month), day):
                yield WrittenDate(*found.span(), moment, bool(day))
    for found in _YEAR.finditer(text):
        at = found.start()
        start, month, named = _find_name(text, at, found[0])
        if month and (moment := _day(found[0], month, named)):
            yield WrittenDate(start, found.end(), moment, bool(named))


def _find_name(text: str, at: int, year: str) -> tuple[int, int, str | None]:
    """Return where the date of a year begins, its month, 0 for no date, and its day."""
    found = _NAME.search(text, max(0, at - NAME_CHARACTERS), at)
    month = MONTHS.get(found["name"].casefold()) if found else None
    if not found or not month:
        return at, 0, None
    start, day = found.start(), found["day"]
    if not day and (before := _DAY.search(text, max(0, start - DAY_CHARACTERS), start)):
        start, day = before.start(), before[1]
    is_year = len(year) == 4 or day or text[at - 1] == "-"
    return start, month if is_year else 0, day


@lru_cache(maxsize=4_096)
def _day(digits: str, month: int, day: str | None) -> date | None:
    """Return a day, the first of the month where it has none; None for no date."""
    year = int(digits)
    if len(digits) == 2:
        year += 2000 if year < THIS_CENTURY else 1900
    try:
        return date(year, month, int(day or 1))
    except ValueError:
        return None
