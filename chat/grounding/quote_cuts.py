"""Quote cuts: what the edge of a quote takes off a number, so that it is another one.

Its scale or percent sign, the other end of a range, a part of a fraction or a time, the "/kg" of its unit,
the name that it belongs to. Knows normal forms, no document.
"""

from __future__ import annotations

import re

from chat.grounding.differences import Difference
from chat.grounding.normal_form import NormalForm

_SCALE_AFTER = re.compile(
    r"\s?[%‰°]|\s(?:percent|million|billion|trillion|thousand|Mio|Mrd|Millionen|Milliarden|Tausend|Prozent)\b"
    r"|\s?(?:[万亿千百倍]|个百分点)",
    re.IGNORECASE,
)
_GOES_ON = re.compile(r"[-–—~～/:]\d+|/\s?[^\W\d_]+")  # 3-5, 3/4, 10:30, 5/month
_UNIT_GOES_ON = re.compile(r"/\s?[^\W\d_]+")  # 5 mg/kg
_BEGAN_BEFORE = re.compile(r"(?:\d+[-–—~～/:]|\b[A-Za-z]+[-‐‑])$")  # 3-5, COVID-19


def find_cut(there: NormalForm, first: int, last: int) -> Difference | None:
    """Return what the file has around the number that begins or ends the tokens from `first` to `last`."""
    begin, end = there.tokens[first], there.tokens[last]
    if begin.kind == "number" and not begin.sign:
        before = there.text[max(0, begin.start - 20) : begin.start]
        if lost := _BEGAN_BEFORE.search(before):
            return Difference(begin.raw, lost.group() + begin.raw)
    if end.kind == "number":
        cut = _SCALE_AFTER.match(there.text, end.end) or _GOES_ON.match(there.text, end.end)
        return Difference(end.raw, end.raw + cut.group()) if cut else None
    if last and there.tokens[last - 1].kind == "number" and end.kind == "word":
        cut = _UNIT_GOES_ON.match(there.text, end.end)
        return Difference(end.raw, end.raw + cut.group()) if cut else None
    return None
