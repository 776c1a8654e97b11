"""Text boxes of old workbooks (xls), which stand among their records ([MS-XLS] 2.4.329); objects inside."""

from __future__ import annotations

import struct
from collections.abc import Iterator

import olefile  # type: ignore[import-untyped]

OBJECT, TEXT, CONTINUE, SHEET = 0x005D, 0x01B6, 0x003C, 0x0085
NOTE = 0x19  # kind of object: a comment, whose text another reader has
STREAMS = ("Workbook", "Book")
MOST = 5_000
Record = tuple[int, int, bytes]  # offset, kind, content


def find_boxes(data: bytes) -> list[list[str]]:
    """Return the texts of the boxes of each sheet, in the order of the sheets; empty for a damaged file."""
    try:
        with olefile.OleFileIO(data) as compound:
            name = next(stream for stream in STREAMS if compound.exists(stream))
            records = list(_records(compound.openstream(name).read()))
    except (OSError, ValueError, IndexError, StopIteration, struct.error):
        return []
    starts = [
        struct.unpack_from("<I", body)[0] for _, kind, body in records if kind == SHEET and len(body) >= 4
    ]
    boxes: list[list[str]] = [[] for _ in starts]
    for offset, text in _texts(records):
        sheet = max((at for at, start in enumerate(starts) if start <= offset), default=None)
        if sheet is not None and text and len(boxes[sheet]) < MOST:
            boxes[sheet].append(text)
    return boxes


def count_objects(data: bytes) -> int:
    """Return how many files or objects are embedded in an old workbook."""
    try:
        with olefile.OleFileIO(data) as compound:
            names = {path[0] for path in compound.listdir(streams=False, storages=True)}
    except (OSError, ValueError, IndexError, struct.error):
        return 0
    return sum(name.startswith("MBD") for name in names)


def _records(stream: bytes) -> Iterator[Record]:
    at = 0
    while at + 4 <= len(stream):
        kind, size = struct.unpack_from("<HH", stream, at)
        yield at, kind, stream[at + 4 : at + 4 + size]
        at += 4 + size


def _texts(records: list[Record]) -> Iterator[tuple[int, str]]:
    """Yield place and text of each box. Its letters follow it, in one byte or two each as a flag says."""
    kind_of_object = 0
    for number, (offset, kind, body) in enumerate(records):
        if kind == OBJECT and len(body) >= 6:
            kind_of_object = struct.unpack_from("<H", body, 4)[0]
        elif kind == TEXT and kind_of_object != NOTE and len(body) >= 12:
            (count,) = struct.unpack_from("<H", body, 10)
            text = ""
            for _, following, letters in records[number + 1 : number + 50]:
                if following != CONTINUE or len(text) >= count or not letters:
                    break
                text += letters[1:].decode("utf-16-le" if letters[0] & 1 else "latin-1", "replace")
            yield offset, " ".join(text[:count].split())
