"""Figures: the numbers of a text as values, and which of a file's numbers a figure of an answer can be.

The rule of rounding: a figure is a file's number where that number, rounded to the digits that the figure
shows, is the figure; `1.6 billion` is 1,577 where the file counts in millions. Knows no page and no mark.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from chat.grounding.number_notation import LITERAL, LITERAL_WITH_SPACES, read_number

SCALES = {
    **dict.fromkeys(("thousand", "thousands", "tausend", "tsd", "k", "千"), 1e3),
    **dict.fromkeys(("million", "millions", "mio", "mn", "mm", "millionen", "mill", "m", "百万"), 1e6),
    **dict.fromkeys(("billion", "billions", "bn", "mrd", "milliarde", "milliarden", "b", "十亿"), 1e9),
    **dict.fromkeys(("trillion", "trillions", "tn", "billionen"), 1e12),
    **dict.fromkeys(("万", "萬"), 1e4),
    **dict.fromkeys(("亿", "億"), 1e8),
}
UNSTATED = (1e3, 1e6, 1e9, 1e4, 1e8)  # what a table may count in and say elsewhere
_SCALE = re.compile(
    r"\s*(?P<scale>thousands?|tausend|tsd\.?|millionen|millions?|mio\.?|mill\.|milliarden?|billionen|billions?|bn\b|mrd\.?|trillions?|tn\b"
    r"|mn\b|mm\b|[kmb]\b(?!²|\^)|十亿|百万|[千万萬亿億])?"
    r"\s*(?P<percent>%|percent\b|per cent\b|prozent\b|percentage points?\b|prozentpunkte?n?\b|个百分点)?",
    re.IGNORECASE,
)
_COUNTED = re.compile(
    r"\b(?:in|dollars|amounts|usd|eur|\$)\s+(?:in\s+|of\s+)?(?:u\.?s\.?\s+)?(?:dollars\s+)?(thousands?|millions?|billions?|mio|mrd|tsd|tausend|millionen)\b"
    r"|单位\s*[:：]?\s*(?:人民币)?(千|万|百万|亿)",
    re.IGNORECASE,
)
_SCALE_WORD = re.compile(
    r"\b(thousands?|millions?|billions?|bn|mn|mio|mrd|tausend|millionen|milliarden?)\b|[万亿]", re.IGNORECASE
)
_BY_COMMA = {joins: re.compile(LITERAL_WITH_SPACES if joins else LITERAL) for joins in (False, True)}
_CHINESE_PERCENT = re.compile(r"百分之$")


@dataclass(frozen=True)
class Amount:
    """A figure. value: without its sign, scale applied. unit: the value of a 1 in the last digit shown."""

    value: float
    unit: float
    scale: float
    is_percent: bool
    at: int
    end: int
    literal: str

    @property
    def digits(self) -> int:
        """How many digits the figure shows, zeros at its ends left out."""
        return len(self.literal.replace("’", "'").translate(_NO_MARKS).strip("0"))

    @property
    def is_whole(self) -> bool:
        return self.scale == 1.0 and not self.is_percent and self.unit == 1.0


_NO_MARKS = str.maketrans("", "", ".,·' \u00a0\u2007\u2009\u202f")


@lru_cache(maxsize=50_000)
def parse_literal(literal: str, decimal_comma: bool) -> tuple[float, float] | None:
    """Return value and unit of the last digit of a literal; None for what is no number."""
    value = read_number(literal, decimal_comma)
    if not re.fullmatch(r"\d{1,18}(?:\.\d{1,12})?", value):
        return None
    shown = _fraction_digits(literal, value)
    return float(value), 10.0**-shown


def _fraction_digits(literal: str, value: str) -> int:
    if "." in value:
        return len(value.partition(".")[2])
    tail = re.search(r"[.,·](0+)$", literal)  # 7,904.00
    return len(tail[1]) if tail and len(tail[1]) != 3 else 0


def read_amounts(text: str, *, decimal_comma: bool, joins_spaces: bool = False) -> Iterator[Amount]:
    """Yield the numbers of a text with the scale and the percent sign behind each."""
    for found in _BY_COMMA[joins_spaces].finditer(text):
        parsed = parse_literal(found.group(), decimal_comma)
        if parsed is None:
            continue
        after = _SCALE.match(text, found.end())
        word = (after["scale"] or "").lower().rstrip(".") if after else ""
        is_percent = bool(after and after["percent"]) or bool(
            _CHINESE_PERCENT.search(text[max(0, found.start() - 4) : found.start()])
        )
        scale = SCALES.get(word, 1.0)
        end = max(after.end("scale"), after.end("percent"), found.end()) if after else found.end()
        yield Amount(
            parsed[0] * scale, parsed[1] * scale, scale, is_percent, found.start(), end, found.group()
        )


@dataclass(frozen=True, eq=False)
class FigureIndex:
    """The numbers of a text, sorted by value. scales: 1 where the text beside a number names none."""

    values: NDArray[np.float64]
    starts: NDArray[np.int64]
    ends: NDArray[np.int64]
    scales: NDArray[np.float64]
    unstated: Sequence[float]

    @classmethod
    def build(cls, text: str, decimal_comma: bool) -> FigureIndex:
        """Index the numbers by the notation of the text's language, and by the other one where it differs."""
        found = dict[tuple[int, float], Amount]()
        for comma, joins in (
            (decimal_comma, decimal_comma),
            (decimal_comma, True),
            (not decimal_comma, False),
        ):
            for one in read_amounts(text, decimal_comma=comma, joins_spaces=joins):
                found.setdefault((one.at, one.value), one)
        amounts = sorted(found.values(), key=lambda one: one.value)
        return cls(
            np.array([one.value for one in amounts], np.float64),
            np.array([one.at for one in amounts], np.int64),
            np.array([one.end for one in amounts], np.int64),
            np.array([one.scale for one in amounts], np.float64),
            _unstated_scales(text),
        )

    def _factors(self, figure: Amount) -> Sequence[float]:
        if figure.is_percent:
            return (1.0, 100.0)
        return self.unstated if figure.scale > 1.0 or figure.value >= 1e5 else (1.0,)

    def find(self, figure: Amount, *, is_rough: bool = False) -> list[tuple[int, int, bool]]:
        """Return where the file has a number that the figure is: start, end, and whether it is exact.

        is_rough: the answer says `about`, so that zeros at the end of the figure count as rounding.
        """
        found = dict[int, tuple[int, int, bool]]()
        slack = figure.unit / 2
        if is_rough or (figure.scale == 1.0 and figure.value >= 1e5):
            slack = max(slack, _rough_unit(figure) / 2)
        for factor in self._factors(figure):
            low, high = (figure.value - slack) / factor, (figure.value + slack) / factor
            first = bisect_left(self.values, low * (1 - 1e-9))
            last = bisect_left(self.values, high * (1 + 1e-9))
            for at in range(first, min(last, first + 200)):
                if factor != 1.0 and self.scales[at] != 1.0:
                    continue  # the file names the scale itself
                is_exact = abs(self.values[at] * factor - figure.value) <= 1e-9 * max(1.0, figure.value)
                place = int(self.starts[at])
                if place not in found or is_exact:
                    found[place] = (place, int(self.ends[at]), bool(is_exact))
        return sorted(found.values(), key=lambda one: (not one[2], one[0]))


def _unstated_scales(text: str) -> tuple[float, ...]:
    """Return what numbers may count in: what the tables say, or else any scale that the text names."""
    said = {SCALES[word.lower()] for found in _COUNTED.findall(text) for word in found if word}
    named = {SCALES[word.lower()] for word in _SCALE_WORD.findall(text) if word}
    return (1.0, *sorted(said or named or UNSTATED))


def _rough_unit(figure: Amount) -> float:
    """Return the value of a 1 in the last digit that is no zero: 100 for 1,600."""
    unit, value = figure.unit, round(figure.value / figure.unit)
    while value and value % 10 == 0:
        value //= 10
        unit *= 10
    return unit
