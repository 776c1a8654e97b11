"""A quote as Markdown: characters as they stand in the file, rows as a table, lines as paragraphs.

Knows no file and no answer.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import groupby

from chat.documents.row_format import count_bars, split_row
from chat.grounding.normal_form import FIRST_CJK

FULL_LINE_CHARACTERS = 50  # of a line that its page was too narrow for
_BOLD = re.compile(r"\\\*\\\*(?=\S)(.+?)(?<=[^\s\\])\\\*\\\*")  # as `_escape` writes it
_ITEM = re.compile(r"^\\([-*+] )")
_SPECIAL = re.compile(r"^(\d*)([.)])|()([\\`*_\[\]<>#|~&$]|^[-+=](?=\s))")
_LISTED = re.compile(r"\s*(?:[-*+•]|\(?\w{1,3}[.)])\s")


def write_quote(header: str, text: str, *, is_markdown: bool, is_cut: bool = False) -> str:
    """Return a blockquote. header: the lines above the text, those of a table. is_markdown: what the file
    marks as an item of a list or as bold is shown so. is_cut: the text begins in the middle of a line.
    """
    joined = _join_lines(text.split("\n"), is_cut=is_cut)
    lines = [line.strip() for line in (*header.split("\n"), *joined) if line.strip()]
    written = list[str]()
    for count, group in groupby(lines, lambda line: len(_cells(line))):
        rows = [_cells(line) for line in group]
        if count > 1 and len(rows) > 1:
            written += ["", *_write_table(rows), ""]
        else:
            written += [_write_line(" | ".join(row), is_markdown=is_markdown) for row in rows]
    return "\n".join(f"> {line}".rstrip() for line in _trim(written))


def _cells(line: str) -> list[str]:
    """Return the cells of a row; of another line itself alone."""
    if count_bars(line):
        return split_row(line)
    return [cell.strip() for cell in line.split("\t")]


def _write_table(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """Yield a table, its first row as the header, without columns and rows that are empty."""
    filled = [row for row in rows if any(character.isalnum() for cell in row for character in cell)]
    used = [number for number in range(len(rows[0])) if any(row[number] for row in filled)]
    for number, row in enumerate(filled):
        yield "| " + " | ".join(_escape(row[column]) for column in used)
        if not number:
            yield "|" + " --- |" * len(used)


def _write_line(line: str, *, is_markdown: bool) -> str:
    escaped = _escape(line)
    return _ITEM.sub(r"\1", _BOLD.sub(r"**\1**", escaped)) if is_markdown else escaped


def _trim(lines: Sequence[str]) -> Iterator[str]:
    """Yield the lines without empty ones at the ends, or beside each other."""
    before = ""
    for number, line in enumerate(lines):
        if line or (before and any(lines[number:])):
            yield line
        before = line


def _join_lines(lines: Sequence[str], *, is_cut: bool) -> Iterator[str]:
    """Yield the lines of a text, those of a paragraph as one: where a page ended its lines means nothing."""
    whole, is_full = "", False
    for number, line in enumerate(lines):
        if whole and not (is_full and _goes_on(whole, line)):
            yield whole
            whole = ""
        is_full = _is_full(line) or (is_cut and not number)
        space = "" if min(whole[-1:], line.lstrip()[:1]) >= FIRST_CJK else " "
        whole = f"{whole.rstrip()}{space}{line.lstrip()}" if whole else line
    yield whole


def _is_full(line: str) -> bool:
    """Is a line as long as one that its page was too narrow for?"""
    return len(line) + sum(letter >= FIRST_CJK for letter in line) >= FULL_LINE_CHARACTERS


def _goes_on(line: str, next_line: str) -> bool:
    if count_bars(line) or count_bars(next_line) or _LISTED.match(next_line):
        return False
    return line.rstrip()[-1:].isalnum() and next_line.strip()[:1].isalnum()


def _escape(line: str) -> str:
    # The point behind a number is escaped, not the digit: a backslash before a digit is shown.
    return _SPECIAL.sub(r"\1\3\\\2\4", line)
