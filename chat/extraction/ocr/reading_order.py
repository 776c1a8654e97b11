"""The words of a picture as text: columns one after another, tables as rows, and where each word stands.

Takes words in any order. Rows, cells and tables are those of chat.extraction.layout, in points.
"""

from __future__ import annotations

import re
from collections import defaultdict, deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from statistics import median, quantiles

from chat.extraction.layout.page_tables import PageTable, find_page_tables
from chat.extraction.layout.page_words import FIRST_WIDE, Line, Segment, Word, make_line, rows_of_words
from chat.extraction.layout.rules import Rule, Rules
from chat.extraction.legibility import is_right_to_left
from chat.extraction.ocr.seen_words import SeenWord
from chat.extraction.tidy import tidy

POINTS = 72  # per inch
GUTTER = 1.0  # of a line's height: the least room between two columns
FEWEST_LINES = 3  # of a column
LEAST_WIDTH = 0.2  # of the page's text that the lines of a column take: narrower ones are cells
LEAST_LINE = 10  # characters of a column's lines
LEAST_SHARE = 0.5  # of the lines of a column that are no figures
USUAL_SHARE = 0.6  # of the usual height of lines: a line of about their size
TOKEN = re.compile(r"[^\s|]+")

Place = tuple[int, int, SeenWord]  # start and end in the text


@dataclass(frozen=True)
class ComposedText:
    """A page's text, and where each word of the picture stands in it."""

    text: str
    places: tuple[Place, ...]


def compose(seen: Sequence[SeenWord], rules: Rules, dots: int) -> ComposedText:
    """Return the text of a page. rules: in pixels; dots: per inch."""
    words = [word._replace(text=" ".join(tidy(word.text).split())) for word in seen]
    words = [word for word in words if word.text]
    if is_right_to_left(" ".join(word.text for word in words)):
        return _assemble(_lines_as_read(words))
    scale = POINTS / dots
    placed = [
        Word(one.text, one.left * scale, top * scale, one.right * scale, bottom * scale, at, at)
        for at, (one, (top, bottom)) in enumerate(zip(words, _heights(words), strict=True))
    ]
    tables = find_page_tables(placed, _scaled(rules, scale))
    return _assemble(_lines(placed, words, tables))


def _heights(words: Sequence[SeenWord]) -> list[tuple[float, float]]:
    """Return top and bottom of each word as a font has them: a picture's "on" is lower than its "Apfel".

    Rows and gaps are measured in heights of lines. A line has those of its highest and lowest letters, and
    at least the height of most lines of about its size.
    """
    lines: dict[tuple[int, float], tuple[float, float]] = {}
    keys: list[tuple[int, float]] = []
    for word in words:
        middle = (word.top + word.bottom) / 2
        of_line = (key for key in lines if key[0] == word.line and lines[key][0] < middle < lines[key][1])
        key = next(of_line, (word.line, word.top))
        top, bottom = lines.get(key, (word.top, word.bottom))
        lines[key] = min(top, word.top), max(bottom, word.bottom)
        keys.append(key)
    usual = quantiles([bottom - top for top, bottom in lines.values()] * 2, n=4)[2] if lines else 0.0
    for key, (top, bottom) in lines.items():
        if USUAL_SHARE * usual < bottom - top < usual:
            lines[key] = top, top + usual
    return [lines[key] for key in keys]


def _scaled(rules: Rules, scale: float) -> Rules:
    def each(some: Iterable[Rule]) -> tuple[Rule, ...]:
        return tuple(Rule(rule.at * scale, rule.start * scale, rule.end * scale) for rule in some)

    return Rules(each(rules.across), each(rules.down))


Piece = tuple[str, list[SeenWord]]  # a line of text, and its words in any order


def _lines_as_read(words: Sequence[SeenWord]) -> Iterator[Piece]:
    """Yield the lines in the engine's own order: from right to left it knows the order of words."""
    lines: dict[int, list[SeenWord]] = defaultdict(list)
    for word in words:
        lines[word.line].append(word)
    for line in lines.values():
        yield " ".join(word.text for word in line), line


def _lines(placed: Sequence[Word], words: Sequence[SeenWord], tables: Sequence[PageTable]) -> Iterator[Piece]:
    inside = {word.first for table in tables for word in table.words}
    rows = [make_line(row) for row in rows_of_words(word for word in placed if word.first not in inside)]
    for block in _in_order(
        [*rows, *map(_as_line, tables)], dict(zip(map(_as_key, tables), tables, strict=True))
    ):
        if isinstance(block, PageTable):
            of_table = [words[word.first] for word in block.words]
            yield "", []
            yield "\n".join(block.lines), of_table
            yield "", []
        else:
            row = [word for segment in block for word in segment.words]
            yield _join(segment.text for segment in block), [words[word.first] for word in row]


def _join(parts: Iterable[str]) -> str:
    whole = ""
    for part in parts:
        gap = "" if whole and part and whole[-1] >= FIRST_WIDE and part[0] >= FIRST_WIDE else " "
        whole = whole + gap + part if whole else part
    return whole


def _as_line(table: PageTable) -> Line:
    """Return a table as a line of one segment, which takes its place among the other lines."""
    return Line([Segment(table.words)])


def _as_key(table: PageTable) -> frozenset[int]:
    return frozenset(word.first for word in table.words)


def _in_order(
    lines: Sequence[Line], tables: dict[frozenset[int], PageTable]
) -> Iterator[PageTable | list[Segment]]:
    """Yield tables and lines, band by band, and within a band column by column."""
    for band in _bands(sorted(lines, key=lambda line: line.top + line.bottom), tables):
        for column in _columns(band):
            for line in column:
                table = (
                    tables.get(frozenset(word.first for word in line[0].words)) if len(line) == 1 else None
                )
                yield table if table is not None else line


def _bands(lines: Sequence[Line], tables: dict[frozenset[int], PageTable]) -> Iterator[list[Line]]:
    """Yield runs of lines that leave the same room free from top to bottom."""
    band: list[Line] = []
    free: list[tuple[float, float]] = []
    for line in lines:
        both = _shared(free, _gaps(line)) if band else _gaps(line)
        is_table = frozenset(word.first for word in line.words) in tables
        is_cut = not _divides(both, [*band, line]) and (_divides(free, band) or _divides(_gaps(line), [line]))
        if band and (is_table or is_cut):
            yield band
            band, both = [], _gaps(line)
        band.append(line)
        free = both
        if is_table:
            yield band
            band, free = [], []
    if band:
        yield band


def _gaps(line: Line) -> list[tuple[float, float]]:
    """Return the room that a line leaves free, from the far left to the far right."""
    edges = [-1e9]
    for segment in sorted(line.segments, key=lambda segment: segment.left):
        edges += [segment.left, segment.right]
    edges.append(1e9)
    return [(left, right) for left, right in zip(edges[::2], edges[1::2], strict=True) if right > left]


def _shared(
    ones: Sequence[tuple[float, float]], others: Sequence[tuple[float, float]]
) -> list[tuple[float, float]]:
    return [
        (max(one[0], other[0]), min(one[1], other[1]))
        for one in ones
        for other in others
        if max(one[0], other[0]) < min(one[1], other[1])
    ]


def _divides(free: Sequence[tuple[float, float]], band: Sequence[Line]) -> bool:
    return bool(band) and bool(_gutters(free, band))


def _gutters(free: Sequence[tuple[float, float]], band: Sequence[Line]) -> list[float]:
    """Return the middles of the room between columns: wide enough, with lines on both sides."""
    least = GUTTER * median(line.height for line in band)
    segments = [segment for line in band for segment in line.segments]
    left, right = min(one.left for one in segments), max(one.right for one in segments)
    return [(start + end) / 2 for start, end in free if end - start >= least and left < start and end < right]


def _columns(band: Sequence[Line]) -> Iterator[list[list[Segment]]]:
    """Yield the columns of a band, each as its lines; the whole band as one where there are none."""
    free = _gaps(band[0])
    for line in band[1:]:
        free = _shared(free, _gaps(line))
    gutters = sorted(_gutters(free, band))
    columns: list[list[list[Segment]]] = [[] for _ in range(len(gutters) + 1)]
    for line in band:
        parts: dict[int, list[Segment]] = defaultdict(list)
        for segment in sorted(line.segments, key=lambda segment: segment.left):
            parts[sum(gutter < segment.left for gutter in gutters)].append(segment)
        for number, part in parts.items():
            columns[number].append(part)
    if gutters and all(_is_prose(column, band) for column in columns):
        yield from columns
    else:
        yield [sorted(line.segments, key=lambda segment: segment.left) for line in band]


def _is_prose(column: Sequence[Sequence[Segment]], band: Sequence[Line]) -> bool:
    """Whether the lines are those of a column of text, not the cells of one."""
    if len(column) < FEWEST_LINES:
        return False
    segments = [segment for line in band for segment in line.segments]
    room = max(one.right for one in segments) - min(one.left for one in segments)
    widths = [part[-1].right - part[0].left for part in column]
    texts = [" ".join(segment.text for segment in part) for part in column]
    wordy = sum(sum(map(str.isalpha, text)) > len(text) / 2 for text in texts)
    characters = median(len(text) * (2 if max(text) >= FIRST_WIDE else 1) for text in texts)
    return (
        median(widths) >= LEAST_WIDTH * room
        and characters >= LEAST_LINE
        and wordy >= LEAST_SHARE * len(texts)
    )


def _assemble(pieces: Iterable[Piece]) -> ComposedText:
    """Join lines to a text, and find each word in its line."""
    lines: list[str] = []
    places: list[Place] = []
    at = 0
    for line, words in pieces:
        if not line and (not lines or not lines[-1]):
            continue
        places += _places(line, words, at)
        lines.append(line)
        at += len(line) + 1
    while lines and not lines[-1]:
        lines.pop()
    return ComposedText("\n".join(lines), tuple(places))


def _places(line: str, words: Sequence[SeenWord], at: int) -> Iterator[Place]:
    """Yield where the words stand in a line: each token is the next word with this text."""
    waiting: dict[str, deque[SeenWord]] = defaultdict(deque)
    for word in words:
        waiting[word.text].append(word)
    for token in TOKEN.finditer(line):
        start, text = token.start(), token.group()
        while text:
            found = next((text[:size] for size in range(len(text), 0, -1) if waiting.get(text[:size])), "")
            if not found:
                break
            yield at + start, at + start + len(found), waiting[found].popleft()
            start, text = start + len(found), text[len(found) :]
