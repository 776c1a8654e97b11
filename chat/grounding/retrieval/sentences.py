"""Sentences: where a text may be cut. Chinese and Latin punctuation, table rows, headings, wrapped lines.

Knows no document and no search. Every character belongs to exactly one sentence, so the starts say all.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator

from chat.grounding.retrieval.table_rows import find_row_lines, is_row

LONGEST_CHARACTERS = (
    600  # a list or a log without full stops is cut here, at a comma or a space if there is one
)

_CLOSING = "\"'”’»」』）)\\]】》〉"
_END = re.compile(
    rf"[。！？｡]+[{_CLOSING}。！？]*|[.!?…؟۔।॥]+[{_CLOSING}]*(?=\s|$)|(?<=[\u3000-\u9fff])[!?…]+[{_CLOSING}]*|\n\s*"
)
_WEAK = re.compile(r"[；;，,、：:]\s*|\s+")
_ABBREVIATION = re.compile(
    r"(?:^|[\s(\[\"“])(?:[A-Z]|[Dd]r|Mrs?|Ms|Prof|St|Jr|Sra?|Rev|Hon|Gen|Col|Capt|Lt|Sgt|Gov|Sen|Rep|Mt|vs?|cf|al|[Ff]igs?|[Ee]qs?|[Nn]os?|[Vv]ol|pp?|approx|ca|e\.g|i\.e|etc"
    r"|Inc|Ltd|Co|Corp|U\.S|U\.K|Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sept?|Oct|Nov|Dec)\.$"
)
_NUMBERING = re.compile(r"(?:^|\n)[ \t]*\d{1,2}(?:\.\d{1,2})*\.$")
_LIST_ITEM = re.compile(
    r"\s*(?:[-*•·▪◦–—#>|]|\(?\d{1,3}[.)、．]|[（(][一二三四五六七八九十\d]+[）)]|[一二三四五六七八九十]+、|第.{1,4}[章节条])"
)


def split_sentences(text: str) -> list[int]:
    """Return the offset where each sentence starts, and the length of the text as the last item."""
    starts, rows = [0], find_row_lines(text)
    row_starts = [start for start, _ in rows]
    for at in [*_ends(text), len(text)]:
        row = bisect_left(row_starts, at) - 1  # the last row that begins before
        if at <= starts[-1] or (row >= 0 and at < rows[row][1]):
            continue
        if row < 0 or not rows[row][0] <= starts[-1] < rows[row][1]:
            starts.extend(_cut_long(text, starts[-1], at))
        starts.append(at)
    return starts


def _ends(text: str) -> Iterator[int]:
    for found in _END.finditer(text):
        mark = found.group()
        if mark[0] == "\n":
            if not (mark == "\n" and _is_wrapped(text, found.start())):
                yield found.end()
        elif mark[0] != "." or not _is_abbreviation(text, found.end()):
            yield found.end() + _spaces(text, found.end())


def _spaces(text: str, at: int) -> int:
    """Blank space after a sentence belongs to it, so that the next one starts with a letter."""
    end = at
    while end < len(text) and text[end].isspace():
        end += 1
    return end - at


def _is_abbreviation(text: str, end: int) -> bool:
    if _ABBREVIATION.search(text, max(0, end - 8), end) or _NUMBERING.search(text, max(0, end - 8), end):
        return True
    after = text[end : end + 3].lstrip()
    return bool(after) and after[0].islower()


def _is_wrapped(text: str, at: int) -> bool:
    """Tell whether the line break at `at` was made by the page's width, inside a sentence."""
    before = text[text.rfind("\n", 0, at) + 1 : at].rstrip()
    after = text[at + 1 : at + 40].split("\n", 1)[0]
    if not before or not after.strip() or is_row(before) or is_row(after):
        return False
    if before[-1] in ".!?。！？:：;；" or _LIST_ITEM.match(after) or before[0] == "#":
        return False
    if "\u3040" <= before[-1] <= "\u9fff" or before[-1] in "，、":
        return len(before) >= 16
    return len(before) >= 32 or after[0].islower()


def _cut_long(text: str, start: int, end: int) -> Iterator[int]:
    while end - start > LONGEST_CHARACTERS:
        cuts = [
            found.end()
            for found in _WEAK.finditer(text, start + LONGEST_CHARACTERS // 2, start + LONGEST_CHARACTERS)
        ]
        start = cuts[-1] if cuts else start + LONGEST_CHARACTERS
        yield start
