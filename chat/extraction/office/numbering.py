"""The numbers that Word puts before paragraphs: they stand in no text, but people ask by them: "第三条"."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from xml.etree.ElementTree import Element

from chat.extraction.list_numbers import show_number

FORMS = {
    "lowerRoman": "i", "upperRoman": "I", "lowerLetter": "a", "upperLetter": "A", "decimalZero": "01",
    "decimalEnclosedCircle": "①", "decimalEnclosedCircleChinese": "①", "ideographTraditional": "甲",
}  # fmt: skip
UNNUMBERED = ("bullet", "none")
DEPTH = 9
STYLES = 20  # that a style may be based on, one on another


@dataclass(frozen=True)
class Level:
    """form: of its number. text: with %1 for the number of the first level, and so on. start: the first."""

    form: str
    text: str
    start: int


class Numbering:
    """Counts the numbered paragraphs of a document, which are asked about in its order."""

    def __init__(self, numbering: Element, styles: Element) -> None:
        lists = {one.get("abstractNumId", ""): _levels(one) for one in numbering.iter("abstractNum")}
        self._lists = {
            one.get("numId", ""): (_value(one, "abstractNumId"), lists.get(_value(one, "abstractNumId"), {}))
            for one in numbering.iter("num")
        }
        self._starts = {one.get("numId", ""): _starts(one) for one in numbering.iter("num")}
        self._styles = {one.get("styleId", ""): one for one in styles.iter("style")}
        self._counts: dict[str, list[int]] = {}

    def mark(self, paragraph: Element) -> str:
        """Return the number before a paragraph; empty where it has none."""
        number, depth = self._place(paragraph)
        list_id, levels = self._lists.get(number, ("", {}))
        level = levels.get(depth)
        if level is None:
            return ""
        counts = self._counts.setdefault(list_id, [0] * DEPTH)
        anew = self._starts.get(number, {}).pop(depth, None)  # where this list begins anew, once
        following = counts[depth] + 1 if counts[depth] else level.start
        counts[depth] = following if anew is None else anew
        counts[depth + 1 :] = [0] * (DEPTH - depth - 1)
        if level.form in UNNUMBERED:
            return ""
        return re.sub(r"%([1-9])", lambda found: _show(levels, counts, int(found[1]) - 1), level.text)

    def _place(self, paragraph: Element) -> tuple[str, int]:
        """Return the list that a paragraph is in, itself or by its style, and its depth there."""
        own = paragraph.find("pPr")
        number, depth = _value(own, "numPr/numId"), _value(own, "numPr/ilvl")
        style = self._styles.get(_value(own, "pStyle"))
        for _ in range(STYLES):
            if style is None or (number and depth):
                break
            number = number or _value(style, "pPr/numPr/numId")
            depth = depth or _value(style, "pPr/numPr/ilvl")
            style = self._styles.get(_value(style, "basedOn"))
        return number, min(int(depth), DEPTH - 1) if depth.isdecimal() else 0


def _levels(found: Element) -> Mapping[int, Level]:
    levels = {}
    for one in found.iter("lvl"):
        depth, start = one.get("ilvl", ""), _value(one, "start")
        if depth.isdecimal() and int(depth) < DEPTH:
            first = int(start) if start.isdecimal() else 1
            levels[int(depth)] = Level(_value(one, "numFmt"), _value(one, "lvlText"), first)
    return levels


def _starts(found: Element) -> dict[int, int]:
    """Return the numbers with which a list begins anew, by depth."""
    starts = {}
    for one in found.iter("lvlOverride"):
        depth, start = one.get("ilvl", ""), _value(one, "startOverride")
        if depth.isdecimal() and start.isdecimal():
            starts[int(depth)] = int(start)
    return starts


def _show(levels: Mapping[int, Level], counts: list[int], depth: int) -> str:
    """Return the number of a level as its form has it."""
    level = levels.get(depth, Level("decimal", "", 1))
    form = FORMS.get(level.form, "")
    if not form and re.search("chinese|taiwanese|japanese|ideograph", level.form):
        form = "一"
    return show_number(counts[depth] or level.start, form)


def _value(element: Element | None, path: str) -> str:
    found = None if element is None else element.find(path)
    return "" if found is None else found.get("val", "")
