"""Quote edges: what makes equal words mean something else.

A "not" that stands just outside of the quote or denies its sentence, another currency, a unit of another size
(mW and MW), the country US for the word "us". Knows normal forms, no document.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

from chat.grounding.denied_clauses import find_denial, is_denying
from chat.grounding.differences import Difference
from chat.grounding.normal_form import NormalForm, Token
from chat.grounding.quote_cuts import find_cut

FEWEST_LETTERS = 12  # of a quote that says something: behind "no", a shorter one names a thing
FEWEST_CHINESE = 5
LEAD_CHARACTERS = 60  # before a quote, where a "not" may stand
LATE_CHARACTERS = 160  # behind a quote, where the "nicht" of a German clause may stand
SENTENCE_CHARACTERS = 240  # looked at before a quote and behind it
NAMED = "named"  # the sign of a currency that the quote writes as a word: the file must have it too
_SYMBOLS = (
    "W", "Wh", "V", "VA", "Hz", "Pa", "J", "b", "B", "g", "L", "A", "N", "eV", "Ω", "mol", "Sv", "Bq",
)  # fmt: skip
_UNITS = frozenset(f"{size}{unit}" for unit in _SYMBOLS for size in "mMkKGT")
_NAMES = frozenset(("US", "IT", "WHO", "AIDS"))  # in small letters each is a word


CURRENCY_SIGNS = {
    "euros": "€", "euro": "€", "dollars": "$", "dollar": "$", "francs": "CHF", "franken": "CHF", "chf": "CHF",
    "欧元": "€", "美元": "$", "英镑": "£", "日元": "¥", "元": "¥",
}  # fmt: skip
_CURRENCY_WORD = re.compile(  # 亿美元 is one word
    "[万亿千百]*(" + "|".join(f"{word}$" if word.isascii() else word for word in CURRENCY_SIGNS) + ")"
)
_OTHER_SIGNS = {("-", ""), ("-", "()"), ("", "-"), ("", "("), ("(", ""), ("()", "-")}  # of quote and file
_WRITTEN = {"": "{}", "-": "-{}", "(": "({})", "()": "({})"}
_DENIES = (  # a verb or a whole sentence
    r"not|never|cannot|nor|neither|hardly|barely|scarcely|rarely|seldom|by no means|in no way"
    r"|(?:under no circumstances|at no time) \w+|unable to"
    r"|(?:fail(?:s|ed)?|refus(?:e|es|ed)|declin(?:e|es|ed)) to"
    r"|far from|anything but|no longer|(?<=[a-z] )less|refrain(?:s|ed)? from|nicht|nie|niemals|weder"
    r"|kaum|keineswegs|keinesfalls|nirgends|(?:unter|in|auf|zu) keine[nmr] (?:umständen|fall|zeit(?:punkt)?)"
    r"|ne|pas|n(?:e |['’])\w+ plus|jamais|nunca|jamás|tampoco|non|não|не|ни|нельзя|невозможно|никогда"
    r"|لا|لم|لن|ليس|ليست|غير|دون"
)
_STAYS_DENIED = (  # between a "not" and what it denies
    r"(?:be|been|being|have|have been|yet|yet been|to|to be|always|necessarily|fully|currently|mehr|immer"
    r"|zwingend|unbedingt|vollständig|zu|auch)"
)
_NOT_BEFORE = re.compile(
    rf"(?:\b(?:{_DENIES})|n['’]t)(?:\s+{_STAYS_DENIED})?\s+$|\bn['’]$"
    r"|(?:[不未毋勿](?:得|能|可|应|應|要|予|会|會|是|具|必|须|須|需|宜|准|许|許|该|該|再|曾|用)?|不应当|不可以|不能够|不允许"
    r"|没有|沒有|禁止|严禁|嚴禁|拒绝|拒絕|无须|無須|无需|無需|无法|無法|难以|難以|(?<![除是南西北])非|(?<![沉淹吞埋])[没沒]|莫)$",
    re.IGNORECASE,
)
_NONE_BEFORE = re.compile(
    r"\b(?:no|instead of|rather than|kein\w*|anstatt|statt|aucune?|ning[uú]n\w*"
    r"|(?P<without>without|ohne|sans|sin|без)(?: (?:the|any|die|den|das|le|la|el))?)\s+$|[无無]$",
    re.IGNORECASE,
)
_PARAGRAPH_END = re.compile(r"[.!?。！？][\"”’)\]]*[^\S\n]*\n[^\S\n]*\n")
_DENIAL = re.compile(
    r"(?:\b(?:no|not|never|nein|nicht|nie|niemals)\b|[不没否])(?P<pause>\s*[,;，；])?", re.IGNORECASE
)
_SENTENCE_END = re.compile(r"[.;!?。；！？](?=\s|$)|[。；！？]|\n\s*\n")
_INVALID = re.compile(
    r"\b(?:void|invalid|prohibited|forbidden|unlawful|illegal|ineffective|unwirksam|nichtig|verboten|unzulässig|untersagt|ungültig"
    r"|interdit\w*|nulo|nula|prohibid\w+)\b",
    re.IGNORECASE,
)
_NOT_AFTER = re.compile(
    r"\s+(?:not|nicht|never|niemals|nie|keinesfalls|keineswegs)\b"
    r"(?!\s+(?:only|nur|later|später|less|more|weniger|mehr|exceed))"
    r"|(?:は|では|ても?は)?(?:(?<=[\u3040-\u30ff])ません|ない|なかった|いけ(?:ません|ない)|なら(?:ない|ず))",
    re.IGNORECASE,
)
_NOT_AT_END = re.compile(
    r"[^.,;:!?\n]{1,60}?(?:\n[^.,;:!?\n]{1,60}?)?\snicht(?:\s\w+(?:en|t))?(?:\s\w+(?:en|t))?[.,;:!?]"
)
_SENTENCE_BEFORE = re.compile(r"(?:^|[.!?;:]|\n|\))\s*[\"“„»(]?$")
_CONJUNCTION = re.compile(r"\b(?:und|oder|sondern|aber|sowie|als|dass|wenn|ob|weil|falls)\b")
_DENIED_BEFORE = re.compile(
    r"\b(?:(?:not|never|no)\s+(?:\w+[\s,]+){0,4}|den(?:y|ies|ied)\s+|nicht\s+(?:\w+[\s,]+){0,2}"
    r"|(?:bestreitet|leugnet)[\s,]+)(?:that|dass)\s+$",
    re.IGNORECASE,
)
SCALE_WORD = re.compile(
    r"(?:T|thousand|[mbt]illion|[mb]n|mio|mrd|million(?:en)?|milliarden?|tausend|tsd|[万亿千百]+)s?",
    re.IGNORECASE,
)
_NEGATION = re.compile(
    r"\b(?:not|never|no|nor|neither|cannot|without|nicht|nie|niemals|kein\w*|ohne|weder|denied|denies|prohibit\w*"
    r"|hardly|barely|scarcely|rarely|seldom|unable|fail(?:s|ed)?|refus\w+|declin\w+|far from"
    r"|anything but|instead|rather than|less|refrain\w*|kaum|nirgends|statt|anstatt|stattdessen"
    r"|ne|pas|jamais|aucune?|sans|nunca|jamás|tampoco|ning[uú]n\w*|sin|non|não|не|нет|ни|без|нельзя|невозможно"
    r"|никогда|لا|لم|لن|ليس|ليست|غير|دون)\b"
    r"|n['’]t\b|[不未没無无勿莫非毋]|禁|拒|难以",
    re.IGNORECASE,
)


def find_fault(
    quote: NormalForm, there: NormalForm, start: int, end: int, before: str, behind: str = ""
) -> Difference | None:
    """Return what the file has otherwise, though the words of `quote` are at `start` to `end` of `there`.

    before, behind: what the answer says around the quote. It may deny what the file denies.
    """
    first, last = there.token_at(start), there.token_at(end - 1)
    tokens = there.tokens[first : last + 1]
    is_named = quote.tokens[-1].sign == NAMED  # nothing may stand between the amount and this currency
    behind_it = there.tokens[last + 1 : last + (2 if is_named else 3)]
    return (
        find_cut(there, first, last)
        or _find_negation(quote, there, start, end, before)
        or _find_late_negation(there, start, end, f"{before} {behind}")
        or _find_denial(quote, there, start, end, f"{before} {behind}")
        or _find_bridge(quote, there, start, end)
        or _compare_pauses(quote.text, there.text[there.tokens[first].start : there.tokens[last].end])
        or _compare_currencies(list(quote.tokens), [*_currency_before(there, first), *tokens, *behind_it])
        or _compare_signs(_numbers(quote.tokens), _numbers(tokens))
        or _compare_units(quote.tokens, tokens)
        or _compare_names(quote.tokens, tokens)
    )


def _find_bridge(quote: NormalForm, there: NormalForm, start: int, end: int) -> Difference | None:
    """Return where the quote runs on over the end of a sentence and of its paragraph: A.⏎⏎Few -> "A few"."""
    first, last = there.token_at(start), there.token_at(end - 1)
    if not _PARAGRAPH_END.search(there.text, there.tokens[first].end, there.tokens[last].start):
        return None
    for one, two in pairwise(range(first, last + 1)):
        gap = there.text[there.tokens[one].end : there.tokens[two].start]
        at = quote.token_at(there.token_starts[two] - start) if _PARAGRAPH_END.search(gap) else 0
        if at and quote.token_starts[at] == there.token_starts[two] - start:
            before, after = quote.tokens[at - 1 : at + 1]
            between = quote.text[before.end : after.start]
            if between.isspace() and "\n" not in between:
                return Difference(f"{before.raw} {after.raw}", f"{before.raw}. {after.raw}")
    return None


def _compare_pauses(said: str, stands: str) -> Difference | None:
    """Return the first "no" with a comma behind it on one side alone: "No, prices rise"."""
    ours, theirs = list(_DENIAL.finditer(said)), list(_DENIAL.finditer(stands))
    if len(ours) == len(theirs):
        for one, two in zip(ours, theirs, strict=True):
            if bool(one["pause"]) != bool(two["pause"]):
                return Difference(one.group(), two.group())
    return None


def _find_negation(
    quote: NormalForm, there: NormalForm, start: int, end: int, before: str
) -> Difference | None:
    first, last = there.offset(start), there.end_offset(end)
    lead = there.text[max(0, first - LEAD_CHARACTERS) : first]
    lost = _denied_before(lead, _NOT_BEFORE)
    if lost is None and _is_long(quote):
        lost = _none_before(there.text, first, last) or _not_after(there.text, last)
        lost = lost or _DENIED_BEFORE.search(lead)
    return Difference("", lost.group().strip()) if lost and not _NEGATION.search(before[-60:]) else None


def _is_long(quote: NormalForm) -> bool:
    is_chinese = any(letter >= "\u2e80" for letter in quote.keys)
    return len(quote.keys) >= (FEWEST_CHINESE if is_chinese else FEWEST_LETTERS)


def _find_denial(
    quote: NormalForm, there: NormalForm, start: int, end: int, around: str
) -> Difference | None:
    """Return what denies the quote some words before or behind it, unless the answer denies it as well."""
    if not _is_long(quote):
        return None
    lost = find_denial(there.text, there.offset(start), there.end_offset(end))
    return Difference("", lost) if lost and not (_NEGATION.search(around) or is_denying(around)) else None


def _find_late_negation(there: NormalForm, start: int, end: int, around: str) -> Difference | None:
    """Return the "nicht" at the end of a German clause whose beginning is quoted as if it were all of it."""
    last = there.end_offset(end)
    if "nicht" not in there.text[last : last + LATE_CHARACTERS]:
        return None
    first, lost = there.offset(start), _NOT_AT_END.match(there.text, last)
    if lost is None or not _SENTENCE_BEFORE.search(there.text[max(0, first - 8) : first]):
        return None
    if _CONJUNCTION.search(lost.group()) or _NEGATION.search(around):
        return None
    return Difference("", "nicht")


def _none_before(text: str, first: int, last: int) -> re.Match[str] | None:
    """Return the "no" or "without" before a quote.

    What may not be done without a consent needs it, and so does what is void without it.
    """
    lost = _denied_before(text[max(0, first - LEAD_CHARACTERS) : first], _NONE_BEFORE)
    if lost and lost["without"]:
        lead = _SENTENCE_END.split(text[max(0, first - SENTENCE_CHARACTERS) : first])[-1]
        rest = _SENTENCE_END.split(text[last : last + SENTENCE_CHARACTERS])[0]
        denied = lead[: len(lead) - len(lost.group())]
        if _NEGATION.search(denied) or _NEGATION.search(rest) or _INVALID.search(lead + rest):
            return None
    return lost


def _denied_before(lead: str, denial: re.Pattern[str]) -> re.Match[str] | None:
    """Return the "not" at the end of `lead`. "Never" alone or at the end of a row heads a column."""
    lost = denial.search(lead, max(0, len(lead) - 40))
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
    """Return the first number with one currency sign in the quote and another in the file.

    A sign may be left out or added, a word such as "euros" may not.
    """
    is_named = any(token.sign == NAMED for token in said)
    for one, two in zip(_amounts(said), _amounts(stands), strict=False):
        if one and one != two and (two or is_named):
            return Difference(one, two)
    return None


def _amounts(tokens: list[Token]) -> list[str]:
    """Return the currency sign of each number; empty where it has none."""
    found = []
    for at, token in enumerate(tokens):
        if token.kind == "number":
            before = tokens[at - 1] if at else None
            sign = before.raw if before and before.kind == "currency" else _currency_behind(tokens, at)
            found.append(sign.removeprefix("US"))
    return found


def _currency_behind(tokens: list[Token], at: int) -> str:
    """Return the currency, a sign or a word, behind a number or behind the "million" that follows it."""
    last, *following = tokens[at : at + 3]
    for token in following:
        is_plain = last.kind == "number" and not last.sign
        is_beside = token.start - last.end <= (1 if is_plain else 2)  # 5 Mio. EUR, (697) euros
        if token.kind == "currency":
            return token.raw if is_beside else ""
        if token.kind == "word" and (named := _CURRENCY_WORD.match(token.key)):
            return CURRENCY_SIGNS[named[1]]
        if not (is_beside and SCALE_WORD.fullmatch(token.raw)):
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
