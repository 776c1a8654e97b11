"""What the sheets of OpenDocument show beside their values: forms of numbers and dates, comments, boxes.

Looked for while the content is parsed: as a tree it would fill the memory.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from chat.extraction.office import xml_tree
from chat.extraction.office.cells import MOST_FORMATTED, MOST_TOLD, Place, letters, say_hidden

PER_CENT_DECIMALS = 4
CELLS = ("table-cell", "covered-table-cell")
NUMBERS = ("float", "percentage", "currency")
SHAPES = ("frame", "custom-shape", "rect", "ellipse", "line", "caption", "control")
ABOUT = ("date", "date-string", "creator", "creator-initials")  # of a comment
OUTSIDE = re.compile(r"(?:https?|ftp|mailto|tel):", re.IGNORECASE)
MOST_LINKS = 500
HIDDEN = ("collapse", "filter")
HIDDEN_SHEET = "hidden sheet"
ERROR = re.compile(r"#[A-Z/0!?]+|Err:\d+")
# A date of one reading: the year first, the day first with points, or a month by its name.
SHOWN_DATE = re.compile(r"\d{4}\D.*|\d{1,2}\. ?\d{1,2}\. ?\d{4}\b.*|.*[^\W\d_]{3}.*", re.DOTALL)
MOST_REPEATED = 100  # cells that a sheet gives once for all of them
FORMULA_CHARACTERS = 500
GRAMMAR = re.compile(r"^\w{1,10}:(?==)")  # of a formula, before it
REFERENCE = re.compile(r"\[\.?([^\[\]]*)\]")


@dataclass
class SheetCells:
    """shown: of cells whose value is a number, a date, a time or an error. comments: of places, in order.

    formulas: without a value. objects: where charts and other documents of their own are.
    links: targets, with the first cell that has each.
    """

    shown: dict[Place, str] = field(default_factory=dict)
    formulas: dict[Place, str] = field(default_factory=dict)
    objects: list[str] = field(default_factory=list)
    links: dict[str, Place] = field(default_factory=dict)
    comments: list[tuple[Place, str]] = field(default_factory=list)
    boxes: list[str] = field(default_factory=list)
    hidden_rows: list[int] = field(default_factory=list)
    hidden_columns: list[str] = field(default_factory=list)
    is_hidden: bool = False

    def hidden(self) -> str:
        """Return what is hidden in words; empty where nothing is."""
        parts = HIDDEN_SHEET * self.is_hidden, say_hidden(self.hidden_rows, self.hidden_columns)
        return "; ".join(part for part in parts if part)


class OpenDocumentCells:
    """The sheets of an ods by their names. One cell, row or column may stand there for many."""

    def __init__(self, content: bytes) -> None:
        self.sheets: dict[str, SheetCells] = {}
        self._sheet = SheetCells()
        self._hidden_styles: set[str] = set()
        self._style = ""
        self._row, self._column, self._rows, self._count = 0, 0, 1, 1
        self._text: list[str] | None = None  # of the cell, where it is wanted
        self._comment: list[str] | None = None
        self._is_about = False  # whether the text is a date or a name of a comment
        self._box: list[str] = []
        self._shapes = 0  # that are open
        self._type, self._share, self._formula = "", "", ""
        parser = xml_tree.make_parser()
        parser.StartElementHandler, parser.EndElementHandler = self._start, self._end
        parser.CharacterDataHandler = self._take
        parser.Parse(content, True)

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        kind = tag.rpartition(" ")[2]
        values = {key.rpartition(" ")[2]: value for key, value in attributes.items()}
        if kind in CELLS:
            self._begin_cell(values)
        elif kind == "annotation":
            self._comment = []
        elif kind in ABOUT:
            self._is_about = True
        elif kind in SHAPES:
            self._shapes += 1
        elif kind == "style":
            self._style = values.get("name", "")
        elif kind == "object" and values.get("href"):
            self._sheet.objects.append(values["href"])
        elif kind == "a" and OUTSIDE.match(target := values.get("href", "")):
            if len(self._sheet.links) < MOST_LINKS:
                self._sheet.links.setdefault(target, (self._row, self._column))
        elif kind == "table-properties" and values.get("display") == "false":
            self._hidden_styles.add(self._style)
        elif not self._shapes:
            self._begin_part(kind, values)

    def _begin_part(self, kind: str, values: dict[str, str]) -> None:
        is_hidden = values.get("visibility") in HIDDEN
        if kind == "table":
            self._sheet = self.sheets.setdefault(values.get("name", ""), SheetCells())
            self._sheet.is_hidden = values.get("style-name", "") in self._hidden_styles
            self._row = self._column = 0
        elif kind == "table-column":
            count = int(values.get("number-columns-repeated", "1"))
            if is_hidden:
                names = (letters(at) for at in range(self._column, self._column + min(count, MOST_TOLD)))
                self._sheet.hidden_columns.extend(names)
            self._column += count
        elif kind == "table-row":
            self._column, self._rows = 0, int(values.get("number-rows-repeated", "1"))
            if is_hidden:
                rows = range(self._row + 1, self._row + 1 + min(self._rows, MOST_FORMATTED))
                self._sheet.hidden_rows.extend(rows)

    def _begin_cell(self, values: dict[str, str]) -> None:
        if self._shapes:  # of a chart's own table
            return
        self._count = int(values.get("number-columns-repeated", "1"))
        self._type = values.get("value-type", "")
        self._share = values.get("value", "") if self._type == "percentage" else ""
        self._formula = "" if self._type else values.get("formula", "")
        self._text = []

    def _take(self, text: str) -> None:
        if self._comment is not None:
            self._comment.append(" " if self._is_about else text)
        elif self._shapes:
            self._box.append(text)
        elif self._text is not None:
            self._text.append(text)

    def _end(self, tag: str) -> None:
        kind = tag.rpartition(" ")[2]
        if kind == "annotation" and self._comment is not None:
            words = " ".join("".join(self._comment).split())
            self._sheet.comments.append(((self._row, self._column), words))
            self._comment = None
        elif kind in ABOUT:
            self._is_about = False
        elif kind in SHAPES:
            self._end_shape()
        elif kind == "p" and self._shapes:
            self._box.append(" ")
        elif kind in CELLS and not self._shapes:
            self._end_cell()
        elif kind == "table-row" and not self._shapes:
            self._row += self._rows

    def _end_shape(self) -> None:
        self._shapes -= 1
        if not self._shapes:
            if words := " ".join("".join(self._box).split()):
                self._sheet.boxes.append(words)
            self._box = []

    def _end_cell(self) -> None:
        text = "".join(self._text or ()).strip() or _per_cent(self._share)
        if text and self._is_shown(text):
            self._add(text)
        elif self._formula and not text and len(self._sheet.formulas) < MOST_FORMATTED:
            self._sheet.formulas[self._row, self._column] = write_formula(self._formula)
        self._column += self._count
        self._text = None

    def _is_shown(self, text: str) -> bool:
        if self._type == "date":
            return SHOWN_DATE.fullmatch(text) is not None
        return self._type in (*NUMBERS, "time") or ERROR.fullmatch(text) is not None

    def _add(self, text: str) -> None:
        found = self._sheet.shown
        if len(found) < MOST_FORMATTED:
            rows = range(self._row, self._row + min(self._rows, MOST_REPEATED))
            columns = range(self._column, self._column + min(self._count, MOST_REPEATED))
            found.update(((row, column), text) for row in rows for column in columns)


def write_formula(formula: str) -> str:
    """Return a formula as the program shows it: `of:=SUM([.A1:.B2])` is `=SUM(A1:B2)`."""
    shown = GRAMMAR.sub("", formula[:FORMULA_CHARACTERS])
    return REFERENCE.sub(lambda found: found[1].replace(":.", ":"), shown)


def _per_cent(share: str) -> str:
    """Return a share in per cent, of a cell that some program left without its text."""
    return f"{round(float(share) * 100, PER_CENT_DECIMALS):.15g}%" if share else ""
