"""An answer of `quotes` as the page shows it: what stands there anyway is not said a second time.

The stored text, which routes, copy and export have, stays whole: each quote with its file, and the result of
a computation as a table. Knows the signs of claims and the JSON of receipts, no message.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from chat.grounding.mark_writing import clean_name
from chat.turns.models import QUOTES
from chat.ui.cited_marks import BEGIN, END
from chat.ui.computation_view import show_computation

# Cells are escaped and have no line breaks (chat/turns/computing.py): a line that begins so is of the table.
_TABLE = re.compile(r"(?:^\| .*(?:\n|\Z))+", re.MULTILINE)
_MARK = re.compile(rf"^((?:{BEGIN}[^\[\n]+)?\[)([^\n]+)(\]{END}?)$", re.MULTILINE)  # the last has no sign yet


def show_computed(
    model: str, receipt: Mapping[str, Any], answer: str, language: str, *, is_growing: bool = False
) -> str:
    """Return the block of what was computed: a result that the text of `quotes` has in words is left out."""
    computation, is_quoted = receipt.get("computation") or {}, model == QUOTES
    return show_computation(
        computation,
        language,
        is_growing=is_growing,
        has_head=not is_quoted,
        has_result=not is_quoted or bool(_TABLE.search(answer)),
    )


def shorten_quotes(model: str, marked: str, receipt: Mapping[str, Any]) -> str:
    """Return the text without a computed table and with each file named once in a row of its quotes.

    marked: with the signs of its claims. The text of any other model stays as it is.
    """
    if model != QUOTES:
        return marked
    if (receipt.get("computation") or {}).get("columns"):
        return _TABLE.sub("", marked, count=1)
    names = sorted({clean_name(str(file["name"])) for file in receipt.get("files", ())}, key=len)
    found = list(_MARK.finditer(marked))
    places = [_divide(mark[2], names) for mark in found]
    parts, last = [], 0
    for at, (mark, (name, page)) in enumerate(zip(found, places, strict=True)):
        shown = mark[0]
        if page and at and name == places[at - 1][0]:
            shown = f"{mark[1]}{page}{mark[3]}"
        elif name and not page and places[at + 1 : at + 2] == [(name, "")]:
            shown = ""
        parts += [marked[last : mark.start()], shown]
        last = mark.end()
    return "".join([*parts, marked[last:]])


def _divide(mark: str, names: list[str]) -> tuple[str, str]:
    """Return the name of the file and what names the page; neither for another line. names: longest last."""
    for name in reversed(names):
        if mark == name or mark.startswith(f"{name} "):
            return name, mark[len(name) :].strip()
    return "", ""
