"""Date formats of spreadsheets (ECMA-376 part 1, 18.8.31): a date as the program shows it.

Only formats whose dates have one reading: a month by name, 年 and 月, the year first, or the day first with
points (03.04.2021), and forms that show a part of a date alone: a weekday, a month by name, a month of a year
in four digits, a time of day. `03/04/21` has two, and is left to the reader, which writes 2021-04-03; so is a
form with names of a language that is not known. A duration has one reading in any form.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from itertools import groupby

from chat.extraction.office.date_names import ENGLISH, DateNames, find_names
from chat.extraction.office.number_format import sections

LOCALE = re.compile(r"\[\$[^\]-]*-([\w-]{1,30})[^\]]*\]")
HALF_DAY = re.compile(r"AM/PM|A/P|上午/下午|午前/午後|오전/오후", re.IGNORECASE)
SEPARATOR = re.compile(r"/(?=\\? )")  # LibreOffice's for the sign of a language: `d/ mmmm` is "1. Januar"
PLAIN = re.compile(r"yyyy-mm-dd(?:[ t]hh:mm:ss)?", re.IGNORECASE)  # as the reader writes it
LETTERS = "ymdhsa"  # a: AM or PM, and a weekday where it stands three times
WEEKDAY = "w"
CLOCK = "hnsa"
DAY_SECONDS = 86_400
EPOCH, EPOCH_1904 = (
    datetime(1899, 12, 30),
    datetime(1904, 1, 1),
)  # from which days count; the second of old Macs
LAST_DAY = 2_958_465
ELAPSED = {"H": 3_600, "M": 60, "S": 1}  # in square brackets: hours, minutes, seconds in all
Part = tuple[str, int]  # a letter of the format and how often it stands there, or a literal and 0


def is_shown_date(code: str) -> bool:
    """Whether a format shows dates in one reading, and not as the reader writes them anyway."""
    return bool(code) and bool(_parts(code))


def format_date(value: date, code: str) -> str:
    """Return a date as a format shows it; empty where the format may be read in two ways."""
    moment = value if isinstance(value, datetime) else datetime(value.year, value.month, value.day)
    parts = _with_minutes(list(_letters(code))) if _is_clock(code) else _parts(code)
    return _write(moment, list(parts), _names(code) or ENGLISH)


def is_shown_time(code: str) -> bool:
    """Whether a format shows a time of day or a duration, and nothing else."""
    letters = _clock_letters(code)
    return bool(letters) and letters <= {*CLOCK, *ELAPSED}


def _is_clock(code: str) -> bool:
    """Whether a format shows a time of day, and nothing else."""
    letters = _clock_letters(code)
    return bool(letters) and letters <= {*CLOCK}


@lru_cache(maxsize=500)
def _clock_letters(code: str) -> set[str]:
    return {letter for letter, count in _with_minutes(list(_letters(code))) if count} if code else set()


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
    return sign + _write(moment, parts, _names(code) or ENGLISH)


def date_of(days: float, epoch: datetime) -> datetime | time | None:
    """Return a stored number as the date that it stands for, or as a time of day; None for neither."""
    if not 0 <= days <= LAST_DAY:
        return None
    moment = epoch + timedelta(seconds=round(days * DAY_SECONDS))
    return moment.time() if days < 1 else moment


def _write(moment: datetime, parts: Sequence[Part], names: DateNames) -> str:
    letters = {letter for letter, count in parts if count}
    shown = "".join(
        _name(moment, part, names, letters) or _show(moment, part, letters) if part[1] else part[0]
        for part in parts
    )
    return " ".join(shown.split())


@lru_cache(maxsize=500)
def _parts(code: str) -> tuple[Part, ...]:
    """Return the parts of a format; none where its dates have several readings."""
    if PLAIN.fullmatch(code.split(";")[0].replace("\\", "")):
        return ()
    parts = tuple(_with_minutes(list(_letters(code))))
    letters = {letter: count for letter, count in parts if count}
    order = [letter for letter, count in parts if count and letter in "ymd"]
    words = "".join(letter for letter, count in parts if not count)
    is_named = letters.get("m", 0) in (3, 4) or (WEEKDAY in letters and "m" not in letters)
    is_named = is_named or (letters.get("d", 0) in (3, 4) and "m" not in letters)
    is_part = letters.get("y", 0) > 2 and "d" not in letters and letters.get("m", 0) < 5
    is_first = order == ["y", "m", "d"] and letters["y"] > 2
    is_last = order == ["d", "m", "y"] and letters["y"] > 2 and words.replace(" ", "").startswith("..")
    if "?" in letters or not _has_names(code, parts):
        return ()
    is_shown = is_named or is_part or is_first or is_last or ("年" in words and "月" in words)
    return parts if is_shown else ()


@lru_cache(maxsize=500)
def _names(code: str) -> DateNames | None:
    """Return the names that a format has; None where they are not known."""
    found = LOCALE.search(code)
    return find_names(code, found[1] if found else "")


def _has_names(code: str, parts: Sequence[Part]) -> bool:
    """Whether the names of months and days that a format shows are known."""
    names = _names(code)
    has_weekday = any(letter == WEEKDAY for letter, _ in parts)
    is_named = has_weekday or any(letter in "md" and count > 2 for letter, count in parts if count)
    return not is_named or (names is not None and (bool(names.weekdays) or not has_weekday))


def _letters(code: str) -> Iterator[Part]:
    """Yield the first section of a format as letters and literals; `?` for what is no date."""
    tokens = sections(HALF_DAY.sub("a", SEPARATOR.sub(".", code)))[0]
    for (kind, text), run in groupby(tokens, key=_folded):
        count = sum(1 for _ in run)
        if kind == "other" and text == "a" and count > 2:
            yield WEEKDAY, count
        elif kind == "other" and text in LETTERS:
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


def _name(moment: datetime, part: Part, names: DateNames, letters: set[str]) -> str:
    """Return what a part shows in words; empty where it shows a number. letters: of the whole format."""
    letter, count = part
    if letter == "a":
        return names.halves[moment.hour > 11]
    if letter == WEEKDAY:
        return names.weekdays[moment.weekday()] if count == 3 else names.days[moment.weekday()]
    if letter == "m" and count > 2:
        long = names.beside_day if names.beside_day and "d" in letters else names.months
        name = (names.short_months if count == 3 else long)[moment.month - 1]
        return name[:1] if count > 4 else name
    if letter == "d" and count > 2:
        return (names.short_days if count == 3 else names.days)[moment.weekday()]
    return ""


def _show(moment: datetime, part: Part, letters: set[str]) -> str:
    letter, count = part
    if letter == "y":
        return f"{moment.year:04}" if count > 2 else f"{moment.year % 100:02}"
    hour = (moment.hour % 12 or 12) if "a" in letters else moment.hour
    number = {"m": moment.month, "d": moment.day, "h": hour, "n": moment.minute, "s": moment.second}[letter]
    return f"{number:02}" if count > 1 else str(number)
