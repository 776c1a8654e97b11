"""RTF."""

from __future__ import annotations

from striprtf.striprtf import rtf_to_text

from chat.documents import Page
from chat.extraction.source import Findings, Shape, Source


def read(source: Source) -> Findings:
    """Yield the one page of an RTF file."""
    # RTF is ASCII with escapes, to which the reader applies the file's code page.
    text: str = rtf_to_text(source.path.read_bytes().decode("latin-1"), errors="replace")  # type: ignore[no-untyped-call]
    yield Shape("application/rtf")
    yield Page("", text)
