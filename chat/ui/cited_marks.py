"""Signs in an answer's Markdown where its claims stand, which the page's script turns into chips.

A sign is characters of the private use area, which Markdown reads as letters: it survives the Markdown reader
and its cleaner as text. Those of a model are taken out. A sign that would stand in code, in a formula or in
an address is left out. Copy and export have the text without them.
"""

from __future__ import annotations

import re
import zlib
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from chat.grounding.mark_reading import find_written_marks

BEGIN, END, PENDING, FIRST_DIGIT = "\ue200", "\ue201", "\ue202", 0xE210
SIGNS = re.compile("[\ue200-\ue21f]")
CLOSING = "”\"»“’'」』›"
# Formulas, code, targets of links, addresses, tags: what is not text of the answer. Each is bounded, so that
# the time grows with the text.
CLOSED = re.compile(
    r"\$\$[^$]{1,500}\$\$|\\\[[^\\\n]{1,500}\\\]|\$[^\s$][^$\n]{0,300}\$|\]\([^)\n]{0,1000}\)"
    r"|`[^`\n]{1,1000}`|https?://[^\s<>]{1,2000}|<[^<>\n]{1,200}>|\\[!-/:-@\[-`{-~]"
)
FENCE = re.compile(r"[ \t>]*(?:(?:[-*+]|\d{1,9}[.)])[ \t]+)*(?:```|~~~)")
LINES_KEPT = 2_048
KEY_DIGITS = 8
GROWING_CHARACTERS = 20_000  # of an answer that grows: what follows gets its chips at the end


def key_of(message_id: str) -> str:
    """Return the name of an answer in its signs: eight hexadecimal digits."""
    return f"{zlib.crc32(message_id.encode()):0{KEY_DIGITS}x}"


def mark_claims(answer: str, citations: Sequence[Mapping[str, Any]], message_id: str) -> str:
    """Return the answer with a sign for each claim: around a mark, behind a quote or a figure."""
    if not citations:
        return SIGNS.sub("", answer)
    closed = [(match.start(), match.end()) for match in CLOSED.finditer(answer)]
    signs: list[tuple[int, int, str]] = []
    for number, citation in enumerate(citations):
        begin = BEGIN + _write(f"{key_of(message_id)}{number:x}")
        at, end = int(citation.get("at", 0)), int(citation.get("end", 0))
        if not 0 <= at < end <= len(answer):
            continue
        if citation.get("kind") == "page_mark":
            if _is_open(at, closed) and _is_open(end, closed) and "\n" not in answer[at:end]:
                signs += [(at, number, begin), (end, -number, END)]
            continue
        end = _behind(answer, end)
        if _is_open(end, closed):
            signs.append((end, number, begin + END))
    parts, last = [], 0
    for place, _, sign in sorted(signs):
        parts += [SIGNS.sub("", answer[last:place]), sign]
        last = place
    return "".join([*parts, SIGNS.sub("", answer[last:])])


def mark_pending(answer: str, receipt: Mapping[str, Any]) -> str:
    """Return an answer that grows with a sign around each mark that is complete, and behind its quote.

    receipt: of the files that were sent. What each mark is worth is checked when the answer is complete.
    """
    answer = SIGNS.sub("", answer)
    if not receipt.get("files"):
        return answer
    names = tuple(file["name"] for file in receipt["files"])
    units = frozenset(file["unit"] for file in receipt["files"])
    parts, is_code = [], False
    for line in answer[:GROWING_CHARACTERS].splitlines(keepends=True):
        is_fence = bool(FENCE.match(line))
        parts.append(line if is_code or is_fence else _mark_line(line, names, units))
        is_code ^= is_fence
    return "".join([*parts, answer[GROWING_CHARACTERS:]])


@lru_cache(LINES_KEPT)
def _mark_line(line: str, names: tuple[str, ...], units: frozenset[str]) -> str:
    """Return a line with its signs. Called for each line at each step of what grows."""
    closed = [found.span() for found in CLOSED.finditer(line)]
    parts, last = [], 0
    for at, end in find_written_marks(line, names, units, is_over=line.endswith("\n")):
        if not (_is_open(at, closed) and _is_open(end, closed)):
            continue
        quote = len(line[:at].rstrip(" \u00a0"))
        if quote > last and line[quote - 1] in CLOSING:
            parts += [line[last:quote], BEGIN, PENDING, END]
            last = quote
        parts += [line[last:at], BEGIN, PENDING, line[at:end], END]
        last = end
    return "".join([*parts, line[last:]])


def _behind(answer: str, end: int) -> int:
    """Return the place behind the quotation mark that closes a quote."""
    while end < len(answer) and answer[end] in CLOSING:
        end += 1
    return end


def _is_open(place: int, closed: Sequence[tuple[int, int]]) -> bool:
    before = bisect_left(closed, (place, 0)) - 1  # the last that begins before it
    return before < 0 or closed[before][1] <= place


def _write(digits: str) -> str:
    return "".join(chr(FIRST_DIGIT + int(digit, 16)) for digit in digits)
