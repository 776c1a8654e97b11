"""Marks: how a file and a page of it are named, in the prompt and under a quote, such as `report.pdf p. 12`.

Names come from strangers: what could steer a model, break out of a line or hide itself is taken out.
"""

from __future__ import annotations

import re
import unicodedata

from chat.documents.document import Document

NAME_CHARACTERS = 120
_UNITS = {"page": "p. ", "slide": "slide ", "sheet": "sheet ", "chapter": "ch. ", "message": "message "}
_COUNTED = re.compile(r"\d{1,5}|[ivxlc]{1,7}")  # labels of which a range can be named
_PLAIN = str.maketrans("[]~`<>*", "()--()-")


def clean_name(name: str) -> str:
    """Return a name without line breaks, brackets, fences and characters that steer or hide text."""
    shown = "".join(" " if unicodedata.category(character)[0] in "CZ" else character for character in name)
    return " ".join(shown.translate(_PLAIN).split())[:NAME_CHARACTERS].strip()


def mark_page(unit: str, label: str) -> str:
    """Return how a page is named: `p. 12`, `sheet Sales`; empty where the format has no pages.

    A part that is a file of its own (`minutes.zip/plan.xlsx`) is named by its way through the file alone.
    """
    way = "" if "/" in label else _UNITS.get(unit, "")
    return f"{way}{clean_name(label)}" if label else ""


def mark_place(document: Document, label: str) -> str:
    """Return the mark of a page of a file without its brackets; a part's way begins with the file's name."""
    if label.startswith(f"{document.name}/"):
        return mark_page(document.unit, label)
    return f"{clean_name(document.name)} {mark_page(document.unit, label)}".strip()


def mark_span(document: Document, start: int, end: int) -> str:
    """Return the mark of the pages that hold the characters [start, end), such as `[report.pdf p. 3-4]`."""
    first, last = document.printed_at(start), document.printed_at(max(start, end - 1))
    if first == last:
        return f"[{mark_place(document, first)}]"
    if _COUNTED.fullmatch(first) and _COUNTED.fullmatch(last):
        return f"[{mark_place(document, first)}-{last}]"
    return f"[{mark_place(document, first)}] [{mark_place(document, last)}]"
