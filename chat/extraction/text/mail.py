"""E-mail (eml) and mailboxes (mbox): the headers that a reader sees, the text, and what is attached."""

from __future__ import annotations

import email
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from email import policy
from email.message import EmailMessage
from functools import partial

from chat.documents.document import Page, Problem
from chat.extraction.source import Findings, InnerFile, Shape, Source
from chat.extraction.text import encodings, markup, plain
from chat.extraction.text.cards import read_cards

HEADERS = ("Subject", "From", "To", "Cc", "Date")
CALENDAR = "text/calendar"
OF_PAGES = ("text/css", "text/javascript", "application/javascript")  # of a page that was saved whole
UNNAMED = ("", "us-ascii", "ascii")
DEPTH = 5
PARTS = 500
MESSAGES = 5_000
SHARED_WORDS = 0.3  # of an HTML part that stand in the plain one, where both say the same
WORD = re.compile(r"\w{2,}")
POSTMARK = re.compile(rb"(?:\A|\r?\n\r?\n)(From \S{1,300} [^\r\n]{0,80}\d{4}[^\r\n]{0,80}\r?\n)(?=[\w-]+:)")
QUOTED_POSTMARK = re.compile(rb"^>(?=>*From )", re.MULTILINE)
# Senders name the subset and use the whole.
SUBSETS = re.compile(rb"=\?(gb2312|gbk|ks_c_5601-1987|euc-kr|shift_jis)\?", re.IGNORECASE)
SUPERSETS = {b"gb2312": b"gb18030", b"gbk": b"gb18030", b"shift_jis": b"cp932"}


@dataclass
class _Attached:
    """files: to be read as parts of their own. unread: what has no content to read.

    calendars: that stand in the text; they are often attached as well.
    """

    files: list[InnerFile] = field(default_factory=list)
    unread: list[str] = field(default_factory=list)
    calendars: set[str] = field(default_factory=set)


def read(source: Source) -> Findings:
    """Yield the one page of a message, or a page for each message of a mailbox; then what is attached."""
    data = _as_bytes(source.read_bytes())
    messages = list(_split(data))[:MESSAGES]
    is_box = len(messages) > 1
    yield Shape("application/mbox", "message", len(messages)) if is_box else Shape("message/rfc822")
    attached = _Attached()
    for number, one in enumerate(messages, 1):
        message = email.message_from_bytes(_with_known_charsets(one), policy=policy.default)
        label = str(number) if is_box else ""
        text = "\n".join(_lines(message, attached, DEPTH))
        yield Page(label, text, _header(message, "Subject"))
        yield from plain.judge(text)
    yield from attached.files
    if attached.unread:
        yield Problem("embedded", (), "Not read: " + ", ".join(attached.unread)[:500])


def _as_bytes(data: bytes) -> bytes:
    """Return a message in bytes: some programs save one in UTF-16."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\x00" in data[:200]:
        return encodings.decode(data)[0].encode()
    return data.removeprefix(b"\xef\xbb\xbf")


def _split(data: bytes) -> Iterator[bytes]:
    """Yield the messages of a mailbox (RFC 4155); a message alone as it is."""
    marks = list(POSTMARK.finditer(data))
    if not marks or data[: marks[0].start(1)].strip():
        yield data
        return
    for at, mark in enumerate(marks):
        end = marks[at + 1].start(1) if at + 1 < len(marks) else len(data)
        yield QUOTED_POSTMARK.sub(b"", data[mark.end(1) : end])


def _with_known_charsets(data: bytes) -> bytes:
    """Return a message whose headers name encodings as they are used, and have no bytes but UTF-8."""
    end = re.search(rb"\r?\n\r?\n", data)
    head = data[: end.start()] if end else data
    rest = data[len(head) :]
    if not encodings.is_utf8(head):  # a program of old wrote its own encoding: the text is in it, too
        head = head.decode(encodings.detect(data[:20_000]), "replace").encode()
    return SUBSETS.sub(_superset, head + rest)


def _superset(found: re.Match[bytes]) -> bytes:
    return b"=?" + SUPERSETS.get(found.group(1).lower(), b"cp949") + b"?"


def _lines(message: EmailMessage, attached: _Attached, depth: int) -> Iterator[str]:
    yield from (f"{name}: {value}" for name in HEADERS if (value := _header(message, name)))
    yield ""
    if depth:
        yield from _parts(message, attached, depth)


def _parts(message: EmailMessage, attached: _Attached, depth: int) -> Iterator[str]:
    kind = message.get_content_type()
    if kind == "message/rfc822":
        for inner in message.iter_parts() if message.is_multipart() else ():
            yield from _lines(inner, attached, depth - 1)  # type: ignore[arg-type]
    elif kind == "multipart/alternative":
        yield from _alternative(message, attached, depth)
    elif message.is_multipart():
        for part, _ in zip(message.iter_parts(), range(PARTS), strict=False):
            yield from _parts(part, attached, depth)  # type: ignore[arg-type]
    elif kind in OF_PAGES:
        return
    elif message.get_content_maintype() != "text" or message.get_content_disposition() == "attachment":
        _attach(message, kind, attached)
    elif kind == CALENDAR:
        yield from _calendar(message, attached)
    elif kind == "text/html":
        yield markup.text_of_html(_text(message, markup.charset_of))[0]
    elif str(message.get_param("format", "")).lower() == "flowed":
        yield "\n".join(_flow(_text(message), str(message.get_param("delsp", "")).lower() == "yes"))
    else:
        yield _text(message)


def _flow(text: str, drops_space: bool) -> Iterator[str]:
    """Yield the lines of a text as they were written: a space at its end joins one to the next (RFC 3676)."""
    joined, depth = "", 0
    for line in text.splitlines():
        body = line.lstrip(">")
        marks, body = len(line) - len(body), body.removeprefix(" ")
        if joined and (marks != depth or body == "-- "):
            yield joined
            joined = ""
        joined, depth = joined + body if joined else (f"{line[:marks]} " if marks else "") + body, marks
        if body.endswith(" ") and body != "-- ":
            joined = joined[: -1 if drops_space else None]
        else:
            yield joined
            joined = ""
    if joined:
        yield joined


def _attach(part: EmailMessage, kind: str, attached: _Attached) -> None:
    name = _filename(part) or kind
    data = part.get_payload(decode=True)
    if kind in (CALENDAR, "application/ics") and _text(part).strip() in attached.calendars:
        return
    if isinstance(data, bytes) and data:
        attached.files.append(InnerFile(name, partial(bytes, data)))
    else:
        attached.unread.append(name)


def _calendar(part: EmailMessage, attached: _Attached) -> Iterator[str]:
    """Yield the lines of an invitation."""
    text = _text(part)
    attached.calendars.add(text.strip())
    yield from ("", *read_cards(text)[0])


def _alternative(message: EmailMessage, attached: _Attached, depth: int) -> Iterator[str]:
    """Yield the plain part, unless it has few of the words of the HTML part."""
    parts = [part for part in message.iter_parts() if isinstance(part, EmailMessage)]
    simple = next((p for p in parts if p.get_content_type() == "text/plain" and _text(p).strip()), None)
    calendars = [part for part in parts if part.get_content_type() == CALENDAR]
    rich = [part for part in parts if part.get_content_type() not in ("text/plain", CALENDAR)]
    rich.sort(key=lambda part: part.get_content_type() == "text/html" or part.is_multipart())
    whole = list(_parts(rich[-1], attached, depth)) if rich else []
    if simple is not None:
        said, wanted = set(WORD.findall(_text(simple))), set(WORD.findall("\n".join(whole)))
        if not wanted or len(said & wanted) >= len(wanted) * SHARED_WORDS:
            whole = list(_parts(simple, attached, depth))
    yield from whole
    for calendar in calendars:
        yield from _calendar(calendar, attached)


def _text(part: EmailMessage, charset_of: Callable[[bytes], str] = lambda _: "") -> str:
    """Return the text of a part. charset_of: finds the encoding in the text, where the headers name none."""
    data = part.get_payload(decode=True)
    if not isinstance(data, bytes):
        return ""
    declared = part.get_content_charset() or ""
    return encodings.decode(data, declared if declared not in UNNAMED else charset_of(data))[0]


def _filename(part: EmailMessage) -> str:
    try:
        return part.get_filename() or ""
    except Exception:  # as below
        return ""


def _header(message: EmailMessage, name: str) -> str:
    try:
        return " ".join(str(message.get(name, "")).split())
    except Exception:  # the parser of headers meets damaged ones in many ways
        return ""
