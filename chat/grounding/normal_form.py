"""Normal form: a text as the sequence of what carries meaning, and where in the text each part stands.

Kept: letters with their accents, values of numbers, signs, units, comparison signs, powers. Left out: spaces,
line ends, hyphens between letters, quotation marks, punctuation, cell separators. docs/proof.md has the rule.
Knows no file and no answer.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate
from typing import NamedTuple

from chat.grounding.cues import CUE
from chat.grounding.number_notation import LITERAL, LITERAL_WITH_SPACES, read_number
from chat.unicode_forms import normalize

SHORTEST_NOTED_WORD = 4  # letters: a digit behind a shorter one is part of a name or a unit, as in CO2 and m²
LARGEST_LABEL = 30  # (12) before a word is the label of a list; before a number's end it is minus 12
FIRST_CJK = "\u2e80"
CURRENCIES = "$€£¥₩₹₽"
_CODES = {"EUR": "€", "USD": "$", "GBP": "£"}  # beside a number: the same as the sign
OPEN, CLOSE = "\ue000", "\ue001"  # around a number's value, so that a part of a number matches no number

_SUPER = "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻"
_FROM_SUPER = str.maketrans(_SUPER, "0123456789+-")
_NOT_LETTERS = r"²³¹⁰-⁹₀-₉¼-¾⅐-⅞①-⓿❶-➓"


def _one_to_one() -> dict[int, str]:
    """Return what each character is compared as, where that is one character too: offsets stay."""
    table = {code: chr(code - 0xFEE0) for code in range(0xFF01, 0xFF5F)}
    table |= {ord(mark): "-" for mark in "‐‑‒–—―−﹣－⁃"}
    table |= {ord(small): str(digit) for digit, small in enumerate("₀₁₂₃₄₅₆₇₈₉")}
    table |= {ord("￥"): "¥", ord("µ"): "μ", ord("∼"): "~", ord("⩽"): "≤", ord("⩾"): "≥", ord("ſ"): "s"}
    table |= {ord("≦"): "≤", ord("≧"): "≥", ord("\u3000"): " ", ord("〜"): "~", ord("～"): "~", ord("′"): "'"}
    table |= {ord(other): unicodedata.normalize("NFC", other) for other in "\u037e\u0387\u2126\u212a\u212b"}
    for code in (*range(0x2E80, 0x2FE0), *range(0xF900, 0xFB00)):
        plain = unicodedata.normalize("NFKC", chr(code))
        if len(plain) == 1 and plain != chr(code):
            table[code] = plain
    return table


_WORD_FORMS = str.maketrans(
    {
        **{chr(code): unicodedata.normalize("NFKC", chr(code)) for code in range(0xFB00, 0xFB07)},
        "㎏": "kg", "㎎": "mg", "㎞": "km", "㎝": "cm", "㎜": "mm",
        "\u00ad": "", "\u200b": "", "\u200c": "", "\u200d": "",
    }
)  # fmt: skip
_SAME = _one_to_one()
_SQUARES = {"㎡": ("m", "^2"), "㎥": ("m", "^3"), "℃": ("°c",), "℉": ("°f",), "№": ("no",)}
_INVISIBLE = "\u00ad\u200b\u200c\u200d"
_LETTER = rf"[^\W\d_{_NOT_LETTERS}]"
_MARKS = rf"[\u0300-\u036f\u3099\u309a{_INVISIBLE}]"  # accents of their own, and what breaks words invisibly
_IGNORED = (
    r""".,;:!¡¿"'“”‘’„‚‛‟«»‹›「」『』《》〈〉【】〔〕()\[\]{}*_`\#|•·●○■□▪▫◆◇►▶‣◦‧…。、†‡¶\\"""
    + _INVISIBLE
    + r"\ufeff\u200e\u200f\u2028-\u202e\u2060-\u2069\ue000-\uf8ff"
)
_EDITORIAL = (  # what an encyclopaedia writes into its text about it
    r"citation\ needed|clarification\ needed|(?:better\ )?source\ needed|page\ needed|verification\ needed"
    r"|(?:by|according\ to|for)\ whom|who|when|where|which|why|how|vague|dubious|sic|original\ research"
    r"|disputed|failed\ verification|update|(?:note|nb|n)\ \d{1,3}"
    r"|来源请求|來源請求|谁|誰|何时|何時|原创研究|原創研究"
)
_TOKEN = rf"""
  (?P<word>(?!(?=[EFGHNU])(?:(?:US|HK|NT)[$]|FN\d|(?:EUR|USD|GBP)\b))(?:[A-Za-z]+(?![A-Za-z]|[^\x00-\x7f])|{_LETTER}+(?:{_MARKS}+{_LETTER}*)*))
 |(?P<cue>CUE)
 |(?P<ref>\[\s*\^?\d{{1,3}}(?:\s*[,;-]\s*\d{{1,3}})*\s*\])
 |(?P<letterref>\[(?<=[^\W\d_]\[)[a-z]{{1,2}}\](?!\w))
 |(?P<cellnote>\((?:(?<=[^\W\d_]\()|(?<=[^\W\d_]\ \())[a-z]\)(?=[^\S\n]*\|))
 |(?P<lawref>FN\d{{1,3}}\b|\[(?i:{_EDITORIAL})\??\])
 |(?P<currency>(?:\b(?:US|HK|NT|CA|AU|A|C|R))?[{CURRENCIES}])
 |(?P<code>(?:EUR|USD|GBP)\b)
 |(?P<number>LITERAL)
 |(?P<power>[{_SUPER}]+|\^\s*\{{?\s*[-+]?\d+\s*\}}?)
 |(?P<squared>[㎡㎥℃℉№])
 |(?P<percent>%|(?<=\d)\s*(?:percent|per\s+cent|Prozent|pct)\b)
 |(?P<compare><=|>=|!=|=<|<>)
 |(?P<dash>-{{1,3}}|(?<=[\w%‰℃℉°])~(?=\d)|(?<=[\w%‰℃℉°]\s)~(?=\s\d))
 |(?P<symbol>[^\s\w{_IGNORED}]|[{_NOT_LETTERS}]|(?<=\d)[:·*](?=\d))
"""
_NO_SPACE = r"(?=\S|(?<=\d)\s)"  # of a space only "5 percent" begins a token: it tries no alternative
_TOKEN = f"{_NO_SPACE}(?:{_TOKEN.replace('CUE', CUE)})"
_TOKENS = re.compile(_TOKEN.replace("LITERAL", LITERAL), re.VERBOSE)
_TOKENS_SPACED = re.compile(_TOKEN.replace("LITERAL", LITERAL_WITH_SPACES), re.VERBOSE)
_COMPARE = {"<=": "≤", "=<": "≤", ">=": "≥", "!=": "≠", "<>": "≠"}
_SCALE = r"million|billion|trillion|thousand|percent|Mio|Mrd|Million|Milliarde|Tausend|Prozent"
_LABEL_AFTER = re.compile(rf"\)[^\S\n]+(?!{_SCALE})[^\W\d_]", re.IGNORECASE)
_PARENTHESIS_BEFORE = re.compile(rf"(?:^|[^\w\]])\(\s*(?:(?:US|HK|NT)?[{CURRENCIES}])?\s*$")
_FIGURE_BEFORE = re.compile(
    rf"(?:^|[\d%)|\t\n—–{CURRENCIES}-]"
    r"|\b(?:was|were|is|are|of|to|by|at|from|loss|deficit|betrug|lag bei|von|auf|um)|[为是])\s*$",
    re.IGNORECASE,
)
_PARENTHESIS_AFTER = re.compile(r"\s*%?\s*\)")
_MINUS_BEFORE = re.compile(
    rf"(?:^|[^\w)\]%‰℃℉°.\\-])-(?:\s*(?:US|HK|NT)?[{CURRENCIES}]\s*)?$|[=<>≤≥≈~]\s*-\s+$"  # x = − 5
)
_MINUS_BEHIND_CHINESE = re.compile(rf"[\u3400-\u9fff]-(?:[{CURRENCIES}]\s*)?$")  # 增长-12.5%
_MEASURE_AFTER = re.compile(rf"\s?(?:[%‰℃℉°万亿元倍{CURRENCIES}]|个百分点)")
_NOTE_BEFORE = re.compile(rf"(?:[a-zß-ÿ]{{{SHORTEST_NOTED_WORD}}}(?:[.,;!?)\"'”’]{{1,2}})?|\([a-z]\)[.;])$")
_POWER_NOTE_BEFORE = re.compile(
    rf"(?:[^\W\d_]{{{SHORTEST_NOTED_WORD}}}|[\u2e80-\u9fff]|[.,;!?)\"'”’。，；）])$"
)
_RAISED_UNIT_BEFORE = re.compile(
    r"(?:met(?:er|re)s?|mètres?|metros?|feet|foot|inch(?:es)?|yards?|miles?|seconds?|sekunden?|[米里尺寸秒])$",
    re.IGNORECASE,
)
_FORMULA = re.compile(r"[+*/=<>^·×]|\s-\s|^[^\W\d_]?[^a-zß-ÿ]*$")  # in brackets before a power
_GRADE_BEFORE = re.compile(r"(?<![A-Za-z])(?:[ABC]{2,3}|Aaa?|Baa?|Caa?)$")  # BBB- is less than BBB
_GRADE_AFTER = re.compile(r"(?:[\s.,;:)|\]]|$)(?!\s*(?:and|or|und|oder|bzw|to|bis)\b)")
_LENGTH_BEFORE = re.compile(r"(?<![^\W\d_])[kcdmμn]?m$")
_ROUND_BEFORE = re.compile(r"[a-zß-ÿ]{4}[\"”’]?\s?\((?:\d{1,3}\s?[,;]\s?){0,8}$")
_ROUND_AFTER = re.compile(r"(?:\s?[,;]\s?\d{1,3}){0,8}\)\s?\.")  # a reference (1, 2) ends a sentence
_NOTE_AFTER = re.compile(r"\s|$|[.,;:!?)\]\"'”’。，]")
_AMOUNT_BEFORE = re.compile(
    r"\d(?:\)?\s?|\s(?:million|billion|trillion|thousand|[mb]n|Mio\.?|Mrd\.?|Tsd\.?|Millionen|Milliarden?|Tausend)\s)$"
)
_AMOUNT_AFTER = re.compile(r"\s?[-(]?\d")
_CELL_GAP = " \t\n\r\f\v\u00a0|"
_YEAR = re.compile(r"(?:19|20)\d\d")


_make = tuple.__new__  # of a named tuple, without a call in Python


class Token(NamedTuple):
    """A part of a text. key: what is compared. kind: word, number, power, symbol, currency, ref or note.

    A `ref` ([6]) and a `note` (a footnote's mark) may be left out of a quote. sign: of a number, no part of
    its key: `-`, `(` where accounts write minus so, `()` where brackets may be nothing but brackets.
    """

    key: str
    start: int
    end: int
    kind: str
    raw: str
    sign: str = ""


@dataclass(frozen=True, eq=False)
class NormalForm:
    """Tokens of a text. without: kinds of tokens that are left out of `keys`."""

    text: str
    tokens: Sequence[Token]

    @cached_property
    def keys(self) -> str:
        """The compared characters of all tokens."""
        return "".join([token.key for token in self.tokens])

    @cached_property
    def token_starts(self) -> list[int]:
        """Where each token's key begins in `keys`."""
        starts = list(accumulate([len(token.key) for token in self.tokens], initial=0))
        return starts[:-1]

    def token_at(self, at: int) -> int:
        return bisect_right(self.token_starts, at) - 1

    def offset(self, at: int) -> int:
        """Return where in the text the key character at `at` stands."""
        number = self.token_at(at)
        token, inner = self.tokens[number], at - self.token_starts[number]
        return min(token.start + _raw_offset(token, inner), token.end)

    def end_offset(self, at: int) -> int:
        """Return where in the text the key character before `at` ends."""
        number = self.token_at(at - 1)
        token, inner = self.tokens[number], at - self.token_starts[number]
        return token.end if inner >= len(token.key) else token.start + _raw_offset(token, inner)

    def without(self, *kinds: str) -> NormalForm:
        kept = [token for token in self.tokens if token.kind not in kinds]
        return self if len(kept) == len(self.tokens) else NormalForm(self.text, kept)

    def has(self, *kinds: str) -> bool:
        return any(token.kind in kinds for token in self.tokens)


def _raw_offset(token: Token, inner: int) -> int:
    """Return where in a token's text its key character `inner` stands."""
    if len(token.key) == len(token.raw):
        return inner
    if token.kind != "word":
        return 0 if not inner else token.end - token.start
    for length in range(len(token.raw) + 1):
        if len(_word_key(token.raw[:length])) >= inner:
            return length
    return len(token.raw)


def write_normal_form(text: str, *, decimal_comma: bool = False, joins_spaces: bool = False) -> NormalForm:
    """Return the normal form of `text`.

    decimal_comma: how the language of its numbers writes 0,85. joins_spaces: 12 553 is one number.
    """
    plain = text.translate(_SAME)
    pattern = _TOKENS_SPACED if joins_spaces else _TOKENS
    tokens = list[Token]()
    for found in pattern.finditer(plain):
        kind = found.lastgroup or ""
        if kind == "word":  # most are words: no call for them
            raw, (start, end) = found[0], found.span()
            key = raw.lower() if raw.isascii() else _word_key(raw)
            tokens.append(_make(Token, (key, start, end, "word", raw, "")))
        elif kind == "number":
            tokens.append(_read_number(plain, found[0], *found.span(), decimal_comma))
        else:
            tokens += _READ[kind](plain, found, decimal_comma)
    return NormalForm(text, tokens)


def _word_key(raw: str) -> str:
    return normalize("NFC", raw.translate(_WORD_FORMS)).lower()


def _read_number(plain: str, raw: str, start: int, end: int, decimal_comma: bool) -> Token:
    if (
        raw in ("2", "3")
        and _LENGTH_BEFORE.search(plain[max(0, start - 3) : start])
        and not plain[end : end + 1].isalnum()
    ):
        return Token(f"^{raw}", start, end, "power", raw)  # km2, where the raised digit was lost
    is_note = len(raw) <= 3 and raw.isdigit() and _is_reference(plain, start, end)
    sign = "" if is_note else _sign(plain, raw, start, end)
    key = f"{OPEN}{read_number(raw, decimal_comma)}{CLOSE}"
    return _make(Token, (key, start, end, "note" if is_note else "number", raw, sign))


def _is_reference(plain: str, start: int, end: int) -> bool:
    """Is a number a footnote's mark behind a word, or one in round brackets at the end of a sentence?"""
    is_beside = start > 0 and not plain[start - 1].isspace()
    if (
        is_beside
        and _NOTE_AFTER.match(plain[end : end + 3])
        and _NOTE_BEFORE.search(plain[max(0, start - 8) : start])
    ):
        return True
    before = plain[max(0, start - 40) : start]
    if (
        "(" not in before
        or not _ROUND_AFTER.match(plain, end)
        or not (opened := _ROUND_BEFORE.search(before))
    ):
        return False
    return not _FIGURE_BEFORE.search(before[: opened.start() + 4])


def _sign(plain: str, raw: str, start: int, end: int) -> str:
    """Return the sign of a number: `-` for -697 and −$697, `(` for (697) among figures, `()` in prose."""
    before = plain[max(0, start - 24) : start]
    if "-" not in before and "(" not in before:
        return ""
    if _MINUS_BEFORE.search(before) or _is_minus_behind_chinese(plain, raw, before, end):
        return "-"
    opened = _PARENTHESIS_BEFORE.search(before)
    if not (opened and _PARENTHESIS_AFTER.match(plain, end)):
        return ""
    is_label = raw.isdigit() and int(raw) <= LARGEST_LABEL and _LABEL_AFTER.match(plain, end)
    if is_label or _YEAR.fullmatch(raw) or not _FIGURE_BEFORE.search(before[: opened.start() + 1]):
        return "()"
    return "("


def _is_minus_behind_chinese(plain: str, raw: str, before: str, end: int) -> bool:
    """Is a dash behind a Chinese letter the sign of a measure, and no part of a name such as 神舟-12?"""
    is_measure = "." in raw or bool(_MEASURE_AFTER.match(plain, end))
    return is_measure and bool(_MINUS_BEHIND_CHINESE.search(before))


def _read_power(plain: str, found: re.Match[str], decimal_comma: bool) -> Iterator[Token]:
    raw = found.group()
    key = "^" + "".join(c for c in raw.translate(_FROM_SUPER) if c in "0123456789+-")
    is_note = raw[0] != "^" and _is_noted(plain[max(0, found.start() - 40) : found.start()])
    yield Token(key, found.start(), found.end(), "note" if is_note else "power", raw)


def _is_noted(before: str) -> bool:
    """Is a raised number a footnote's mark, and no power of a unit (metres²) or of a bracket ((a + b)²)?"""
    if not _POWER_NOTE_BEFORE.search(before[-4:]) or _RAISED_UNIT_BEFORE.search(before):
        return False
    inside = before[:-1].rpartition("(")[2] if before.endswith(")") else ""
    return not inside or not _FORMULA.search(inside)


def _read_dash(plain: str, found: re.Match[str], decimal_comma: bool) -> Iterator[Token]:
    """Yield a dash or a `～` between numbers; a minus belongs to its number, other dashes are left out.

    One that is alone in its cell stands for nothing: a quote of the row may leave it out.
    """
    before = plain[max(0, found.start() - 12) : found.start()]
    after = plain[found.end() : found.end() + 12]
    if _GRADE_BEFORE.search(before) and _GRADE_AFTER.match(after):
        yield Token("-", found.start(), found.end(), "symbol", "-")
        return
    is_minus = before[-1:].isspace() and after[:1].isdigit()
    if before.rstrip(_CELL_GAP)[-1:].isdigit() and after.lstrip(_CELL_GAP)[:1].isdigit() and not is_minus:
        is_empty_cell = before.rstrip(" \t").endswith("|")
        yield Token("-", found.start(), found.end(), "note" if is_empty_cell else "symbol", "-")


def _read_squared(plain: str, found: re.Match[str], decimal_comma: bool) -> Iterator[Token]:
    for key in _SQUARES[found.group()]:
        yield Token(key, found.start(), found.end(), "power" if key[0] == "^" else "word", found.group())


def _read_code(plain: str, found: re.Match[str], decimal_comma: bool) -> Iterator[Token]:
    """Yield EUR beside a number as the sign €, which is left out of the keys; elsewhere it is a word."""
    raw, start, end = found.group(), found.start(), found.end()
    if _AMOUNT_BEFORE.search(plain[max(0, start - 16) : start]) or _AMOUNT_AFTER.match(plain, end):
        yield Token("", start, end, "currency", _CODES[raw])
    else:
        yield Token(raw.lower(), start, end, "word", raw)


def _read_cue(plain: str, found: re.Match[str], decimal_comma: bool) -> Iterator[Token]:
    """Yield the time and the speaker before a line of a transcript, which a quote may leave out."""
    for token in write_normal_form(re.sub(r"[\[\]]", " ", found.group())).tokens:
        start, end = token.start + found.start(), token.end + found.start()
        yield token._replace(start=start, end=end, kind="note")


_Reader = Callable[[str, "re.Match[str]", bool], Iterator[Token]]


def _reader(kind: str, key: Callable[[str], str]) -> _Reader:
    def read(plain: str, found: re.Match[str], decimal_comma: bool) -> Iterator[Token]:
        yield Token(key(found.group()), found.start(), found.end(), kind, found.group())

    return read


_READ: dict[str, _Reader] = {
    "power": _read_power,
    "cue": _read_cue,
    "dash": _read_dash,
    "squared": _read_squared,
    "ref": _reader("ref", lambda raw: "[" + re.sub(r"\s", "", raw[1:-1]) + "]"),
    "lawref": _reader("ref", str.lower),
    "letterref": _reader("ref", str),
    "cellnote": _reader("note", lambda raw: raw[1]),
    "currency": _reader("currency", lambda raw: ""),
    "code": _read_code,
    "percent": _reader("symbol", lambda raw: "%"),
    "compare": _reader("symbol", lambda raw: _COMPARE[raw]),
    "symbol": _reader("symbol", lambda raw: raw),
}
