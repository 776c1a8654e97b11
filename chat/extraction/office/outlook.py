"""Outlook messages (msg): headers, text, what is attached, messages inside the message (MS-OXMSG).

Properties are streams named by tag and type. Texts of old messages are in the code page that the message
names. The body is plain text, HTML, or RTF that is packed (MS-OXRTFCP) and may hold HTML (MS-OXRTFEX).
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import partial

import olefile  # type: ignore[import-untyped]

from chat.documents.document import Page, Problem
from chat.extraction import refusals
from chat.extraction.office.packed_rtf import html_in, unpack
from chat.extraction.source import Findings, InnerFile, Shape, Source
from chat.extraction.text import encodings, markup, plain, rich_text

MEDIA_TYPE = "application/vnd.ms-outlook"
WHAT = "Outlook message"
STREAM_BYTES = 60_000_000
DEPTH = 3
ATTACHMENTS, RECIPIENTS = 200, 2_000
SUBJECT, BODY, HTML, RTF = 0x0037, 0x1000, 0x1013, 0x1009
SENDER, SENDER_ADDRESS, SENDER_SMTP, SENT_FOR = 0x0C1A, 0x0C1F, 0x5D01, 0x0042
SENT, DELIVERED = 0x0039, 0x0E06
MESSAGE_PAGE, INTERNET_PAGE = 0x3FFD, 0x3FDE
SHOWN_TO, SHOWN_CC = 0x0E04, 0x0E03
RECIPIENT_KIND, RECIPIENT, RECIPIENT_ADDRESS, RECIPIENT_SMTP = 0x0C15, 0x3001, 0x3003, 0x39FE
NAME, LONG_NAME, DATA, METHOD = 0x3704, 0x3707, 0x3701, 0x3705
INSIDE = "__substg1.0_3701000D"  # the storage of an attachment that is a message or an object
EMBEDDED_MESSAGE = 5
TO_KINDS = {1: "To", 2: "Cc", 3: "Bcc"}
CODEPAGES = {  # of Windows, where Python has no codec of that number
    65001: "utf-8", 20127: "ascii", 28591: "iso8859-1", 936: "gb18030", 54936: "gb18030", 20932: "euc_jp",
    51949: "cp949", 50220: "iso2022_jp",
}  # fmt: skip
EPOCH = datetime(1601, 1, 1, tzinfo=UTC)
Folder = tuple[str, ...]


class _Properties:
    """The properties of a message, a recipient or an attachment: the streams of one folder."""

    def __init__(
        self, compound: olefile.OleFileIO, folder: Folder, head_bytes: int, encoding: str = ""
    ) -> None:
        self._compound, self._folder = compound, folder
        self._fixed = dict(self._fixed_properties(head_bytes))
        page = self.number(INTERNET_PAGE) or self.number(MESSAGE_PAGE)
        own = self.number(MESSAGE_PAGE) or self.number(INTERNET_PAGE)
        self.encoding = _codec(own) or encoding
        self.body_encoding = _codec(page) or self.encoding

    def _fixed_properties(self, head_bytes: int) -> Iterator[tuple[int, bytes]]:
        table = self._stream("__properties_version1.0")
        for at in range(head_bytes, len(table) - 15, 16):
            (tag,) = struct.unpack_from("<I", table, at)
            yield tag >> 16, table[at + 8 : at + 16]

    def _stream(self, name: str) -> bytes:
        path = [*self._folder, name]
        if not self._compound.exists(path) or self._compound.get_size(path) > STREAM_BYTES:
            return b""
        with self._compound.openstream(path) as stream:
            data: bytes = stream.read()
        return data

    def number(self, tag: int) -> int:
        """Return a number of 32 bits; 0 where there is none."""
        value = self._fixed.get(tag, b"")
        return int(struct.unpack_from("<I", value)[0]) if len(value) >= 4 else 0

    def time(self, tag: int) -> datetime | None:
        """Return a time, in UTC."""
        value = self._fixed.get(tag, b"")
        ticks = struct.unpack("<Q", value)[0] if len(value) == 8 else 0
        try:
            return EPOCH + timedelta(microseconds=ticks // 10) if ticks else None
        except OverflowError:
            return None

    def binary(self, tag: int) -> bytes:
        """Return bytes."""
        return self._stream(f"__substg1.0_{tag:04X}0102")

    def text(self, tag: int, *, is_body: bool = False) -> str:
        """Return a text, whichever of its two forms is there."""
        wide = self._stream(f"__substg1.0_{tag:04X}001F")
        if wide:
            return wide.decode("utf-16-le", "replace").rstrip("\x00")
        narrow = self._stream(f"__substg1.0_{tag:04X}001E").rstrip(b"\x00")
        declared = self.body_encoding if is_body else self.encoding
        return encodings.decode(narrow, declared)[0] if narrow else ""


def read(source: Source) -> Findings:
    """Yield the one page of a message, then what is attached."""
    try:
        compound = olefile.OleFileIO(source.read_bytes())
    except (OSError, ValueError, IndexError, struct.error) as error:
        raise refusals.damaged(source.name, WHAT) from error
    attached: list[InnerFile] = []
    unread: list[str] = []
    yield Shape(MEDIA_TYPE)
    try:
        lines = list(_message(compound, (), attached, unread, DEPTH))
        subject = " ".join(_Properties(compound, (), 32).text(SUBJECT).split())
    except (OSError, ValueError, IndexError, struct.error) as error:
        raise refusals.damaged(source.name, WHAT) from error
    text = "\n".join(lines)
    yield Page("", text, subject)
    yield from plain.judge(text)
    yield from attached
    if unread:
        yield Problem("embedded", (), "Not read: " + ", ".join(unread)[:500])


def _message(
    compound: olefile.OleFileIO, folder: Folder, attached: list[InnerFile], unread: list[str], depth: int
) -> Iterator[str]:
    properties = _Properties(compound, folder, 24 if folder else 32)
    yield from _headers(compound, folder, properties)
    yield ""
    yield _body(properties)
    for place in _storages(compound, folder, "__attach_version1.0_")[:ATTACHMENTS]:
        attachment = _Properties(compound, place, 8, properties.encoding)
        name = attachment.text(LONG_NAME) or attachment.text(NAME) or attachment.text(RECIPIENT) or "unnamed"
        inside = (*place, INSIDE)
        if data := attachment.binary(DATA):
            attached.append(InnerFile(name, partial(bytes, data)))
        elif depth and attachment.number(METHOD) == EMBEDDED_MESSAGE and compound.exists(list(inside)):
            yield f"Attached message: {name}"
            yield from _message(compound, inside, attached, unread, depth - 1)
        else:
            unread.append(name)


def _headers(compound: olefile.OleFileIO, folder: Folder, properties: _Properties) -> Iterator[str]:
    people: dict[str, list[str]] = {}
    for place in _storages(compound, folder, "__recip_version1.0_")[:RECIPIENTS]:
        one = _Properties(compound, place, 8, properties.encoding)
        address = one.text(RECIPIENT_SMTP) or one.text(RECIPIENT_ADDRESS)
        people.setdefault(TO_KINDS.get(one.number(RECIPIENT_KIND) & 0xF, "To"), []).append(
            _person(one.text(RECIPIENT), address)
        )
    address = properties.text(SENDER_SMTP) or properties.text(SENDER_ADDRESS)
    sent = properties.time(SENT) or properties.time(DELIVERED)
    values = {
        "Subject": properties.text(SUBJECT),
        "From": _person(properties.text(SENDER) or properties.text(SENT_FOR), address),
        "To": ", ".join(people.get("To", ())) or properties.text(SHOWN_TO),
        "Cc": ", ".join(people.get("Cc", ())) or properties.text(SHOWN_CC),
        "Bcc": ", ".join(people.get("Bcc", ())),
        "Date": f"{sent:%a, %d %b %Y %H:%M:%S} +0000" if sent else "",
    }
    yield from (f"{name}: {' '.join(value.split())}" for name, value in values.items() if value.strip())


def _person(name: str, address: str) -> str:
    address = "" if address.upper().startswith("/O=") else address  # of Exchange: no mail address
    return f"{name} <{address}>" if name and address and name != address else name or address


def _body(properties: _Properties) -> str:
    """Return the text of a message: HTML where there is some, since the plain form lacks its tables."""
    html = properties.binary(HTML)
    if html:
        return markup.text_of(html, properties.body_encoding)[0]
    if html_text := properties.text(HTML, is_body=True):
        return markup.text_of_html(html_text)[0]
    simple = properties.text(BODY, is_body=True)
    packed = properties.binary(RTF)
    rtf = unpack(packed) if packed and not simple.strip() else b""
    if not rtf:
        return simple
    inner = html_in(rtf)
    return markup.text_of_html(inner)[0] if inner else rich_text.text_of(rtf)


def _storages(compound: olefile.OleFileIO, folder: Folder, start: str) -> list[Folder]:
    found = {
        tuple(path[: len(folder) + 1])
        for path in compound.listdir(streams=True, storages=True)
        if tuple(path[: len(folder)]) == folder
        and path[len(folder) :][:1]
        and path[len(folder)].startswith(start)
    }
    return sorted(found)


def _codec(page: int) -> str:
    return CODEPAGES.get(page, f"cp{page}") if page else ""
