"""Currency words: a quote's forms in which `€` is the word "euro", and "euros" the sign.

A file may write `48 600 €` for what an answer quotes as "48 600 euros". Knows normal forms, no document.
"""

from __future__ import annotations

from collections.abc import Iterator

from chat.grounding.normal_form import NormalForm, Token
from chat.grounding.quote_edges import CURRENCY_SIGNS, NAMED, SCALE_WORD

_SIGNS = {word: sign for word, sign in CURRENCY_SIGNS.items() if sign in "€$"}
_NAMES = {"€": ("euro", "euros"), "$": ("dollars",)}


def write_currency_forms(form: NormalForm) -> Iterator[NormalForm]:
    """Yield the form with the signs beside its numbers as words, and with the words as signs."""
    tokens = list(form.tokens)
    for sign in sorted({token.raw for token in tokens if token.kind == "currency"} & set(_NAMES)):
        for name in _NAMES[sign]:
            yield NormalForm(form.text, _name_signs(tokens, sign, name))
    signed = [_sign(tokens, at) for at in range(len(tokens))]
    if signed != tokens:
        yield NormalForm(form.text, signed)


def _name_signs(tokens: list[Token], sign: str, name: str) -> list[Token]:
    """Return the tokens with `sign` as a word behind its number and the "million" of it."""
    named = list(tokens)
    for at in reversed(range(len(tokens))):
        token = tokens[at]
        if token.kind == "currency" and token.raw == sign:
            del named[at]
            end, last = at, token.end
            if at < len(named) and named[at].kind == "number" and named[at].start == token.end:  # €5 Mio.
                end, last = at + 1, named[at].end
                if end < len(named) and SCALE_WORD.fullmatch(named[end].raw):
                    end, last = end + 1, named[end].end
            named.insert(end, Token(name, last, last, "word", name))
    return named


def _sign(tokens: list[Token], at: int) -> Token:
    """Return the token at `at`; where it is "euros" behind an amount, the sign."""
    token, before = tokens[at], tokens[at - 1] if at else None
    is_amount = before is not None and (before.kind == "number" or SCALE_WORD.fullmatch(before.raw))
    if is_amount and token.key in _SIGNS:
        return Token("", token.start, token.end, "currency", _SIGNS[token.key], NAMED)
    return token
