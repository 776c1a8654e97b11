"""Unicode normal forms in time that grows with the text.

Python sorts a run of combining marks by insertion: 64,000 marks in two alternating classes hold the
interpreter for 4 s. Long runs are divided as the Stream-Safe Text Format does (Unicode Standard Annex #15,
section 12), which no text of a language needs.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache
from typing import Literal

MARKS_MAX = 30  # in a row
LAST_MARK = 0x20000  # above are ideographs and private characters
JOINER = "\u034f"  # combining grapheme joiner, which no mark is sorted across

Form = Literal["NFC", "NFD", "NFKC", "NFKD"]


def _find_marks() -> str:
    """Return all combining marks as the inside of a regular expression's set."""
    codes = {code for code in range(0x300, LAST_MARK) if unicodedata.combining(chr(code))}
    starts = sorted(code for code in codes if code - 1 not in codes)
    ends = sorted(code for code in codes if code + 1 not in codes)
    return "".join(f"{chr(start)}-{chr(end)}" for start, end in zip(starts, ends, strict=True))


@cache
def _long_run() -> re.Pattern[str]:
    return re.compile(f"[{_find_marks()}]{{{MARKS_MAX}}}")


def normalize(form: Form, text: str) -> str:
    """Return the text in a normal form."""
    # A run of MARKS_MAX has one of its marks at a place that is looked at.
    if text.isascii() or not any(map(unicodedata.combining, set(text[::MARKS_MAX]))):
        return unicodedata.normalize(form, text)
    return unicodedata.normalize(form, _long_run().sub(rf"\g<0>{JOINER}", text))
