"""Winmail.dat: the message and the attachments that Outlook packs into one."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest

from chat.documents.document import Page
from chat.errors import UnreadableFile
from chat.extraction import worker
from chat.extraction.source import Source

SIGN = b"\x78\x9f\x3e\x22\x01\x00"


def attribute(level: int, number: int, data: bytes) -> bytes:
    return struct.pack("<BHHI", level, number, 6, len(data)) + data + b"\x00\x00"


def text_property(kind: int, number: int, value: bytes, name: bytes = b"") -> bytes:
    padded = value + bytes(-len(value) % 4)
    return struct.pack("<HH", kind, number) + name + struct.pack("<II", 1, len(value)) + padded


def pages(path: Path, data: bytes) -> list[tuple[str, str]]:
    (path / "stored").write_bytes(data)
    found = worker.read(Source(path / "stored", "winmail.dat"))
    return [(one.label, one.text) for one in found if isinstance(one, Page)]


def test_the_body_and_the_attachments_are_read(tmp_path: Path) -> None:
    named = bytes(16) + struct.pack("<II", 1, 6) + "ab\x00".encode("utf-16-le") + b"\x00\x00"
    properties = (
        struct.pack("<I", 4)
        + struct.pack("<HHI", 3, 0x0E07, 1)
        + text_property(0x1F, 0x8001, "x".encode("utf-16-le"), named)
        + struct.pack("<HHI", 0x1003, 0x6001, 2)
        + bytes(8)
        + text_property(0x102, 0x1013, "<p>Das Angebot für 120 €</p>".encode())
    )
    long_name = text_property(0x1F, 0x3707, "Preisliste 2024.csv\x00".encode("utf-16-le"))
    data = SIGN + b"".join(
        (
            attribute(1, 0x800C, b"plain\x00"),
            attribute(1, 0x9003, properties),
            attribute(2, 0x9002, bytes(14)),
            attribute(2, 0x8010, b"PREISL~1.CSV\x00"),
            attribute(2, 0x800F, b"a;b;c\n1;;2\n"),
            attribute(2, 0x9005, struct.pack("<I", 1) + long_name),
        )
    )
    assert pages(tmp_path, data) == [
        ("", "Das Angebot für 120 €"),
        ("winmail.dat/Preisliste 2024.csv", "a | b | c\n1 |  | 2"),
    ]
    assert pages(tmp_path, data[:-30])[0] == ("", "Das Angebot für 120 €")


def test_a_damaged_one_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UnreadableFile):
        pages(tmp_path, SIGN + b"junk" * 10)
