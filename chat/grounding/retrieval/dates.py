"""Dates in a search: one term for a day or a month in any notation, and years as texts write them.

Knows no document and no ranking.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from functools import lru_cache

from chat.documents.written_dates import find_dates

_FISCAL_YEAR = re.compile(r"\bFY\s?['’]?(20|19)?(\d\d)(?!\d)", re.IGNORECASE)
DatedTerms = tuple[int, int, str, str]  # start and end of a date, its term, and that of its month


def spell_years(text: str) -> str:
    """Return a text with the years of FY2018, FY18 and FY'18 written as texts write them."""
    return _FISCAL_YEAR.sub(lambda found: f" {found[1] or '20'}{found[2]} ", text)


def find_dated_terms(text: str) -> Iterator[DatedTerms]:
    """Yield the terms of the dates of a text; the term is that of the month where a date has no day."""
    for start, end, day, has_day in find_dates(text):
        yield start, end, *_terms(day, has_day=has_day)


@lru_cache(maxsize=4_096)
def _terms(day: date, *, has_day: bool) -> tuple[str, str]:
    month = f"~{day.year * 12 + day.month:05x}"
    return (f"/{day.toordinal():05x}" if has_day else month), month
