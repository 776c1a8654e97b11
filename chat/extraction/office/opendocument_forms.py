"""Rare forms of OpenDocument files become the usual one, a zip of parts whose cells have types."""

from __future__ import annotations

import dataclasses
import io
import re
import zipfile

from chat.errors import AttachmentError
from chat.extraction.office.archive import Archive
from chat.extraction.source import Source

SPREADSHEET = "application/vnd.oasis.opendocument.spreadsheet"
# Its reader takes a cell without a type for an empty one; programs show its text.
_UNTYPED = re.compile(
    rb"<((?:[\w.-]{1,20}:)?table-cell)((?:\s(?![^<>]{0,400}value-type)[^<>]{0,400})?)(?<!/)>(?=\s*<(?:[\w.-]{1,20}:)?p\b)"
)


def pack(source: Source, content: bytes, media_type: str) -> Source:
    """Return a document that is one file of XML (fods, fodt) as a zip with this content."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("mimetype", media_type)
        archive.writestr("META-INF/manifest.xml", "<manifest/>")
        archive.writestr("content.xml", content)
    return dataclasses.replace(source, content=packed.getvalue())


def with_typed_cells(source: Source) -> Source:
    """Return a spreadsheet whose cells with text and no type are words."""
    try:
        content = Archive(source, "spreadsheet").read("content.xml")
    except AttachmentError:
        return source
    typed, count = _UNTYPED.subn(rb'<\1 office:value-type="string"\2>', content)
    return pack(source, typed, SPREADSHEET) if count else source
