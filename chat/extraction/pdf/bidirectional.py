"""Right-to-left text put in reading order by where its letters stand. Sans-IO.

pdfium gives each run of letters in the order of the page's program: Chromium draws words of Arabic from left
to right, so that they come out reversed, and a ligature of lam and alef comes out in the wrong order wherever
pdfium has turned the run. The letters' places tell both.
"""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby, pairwise

from chat.extraction.pdf.glyphs import Glyph

LAM = "\u0644"
ALEFS = frozenset("\u0627\u0622\u0623\u0625\u0671")
SAME_PLACE_POINTS = 0.05


def arrange(glyphs: Sequence[Glyph]) -> str:
    """Return the text of the glyphs, each word in reading order."""
    return "".join(text for text, _ in read_words(glyphs))


def read_words(glyphs: Sequence[Glyph], gap: float = math.inf) -> Iterator[tuple[str, list[Glyph]]]:
    """Yield each word in reading order with its glyphs, and each blank.

    gap: of a letter's height; letters further apart are of two words.
    """
    for is_blank, run in groupby(_mend_blanks(list(glyphs)), _is_blank):
        if is_blank:
            yield from ((glyph.character, [glyph]) for glyph in run)
            continue
        word: list[Glyph] = []
        for glyph in run:
            if word and _space(word[-1], glyph) > gap * glyph.height:
                yield _word(word), word
                word = []
            word.append(glyph)
        yield _word(word), word


def _space(one: Glyph, two: Glyph) -> float:
    return max(two.left - one.right, one.left - two.right)


def _mend_blanks(glyphs: list[Glyph]) -> list[Glyph]:
    """Put a last letter that is drawn apart, for its mark's sake, before the blank that it stands upon."""
    for at in range(1, len(glyphs) - 2):
        before, blank, after, mark = glyphs[at - 1 : at + 3]
        is_apart = is_strong(after.character) and unicodedata.combining(mark.character)
        if (
            blank.character == " "
            and is_apart
            and abs(after.left - blank.left) <= SAME_PLACE_POINTS < before.left - after.left
        ):
            glyphs[at : at + 3] = after, mark, blank
    return glyphs


def _is_blank(glyph: Glyph) -> bool:
    return glyph.character.isspace()


def _word(glyphs: list[Glyph]) -> str:
    if not any(is_strong(glyph.character) for glyph in glyphs):
        return "".join(glyph.character for glyph in glyphs)
    runs = [list(run) for _, run in groupby(_clusters(glyphs), _is_turned)]
    parts: list[str] = []
    for index, run in enumerate(runs):
        if index and parts[-1].isalnum() and run[0][0].character.isalnum():
            parts.append(" ")  # a search takes what is not parted for one word
        clusters = _turn(run) if _is_turned(run[0]) else run
        parts.extend(glyph.character for cluster in _ligatures(clusters) for glyph in cluster)
    return "".join(parts)


def _clusters(glyphs: Iterable[Glyph]) -> list[list[Glyph]]:
    """Group each letter with the marks that follow it."""
    clusters: list[list[Glyph]] = []
    for glyph in glyphs:
        if clusters and unicodedata.combining(glyph.character):
            clusters[-1].append(glyph)
        else:
            clusters.append([glyph])
    return clusters


def _turn(run: list[list[Glyph]]) -> list[list[Glyph]]:
    """Reverse the stretches that go from left to right."""
    turned: list[list[Glyph]] = []
    stretch: list[list[Glyph]] = []
    for cluster in run:
        if stretch and not _goes_right(stretch[-1][0], cluster[0], len(stretch) > 1):
            turned.extend(_reverse(stretch))
            stretch = []
        stretch.append(cluster)
    return [*turned, *_reverse(stretch)]


def _reverse(stretch: list[list[Glyph]]) -> list[list[Glyph]]:
    if len(stretch) < 2:
        return stretch
    # Marks are drawn after the stretch that they end: they belong to its last letter in reading order.
    last, marks = stretch[-1][:1], stretch[-1][1:]
    ordered = [last, *reversed(stretch[:-1])]
    return [*ordered[:-1], [*ordered[-1], *marks]]


def _goes_right(one: Glyph, two: Glyph, is_going: bool) -> bool:
    step = two.left - one.left
    # The two halves of a ligature stand in one place: they go with the stretch that they are in.
    return step > SAME_PLACE_POINTS or (is_going and abs(step) <= SAME_PLACE_POINTS)


def _ligatures(clusters: list[list[Glyph]]) -> list[list[Glyph]]:
    fixed = list(clusters)
    for index, (one, two) in enumerate(pairwise(clusters)):
        first, second = one[0], two[0]
        is_one_place = abs(first.left - second.left) <= SAME_PLACE_POINTS
        if is_one_place and first.character in ALEFS and second.character == LAM:
            fixed[index], fixed[index + 1] = two, one
    return fixed


def _is_turned(cluster: list[Glyph]) -> bool:
    return is_strong(cluster[0].character)


def is_strong(character: str) -> bool:
    """Whether a character is of a script that runs from right to left."""
    return unicodedata.bidirectional(character) in ("R", "AL")
