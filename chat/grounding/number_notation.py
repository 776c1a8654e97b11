"""Notation of numbers: one value for `12,553`, `12 553` and `12.553`, by the language that writes it.

Pure functions. Knows no file and no answer.
"""

from __future__ import annotations

import re
from functools import lru_cache

SPACES = " \u00a0\u2007\u2009\u202f"
_GROUPED = r"\d{1,3}(?:[" + SPACES + r"]\d{3})+(?![\d])(?:[.,]\d+)?"
_RAISED_POINT = r"(?<![\d.,·])\d+·\d{1,3}(?![\d·]|\s?[\^⁰¹²³⁴-⁹])"  # 48·0 %, no product 3·10²
_PLAIN = rf"{_RAISED_POINT}|" + r"\d+(?:(?:[.,]|['’](?=\d{3}))\d+)*|(?<![\w.)\]])\.\d+"
LITERAL = _PLAIN
LITERAL_WITH_SPACES = rf"(?<![\d.,]){_GROUPED}|{_PLAIN}"


@lru_cache(maxsize=50_000)
def read_number(literal: str, decimal_comma: bool) -> str:
    """Return the value of a literal as digits with a decimal point; the literal where it is no plain number.

    `1.2.3`, `007` and `1,2,3` are names, not values. A fraction of zeros is left out (7,904.00), other zeros
    at the end are not: 3.1 and 3.10 may be sections.
    """
    text = literal.replace("’", "'")
    if any(space in text for space in SPACES) or "'" in text:
        text = re.sub(f"['{SPACES}]", "", text)
        whole, _, fraction = text.replace(",", ".").partition(".")
        return _value(whole, fraction)
    if "·" in text:
        return _value(*text.split("·"))
    if text.startswith("."):
        return _value("0", text[1:])
    points, commas = text.count("."), text.count(",")
    if points and commas:
        return _read_mixed(text) or literal
    mark = "." if points else ","
    parts = text.split(mark)
    if len(parts) == 1:
        return literal if len(text) > 1 and text[0] == "0" else text
    if len(parts) > 2:
        return _value("".join(parts), "") if _is_grouped(parts) else literal
    whole, fraction = parts
    is_thousands = (mark == ".") == decimal_comma
    if is_thousands and _is_grouped(parts):
        return _value(whole + fraction, "")
    return _value(whole, fraction) if len(whole) == 1 or whole[0] != "0" else literal


def _read_mixed(text: str) -> str:
    """Return the value of a literal with both marks: the last one is the decimal mark, if it stands once."""
    decimal = "." if text.rfind(".") > text.rfind(",") else ","
    whole, _, fraction = text.rpartition(decimal)
    grouping = "," if decimal == "." else "."
    parts = whole.split(grouping)
    return _value("".join(parts), fraction) if decimal not in whole and _is_grouped(parts) else ""


def _is_grouped(parts: list[str]) -> bool:
    first, *rest = parts
    return 1 <= len(first) <= 3 and (first[0] != "0") and all(len(part) == 3 for part in rest)


def _value(whole: str, fraction: str) -> str:
    return f"{whole}.{fraction}" if fraction.strip("0") else whole
