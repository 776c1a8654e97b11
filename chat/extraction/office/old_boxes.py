"""Text boxes and charts of old workbooks (xls), which stand among their records; objects inside.

[MS-XLS] 2.4.329 and 2.4.254. The values of a chart are cells of its sheet: its title and names are read.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence

import olefile  # type: ignore[import-untyped]

from chat.extraction.office.old_records import Record, divide

OBJECT, TEXT, CONTINUE = 0x005D, 0x01B6, 0x003C
BEGIN, CHART_TEXT, CHART = 0x0809, 0x100D, 0x20  # the last: what begins
NOTE = 0x19  # kind of object: a comment, whose text another reader has
MOST = 5_000


def find_boxes(records: Sequence[Record]) -> list[list[str]]:
    """Return the texts of the boxes and charts of each sheet, in the order of the sheets."""
    return [[text for text in (*_texts(sheet), *_charts(sheet)) if text][:MOST] for sheet in divide(records)]


def count_objects(data: bytes) -> int:
    """Return how many files or objects are embedded in an old workbook."""
    try:
        with olefile.OleFileIO(data) as compound:
            names = {path[0] for path in compound.listdir(streams=False, storages=True)}
    except (OSError, ValueError, IndexError, struct.error):
        return 0
    return sum(name.startswith("MBD") for name in names)


def _charts(records: Sequence[Record]) -> Iterator[str]:
    """Yield the title of each chart and the names that it gives to its axes and series."""
    charts = list[list[str]]()
    for _, kind, body in records:
        if kind == BEGIN and struct.unpack_from("<H", body.ljust(4), 2)[0] == CHART:
            charts.append([])
        elif kind == CHART_TEXT and charts and len(body) > 4:
            encoding, width = ("utf-16-le", 2) if body[3] & 1 else ("latin-1", 1)
            charts[-1].append(" ".join(body[4 : 4 + body[2] * width].decode(encoding, "replace").split()))
    yield from (f"Chart: {'; '.join(dict.fromkeys(words))}" for words in charts if words)


def _texts(records: Sequence[Record]) -> Iterator[str]:
    """Yield the text of each box. Its letters follow it, in one byte or two each as a flag says."""
    kind_of_object = 0
    for number, (_, kind, body) in enumerate(records):
        if kind == OBJECT and len(body) >= 6:
            kind_of_object = struct.unpack_from("<H", body, 4)[0]
        elif kind == TEXT and kind_of_object != NOTE and len(body) >= 12:
            (count,) = struct.unpack_from("<H", body, 10)
            text = ""
            for _, following, letters in records[number + 1 : number + 50]:
                if following != CONTINUE or len(text) >= count or not letters:
                    break
                text += letters[1:].decode("utf-16-le" if letters[0] & 1 else "latin-1", "replace")
            yield " ".join(text[:count].split())
