"""RTF: its text and tables; then notes, headers, comments and text boxes, which stand in the middle of it."""

from __future__ import annotations

import re

from striprtf.striprtf import rtf_to_text

from chat.documents.document import Page, Problem
from chat.extraction.office.word_asides import Asides
from chat.extraction.raised import write_raised
from chat.extraction.source import Findings, Shape, Source
from chat.extraction.text.rtf_runs import mark_runs, show_buttons, take_deleted, take_hidden, write_links
from chat.extraction.text.rtf_tables import mark_rows, write_rows

HIDDEN = "Text that the program hides was read too."
ASIDE = re.compile(
    r"\{\\(?:\*\\)?(?:(?P<kept>footnote|header[flr]?|footer[flr]?|annotation|shptxt"
    r"|sp\{\\sn gtextUNICODE\}\{\\sv)"  # the words of a shape
    r"|pict|shppict|nonshppict|objdata|themedata|datastore|fontemb)(?![a-z])"
)
RAW = re.compile(r"[\x80-\xff]")  # letters that should be escaped: they are in the code page, too
LIST_NUMBER, OLD_LIST_NUMBER = "{\\listtext", "{\\pntext"
BRACE = re.compile(r"\\[{}\\]|[{}]")


def read(source: Source) -> Findings:
    """Yield the one page of an RTF file."""
    text, has_hidden = _text_of(source.read_bytes())
    yield Shape("application/rtf")
    yield Page("", text)
    if has_hidden:
        yield Problem("hidden", (), HIDDEN)


def text_of(rtf: bytes) -> str:
    """Return the text of RTF, which is ASCII with escapes in the code page that it names."""
    return _text_of(rtf)[0]


def _text_of(rtf: bytes) -> tuple[str, bool]:
    """Return the text, and whether some of it is hidden."""
    escaped = RAW.sub(lambda found: f"\\'{ord(found[0]):02x}", put_asides_last(rtf.decode("latin-1")))
    if LIST_NUMBER not in escaped:
        escaped = escaped.replace(OLD_LIST_NUMBER, LIST_NUMBER)  # which the library leaves out
    marked = mark_rows(mark_runs(write_links(show_buttons(escaped))))
    plain = rtf_to_text(marked, errors="replace")  # type: ignore[no-untyped-call]
    text, deleted = take_deleted(plain)
    text, has_hidden = take_hidden(text)
    changes = Asides()
    for words in deleted:
        changes.change("", "deleted", words)
    lines = [*map(write_raised, write_rows(text).split("\n")), *changes.change_lines()]
    return "\n".join(lines), has_hidden


def put_asides_last(rtf: str) -> str:
    """Return RTF whose notes and the like are paragraphs at its end, without pictures and other data."""
    body, asides, at, number = list[str](), list[str](), 0, 0
    shared = set[str]()  # headers and footers, which each section repeats
    for found in ASIDE.finditer(rtf):
        if found.start() < at:  # inside another
            continue
        end = _end_of_group(rtf, found.start())
        body += rtf[at : found.start()], "{}"  # which ends a word of RTF before it, as the group did
        if found["kept"]:
            aside = rtf[found.end() : end]
            if found["kept"] == "footnote":
                number += 1
                body.append(f"{{[^{number}]}}")
                aside = f" [^{number}] {aside.lstrip(' ')}"
            opened = "{" * (found.group().count("{") - found.group().count("}"))
            aside = f"{opened}\\par{aside}"
            is_shared = found["kept"].startswith(("header", "footer"))
            if not is_shared or aside not in shared:
                asides.append(aside)
            if is_shared:
                shared.add(aside)
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
