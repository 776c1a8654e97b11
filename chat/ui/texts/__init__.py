"""The page's words: a key and a language -> a sentence. One file a language, the same keys in each.

To add a language: copy en.py, translate it, and name the module in LANGUAGES. Counted nouns are written
`{pages:,} {pages:page|pages}`: one form for 1, another for the rest. Knows no Gradio and no request.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from string import Formatter
from typing import Any

from chat.ui.texts import en, zh

LANGUAGES: Mapping[str, Mapping[str, str]] = {"zh": zh.TEXTS, "en": en.TEXTS}
DEFAULT_LANGUAGE = "en"
_RANGE = re.compile(r"([A-Za-z*]{1,8})(?:-[\w-]*)?(?:\s*;\s*q\s*=\s*([\d.]{1,6}))?")


class _Words(Formatter):
    """`str.format`, and `{n:one|many}` for counted nouns."""

    def format_field(self, value: Any, format_spec: str) -> str:
        if "|" in format_spec:
            one, many = format_spec.split("|", 1)
            return one if value == 1 else many
        return str(super().format_field(value, format_spec))


_WORDS = _Words()


def text(language: str, key: str, **values: object) -> str:
    """Return the sentence. An unknown language is English; an unknown key is a KeyError."""
    sentence = LANGUAGES.get(language, LANGUAGES[DEFAULT_LANGUAGE])[key]
    return _WORDS.vformat(sentence, (), values) if values or "{" in sentence else sentence


def has_text(key: str) -> bool:
    """Tell whether there is a sentence for the key."""
    return key in LANGUAGES[DEFAULT_LANGUAGE]


def pick_language(accept_language: str) -> str:
    """Return the browser's most wanted language that the page has (RFC 9110, 12.5.4), else English."""
    best, weight = DEFAULT_LANGUAGE, 0.0
    for part in accept_language[:500].split(","):
        match = _RANGE.fullmatch(part.strip())
        if match and match[1].lower() in LANGUAGES and _quality(match[2]) > weight:
            best, weight = match[1].lower(), _quality(match[2])
    return best


def _quality(value: str | None) -> float:
    try:
        return 1.0 if value is None else float(value)
    except ValueError:
        return 0.0
