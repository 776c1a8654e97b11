"""Which elements a style sheet in a page hides: rules of one class or id, for every medium. Knows no tags.

What depends on the medium, on other elements or on states is not looked at: such elements are read.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

_COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
_PIECE = re.compile(r"[^{}]+|[{}]")
_SELECTOR = re.compile(r"(?:[a-z][\w-]*)?[.#][\w-]+", re.IGNORECASE)
_DISPLAY = re.compile(r"(?:^|[;\s])(?:display\s*:\s*(none)?|visibility\s*:\s*(hidden)?)", re.IGNORECASE)


class HiddenNames:
    """Selectors that hide what they match: `.name`, `#name`, or one of these behind a tag."""

    def __init__(self) -> None:
        self._names: set[str] = set()

    def take(self, sheet: str) -> None:
        """Take in a style sheet. A later rule replaces an earlier one."""
        if "none" not in sheet and "hidden" not in sheet:
            return
        for selectors, declarations in _rules(_COMMENT.sub("", sheet)):
            found = _DISPLAY.findall(declarations)
            names = [name.strip() for name in selectors.split(",")] if found else []
            simple = {_folded(name) for name in names if _SELECTOR.fullmatch(name)}
            self._names = self._names | simple if any(map(any, found)) else self._names - simple

    def hide(self, tag: str, attributes: dict[str, str | None]) -> bool:
        """Whether an element is hidden by its classes or its id."""
        if not self._names:
            return False
        names = [f".{name}" for name in (attributes.get("class") or "").split()]
        if attributes.get("id"):
            names.append(f"#{attributes['id']}")
        return any(name in self._names or f"{tag}{name}" in self._names for name in names)


def _rules(sheet: str) -> Iterator[tuple[str, str]]:
    """Yield selectors and declarations of the rules that are in no other (such as one for printers)."""
    depth, text, head = 0, "", ""
    for piece in _PIECE.findall(sheet):
        if piece == "{":
            depth += 1
            head, text = (text, "") if depth == 1 else (head, text)
        elif piece == "}":
            depth = max(0, depth - 1)
            if not depth and not head.lstrip().startswith("@"):
                yield head.rpartition(";")[2], text
            text = ""
        else:
            text = piece


def _folded(selector: str) -> str:
    tag, sign, name = re.split(r"([.#])", selector, maxsplit=1)
    return f"{tag.lower()}{sign}{name}"
