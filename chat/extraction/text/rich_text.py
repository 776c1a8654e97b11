"""RTF: its text and tables; then notes, headers, comments and text boxes, which stand in the middle of it."""

from __future__ import annotations

import re

from striprtf.striprtf import rtf_to_text

from chat.documents.document import Page
from chat.extraction.source import Findings, Shape, Source
from chat.extraction.text.rtf_tables import mark_rows, write_rows

ASIDE = re.compile(
    r"\{\\(?:\*\\)?(?:(?P<kept>footnote|header[flr]?|footer[flr]?|annotation|shptxt)"
    r"|pict|shppict|nonshppict|objdata|themedata|datastore|fontemb)(?![a-z])"
)
BRACE = re.compile(r"\\[{}\\]|[{}]")


def read(source: Source) -> Findings:
    """Yield the one page of an RTF file."""
    text = text_of(source.read_bytes())
    yield Shape("application/rtf")
    yield Page("", text)


def text_of(rtf: bytes) -> str:
    """Return the text of RTF, which is ASCII with escapes in the code page that it names."""
    marked = mark_rows(put_asides_last(rtf.decode("latin-1")))
    return write_rows(rtf_to_text(marked, errors="replace"))  # type: ignore[no-untyped-call]


def put_asides_last(rtf: str) -> str:
    """Return RTF whose notes and the like are paragraphs at its end, without pictures and other data."""
    body, asides, at = list[str](), list[str](), 0
    for found in ASIDE.finditer(rtf):
        if found.start() < at:  # inside another
            continue
        end = _end_of_group(rtf, found.start())
        body += rtf[at : found.start()], "{}"  # which ends a word of RTF before it, as the group did
        if found["kept"]:
            asides.append("{\\par" + rtf[found.end() : end])
        at = end
    whole = "".join([*body, rtf[at:]]).rstrip("\x00 \r\n")
    return f"{whole.removesuffix('}')}{''.join(asides)}}}"


def _end_of_group(rtf: str, start: int) -> int:
    """Return where the group that begins at `start` ends: the end of the text where it does not."""
    depth = 0
    for brace in BRACE.finditer(rtf, start):
        depth += {"{": 1, "}": -1}.get(brace.group(), 0)
        if not depth:
            return brace.end()
    return len(rtf)
