"""Date formats of spreadsheets (ECMA-376 part 1, 18.8.31): a date as the program shows it.

Only formats whose dates have one reading: a month by name, 年 and 月, the year first, or the day first with
points (03.04.2021). `03/04/21` has two, and is left to the reader, which writes 2021-04-03; so is a form
without a year, or with names of another language. A time of day or a duration has one reading in any form.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from itertools import groupby

from chat.extraction.office.number_format import sections

MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
    "November", "December",
)  # fmt: skip
DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
LOCALE = re.compile(r"\[\$[^\]]*-([0-9A-Fa-f]{1,8})\]")
ENGLISH = 0x09  # the last byte of the locale, whatever the country
HALF_DAY = re.compile(r"AM/PM|A/P", re.IGNORECASE)
PLAIN = re.compile(r"yyyy-mm-dd(?:[ t]hh:mm:ss)?", re.IGNORECASE)  # as the reader writes it
LETTERS = "ymdhsa"  # a: AM or PM
CLOCK = "hnsa"
DAY_SECONDS = 86_400
ELAPSED = {"H": 3_600, "M": 60, "S": 1}  # in square brackets: hours, minutes, seconds in all
Part = tuple[str, int]  # a letter of the format and how often it stands there, or a literal and 0


def is_shown_date(code: str) -> bool:
    """Whether a format shows dates in one reading, and not as the reader writes them anyway."""
    return bool(code) and bool(_parts(code))


def format_date(value: date, code: str) -> str:
    """Return a date as a format shows it; empty where the format may be read in two ways."""
    moment = value if isinstance(value, datetime) else datetime(value.year, value.month, value.day)
    return _write(moment, _parts(code))


@lru_cache(maxsize=500)
def is_shown_time(code: str) -> bool:
    """Whether a format shows a time of day or a duration, and nothing else."""
    letters = {letter for letter, count in _with_minutes(list(_letters(code))) if count} if code else set()
    return bool(letters) and letters <= {*CLOCK, *ELAPSED}


def format_time(value: time | timedelta, code: str) -> str:
    """Return a time or a duration as a format shows it; empty where the format shows something else."""
    if not is_shown_time(code):
        return ""
    if isinstance(value, time):
        value = timedelta(hours=value.hour, minutes=value.minute, seconds=value.second)
    sign, seconds = "-" * (value < timedelta()), round(abs(value).total_seconds())
    moment = datetime.min + timedelta(seconds=seconds % DAY_SECONDS)
    parts = [
        (str(seconds // ELAPSED[letter]).rjust(count, "0"), 0) if letter in ELAPSED else (letter, count)
        for letter, count in _with_minutes(list(_letters(code)))
    ]
    return sign + _write(moment, parts)


def _write(moment: datetime, parts: Sequence[Part]) -> str:
    is_half = any(letter == "a" for letter, count in parts if count)
    shown = "".join(
        letter if not count else _show(moment, letter, count, is_half=is_half) for letter, count in parts
    )
    return " ".join(shown.split())


@lru_cache(maxsize=500)
def _parts(code: str) -> tuple[Part, ...]:
    """Return the parts of a format; none where its dates have several readings."""
    if PLAIN.fullmatch(code.split(";")[0].replace("\\", "")) or not _is_named_in_english(code):
        return ()
    parts = tuple(_with_minutes(list(_letters(code))))
    letters = {letter: count for letter, count in parts if count}
    order = [letter for letter, count in parts if count and letter in "ymd"]
    words = "".join(letter for letter, count in parts if not count)
    is_named = letters.get("m", 0) in (3, 4)
    is_first = order == ["y", "m", "d"] and letters["y"] > 2
    is_last = order == ["d", "m", "y"] and letters["y"] > 2 and words.replace(" ", "").startswith("..")
    if "?" in letters or "y" not in letters or "m" not in letters:
        return ()
    return parts if is_named or is_first or is_last or ("年" in words and "月" in words) else ()


def _is_named_in_english(code: str) -> bool:
    found = LOCALE.search(code)
    has_names = re.search(r"m{3}|d{3}", code, re.IGNORECASE) is not None
    return not has_names or found is None or int(found[1], 16) & 0xFF == ENGLISH


def _letters(code: str) -> Iterator[Part]:
    """Yield the first section of a format as letters and literals; `?` for what is no date."""
    tokens = sections(HALF_DAY.sub("a", code))[0]
    for (kind, text), run in groupby(tokens, key=_folded):
        count = sum(1 for _ in run)
        if kind == "other" and text in LETTERS:
            yield text, count
        elif kind == "bracket" and text.upper().strip(text[:1].upper()) == "" and text[:1].upper() in ELAPSED:
            yield text[:1].upper(), len(text)
        elif kind == "literal" or text in "/.," or (kind == "other" and not ("a" <= text <= "z")):
            yield text * count, 0
        elif text != "@":
            yield "?", 1


def _folded(token: tuple[str, str]) -> tuple[str, str]:
    kind, text = token
    return (kind, text.lower()) if kind == "other" else token


def _with_minutes(parts: Sequence[Part]) -> Iterator[Part]:
    """Yield the parts with `n` for minutes: an m behind hours, or before seconds."""
    letters = [letter if count else "" for letter, count in parts]
    for at, (letter, count) in enumerate(parts):
        before = next((one for one in reversed(letters[:at]) if one), "")
        after = next((one for one in letters[at + 1 :] if one), "")
        is_minute = letter == "m" and 0 < count < 3 and (before in ("h", "H") or after == "s")
        yield ("n", count) if is_minute else (letter, count)


def _show(moment: datetime, letter: str, count: int, *, is_half: bool) -> str:
    if letter == "y":
        return f"{moment.year:04}" if count > 2 else f"{moment.year % 100:02}"
    if letter == "m" and count > 2:
        return MONTHS[moment.month - 1][: {3: 3, 4: 12}.get(count, 1)]
    if letter == "d" and count > 2:
        return DAYS[moment.weekday()][: 3 if count == 3 else 12]
    if letter == "a":
        return "PM" if moment.hour > 11 else "AM"
    hour = (moment.hour % 12 or 12) if is_half else moment.hour
    number = {"m": moment.month, "d": moment.day, "h": hour, "n": moment.minute, "s": moment.second}[letter]
    return f"{number:02}" if count > 1 else str(number)
