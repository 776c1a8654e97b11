"""Quoted words: a quotation of an answer in the normal forms in which a file may have it. Knows no file."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property

from chat.grounding.currency_words import write_currency_forms
from chat.grounding.evidence import fold
from chat.grounding.normal_form import FIRST_CJK, NormalForm, write_normal_form

_ELLIPSIS = r"\[\s*(?:\.{3,}|…+)\s*\]|\.{3,}|…+"
_OUTER_ELLIPSIS = re.compile(rf"^(?:{_ELLIPSIS})+\s*|\s*(?:{_ELLIPSIS})+$")
GAP = re.compile(
    r"\[\s*(?:\.{3,}|…+)\s*\]|[(]\s*(?:\.{3,}|…+)\s*[)]|（…+）|\.{3,}|(?:\. ){2,}\.|…+"
    r"|\[[^\[\]\d]{0,60}[^\W\d_][^\[\]\d]{0,60}\]"
)
_LETTER_IN_BRACKETS = re.compile(r"\[([^\W\d_])\](?=\w)")
_ENDING_IN_BRACKETS = re.compile(
    r"(?<=[^\W\d_])\[(e?[dmnrs]|e|ing)\](?![\w\[])"
)  # des Vertrag[s], require[d]
SPACED_DIGITS = re.compile(r"\d[ \u00a0\u2007\u2009\u202f]\d{3}")


@dataclass(frozen=True)
class QuotedWords:
    """Words that an answer quotes.

    decimal_comma: of the answer's language. before, behind: what the answer says around them.
    """

    text: str
    decimal_comma: bool = False
    before: str = ""
    behind: str = ""

    @cached_property
    def literal(self) -> str:
        """The text without an ellipsis at its ends, and with [A]ny written as Any, require[d] as required."""
        return self._read(r"\1")

    def _read(self, ending: str) -> str:
        plain = _LETTER_IN_BRACKETS.sub(r"\1", self.text.strip())
        plain = _ENDING_IN_BRACKETS.sub(ending, plain)
        return _OUTER_ELLIPSIS.sub("", plain).strip()

    @cached_property
    def pieces(self) -> list[str]:
        """The parts between ellipses and brackets, those without a letter or digit left out."""
        return [piece.strip() for piece in GAP.split(self.literal) if fold(piece)]

    @cached_property
    def has_gap(self) -> bool:
        return bool(GAP.search(self.literal))

    def part(self, text: str) -> QuotedWords:
        return replace(self, text=text)

    def forms(self, decimal_comma: bool) -> list[NormalForm]:
        """Return the quote's normal forms, by the notations of the answer and of the file."""
        kept = self.__dict__.setdefault("_forms", {})
        if decimal_comma not in kept:
            forms = dict[str, NormalForm]()
            texts = (self.literal, self._read("")) if "[" in self.text else (self.literal,)
            for text in dict.fromkeys(texts):
                for form in self._write(text, decimal_comma):
                    forms.setdefault(form.keys, form)
            kept[decimal_comma] = list(forms.values())
        found: list[NormalForm] = kept[decimal_comma]
        return found

    def _write(self, text: str, decimal_comma: bool) -> Iterator[NormalForm]:
        if not any(map(str.isdigit, text)):
            yield trim(write_normal_form(text, decimal_comma=decimal_comma))
            return
        for comma in dict.fromkeys((decimal_comma, self.decimal_comma)):
            for joins in (comma, not comma) if SPACED_DIGITS.search(text) else (comma,):
                form = trim(write_normal_form(text, decimal_comma=comma, joins_spaces=joins))
                yield form
                yield from write_currency_forms(form)


def trim(form: NormalForm) -> NormalForm:
    """Return a form without the punctuation that a quote adds at its ends."""
    tokens = list(form.tokens)
    while tokens and tokens[-1].key == "?":
        tokens.pop()
    while tokens and tokens[0].key == "-":
        tokens.pop(0)
    return NormalForm(form.text, tokens)


def is_long(text: str, letters: int, cjk: int) -> bool:
    folded = fold(text)
    return len(folded) >= letters or sum(letter >= FIRST_CJK for letter in folded) >= cjk
