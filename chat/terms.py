"""Terms: what a text is searched by. Words cut to a stem's length; pairs of characters where no spaces stand.

Knows no document and no ranking. A question and a text must be split by the same call to meet.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from itertools import pairwise

STEM_LETTERS = 6  # cutting equals a stemmer in ten languages, without knowing which language it is

# Thai, Lao, Myanmar, Hangul (which has spaces, and endings glued on), Khmer, kana, Han.
_UNSPACED = (
    "\u0e00-\u0eff\u1000-\u109f\u1100-\u11ff\u1780-\u17ff\u3005-\u3007\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf"
    "\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff\U00020000-\U0003ffff"
)
# Python's \w has no combining marks: without these Hindi and vowelled Arabic fall apart into single letters.
_MARKS = "\u0300-\u036f\u0591-\u05c7\u0610-\u061a\u064b-\u065f\u0670\u06d6-\u06ed\u0900-\u0963\u0966-\u0dff"
_RUN = re.compile(rf"([{_UNSPACED}]+)|((?:(?![{_UNSPACED}])[^\W_]|[{_MARKS}])+)")
_ASCII_WORD = re.compile(r"[a-z0-9]+")
_THOUSANDS = re.compile(r"(?<=\d)[,，](?=\d{3}(?!\d))")
_ARABIC = re.compile("[\u0621-\u064a]+")
_ARABIC_MARKS = re.compile("[\u0610-\u061a\u0640\u064b-\u065f\u0670\u06d6-\u06ed]")
_ARABIC_FORMS = str.maketrans("أإآىة", "اااية"[:4] + "ه")
_ARABIC_PREFIXES = ("وال", "بال", "كال", "فال", "ال", "لل", "و")
_ARABIC_SUFFIXES = ("ها", "ان", "ات", "ون", "ين", "يه", "ه", "ي")


def split_terms(text: str) -> list[str]:
    """Return the terms of `text` in reading order, repeated as often as they stand there."""
    text = unicodedata.normalize("NFKC", text).casefold()
    if "," in text:
        text = _THOUSANDS.sub("", text)
    if text.isascii():
        return [word[:STEM_LETTERS] for word in _ASCII_WORD.findall(text)]
    return list(_split_runs(text))


def _split_runs(text: str) -> Iterator[str]:
    for unspaced, word in _RUN.findall(text):
        if word:
            yield stem(word)
        elif len(unspaced) == 1:
            yield unspaced
        else:
            yield from map("".join, pairwise(unspaced))


def stem(word: str) -> str:
    """Return the part of a normalised word that its forms share."""
    if word.isascii():
        return word[:STEM_LETTERS]
    if "\u0600" <= word[0] <= "\u06ff":
        return _strip_arabic(word)[:STEM_LETTERS]
    return word[:STEM_LETTERS]


def _strip_arabic(word: str) -> str:
    """Drop vowel marks, the article and the commonest endings, while three letters stay."""
    word = _ARABIC_MARKS.sub("", word).translate(_ARABIC_FORMS)
    for prefix in _ARABIC_PREFIXES:
        if word.startswith(prefix) and len(word) - len(prefix) >= 3:
            word = word[len(prefix) :]
            break
    for suffix in _ARABIC_SUFFIXES:
        if word.endswith(suffix) and len(word) - len(suffix) >= 3:
            return word[: -len(suffix)]
    return word
