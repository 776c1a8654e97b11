"""Chinese numerals up to 99,999 in figures: 一千一百二十九 is 1129. Knows no text."""

from __future__ import annotations

_DIGITS = {character: value for value, character in enumerate("〇一二三四五六七八九")} | {"零": 0, "两": 2}
_TENS = {"十": 10, "百": 100, "千": 1000}


def read_chinese(text: str) -> str:
    """Return a Chinese numeral in figures; other text as it is."""
    if not text or any(c not in _DIGITS and c not in _TENS and c != "万" for c in text):
        return text
    if all(c in _DIGITS for c in text):
        return "".join(str(_DIGITS[c]) for c in text)
    total = section = digit = 0
    for character in text:
        if character == "万":
            total, section, digit = (section + digit) * 10_000, 0, 0
        elif character in _TENS:
            section, digit = section + (digit or 1) * _TENS[character], 0
        else:
            digit = _DIGITS[character]
    return str(total + section + digit)


def write_chinese(number: int) -> str:
    """Return a number below 10,000 in Chinese numerals, as articles are counted: 十二, 一千零五."""
    if not 0 < number < 10_000:
        return str(number)
    text, is_gap = "", False
    for unit, value in (("千", 1000), ("百", 100), ("十", 10), ("", 1)):
        digit = number // value % 10
        if digit:
            text += ("零" if is_gap and text else "") + "〇一二三四五六七八九"[digit] + unit
        is_gap = not digit
    return text.removeprefix("一") if 10 <= number < 20 else text
