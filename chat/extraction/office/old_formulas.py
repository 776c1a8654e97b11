"""Formulas of old workbooks (xls) that no program has computed: their values are not in the file.

A formula without a value has an empty text for its result ([MS-XLS] 2.5.133), as one has whose result is an
empty text. So they are told only of a workbook in which no formula has another result.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator, Sequence

import xlrd  # type: ignore[import-untyped]
from xlrd import formula

from chat.extraction.office.cells import FORMULA_CHARACTERS, Place
from chat.extraction.office.old_records import Record, divide

FORMULA = 0x0006
EMPTY = (3, 0xFFFF)  # first byte and last two of a result
OF_A_CELL = 1  # of the kinds of formulas that xlrd tells apart
MOST = 20_000
WHOLE = re.compile(r"(?<=\d)\.0(?!\d)")  # xlrd writes 2 as 2.0


def find_formulas(book: xlrd.Book, records: Sequence[Record]) -> list[dict[Place, str]]:
    """Return the formulas of each sheet, in the order of the sheets; none where any has a value."""
    sheets = [
        [body for _, kind, body in sheet if kind == FORMULA and len(body) > 22] for sheet in divide(records)
    ]
    if any((body[6], *struct.unpack_from("<H", body, 12)) != EMPTY for sheet in sheets for body in sheet):
        return [{} for _ in sheets]
    return [dict(_formulas(book, sheet[:MOST])) for sheet in sheets]


def _formulas(book: xlrd.Book, bodies: Sequence[bytes]) -> Iterator[tuple[Place, str]]:
    for body in bodies:
        row, column = struct.unpack_from("<HH", body)
        (size,) = struct.unpack_from("<H", body, 20)
        try:
            shown = formula.decompile_formula(book, body[22:], size, OF_A_CELL, browx=row, bcolx=column)
        except MemoryError:
            raise
        except Exception:  # of forms that it does not know, and of damaged files
            shown = None
        yield (row, column), f"={WHOLE.sub('', shown or '?')}"[:FORMULA_CHARACTERS]
