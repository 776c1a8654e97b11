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


def names(source: Source) -> set[str]:
    """Return the names right under the root, lower case; empty where the file is damaged."""
    try:
        with source.open() as file, olefile.OleFileIO(file) as compound:
            return {path[0].lower() for path in compound.listdir(streams=True, storages=True)}
    except (OSError, ValueError, IndexError):
        return set()


def unlock(source: Source) -> Source:
    """Return the source with what its password opens. Raises PasswordRequired, UnsupportedFile."""
    if source.content is not None:  # a lock inside a lock is made by nobody who wants it read
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
    return dataclasses.replace(source, content=content.getvalue())
