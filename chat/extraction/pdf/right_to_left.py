"""Tables of a page whose letters run from right to left: it is mirrored, its words are in reading order.

So the layout, which goes from left to right, finds the first column at the right.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import groupby

from chat.extraction.layout.page_tables import PageTable, find_page_tables
from chat.extraction.layout.page_words import Word
from chat.extraction.pdf.bidirectional import is_strong, read_words
from chat.extraction.pdf.glyphs import Glyph
from chat.extraction.pdf.page_layout import Box, lines_with_tables, print_words_once, rules_of

WORD_GAP = 0.5  # of a letter's height: letters further apart are of two words
TURNED = re.compile(r"\)\s?([\d.,\s]+?)\s?\(")  # mirrored: a negative figure
LATIN = re.compile(r"[A-Za-z\u00c0-\u024f]")


def is_mirrored(text: str) -> bool:
    """Whether most letters run from right to left, so that tables do."""
    letters = [character for character in text if character.isalpha()]
    return sum(map(is_strong, letters)) > len(letters) / 2


def text_with_mirrored_tables(glyphs: Sequence[Glyph], strokes: Sequence[Box]) -> str:
    """Return the text with its tables as rows; empty where there is none."""
    characters, words = list[str](), list[Word]()
    for text, letters in read_words(glyphs, WORD_GAP):
        start = len(characters)
        characters += [text, *[""] * (len(letters) - 1)]
        if text.strip():
            words.append(_word(text, letters, start))
    once, again = print_words_once(words)
    mirrored = [(-right, top, -left, bottom) for left, top, right, bottom in strokes]
    tables = [_with_latin_runs(table) for table in find_page_tables(once, rules_of(mirrored, 0))]
    return "\n".join(lines_with_tables(characters, tables, again)) if tables else ""


def _word(text: str, letters: Sequence[Glyph], first: int) -> Word:
    right, left = max(one.right for one in letters), min(one.left for one in letters)
    top, bottom = min(one.top for one in letters), max(one.bottom for one in letters)
    return Word(text, -right, top, -left, bottom, first, first + len(letters) - 1)


def _with_latin_runs(table: PageTable) -> PageTable:
    return PageTable(tuple(tuple(map(_turn, row)) for row in table.rows), table.words)


def _turn(cell: str) -> str:
    """Return a cell from right to left with Latin words from left to right, and brackets around figures."""
    words: list[str] = []
    for is_right_to_left, run in groupby(cell.split(), lambda word: any(map(is_strong, word))):
        found = list(run)
        is_latin = not is_right_to_left and any(map(LATIN.search, found))
        words += reversed(found) if is_latin else found
    return TURNED.sub(r"(\1)", " ".join(words))
