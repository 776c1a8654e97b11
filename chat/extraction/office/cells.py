"""What spreadsheets say of cells beside their values: what is shown in per cent, formulas without a value.

Looked for in the bytes of a sheet, or while it is parsed: as a tree it would fill the memory. Knows no value.
"""

from __future__ import annotations

import html
import re

from chat.extraction.office import xml_tree
from chat.extraction.office.package import Package

PERCENT_FORMATS = ("9", "10")  # of those that every spreadsheet knows
FORMULA_CHARACTERS = 500
MOST_REPEATED = 100  # cells that an OpenDocument sheet gives once for all of them
_PLACE = rb'[^>]{0,300}?\br="([A-Z]{1,3})(\d{1,7})"[^>]{0,300}'
_CELL = rb"<(?:\w{1,9}:)?c\s"
_FORMULA = re.compile(
    _CELL + _PLACE + rb">\s*<(?:\w{1,9}:)?f\b[^>]{0,200}>([^<]{1,%d})</(?:\w{1,9}:)?f>"
    rb"\s*(?:<(?:\w{1,9}:)?v\s*(?:/>|></(?:\w{1,9}:)?v>))?\s*</(?:\w{1,9}:)?c>" % FORMULA_CHARACTERS
)

Place = tuple[int, int]  # row and column, from 0


def percent_styles(package: Package, part: str) -> list[str]:
    """Return the numbers of the styles that show a value in per cent. part: the styles'."""
    root = package.side(part)
    codes = {one.get("numFmtId", ""): one.get("formatCode", "") for one in root.iter("numFmt")}
    formats = [one.get("numFmtId", "") for one in root.findall("cellXfs/xf")]
    return [str(n) for n, one in enumerate(formats) if one in PERCENT_FORMATS or "%" in codes.get(one, "")]


def find_percents(sheet: bytes, styles: list[str]) -> set[Place]:
    """Return the cells of these styles."""
    if not styles:
        return set()
    styled = rb'(?=[^>]{0,300}\bs="(?:' + "|".join(styles).encode() + rb')")'
    return {_place(*found.groups()) for found in re.finditer(_CELL + styled + _PLACE, sheet)}


def find_formulas(sheet: bytes) -> dict[Place, str]:
    """Return the formulas without a value: programs that write spreadsheets leave computing to Excel."""
    found = (one.groups() for one in _FORMULA.finditer(sheet))
    return {
        _place(column, row): "=" + html.unescape(text.decode("utf-8", "replace"))
        for column, row, text in found
    }


def _place(column: bytes, row: bytes) -> Place:
    number = 0
    for letter in column:
        number = number * 26 + letter - ord("A") + 1
    return int(row) - 1, number - 1


class OpenDocumentCells:
    """The cells of each sheet of an ods that are shown in per cent. One may stand there for many."""

    def __init__(self, content: bytes) -> None:
        self.percents: dict[str, set[Place]] = {}
        self._name, self._row, self._column, self._rows = "", 0, 0, 1
        parser = xml_tree.make_parser()
        parser.StartElementHandler, parser.EndElementHandler = self._start, self._end
        parser.Parse(content, True)

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        kind = tag.rpartition(" ")[2]
        values = {key.rpartition(" ")[2]: value for key, value in attributes.items()}
        if kind == "table":
            self._name, self._row = values.get("name", ""), 0
        elif kind == "table-row":
            self._column, self._rows = 0, int(values.get("number-rows-repeated", "1"))
        elif kind in ("table-cell", "covered-table-cell"):
            count = int(values.get("number-columns-repeated", "1"))
            if values.get("value-type") == "percentage":
                self._add(count)
            self._column += count

    def _add(self, count: int) -> None:
        rows = range(self._row, self._row + min(self._rows, MOST_REPEATED))
        columns = range(self._column, self._column + min(count, MOST_REPEATED))
        self.percents.setdefault(self._name, set()).update(
            (row, column) for row in rows for column in columns
        )

    def _end(self, tag: str) -> None:
        if tag.rpartition(" ")[2] == "table-row":
            self._row += self._rows
