"""The typed tables of a file as one run of bytes: their descriptions, then a Parquet file for each.

Kept with an attachment. The bytes of a table are opened by the child alone (chat.numbers.sql_query).
"""

from __future__ import annotations

import struct
from collections.abc import Sequence

import orjson

from chat.numbers.typed_table import MOST_TABLES, BadTable, TypedTable, read_table

MAGIC = b"XJTABLE1"
_LENGTH = struct.Struct(">Q")
HEAD_BYTES = 16_000_000


def pack_tables(tables: Sequence[TypedTable], files: Sequence[bytes]) -> bytes:
    """Return the tables and their Parquet files as one run of bytes."""
    head = orjson.dumps([table.to_json() for table in tables])
    return b"".join((MAGIC, _LENGTH.pack(len(head)), head, *files))


def read_tables(pack: bytes) -> tuple[TypedTable, ...]:
    """Return the descriptions. Raise BadTable where the bytes are no pack."""
    return tuple(table for table, _, _ in _places(pack))


def split_tables(pack: bytes) -> tuple[bytes, ...]:
    """Return the Parquet file of each table."""
    return tuple(pack[start:end] for _, start, end in _places(pack))


def _places(pack: bytes) -> list[tuple[TypedTable, int, int]]:
    start = len(MAGIC) + _LENGTH.size
    if not pack.startswith(MAGIC) or len(pack) < start:
        raise BadTable("not a pack of tables")
    (length,) = _LENGTH.unpack(pack[len(MAGIC) : start])
    if length > HEAD_BYTES or start + length > len(pack):
        raise BadTable("not a pack of tables")
    try:
        described = orjson.loads(pack[start : start + length])
    except orjson.JSONDecodeError as error:
        raise BadTable("not a pack of tables") from error
    if not isinstance(described, list):
        raise BadTable("not a pack of tables")
    found, at = [], start + length
    for values in described[:MOST_TABLES]:
        table = read_table(values)
        if table.size < 0 or at + table.size > len(pack):
            raise BadTable("not a pack of tables")
        found.append((table, at, at + table.size))
        at += table.size
    return found
