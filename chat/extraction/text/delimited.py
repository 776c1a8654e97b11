"""Text with delimiters (csv, tsv): rows as in a sheet, whatever divides the cells."""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Literal

from chat.documents.document import Page
from chat.documents.row_format import one_line
from chat.extraction import refusals
from chat.extraction.layout.sheet_blocks import BEYOND, sheet_lines, within
from chat.extraction.source import Findings, Shape, Source
from chat.extraction.text import encodings, plain
from chat.numbers.cell_grid import Delimited, Grid

DELIMITERS = ",;\t|"
SAMPLE_CHARACTERS = 50_000
SAMPLED_ROWS = 200
MOST_BREAKS = 200  # lines of one cell
LEAST_SHARE = 0.5  # of the rows have as many cells as most
LEAST_RUN = 3  # rows of as many cells, below each other, in a short table between many lines of text
NAMED = re.compile(r"sep=(.)\r?\n")  # a first line that Excel understands


def read(source: Source) -> Findings:
    """Yield the one page of the file; as plain text where nothing divides its lines."""
    data = source.read_bytes()
    if encodings.is_binary(data):
        raise refusals.unsupported(source.name, plain.BINARY)
    text, encoding = encodings.decode(data)
    plain.refuse_binary(text, source.name)
    delimiter = find_delimiter(text) if text.strip("\x00 \t\r\n\ufeff") else ""
    if not delimiter:
        yield from plain.read(source)
        return
    yield Shape(plain.MEDIA_TYPES.get(source.suffix, "text/csv"))
    yield _grid(source, text, encoding, delimiter)
    # More than the cap need not be parsed: rows in memory take ten times the room of their text.
    yield Page("", "\n".join(rows_of(text[: 2 * source.characters], delimiter, source.characters)))
    yield from plain.judge(text, encoding)


def _grid(source: Source, text: str, encoding: str, delimiter: str) -> Grid:
    """Return the whole file as a grid, which is loaded when all else is read: its text is large."""
    is_utf8 = source.content is None and encoding == "utf-8" and not NAMED.match(text)

    def load() -> bytes:
        decoded = encodings.decode(source.read_bytes())[0]
        named = NAMED.match(decoded)
        return decoded[named.end() if named else 0 :].encode("utf-8", "replace")

    path = source.path if is_utf8 else None
    return Grid(source.name, delimited=Delimited(delimiter, load, path, len(text)))


def rows_of(text: str, delimiter: str, characters: int) -> list[str]:
    """Return the lines of a table, no more than the text of a file may have characters.

    A line break inside quotes is part of its cell.
    """
    if named := NAMED.match(text):
        text = text[named.end() :]
    return sheet_lines(within(_records(text, delimiter), int(BEYOND * characters)))


def find_delimiter(text: str) -> str:
    """Return what divides the cells: of all candidates the one whose rows are most alike. Empty: none."""
    if named := NAMED.match(text):
        return named[1]
    sample = text[:SAMPLE_CHARACTERS]
    if len(text) > len(sample):
        sample = sample[: sample.rfind("\n") + 1] or sample
    best = max(DELIMITERS, key=lambda delimiter: _likeness(sample, delimiter))
    return best if _likeness(sample, best) > (0.0, 0) else ""


def _likeness(sample: str, delimiter: str) -> tuple[float, int]:
    """Return the share of rows with the most frequent number of cells, and that number; (0, 0) for one."""
    rows: Sequence[Sequence[str]] = [row for row in _records(sample, delimiter) if any(row)]
    widths = Counter(len(row) for row in rows[:SAMPLED_ROWS])
    several = [(count, width) for width, count in widths.items() if width > 1]
    if not several:
        return 0.0, 0
    count, width = max(several)
    share = count / widths.total()
    if share >= LEAST_SHARE or len(several) == len(widths):
        return share, width
    runs = ((sum(1 for _ in run), width) for width, run in groupby(map(len, rows[:SAMPLED_ROWS])))
    length, width = max(((length, width) for length, width in runs if width > 2), default=(0, 0))
    return (length / widths.total(), width) if length >= LEAST_RUN else (0.0, 0)


def _records(text: str, delimiter: str) -> Iterator[list[str]]:
    rows = _parse(text, delimiter, csv.QUOTE_MINIMAL)
    if any(cell.count("\n") > MOST_BREAKS for row in rows for cell in row if len(cell) > MOST_BREAKS):
        rows = _parse(text, delimiter, csv.QUOTE_NONE)  # a quote that nothing closes
    return ([one_line(cell) for cell in row] for row in rows)


def _parse(text: str, delimiter: str, quoting: Literal[0, 3]) -> list[list[str]]:
    csv.field_size_limit(max(csv.field_size_limit(), len(text) + 1))  # of the whole process
    # The standard's reader takes "\r" and "\n" for ends of rows outside quotes, and for text within them.
    lines = text.lstrip("\ufeff").splitlines(keepends=True)
    return list(csv.reader(lines, delimiter=delimiter, quoting=quoting))
