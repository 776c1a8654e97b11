"""A zip archive: the files in it. Each is read as a part of its own, by chat.extraction.inner_files."""

from __future__ import annotations

import zipfile
from collections.abc import Iterable
from functools import partial

from chat.extraction import refusals
from chat.extraction.office.archive import Archive
from chat.extraction.source import Findings, InnerFile, Shape, Source
from chat.extraction.text import encodings

WHAT = "zip archive"
MEDIA_TYPE = "application/zip"
UTF8_NAME, LOCKED = 0x800, 0x1
LEFT_BY_SYSTEMS = ("__MACOSX/", ".DS_Store", "Thumbs.db", "desktop.ini")


def read(source: Source) -> Findings:
    """Yield the files of an archive in the order of their names."""
    archive = Archive(source, WHAT)
    members = [info for info in archive.names.values() if not info.is_dir() and not _is_left(info.filename)]
    if not members:
        raise refusals.empty(source.name)
    if not source.password and all(info.flag_bits & LOCKED for info in members):
        raise refusals.locked(source.name, wrong=False)
    yield Shape(MEDIA_TYPE, "file")
    encoding = _names_encoding(members)
    for info in sorted(members, key=lambda info: info.filename):
        yield InnerFile(_name(info, encoding), partial(archive.read, info.filename))


def _is_left(name: str) -> bool:
    return name.startswith(LEFT_BY_SYSTEMS[0]) or name.rpartition("/")[2] in LEFT_BY_SYSTEMS


def _names_encoding(members: Iterable[zipfile.ZipInfo]) -> str:
    """Return the encoding of names that do not say theirs: programs of East Asia write their own."""
    raw = b"\n".join(
        info.filename.encode("cp437", "replace") for info in members if not info.flag_bits & UTF8_NAME
    )
    return "" if raw.isascii() else encodings.detect(raw)


def _name(info: zipfile.ZipInfo, encoding: str) -> str:
    if not encoding or info.flag_bits & UTF8_NAME:
        return info.filename
    return info.filename.encode("cp437", "replace").decode(encoding, "replace")
