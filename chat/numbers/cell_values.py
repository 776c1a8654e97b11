"""A cell's text -> its value: numbers, percentages, money, dates, and marks for "no value".

How a number is written (decimal point or comma) and in which order a date stands are properties of a column,
so callers pass them. Knows no table.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache

from chat.documents.written_dates import MONTHS

POINT, COMMA = "point", "comma"  # the decimal sign
DAY_FIRST, MONTH_FIRST = "day", "month"  # what stands first in 03/04/2021
MISSING = frozenset(
    (
        *("-", "–", "—", "−", "--", "---", "n/a", "n.a.", "n.a", "n. a.", "na", "nan", "null", "none", "nil"),
        *("..", "...", "…", ".", "/", "\\", "x", "*", "**", "***", "?"),
        *("k. a.", "k.a.", "n.d.", "n/d", "nd", "s/d"),
        *("无", "無", "暂无", "暫無", "不详", "不詳", "缺失", "—— ", "——", ":", "tbd", "tbc", "unknown"),
    )
)
SUPPRESSED = re.compile(
    r"\[[a-z]{1,4}\]|\([a-z]{1,2}\)"
)  # `[x]`, `[low]`, `(D)`: offices' marks for no value
ERRORS = frozenset(
    ("#n/a", "#value!", "#ref!", "#div/0!", "#name?", "#null!", "#num!", "#getting_data", "#error", "err:502")
)
SCALES = {
    **dict.fromkeys(("k", "thousand", "tsd", "tsd.", "千"), 1e3),
    **dict.fromkeys(("m", "mm", "mn", "mio", "mio.", "million", "millions", "百万", "百萬"), 1e6),
    **dict.fromkeys(("b", "bn", "mrd", "mrd.", "billion", "billions", "十亿"), 1e9),
    **dict.fromkeys(("万", "萬", "万元", "萬元", "万人"), 1e4),
    **dict.fromkeys(("亿", "億", "亿元", "億元"), 1e8),
}
CURRENCY = re.compile(
    r"US\$|A\$|C\$|NT\$|HK\$|R\$|[$€£¥￥₹₩₽₺฿]|\b(?:USD|EUR|GBP|CHF|CNY|RMB|JPY|AUD|CAD|TWD|HKD|SEK|NOK|DKK|PLN|Fr\.|kr)\b"
    r"|(?<=[\d\s万亿萬億])(?:元|圆|円|块)"
)
_NUMBER = re.compile(
    r"(?P<sign>[+\-−–△▲]?)\s*(?P<body>(?:\d[\d.,'’\s]*\d|\d)|[.,]\d+)(?P<exponent>[eE][+-]?\d{1,3})?"
    r"\s*(?P<scale>[^\W\d_]{1,9}\.?)?\s*(?P<percent>[%％‰])?(?P<after>-?)"
)
FLAGS = frozenset("prsefun")  # behind a space: provisional, revised, estimated and so on
_MARK = re.compile(  # of a footnote, which is no digit of the number: `120²`, `1,204 [note 3]`, `88*`
    r"(?<=\d)(?:[¹²³]\)?|\s?[*†‡§]{1,3}|\s?\[(?:note )?\w{1,4}\]|\s?\([a-z]\)|\s\d{1,2}\))$", re.IGNORECASE
)
_POWER = re.compile(r"[⁰¹²³⁴⁵⁶⁷⁸⁹]")
_GROUPED = {
    POINT: re.compile(
        r"\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d{1,3}(?:,\d{3})+,\d\d|\d{1,2}(?:,\d{2})+,\d{3}(?:\.\d+)?|\d*\.?\d+|\d+\."
    ),
    COMMA: re.compile(r"\d{1,3}(?:\.\d{3})+(?:,\d+)?|\d*,?\d+|\d+\.\d{1,2}|\d+\.\d{4,}"),
}
_LOOSE = re.compile(r"(?<=\d)(?:[\s'’])(?=\d{3}(?:\D|$))")
_DECIMAL_COMMA = re.compile(
    r"\d[.\s'’]\d{3},\d|^\D*\d{1,12},\d{1,2}\D*$|^\D*\d+,\d{4,}\D*$|^\D*0,\d+\D*$|\d\.\d{3}\.\d{3}"
)
_DECIMAL_POINT = re.compile(
    r"\d[,\s'’]\d{3}\.\d|^\D*\d+\.\d{1,2}\D*$|^\D*\d+\.\d{4,}\D*$|^\D*0\.\d+\D*$|\d,\d{3},\d{3}"
)

_TIME = (
    r"(?:[T\s]+(?P<hour>\d{1,2})[:時时点點](?P<minute>\d{1,2})[分]?(?:[:.]?(?P<second>\d{2})(?:\.\d+)?)?[秒]?"
    r"\s*(?P<half>[AaPp]\.?[Mm]\.?)?(?:Z|[+-]\d\d:?\d\d)?)?"
)
_FORMS = tuple(
    re.compile(pattern + _TIME, re.IGNORECASE)
    for pattern in (
        r"(?P<year>\d{4})[-/.](?P<month>\d{1,2})[-/.](?P<day>\d{1,2})",
        r"(?P<one>\d{1,2})[-/.]\s?(?P<two>\d{1,2})[-/.]\s?(?P<year>\d{4}|\d{2})",
        r"(?P<year>\d{4})[-/](?P<month>\d{2})",
        r"(?P<minguo>(?:中華民國|民國)?)\s*(?P<year>\d{2,4})\s*年\s*(?P<month>\d{1,2})\s*月(?:份|\s*(?P<day>\d{1,2})\s*[日号號])?",
        r"(?P<year>\d{2,3})Y(?P<month>\d{2})M(?:(?P<day>\d{2})D)?",
        r"(?P<day>\d{1,2})(?:\.|st|nd|rd|th|er|º)?[\s-]+(?:de\s+)?(?P<name>[^\W\d_]{3,10})\.?,?[\s-]+(?:de\s+)?(?P<year>\d{4}|\d{2})",
        r"(?:[^\W\d_]{3,9},\s+)?(?P<name>[^\W\d_]{3,10})\.?\s+(?P<day>\d{1,2})(?:st|nd|rd|th)?,?\s+(?P<year>\d{4})",
        r"(?P<name>[^\W\d_]{3,10})\.?[\s\-/]+(?P<year>\d{4})",
        r"(?P<year>\d{4})[\s-](?P<name>[^\W\d_]{3,10})\.?",
        r"Q(?P<quarter>[1-4])[\s\-/]*(?P<year>\d{4})",
        r"(?P<year>\d{4})[\s\-/]*Q(?P<quarter>[1-4])",
        r"(?P<year>\d{4})\s*年\s*第?(?P<quarter>[1-4一二三四])\s*季度?",
    )
)
_ORDER = re.compile(r"(\d{1,2})[-/.]\s?(\d{1,2})[-/.]\s?(?:\d{4}|\d{2})(?:\D.*)?")
_QUARTERS = "一二三四"
MINGUO_YEARS = 1911  # of the Republic of China: its year 1 is 1912


@dataclass(frozen=True)
class Number:
    """A number as a cell has it. A percentage keeps its figure: 40 % is 40."""

    value: int | float
    is_percent: bool = False
    is_money: bool = False


def clean(text: str) -> str:
    """Return the text with full-width signs in their usual form, and without spaces around it."""
    text = text.strip()
    return text if text.isascii() else unicodedata.normalize("NFKC", text).strip()


def is_missing(text: str) -> bool:
    """Does a cell say that there is no value?"""
    folded = clean(text).casefold()
    return not folded or folded in MISSING or folded in ERRORS or bool(SUPPRESSED.fullmatch(folded))


@lru_cache(maxsize=65_536)
def parse_number(text: str, decimal: str = POINT) -> Number | None:
    """Return the number that a cell is as a whole; None for anything else."""
    if len(text) > 60 or not any(map(str.isdigit, text)):
        return None
    text = _without_mark(text.strip())
    if _POWER.search(text):
        return None
    text = clean(text)
    bare, is_money = CURRENCY.subn(" ", text)
    bare = bare.strip()
    is_negative = bare.startswith("(") and bare.endswith(")")
    if is_negative:
        bare = bare[1:-1].strip()
    found = _NUMBER.fullmatch(bare)
    if found is None:
        return None
    scale = _scale(found, is_money=bool(is_money))
    body = _LOOSE.sub("", found["body"])
    if not scale or not _GROUPED[decimal].fullmatch(body):
        return None
    is_negative = is_negative or (found["sign"] in tuple("-−–△▲")) or found["after"] == "-"
    value = _value(body, decimal, found["exponent"] or "") * scale
    value = round(value, 6) if scale != 1.0 else value
    whole = int(value) if float(value).is_integer() and abs(value) < 2**63 else value
    return Number(-whole if is_negative else whole, bool(found["percent"]), bool(is_money))


def _without_mark(text: str) -> str:
    """Return a cell without the mark of a footnote behind its number; 10² is a power."""
    bare = _MARK.sub("", text)
    return text if bare == "10" else bare


def _scale(found: re.Match[str], *, is_money: bool) -> float:
    """Return what a number is multiplied by; 0 where the letters behind it say something else."""
    letters = (found["scale"] or "").casefold()
    is_apart = bool(letters) and found.string[found.start("scale") - 1].isspace()
    if is_apart and (letters in FLAGS or (letters == "b" and not is_money)):  # b: a break in the series
        return 1.0
    return SCALES.get(letters, 0.0) if letters else 1.0


def _value(body: str, decimal: str, exponent: str) -> int | float:
    if decimal == POINT and re.search(r",\d{3},\d\d$", body):  # a comma too for the decimals: 12,681,882,27
        body = body[:-3] + "." + body[-2:]
    plain = body.replace(",", "") if decimal == POINT else body
    if decimal == COMMA:
        plain = body.replace(".", "").replace(",", ".") if "," in body or _is_grouped(body) else body
    return int(plain) if plain.isdigit() and not exponent else float(plain + exponent)


def _is_grouped(body: str) -> bool:
    return bool(re.fullmatch(r"\d{1,3}(?:\.\d{3})+", body))


def decimal_votes(text: str) -> tuple[int, int]:
    """Return whether a cell can only have a decimal point, and whether only a comma."""
    return int(bool(_DECIMAL_POINT.search(text))), int(bool(_DECIMAL_COMMA.search(text)))


def order_votes(text: str) -> tuple[int, int]:
    """Return whether the first part of a date can only be a day, and whether only a month."""
    found = _ORDER.fullmatch(clean(text))
    if found is None:
        return 0, 0
    one, two = int(found[1]), int(found[2])
    return int(one > 12 >= two), int(two > 12 >= one)


@lru_cache(maxsize=65_536)
def parse_date(text: str, order: str = DAY_FIRST) -> date | datetime | None:
    """Return the date that a cell is; the first day of a month or quarter; None for anything else."""
    text = clean(text)
    if not 5 <= len(text) <= 40 or not any(map(str.isdigit, text)):
        return None
    for form in _FORMS:
        found = form.fullmatch(text)
        if found:
            parts = found.groupdict()
            day = _date(parts, order)
            return _with_time(day, parts) if day and parts["hour"] else day
    return None


def _date(parts: dict[str, str | None], order: str) -> date | None:
    year, month, day = int(parts["year"] or 0), parts.get("month"), parts.get("day")
    if (parts.get("minguo") is not None and year < 200) or len(parts["year"] or "") == 3:
        year += MINGUO_YEARS
    elif len(parts["year"] or "") == 2:
        year += 2000 if year < 50 else 1900
    if parts.get("one"):
        day, month = (parts["one"], parts["two"]) if order == DAY_FIRST else (parts["two"], parts["one"])
    elif parts.get("quarter"):
        quarter = parts["quarter"] or "1"
        month = str((_QUARTERS.index(quarter) if quarter in _QUARTERS else int(quarter) - 1) * 3 + 1)
    elif parts.get("name"):
        month = str(MONTHS.get((parts["name"] or "").casefold(), 0))
    try:
        return date(year, int(month or 0), int(day or 1))
    except ValueError:
        return None


def _with_time(day: date, parts: dict[str, str | None]) -> datetime | None:
    hour = int(parts["hour"] or 0)
    half = (parts["half"] or "").casefold()[:1]
    hour = hour % 12 + 12 if half == "p" else hour % 12 if half == "a" else hour
    try:
        return datetime(
            day.year, day.month, day.day, hour, int(parts["minute"] or 0), int(parts["second"] or 0)
        )
    except ValueError:
        return None
