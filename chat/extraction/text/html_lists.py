"""The marks of list items in HTML: a dash, or the number that a browser shows."""

from __future__ import annotations

from dataclasses import dataclass

from chat.extraction.list_numbers import show_number

DASH = "- "


@dataclass
class _List:
    """form: the `type` of a numbered list; empty for one without numbers. step: -1 where it counts down."""

    form: str
    number: int = 1
    step: int = 1


class HtmlLists:
    """The lists that are open, the innermost last."""

    def __init__(self) -> None:
        self._open: list[_List] = []
        self._mark = DASH

    def begin(self, tag: str, attributes: dict[str, str | None]) -> None:
        """Begin a list (`ol` or `ul`)."""
        form = (attributes.get("type") or "1") if tag == "ol" else ""
        step = -1 if "reversed" in attributes else 1
        self._open.append(_List(form, _number(attributes.get("start"), 1), step))

    def end(self) -> None:
        """End the innermost list."""
        if self._open:
            self._open.pop()

    def mark(self, attributes: dict[str, str | None]) -> str:
        """Return the mark of the next item, with the space behind it."""
        self._mark = DASH
        if self._open and (inner := self._open[-1]).form:
            inner.number = _number(attributes.get("value"), inner.number)
            self._mark = f"{show_number(inner.number, inner.form)}. "
            inner.number += inner.step
        return self._mark

    def is_mark(self, line: str) -> bool:
        """Whether a line is the mark of an item and nothing else but spaces."""
        return any(line.startswith(mark) and not line[len(mark) :].strip() for mark in (DASH, self._mark))


def _number(value: str | None, default: int) -> int:
    digits = (value or "").strip()
    return int(digits) if digits.removeprefix("-").isdecimal() and len(digits) < 8 else default
