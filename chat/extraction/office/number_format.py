"""Number formats of spreadsheets (ECMA-376 part 1, 18.8.31): a value as the program shows it.

Currency, units, percentages, leading zeros, thousands, decimals, powers of ten, fractions. Dates are those of
chat.extraction.office.date_format.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from fractions import Fraction
from functools import lru_cache

EASTERN_DATE = "yyyy-mm-dd;@"  # for formats that mean another one in Chinese, Japanese and Korean Excel
BUILT_IN = dict.fromkeys((*range(27, 37), *range(50, 59)), EASTERN_DATE) | {
    31: 'yyyy"年"m"月"d"日"',
    1: "0", 2: "0.00", 3: "#,##0", 4: "#,##0.00", 5: '"$"#,##0;("$"#,##0)', 6: '"$"#,##0;("$"#,##0)',
    7: '"$"#,##0.00;("$"#,##0.00)', 8: '"$"#,##0.00;("$"#,##0.00)', 9: "0%", 10: "0.00%", 11: "0.00E+00",
    12: "# ?/?", 13: "# ??/??", 15: "d-mmm-yy", 16: "d-mmm", 17: "mmm-yy",
    18: "h:mm AM/PM", 19: "h:mm:ss AM/PM", 20: "h:mm", 21: "h:mm:ss", 45: "mm:ss", 46: "[h]:mm:ss",
    37: "#,##0;(#,##0)", 38: "#,##0;(#,##0)",
    39: "#,##0.00;(#,##0.00)", 40: "#,##0.00;(#,##0.00)", 41: "#,##0;(#,##0);-",
    42: '"$"#,##0;("$"#,##0);"$"-',
    43: "#,##0.00;(#,##0.00);-", 44: '"$"#,##0.00;("$"#,##0.00);"$"-', 48: "##0.0E+0",
}  # fmt: skip
LONGEST = 255
LARGEST = 1e21  # that is written with all its digits
GENERAL_DIGITS = 15
TOKEN = re.compile(
    r'"(?P<quoted>[^"]*)"?|\\(?P<escaped>.)|_.|\*.|\[\$(?P<currency>[^\]-]*)[^\]]*\]|\[(?P<bracket>[^\]]*)\]'
    r"|(?P<general>General)|(?P<power>[Ee][+-])|(?P<digits>[0#?.,%/@]|\d)|(?P<other>.)",
    re.DOTALL,
)
CONDITION = re.compile(r"(<=|>=|<>|<|>|=)\s*(-?[\d.]+)$")
DATE_LETTERS = re.compile(r"[ymdhsYMDHSbgeBG]|[aA]{3}")
WEEKDAY = re.compile(r"[aA]{3}")
Token = tuple[str, str]  # kind and text


@lru_cache(maxsize=2_000)
def sections(code: str) -> tuple[tuple[Token, ...], ...]:
    """Return the sections of a format as tokens: literals, placeholders, conditions."""
    found: list[list[Token]] = [[]]
    for match in TOKEN.finditer(code[:LONGEST]):
        kind, text = str(match.lastgroup or "space"), match.group(match.lastgroup) if match.lastgroup else ""
        if kind == "other" and text == ";":
            found.append([])
        elif kind in ("quoted", "escaped", "currency"):
            found[-1].append(("literal", text))
        elif kind == "space":
            found[-1].append(("literal", " " if match.group().startswith("_") else ""))
        else:
            found[-1].append((kind, text))
    return tuple(map(tuple, found))


def format_number(value: float, code: str) -> str:
    """Return a value as a format shows it; empty where the format is none for numbers, or shows nothing."""
    if not code or is_date(code):
        return ""
    parts = sections(code)
    part, is_own_sign = _choose(parts, value)
    if abs(value) >= LARGEST and not any(kind == "power" for kind, _ in part):
        return ""
    if not any(kind == "digits" and text in "0#?" for kind, text in part):
        words = "".join(
            f"{abs(value):.{GENERAL_DIGITS}g}" if kind == "general" else text
            for kind, text in part
            if kind in ("literal", "other", "general")
        )
        sign = "-" if value < 0 and not is_own_sign and any(kind == "general" for kind, _ in part) else ""
        return f"{sign}{' '.join(words.split())}"
    shown = _show(abs(value), part)
    sign = "-" if value < 0 and not is_own_sign and re.search(r"[1-9]", shown) else ""
    return f"{sign}{' '.join(shown.split())}"


def is_interesting(code: str) -> bool:
    """Whether a format shows a number in another way than its digits."""
    return bool(code) and code not in ("General", "@") and not all(map(_is_date, sections(code)))


@lru_cache(maxsize=2_000)
def is_date(code: str) -> bool:
    """Whether a format shows a date or a time."""
    return any(map(_is_date, sections(code)))


def is_eastern_date(code: str) -> bool:
    """Whether a format shows dates that the reader of the values takes for numbers."""
    return code == EASTERN_DATE or (WEEKDAY.search(code) is not None and is_date(code))


def _is_date(part: Sequence[Token]) -> bool:
    is_time = any(
        kind == "bracket" and text.lower() in ("h", "hh", "m", "mm", "s", "ss") for kind, text in part
    )
    letters = "".join(text for kind, text in part if kind == "other")
    return is_time or DATE_LETTERS.search(letters) is not None


def _choose(parts: Sequence[Sequence[Token]], value: float) -> tuple[Sequence[Token], bool]:
    """Return the section for a value, and whether it shows the sign itself."""
    for part in parts[:2]:
        for kind, text in part:
            condition = CONDITION.match(text) if kind == "bracket" else None
            if condition:
                return _by_condition(parts, value)
    if value < 0 and len(parts) > 1:
        return parts[1], True
    return (parts[2], True) if value == 0 and len(parts) > 2 else (parts[0], False)


def _by_condition(parts: Sequence[Sequence[Token]], value: float) -> tuple[Sequence[Token], bool]:
    for part in parts:
        found = next((c for kind, text in part if kind == "bracket" and (c := CONDITION.match(text))), None)
        if found is None or _holds(value, found[1], float(found[2])):
            return part, found is not None and "<" in found[1] and float(found[2]) <= 0
    return parts[-1], False


def _holds(value: float, sign: str, limit: float) -> bool:
    return {
        "<": value < limit, ">": value > limit, "<=": value <= limit,
        ">=": value >= limit, "=": value == limit, "<>": value != limit,
    }[sign]  # fmt: skip


def _show(value: float, part: Sequence[Token]) -> str:
    texts = [text for kind, text in part if kind == "digits"]
    places = [at for at, (kind, text) in enumerate(part) if kind == "digits" and text in "0#?"]
    first, last = places[0], _end_of_fraction(part, places[-1])
    before = "".join(text for kind, text in part[:first] if kind in ("literal", "other"))
    after = "".join(text for kind, text in part[last + 1 :] if kind in ("literal", "other") or text == "%")
    number = Decimal(repr(value)) * 100 ** texts.count("%")
    behind = next((at for at in range(last + 1, len(part)) if part[at] != ("digits", ",")), len(part))
    number /= 1000 ** (behind - last - 1)
    middle = part[first : last + 1]
    if ("digits", "/") in middle:
        return f"{before}{_fraction(number, middle)}{after}"
    if any(kind == "power" for kind, _ in middle):
        return f"{before}{_power(number, middle)}{after}"
    if "%" in "".join(text for kind, text in part[:first] if kind == "digits"):
        before += "%"
    return f"{before}{_decimal(number, middle)}{after}"


def _end_of_fraction(part: Sequence[Token], last: int) -> int:
    """Return the last place of the digits: what stands below a fraction's line may be a number (`# ?/8`)."""
    if ("digits", "/") in part[: last + 2]:
        while last + 1 < len(part) and part[last + 1][0] == "digits" and part[last + 1][1] not in "%@,.":
            last += 1
    return last


def _decimal(number: Decimal, middle: Sequence[Token]) -> str:
    dot = next((at for at, token in enumerate(middle) if token == ("digits", ".")), len(middle))
    whole, rest = (
        middle[:dot],
        [text for kind, text in middle[dot + 1 :] if kind == "digits" and text in "0#?"],
    )
    try:
        rounded = number.quantize(Decimal(1).scaleb(-len(rest)), ROUND_HALF_UP)
    except InvalidOperation:
        rounded = number
    digits, _, decimals = f"{rounded:f}".partition(".")
    least = max((at + 1 for at, text in enumerate(rest) if text == "0"), default=0)
    decimals = decimals[:least] + decimals[least:].rstrip("0")
    shown = _whole(digits if digits != "0" else "", whole)
    return f"{shown}.{decimals}" if decimals else shown


def _whole(digits: str, tokens: Sequence[Token]) -> str:
    """Return the digits before the point, filled in from the right; literals between them stay."""
    placeholders = [text for kind, text in tokens if kind == "digits" and text in "0#?"]
    least = sum(text == "0" for text in placeholders)
    digits = digits.rjust(least, "0")
    if ("digits", ",") in tokens:
        return re.sub(r"(?<=\d)(?=(?:\d{3})+$)", ",", digits)
    out: list[str] = []
    left = len(placeholders)
    for kind, text in reversed(tokens):
        if kind == "digits" and text in "0#?":
            left -= 1
            piece, digits = (digits, "") if not left else (digits[-1:], digits[:-1])
            out.append(piece)
        elif kind in ("literal", "other") and digits:
            out.append(text)
    return "".join(reversed(out))


def _power(number: Decimal, middle: Sequence[Token]) -> str:
    at = next(at for at, (kind, _) in enumerate(middle) if kind == "power")
    mantissa = [text for kind, text in middle[:at] if kind == "digits"]
    decimals = len(mantissa) - mantissa.index(".") - 1 if "." in mantissa else 0
    width = sum(text == "0" for kind, text in middle[at:] if kind == "digits")
    step = max(1, len([text for text in mantissa if text in "0#?"]) - decimals)
    exponent = number.adjusted() // step * step if number else 0
    head = f"{number.scaleb(-exponent):.{decimals}f}"
    if Decimal(head) >= 10**step:  # rounded up
        head, exponent = f"{Decimal(head).scaleb(-step):.{decimals}f}", exponent + step
    return f"{head}E{'-' if exponent < 0 else '+'}{str(abs(exponent)).rjust(max(1, width), '0')}"


def _fraction(number: Decimal, middle: Sequence[Token]) -> str:
    slash = middle.index(("digits", "/"))
    below = "".join(text for kind, text in middle[slash:] if kind == "digits").strip("/")
    has_whole = any(kind in ("literal", "other") for kind, _ in middle[:slash])
    whole = int(number) if has_whole else 0
    rest = Fraction(number) - whole
    if below.isdigit() and int(below):  # which is not reduced
        return _over(round(rest * int(below)), int(below), whole, has_whole=has_whole)
    part = rest.limit_denominator(max(1, 10 ** len(below) - 1))
    return _over(part.numerator, part.denominator, whole, has_whole=has_whole)


def _over(above: int, below: int, whole: int, *, has_whole: bool) -> str:
    if has_whole and above == below:
        whole, above = whole + 1, 0
    if not above:
        return str(whole)
    return f"{whole} {above}/{below}" if whole else f"{above}/{below}"
