"""Page columns: the cells of an answer's tables that stand under "Page", "Seite" or 页码. Knows no file."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

_TABLE = re.compile(r"^[ \t]*\|[^\n]*(?:\n[ \t]*\|[^\n]*)+", re.MULTILINE)
_CELL = re.compile(r"(?<=\|)[^|\n]*(?=\|)")
_HEADS = {
    "page": re.compile(
        r"(?:pages?|pp?\.?|pgs?\.?|seiten?|s\.|p[áa]g(?:ina)?s?\.?|pagin[ae]|стр(?:аниц[аы]|\.)|с\.|页码?|頁碼?|ページ|쪽|페이지)",
        re.IGNORECASE,
    ),
    "slide": re.compile(r"slides?|folien?|幻灯片", re.IGNORECASE),
}
_LABEL = re.compile(r"(?:\d{1,4}|[ivxlc]{1,6})(?:\s*[-–,、]\s*(?:\d{1,4}|[ivxlc]{1,6})){0,6}")


@dataclass(frozen=True)
class PageCell:
    """A cell that names pages. at, end: of its text; row_at: where its row begins."""

    unit: str
    text: str
    at: int
    end: int
    row_at: int


def find_page_cells(answer: str) -> Iterator[PageCell]:
    """Yield the cells below the head of a column of pages or slides."""
    for table in _TABLE.finditer(answer):
        rows = [list(_CELL.finditer(answer, *line)) for line in _lines(table)]
        units = [_unit(cell.group()) for cell in rows[0]]
        for row in rows[1:]:
            for unit, cell in zip(units, row, strict=False):
                text = cell.group().strip(" \t*")
                if unit and _LABEL.fullmatch(text):
                    at = cell.start() + cell.group().index(text)
                    yield PageCell(unit, text, at, at + len(text), row[0].start())


def _lines(table: re.Match[str]) -> Iterator[tuple[int, int]]:
    """Yield where the lines of a table begin and end."""
    at = table.start()
    for line in table.group().split("\n"):
        yield at, at + len(line)
        at += len(line) + 1


def _unit(head: str) -> str:
    text = head.strip(" \t*")
    return next((unit for unit, form in _HEADS.items() if form.fullmatch(text)), "")
