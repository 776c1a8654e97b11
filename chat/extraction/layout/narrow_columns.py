"""Columns no further apart than words: figures that end below each other show them, not the gaps.

LibreOffice and old programs print tables so.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import pairwise

from chat.extraction.layout.cell_lines import is_value
from chat.extraction.layout.page_words import Word

FEWEST_LINES = 4  # whose figures end at the same place
SAME_EDGE = 0.15  # of a height: right edges that differ by no more are one
REACH = 6.0  # heights from one figure to the next below it
LONG_REACH = 15.0  # once there are the fewest lines, or where all lines between have figures of other columns
LABEL_WORDS = 8  # of a line with one figure: with more it is prose
HEADER_LINES = 3
WORD_SPACE = 0.4  # of a height: no wider is the space between two words
THIN_SPACE = 0.3  # of a height: between the groups of one number
LEADING, GROUP = re.compile(r"[-+(\u2212]?\d{1,3}"), re.compile(r"\d{3}(?:[.,]\d+)?[)%]?")
DASHES = "-\u2013\u2014\u2212"

Row = Sequence[Word]
Span = tuple[float, float]  # left and right
Figure = tuple[int, int, int]  # row, first and last word


def narrow_cells(rows: Sequence[Row]) -> set[Word]:
    """Return the words that begin a cell although the gap before them may be that between words."""
    begins: set[Word] = set()
    for table in _tables(list(_columns(rows))):
        spans = [_span(column, rows) for column in table]
        headed = [
            (column, list(_words_over(column, span, rows, len(table))))
            for column, span in zip(table, spans, strict=True)
        ]
        spans.append(_labels(table, rows))
        has_header = any(heads for _, heads in headed)
        over = Counter(at for _, heads in headed for at in {at for at, *_ in heads})
        for column, heads in headed:
            if has_header and not heads:
                continue  # the last figure of labels such as "Note 1"
            begins.update(
                word
                for at, before, word in heads
                if any(_is_over(before, span) for span in spans)
                and not _spans(before, word, spans)
                and (2 * over[at] >= len(table) or not _is_phrase(before, word))
            )
            for row, first, last in column:
                begins.update((rows[row][first], *rows[row][last + 1 : last + 2]))
    return begins


def _tables(columns: Sequence[list[Figure]]) -> list[list[list[Figure]]]:
    """Return the columns in groups that share rows."""
    tables: list[list[list[Figure]]] = []
    for column in sorted(columns, key=lambda column: column[0]):
        if tables and column[0][0] <= max(other[-1][0] for other in tables[-1]):
            tables[-1].append(column)
        else:
            tables.append([column])
    return tables


def _span(column: Sequence[Figure], rows: Sequence[Row]) -> Span:
    left = min(rows[row][first].left for row, first, _ in column)
    return left, max(rows[row][last].right for row, _, last in column)


def _labels(table: Sequence[Sequence[Figure]], rows: Sequence[Row]) -> Span:
    """Return where the words before the first column stand."""
    column = min(table, key=lambda column: rows[column[0][0]][column[0][1]].left)
    left = min(rows[row][0].left for row, _, _ in column)
    return left, max(rows[row][first - 1].right for row, first, _ in column)


def _is_over(word: Word, span: Span) -> bool:
    return word.left < span[1] and word.right > span[0]


def _spans(before: Word, word: Word, spans: Sequence[Span]) -> bool:
    """Whether two words are of one heading over several columns: the second crosses the room between two."""
    return _is_phrase(before, word) and sum(_is_over(word, one) for one in spans) > 1


def _is_phrase(before: Word, word: Word) -> bool:
    """Whether two words stand no further apart than those of a text."""
    return word.left - before.right < WORD_SPACE * word.height


def _columns(rows: Sequence[Row]) -> Iterator[list[Figure]]:
    columns: list[list[Figure]] = []
    stretch = 0  # the first of the rows up to this one that all have figures
    for at, row in enumerate(rows):
        figures = list(_figures(at, row))
        if len(figures) < 2 and len(row) > LABEL_WORDS:
            figures = []
        stretch = stretch if figures else at + 1
        height = max([word.height for word in row], default=0.0)
        for figure in figures:
            word = row[figure[2]]
            column = next((one for one in columns if _goes_on(one, word, height, rows, stretch)), None)
            if column:
                column.append(figure)
            else:
                columns.append([figure])
    found = (_without_title(column, rows) for column in columns if len(column) >= FEWEST_LINES)
    return (column for column in found if len(column) >= FEWEST_LINES and _is_column(column, rows))


def _without_title(column: list[Figure], rows: Sequence[Row]) -> list[Figure]:
    """Return a column without the figure that ends a title above the header and by chance ends over it."""
    (first, start, last), (second, *_) = column[:2]
    row = rows[first]
    is_last = start > 0 and last == len(row) - 1 and _is_phrase(row[start - 1], row[start])
    is_header = second - first > 1 and not any(any(_figures(at, rows[at])) for at in range(first + 1, second))
    is_alone = len(list(_figures(first, row))) == 1 < len(list(_figures(second, rows[second])))
    return column[1:] if is_last and is_header and is_alone else column


def _is_column(column: Sequence[Figure], rows: Sequence[Row]) -> bool:
    """Whether a column has figures, mostly followed by figures or by nothing: those of lists are by words."""
    if sum(_has_digit(rows[row][last]) for row, _, last in column) < len(column) / 2:
        return False
    next_words = [rows[row][last + 1 : last + 2] for row, _, last in column]
    return sum(not after or _has_digit(after[0]) for after in next_words) > len(column) / 2


def _is_figure(word: Word) -> bool:
    return word.text in DASHES or _has_digit(word)


def _has_digit(word: Word) -> bool:
    return is_value(word.text) and any(map(str.isdigit, word.text))


def _figures(at: int, row: Row) -> Iterator[Figure]:
    """Yield the figures behind the first word of a row. Groups behind thin spaces are one number."""
    first = 0
    for place in range(1, len(row) + 1):
        if place < len(row) and first and _is_group(row[place - 1], row[place]):
            continue
        if first:
            yield at, first, place - 1
        first = place if place < len(row) and _is_figure(row[place]) else 0


def _is_group(before: Word, word: Word) -> bool:
    is_near = word.left - before.right < THIN_SPACE * word.height
    is_number = LEADING.fullmatch(before.text) or GROUP.fullmatch(before.text)
    return is_near and bool(is_number and GROUP.fullmatch(word.text))


def _goes_on(column: Sequence[Figure], word: Word, height: float, rows: Sequence[Row], stretch: int) -> bool:
    """Whether a figure of a row so high ends below the last one of a column.

    stretch: from this row on all rows have figures.
    """
    above = rows[column[-1][0]][column[-1][2]]
    if abs(above.right - word.right) > SAME_EDGE * height:
        return False
    is_long = len(column) >= FEWEST_LINES or column[-1][0] >= stretch
    return 0 < word.middle - above.middle < (LONG_REACH if is_long else REACH) * height


def _words_over(
    column: Sequence[Figure], span: Span, rows: Sequence[Row], columns: int
) -> Iterator[tuple[int, Word, Word]]:
    """Yield the words close above a column that begin over it: the row, the word before, the word."""
    first = column[0][0]
    below = rows[first]
    for at in range(first - 1, max(-1, first - HEADER_LINES - 1), -1):
        row = rows[at]
        height = max(word.height for word in below)
        is_close = row[0].height < 1.2 * height and below[0].middle - row[0].middle < 2 * height
        if not is_close or len(row) > 2 * columns + 2:
            return
        for before, word in pairwise((row[0], *row)):
            if _is_over(word, span) and (word == before or not _is_over(before, span)):
                yield at, before, word
        below = row
