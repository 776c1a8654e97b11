"""Sentence conditions: what limits a quoted sentence and stands just outside of the quote.

"unless", "only if", "es sei denn", 除外 behind the quoted words, or "Except as …," before them; "at most" or
höchstens before the number that a quote begins with, 以上 behind the one that ends it. The words are there,
so that the quote is confirmed; what they say is less than it seems. Knows no answer and no quote.
"""

from __future__ import annotations

import re

LONGEST = 160  # characters of a condition that are shown
LEAD_CHARACTERS = 240  # before a quote, for a clause that ends where the quote begins

_LIMITS = (  # behind the quoted words, in the same sentence
    r"(?:unless|except(?:ing)?|excluding|save (?:that|as|for|in|where)|other than|subject to"
    r"|provided,? (?:that|however)|(?:but )?only (?:if|when|where|for|with|to the extent)"
    r"|but (?:not|excluding)|(?:as|so) long as|on (?:the )?condition|if(?! any\b| applicable| necessary)"
    r"|es sei denn|außer|ausgenommen|mit (?:Ausnahme|der Maßgabe)|sofern|soweit|vorausgesetzt|vorbehaltlich"
    r"|(?:aber |jedoch )?nur (?:wenn|dann|mit|bei)|nicht (?:jedoch|aber)|falls|wenn|solange|sauf|hormis"
    r"|à (?:moins|condition)|si|salvo|excepto|a menos que|siempre que|если|кроме|за исключением)\b"
    r"|除非|的?(?:情形)?除外|仅(?:当|在|限)|但[^。；\n]{0,80}?(?:除外|不适用|不在此限|另有(?:规定|约定))"
)
_REST = r"[^.!?。；\n]*(?:\n(?!\s*\n)[^.!?。；\n]*)?"  # of the sentence, over the end of a line
_BEHIND = re.compile(rf"[\s,;，；)）\]”\"’]*(?P<words>(?:{_LIMITS}){_REST})", re.IGNORECASE)
_NEXT_SENTENCE = re.compile(
    r"[\s”\"’)]*[.。][\s”\"’)]*(?P<words>(?:(?:this|the foregoing)(?: \w+)? (?:does|shall) not apply"
    rf"|(?:dies|das|satz \d|absatz \d)[^.\n]{{0,30}} gilt (?:jedoch |aber )?nicht|ただし){_REST})",
    re.IGNORECASE,
)
_BEFORE = re.compile(
    r"(?:^|[.;:!?。；)]\s+|\n\s*)(?P<words>(?:unless|except|subject to|only if|if|provided that|save as"
    r"|sofern|soweit|wenn|falls|außer|vorbehaltlich|nur wenn|sauf|salvo|если|кроме)\b[^.;:!?。；]*"
    r"|除[^。；，]{1,80}外)[,，]?\s*$",
    re.IGNORECASE,
)
_SAID = re.compile(
    r"\b(?:unless|except\w*|exclud\w+|subject to|provided|only|but not|condition\w*|if|es sei denn|außer"
    r"|ausgenommen|Ausnahme\w*|sofern|soweit|vorausgesetzt|vorbehaltlich|nur|falls|wenn|solange|Bedingung\w*|sauf|salvo|excepto"
    r"|если|кроме)\b|除非|除外|除了?|例外|条件|如果|仅|但|ただし",
    re.IGNORECASE,
)
_BOUNDS = (
    r"(?:at (?:least|most)|up to|(?:no|not) (?:more|less|fewer|later|earlier) than"
    r"|(?:more|less|fewer|greater|higher|lower) than"
    r"|over|under|above|below|within|(?:not )?exceed(?:ing|s)?|(?:a )?(?:maximum|minimum)(?: of)?"
    r"|mindestens|wenigstens|höchstens|maximal|minimal|bis zu|(?:nicht )?(?:mehr|weniger) als"
    r"|über|unter|binnen|innerhalb von)"
)
_BOUNDS_ZH = (
    r"(?:不超过|不多于|不少于|不低于|不高于|至少|至多|最多|最少|超过|低于|高于|少于|多于|不足|不满|未满)"
)
_BOUNDS_BEHIND = (
    r"(?:or (?:more|less|fewer|older|younger|above|below|over|under|higher|lower|later|earlier)"
    r"|oder (?:mehr|weniger|älter|jünger|höher|niedriger|darüber|darunter))\b"
)
_BOUNDS_BEHIND_ZH = r"以[上下内外]|之内"
_BOUND_BEFORE = re.compile(rf"(?:\b{_BOUNDS}\s+|{_BOUNDS_ZH}\s*|[<>≤≥≦≧±]\s?)[$€£¥]?$", re.IGNORECASE)
_BOUND_BEHIND = re.compile(rf"\s*(?:{_BOUNDS_BEHIND}|{_BOUNDS_BEHIND_ZH})", re.IGNORECASE)
_SAID_BOUND = re.compile(
    rf"\b{_BOUNDS}\b|{_BOUNDS_ZH}|{_BOUNDS_BEHIND}|{_BOUNDS_BEHIND_ZH}|[<>≤≥]|\b(?:limit|cap|max|min|grenze)\w*|上限|下限",
    re.IGNORECASE,
)
_NUMBER = re.compile(
    r"[$€£¥]?\s?\d|(?:one|two|three|four|five|six|seven|eight|nine|ten|twelve|half|zwei|drei|vier|fünf|sechs|sieben|acht"
    r"|neun|zehn|zwölf)\b|[一二三四五六七八九十百千万两]",
    re.IGNORECASE,
)


def find_bound(text: str, start: int, end: int) -> str:
    """Return the "at most" before a number at `start`, or the "or more" behind `end`, or nothing."""
    before = _BOUND_BEFORE.search(text[max(0, start - 24) : start]) if _NUMBER.match(text, start) else None
    found = before or _BOUND_BEHIND.match(text, end)
    return " ".join(found.group().split()).rstrip(" $€£¥") if found else ""


def states_bound(words: str) -> bool:
    """Does an answer's own sentence around a quote state a bound?"""
    return bool(_SAID_BOUND.search(words))


def find_condition(text: str, start: int, end: int) -> str:
    """Return the condition or exception that limits the words from `start` to `end`, or nothing."""
    found = _BEHIND.match(text, end) or _NEXT_SENTENCE.match(text, end)
    words = found["words"] if found else _condition_before(text, start)
    return " ".join(words.split()).rstrip(" ,，")[:LONGEST]


def _condition_before(text: str, start: int) -> str:
    lead = text[max(0, start - LEAD_CHARACTERS) : start]
    found = _BEFORE.search(lead) if lead.rstrip().endswith((",", "，", "外")) else None
    return found["words"] if found else ""


def states_condition(words: str) -> bool:
    """Does an answer's own sentence around a quote state a condition or an exception?"""
    return bool(_SAID.search(words))
