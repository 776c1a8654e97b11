"""Differences: which words of a quote a passage does not have, and which it has instead.

Compares normal forms word by word, Chinese character by character. Knows no document.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import NamedTuple

from chat.grounding.normal_form import FIRST_CJK, NormalForm, Token

MOST_WORDS = 700  # of a quote; a longer one is compared up to here
FEWEST_SAME, FEW_CHANGED = 3, 2  # words of a quote that is the passage but for a word
SHOWN_CHARACTERS = 80


@dataclass(frozen=True)
class Difference:
    """said: words of the quote. stands: what the file has instead. Either may be empty."""

    said: str
    stands: str


class Likeness(NamedTuple):
    """A passage that is like a quote. start, end: into the text that was compared. likeness: up to 1."""

    start: int
    end: int
    likeness: float
    difference: Difference


class _Word(NamedTuple):
    key: str
    start: int
    end: int


def compare_words(quote: NormalForm, there: NormalForm) -> Likeness | None:
    """Return the passage of `there` that is most like `quote`; None where they share nothing."""
    said, stands = list(_words(quote))[:MOST_WORDS], list(_words(there))
    matcher = SequenceMatcher(None, [w.key for w in said], [w.key for w in stands], autojunk=False)
    blocks = [block for block in _dense(matcher.get_matching_blocks(), len(said)) if block.size]
    if not blocks:
        return None
    first = max(0, blocks[0].b - blocks[0].a)
    last = min(len(stands), blocks[-1].b + blocks[-1].size + len(said) - blocks[-1].a - blocks[-1].size)
    shared = sum(_weight(said[block.a : block.a + block.size]) for block in blocks)
    extra = stands[blocks[0].b : blocks[-1].b + blocks[-1].size]
    whole = max(_weight(said), _weight(extra))
    likeness = shared / max(1, whole)
    same = sum(block.size for block in blocks)
    if same >= FEWEST_SAME and max(len(said), len(extra)) - same <= FEW_CHANGED:
        likeness = max(likeness, 0.75)  # one long word in a short quote is still one word
    difference = _first_difference(blocks, said, stands, quote.text, there.text)
    return Likeness(stands[first].start, stands[last - 1].end, likeness, difference)


def _words(form: NormalForm) -> Iterator[_Word]:
    for token in form.tokens:
        if token.kind == "word" and not token.key.isascii() and max(token.key) >= FIRST_CJK:
            yield from _letters(token)
        elif token.key:
            yield _Word(token.key, token.start, token.end)


def _letters(token: Token) -> Iterator[_Word]:
    """Yield Chinese characters one by one, and Latin words between them whole."""
    at = 0
    while at < len(token.raw):
        end = at + 1
        if token.raw[at] < FIRST_CJK:
            while end < len(token.raw) and token.raw[end] < FIRST_CJK:
                end += 1
        yield _Word(token.raw[at:end].lower(), token.start + at, token.start + end)
        at = end


def _weight(words: Sequence[_Word]) -> int:
    return sum(len(word.key) for word in words)


class _Block(NamedTuple):
    a: int
    b: int
    size: int


def _dense(blocks: Sequence[tuple[int, int, int]], length: int) -> list[_Block]:
    """Return the blocks without stray words far from the largest one."""
    known = [_Block(*block) for block in blocks]
    largest = max(known, key=lambda block: block.size)
    reach = max(6, length // 2)
    kept = [largest]
    for block in known[known.index(largest) + 1 :]:
        if block.size and block.b - (kept[-1].b + kept[-1].size) <= reach:
            kept.append(block)
    for block in reversed(known[: known.index(largest)]):
        if kept[0].b - (block.b + block.size) <= reach:
            kept.insert(0, block)
    return kept


def _first_difference(
    blocks: Sequence[_Block], said: Sequence[_Word], stands: Sequence[_Word], quote: str, there: str
) -> Difference:
    """Return the first words that differ, before, between or behind the blocks."""
    a = b = 0
    start = blocks[0]
    b = max(0, start.b - start.a)
    for block in (*blocks, _Block(len(said), min(len(stands), b + len(said)), 0)):
        if block.a > a or (block.b > b and block.size):
            if not block.size:
                block = _Block(block.a, min(len(stands), b + block.a - a), 0)
            return Difference(_cut(said[a : block.a], quote), _cut(stands[b : block.b], there))
        a, b = block.a + block.size, block.b + block.size
    return Difference("", "")


def _cut(words: Sequence[_Word], text: str) -> str:
    return " ".join(text[words[0].start : words[-1].end].split())[:SHOWN_CHARACTERS] if words else ""
