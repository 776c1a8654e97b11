"""Figure measures: the currency of a figure, and whether it counts percentage points, by the text beside it.

Where two texts write different ones beside one number, they do not say the same. Knows no file and no answer.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_SIGNS = {
    "US$": "$", "USD": "$", "DOLLAR": "$", "DOLLARS": "$", "美元": "$",
    "EUR": "€", "EURO": "€", "EUROS": "€", "欧元": "€", "GBP": "£", "POUNDS": "£", "英镑": "£",
    "RMB": "¥", "CNY": "¥", "YUAN": "¥", "元": "¥", "JPY": "¥", "YEN": "¥", "日元": "¥",
    "FRANKEN": "CHF", "港元": "HK$",
}  # fmt: skip
_BEFORE = re.compile(
    r"(HK\$|A\$|C\$|US\$|[$€£¥￥]|\b(?:USD|EUR|GBP|CHF|RMB|CNY|JPY))[\s|]{0,3}[-−(]?\s?$", re.IGNORECASE
)
_BEHIND = re.compile(
    r"[)\s]{0,2}([$€£¥￥]|(?:USD|EURO?S?|GBP|CHF|RMB|CNY|JPY|dollars?|pounds|yuan|yen|franken)\b"
    r"|美元|欧元|英镑|日元|港元|元)",
    re.IGNORECASE,
)
_POINTS = re.compile(r"point|punkt|百分点", re.IGNORECASE)
REACH = 12  # characters beside a figure


@dataclass(frozen=True)
class Measure:
    """currency: a sign, empty where the text has none beside the figure. is_points: percentage points."""

    currency: str
    is_points: bool


def read_measure(text: str, at: int, end: int) -> Measure:
    """Return the measure of the figure that stands from `at` to `end`."""
    found = _BEFORE.search(text[max(0, at - REACH) : at]) or _BEHIND.match(text, end, end + REACH)
    written = found[1].upper().replace("￥", "¥") if found else ""
    return Measure(_SIGNS.get(written, written), bool(_POINTS.search(text, at, end)))
