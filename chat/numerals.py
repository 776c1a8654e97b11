"""Numerals: how the number of a page or chapter is written: `12`, `XII`, `十二`, `twelve`. Knows no text."""

from __future__ import annotations

import re
from functools import cache

MOST = 99
_ENGLISH = ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"]
_ORDINAL = ["first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth"]
_CHINESE = "零一二三四五六七八九"

NUMERAL = rf"(?:\d+(?:\.\d+)*|[一二三四五六七八九十]+|(?-i:[IVXL]+)\b|(?:{'|'.join(reversed(_ENGLISH))})\b)"
ORDINAL = rf"(?:\d+(?:st|nd|rd|th)|{'|'.join(_ORDINAL)}|last)"
_RANGE = re.compile(
    rf"(?P<first>{NUMERAL})(?:\s*(?:[-–—~～至到]|to|through)\s*第?(?P<last>{NUMERAL}))?", re.IGNORECASE
)


def spell(number: int) -> tuple[str, ...]:
    """Return the ways to write a number of 1 to MOST; larger ones in figures alone."""
    if not 1 <= number <= MOST:
        return (str(number),)
    tens, ones = divmod(number, 10)
    chinese = f"{_CHINESE[tens] if tens > 1 else ''}{'十' if tens else ''}{_CHINESE[ones] if ones else ''}"
    roman = "XC" if tens == 9 else "L" * (tens >= 5) + ("XL" if tens == 4 else "X" * (tens % 5))
    roman += ["", "I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX"][ones]
    return (str(number), roman, chinese, *_ENGLISH[number - 1 : number])


def read(numeral: str) -> str:
    """Return a numeral in figures: `3.2` as it is, `last` as -1; empty where it is none."""
    word = numeral.lower()
    if word in _ORDINAL:
        return str(_ORDINAL.index(word) + 1)
    figures = re.match(r"\d+(?:\.\d+)*", word)
    return figures.group() if figures else "-1" if word == "last" else _values().get(word, "")


def read_list(text: str, most: int) -> list[str]:
    """Return the numbers of `3`, `3-5`, `3 and 5`, at most so many of a range."""
    numbers = list[str]()
    for found in _RANGE.finditer(text):
        first, last = read(found["first"]), read(found["last"] or "")
        numbers.append(first)
        if first.isdigit() and last.isdigit():
            numbers += [str(n) for n in range(int(first) + 1, min(int(last), int(first) + most) + 1)]
    return [number for number in numbers if number]


@cache
def _values() -> dict[str, str]:
    return {way.lower(): str(number) for number in range(1, MOST + 1) for way in spell(number)}
