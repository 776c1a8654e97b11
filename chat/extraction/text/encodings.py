"""Bytes become text: which encoding they are in. Knows no file and no format.

A byte-order mark, strict UTF-8, UTF-16 and UTF-32 without a mark, an encoding that the format declares, then
chardet. What an encoding cannot decode becomes U+FFFD rather than an error.
"""

from __future__ import annotations

import codecs
import re
from collections import Counter
from math import log2

import chardet

MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # before UTF-16, whose mark it begins with
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
SUPERSETS = {
    "ascii": "",  # which has none of these letters, so that the name is wrong
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
LATIN = ("cp1252", "iso8859-15")
HIGH = re.compile(rb"[\x80-\xff]+")
FEWEST_HIGH, MOST_RUNNING = 8, 0.7  # bytes; share of them that stand beside another
WIDE = ("utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be")
SAMPLE_BYTES = 100_000
WIDE_SAMPLE_BYTES = 8_000
CONTROL_SHARE = 0.01
BINARY_SHARE = 0.05
CONTROL_BYTES = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f]")
CONTROLS = re.compile(r"[\x00-\x08\x0e-\x1a\x1c-\x1f\ud800-\udfff\ufffe\uffff]")


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
    elif _is_mostly_utf8(data):
        return "utf-8"
    stated = _codec(declared)
    is_wrong = stated in LATIN and not _is_latin(data)
    if stated and not is_wrong and stated not in ("utf-8", *WIDE) and _decodes(data, stated):
        return stated
    return _wide(data) or _guess(data)


def is_binary(data: bytes) -> bool:
    """Whether the bytes are no text in any encoding: cheap, and decided before one is looked for."""
    if data.startswith(tuple(mark for mark, _ in MARKS)):
        return False
    sample = data[:SAMPLE_BYTES]
    return len(CONTROL_BYTES.findall(sample)) > len(sample) * BINARY_SHARE and not _wide(data)


def is_utf8(data: bytes) -> bool:
    """Whether every byte fits UTF-8; an end in the middle of a character is forgiven."""
    try:
        codecs.getincrementaldecoder("utf-8")().decode(data)
    except UnicodeDecodeError:
        return False
    return True


def _is_latin(data: bytes) -> bool:
    """Whether bytes can be a text in Latin letters: those with accents stand alone between others."""
    runs = [len(run) for run in HIGH.findall(data[:SAMPLE_BYTES])]
    return sum(runs) < FEWEST_HIGH or sum(run for run in runs if run > 1) < MOST_RUNNING * sum(runs)


def _is_mostly_utf8(data: bytes) -> bool:
    """Whether a few broken bytes are all that keeps the text from being UTF-8."""
    text = data[:SAMPLE_BYTES].decode("utf-8", "replace")
    broken = text.count("\ufffd")
    whole = sum(character > "\x7f" for character in text) - broken
    return whole > broken * 20


def _wide(data: bytes) -> str:
    """Return UTF-16 or UTF-32 where `data` can be that; empty otherwise."""
    sample = data[:SAMPLE_BYTES]
    # Half of the bytes of wide text run over all values; a text in bytes has no control characters at all.
    if len(CONTROL_BYTES.findall(sample)) < len(sample) * CONTROL_SHARE:
        return ""
    sample = data[:WIDE_SAMPLE_BYTES]
    for encoding in ("utf-32-le", "utf-32-be", _order(sample)):
        size = 4 if "32" in encoding else 2
        text = sample[: len(sample) // size * size].decode(encoding, "replace")
        wrong = len(CONTROLS.findall(text)) + text.count("\ufffd")
        if text and wrong <= len(text) * CONTROL_SHARE:
            return encoding
    return ""


def _order(sample: bytes) -> str:
    """Return which UTF-16 it would be: the high bytes of a text are few, the low ones any."""
    even, odd = Counter(sample[0::2]), Counter(sample[1::2])
    return "utf-16-be" if _spread(even) < _spread(odd) else "utf-16-le"


def _spread(counts: Counter[int]) -> float:
    total = counts.total()
    return -sum(count / total * log2(count / total) for count in counts.values())


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
