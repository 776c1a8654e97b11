"""Text as it stands: notes, Markdown, code, tables, data, subtitles. Knows encodings, no mark-up."""

from __future__ import annotations

import re

from chat.documents import Page, Problem
from chat.extraction import encodings, refusals
from chat.extraction.source import Findings, Shape, Source

MEDIA_TYPES = {
    "csv": "text/csv",
    "tsv": "text/tab-separated-values",
    "json": "application/json",
    "jsonl": "application/jsonl",
    "md": "text/markdown",
    "markdown": "text/markdown",
    "rst": "text/x-rst",
    "srt": "application/x-subrip",
    "tex": "application/x-tex",
    "vtt": "text/vtt",
    "xml": "application/xml",
    "svg": "application/xml",
}
TIMES = re.compile(r"^\s*((?:\d+:)?\d+:\d+)[.,]\d+\s+-->")
CONTROLS = re.compile(r"[\x00-\x08\x0e-\x1a\x1c-\x1f]")
BINARY = "a binary file of a kind that is not known"
BINARY_SHARE = 0.02
GARBLED_SHARE = 0.01
SAMPLE_CHARACTERS = 100_000


def read(source: Source) -> Findings:
    """Yield the one page of a text file."""
    data = source.path.read_bytes()
    if encodings.is_binary(data):
        raise refusals.unsupported(source.name, BINARY)
    text, encoding = encodings.decode(data)
    refuse_binary(text, source.name)
    if not text.strip("\x00 \t\r\n\ufeff"):
        raise refusals.empty(source.name)
    yield Shape(MEDIA_TYPES.get(source.suffix, "text/plain"))
    yield Page("", cues(text) if source.suffix in ("srt", "vtt") or text.startswith("WEBVTT") else text)
    yield from judge(text, encoding)


def cues(text: str) -> str:
    """Return subtitles as lines of `[start] words`."""
    lines, start = [], ""
    for line in text.splitlines():
        if match := TIMES.match(line):
            start = f"[{match.group(1)}] "
        elif line.strip() and not (line.strip().isdigit() and not start):
            lines.append(start + line)
            start = ""
    return "\n".join(lines)


def refuse_binary(text: str, name: str) -> None:
    """Raise UnsupportedFile where decoded bytes are no text."""
    sample = text[:SAMPLE_CHARACTERS]
    if len(CONTROLS.findall(sample)) > len(sample) * BINARY_SHARE:
        raise refusals.unsupported(name, BINARY)


def judge(text: str, encoding: str) -> Findings:
    """Yield a problem where much of the text could not be decoded."""
    missing = text.count("\ufffd")
    if missing > len(text) * GARBLED_SHARE:
        yield Problem("garbled", (), f"{missing:,} characters could not be decoded as {encoding}.")
