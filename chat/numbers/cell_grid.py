"""A grid: the cells of a sheet, a delimited file or a table in a text, before anything is known of them.

Written by chat.extraction, read here. Cells are texts; a number of a workbook is written plainly.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

Row = Sequence[str]
Area = tuple[int, int, int, int]  # first row, first column, last row, last column; from 0
PERCENT, CURRENCY = "percentage", "currency"


@dataclass(frozen=True)
class Delimited:
    """The text of a delimited file. path: of the file, where its bytes are UTF-8; load: its text as UTF-8."""

    delimiter: str
    load: Callable[[], bytes]
    path: Path | None = None
    characters: int = 0


@dataclass(frozen=True)
class Grid:
    """rows: of a grid that is in memory. delimited: the text that it was, or is where there are no rows.

    name: what the file calls the table (a sheet, a caption), empty where there is only the file. page: the
    label of the page. formats: `percentage` or `currency` for columns whose cells are shown so. merged: areas
    of merged cells. remark: what a reader must know of it: hidden rows, formulas without a value.
    decimal_comma: how the file writes numbers, where it is known.
    """

    file: str
    name: str = ""
    page: str = ""
    rows: Sequence[Row] = ()
    delimited: Delimited | None = None
    formats: Mapping[int, str] = field(default_factory=dict)
    merged: Sequence[Area] = ()
    remark: str = ""
    first_row: int = 1  # the number that the file gives the first row
    is_plain: bool = False  # numbers stand there as values: no decimal comma, no order of dates to find
