"""Cues: the times and speakers that a transcript has before its lines: `[00:16] Neil Tyson: It flies.`

A quote may leave them out, unless another speaker goes on. Knows no quote and no file.
"""

from __future__ import annotations

import re
from itertools import pairwise

_TIME, _NAME = r"\[(?:\d{1,2}:)?\d{1,3}:\d\d\]", r"[^\W\d_][^:\n\[\]]{0,59}"
CUE = rf"{_TIME}(?:[^\S\n]*{_NAME}:(?=\s))?"
LEAD_CHARACTERS = 400  # before a quote, where the cue stands in which it begins
_CUE = re.compile(rf"{_TIME}(?:[^\S\n]*(?P<name>{_NAME}):(?=\s))?")


def find_other_speaker(said: str, text: str, start: int, end: int) -> str:
    """Return the first speaker from `start` to `end` that goes on where another one spoke, or nothing.

    said: the quote; speakers that it names are no fault.
    """
    within = [found["name"] or "" for found in _CUE.finditer(text, start, end)]
    if not within:
        return ""
    before = [found["name"] or "" for found in _CUE.finditer(text, max(0, start - LEAD_CHARACTERS), start)]
    for one, two in pairwise([*before[-1:], *within]):
        if two and one != two and two.casefold() not in said.casefold():
            return two
    return ""
