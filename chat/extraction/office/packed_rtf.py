"""The RTF of Outlook messages: unpacked (MS-OXRTFCP), and the HTML that it may hold (MS-OXRTFEX)."""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator

PRELOADED = (
    rb"{\rtf1\ansi\mac\deff0\deftab720{\fonttbl;}{\f0\fnil \froman \fswiss \fmodern \fscript \fdecor "
    rb"MS Sans SerifSymbolArialTimes New RomanCourier{\colortbl\red0\green0\blue0"
    b"\r\n"
    rb"\par \pard\plain\f0\fs20\b\i\u\tab\tx"
)
PACKED, PLAIN = b"LZFu", b"MELA"
WINDOW, HEAD_BYTES = 4096, 16
RTF_BYTES = 60_000_000
TAGS = re.compile(
    rb"\{\\\*\\htmltag\d* ?((?:\\.|[^{}\\])*)\}|\\htmlrtf\b(?!0).*?\\htmlrtf0 ?|\{\\\*\\mhtmltag[^{}]*\}",
    re.DOTALL,
)
WORD = re.compile(
    rb"\\'([0-9a-fA-F]{2})|\\u(-?\d+) ?\??"
    rb"|\\(par|line|tab|lquote|rquote|ldblquote|rdblquote|bullet|endash|emdash)\b ?"
    rb"|\\([{}\\~])|\\[a-z]+-?\d* ?|\\\*|[{}\r\n]"
)
SIGNS = {
    b"par": b"\n", b"line": b"\n", b"tab": b"\t", b"lquote": b"&lsquo;", b"rquote": b"&rsquo;",
    b"ldblquote": b"&ldquo;", b"rdblquote": b"&rdquo;", b"bullet": b"&bull;", b"endash": b"&ndash;",
    b"emdash": b"&mdash;", b"~": b"&nbsp;",
}  # fmt: skip
CODE_PAGE = re.compile(rb"\\ansicpg(\d+)")


def unpack(data: bytes) -> bytes:
    """Return the RTF; empty where the bytes are none that is packed so."""
    if len(data) < HEAD_BYTES:
        return b""
    size, kind = struct.unpack_from("<I4s", data, 4)
    if kind == PLAIN:
        return data[HEAD_BYTES : HEAD_BYTES + size]
    if kind != PACKED or size > RTF_BYTES:
        return b""
    out = bytearray()
    for piece in _pieces(data):
        out += piece
        if len(out) >= size:
            break
    return bytes(out[:size])


class _Window:
    """The last WINDOW bytes, which what follows refers to. It begins with what most RTF begins with."""

    def __init__(self) -> None:
        self._bytes = bytearray(PRELOADED.ljust(WINDOW, b"\x00"))
        self.write = len(PRELOADED)

    def add(self, byte: int) -> int:
        self._bytes[self.write] = byte
        self.write = (self.write + 1) % WINDOW
        return byte

    def copy(self, start: int, count: int) -> bytes:
        """Return earlier bytes and add them again, one by one: they may reach into themselves."""
        return bytes(self.add(self._bytes[(start + step) % WINDOW]) for step in range(count))


def _pieces(data: bytes) -> Iterator[bytes]:
    """Yield the bytes that each bit of the flags stands for: one as it is, or a stretch of the window."""
    window, at = _Window(), HEAD_BYTES
    while at < len(data):
        flags, at = data[at], at + 1
        for bit in range(8):
            is_stretch = flags >> bit & 1
            field = data[at : at + 1 + is_stretch]
            at += len(field)
            if len(field) < 1 + is_stretch:
                return
            if not is_stretch:
                yield bytes([window.add(field[0])])
                continue
            start, count = field[0] << 4 | field[1] >> 4, (field[1] & 0xF) + 2
            if start == window.write:  # the end
                return
            yield window.copy(start, count)


def html_in(rtf: bytes) -> str:
    """Return the HTML that RTF holds; empty where it was not made from HTML."""
    if b"\\fromhtml1" not in rtf[:2_000]:
        return ""
    start = rtf.find(b"\\htmltag")
    page = CODE_PAGE.search(rtf[:2_000])
    codec = f"cp{page.group(1).decode()}" if page else "cp1252"
    body = TAGS.sub(lambda found: found.group(1) or b"", rtf[max(0, rtf.rfind(b"{", 0, start)) :])
    try:
        return _plain(body).decode(codec, "replace")
    except LookupError:
        return _plain(body).decode("cp1252", "replace")


def _plain(body: bytes) -> bytes:
    return WORD.sub(_letter, body)


def _letter(found: re.Match[bytes]) -> bytes:
    code, number, sign, escaped = found.groups()
    if code is not None:
        return bytes([int(code, 16)])
    if number is not None:
        return b"&#%d;" % (int(number) % 0x10000)
    if sign is not None:
        return SIGNS[sign]
    return SIGNS.get(escaped, escaped) if escaped is not None else b""
