"""A zip file that is not trusted: its directory is checked before anything in it is unpacked.

Members are read by name into memory, each within a bound; nothing is ever written to a path.
"""

from __future__ import annotations

import posixpath
import zipfile
import zlib
from lzma import LZMAError

from chat.extraction import refusals
from chat.extraction.reader_limits import MEGABYTE
from chat.extraction.source import Source

MEMBERS = 20_000
MEMBER_BYTES = 60 * MEGABYTE
TOTAL_BYTES = 200 * MEGABYTE
BROKEN = (
    zipfile.BadZipFile,
    zlib.error,
    LZMAError,
    EOFError,
    NotImplementedError,
    OSError,
    ValueError,
    KeyError,
)


class Archive:
    """An open zip file. Raises UnreadableFile where it is damaged or would unpack to too much."""

    def __init__(self, source: Source, what: str) -> None:
        self._name, self._what, self._read_bytes = source.name, what, 0
        self._password = source.password
        try:
            self._zip = zipfile.ZipFile(source.path if source.content is None else source.open())
        except BROKEN as error:
            raise refusals.damaged(source.name, what) from error
        if len(self._zip.infolist()) > MEMBERS:
            raise refusals.damaged(source.name, what)
        self.names = {info.filename: info for info in self._zip.infolist()}

    def has(self, name: str) -> bool:
        """Whether there is a member of this name."""
        return name in self.names

    def under(self, folder: str, suffix: str = ".xml") -> list[str]:
        """Return the members right in a folder, in the order of their names, numbers by value."""
        found = [
            name
            for name in self.names
            if posixpath.dirname(name) == folder.rstrip("/") and name.endswith(suffix)
        ]
        return sorted(found, key=lambda name: (len(name), name))

    def read(self, name: str) -> bytes:
        """Return the bytes of a member; empty where there is none of this name."""
        info = self.names.get(name)
        if info is None:
            return b""
        if info.flag_bits & 1 and not self._password:
            raise refusals.locked(self._name, wrong=False)
        if info.file_size > MEMBER_BYTES:
            raise refusals.unpacks_too_large(self._name, MEMBER_BYTES)
        try:
            with self._zip.open(info, pwd=self._key(info)) as member:
                data = member.read(MEMBER_BYTES + 1)
        except RuntimeError as error:
            if isinstance(error, NotImplementedError):  # AES, or a compression that is not known
                raise refusals.unsupported(self._name, f"a {self._what} packed in a rare way") from error
            raise refusals.locked(self._name, wrong=True) from error
        except BROKEN as error:
            raise refusals.damaged(self._name, self._what) from error
        self._read_bytes += len(data)
        if len(data) > MEMBER_BYTES or self._read_bytes > TOTAL_BYTES:
            raise refusals.unpacks_too_large(self._name, MEMBER_BYTES)
        return data

    def _key(self, info: zipfile.ZipInfo) -> bytes | None:
        return self._password.encode() if info.flag_bits & 1 and self._password else None


def resolve(base: str, target: str) -> str:
    """Return the member that `target` names from within the member `base`. A name, never a path on disk."""
    joined = target if target.startswith("/") else posixpath.join(posixpath.dirname(base), target)
    return posixpath.normpath(joined).lstrip("/")
