"""The records of an old workbook (xls), of which its stream consists ([MS-XLS] 2.1.4). Knows no cell."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence

import olefile  # type: ignore[import-untyped]

STREAMS = ("Workbook", "Book")
SHEET = 0x0085  # says where a sheet begins, and what it is
CELLS = 0  # a sheet of cells, not a chart or a macro
Record = tuple[int, int, bytes]  # offset, kind, content


def read_records(data: bytes) -> list[Record]:
    """Return the records of a workbook; none of a damaged file."""
    try:
        with olefile.OleFileIO(data) as compound:
            name = next(stream for stream in STREAMS if compound.exists(stream))
            return list(_records(compound.openstream(name).read()))
    except (OSError, ValueError, IndexError, StopIteration, struct.error):
        return []


def divide(records: Sequence[Record]) -> list[list[Record]]:
    """Return the records of each sheet of cells, in the order of the sheets."""
    sheets = [
        (*struct.unpack_from("<I", body), body[5])
        for _, kind, body in records
        if kind == SHEET and len(body) > 5
    ]
    starts = sorted(start for start, _ in sheets)
    parts: dict[int, list[Record]] = {start: [] for start in starts}
    at = -1
    for record in records:
        while at + 1 < len(starts) and starts[at + 1] <= record[0]:
            at += 1
        if at >= 0:
            parts[starts[at]].append(record)
    return [parts[start] for start, kind in sheets if kind == CELLS]


def _records(stream: bytes) -> Iterator[Record]:
    at = 0
    while at + 4 <= len(stream):
        kind, size = struct.unpack_from("<HH", stream, at)
        yield at, kind, stream[at + 4 : at + 4 + size]
        at += 4 + size
