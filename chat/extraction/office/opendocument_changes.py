"""Tracked changes of an OpenDocument text: the text itself stands as if all were accepted."""

from __future__ import annotations

from collections.abc import Iterator
from xml.etree.ElementTree import Element

from chat.extraction.office.word_asides import Asides

MARKS = {"change-start": True, "change-end": False}


def change_lines(root: Element) -> Iterator[str]:
    """Yield a line for each change, with its author and its words."""
    regions = [region for changes in root.iter("tracked-changes") for region in changes]
    inserted = dict[str, list[str]]()
    if regions:
        _gather(root, inserted, set())
    asides = Asides()
    for region in regions:
        author = region.findtext("*/change-info/creator") or ""
        deletion = region.find("deletion")
        if deletion is not None:
            words = " ".join("".join(one.itertext()) for one in deletion if one.tag != "change-info")
            asides.change(author, "deleted", words)
        elif region.find("insertion") is not None:
            asides.change(author, "inserted", "".join(inserted.get(region.get("id", ""), ())))
    yield from asides.change_lines()


def _gather(element: Element, found: dict[str, list[str]], is_open: set[str]) -> None:
    """Gather the words between the marks of each insertion."""
    for child in element:
        key = child.get("change-id", "")
        if MARKS.get(child.tag):
            is_open.add(key)
        elif child.tag in MARKS:
            is_open.discard(key)
        _take(child.text, found, is_open)
        _gather(child, found, is_open)
        if child.tag in ("p", "h"):
            _take(" ", found, is_open)
        _take(child.tail, found, is_open)


def _take(text: str | None, found: dict[str, list[str]], is_open: set[str]) -> None:
    for key in is_open if text else ():
        found.setdefault(key, []).append(text or "")
