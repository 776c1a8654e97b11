"""Answer heads: the headings of an answer and the bold words that begin its paragraphs, and their marks.

Knows no file and no quotation.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from chat.grounding.mark_reading import Mark, between

_HEAD = re.compile(
    r"^[ \t]*(?P<head>#{1,6}[ \t][^\n]*"
    r"|(?:(?:[-*+•]|\d{1,2}[.)])[ \t]+)?\*\*[^*\n]+\*\*"
    r"(?:[ \t]?[\[(（【][^()\[\]（）【】\n]{1,60}[\])）】])?)"
    r"(?P<rest>[^\n]*)",
    re.MULTILINE,
)


@dataclass(frozen=True)
class Head:
    """A head of an answer. start, end: of what stands under it. marks: in the head."""

    start: int
    end: int
    marks: tuple[Mark, ...]


def read_heads(answer: str, marks: Sequence[Mark]) -> Iterator[Head]:
    """Yield the headings of an answer, and the bold words that begin a paragraph."""
    lines = [found for found in _HEAD.finditer(answer) if not _is_run_in(found)]
    ends = iter([*(found.start() for found in lines[1:]), len(answer)])
    for found in _HEAD.finditer(answer):
        last = found.end("rest") if _is_run_in(found) else next(ends)
        yield Head(found.end("head"), last, tuple(between(marks, found.start(), found.end("head"))))


def marks_above(heads: Sequence[Head], at: int) -> tuple[Mark, ...]:
    """Return the marks of the nearest head over the character `at`, as in **Page 3.** It says …"""
    return next((one.marks for one in reversed(heads) if one.marks and one.start <= at < one.end), ())


def _is_run_in(found: re.Match[str]) -> bool:
    """Does the text go on behind the head in its line?"""
    return any(map(str.isalnum, found["rest"]))
