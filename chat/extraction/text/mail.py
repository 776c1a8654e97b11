"""E-mail (eml): the headers that a reader sees, the text, and the names of what is attached."""

from __future__ import annotations

import email
from collections.abc import Iterator
from email import policy
from email.message import EmailMessage

from chat.documents.document import Page, Problem
from chat.extraction.source import Findings, Shape, Source
from chat.extraction.text import encodings, markup

HEADERS = ("Subject", "From", "To", "Cc", "Date")
DEPTH = 5
PARTS = 500


def read(source: Source) -> Findings:
    """Yield the one page of a message."""
    message = email.message_from_bytes(source.path.read_bytes(), policy=policy.default)
    yield Shape("message/rfc822")
    unread: list[str] = []
    yield Page("", "\n".join(_lines(message, unread, DEPTH)), _header(message, "Subject"))
    if unread:
        yield Problem("embedded", (), "Not read: " + ", ".join(unread)[:500])


def _lines(message: EmailMessage, unread: list[str], depth: int) -> Iterator[str]:
    yield from (f"{name}: {value}" for name in HEADERS if (value := _header(message, name)))
    yield ""
    if depth:
        yield from _parts(message, unread, depth)


def _parts(message: EmailMessage, unread: list[str], depth: int) -> Iterator[str]:
    kind = message.get_content_type()
    if kind == "message/rfc822":
        for inner in message.iter_parts() if message.is_multipart() else ():
            yield from _lines(inner, unread, depth - 1)  # type: ignore[arg-type]
    elif kind == "multipart/alternative":
        yield from _alternative(message, unread, depth)
    elif message.is_multipart():
        for part, _ in zip(message.iter_parts(), range(PARTS), strict=False):
            yield from _parts(part, unread, depth)  # type: ignore[arg-type]
    elif kind == "text/html":
        yield markup.text_of_html(_text(message))[0]
    elif message.get_content_maintype() == "text":
        yield _text(message)
    else:
        unread.append(message.get_filename() or kind)


def _alternative(message: EmailMessage, unread: list[str], depth: int) -> Iterator[str]:
    parts = [part for part in message.iter_parts() if isinstance(part, EmailMessage)]
    plain = [part for part in parts if part.get_content_type() == "text/plain" and _text(part).strip()]
    for part in plain[:1] or parts[-1:]:
        yield from _parts(part, unread, depth)


def _text(part: EmailMessage) -> str:
    data = part.get_payload(decode=True)
    return encodings.decode(data, part.get_content_charset() or "")[0] if isinstance(data, bytes) else ""


def _header(message: EmailMessage, name: str) -> str:
    try:
        return " ".join(str(message.get(name, "")).split())
    except Exception:  # the parser of headers meets damaged ones in many ways
        return ""
