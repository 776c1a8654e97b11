"""The rules that are drawn on a picture of a page: long, thin, dark runs along an axis.

Pixels in, pixels out. Knows no words.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from chat.extraction.layout.rules import Rule, Rules

LONGEST_LETTER = 0.4  # inches: no stroke of a letter is a longer straight line
FULL = 0.95  # of a run that is dark: a rule has a little noise
THICKEST = 0.05  # inches: what is thicker is a surface
LEAST_CLEANED = 1.0  # inches: Arabic draws the line of a word longer than a stroke
DARK = 0.6  # of the brightness of paper
MOST_RUNS = 20_000  # of pixels in one direction: more is a picture

Mask = NDArray[np.bool_]


def find_rules(grey: NDArray[np.uint8], dots: int) -> Rules:
    """Return the rules of a picture. dots: per inch."""
    dark: Mask = grey < np.percentile(grey, 80) * DARK
    return Rules(tuple(_along(dark, dots)), tuple(_along(np.ascontiguousarray(dark.T), dots)))


def _along(dark: Mask, dots: int) -> list[Rule]:
    """Return the rules along the rows of a mask."""
    length, thick = int(LONGEST_LETTER * dots), max(3, int(THICKEST * dots))
    if dark.shape[1] <= length or dark.shape[0] <= 2 * thick:
        return []
    sums = np.cumsum(dark, axis=1, dtype=np.int32)
    within = np.zeros(dark.shape, dtype=bool)
    full = (sums[:, length:] - sums[:, :-length]) >= FULL * length
    if not full.any():
        return []
    within[:, length // 2 : length // 2 + full.shape[1]] = full
    surface = np.zeros(dark.shape, dtype=bool)
    surface[thick:-thick] = within[: -2 * thick] & within[2 * thick :]
    return _runs(within & ~surface, length)


def _runs(mask: Mask, length: int) -> list[Rule]:
    edges = np.diff(mask.astype(np.int8), axis=1, prepend=0, append=0)
    rows, starts = np.nonzero(edges == 1)
    _, ends = np.nonzero(edges == -1)
    if len(rows) > MOST_RUNS:
        return []
    half = length / 2  # a run is known by the middles of the stretches that are dark
    found: list[list[float]] = []  # first row, last row, start, end
    open_ones: list[list[float]] = []
    for row, start, end in zip(rows.tolist(), (starts - half).tolist(), (ends + half).tolist(), strict=True):
        open_ones = [one for one in open_ones if one[1] >= row - 2]
        for one in open_ones:
            if start <= one[3] and one[2] <= end:
                one[1], one[2], one[3] = row, min(one[2], start), max(one[3], end)
                break
        else:
            one = [row, row, start, end]
            open_ones.append(one)
            found.append(one)
    return [Rule((first + last) / 2, start, end) for first, last, start, end in found]


def without_rules(grey: NDArray[np.uint8], rules: Rules, dots: int) -> NDArray[np.uint8]:
    """Return the picture with its rules painted over, so that an engine does not take them for letters."""
    blank: Any = np.percentile(grey, 80)
    clean, half = grey.copy(), max(2, int(0.012 * dots))
    for rule in rules.across:
        if rule.end - rule.start < LEAST_CLEANED * dots:
            continue
        at, start, end = round(rule.at), max(0, round(rule.start)), round(rule.end)
        clean[max(0, at - half) : at + half + 1, start : end + 1] = blank
    for rule in rules.down:
        at, start, end = round(rule.at), max(0, round(rule.start)), round(rule.end)
        clean[start : end + 1, max(0, at - half) : at + half + 1] = blank
    return clean
