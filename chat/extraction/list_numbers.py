"""The forms of numbers before paragraphs and headings: `iv`, `c`, `①`, `甲`, `07`. Knows no document."""

from __future__ import annotations

from chat.numerals import spell

ROMAN, CHINESE = 1, 2  # of the ways to spell a number
STEMS = "甲乙丙丁戊己庚辛壬癸"
CIRCLED, MOST_CIRCLED = 0x2460, 20


def show_number(number: int, form: str) -> str:
    """Return a number in a form: i, I, a, A, 一, ①, 甲 or 01, each for its kind; in figures for any other."""
    ways = spell(number)
    if form in ("i", "I") and len(ways) > ROMAN:
        return ways[ROMAN].lower() if form == "i" else ways[ROMAN]
    if form in ("a", "A") and 1 <= number <= 26:
        return chr(ord(form) + number - 1)
    if form == "一" and len(ways) > CHINESE:
        return ways[CHINESE]
    if form == "①" and 1 <= number <= MOST_CIRCLED:
        return chr(CIRCLED + number - 1)
    if form == "甲" and 1 <= number <= len(STEMS):
        return STEMS[number - 1]
    return f"{number:02}" if form == "01" else str(number)
