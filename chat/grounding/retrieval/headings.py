"""Headings: the section of a number or of a title, and the captions of tables and figures, in a plain text.

Which of them a question names, chat.grounding.retrieval.places says. Knows no budget and no ranking.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence

from chat.grounding.retrieval.passages import Index
from chat.grounding.retrieval.samples import is_heading
from chat.grounding.retrieval.terms import split_terms
from chat.numerals import NUMERAL, spell

MOST_CAPTIONS = 100
CAPTION_CHARACTERS = 700  # a table or figure stands before its caption or behind it
TITLED_CHARACTERS = (600, 6_000)  # of a section whose end no number tells: at least, at most

TITLE_SHARE = 0.5  # of a title's words, in a question about it
TITLE_CHARACTERS = 200

Span = tuple[int, int]

UNITS = {
    "page": (r"pages?|pp?\.?", r"[页頁]"),
    "slide": (r"slides?", r"[张張](?:幻灯片|ppt|(?=[讲说写里上？?]|的内容|$))|幻灯片"),
    "sheet": (r"(?:work)?sheets?|tabs?", r"(?:工作)?表"),
    "chapter": (r"chapters?|ch\.", r"章"),
    "section": (r"sections?|sec\.|parts?|articles?|clauses?|§", r"[节節]|部分|[条條]"),
    "table": (r"tables?|tab\.", r"表格?"),
    "figure": (r"fig(?:ure)?s?\.?", r"[图圖]"),
}
_NUMBERING = re.compile(r"^[\W\d]+")
_SITE = re.compile(r"\s[-–—|]\s[^-–—|]{2,40}$")  # behind the title of a page
_OF_ANY_TEXT = re.compile(
    r"introduction|abstract|summary|contents|background|前言|引言|摘要|目录", re.IGNORECASE
)
_LEAD = r"^[ \t#*]*"
_BEHIND = r"(?:[.、．:：]|[ \t])[ \t]*(?=[^\W\d_])"  # a number that begins a heading


def find_section(text: str, kind: str, number: str) -> list[Span]:
    """Return the section of this number: of all headings that may be it the one with most text behind it."""
    if kind not in ("chapter", "section") or number == "-1":
        return []
    for start, end in _forms(kind, number):
        ends = [found.start() for found in end.finditer(text)] + [len(text)]
        starts = [found.start() for found in start.finditer(text)]
        spans = [(at, ends[min(bisect_right(ends, at), len(ends) - 1)]) for at in starts]
        if spans:
            return [max(spans, key=lambda span: span[1] - span[0])]
    return []


def _forms(kind: str, number: str) -> Iterator[tuple[re.Pattern[str], re.Pattern[str]]]:
    """Yield how a heading of this number may begin, and the headings that end its section."""
    units = [UNITS[kind], UNITS["section" if kind == "chapter" else "chapter"]]
    for english, chinese in units if "." not in number else ():
        ways = "|".join(spell(int(number)))
        yield (
            _line(rf"(?:{english})\s*(?:{ways})(?!\.?\w)|第\s*(?:{ways})\s*(?:{chinese})"),
            _line(rf"(?:{english})\s*{NUMERAL}(?!\.?\w)|第\s*{NUMERAL}\s*(?:{chinese})"),
        )
    parts = number.split(".")
    after = [".".join([*parts[:depth], str(int(part) + 1)]) for depth, part in enumerate(parts)]
    begin = rf"(?:{units[0][0]})?\s*(?:{{}}){_BEHIND}"
    yield _line(begin.format(_ways([number]))), _line(begin.format(_ways(after)))


def _ways(numbers: Sequence[str]) -> str:
    """Return the numbers as they begin a heading without another word: `3.2`, `三`."""
    chinese = [way for number in numbers if number.isdigit() for way in spell(int(number))[2:3]]
    return "|".join([re.escape(number) for number in numbers] + [f"{way}(?=、)" for way in chinese])


def _line(start: str) -> re.Pattern[str]:
    return re.compile(rf"{_LEAD}(?:{start})", re.IGNORECASE | re.MULTILINE)


def find_captions(text: str, kind: str, number: str) -> Iterator[Span]:
    """Yield the surroundings of the captions of this number, or each caption's line where there is none."""
    english, chinese = UNITS[kind]
    wanted = rf"{re.escape(number)}(?![\w.-]*\d)" if number else r"(?:\d|[A-Z]\.?\d)"
    caption = _line(rf"(?:(?:{english})\s*|(?:{chinese})\s*){wanted}[^\n]*")
    reach = CAPTION_CHARACTERS if number else 0
    for found, _ in zip(caption.finditer(text), range(MOST_CAPTIONS), strict=False):
        yield max(0, found.start() - reach), min(len(text), found.end() + reach)


def find_titled(subject: str, index: Index) -> Iterator[Span]:
    """Yield the sections whose heading is `subject` alone, numbers aside."""
    wanted = set(split_terms(subject))
    headings = [at for at in range(len(index)) if is_heading(index, at)] if wanted else []
    for place, at in enumerate(headings):
        if set(split_terms(_NUMBERING.sub("", index.sentence(at)))) == wanted:
            least, most = (int(index.starts[at]) + size for size in TITLED_CHARACTERS)
            later = (int(index.starts[one]) for one in headings[place + 1 :])
            end = next((start for start in later if start > least), len(index.document.text))
            yield int(index.starts[at]), min(end, most)


def has_title_of(question: str, index: Index) -> bool:
    """Tell whether `question` names most of the title that begins a text without pages."""
    if index.document.unit:
        return False
    line = index.document.text[:TITLE_CHARACTERS].strip().partition("\n")[0]
    title = {term for term in split_terms(_SITE.sub("", line)) if len(term) > 1}
    if _OF_ANY_TEXT.match(line.strip("# ")):
        return False
    return bool(title) and len(title & set(split_terms(question))) >= max(1, TITLE_SHARE * len(title))
