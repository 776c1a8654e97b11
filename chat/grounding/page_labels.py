"""Page labels: which pages of a document a number in an answer means.

A file's own labels (`/PageLabels` of a PDF) go before the number of the page, where each is there once. Knows
no answer.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from chat.documents.document import Document
from chat.grounding.chinese_numerals import read_chinese

LONGEST_RANGE = 200  # pages that "pages 3-400" names
UNIT_FORMS = {"page": ("page", "slide"), "slide": ("slide", "page")}
_NUMBER = re.compile(r"\d+")
_SPAN = re.compile(r"(.+?)\s*(?:[-–—~～]|\bto\b|\bbis\b|至|到)\s*(.+)")


def find_pages(document: Document, labels: Sequence[str]) -> list[int]:
    """Return the indexes of the pages that `labels` name, such as 12, xii, 12-14 or a sheet's name."""
    own, printed = document.page_numbers, document.page_labels
    found = list[int]()
    for label in labels:
        at = _find_one(label, printed, own)
        span = _SPAN.fullmatch(label.strip()) if at is None else None
        if at is not None:
            found += [at, *_cover(document, at)]
        elif span:
            first, last = _find_one(span[1], printed, own), _find_one(span[2], printed, own)
            if first is not None and last is not None and first <= last <= first + LONGEST_RANGE:
                found += range(first, last + 1)
    return list(dict.fromkeys(found))


def _cover(document: Document, at: int) -> list[int]:
    """Return the page of the cover that has the same label as the page at `at`."""
    labels = document.printed_labels
    first = labels.index(labels[at])
    return [first] if labels[at] and first < at else []


def _find_one(label: str, printed: dict[str, int], own: dict[str, int]) -> int | None:
    wanted = label.strip().casefold()
    for names in (wanted, read_chinese(wanted), wanted.lstrip("0")):
        if names in printed:
            return printed[names]
        if names in own:
            return own[names]
    return None
