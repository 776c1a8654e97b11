"""Acronyms: the short forms that a text explains itself, as in "polymerase chain reaction (PCR)".

A question has one form, and the passage that answers it perhaps only the other. Knows no ranking.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from chat.grounding.retrieval.terms import split_terms

ADDED_WEIGHT = 0.3  # of the other form's terms, beside 1 for the question's own
KNOWN_SHARE = 2 / 3  # of the long form's words, in a question that means it
REACH_CHARACTERS = 120
MOST = 2_000

_SHORT = re.compile(r" \(([A-Z][\w-]{1,9})\)")

Acronym = tuple[frozenset[str], frozenset[str]]  # the terms of the short form, and of the long one


def find_acronyms(text: str) -> Sequence[Acronym]:
    """Return the short forms that stand in brackets behind words that begin with their letters."""
    found = dict[str, Acronym]()
    for match in _SHORT.finditer(text):
        if match[1] not in found and len(found) < MOST:
            long = _find_long(match[1], text[max(0, match.start() - REACH_CHARACTERS) : match.start()])
            if long:
                found[match[1]] = frozenset(split_terms(match[1])), frozenset(split_terms(long))
    return tuple(found.values())


def _find_long(short: str, before: str) -> str:
    """Return the fewest last words of `before` that `short` can stand for; empty where there are none."""
    letters = [letter.lower() for letter in short if letter.isupper()]
    words = before.split()
    for count in range(max(2, len(letters) - 1), min(len(words), len(letters) + 2) + 1):
        initials = [part[0].lower() for word in words[-count:] for part in word.split("-") if part]
        rest = iter(initials)
        if initials[:1] == letters[:1] and all(letter in rest for letter in letters):
            return " ".join(words[-count:])
    return ""


def expand(query: Mapping[str, float], acronyms: Sequence[Acronym]) -> dict[str, float]:
    """Return the terms that `query` has in another form alone, with their weights."""
    added: set[str] = set()
    for short, long in acronyms:
        if short <= query.keys():
            added |= long
        elif len(long & query.keys()) >= max(2, KNOWN_SHARE * len(long)):
            added |= short
    return {term: ADDED_WEIGHT for term in sorted(added) if term not in query}
