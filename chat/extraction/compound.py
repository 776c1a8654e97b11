"""The names in an OLE compound file, as old Office files and encrypted new ones are. Reads no content."""

from __future__ import annotations

import struct
from dataclasses import dataclass

MAGIC = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
ENTRY_BYTES = 128
SECTORS = 100_000
NOTHING = 0xFFFFFFFA  # sector numbers and links from here on mean: none


@dataclass(frozen=True)
class Entry:
    """A stream or folder: its name, and the numbers of its neighbours in the tree."""

    name: str
    left: int
    right: int
    child: int


def names(data: bytes) -> set[str]:
    """Return the names right under the root, lower case; empty where the file is damaged."""
    try:
        entries = _entries(data)
    except (struct.error, IndexError, ValueError):
        return set()
    found, waiting, seen = set[str](), [entries[0].child] if entries else [], set[int]()
    while waiting:
        index = waiting.pop()
        if index < len(entries) and index not in seen:
            seen.add(index)
            found.add(entries[index].name.lower())
            waiting += [entries[index].left, entries[index].right]
    return found


def _entries(data: bytes) -> list[Entry]:
    size = 1 << min(struct.unpack_from("<H", data, 30)[0], 16)
    tables = [sector for sector in struct.unpack_from("<109I", data, 76) if sector < NOTHING]
    links: list[int] = []
    for sector in tables:
        links.extend(struct.unpack(f"<{size // 4}I", data[(sector + 1) * size : (sector + 2) * size]))
    directory, sector = bytearray(), struct.unpack_from("<I", data, 48)[0]
    for _ in range(SECTORS):
        if sector >= NOTHING:
            break
        directory += data[(sector + 1) * size : (sector + 2) * size]
        sector = links[sector]
    whole = range(0, len(directory) - ENTRY_BYTES + 1, ENTRY_BYTES)
    return [_entry(bytes(directory[start : start + ENTRY_BYTES])) for start in whole]


def _entry(data: bytes) -> Entry:
    length, left, right, child = struct.unpack_from("<H2x3I", data, 64)
    return Entry(data[: max(0, length - 2)].decode("utf-16-le", "replace"), left, right, child)
