"""Workbooks of Excel 2003 in XML: cells as the sheet shows them, comments, what is hidden."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from xml.etree.ElementTree import Element

from chat.documents.document import Page, Problem
from chat.documents.row_format import one_lines
from chat.extraction.layout.sheet_blocks import Area, repeat_labels, sheet_lines
from chat.extraction.office.cells import letters, say_hidden
from chat.extraction.office.date_format import format_date
from chat.extraction.office.number_format import format_number
from chat.extraction.office.opendocument_cells import HIDDEN_SHEET
from chat.extraction.office.sheet_asides import comment_line
from chat.extraction.source import Findings, Shape

COLUMNS, ROWS, GAP = 16_384, 1_048_576, 1_000
MOST_HIDDEN, MOST_MERGED = 1_000, 10_000
NO_DAY = ("1899-12-30T", "1899-12-31T")  # of a time alone
NAMED_FORMATS = {
    "Fixed": "0.00", "Standard": "#,##0.00", "Percent": "0.00%", "Scientific": "0.00E+00",
    "Currency": '"$"#,##0.00;("$"#,##0.00)', "Euro Currency": '"€"#,##0.00;("€"#,##0.00)',
}  # fmt: skip


def read(root: Element) -> Findings:
    """Yield the sheets of a workbook."""
    sheets = root.findall("Worksheet")
    formats = _formats(root)
    yield Shape("application/vnd.ms-excel", "sheet", len(sheets))
    for element in sheets:
        name, sheet = element.get("Name", ""), _Sheet(element, formats)
        rows = map(one_lines, repeat_labels(sheet.rows, sheet.areas))
        yield Page(name, "\n".join([*sheet_lines(rows), *sheet.comments]), name)
        if hidden := sheet.hidden():
            yield Problem("hidden", (name,), f"{name}: {hidden}")


def _formats(root: Element) -> dict[str, str]:
    """Return the number formats of the styles by their names; a style may have that of its parent."""
    found: dict[str, str] = {}
    for style in root.findall("Styles/Style"):
        form = style.find("NumberFormat")
        code = found.get(style.get("Parent", ""), "") if form is None else form.get("Format", "")
        found[style.get("ID", "")] = NAMED_FORMATS.get(code, code)
    return found


class _Sheet:
    """The rows of a sheet. areas: its merged cells."""

    def __init__(self, sheet: Element, formats: dict[str, str]) -> None:
        self.rows: list[list[str]] = []
        self.areas: list[Area] = []
        self.comments: list[str] = []
        self._formats, self._skipped = formats, 0
        self._is_hidden = sheet.findtext("WorksheetOptions/Visible", "").startswith("Sheet")
        self._hidden_rows: list[int] = []
        self._styles, self._hidden_columns = dict[int, str](), list[str]()
        self._take_columns(sheet.findall("Table/Column"))
        for row in sheet.findall("Table/Row"):
            self._take_row(row)
        for top, column, bottom, _ in self.areas:
            for cells in self.rows[top : bottom + 1]:
                cells += [""] * (column + 1 - len(cells))

    def hidden(self) -> str:
        """Return what is hidden in words; empty where nothing is."""
        parts = HIDDEN_SHEET * self._is_hidden, say_hidden(self._hidden_rows, self._hidden_columns)
        return "; ".join(part for part in parts if part)

    def _take_columns(self, columns: list[Element]) -> None:
        at = 0
        for column in columns:
            at = _number(column, "Index", COLUMNS) - 1 if column.get("Index") else at
            span = _number(column, "Span", COLUMNS)
            for number in range(at, min(at + span + 1, COLUMNS)):
                self._styles[number] = column.get("StyleID", "")
                if column.get("Hidden") == "1" and len(self._hidden_columns) < MOST_HIDDEN:
                    self._hidden_columns.append(letters(number))
            at += span + 1

    def _take_row(self, row: Element) -> None:
        number = len(self.rows) + self._skipped + 1
        if gap := max(0, _number(row, "Index", ROWS) - number):
            self.rows += [[] for _ in range(min(gap, GAP))]
            self._skipped += max(0, gap - GAP)
        number += gap
        if row.get("Hidden") == "1" and len(self._hidden_rows) < MOST_HIDDEN:
            self._hidden_rows.append(number)
        self.rows.append(list(self._cells(row, number)))

    def _cells(self, row: Element, number: int) -> Iterator[str]:
        column = 0
        for cell in row.findall("Cell"):
            for _ in range(max(0, _number(cell, "Index", COLUMNS) - 1 - column)):
                yield ""
                column += 1
            style = cell.get("StyleID") or row.get("StyleID") or self._styles.get(column, "")
            yield _shown(cell.find("Data"), self._formats.get(style, ""))
            if words := _words(cell.find("Comment")):
                self.comments.append(comment_line(f"{letters(column)}{number}", words))
            across, down = _number(cell, "MergeAcross", COLUMNS), _number(cell, "MergeDown", ROWS)
            if down and len(self.areas) < MOST_MERGED:
                top = len(self.rows)
                self.areas.append((top, column, top + down, column + across))
            yield from [""] * across
            column += 1 + across


def _number(element: Element, name: str, most: int) -> int:
    value = element.get(name, "")
    return min(int(value), most) if value.isdigit() and len(value) < 9 else 0


def _words(element: Element | None) -> str:
    return "" if element is None else " ".join("".join(element.itertext()).split())


def _shown(data: Element | None, code: str) -> str:
    """Return a cell as the sheet shows it."""
    text, kind = _words(data), "" if data is None else data.get("Type")
    if kind == "Boolean":
        return "TRUE" if text == "1" else "FALSE"
    try:
        if kind == "Number" and code:
            return format_number(float(text), code) or text
        if kind == "DateTime" and text.startswith(NO_DAY):
            return text.removesuffix(".000").partition("T")[2]
        if kind == "DateTime" and code and (shown := format_date(datetime.fromisoformat(text), code)):
            return shown
    except ValueError:
        return text
    return (
        text.removesuffix("T00:00:00.000").removesuffix(".000").replace("T", " ")
        if kind == "DateTime"
        else text
    )
