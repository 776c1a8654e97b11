"""Text as it stands: notes, code, data, subtitles; Markdown with its tables as rows. Knows encodings."""

from __future__ import annotations

import re

from chat.documents.document import Page, Problem
from chat.extraction import legibility, refusals
from chat.extraction.source import Findings, Shape, Source
from chat.extraction.text import encodings
from chat.extraction.text.markdown_html import read_markdown

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
ESCAPED = frozenset({"json", "jsonl", "ndjson", "geojson", "properties"})
ESCAPE = re.compile(r"\\(?:u([0-9A-Fa-f]{4})|(.))", re.DOTALL)
SIGNS = {"n": "\n", "t": "\t", "r": "", "/": "/"}
TIMES = re.compile(r"^\s*((?:\d+:)?\d+:\d+)[.,]\d+\s+-->")
# The number above a cue's times; notes, styles, and what stands alone above times as the cue's name.
UNSPOKEN = re.compile(
    r"^\d+[ \t]*\n(?=.*-->)|(?<=\n\n)(?:(?:NOTE|STYLE|REGION)(?=\s).*(?:\n.+)*|.+\n(?=.*-->))", re.MULTILINE
)
SPEAKER = re.compile(r"<v(?:\.[^\s>]*)?\s+([^>\n]{1,80})>")
STYLES = re.compile(r"</?[a-z][^>\n]{0,80}>|<[\d:.]+>|\{\\[^}\n]{0,80}\}", re.IGNORECASE)
CONTROLS = re.compile(r"[\x00-\x08\x0e-\x1a\x1c-\x1f]")
BINARY = "a binary file of a kind that is not known"
BINARY_SHARE = 0.02
GARBLED_SHARE = 0.01
CERTAIN = ("utf-8", "utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be")
SAMPLE_CHARACTERS = 100_000


def read(source: Source) -> Findings:
    """Yield the one page of a text file."""
    data = source.read_bytes()
    if encodings.is_binary(data):
        raise refusals.unsupported(source.name, BINARY)
    text, encoding = encodings.decode(data)
    refuse_binary(text, source.name)
    if not text.strip("\x00 \t\r\n\ufeff"):
        raise refusals.empty(source.name)
    yield Shape(MEDIA_TYPES.get(source.suffix, "text/plain"))
    if source.suffix in ("srt", "vtt") or text.startswith("WEBVTT"):
        text = cues(text)
    elif source.suffix in ("md", "markdown"):
        text = read_markdown(text)
    yield Page("", unescape(text) if source.suffix in ESCAPED else text)
    yield from judge(text, encoding)


def cues(text: str) -> str:
    """Return subtitles as lines of `[start] words`; a speaker's name stays, a cue's own does not."""
    text = UNSPOKEN.sub("", "\n".join(text.splitlines()))
    lines, start = [], ""
    for line in STYLES.sub("", SPEAKER.sub(r"\1: ", text)).split("\n"):
        if match := TIMES.match(line):
            start = f"[{match.group(1)}] "
        elif line.strip():
            lines.append(start + line.strip())
            start = ""
    return "\n".join(lines)


def unescape(text: str) -> str:
    """Return JSON as a person reads it: many programs write every Chinese character as a code."""
    return ESCAPE.sub(_character, text)


def _character(match: re.Match[str]) -> str:
    code, sign = match.groups()
    if code is None:
        return SIGNS.get(sign, match.group())
    character = chr(int(code, 16))
    return character if character >= " " and character not in '"\\' else match.group()


def refuse_binary(text: str, name: str) -> None:
    """Raise UnsupportedFile where decoded bytes are no text."""
    sample = text[:SAMPLE_CHARACTERS]
    if len(CONTROLS.findall(sample)) > len(sample) * BINARY_SHARE:
        raise refusals.unsupported(name, BINARY)


def judge(text: str, encoding: str = "") -> Findings:
    """Yield a problem where a text could not be decoded, or has letters that no author writes together.

    encoding: by which it was decoded; empty where the format decides it, part by part.
    """
    missing = text.count("\ufffd")
    name = encoding or "the file says"
    if missing > len(text) * GARBLED_SHARE:
        yield Problem("garbled", (), f"{missing:,} characters could not be decoded as {name}.")
    elif encoding not in CERTAIN and not text.isascii() and not legibility.judge(text).is_legible:
        yield Problem("garbled", (), f"The encoding is not certain; it was read as {name}.")
