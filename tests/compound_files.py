"""Compound files (OLE) for the tests: storages and streams, as old Office files and Outlook messages are."""

from __future__ import annotations

import struct
from collections.abc import Mapping

from chat.extraction.office import office_encryption

SECTOR = 512
NONE, END, TABLE = 0xFFFFFFFF, 0xFFFFFFFE, 0xFFFFFFFD
Tree = Mapping[str, "bytes | Tree"]


def compound(tree: Tree) -> bytes:
    """Return a compound file. No stream is small for its header, so that each has sectors of its own."""
    entries: list[list[object]] = [["Root Entry", 5, NONE, NONE, END, 0]]
    body, links = bytearray(), list[int]()

    def place(data: bytes) -> int:
        if not data:
            return END
        first, count = len(links), -(-len(data) // SECTOR)
        links.extend([*range(first + 1, first + count), END])
        body.extend(data.ljust(count * SECTOR, b"\x00"))
        return first

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
                entries.append([name, 2, NONE, NONE, place(content), len(content)])
            else:
                entries.append([name, 1, NONE, NONE, END, 0])
                entries[number][3] = add(content)
        return first

    entries[0][3] = add(tree)
    directory = place(b"".join(_entry(*one) for one in entries))  # type: ignore[arg-type]
    tables = 1
    while tables * (SECTOR // 4) < len(links) + tables:
        tables += 1
    first_table = len(links)
    links.extend([TABLE] * tables)
    body += struct.pack(f"<{len(links)}I", *links).ljust(tables * SECTOR, b"\xff")
    head = office_encryption.MAGIC.ljust(24, b"\x00") + struct.pack("<HHHHH", 0x3E, 3, 0xFFFE, 9, 6)
    head = head.ljust(44, b"\x00") + struct.pack(
        "<IIIIIIIII", tables, directory, 0, 0, END, 0, END, 0, first_table
    )
    head += struct.pack("<108I", *range(first_table + 1, first_table + tables), *[NONE] * (109 - tables))
    return head + bytes(body)


def _entry(name: str, kind: int, right: int, child: int, start: int, size: int) -> bytes:
    coded = name.encode("utf-16-le") + b"\x00\x00"
    head = struct.pack("<64sHBB3I", coded, len(coded), kind, 1, NONE, right, child)
    return head.ljust(116, b"\x00") + struct.pack("<IQ", start, size)
