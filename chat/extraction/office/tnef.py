"""Winmail.dat (TNEF, MS-OXTNEF): what Outlook packs a message and its attachments into for other programs."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from functools import partial

from chat.documents.document import Page, Problem
from chat.extraction import refusals
from chat.extraction.office.packed_rtf import html_in, unpack
from chat.extraction.source import Findings, InnerFile, Shape, Source
from chat.extraction.text import encodings, markup, rich_text

BODY, TITLE, DATA, RENDERING, PROPERTIES, ATTACHMENT = 0x800C, 0x8010, 0x800F, 0x9002, 0x9003, 0x9005
RTF, HTML, LONG_NAME = 0x1009, 0x1013, 0x3707
FIXED = {2: 4, 3: 4, 4: 4, 5: 8, 6: 8, 7: 8, 0xA: 4, 0xB: 4, 0x14: 8, 0x40: 8, 0x48: 16}  # bytes
VARIABLE = (0xD, 0x1E, 0x1F, 0x102)
UNICODE, SEVERAL = 0x1F, 0x1000
MOST_PROPERTIES = 5_000


def read(source: Source) -> Findings:
    """Yield the text of the message, and each attachment as a file inside it."""
    bodies, files = dict[int, str](), list[tuple[str, bytes]]()
    try:
        for kind, data in _attributes(source.read_bytes()):
            _take(kind, data, bodies, files)
    except (struct.error, IndexError, ValueError) as error:
        if not (bodies or files):
            raise refusals.damaged(source.name, "winmail.dat") from error
        yield Problem("truncated", (), "The file is damaged: a part of it was not read.")
    yield Shape("application/ms-tnef")
    yield Page("", next((bodies[kind] for kind in (HTML, RTF, BODY) if bodies.get(kind)), ""))
    yield from (InnerFile(name, partial(bytes, data)) for name, data in files if data)


def _attributes(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield number and content of each attribute of the stream."""
    at = 6
    while at + 9 <= len(data):
        _, number, _, size = struct.unpack_from("<BHHI", data, at)
        at += 9
        if at + size > len(data):
            raise ValueError
        yield number, data[at : at + size]
        at += size + 2  # a checksum


def _take(kind: int, data: bytes, bodies: dict[int, str], files: list[tuple[str, bytes]]) -> None:
    if kind == BODY:
        bodies[BODY] = encodings.decode(data.rstrip(b"\x00"))[0]
    elif kind == PROPERTIES:
        for number, value in _properties(data):
            if number == RTF:
                bodies[RTF] = _rich_text(unpack(value))
            elif number == HTML:
                bodies[HTML] = markup.text_of(value)[0]
    elif kind == RENDERING:
        files.append(("attachment", b""))
    elif kind in (TITLE, DATA, ATTACHMENT) and files:
        name, content = files[-1]
        if kind == DATA:
            content = data
        elif kind == TITLE:
            name = encodings.decode(data.rstrip(b"\x00"))[0]
        else:
            names = [value for number, value in _properties(data) if number == LONG_NAME]
            name = encodings.decode(names[0].rstrip(b"\x00"))[0] if names else name
        files[-1] = name, content


def _rich_text(rtf: bytes) -> str:
    html = html_in(rtf)
    return markup.text_of_html(html)[0] if html else rich_text.text_of(rtf)


def _properties(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield number and value of each property of MAPI; text as UTF-8."""
    count, at = struct.unpack_from("<I", data)[0], 4
    for _ in range(min(count, MOST_PROPERTIES)):
        kind, number = struct.unpack_from("<HH", data, at)
        at = _after_name(data, at + 4) if number >= 0x8000 else at + 4
        single, values = kind & ~SEVERAL, 1
        if kind & SEVERAL or single in VARIABLE:
            values, at = struct.unpack_from("<I", data, at)[0], at + 4
        for _ in range(min(values, MOST_PROPERTIES)):
            size = FIXED.get(single, 0)
            if single in VARIABLE:
                size, at = struct.unpack_from("<I", data, at)[0], at + 4
            value, at = data[at : at + size], at + size + -size % 4
            yield number, value.decode("utf-16-le", "replace").encode() if single == UNICODE else value


def _after_name(data: bytes, at: int) -> int:
    """Return the place after the name of a property that has one."""
    (is_text,) = struct.unpack_from("<I", data, at + 16)
    if not is_text:
        return at + 24
    (size,) = struct.unpack_from("<I", data, at + 20)
    return int(at + 24 + size + -size % 4)
