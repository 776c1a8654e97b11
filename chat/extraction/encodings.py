"""Bytes become text: which encoding they are in. Knows no file and no format.

A byte-order mark, strict UTF-8, UTF-16 and UTF-32 without a mark, an encoding that the format declares, then
chardet. What an encoding cannot decode becomes U+FFFD rather than an error.
"""

from __future__ import annotations

import codecs
import re

import chardet

MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # before UTF-16, whose mark it begins with
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
SUPERSETS = {
    "ascii": "cp1252",
    "iso8859-1": "cp1252",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "hz": "hz",
    "euc_kr": "cp949",
    "shift_jis": "cp932",
    "iso8859-9": "cp1254",
    "iso8859-11": "cp874",
    "tis-620": "cp874",
}
WIDE = ("utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be")
SAMPLE_BYTES = 200_000
CONTROLS = re.compile(r"[\x00-\x08\x0e-\x1a\x1c-\x1f\ud800-\udfff\ufffe\uffff]")
COMMON = re.compile(
    r"[ \n\t,.0-9A-Za-z\u3001\u3002\u3040-\u30ff\u4e00-\u9fff\uac00-\ud7a3\u0400-\u04ff\u0600-\u06ff]"
)


def decode(data: bytes, declared: str = "") -> tuple[str, str]:
    """Return the text of `data` without its mark, and the codec. `declared` is what the format says."""
    for mark, encoding in MARKS:
        if data.startswith(mark):
            return data[len(mark) :].decode(encoding, "replace"), encoding
    encoding = detect(data, declared)
    return data.decode(encoding, "replace"), encoding


def detect(data: bytes, declared: str = "") -> str:
    """Return the codec in which `data`, which has no mark, is written."""
    if b"\x00" in data[:SAMPLE_BYTES]:
        wide = _wide(data)
        if wide:
            return wide
    elif is_utf8(data):
        # ISO-2022 and HZ are ASCII bytes with escapes.
        return _escaped(data) or "utf-8"
    stated = _codec(declared)
    if stated and stated not in ("utf-8", *WIDE) and _decodes(data, stated):
        return stated
    return _wide(data) or _guess(data)


def is_utf8(data: bytes) -> bool:
    """Whether every byte fits UTF-8; an end in the middle of a character is forgiven."""
    try:
        codecs.getincrementaldecoder("utf-8")().decode(data)
    except UnicodeDecodeError:
        return False
    return True


def _wide(data: bytes) -> str:
    sample = data[: 4000 - 4000 % 4]
    best, share = "", 0.75
    for encoding in WIDE:
        size = 4 if "32" in encoding else 2
        text = sample[: len(sample) // size * size].decode(encoding, "replace")
        if not text or len(CONTROLS.findall(text)) + text.count("\ufffd") > len(text) * 0.01:
            continue
        common = len(COMMON.findall(text)) / len(text)
        if common > share:
            best, share = encoding, common
    return best


def _escaped(data: bytes) -> str:
    if b"\x1b" not in data and b"~{" not in data:
        return ""
    name = _codec(str(chardet.detect(data[:SAMPLE_BYTES]).get("encoding") or ""))
    return name if name.startswith(("iso2022", "hz")) and _decodes(data, name) else ""


def _guess(data: bytes) -> str:
    found = chardet.detect(data[:SAMPLE_BYTES])
    return _codec(str(found.get("encoding") or "")) or "cp1252"


def _decodes(data: bytes, encoding: str) -> bool:
    try:
        codecs.getincrementaldecoder(encoding)().decode(data)
    except (UnicodeDecodeError, LookupError):
        return False
    return True


def _codec(name: str) -> str:
    try:
        found = codecs.lookup(name.strip().strip("\"'")).name if name else ""
    except (LookupError, ValueError):
        return ""
    return SUPERSETS.get(found, found)
