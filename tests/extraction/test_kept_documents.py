"""The document that a child keeps open."""

from __future__ import annotations

import os
from pathlib import Path

from chat.extraction.pdf.kept_documents import KeptDocument
from chat.extraction.source import Source


class OpenText:
    """A document that is its text."""

    def __init__(self, source: Source) -> None:
        self.text = source.path.read_text()
        self.is_open = True

    def close(self) -> None:
        self.is_open = False


def put(folder: Path, text: str) -> Source:
    """Put a file in the one place where a child finds all of them, as old and as large as the one before."""
    new = folder / "new"
    new.write_text(text)
    os.utime(new, ns=(1, 1))
    new.rename(folder / "file")
    return Source(folder / "file", "a.txt")


def test_the_same_file_stays_open_and_another_one_in_its_place_does_not(tmp_path: Path) -> None:
    kept = KeptDocument(OpenText)
    source = put(tmp_path, "one")
    first = kept.get(source)
    os.link(source.path, tmp_path / "again")
    (tmp_path / "again").rename(source.path)
    assert kept.get(source) is first
    second = kept.get(put(tmp_path, "two"))
    assert (first.is_open, second.text) == (False, "two")
