"""Language of a text, by its script and its commonest words. Knows no file and no answer."""

from __future__ import annotations

import re
from collections import Counter
from functools import lru_cache

SAMPLE_CHARACTERS = 60_000
OTHER_SHARE = 0.04  # of a file's recognised words: a language that is there in more than a few names
FEWEST_LATIN_WORDS = 3  # of a quote that is no name
DECIMAL_COMMA = frozenset(("de", "fr", "es", "it", "pt", "nl", "ru"))

_COMMON = {
    "en": "the of and to in is that for are was with be by as on this which not from it or have has were"
    " shall will their they his her we our but if may must can been all any more than who when its into about"
    " no you your would should there these such other between under after",
    "de": "der die das und ist nicht von zu mit den des im für auf ein eine werden wird dem sich auch als"
    " oder bei sind nach über wurde durch aus einer zum zur haben nur darf dürfen kann sie es wir sein seine"
    " ihre diese dieser war hat wenn aber noch bis vom am um wie keine kein man seite"
    " legt beträgt gilt muss müssen können soll sollen dass seit ohne gegen zwischen jeder jede jedes"
    " mindestens höchstens"
    " unser unsere unseren ihren ihrer liegt steht gibt sowie alle mehr jahr",
    "fr": "le la les des et est une dans pour que qui sur par au aux du avec pas sont ce cette ont été plus",
    "es": "el los las una y en es que del por con para se no su al lo como más fue son esta entre",
    "it": "il lo gli della di che è per con non una sono del alla nel dei delle più come anche questo",
    "pt": "o os uma e em é que do da dos das por com para não se no na ao mais foi são como",
    "nl": "het een van en is dat op te zijn met voor niet aan er door worden ook bij naar uit werd",
}
_LANGUAGES = {
    word: [language for language, words in _COMMON.items() if word in words.split()]
    for words in _COMMON.values()
    for word in words.split()
}
_WORD = re.compile(r"[^\W\d_]+")
_LATIN_WORD = re.compile(r"\b[A-Za-zÀ-ÿ]{3,}\b")
_COMMA_NUMBER = re.compile(r"\b\d{1,3}(?:\.\d{3}){2,}\b|\b\d+,\d{1,2}\b(?!,)")
_POINT_NUMBER = re.compile(r"\b\d{1,3}(?:,\d{3})+\b|\b\d+\.\d{1,2}\b(?!\.)")
_SCRIPTS = (
    ("ja", re.compile("[\u3041-\u30ff]")),
    ("zh", re.compile("[\u3400-\u9fff\uf900-\ufaff]")),
    ("ko", re.compile("[\uac00-\ud7a3]")),
    ("ru", re.compile("[\u0400-\u04ff]")),
    ("ar", re.compile("[\u0600-\u06ff]")),
    ("el", re.compile("[\u0370-\u03ff]")),
    ("th", re.compile("[\u0e00-\u0e7f]")),
    ("hi", re.compile("[\u0900-\u097f]")),
    ("he", re.compile("[\u0590-\u05ff]")),
)


def count_languages(text: str) -> Counter[str]:
    """Return how much of `text` is in which language: words, and a third of the letters of other scripts."""
    sample = _sample(text)
    counts = Counter[str]()
    for language, letters in () if sample.isascii() else _SCRIPTS:
        if found := len(letters.findall(sample)):
            counts[language] = found // 3 + 1
    if counts["ja"] * 8 > counts["zh"] and counts["ja"]:  # kana beside Chinese characters
        counts["ja"] += counts.pop("zh", 0)
    for word in _WORD.findall(sample.lower()):
        for language in _LANGUAGES.get(word, ()):
            counts[language] += 1
    return +counts


@lru_cache(maxsize=64)
def find_languages(text: str) -> frozenset[str]:
    """Return the languages in which a considerable part of `text` is written."""
    counts = count_languages(text)
    most = max(counts.values(), default=0)
    # A word such as "de" belongs to many languages: beside Latin script a second one needs a larger share.
    return frozenset(
        language
        for language, count in counts.items()
        if count >= most * (0.5 if language in _COMMON and count < most else OTHER_SHARE)
    )


@lru_cache(maxsize=512)
def find_language(text: str) -> str:
    """Return the language of most of `text`; empty where it has too few words to tell."""
    counts = count_languages(text)
    if not counts:
        return ""
    language, count = counts.most_common(1)[0]
    return language if count >= 2 else ""


@lru_cache(maxsize=8)
def has_decimal_comma(text: str) -> bool:
    """Return whether the language of `text`, which may be a few words, writes 0,85 and 70.923.698."""
    counts = count_languages(text).most_common(2)
    if len(counts) == 1 or (len(counts) > 1 and counts[0][1] > counts[1][1]):
        return counts[0][0] in DECIMAL_COMMA
    return len(_COMMA_NUMBER.findall(text)) > len(_POINT_NUMBER.findall(text))


def is_in_other_letters(text: str, languages: frozenset[str]) -> bool:
    """Are there words in Latin letters in `text`, and is none of `languages` written in them?"""
    is_other = bool(languages) and languages <= {language for language, _ in _SCRIPTS}
    return is_other and len(_LATIN_WORD.findall(text)) >= FEWEST_LATIN_WORDS


def is_in_other_script(text: str, passage: str) -> bool:
    """Is `text` written in a script of its own, such as Chinese, of which `passage` has no letter?"""
    return find_language(text) in dict(_SCRIPTS) and not any(
        letters.search(passage) for _, letters in _SCRIPTS
    )


def _sample(text: str) -> str:
    if len(text) <= SAMPLE_CHARACTERS:
        return text
    step = len(text) // 20
    return " ".join(text[at : at + SAMPLE_CHARACTERS // 20] for at in range(0, len(text), step))
