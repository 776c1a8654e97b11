"""Sections: where the article, clause or chapter of a number stands, by its heading. Knows no answer."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from chat.grounding.chinese_numerals import read_chinese, write_chinese
from chat.grounding.evidence import Span

LONGEST_NUMBER = 40  # characters
MOST_HEADINGS = 40  # of one number, as in a table of contents and in the text
HEADING_GAP = 16  # characters between a number and the title behind it
MOST_SKIPPED = 5  # numbers between two headings: parts that were repealed
LONGEST = 60_000  # characters of a section whose end is not seen
_INDENT = re.compile(r"(?:^|\n)[ \t\u3000>#*_\d.]*$")
_LATIN = (
    r"(?:section|sec\.|§+|abschnitt|article|art\.|artikel|clause|paragraph|para\.|absatz|ziffer|punkt|kapitel"
    r"|chapter|ch\.)"
)
_NEXT = {
    unit: re.compile(rf"\n[ \t\u3000#*]*第[〇零一二三四五六七八九十百千万两\d]+{unit}")
    for unit in "条章节節款"
}
_TITLE_AFTER = re.compile(r"\.?[ \t:]+[*_\"“„«'‘(]*[^\W\d_]")
_NEXT_NUMBER = re.compile(
    r"\n[ \t#*]*(\d{1,9}(?:\.\d{1,9})*|[A-Z](?:\.\d{1,9})+)\.?[ \t]+[*_\"“„«'‘(]*[^\W\d_]"
)
_NEXT_NAMED = re.compile(rf"\n[ \t#*]*{_LATIN}\s*(\d{{1,9}}(?:\.\d{{1,9}})*)", re.IGNORECASE)
_NAMED = re.compile(_LATIN, re.IGNORECASE)


@dataclass(frozen=True)
class Section:
    """A named part of a text. unit: 条, 章, 节, 款, or `section` or `chapter` for Latin headings."""

    unit: str
    number: str


def find_sections(text: str, section: Section) -> list[Span]:
    """Return the spans of the headings of that number, each to the next heading of its kind.

    Where one is marked as a heading, an item of a list with that number is none.
    """
    if len(section.number) > LONGEST_NUMBER:
        return []
    headings = _chinese if section.unit in _NEXT else _latin
    found = list(islice(headings(text, section), MOST_HEADINGS))
    marked = [start for start in found if text.startswith("#", start)]
    return [(start, _end(text, start, section)) for start in marked or found]


def _chinese(text: str, section: Section) -> Iterator[int]:
    number = read_chinese(section.number)
    ways = {section.number, number, write_chinese(int(number)) if number.isdigit() else number}
    for way in sorted(ways):
        for at in _all(text, f"第{way}{section.unit}"):
            if _INDENT.search(text[max(0, at - 20) : at]):
                yield at


def _latin(text: str, section: Section) -> Iterator[int]:
    heading = re.compile(rf"(?:{_LATIN}\s*)?$", re.IGNORECASE)
    for at in _all(text, section.number):
        line = text.rfind("\n", 0, at) + 1
        before = text[line:at].strip(" \t#*_>")
        after = text[at + len(section.number) : at + len(section.number) + HEADING_GAP]
        if len(before) > 20 or re.match(r"\.?\d", after) or not heading.fullmatch(before):
            continue
        if before or _TITLE_AFTER.match(after):
            yield at - len(text[line:at].lstrip())


def _all(text: str, wanted: str) -> Iterator[int]:
    at = text.find(wanted)
    while at >= 0:
        yield at
        at = text.find(wanted, at + 1)


def _end(text: str, start: int, section: Section) -> int:
    """Return where the section ends: at the next heading that is not one of its own parts.

    Where its heading is marked as one, the next one is. Otherwise the items of a list, `1.`, `2.` and so on
    below a heading such as 1.2.1, are none.
    """
    limit = min(len(text), start + LONGEST)
    named = _NEXT_NAMED if _NAMED.match(text, start) else _NEXT_NUMBER
    pattern, is_marked, items = _NEXT.get(section.unit, named), text.startswith("#", start), 0
    for found in pattern.finditer(text, start + 1, limit):
        if is_marked and "#" not in found[0]:
            continue
        if not found.re.groups:
            return found.start()
        if "." in section.number and not is_marked and found[1] == str(items + 1):
            items += 1
        elif not found[1].startswith(section.number + ".") and _may_follow(found[1], section.number):
            return found.start()
    return limit


def _may_follow(number: str, before: str) -> bool:
    """May the heading of `number` follow the section `before`? A page's number or a list's may not."""
    own, other = before.split("."), number.split(".")
    if not all(part.isdecimal() for part in (*own, *other)):
        return True
    return list(map(int, own)) <= list(map(int, other)) and int(other[0]) <= int(own[0]) + MOST_SKIPPED
