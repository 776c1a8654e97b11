"""Text windows: a stretch of a document in normal form, and where quoted words stand. Knows no answer."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from chat.grounding.cues import find_other_speaker
from chat.grounding.differences import Difference
from chat.grounding.evidence import Evidence
from chat.grounding.normal_form import FIRST_CJK, NormalForm, write_normal_form
from chat.grounding.quote_edges import find_fault
from chat.grounding.quoted_words import SPACED_DIGITS, QuotedWords

KEPT_WINDOWS = 32
_NOTE = re.compile(r"[⁰¹²³⁴-⁹]|\d{1,2}(?:[\s.,;:)]|$)")
_PART_OF_NAME = ("+", "#")  # C++, C#
_NOTED = re.compile(r"[a-zß-ÿ]{4}[.,;!?)\"'”’]{0,2}$")
_NOTE_START = re.compile(r"(?:^|[\s.,])(?:\d{1,2}|[⁰¹²³⁴-⁹]+)$")  # "3Without it" begins a footnote
_HYPHENS = ("-", "‐", "‑")
_DENIED_BEFORE = re.compile(
    r"\b(?:non|un|anti|nicht|in|ex|semi|quasi|pseudo|half|part|dis|mis|halb|teil|schein)[-‐‑]$", re.IGNORECASE
)
_BROKEN_BEFORE = re.compile(r"([^\W\d_]+)[-‐‑\u00ad]\s*\n\s*$")
_BROKEN_AFTER = re.compile(r"[-‐‑\u00ad]\s*\n\s*([^\W\d_]+)")


@dataclass(frozen=True)
class Match:
    """Where a quote stands and how it differs. status: `found`, `omission`, `two_places` or `altered`."""

    status: str
    start: int
    end: int
    difference: Difference | None = None
    likeness: float = 1.0


@dataclass(frozen=True, eq=False)
class TextWindow:
    """A stretch of a document, in normal form. start: of the stretch in the document."""

    evidence: Evidence
    start: int
    text: str

    @classmethod
    def read(cls, evidence: Evidence, start: int, end: int) -> TextWindow:
        text, first = evidence.document.text, max(0, start)
        while first and first > start - 30 and text[first - 1].isalnum():  # begin with a whole word or number
            first -= 1
        last = min(len(text), end)
        while last < min(len(text), end + 30) and text[last].isalnum():
            last += 1
        kept = evidence.windows
        window = kept.get((first, last))
        if not isinstance(window, cls):
            if len(kept) >= KEPT_WINDOWS:
                kept.clear()
            kept[first, last] = window = cls(evidence, first, text[first:last])
        return window

    @cached_property
    def form(self) -> NormalForm:
        comma = self.evidence.has_decimal_comma
        return write_normal_form(self.text, decimal_comma=comma, joins_spaces=comma)

    @cached_property
    def forms(self) -> list[NormalForm]:
        """The forms in which a quote may stand here, with or without references and footnotes' marks."""
        whole, forms = [self.form], dict[str, NormalForm]()
        if SPACED_DIGITS.search(self.text):
            comma = self.evidence.has_decimal_comma
            whole.append(write_normal_form(self.text, decimal_comma=comma, joins_spaces=not comma))
        for form in whole:
            forms.setdefault(form.keys, form)
            for left_out in (("ref", "note"), ("note",), ("ref",)) if form.has("ref", "note") else ():
                one = form.without(*left_out)
                forms.setdefault(one.keys, one)
        return list(forms.values())

    def find(self, quote: QuotedWords) -> Iterator[Match]:
        """Yield the places where the quote stands, whole and unbroken."""
        for form in quote.forms(self.evidence.has_decimal_comma):
            for there in self.forms if form.keys else ():
                at = there.keys.find(form.keys)
                while at >= 0:
                    if is_whole(there, at, at + len(form.keys)):
                        yield self.match(quote, form, there, at, at + len(form.keys))
                    at = there.keys.find(form.keys, at + 1)

    def match(self, quote: QuotedWords, form: NormalForm, there: NormalForm, at: int, end: int) -> Match:
        """Return the match of the keys from `at` to `end`; altered where their meaning is another."""
        start, stop = there.offset(at) + self.start, there.end_offset(end) + self.start
        fault = find_fault(form, there, at, end, quote.before, quote.behind)
        if other := find_other_speaker(quote.text, self.evidence.document.text, start, stop):
            fault = fault or Difference("", f"{other}:")
        return Match("altered" if fault else "found", start, stop, fault)


def is_whole(there: NormalForm, start: int, end: int) -> bool:
    """Do the keys from `start` to `end` begin and end with whole words?"""
    return is_edge(there, start) and is_edge(there, end, is_end=True)


def is_edge(there: NormalForm, at: int, *, is_end: bool = False) -> bool:
    number = there.token_at(at - 1 if is_end else at)
    token, inner = there.tokens[number], at - there.token_starts[number]
    if 0 < inner < len(token.key):
        return token.key[inner - 1] >= FIRST_CJK or token.key[inner] >= FIRST_CJK
    if _is_glued(there, number, is_end):
        return False
    if token.kind != "word":
        return True
    if is_end:
        broken = _BROKEN_AFTER.match(there.text, token.end)
        return not broken or _are_words(there.text, token.raw, broken[1])
    before = there.text[max(0, token.start - 30) : token.start]
    if before.endswith(_HYPHENS) and _DENIED_BEFORE.search(before):
        return False
    broken = _BROKEN_BEFORE.search(before) if "\n" in before else None
    return not broken or _are_words(there.text, broken[1], token.raw)


def _is_glued(there: NormalForm, number: int, is_end: bool) -> bool:
    """Does the word or number go on without a space, as in 42MB? A footnote's mark may stand there."""
    token = there.tokens[number]
    place = token.end if is_end else token.start - 1
    beside = there.text[place : place + 1] if place >= 0 else ""
    own = there.text[token.end - 1] if is_end else there.text[token.start]
    if is_end and beside in _PART_OF_NAME and own.isalnum():
        return True
    if not (beside.isalnum() and own.isalnum()) or beside >= FIRST_CJK or own >= FIRST_CJK:
        return False
    after = there.text[place : place + 4]
    is_noted = is_end and _NOTED.search(there.text[max(0, place - 8) : place]) and _NOTE.match(after)
    return not is_noted and not (
        not is_end and own.isalpha() and _NOTE_START.search(there.text[max(0, place - 3) : place + 1])
    )


def _are_words(text: str, *parts: str) -> bool:
    """Do both parts of a word that a line's end divides stand elsewhere as words, as in Mother-to-child?"""
    return all(
        len(re.findall(rf"(?<![\w])(?<![-‐‑]\n){re.escape(part)}(?![\w\u00ad]|-\n)", text)) for part in parts
    )
