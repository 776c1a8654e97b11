"""The RTF of Outlook messages: unpacked (MS-OXRTFCP), and the HTML that it may hold (MS-OXRTFEX)."""

from __future__ import annotations

import re
import struct

PRELOADED = (
    rb"{\rtf1\ansi\mac\deff0\deftab720{\fonttbl;}{\f0\fnil \froman \fswiss \fmodern \fscript \fdecor "
    rb"MS Sans SerifSymbolArialTimes New RomanCourier{\colortbl\red0\green0\blue0"
    b"\r\n"
    rb"\par \pard\plain\f0\fs20\b\i\u\tab\tx"
)
PACKED, PLAIN = b"LZFu", b"MELA"
WINDOW = 4096
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
    if len(data) < 16:
        return b""
    size, kind = struct.unpack_from("<I4s", data, 4)
    if kind == PLAIN:
        return data[16 : 16 + size]
    if kind != PACKED or size > RTF_BYTES:
        return b""
    window = bytearray(PRELOADED.ljust(WINDOW, b"\x00"))
    out, write, at = bytearray(), len(PRELOADED), 16
    while at < len(data) and len(out) < size:
        flags = data[at]
        at += 1
        for bit in range(8):
            if at >= len(data):
                break
            if flags >> bit & 1:
                if at + 1 >= len(data):
                    return bytes(out)
                pair = data[at] << 8 | data[at + 1]
                start, count = pair >> 4, (pair & 0xF) + 2
                at += 2
                if start == write:
                    return bytes(out)
                piece = [0] * count
                for step in range(count):
                    piece[step] = window[(start + step) % WINDOW]
                    window[write] = piece[step]
                    write = (write + 1) % WINDOW
                out += bytes(piece)
            else:
                out.append(data[at])
                window[write] = data[at]
                write = (write + 1) % WINDOW
                at += 1
    return bytes(out[:size])


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
