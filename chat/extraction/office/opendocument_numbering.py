"""The numbers that OpenDocument puts before items of lists and headings: they stand in no text.

Each paragraph that has one gets it as an attribute, `mark`, before it is read (OpenDocument 1.3, 16.30).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from xml.etree.ElementTree import Element

from chat.extraction.list_numbers import show_number

DEPTH = 10
LEVEL_STYLES = ("list-level-style-number", "outline-level-style")
Numbers = list[int]  # of each level, from 0; 0: none yet


@dataclass(frozen=True)
class ListLevel:
    """form: of its number; empty for none. shown: how many levels its number has. start: the first number."""

    form: str
    prefix: str
    suffix: str
    shown: int
    start: int


Levels = Mapping[int, ListLevel]


@dataclass
class ListNumbers:
    """lists: the levels of each style of lists. outline: those of headings. unnumbered: their styles."""

    lists: Mapping[str, Levels]
    outline: Levels
    unnumbered: frozenset[str]
    by_style: dict[str, Numbers] = field(default_factory=dict)  # of the last list that has a style
    by_id: dict[str, Numbers] = field(default_factory=dict)
    headings: Numbers = field(default_factory=lambda: [0] * DEPTH)


def mark_numbers(root: Element, styles: Element) -> None:
    """Note on paragraphs and headings the number that stands before them. styles: the root of styles.xml."""
    lists = {one.get("name", ""): _levels(one) for part in (styles, root) for one in part.iter("list-style")}
    outline = next(styles.iter("outline-style"), None)
    unnumbered = (
        one.get("name", "")
        for part in (styles, root)
        for one in part.iter("style")
        if one.get("list-style-name") == ""
    )
    numbering = ListNumbers(lists, {} if outline is None else _levels(outline), frozenset(unnumbered))
    _walk(root, numbering)


def _levels(style: Element) -> Levels:
    return {
        _number(one, "level", 1) - 1: ListLevel(
            one.get("num-format", "")[:1],
            one.get("num-prefix", ""),
            one.get("num-suffix", ""),
            _number(one, "display-levels", 1),
            _number(one, "start-value", 1),
        )
        for one in style
        if one.tag in LEVEL_STYLES
    }


def _walk(element: Element, numbering: ListNumbers) -> None:
    for child in element:
        if child.tag == "list":
            _list(child, numbering, child.get("style-name", ""), 0, None)
        elif child.tag != "tracked-changes":
            if child.tag == "h":
                _heading(child, numbering)
            _walk(child, numbering)


def _list(found: Element, numbering: ListNumbers, style: str, depth: int, numbers: Numbers | None) -> None:
    """Number the items of a list. numbers: of the list that it stands in."""
    if numbers is None:
        numbers = _begin(found, numbering, style)
    levels = numbering.lists.get(style, {})
    for item in found:
        first = next((one for one in item if one.tag in ("p", "h", "list")), None)
        if item.tag == "list-item" and first is not None and first.tag != "list":
            _count(numbers, depth, levels, item)
            if mark := _mark(numbers, depth, levels):
                first.set("mark", mark)
        for child in item:
            if child.tag == "list":
                _list(child, numbering, child.get("style-name", style), min(depth + 1, DEPTH - 1), numbers)
            else:
                _walk(child, numbering)


def _begin(found: Element, numbering: ListNumbers, style: str) -> Numbers:
    """Return the numbers with which a list goes on, or new ones."""
    numbers = numbering.by_id.get(found.get("continue-list", "none"))
    if numbers is None and found.get("continue-numbering") == "true":
        numbers = numbering.by_style.get(style)
    numbers = [0] * DEPTH if numbers is None else numbers
    numbering.by_style[style] = numbers
    numbering.by_id[found.get("id", "")] = numbers
    return numbers


def _count(numbers: Numbers, depth: int, levels: Levels, item: Element) -> None:
    start = levels[depth].start if depth in levels else 1
    numbers[depth] = _number(item, "start-value", numbers[depth] + 1 if numbers[depth] else start)
    numbers[depth + 1 :] = [0] * (DEPTH - depth - 1)


def _heading(found: Element, numbering: ListNumbers) -> None:
    """Number a heading by its place in the outline."""
    depth = min(_number(found, "outline-level", 1), DEPTH) - 1
    if found.get("mark") or depth not in numbering.outline or found.get("style-name") in numbering.unnumbered:
        return
    _count(numbering.headings, depth, numbering.outline, found)
    if mark := _mark(numbering.headings, depth, numbering.outline):
        found.set("mark", mark)


def _mark(numbers: Numbers, depth: int, levels: Levels) -> str:
    level = levels.get(depth)
    if level is None or not level.form:
        return ""
    shown = range(max(0, depth - level.shown + 1), depth + 1)
    forms = ((levels[at].form if at in levels else "1", numbers[at] or 1) for at in shown)
    return level.prefix + ".".join(show_number(number, form) for form, number in forms if form) + level.suffix


def _number(element: Element, name: str, default: int) -> int:
    value = element.get(name, "")
    return int(value) if value.isdecimal() and len(value) < 6 else default
