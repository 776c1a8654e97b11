"""The words and rules of a page of PDF, as chat.extraction.layout takes them, and its text with tables.

pdfium's y grows upwards, the layout's downwards. A page whose letters mostly lie on their side is turned
until they stand; letters that are turned beside those are words whose boxes are high.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Protocol

from chat.extraction.layout.page_tables import PageTable, find_page_tables
from chat.extraction.layout.page_words import FIRST_WIDE, HYPHEN, Word, make_line, rows_of_words
from chat.extraction.layout.rules import Rule, Rules

SPLIT_GAP = 0.5  # of a letter's height: a gap inside what pdfium takes for one word
UPRIGHT_SHARE = 0.3  # of the letters: with fewer upright ones the page is turned
ROW_POINTS = 3.0
LETTER_HEIGHT = 0.5  # of the height of most pieces: what is lower is a sign beside letters
FEWEST_ROWS = 2
FEWEST_STROKES = 3
GAP = 0.9  # of the height of most pieces in a line
NEAR_ROWS = 6  # of a table, whose cells may have several lines
FIGURES = re.compile(r"^[^\n]*?(?<!\S)[-+(]?\d[\d.,]*[)%]?[^\S\n]+[-+(]?\d[\d.,]*[)%]?(?!\S)", re.MULTILINE)
SAME_PLACE = 1.5  # points: a word that is printed twice is not moved further
THIN = 3.0  # points; what is drawn no thicker is a rule
HYPHENS = "\x02\ufffe"
PACE, WIDE_PACE = 0.65, 1.3  # of a height: letters of a word whose letters stand close take no more
SAMPLED = 100  # letters that are looked at to see whether any is turned
WORDS = re.compile(r"[^\s\x00\ufeff\xad]+")

Box = tuple[float, float, float, float]  # left, top, right, bottom; downwards
Letter = tuple[str, float, float, float, float, int]  # character, box, quarters of a turn to the left


def turn(box: Box, quarters: int) -> Box:
    """Return a box after the page was turned to the right, by quarters."""
    left, top, right, bottom = box
    for _ in range(quarters % 4):
        left, top, right, bottom = top, -right, bottom, -left
    return left, top, right, bottom


class PageLetters(Protocol):
    """What is known of the letters of a page. Each call for a box costs: of a word two suffice."""

    def characters(self) -> str: ...

    def box(self, index: int) -> Box: ...

    def quarters(self, index: int) -> int: ...

    def pieces(self) -> list[Box]: ...


def words_of(page: PageLetters, characters: str) -> tuple[list[Word], int]:
    """Return the words of a page, and by how many quarters it was turned for them to stand upright."""
    if not _has_turned(page, len(characters)):
        return list(_upright_words(page, characters)), 0
    letters = [
        (character, *page.box(index), page.quarters(index)) for index, character in enumerate(characters)
    ]
    counts = Counter(letter[5] for letter in letters)
    is_upright = counts[0] >= UPRIGHT_SHARE * len(letters)
    main = 0 if is_upright else counts.most_common(1)[0][0]
    words: list[Word] = []
    for quarters in counts:
        found = _words(letters, quarters)
        if quarters != main:
            back = (main - quarters) % 4
            for row in rows_of_words(found):
                words += [_turned(segment.words, back) for segment in make_line(row).segments]
        else:
            words += found
    return words, main


def _has_turned(page: PageLetters, count: int) -> bool:
    return any(map(page.quarters, range(0, count, max(4, count // SAMPLED))))


def _upright_words(page: PageLetters, characters: str) -> Iterator[Word]:
    for found in WORDS.finditer(characters):
        first, last = found.start(), found.end() - 1
        left, top, right, bottom = page.box(first)
        if last > first:
            _, last_top, right, last_bottom = page.box(last)
            height = bottom - top
            is_one = (
                min(bottom, last_bottom) - max(top, last_top) > 0.4 * height
                and 0
                < right - left
                < (last + 1 - first) * (1.3 if found[0] >= FIRST_WIDE else 0.65) * height + 1
            )
            if not is_one:
                letters = [(characters[at], *page.box(at), 0) for at in range(first, last + 1)]
                yield from (
                    word._replace(first=word.first + first, last=word.last + first)
                    for word in _words(letters, 0)
                )
                continue
            top, bottom = min(top, last_top), max(bottom, last_bottom)
        yield Word(found[0].replace("\ufffe", HYPHEN), left, top, right, bottom, first, last)


def _turned(words: Sequence[Word], quarters: int) -> Word:
    """Return words on one line as one word, in the place that they have on the page."""
    boxes = [turn((word.left, word.top, word.right, word.bottom), quarters) for word in words]
    left, top, right, bottom = zip(*boxes, strict=True)
    text = " ".join(word.text for word in words)
    first, last = min(word.first for word in words), max(word.last for word in words)
    return Word(text, min(left), min(top), max(right), max(bottom), first, last, True)


def _words(letters: Sequence[Letter], quarters: int) -> list[Word]:
    """Return the words among the letters that are turned so: letters side by side without a space."""
    words: list[Word] = []
    first = last = -1
    left = top = right = bottom = 0.0
    text: list[str] = []
    for at, (character, one_left, one_top, one_right, one_bottom, turned) in enumerate(letters):
        if turned != quarters or character.isspace() or character in "\x00\ufeff\xad":
            if text:
                words.append(Word("".join(text), left, top, right, bottom, first, last))
                text = []
            continue
        if quarters:
            edges = turn((one_left, one_top, one_right, one_bottom), quarters)
            one_left, one_top, one_right, one_bottom = edges
        height = max(one_bottom - one_top, 0.1)
        is_half = "\udc00" <= character <= "\udfff"  # the second of a UTF-16 pair has the box of the first
        if text and not (
            is_half
            or (
                min(bottom, one_bottom) - max(top, one_top) > 0.4 * min(height, bottom - top)
                and -SPLIT_GAP * height < one_left - right < SPLIT_GAP * height
            )
        ):
            words.append(Word("".join(text), left, top, right, bottom, first, last))
            text = []
        if not text:
            first, left, top, right, bottom = at, one_left, one_top, one_right, one_bottom
        else:
            top, right, bottom = min(top, one_top), max(right, one_right), max(bottom, one_bottom)
        last = at
        text.append(HYPHEN if character in HYPHENS else character)
    if text:
        words.append(Word("".join(text), left, top, right, bottom, first, last))
    return words


def rules_of(strokes: Sequence[Box], quarters: int) -> Rules:
    """Return the rules among what is drawn along the axes."""
    across, down = list[Rule](), list[Rule]()
    for stroke in strokes:
        left, top, right, bottom = turn(stroke, quarters)
        if bottom - top <= THIN:
            if right - left > THIN:
                across.append(Rule((top + bottom) / 2, left, right))
        elif right - left <= THIN:
            down.append(Rule((left + right) / 2, top, bottom))
    return Rules(tuple(across), tuple(down))


def text_with_tables(page: PageLetters, strokes: Sequence[Box]) -> str:
    """Return the text of a page with its tables as rows; empty where there is no table."""
    characters = page.characters()
    words, quarters = words_of(page, characters)
    words, again = print_words_once(words)
    tables = find_page_tables(words, rules_of(strokes, quarters))
    return "\n".join(lines_with_tables(characters, tables, again)) if tables else ""


def print_words_once(words: Sequence[Word]) -> tuple[list[Word], list[Word]]:
    """Return the words, and apart from them those that are printed again for bold type."""
    once: dict[tuple[str, int, int], Word] = {}
    kept, again = list[Word](), list[Word]()
    for word in words:
        column, row = round(word.left / SAME_PLACE), round(word.top / SAME_PLACE)
        near = (once.get((word.text, column + i, row + j)) for i in (-1, 0, 1) for j in (-1, 0, 1))
        if any(one and abs(one.left - word.left) + abs(one.top - word.top) < SAME_PLACE for one in near):
            again.append(word)
        else:
            once[word.text, column, row] = word
            kept.append(word)
    return kept, again


def may_hold_tables(page: PageLetters, strokes: Sequence[Box], text: str) -> bool:
    """Whether a closer look is worth its cost: rules, several figures in lines, gaps that stand below each
    other, or letters on their side.
    """
    if len(strokes) >= FEWEST_STROKES or len(FIGURES.findall(text)) >= FEWEST_ROWS:
        return True
    return _has_gutter(page.pieces()) or _has_turned(page, len(text))


def _has_gutter(pieces: Sequence[Box]) -> bool:
    """Whether gaps of two lines that are near stand below each other."""
    gaps = [list(_gaps(row)) for row in _rows(pieces)]
    return any(
        start < end and last > first
        for at, found in enumerate(gaps)
        for first, end in found
        for below in gaps[at + 1 : at + 1 + NEAR_ROWS]
        for start, last in below
    )


def _rows(pieces: Sequence[Box]) -> list[list[Box]]:
    """Return the pieces of each line; a comma is one of the nearest line."""
    heights = sorted(bottom - top for _, top, _, bottom in pieces)
    least = LETTER_HEIGHT * heights[len(heights) // 2] if heights else 0.0
    rows, middles, signs = list[list[Box]](), list[float](), list[tuple[float, Box]]()
    for middle, piece in sorted(((box[1] + box[3]) / 2, box) for box in pieces):
        if piece[3] - piece[1] < least:
            signs.append((middle, piece))
            continue
        if not rows or middle - middles[-1] > ROW_POINTS:
            rows.append([])
            middles.append(middle)
        rows[-1].append(piece)
    for middle, piece in signs:
        at = bisect_left(middles, middle)
        near = range(max(0, at - 1), min(at + 1, len(rows)))
        rows[min(near, key=lambda row: abs(middles[row] - middle))].append(piece)
    return rows


def _gaps(row: list[Box]) -> Iterator[tuple[float, float]]:
    """Yield the gaps of a line, as wide as those between cells."""
    row.sort()
    least = GAP * sorted(bottom - top for _, top, _, bottom in row)[len(row) // 2]
    edge = row[0][2]
    for left, _, right, _ in row[1:]:
        if left - edge > least:
            yield edge, left
        edge = max(edge, right)


def lines_with_tables(
    characters: Sequence[str], tables: Sequence[PageTable], again: Sequence[Word]
) -> Iterator[str]:
    """Yield the lines of the page: a table where its first letter stands, a blank line between two.

    characters: of the page; again: words that are printed twice, which are left out.
    """
    inside, places = bytearray(len(characters)), dict[int, PageTable]()
    for word in [*again, *(word for table in tables for word in table.words)]:
        inside[word.first : word.last + 1] = b"\1" * (word.last + 1 - word.first)
    for table in tables:
        places[min(word.first for word in table.words)] = table
    line: list[str] = []
    is_after = False
    for at, character in enumerate(characters):
        if at in places:
            text = "".join(line).strip()
            if text or is_after:
                yield text
            yield from places[at].lines
            line, is_after = [], True
        elif inside[at]:
            continue
        elif character == "\n":
            text = "".join(line).strip("\r")
            if text.strip():
                yield text
                is_after = False
            line = []
        else:
            line.append(character)
    if "".join(line).strip():
        yield "".join(line)
