"""Raised and lowered letters of old Word files ([MS-DOC] 2.4 and 2.6.1), which their reader gives as others.

The file says of stretches of bytes how their letters stand. The letters are found again in the text of the
reader by what stands around them. Those of notes, headers and styles are not looked for.
"""

from __future__ import annotations

import io
import re
import struct
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

import olefile  # type: ignore[import-untyped]

from chat.extraction.raised import lowered, raised, write_raised

FLAGS, TEXT_LENGTH, PROPERTIES, PIECES = 0x0A, 0x4C, 0xFA, 0x1A2  # places in the head of a file
SECOND_TABLE = 0x0200
PIECES_MARK, SKIPPED_MARK = b"\2", b"\1"
NARROW = 1 << 30  # of the offset of a piece: one byte for a letter
PAGE_BYTES = 512
STANDS, RAISED, LOWERED = 0x2A48, 1, 2
HEIGHT, SIZE = 0x4845, 0x4A43  # above the line, as other programs write it; with a size of its own
OPERAND_BYTES = (1, 1, 2, 4, 2, 2, -1, 3)  # by the top bits of a property; -1: its first byte tells
BEFORE, BEHIND = 40, 20  # letters around those that are raised
MOST, MOST_MISSED = 20_000, 200
CONTROL = re.compile("[\x00-\x1f]")


@dataclass(frozen=True)
class Raised:
    """Letters that are raised, or lowered, and what stands around them in their paragraph."""

    before: str
    text: str
    behind: str
    is_raised: bool


def write_powers(data: bytes, text: str) -> str:
    """Return the text of an old Word file with its powers as 10^6."""
    parts, at, missed = list[str](), 0, 0
    for one in find_raised(data):
        found = text.find(one.before + one.text + one.behind, max(0, at - len(one.before)))
        missed += found < 0
        if missed > MOST_MISSED:
            break
        if found >= 0:
            start = found + len(one.before)
            parts += [text[at:start], raised(one.text) if one.is_raised else lowered(one.text)]
            at = start + len(one.text)
    return "\n".join(map(write_raised, "".join([*parts, text[at:]]).split("\n"))) if parts else text


def find_raised(data: bytes) -> list[Raised]:
    """Return what is raised or lowered in the order of the text; nothing of a file that is damaged there."""
    try:
        with olefile.OleFileIO(io.BytesIO(data)) as compound:
            main = compound.openstream("WordDocument").read()
            flags, length = _number("<H", main, FLAGS), _number("<I", main, TEXT_LENGTH)
            table = compound.openstream("1Table" if flags & SECOND_TABLE else "0Table").read()
        stands = sorted(_stands(main, table))
        return list(islice(_with_context(list(_pieces(main, table, length)), stands), MOST)) if stands else []
    except (OSError, ValueError, IndexError, struct.error):
        return []


def _number(form: str, data: bytes, at: int) -> int:
    return int(struct.unpack_from(form, data, at)[0])


def _stretch(main: bytes, table: bytes, place: int) -> bytes:
    start, size = struct.unpack_from("<II", main, place)
    return table[start : start + size]


def _stands(main: bytes, table: bytes) -> Iterator[tuple[int, int, bool]]:
    """Yield where raised or lowered letters begin and end, in bytes, and whether they are raised."""
    pages = _stretch(main, table, PROPERTIES)
    count = (len(pages) - 4) // 8
    for number in range(min(count, len(main) // PAGE_BYTES)):
        at = (_number("<I", pages, 4 * (count + 1 + number)) & 0x3FFFFF) * PAGE_BYTES
        page = main[at : at + PAGE_BYTES]
        runs = page[-1] if len(page) == PAGE_BYTES else 0
        bounds = struct.unpack_from(f"<{runs + 1}I", page)
        for run in range(runs):
            place = 2 * page[4 * (runs + 1) + run]
            stands = _stand(page[place + 1 : place + 1 + page[place]]) if place else 0
            if stands in (RAISED, LOWERED):
                yield bounds[run], bounds[run + 1], stands == RAISED


def _stand(properties: bytes) -> int:
    """Return how letters with these properties stand."""
    at, found, height, is_sized = 0, 0, 0, False
    while at + 3 <= len(properties):
        kind = _number("<H", properties, at)
        size = OPERAND_BYTES[kind >> 13]
        found = properties[at + 2] if kind == STANDS else found
        height = _number("<h", properties, at + 2) if kind == HEIGHT else height
        is_sized = is_sized or kind == SIZE
        at += 2 + (size if size >= 0 else 1 + properties[at + 2])
    return found or (0 if not height or not is_sized else RAISED if height > 0 else LOWERED)


def _pieces(main: bytes, table: bytes, length: int) -> Iterator[tuple[int, int, str]]:
    """Yield the pieces of the text of `length` letters: first byte, bytes of a letter, letters."""
    found, at = _stretch(main, table, PIECES), 0
    while found[at : at + 1] == SKIPPED_MARK:
        at += 3 + _number("<H", found, at + 1)
    if found[at : at + 1] != PIECES_MARK:
        return
    found = found[at + 5 :]
    count = (len(found) - 4) // 12
    bounds = struct.unpack_from(f"<{count + 1}I", found)
    for number in range(count if sorted(bounds) == list(bounds) else 0):
        offset = _number("<I", found, 4 * (count + 1) + 8 * number + 2)
        size, start = (1, (offset & ~NARROW) // 2) if offset & NARROW else (2, offset)
        letters = max(0, min(bounds[number + 1], length, len(main)) - bounds[number])
        inside = main[start : start + size * letters]
        yield start, size, inside.decode("cp1252" if size == 1 else "utf-16-le", "replace")


def _with_context(
    pieces: Sequence[tuple[int, int, str]], stands: Sequence[tuple[int, int, bool]]
) -> Iterator[Raised]:
    """Yield the letters of the stretches, with what stands around them in the whole text."""
    text, begun = "".join(letters for _, _, letters in pieces), 0
    starts = [start for start, _, _ in stands]
    for first, size, letters in pieces:
        last = first + size * len(letters)
        places = range(max(0, bisect_right(starts, first) - 1), bisect_left(starts, last))
        for start, end, is_raised in (stands[place] for place in places):
            if end > first:
                one = begun + max(0, start - first) // size
                two = begun + (min(end, last) - first) // size
                before = CONTROL.split(text[max(0, one - BEFORE) : one])[-1]
                behind = CONTROL.split(text[two : two + BEHIND])[0]
                if (inside := text[one:two]) and not CONTROL.search(inside):
                    yield Raised(before.lstrip(), inside, behind.rstrip(), is_raised)
        begun += len(letters)
