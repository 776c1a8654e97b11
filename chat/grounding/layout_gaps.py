"""Layout gaps: what a page's layout puts between the halves of a sentence.

Footnotes, running heads, page numbers, captions. Text between two halves of a quote is layout where each of
its lines is; anything else is words that the quote leaves out. Knows no quote.
"""

from __future__ import annotations

import re
from bisect import bisect_right

from chat.documents.document import Document

NOTE_LINES = 25  # of footnotes in one gap
FEWEST_BOX_LINES = 3  # of an address or a list of names beside the text
EXHIBIT_LINES = 12  # of a chart at the end of a page
WIDEST_EXHIBIT_LINE = 0.6  # of the line that the exhibit interrupts: a chart's labels are short
_NOTE_START = re.compile(
    r"\s*(?:\[?\d{1,3}\]?[.):]?\s+\S|\d{1,3}[A-Z“\"(]|[*†‡§¶]+\s*\S|[¹²³⁴-⁹⁰]+\s*\S|[a-z]\s+[A-Z])"
)
_CAPTION = re.compile(
    r"\s*(?:Fig(?:ure|\.)|Table|Tab\.|Abb(?:ildung|\.)|Tabelle|图|圖|表)\s*\d", re.IGNORECASE
)
_SOURCE = re.compile(r"\s*(?:Sources?|Notes?|Quellen?|Anmerkung|资料来源|数据来源|来源|注)\s*[:：]")
_PAGE_NUMBER = re.compile(
    r"\s*(?:[-–—(\[|]*\s*(?:p(?:age|\.)?|seite|第)?\s*(?:\d{1,4}|[ivxlc]{1,7})(?:\s*(?:of|/|von|页|頁|共)\s*\d*\s*页?)?\s*[-–—)\]|.页頁]*)\s*",
    re.IGNORECASE,
)
_TITLE = re.compile(
    r"\d{1,4}\s+[^.!?]{1,80}|[^.!?a-z]{0,40}[A-Z][^.!?a-z]{1,60}|[A-Z][^.!?]{1,80}\s\d{1,4}\s*"
)
_NO_LETTERS = re.compile(r"[\d\s|·•–—-]+")
_LINK = re.compile(r"\[[^\[\]]*\]\(\S+\)\s*")  # of a page, written below its text
_BOX_LINE = re.compile(r"[A-Z0-9][^.!?;]{0,59}[^.!?;,\s]\s*")
_NEGATION = re.compile(r"\b(?:not|no|never|none|nor|without|cannot|nicht|kein\w*|nie|ohne)\b", re.IGNORECASE)
_BEGINS_LINE = re.compile(r"\n[\s\"'“‘(（「]*$")
_SENTENCE_ENDS = re.compile(r"[.!?。！？:：][\"”’)\]]*\s*$")


def is_layout(document: Document, start: int, end: int) -> bool:
    """Is the text from `start` to `end`, between two halves of a sentence, all of it layout?"""
    text = document.text
    if not _BEGINS_LINE.search(text[start:end]):
        return False
    is_sentence_end = bool(_SENTENCE_ENDS.search(text[max(0, start - 4) : start + 1]))
    lines = [line for line in text[start:end].strip("-\n \t.,;").split("\n") if line.strip()]
    page = bisect_right(document.page_starts, start)
    breaks = page < len(document.page_starts) and document.page_starts[page] <= end
    if is_sentence_end:  # what follows may be a sentence of its own, unless it is on every page
        return breaks and not any(_between_pages(document, start, end, page))
    if not lines:
        return breaks
    if len(lines) > NOTE_LINES:
        return False
    return _is_between_pages(document, start, end, page) if breaks else _are_notes(lines)


def _is_between_pages(document: Document, start: int, end: int, page: int) -> bool:
    """Are the last lines of a page notes or its foot, and the first ones of the next page its head?"""
    foot, head = _between_pages(document, start, end, page)
    if foot and not head and document.text[end : end + 1].islower() and _is_box(foot):
        return True
    return (not head or _are_notes(head)) and (
        not foot or _are_notes(foot) or _is_exhibit(foot, len(_line_at(document.text, start)))
    )


def _between_pages(document: Document, start: int, end: int, page: int) -> tuple[list[str], list[str]]:
    """Return the last lines of a page and the first ones of the next, without running heads and links."""
    at = document.page_starts[page]
    foot = [line for line in document.text[start:at].split("\n") if any(map(str.isalnum, line))]
    head = [line for line in document.text[at:end].split("\n") if any(map(str.isalnum, line))]
    known = _heads(document, page)
    while foot and (_PAGE_NUMBER.fullmatch(foot[-1]) or _key(foot[-1]) in known or _LINK.fullmatch(foot[-1])):
        foot.pop()
    if len(head) > 1 and _is_head(head[:2]):
        head = head[2:]
    while head and (_PAGE_NUMBER.fullmatch(head[0]) or _TITLE.fullmatch(head[0]) or _key(head[0]) in known):
        head.pop(0)
    return foot, head


def _is_head(lines: list[str]) -> bool:
    """Are two lines a title and the number of the page, as one of the heads of facing pages is?"""
    is_numbered = sum(bool(_PAGE_NUMBER.fullmatch(line)) for line in lines) == 1
    return is_numbered and bool(_TITLE.fullmatch(" ".join(lines))) and not _NEGATION.search(" ".join(lines))


def _is_box(lines: list[str]) -> bool:
    """Are the lines short ones without a sentence, as an address beside the text is?"""
    return len(lines) >= FEWEST_BOX_LINES and all(
        _BOX_LINE.fullmatch(line) and not _NEGATION.search(line) for line in lines
    )


def _is_exhibit(lines: list[str], width: int) -> bool:
    """Are the lines a chart or table with its source below, or with its caption and short labels?

    width: characters of the line before them. A sentence that goes on fills its lines; labels do not.
    """
    if len(lines) > EXHIBIT_LINES:
        return False
    return any(_SOURCE.match(line) for line in lines) or (
        any(_CAPTION.match(line) for line in lines)
        and all(_CAPTION.match(line) or _is_label(line, width) for line in lines)
    )


def _is_label(line: str, width: int) -> bool:
    is_short = len(line) <= WIDEST_EXHIBIT_LINE * width
    return is_short and not _SENTENCE_ENDS.search(line) and not _NEGATION.search(line)


def _line_at(text: str, at: int) -> str:
    """Return the line of `text` that ends at `at` or holds it."""
    start = text.rfind("\n", 0, at) + 1
    end = text.find("\n", at)
    return text[start : end if end >= 0 else len(text)].strip()


def _are_notes(lines: list[str]) -> bool:
    """Do the lines begin as footnotes or a caption do, or are they page numbers alone?"""
    if all(_PAGE_NUMBER.fullmatch(line) for line in lines):
        return True
    return bool(_NOTE_START.match(lines[0]) or _CAPTION.match(lines[0])) and bool(
        _SENTENCE_ENDS.search(lines[-1]) or _CAPTION.match(lines[0])
    )


def _heads(document: Document, page: int) -> set[str]:
    """Return the first and last lines of the pages around `page` that are on more than one of them."""
    seen, heads = set[str](), set[str]()
    for other in document.pages[max(0, page - 3) : page + 4]:
        lines = [line for line in other.text.split("\n") if line.strip()]
        for key in {_key(line) for line in [*lines[:3], *lines[-3:]]}:
            (heads if key in seen else seen).add(key)
    return heads - {""}


def _key(line: str) -> str:
    """Return a line without its numbers and spaces: a running head differs in its page number alone."""
    return _NO_LETTERS.sub("", line).lower()
