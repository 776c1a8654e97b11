"""Terms: what a text is searched by. Words cut to a stem's length; characters and pairs elsewhere.

Traditional Chinese characters count as their simplified forms: a question in one finds a text in both.

Knows no document and no ranking. `split_terms` is for questions, `hash_sentences` the same for whole
documents, in arrays: a million characters of Chinese take half a second instead of two.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import cache
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from opencc import OpenCC

from chat.unicode_forms import normalize

STEM_LETTERS = 6  # cutting equals a stemmer in ten languages, without knowing which language it is
KEY_BITS = 40  # of a term's hash: one collision is expected among a million different terms

Keys = NDArray[np.uint64]
Letters = NDArray[np.uint32]

# Thai and Lao, Myanmar, Hangul (which has spaces, and endings glued on), Khmer, kana, Han.
_UNSPACED = (
    "\u0e00-\u0eff\u1000-\u109f\u1100-\u11ff\u1780-\u17ff\u3005-\u3007\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf"
    "\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff\U00020000-\U0003ffff"
)
# Python's \w has no combining marks: without these Hindi and vowelled Arabic fall apart into single letters.
_MARKS = "\u0300-\u036f\u0591-\u05c7\u0610-\u061a\u064b-\u065f\u0670\u06d6-\u06ed\u0900-\u0963\u0966-\u0dff"
_HAN = range(0x4E00, 0xA000)
_RUN = re.compile(f"[{_UNSPACED}]+")
_BREAK = "\x01"  # between sentences, while many are hashed at once
_WORD = re.compile(rf"(?:[^\W_{_UNSPACED}]|[{_MARKS}])+|{_BREAK}")
_ASCII_WORD = re.compile(rf"[a-z0-9]+|{_BREAK}")
_THOUSANDS = re.compile(r"(?<=\d),(?=\d{3}(?!\d))")
_ARABIC = re.compile("[\u0610-\u06ed]")
_ARABIC_MARKS = re.compile("[\u0610-\u061a\u0640\u064b-\u065f\u0670\u06d6-\u06ed]")
_ARABIC_FORMS = str.maketrans("أإآىة", "اااي" + "ه")
_ARABIC_PREFIXES = ("وال", "بال", "كال", "فال", "ال", "لل", "و")
_ARABIC_SUFFIXES = ("ها", "ان", "ات", "ون", "ين", "يه", "ه", "ي")


def split_terms(text: str) -> list[str]:
    """Return the terms of `text` as often as they stand there: words, then characters, then pairs."""
    text = _normalise(text.replace(_BREAK, " "))
    runs = [_simplify(run) for run in _RUN.findall(text)]
    pairs = ["".join(pair) for run in runs for pair in pairwise(run)]
    return [*_find_words(text), *"".join(runs), *pairs]


def hash_terms(terms: Iterable[str]) -> Keys:
    """Return one key a term, the same in every process."""
    listed = list(terms)
    return _hash_columns(_letters(listed).T) if listed else np.zeros(0, np.uint64)


def hash_sentences(sentences: Sequence[str]) -> tuple[Keys, NDArray[np.uint64]]:
    """Return the key of every term of `sentences`, and the number of the sentence that each stands in."""
    text = _normalise(_BREAK.join(sentence.replace(_BREAK, " ") for sentence in sentences))
    letters = _letters(_find_words(text))
    is_break = letters[:, 0] == ord(_BREAK)
    keys, numbers = [_hash_columns(letters[~is_break].T)], [np.cumsum(is_break)[~is_break]]
    if not text.isascii():
        points = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32).copy()
        is_han = (points >= _HAN.start) & (points < _HAN.stop)
        points[is_han] = _simplified_table()[points[is_han] - _HAN.start]
        unspaced = _unspaced_table()[points]
        number = np.cumsum(points == ord(_BREAK))
        pairs = unspaced[:-1] & unspaced[1:]
        keys += [_hash_columns([points[unspaced]]), _hash_columns([points[:-1][pairs], points[1:][pairs]])]
        numbers += [number[unspaced], number[:-1][pairs]]
    return np.concatenate(keys), np.concatenate(numbers).astype(np.uint64)


def _normalise(text: str) -> str:
    text = normalize("NFKC", text).casefold()
    return _THOUSANDS.sub("", text) if "," in text else text


def _find_words(text: str) -> list[str]:
    if text.isascii():
        return [word[:STEM_LETTERS] for word in _ASCII_WORD.findall(text)]
    words = _WORD.findall(text)
    if _ARABIC.search(text):
        words = [_strip_arabic(word) if _ARABIC.match(word) else word for word in words]
    return [word[:STEM_LETTERS] for word in words]


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


def _letters(terms: list[str]) -> Letters:
    return np.array(terms, f"U{STEM_LETTERS}").view(np.uint32).reshape(len(terms), STEM_LETTERS)


def _hash_columns(columns: Iterable[Letters]) -> Keys:
    """Hash terms given letter by letter. A missing letter is 0, which changes nothing: lengths may differ."""
    keys: Keys = np.zeros(1, np.uint64)
    for place, column in enumerate(columns, 1):
        mixed = column.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15 * (2 * place + 1) & (1 << 64) - 1)
        mixed ^= mixed >> np.uint64(31)
        keys = keys + mixed * np.uint64(0xBF58476D1CE4E5B9)
    return keys >> np.uint64(64 - KEY_BITS)


def _simplify(run: str) -> str:
    table = _simplified_table()
    return "".join(chr(table[ord(one) - _HAN.start]) if ord(one) in _HAN else one for one in run)


@cache
def _simplified_table() -> Letters:
    """Give for each character of _HAN its simplified form. Made at the first use."""
    forms = OpenCC("t2s").convert("\n".join(map(chr, _HAN))).split("\n")
    return np.array(forms, "U1").view(np.uint32)


@cache
def _unspaced_table() -> NDArray[np.bool_]:
    """Tell of each code point whether it stands in runs without spaces. Made at the first use."""
    table = np.zeros(0x110000, np.bool_)
    for match in re.finditer("(.)-(.)", _UNSPACED):
        table[ord(match[1]) : ord(match[2]) + 1] = True
    return table
