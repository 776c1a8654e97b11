"""Tables of a document as values: place, header, rows, name, and the table that one goes on from.

Made from the text alone: rows as chat.documents.row_format has them. Knows no file and no search.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from chat.documents.row_format import count_bars, is_blank, is_number, is_year, split_row

MOST_HEADER_ROWS = 4
LONGEST_NAME = 160  # characters
EDGE_LINES = 4  # of a page, beside a table that goes on: its running head, its number
CAPTION = re.compile(
    r"(?:table|tab\.|tabelle|tableau|tabla|tabela|tabella|таблица|表格?|exhibit|schedule)\s*[\dA-Z一二三四五六七八九十IVX]",
    re.IGNORECASE,
)

Span = tuple[int, int]
Place = tuple[int, str, str]  # offset, label and heading of a page


@dataclass(frozen=True)
class Table:
    """A table, or its part on one page. Offsets are into the document's text.

    header: of its header rows; those of an earlier page where the table goes on and does not repeat them;
    empty where there are none. body: where the other rows begin. columns: the header of each column, its rows
    joined. continues: the number of the table of which this is the next part; -1 for none.
    """

    name: str
    page: str
    start: int
    end: int
    header: Span
    body: int
    columns: tuple[str, ...]
    continues: int = -1

    def rows(self, text: str) -> Iterator[tuple[int, list[str]]]:
        """Yield offset and cells of each row below the header. text: the document's."""
        at = self.body
        for line in text[self.body : self.end].split("\n"):
            if line:
                yield at, split_row(line)
            at += len(line) + 1


def find_tables(text: str, pages: Sequence[Place], unit: str = "") -> tuple[Table, ...]:
    """Return the tables of a text in its order. pages: in order; unit: what the document calls them."""
    tables: list[Table] = []
    bounds = [*(at for at, _, _ in pages), len(text)]
    for (start, label, heading), end in zip(pages, bounds[1:], strict=True):
        is_first = True
        for stretch in _stretches(text, start, end):
            table = _read(text, stretch, label, start)
            if unit == "sheet" and not table.name:
                table = replace(table, name=heading or label)
            if is_first and tables:
                table = _continue(text, tables, table, (start, end))
            if len(stretch) > 1 or table.continues >= 0:
                tables.append(table)
                is_first = False
    return tuple(tables)


def _stretches(text: str, start: int, end: int) -> Iterator[list[Span]]:
    """Yield lines that follow each other and have as many bars, as their spans."""
    stretch: list[Span] = []
    bars = 0
    at = text.find("|", start, end)
    while at >= 0:
        first = max(text.rfind("\n", start, at) + 1, start)
        last = text.find("\n", at, end)
        last = end if last < 0 else last
        found = count_bars(text[first:last])
        is_next = stretch and first == stretch[-1][1] + 1
        if stretch and not (is_next and found == bars):
            yield stretch
            stretch = []
        if found:
            stretch.append((first, last))
            bars = found
        at = text.find("|", last, end)
    if stretch:
        yield stretch


def _read(text: str, stretch: Sequence[Span], label: str, page_start: int) -> Table:
    rows = [split_row(text[first:last]) for first, last in stretch[: MOST_HEADER_ROWS + 1]]
    count = _count_header(rows)
    start, end = stretch[0][0], stretch[-1][1]
    body = stretch[count][0] if count < len(stretch) else end
    header = (start, stretch[count - 1][1]) if count else (start, start)
    return Table(_name(text, page_start, start), label, start, end, header, body, _join(rows[:count]))


def _count_header(rows: Sequence[Sequence[str]]) -> int:
    """Return how many rows are the header: one without figures, and what stands below its spans."""
    if len(rows) < 2 or _has_values(rows[0]):
        return 0
    count = 1
    while count < min(len(rows) - 1, MOST_HEADER_ROWS):
        before, row = rows[count - 1], rows[count]
        is_below = not row[0] and any(not cell for cell in before[1:])
        is_alone = sum(map(bool, before)) == 1 and len(before) > 2
        if _has_values(row) or not (is_below or is_alone):
            break
        count += 1
    return count


def _has_values(row: Sequence[str]) -> bool:
    return any(is_number(cell) and not is_year(cell) for cell in row[1:])


def _join(rows: Sequence[Sequence[str]]) -> tuple[str, ...]:
    """Return one header for each column. Above the last row a text also heads the empty cells after it."""
    columns: list[list[str]] = [[] for _ in (rows[0] if rows else ())]
    for number, row in enumerate(rows):
        above = ""
        for column, cell in enumerate(row):
            above = cell or (above if column and number < len(rows) - 1 else "")
            if above and above not in columns[column]:
                columns[column].append(above)
    return tuple(" ".join(parts) for parts in columns)


def _name(text: str, page_start: int, start: int) -> str:
    """Return the caption or heading above a table: the two lines before it."""
    above = [line.strip() for line in text[max(page_start, start - 600) : start].split("\n") if line.strip()]
    for line in reversed(above[-3:]):
        if CAPTION.match(line.lstrip("#* ")):
            return line.lstrip("#* ")[:LONGEST_NAME]
    line = above[-1] if above else ""
    is_title = 0 < len(line) <= LONGEST_NAME and not count_bars(line) and line[-1] not in ".,;。，；、"
    goes_on = (
        line[:1].islower() and len(above) > 1 and above[-2][-1] not in ".:;!?"
    )  # a sentence of two lines
    return line.lstrip("# ") if is_title and not goes_on else ""


def _continue(text: str, tables: Sequence[Table], table: Table, page: Span) -> Table:
    """Return a page's first table as the next part of the one that ends the page before, where it is that."""
    before = tables[-1]
    around = text[before.end : page[0]].split("\n"), text[page[0] : table.start].split("\n")
    between = [sum(bool(line.strip()) for line in lines) for lines in around]
    first = split_row(text[table.start : table.end].partition("\n")[0])
    is_far = max(between) >= EDGE_LINES or (CAPTION.match(table.name) and table.name != before.name)
    if is_far or len(first) != len(before.columns or first) or not before.columns:
        return table
    number = len(tables) - 1
    if table.columns == before.columns:
        return replace(table, name=before.name, continues=number)
    if table.columns and not _is_body(first, before, text):
        return table
    return replace(
        table,
        name=before.name,
        header=before.header,
        body=table.start,
        columns=before.columns,
        continues=number,
    )


def _is_body(row: Sequence[str], before: Table, text: str) -> bool:
    """Whether a row is like those of the table before: figures and words in the same columns."""
    if _has_values(row):
        return True
    last = next((cells for _, cells in before.rows(text)), None)
    if last is None:
        return False
    return not _has_values(last) and [is_blank(cell) for cell in row] == [is_blank(cell) for cell in last]
