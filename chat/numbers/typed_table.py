"""A table with typed columns, as a value: its names, what its columns hold, and which rows were left out.

Written by the child that reads a file, read by the parent, which checks every field: a file may have taken
the child over. The cells themselves are a Parquet file beside it (chat.numbers.table_pack).
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from functools import cached_property
from typing import Any

from chat.numbers.column_names import NameIndex, index_names

INTEGER, DECIMAL, PERCENTAGE, CURRENCY, DATE, TIMESTAMP, TEXT, CODE = (
    *("integer", "decimal", "percentage", "currency", "date", "timestamp", "text", "code"),
)
NUMBERS = frozenset((INTEGER, DECIMAL, PERCENTAGE, CURRENCY))
DATES = frozenset((DATE, TIMESTAMP))
MIXED = "several currencies"  # the unit of a column whose cells have signs of several
KINDS = NUMBERS | DATES | {TEXT, CODE}
ROLES = ("total", "note", "section", "header", "title", "subtotal", "part")
ROW_COLUMN = "_row"  # the number of a row in the file
MOST_TABLES, MOST_COLUMNS = 200, 3_000
MOST_SAMPLES, MOST_LEFT = 8, 60
TEXT_CHARACTERS = 400


@dataclass(frozen=True)
class Column:
    """name: in SQL. title: in the file. unit: `fraction` where 0.4 is shown as 40 %, MIXED, else empty.

    empty: rows without a value. untyped: cells that are no value of this kind, counted in `empty` too, of
    which `untyped_samples` has a few. low, high: of numbers and dates. samples: the most frequent values.
    """

    name: str
    title: str
    kind: str
    unit: str = ""
    empty: int = 0
    untyped: int = 0
    untyped_samples: tuple[str, ...] = ()
    distinct: int = 0
    low: str = ""
    high: str = ""
    samples: tuple[str, ...] = ()

    @property
    def is_number(self) -> bool:
        return self.kind in NUMBERS

    @property
    def is_date(self) -> bool:
        return self.kind in DATES


@dataclass(frozen=True)
class LeftOutRow:
    """A row that is not among the data. role: one of ROLES. row: its number in the file."""

    role: str
    row: int
    text: str


@dataclass(frozen=True)
class TypedTable:
    """name: in SQL, among the tables of its file. title: a sheet or caption; empty where it is the file.

    rows: of data. left: the rows that are none, MOST_LEFT at most; left_count: all of them by role. remark:
    what is hidden or was not computed.
    """

    name: str
    file: str
    title: str
    page: str
    columns: tuple[Column, ...]
    rows: int
    left: tuple[LeftOutRow, ...] = ()
    left_count: tuple[tuple[str, int], ...] = ()
    remark: str = ""
    size: int = 0  # bytes of its Parquet file

    @cached_property
    def names(self) -> tuple[NameIndex, NameIndex, NameIndex]:
        """What words may call the columns by (chat.numbers.column_names)."""
        return index_names([(one.name, one.title) for one in self.columns])

    @property
    def place(self) -> str:
        """The file and the sheet: `sales.xlsx / 2024`."""
        return f"{self.file} / {self.title}" if self.title else self.file

    def column(self, name: str) -> Column | None:
        return next((one for one in self.columns if one.name == name), None)

    def named(self, name: str) -> TypedTable:
        return replace(self, name=name)

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


class BadTable(ValueError):
    """A description that is none."""


def read_table(values: Any) -> TypedTable:
    """Return the table of its `to_json` form. Raise BadTable for anything else."""
    try:
        columns = tuple(_column(one) for one in values["columns"][:MOST_COLUMNS])
        left = tuple(
            LeftOutRow(_choice(one["role"], ROLES), int(one["row"]), _text(one["text"]))
            for one in values["left"][:MOST_LEFT]
        )
        counts = tuple((_choice(role, ROLES), int(count)) for role, count in values["left_count"])
        texts = {name: _text(values[name]) for name in ("name", "file", "title", "page", "remark")}
        return TypedTable(
            **texts,
            columns=columns,
            rows=int(values["rows"]),
            left=left,
            left_count=counts,
            size=int(values["size"]),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise BadTable("not a table") from error


def _column(values: Any) -> Column:
    return Column(
        name=_text(values["name"]),
        title=_text(values["title"]),
        unit=_text(values["unit"]),
        low=_text(values["low"]),
        high=_text(values["high"]),
        empty=int(values["empty"]),
        untyped=int(values["untyped"]),
        distinct=int(values["distinct"]),
        kind=_choice(values["kind"], KINDS),
        untyped_samples=tuple(map(_text, values["untyped_samples"][:MOST_SAMPLES])),
        samples=tuple(map(_text, values["samples"][:MOST_SAMPLES])),
    )


def _text(value: Any) -> str:
    return str(value)[:TEXT_CHARACTERS]


def _choice(value: Any, known: Any) -> str:
    if value not in known:
        raise ValueError("an unknown word")
    return str(value)
