"""Samples: where to look into a text when no word of the question tells: at even distances, at a beginning.

Knows no question, no budget and no ranking.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Callable

from chat.grounding.retrieval.passages import Index

HEADING_CHARACTERS = 80
_NUMBERED = re.compile(r"#{1,6} |(?:第.{1,5}[章节部分]|[一二三四五六七八九十]+、|\d+(?:\.\d+)*\.? )\s*\S")


def find_samples(index: Index, count: int, start: int = 0, end: int | None = None) -> list[int]:
    """Return up to `count` sentences at even distances behind the head of [start, end), in their order."""
    size = (len(index.document.text) if end is None else end) - start
    reach = size // (count + 1)
    found = {open_sample(index, start + reach * number, reach) for number in range(1, count + 1)}
    return sorted(found)


def open_sample(index: Index, offset: int, reach: int) -> int:
    """Return the sentence to start at: a heading in reach, a paragraph's first, or the nearest."""
    first = bisect_left(index.starts, offset)
    last = min(bisect_left(index.starts, offset + reach), len(index))
    starts: tuple[Callable[[Index, int], bool], ...] = (is_heading, is_paragraph_start)
    for is_start in starts:
        for sentence in range(first, last):
            if is_start(index, sentence):
                return sentence
    return max(0, min(first, len(index) - 1))


def is_heading(index: Index, sentence: int) -> bool:
    """Tell whether a sentence is a short line of its own without the end of a sentence."""
    start, end = int(index.starts[sentence]), int(index.starts[sentence + 1])
    text = index.document.text
    line = text[start:end].strip()
    if (
        not 1 < len(line) <= HEADING_CHARACTERS
        or (start and text[start - 1] != "\n")
        or not text[start:end].rstrip(" ").endswith("\n")
    ):
        return False
    if _NUMBERED.match(line):
        return True
    return line[-1] not in ".,;:!?。，；：！？、" and any(letter.isalpha() for letter in line)


def is_paragraph_start(index: Index, sentence: int) -> bool:
    """Tell whether a sentence follows an empty line."""
    start = int(index.starts[sentence])
    return start == 0 or index.document.text[max(0, start - 2) : start] == "\n\n"
