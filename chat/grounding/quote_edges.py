"""Quote edges: what makes equal words mean something else.

A "not" that stands just outside of the quote or denies its sentence, another currency, a unit of another size
(mW and MW), the country US for the word "us". Knows normal forms, no document.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

from chat.grounding.differences import Difference
from chat.grounding.normal_form import NormalForm, Token

FEWEST_LETTERS = 12  # of a quote that says something: a shorter one names a thing, denied or not
FEWEST_CHINESE = 5
_UNITS = frozenset(
    f"{size}{unit}"
    for unit in ("W", "V", "Hz", "Pa", "J", "b", "B", "g", "L", "A", "N", "eV", "Ω")
    for size in "mMkKGT"
)
_NAMES = frozenset(("US", "IT", "WHO", "AIDS"))  # in small letters each is a word


_OTHER_SIGNS = {("-", ""), ("-", "()"), ("", "-"), ("", "("), ("(", ""), ("()", "-")}  # of quote and file
_WRITTEN = {"": "{}", "-": "-{}", "(": "({})", "()": "({})"}
_NOT_BEFORE = re.compile(
    r"(?:\b(?:not|never|no|nor|neither|cannot|without|nicht|nie|niemals|kein\w*|ohne|weder"
    r"|ne|jamais|aucune?|sans|nunca|ning[uú]n\w*|sin|не|ни|без)|n['’]t)\s+$|\bn['’]$"
    r"|(?:不得|不能|不可|不应|不要|不予|不会|不是|不具|没有|禁止|严禁|(?<!除)非|[不未没勿莫])$",
    re.IGNORECASE,
)
_NOT_AFTER = re.compile(
    r"\s+(?:not|nicht|never|niemals|nie)\b(?!\s+(?:only|nur|later|später|less|more|weniger|mehr|exceed))",
    re.IGNORECASE,
)
_DENIED_BEFORE = re.compile(
    r"\b(?:(?:not|never|no)\s+(?:\w+[\s,]+){0,4}|den(?:y|ies|ied)\s+|nicht\s+(?:\w+[\s,]+){0,2}"
    r"|(?:bestreitet|leugnet)[\s,]+)(?:that|dass)\s+$",
    re.IGNORECASE,
)
_SCALE_AFTER = re.compile(
    r"\s?[%‰°]|\s(?:percent|million|billion|trillion|thousand|Mio|Mrd|Millionen|Milliarden|Tausend|Prozent)\b|\s?[万亿千百]",
    re.IGNORECASE,
)
_SCALE_WORD = re.compile(
    r"(?:thousand|[mbt]illion|[mb]n|mio|mrd|million(?:en)?|milliarden?|tausend|tsd|[万亿千百]+)s?",
    re.IGNORECASE,
)
_NEGATION = re.compile(
    r"\b(?:not|never|no|nor|neither|cannot|without|nicht|nie|niemals|kein\w*|ohne|weder|denied|denies|prohibit\w*"
    r"|ne|pas|jamais|aucune?|sans|nunca|ning[uú]n\w*|sin|не|нет|ни|без)\b"
    r"|n['’]t\b|[不未没無无勿莫非]|禁止",
    re.IGNORECASE,
)


def find_fault(quote: NormalForm, there: NormalForm, start: int, end: int, before: str) -> Difference | None:
    """Return what the file has otherwise, though the words of `quote` are at `start` to `end` of `there`.

    before: what the answer says before the quote. It may deny what the file denies.
    """
    first, last = there.token_at(start), there.token_at(end - 1)
    tokens = there.tokens[first : last + 1]
    return (
        _find_cut_number(there, last)
        or _find_negation(quote, there, start, end, before)
        or _compare_currencies(
            list(quote.tokens), [*_currency_before(there, first), *tokens, *there.tokens[last + 1 : last + 2]]
        )
        or _compare_signs(_numbers(quote.tokens), _numbers(tokens))
        or _compare_units(quote.tokens, tokens)
        or _compare_names(quote.tokens, tokens)
    )


def _find_cut_number(there: NormalForm, last: int) -> Difference | None:
    """Return the scale or unit that the file has behind a number which ends the quote."""
    token = there.tokens[last]
    cut = _SCALE_AFTER.match(there.text, token.end) if token.kind == "number" else None
    return Difference(token.raw, token.raw + cut.group()) if cut else None


def _find_negation(
    quote: NormalForm, there: NormalForm, start: int, end: int, before: str
) -> Difference | None:
    letters = sum(len(token.key) for token in quote.tokens)
    is_chinese = any(letter >= "\u2e80" for letter in quote.keys)
    if letters < (FEWEST_CHINESE if is_chinese else FEWEST_LETTERS) or _NEGATION.search(before[-60:]):
        return None
    first, last = there.offset(start), there.end_offset(end)
    lead = there.text[max(0, first - 60) : first]
    lost = _not_before(lead) or _not_after(there.text, last) or _DENIED_BEFORE.search(lead)
    return Difference("", lost.group().strip()) if lost else None


def _not_before(lead: str) -> re.Match[str] | None:
    """Return the "not" at the end of `lead`. "Never" alone or at the end of a row heads a column."""
    lost = _NOT_BEFORE.search(lead, max(0, len(lead) - 12))
    if lost and "\n" in lost.group():
        line = lead[lead.rfind("\n", 0, lost.start()) + 1 : lost.start()]
        return None if "|" in line or not line.strip() else lost
    return lost


def _not_after(text: str, at: int) -> re.Match[str] | None:
    """Return the "not" that follows. With a capital, on the next line, it begins a row of its own."""
    lost = _NOT_AFTER.match(text, at)
    is_next = lost and "\n" in lost.group() and lost.group().lstrip()[0].isupper()
    return None if is_next else lost


def _currency_before(there: NormalForm, first: int) -> list[Token]:
    return [token for token in there.tokens[max(0, first - 1) : first] if token.kind == "currency"]


def _compare_currencies(said: list[Token], stands: list[Token]) -> Difference | None:
    """Return the first number with one currency sign in the quote and another in the file."""
    for (_, one), (_, two) in zip(_amounts(said), _amounts(stands), strict=False):
        if one and two and one != two:
            return Difference(one, two)
    return None


def _amounts(tokens: list[Token]) -> list[tuple[str, str]]:
    """Return each number with its currency sign; empty where it has none."""
    found = []
    for at, token in enumerate(tokens):
        if token.kind == "number":
            before = tokens[at - 1] if at else None
            sign = before.raw if before and before.kind == "currency" else _currency_behind(tokens, at)
            found.append((token.key, sign.removeprefix("US")))
    return found


def _currency_behind(tokens: list[Token], at: int) -> str:
    """Return the currency sign behind a number, or behind the "million" that follows it."""
    last, *following = tokens[at : at + 3]
    for token in following:
        is_beside = token.start - last.end <= (1 if last.kind == "number" else 2)  # 5 Mio. EUR
        if token.kind == "currency":
            return token.raw if is_beside else ""
        if not (is_beside and _SCALE_WORD.fullmatch(token.raw)):
            return ""
        last = token
    return ""


def _numbers(tokens: Sequence[Token]) -> list[Token]:
    return [token for token in tokens if token.kind in ("number", "note") and token.raw[0] not in "(-"]


def _compare_signs(said: list[Token], stands: list[Token]) -> Difference | None:
    """Return the first number that is negative in the quote or in the file alone."""
    for one, two in zip(said, stands, strict=False):
        if (one.sign, two.sign) in _OTHER_SIGNS:
            return Difference(_WRITTEN[one.sign].format(one.raw), _WRITTEN[two.sign].format(two.raw))
    return None


def _compare_units(said: Sequence[Token], stands: Sequence[Token]) -> Difference | None:
    """Return the first unit that differs in its case alone and is another unit."""
    for one, two in zip(_units(said), _units(stands), strict=False):
        if one != two and one.lower() == two.lower() and {one, two} <= _UNITS and one.lower() != "kb":
            return Difference(one, two)
    return None


def _units(tokens: Sequence[Token]) -> list[str]:
    return [two.raw for one, two in pairwise(tokens) if one.kind == "number" and two.kind == "word"]


def _compare_names(said: Sequence[Token], stands: Sequence[Token]) -> Difference | None:
    """Return the first word that is a name in capitals on one side alone: us and US."""
    for one, two in zip(_words(said), _words(stands), strict=False):
        if one != two and one.upper() == two.upper() and len({one, two} & _NAMES) == 1:
            named = said if one in _NAMES else stands
            if any(word.islower() for word in _words(named)):  # or all of it is in capitals
                return Difference(one, two)
    return None


def _words(tokens: Sequence[Token]) -> list[str]:
    return [token.raw for token in tokens if token.kind == "word"]
