"""Compound files (OLE) for the tests: storages and streams, as old Office files and Outlook messages are."""

from __future__ import annotations

import struct
from collections.abc import Mapping

from chat.extraction.office import office_encryption

SECTOR, SMALL, LEAST = 512, 64, 4_096  # bytes of a sector, of a small one, of a stream that has whole ones
NONE, END, TABLE = 0xFFFFFFFF, 0xFFFFFFFE, 0xFFFFFFFD
Tree = Mapping[str, "bytes | Tree"]


class _Sectors:
    """Streams in sectors of one size, and the table that links the sectors of each."""

    def __init__(self, size: int) -> None:
        self.size, self.data, self.links = size, bytearray(), list[int]()

    def place(self, content: bytes) -> int:
        """Add a stream; return its first sector."""
        if not content:
            return END
        first, count = len(self.links), -(-len(content) // self.size)
        self.links.extend([*range(first + 1, first + count), END])
        self.data.extend(content.ljust(count * self.size, b"\x00"))
        return first


def compound(tree: Tree) -> bytes:
    """Return a compound file with these storages and streams under its root."""
    whole, small = _Sectors(SECTOR), _Sectors(SMALL)
    entries: list[list[object]] = [["Root Entry", 5, NONE, NONE, END, 0]]

    def add(inside: Tree) -> int:
        """Add the entries of a storage as a chain to the right; return the first."""
        first, before = NONE, None
        for name, content in inside.items():
            number = len(entries)
            first = number if before is None else first
            if before is not None:
                entries[before][2] = number
            before = number
            if isinstance(content, bytes):
                place = whole.place if len(content) >= LEAST else small.place
                entries.append([name, 2, NONE, NONE, place(content), len(content)])
            else:
                entries.append([name, 1, NONE, NONE, END, 0])
                entries[number][3] = add(content)
        return first

    entries[0][3] = add(tree)
    entries[0][4:] = [whole.place(bytes(small.data)), len(small.data)]
    small_table = struct.pack(f"<{len(small.links)}I", *small.links)
    first_small = whole.place(small_table.ljust(-(-len(small_table) // SECTOR) * SECTOR, b"\xff"))
    directory = whole.place(b"".join(_entry(*one) for one in entries))  # type: ignore[arg-type]
    tables = 1
    while tables * (SECTOR // 4) < len(whole.links) + tables:
        tables += 1
    first_table = len(whole.links)
    links = [*whole.links, *[TABLE] * tables]
    table = struct.pack(f"<{len(links)}I", *links).ljust(tables * SECTOR, b"\xff")
    head = office_encryption.MAGIC.ljust(24, b"\x00") + struct.pack("<HHHHH", 0x3E, 3, 0xFFFE, 9, 6)
    counts = (tables, directory, 0, LEAST, first_small, -(-len(small_table) // SECTOR), END, 0, first_table)
    head = head.ljust(44, b"\x00") + struct.pack("<9I", *counts)
    head += struct.pack("<108I", *range(first_table + 1, first_table + tables), *[NONE] * (109 - tables))
    return head + bytes(whole.data) + table


def _entry(name: str, kind: int, right: int, child: int, start: int, size: int) -> bytes:
    coded = name.encode("utf-16-le") + b"\x00\x00"
    head = struct.pack("<64sHBB3I", coded, len(coded), kind, 1, NONE, right, child)
    return head.ljust(116, b"\x00") + struct.pack("<IQ", start, size)
