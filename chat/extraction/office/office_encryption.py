"""OLE compound files, as old Office files and encrypted ones are: what is in them, what a password opens.

Nothing is written: what was encrypted is kept in memory.
"""

from __future__ import annotations

import dataclasses
import io

import msoffcrypto  # type: ignore[import-untyped]
import olefile  # type: ignore[import-untyped]

from chat.extraction import refusals
from chat.extraction.source import Source

MAGIC: bytes = olefile.MAGIC
WHAT = "Office file"
EXCELS_OWN = "VelvetSweatshop"  # [MS-OFFCRYPTO] 2.3.5.1


def names(source: Source) -> set[str]:
    """Return the names right under the root, lower case; empty where the file is damaged."""
    try:
        with source.open() as file, olefile.OleFileIO(file) as compound:
            return {path[0].lower() for path in compound.listdir(streams=True, storages=True)}
    except (OSError, ValueError, IndexError):
        return set()


def unlock(source: Source) -> Source:
    """Return the source with what its password opens. Raises PasswordRequired, UnsupportedFile."""
    if source.is_unlocked:  # a lock inside a lock is no file for reading
        raise refusals.damaged(source.name, WHAT)
    if not source.password:
        raise refusals.locked(source.name, wrong=False)
    content = io.BytesIO()
    try:
        with source.open() as file:
            office = msoffcrypto.OfficeFile(file)
            office.load_key(password=source.password, verify_password=True)
            office.decrypt(content)
    except msoffcrypto.exceptions.InvalidKeyError as error:
        raise refusals.locked(source.name, wrong=True) from error
    except Exception as error:  # it leaves a damaged file to whatever breaks first
        raise refusals.locked_for_good(source.name, WHAT) from error
    return dataclasses.replace(source, content=content.getvalue(), is_unlocked=True)


def unlock_old(source: Source) -> bytes:
    """Return the bytes of an old file (doc, ppt, xls), opened with its password where it is locked.

    Excel locks protected workbooks with a password of its own, which it tries before it asks for one.
    """
    data = source.read_bytes()
    try:
        office = msoffcrypto.OfficeFile(io.BytesIO(data))
        if not office.is_encrypted():
            return data
    except Exception:  # as in `unlock`; its reader says what is wrong with it
        return data
    for password in (EXCELS_OWN, source.password):
        if password and (content := _decrypt(data, password)):
            return content
    raise refusals.locked(source.name, wrong=bool(source.password))


def _decrypt(data: bytes, password: str) -> bytes:
    """Return what a password opens; empty where it is another."""
    content = io.BytesIO()
    try:
        office = msoffcrypto.OfficeFile(io.BytesIO(data))
        office.load_key(password=password)
        office.decrypt(content)
    except Exception:  # a wrong password, or a file that breaks it
        return b""
    return content.getvalue()
