"""Which reader a file needs. The content decides; the suffix is a hint between kinds of text alone."""

from __future__ import annotations

import importlib

from chat.extraction import plain, refusals
from chat.extraction.source import Reader, Source

HEAD_BYTES = 8_192
WARM = ("pdf",)


def recognise(source: Source) -> Reader:
    """Return the reader for what the file holds; raise UnsupportedFile where there is none."""
    with source.path.open("rb") as file:
        head = file.read(HEAD_BYTES)
    if not head:
        raise refusals.empty(source.name)
    if b"%PDF-" in head[:1024]:
        return _reader("pdf")
    return plain.read


def load_readers() -> None:
    """Import the readers that most files need, so that the first file does not wait for it."""
    for name in WARM:
        _reader(name)


def _reader(module: str) -> Reader:
    reader: Reader = importlib.import_module(f"chat.extraction.{module}").read
    return reader
