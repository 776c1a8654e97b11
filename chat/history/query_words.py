"""The words of a search, and where they stand in a text as it was written. Knows no database.

Folding changes lengths (ﬁ -> fi), so a place in the folded text is mapped back through the length of each
character.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, islice, takewhile

from chat.history.schema import fold

QUERY_CHARACTERS_MAX = 200
WORDS_MAX = 8
SNIPPET_CHARACTERS_BEFORE = 30
SNIPPET_CHARACTERS = 120
PLACES_MAX = 200  # of a word, that a snippet may be cut at
WINDOW_CHARACTERS = 4_000  # of a text, folded at once

Span = tuple[int, int]


@dataclass(frozen=True)
class _Folded:
    """A folded text, and for each character of the written one where it ends in it."""

    text: str
    ends: Sequence[int]

    def place(self, start: int, end: int) -> Span:
        """Return the written characters that hold [start, end) of the folded text."""
        return bisect_right(self.ends, start), bisect_right(self.ends, end - 1) + 1


def read_words(query: str) -> tuple[str, ...]:
    """Return the words of a query, folded, each once; a text without spaces is one word."""
    words = fold(query.strip()[:QUERY_CHARACTERS_MAX]).split()
    return tuple(dict.fromkeys(words))[:WORDS_MAX]


def find_words(text: str, words: Sequence[str]) -> list[Span]:
    """Return where the folded words stand in a text, in order, without overlaps."""
    folded = _fold(text)
    found: list[Span] = []
    for word in words:
        found += [folded.place(at, at + len(word)) for at in _occurrences(folded.text, word)]
    return _join(sorted(found))


def cut_snippet(text: str, words: Sequence[str]) -> str:
    """Return the text around the place that has most of the words close together, on one line."""
    start = max(0, _find_best(text, words) - SNIPPET_CHARACTERS_BEFORE)
    end = start + SNIPPET_CHARACTERS
    cut = " ".join(text[start:end].split())
    return f"{'…' if start else ''}{cut}{'…' if end < len(text) else ''}"


def _find_best(text: str, words: Sequence[str]) -> int:
    """Return the character where a snippet's place begins, 0 where no word stands in the text.

    A long text is folded by windows, and only up to the place where all words are close together.
    """
    longest = max(map(len, words), default=0)
    length = WINDOW_CHARACTERS + SNIPPET_CHARACTERS + 2 * longest  # what folds to a word may be longer
    left = dict.fromkeys(words, PLACES_MAX)
    most, hit = 0, (0, 0)
    for start in range(0, len(text), WINDOW_CHARACTERS):
        places = _take_places(fold(text[start : start + length]), left)
        for number, (at, _) in enumerate(places):
            if (count := _count_near(places, number)) > most:
                most, hit = count, (start, at)
        if most == len(words) or not any(left.values()):
            break
    start, at = hit
    return start + _unfold(text[start : start + length], at) if most else 0


def _take_places(folded: str, left: dict[str, int]) -> list[tuple[int, str]]:
    """Return where the words stand, in order; of each at most as many as are left, which are counted."""
    places: list[tuple[int, str]] = []
    for word, most in left.items():
        found = list(islice(_occurrences(folded, word), most))
        left[word] -= len(found)
        places += ((at, word) for at in found)
    return sorted(places)


def _unfold(window: str, at: int) -> int:
    """Return the written character that becomes the folded one, by the lengths of folded beginnings."""
    ends = range(len(window) + 1)
    return max(0, bisect_right(ends, at, key=lambda end: len(fold(window[:end]))) - 1)


def _occurrences(text: str, word: str) -> Iterator[int]:
    at = text.find(word) if word else -1
    while at >= 0:
        yield at
        at = text.find(word, at + len(word))


def _count_near(places: Sequence[tuple[int, str]], number: int) -> int:
    """Return how many different words stand within a snippet that begins at a place."""
    end = places[number][0] + SNIPPET_CHARACTERS - SNIPPET_CHARACTERS_BEFORE
    near = takewhile(lambda place: place[0] < end, islice(places, number, None))
    return len({word for _, word in near})


def _fold(text: str) -> _Folded:
    if text.isascii():  # as long folded as written
        return _Folded(text.casefold(), range(1, len(text) + 1))
    pieces = [fold(character) for character in text]
    return _Folded("".join(pieces), list(accumulate(map(len, pieces))))


def _join(spans: Sequence[Span]) -> list[Span]:
    joined: list[Span] = []
    for start, end in spans:
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    return joined
