"""Notes of the speaker in old PowerPoint files ([MS-PPT] 2.3 and 2.5.6), which their reader leaves out.

A presentation that was saved several times has its old records too: the last notes of a slide are its notes.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator

import olefile  # type: ignore[import-untyped]

STREAM = "PowerPoint Document"
DOCUMENT, NOTES, SLIDE_LIST = 0x03E8, 0x03F0, 0x0FF0  # containers
SLIDE, ABOUT_NOTES = 0x03F3, 0x03F1  # atoms
TEXTS = {0x0FA0: "utf-16-le", 0x0FA8: "latin-1"}
SLIDES, CONTAINER = 0, 15  # instance of the list of slides, and version of what holds records
DEEPEST = 12
FIELD = "*"  # of a date, a number or a footer
Record = tuple[int, int, bytes]  # version and instance, kind, content


def find_notes(data: bytes) -> list[list[str]]:
    """Return the lines of the notes of each slide in turn; none of a file that is damaged there."""
    try:
        with olefile.OleFileIO(io.BytesIO(data)) as compound:
            records = list(_records(compound.openstream(STREAM).read()))
        slides, notes = list[int](), dict[int, list[str]]()
        for _, kind, content in records:
            if kind == DOCUMENT:
                slides = list(_slides(content))
            elif kind == NOTES:
                about = next(inside for _, one, inside in _records(content) if one == ABOUT_NOTES)
                notes[struct.unpack_from("<I", about)[0]] = list(_lines(content, DEEPEST))
    except (OSError, ValueError, StopIteration, struct.error):
        return []
    return [notes.get(slide, []) for slide in slides]


def _records(content: bytes) -> Iterator[Record]:
    at = 0
    while at + 8 <= len(content):
        version, kind, size = struct.unpack_from("<HHI", content, at)
        yield version, kind, content[at + 8 : at + 8 + size]
        at += 8 + size


def _slides(document: bytes) -> Iterator[int]:
    """Yield the identifiers of the slides in their order."""
    for version, kind, content in _records(document):
        if kind == SLIDE_LIST and version >> 4 == SLIDES:
            for _, inside, slide in _records(content):
                if inside == SLIDE:
                    yield struct.unpack_from("<I", slide, 12)[0]


def _lines(content: bytes, depth: int) -> Iterator[str]:
    for version, kind, inside in _records(content) if depth else ():
        if version & CONTAINER == CONTAINER:
            yield from _lines(inside, depth - 1)
        elif kind in TEXTS:
            lines = inside.decode(TEXTS[kind], "replace").replace("\v", "\r").split("\r")
            yield from (line for line in lines if line.strip() and line.strip() != FIELD)
