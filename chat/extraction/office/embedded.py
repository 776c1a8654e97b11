"""Files and pictures inside an Office file: what can be read as a part of its own, and what is told."""

from __future__ import annotations

import io
import struct
from collections.abc import Iterable, Iterator
from functools import partial
from posixpath import basename

import olefile  # type: ignore[import-untyped]

from chat.documents.document import Problem
from chat.errors import AttachmentError
from chat.extraction.office.package import Package, Relation
from chat.extraction.source import InnerFile

OBJECTS = 300
DOCUMENTS = ("WordDocument", "Workbook", "Book", "PowerPoint Document", "__properties_version1.0")
WRAPPED = ("Package", "CONTENTS", "EmbeddedOdf")  # streams that are a whole file
NATIVE = "\x01Ole10Native"


def inner_files(package: Package, relations: Iterable[Relation]) -> Iterator[InnerFile]:
    """Yield the files that a part of a package holds; links to files outside are none."""
    for relation in list(relations)[:OBJECTS]:
        if relation.is_outside or relation.kind not in ("package", "aFChunk", "oleObject"):
            continue
        name = basename(relation.target)
        if relation.kind != "oleObject":
            yield InnerFile(name, partial(package.archive.read, relation.target))
            continue
        try:
            data = package.archive.read(relation.target)
        except AttachmentError:
            data = b""
        yield unwrap(data, name)


def picture_problem(relations: Iterable[Relation], pages: tuple[str, ...] = ()) -> Iterator[Problem]:
    """Yield a problem where there are pictures: their text is not read."""
    pictures = sum(relation.kind == "image" for relation in relations)
    if pictures:
        yield Problem(
            "embedded", pages, f"Not read: {pictures} pictures." if not pages else "Pictures were not read."
        )


def unwrap(data: bytes, name: str) -> InnerFile:
    """Return the file that an embedded object (OLE) wraps; the object as it is where it is one itself."""
    if not data.startswith(olefile.MAGIC):
        return InnerFile(name, partial(bytes, data))
    try:
        with olefile.OleFileIO(io.BytesIO(data)) as compound:
            for stream in WRAPPED:
                if compound.exists(stream):
                    return InnerFile(name, partial(bytes, compound.openstream(stream).read()))
            if compound.exists(NATIVE) and not any(map(compound.exists, DOCUMENTS)):
                return _native(compound.openstream(NATIVE).read(), name)
    except (OSError, ValueError, IndexError, struct.error):
        pass
    return InnerFile(name, partial(bytes, data))


def _native(data: bytes, name: str) -> InnerFile:
    """Return the file that was dropped into a document ([MS-OLEDS] 2.3.6)."""
    label_end = data.index(b"\x00", 6)
    file_end = data.index(b"\x00", label_end + 1)
    (path_length,) = struct.unpack_from("<I", data, file_end + 5)
    at = file_end + 9 + path_length
    (size,) = struct.unpack_from("<I", data, at)
    shown = data[6:label_end].decode("cp1252", "replace")
    return InnerFile(shown or name, partial(bytes, data[at + 4 : at + 4 + size]))
