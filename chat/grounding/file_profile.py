"""A profile of a file, for the first look after an upload: title, headings, tables, and what may be asked.

Made from the text alone, without a model. A question names only what stands in the file: a cell of a table, a
heading, the title. Its words are the page's. Knows no language.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePath

from chat.documents.document import Document
from chat.documents.row_format import count_bars, is_number, is_year
from chat.documents.tables import Table
from chat.documents.written_dates import find_dates

READ_CHARACTERS = 400_000  # of a text, for its headings
HEADINGS = 60
LINE_CHARACTERS = (2, 80)  # of a heading
TITLE_CHARACTERS = 120
SUBJECT_CHARACTERS = 60  # of what a question names
QUESTIONS = 3
TITLE_REACH = 4_000  # characters: a text may begin with fields about it
_HASHES = re.compile(r"^#{1,6}\s+")
_NUMBERED = re.compile(
    r"第\s*[〇零一二三四五六七八九十百千\d]{1,5}\s*[章节節条條部编編篇]|[一二三四五六七八九十]{1,3}、"
    r"|(?:chapter|section|part|article|appendix|annex|item|note)\s+(?:\d+[A-Z]?|[IVXLC]+|[A-Z])\b"
    r"|\d{1,2}(?:\.\d{1,2}){0,3}\.?\s+(?=[^\W\d_])",
    re.IGNORECASE,
)
_LEADERS = re.compile(r"(?:[\s.·…]{3,}|\s)\d{1,4}$")  # of a table of contents
_CONTENTS = re.compile(
    r"(?:table of )?contents|index|inhalt(?:sverzeichnis)?|sommaire|table des matières|índice|目\s*[录錄次]",
    re.IGNORECASE,
)
_PAGE_COLUMN = re.compile(r"page(?: no\.?| number)?|seite|nr\.?|no\.?|页码?|頁碼?|ページ", re.IGNORECASE)
_CAPITALS = re.compile(r"[A-Z]{3,}(?: [A-Z]{3,})?")  # UNITED STATES
_YEAR = re.compile(r"(?:19|20)\d\d")
_ENDINGS = ".,;!?。，；！？、：:"


@dataclass(frozen=True)
class Question:
    """kind: `cell` (a row, and as detail a column), `heading`, `title`, `figures`, `names` or `summary`."""

    kind: str
    subject: str = ""
    detail: str = ""


@dataclass(frozen=True)
class FileProfile:
    """headings: in the order of the file, without the title. tables: their names, as the file gives them."""

    title: str
    headings: tuple[str, ...]
    table_count: int
    tables: tuple[str, ...]
    questions: tuple[Question, ...]


def make_profile(document: Document) -> FileProfile | None:
    """Return the profile of a document; None where there is no text."""
    if not document.text.strip():
        return None
    title = _find_title(document)
    headings = tuple(heading for heading in _find_headings(document) if heading != title)[:HEADINGS]
    tables = [table for table in document.tables if table.continues < 0]
    names = tuple(
        dict.fromkeys(name for table in tables if (name := table.name) and not _CONTENTS.fullmatch(name))
    )
    questions = tuple(_ask(document, title, headings, tables))[:QUESTIONS]
    return FileProfile(title, headings, len(tables), names, questions)


def _find_title(document: Document) -> str:
    """Return the first line that can be a title, else the name of the file without its ending.

    A link to the contents, which some files have above each page, is none, and neither is a date or the name
    of an authority in capitals.
    """
    lines = [line.strip() for line in document.text[:TITLE_REACH].split("\n") if line.strip()]
    marked = next((line for line in lines if line.startswith("# ")), "")
    line = _HASHES.sub("", marked or (lines[0] if lines else ""))
    can_be = 1 < len(line) <= TITLE_CHARACTERS and not count_bars(line) and line[-1] not in ".,;。，；、"
    is_named = any(letter.isalpha() for letter in line) and not _NUMBERED.match(line)
    can_be &= not _CONTENTS.fullmatch(line) and not _is_date(line) and not _CAPITALS.fullmatch(line)
    return line if can_be and is_named and document.unit != "sheet" else PurePath(document.name).stem


def _is_date(line: str) -> bool:
    return any((found.start, found.end) == (0, len(line)) for found in find_dates(line))


def _find_headings(document: Document) -> list[str]:
    """Return the marked and numbered headings, else the pages' own, else lines that stand alone."""
    text = document.text[:READ_CHARACTERS]
    lines = [line.strip() for line in text.split("\n")]
    numbered = [_clean(line) for line in lines if _is_marked(line)]
    if len(numbered) < 2:
        numbered = [page.heading for page in document.pages if page.heading]
    return list(dict.fromkeys(filter(None, numbered or _lone_lines(lines))))


def _is_marked(line: str) -> bool:
    if _HASHES.match(line):
        return True
    shortest, longest = LINE_CHARACTERS
    is_short = shortest <= len(line) <= longest and line[-1] not in _ENDINGS and not count_bars(line)
    return is_short and line.count("(") == line.count(")") and bool(_NUMBERED.match(line))


def _lone_lines(lines: list[str]) -> Iterator[str]:
    """Yield short lines between empty ones and a text."""
    shortest, longest = LINE_CHARACTERS
    for before, line, after in zip(["", *lines], lines, [*lines[1:], ""], strict=False):
        is_short = shortest <= len(line) <= longest and not count_bars(line)
        if is_short and not before and not after and line[-1] not in _ENDINGS and line[0].isalpha():
            yield line


def _clean(line: str) -> str:
    return _LEADERS.sub("", _HASHES.sub("", line).strip("* ")).strip()


def _ask(
    document: Document, title: str, headings: tuple[str, ...], tables: list[Table]
) -> Iterator[Question]:
    """Yield what may be asked: the most exact first, of different kinds."""
    cells = [found for table in tables if (found := _find_cell(document.text, table))]
    tells_little, cell = min(cells, key=lambda found: found[0], default=(True, None))
    if cell and not (tells_little and headings):
        yield cell
    short = [heading for heading in headings if len(heading) <= SUBJECT_CHARACTERS]
    chosen = [heading for heading in short if _has_words(heading)] or short
    if chosen:
        yield Question("heading", chosen[len(chosen) // 2])
    is_long = len(title) > SUBJECT_CHARACTERS
    yield Question("title", title[:SUBJECT_CHARACTERS].rpartition(" ")[0] + "…" if is_long else title)
    if len(chosen) > 1:
        yield Question("heading", chosen[0])
    if re.search(r"\d", document.text):
        yield Question("figures")
    yield Question("names")
    yield Question("summary")


def _find_cell(text: str, table: Table) -> tuple[bool, Question] | None:
    """Return the question for a figure of the table, by its row and its column, and whether it tells little.

    A number of a page or of a list tells little, and so does a row that has a number for its name.
    """
    little = None
    for _, cells in table.rows(text):
        row = cells[0].strip()
        if not 1 < len(row) <= SUBJECT_CHARACTERS or not any(letter.isalpha() for letter in row):
            continue
        for cell, column in zip(cells[1:], table.columns[1:], strict=False):
            if not (column and len(column) <= SUBJECT_CHARACTERS and _has_figure(cell)):
                continue
            if _PAGE_COLUMN.fullmatch(column.strip()) or not (_has_words(column) or _YEAR.search(column)):
                continue
            question = Question("cell", row, column)
            if _has_words(row) and _tells(cell):
                return False, question
            little = little or (True, question)
    return little


def _has_words(name: str) -> bool:
    """Has a heading or a row more than its number?"""
    rest = _NUMBERED.sub("", name, count=1)
    if name[0] in "(（" or name[-1] in "?？":  # a unit or a question of a form
        return False
    return sum(letter.isalpha() for letter in rest) > 2 or any(letter >= "\u2e80" for letter in rest)


def _tells(cell: str) -> bool:
    """Is a figure more than a number of a list, or a year?"""
    is_long = len(re.sub(r"\D", "", cell)) > 2 or bool(re.search(r"[.,%$€£¥]", cell))
    return is_long and not is_year(cell.strip())


def _has_figure(cell: str) -> bool:
    return is_number(cell) or bool(re.match(r"[^\d\n]{0,3}\d", cell))
