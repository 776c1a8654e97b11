"""The grids of a file: those of its sheets, and the tables that stand in the text of its other pages.

Knows no format: a page that follows a grid is the text of that grid.
"""

from __future__ import annotations

from collections.abc import Iterator

from chat.documents.document import Document, Page
from chat.documents.row_format import split_row
from chat.extraction.source import Finding, Shape
from chat.numbers.cell_grid import Grid

LEAST_ROWS = 3


class TextGrids:
    """Gathers what a file holds of tables while it is read."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._grids: list[Grid] = []
        self._pages: list[Page] = []
        self._unit = ""
        self._is_sheet = False

    def add(self, finding: Finding) -> None:
        match finding:
            case Shape():
                self._unit = finding.unit
            case Grid():
                self._grids.append(finding)
                self._is_sheet = True
            case Page():
                if not self._is_sheet:
                    self._pages.append(finding)
                self._is_sheet = False

    @property
    def has_any(self) -> bool:
        return bool(self._grids) or any(" | " in page.text for page in self._pages)

    def take(self) -> Iterator[Grid]:
        """Yield the grids, and forget each."""
        while self._grids:
            yield self._grids.pop(0)
        if any(" | " in page.text for page in self._pages):
            yield from self._of_text()

    def _of_text(self) -> Iterator[Grid]:
        document = Document(self._name, "", 0, self._unit, tuple(self._pages), len(self._pages))
        rows: dict[int, list[list[str]]] = {}
        first: dict[int, int] = {}
        for number, table in enumerate(document.tables):
            whole = first.get(table.continues, number) if table.continues >= 0 else number
            first[number] = whole
            if whole == number:
                head = document.text[table.header[0] : table.header[1]]
                rows[whole] = [split_row(line) for line in head.split("\n") if line]
            rows[whole] += [cells for _, cells in table.rows(document.text)]
        for number, cells in rows.items():
            table = document.tables[number]
            if len(cells) >= LEAST_ROWS:
                yield Grid(self._name, table.name or _place(self._unit, table.page), table.page, cells)


def _place(unit: str, label: str) -> str:
    return f"{unit} {label}".strip()
