"""Quote matching: does a document say exactly this, and if not, what does it say instead?

Candidates come from the folded text; a verdict comes from the normal forms alone. docs/proof.md has the rule.
Offsets are into `Document.text`. Knows no answer: a quote is a string.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import chain, islice

from chat.grounding.differences import compare_words
from chat.grounding.evidence import Evidence, Span, fold
from chat.grounding.quoted_words import GAP, QuotedWords, is_long
from chat.grounding.text_windows import Match, TextWindow

MOST_CANDIDATES = 8
LEAST_EXACT_SHARE, LEAST_ALTERED_SHARE = 0.4, 0.2  # of a candidate's votes
MARGIN = 40  # characters looked at around a candidate
LEAST_PART_LETTERS, LEAST_PART_CJK = 16, 6  # of a quote stitched from two places
LEAST_ALTERED = 0.7  # likeness of a passage that differs by little
MOST_SPLITS = 10
_SPLIT = re.compile(r"[.!?;:,](?=\s)|[。！？；，：]|\s(?:and|und|but|aber|sowie|whereas)\s|\n|\s[-–—]\s")


def find_exact(quote: QuotedWords, evidence: Evidence, within: Span | None = None) -> Iterator[Match]:
    """Yield the places where a document has exactly these words; altered where only the meaning differs."""
    seen = set[int]()
    whole = evidence.find_folded(quote.literal, within) if within else iter(())  # needs no vote
    for start, end in chain(islice(whole, MOST_CANDIDATES), _regions(quote.literal, evidence, within)):
        for match in _window(evidence, start, end).find(quote):
            if match.start not in seen:
                seen.add(match.start)
                yield match


def find_stitched(quote: QuotedWords, evidence: Evidence) -> Match | None:
    """Return the first of two places whose words, put together, are the quote."""
    for left, right in _splits(quote):
        if is_long(left, LEAST_PART_LETTERS, LEAST_PART_CJK) and is_long(
            right, LEAST_PART_LETTERS, LEAST_PART_CJK
        ):
            first = _first_found(quote.part(left), evidence)
            second = first and _first_found(quote.part(right), evidence)
            if first and second:
                return Match("two_places", first.start, first.end)
    return None


def find_altered(quote: QuotedWords, evidence: Evidence, within: Span | None = None) -> Match | None:
    """Return the passage that differs from the quote by little."""
    best: Match | None = None
    for start, end in list(_regions(quote.literal, evidence, within, LEAST_ALTERED_SHARE))[:2]:
        window = _window(evidence, start, end)
        for form in quote.forms(evidence.has_decimal_comma)[:1]:
            there = window.form if form.has("ref", "note") else window.form.without("ref", "note")
            found = compare_words(form, there)
            if found and found.likeness >= LEAST_ALTERED and (best is None or found.likeness > best.likeness):
                offset = window.start
                best = Match(
                    "altered", found.start + offset, found.end + offset, found.difference, found.likeness
                )
    return best


def _window(evidence: Evidence, start: int, end: int) -> TextWindow:
    """Return what is compared around a candidate: the same for equal words and for altered ones."""
    slack = MARGIN + (end - start) // 4
    return TextWindow.read(evidence, start - slack, end + slack)


def _regions(
    text: str, evidence: Evidence, within: Span | None, least: float = LEAST_EXACT_SHARE
) -> Iterator[Span]:
    folded = fold(text)
    is_short = len(folded) < evidence.grams_for(folded).size
    for number, (start, end, share) in enumerate(evidence.find_candidates(text, within)):
        if (number >= MOST_CANDIDATES and not is_short) or share < least:
            return
        yield start, end


def _first_found(quote: QuotedWords, evidence: Evidence, within: Span | None = None) -> Match | None:
    return next((match for match in find_exact(quote, evidence, within) if match.status == "found"), None)


def _splits(quote: QuotedWords) -> Iterator[tuple[str, str]]:
    """Yield a quote's parts before and after its gaps, ends of sentences and commas."""
    text = quote.literal
    cuts = [(gap.start(), gap.end()) for gap in GAP.finditer(text)]
    others = [
        (cut.end() if cut.group().strip() in ",.;:!?。！？；，：" else cut.start(), cut.end())
        for cut in _SPLIT.finditer(text)
    ]
    middle = len(text) / 2
    for start, end in [*cuts, *sorted(others, key=lambda cut: abs(cut[0] - middle))][:MOST_SPLITS]:
        yield text[:start], text[end:]
