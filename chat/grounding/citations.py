"""Citations: which quotes and page marks of an answer stand in the attachments, and where.

Matching is normalised: letters and digits count; spaces, hyphens, full-width forms, quotes and case do not.
Never alters the answer: offsets into it and into `Document.text` are returned. Knows no model and no page.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from chat.documents.document import Document
from chat.grounding.evidence import Evidence, fold

SHORTEST_LATIN_LETTERS = 12  # shorter quoted words name things, they do not prove
SHORTEST_CJK_LETTERS = 5
MARK_REACH_CHARACTERS = 40  # between a quote's end and the page mark that belongs to it
PASSAGE_MARGIN_CHARACTERS = 120

_QUOTE = re.compile(
    r"“([^“”\n]{2,2000})”|「([^「」\n]{2,2000})」|『([^『』\n]{2,2000})』|«([^«»\n]{2,2000})»|„([^„“”\n]{2,2000})[“”]"
    r"|＂([^＂\n]{2,2000})＂|(?<![\w\"])\"([^\"\n]{2,2000})\"(?!\w)|(?:^|\n)> ?([^\n]{2,2000})"
)
_CODE = re.compile(r"```.*?(?:```|\Z)|`[^`\n]+`", re.DOTALL)
_GAP = re.compile(r"\[?(?:\.{3,}|…+)\]?|\[[^\]]{0,40}\]")
_UNITS = r"(?:(?<![a-z])(?:pp?\.|pages?|slides?|sheets?|ch\.|chapters?)|第)"  # "p." may end a file's name
_MARK = re.compile(
    rf"[\[【（(](?P<name>[^\[\]【】\n]{{0,160}}?)[\s,，:：]*(?P<unit>{_UNITS})\s*(?P<label>[^\[\]【】（）()\n]{{1,60}}?)\s*[页頁张章]?[\]】）)]",
    re.IGNORECASE,
)
_NAME_MARK = re.compile(r"[\[【](?P<name>[^\[\]【】\n]{2,160})[\]】](?!\()")
_RANGE = re.compile(r"(\d+)\s*[-–—~至到]\s*(\d+)")


@dataclass(frozen=True)
class Citation:
    """One claim of the answer about the files.

    kind: `quote` or `page_mark`. status: `found`, `other_page`, `not_found`. at, end: where the claim stands
    in the answer. cited_page: what the answer says; page: where it is. passage_start, passage_end: the words
    proved, into `Document.text`; passage: the same with a margin, to show.
    """

    kind: str
    status: str
    text: str
    at: int
    end: int
    name: str = ""
    cited_page: str = ""
    page: str = ""
    passage_start: int = 0
    passage_end: int = 0
    passage: str = ""

    def to_json(self) -> dict[str, object]:
        return dict(vars(self))


@dataclass(frozen=True)
class _Mark:
    name: str
    label: str
    at: int
    end: int
    text: str


def check(answer: str, evidence: Sequence[Evidence]) -> tuple[Citation, ...]:
    """Return a citation for each quote and each page mark of `answer`, in its order."""
    visible = _CODE.sub(lambda code: " " * len(code.group()), answer)
    marks = list(_find_marks(visible, evidence))
    quotes = [
        _check_quote(text, at, end, _mark_after(marks, end), evidence)
        for text, at, end in _find_quotes(visible, marks)
    ]
    citations = [*quotes, *(_check_mark(mark, evidence) for mark in marks)]
    return tuple(sorted(citations, key=lambda citation: (citation.at, citation.end)))


def _find_quotes(answer: str, marks: Sequence[_Mark]) -> Iterator[tuple[str, int, int]]:
    for found in _QUOTE.finditer(answer):
        group = found.lastindex or 0
        text, at, end = found.group(group), found.start(group), found.end(group)
        if _is_proof(text) or (_mark_after(marks, found.end()) and len(fold(text)) >= 2):
            yield text, at, end


def _is_proof(text: str) -> bool:
    letters = fold(text)
    wide = sum(letter >= "\u2e80" for letter in letters)
    return wide >= SHORTEST_CJK_LETTERS or len(letters) >= SHORTEST_LATIN_LETTERS


def _find_marks(answer: str, evidence: Sequence[Evidence]) -> Iterator[_Mark]:
    taken = set[int]()
    for found in _MARK.finditer(answer):
        if not found["name"].strip() or _named(found["name"], evidence) or found.group()[0] in "[【":
            taken.add(found.start())
            yield _Mark(
                found["name"].strip(), found["label"].strip(), found.start(), found.end(), found.group()
            )
    for found in _NAME_MARK.finditer(answer):
        if found.start() not in taken and _named(found["name"], evidence):
            yield _Mark(found["name"].strip(), "", found.start(), found.end(), found.group())


def _mark_after(marks: Sequence[_Mark], end: int) -> _Mark | None:
    near = [mark for mark in marks if 0 <= mark.at - end <= MARK_REACH_CHARACTERS]
    return min(near, key=lambda mark: mark.at, default=None)


def _named(name: str, evidence: Sequence[Evidence]) -> list[Evidence]:
    """Return the documents that `name` can mean: the whole name, or the name without its suffix."""
    wanted = fold(name)
    whole = [one for one in evidence if fold(one.document.name) == wanted]
    return whole or [
        one for one in evidence if wanted and fold(one.document.name.rsplit(".", 1)[0]) == wanted
    ]


def _check_mark(mark: _Mark, evidence: Sequence[Evidence]) -> Citation:
    claim = Citation("page_mark", "not_found", mark.text, mark.at, mark.end, mark.name, mark.label)
    for one in _named(mark.name, evidence) if mark.name else evidence:
        document = one.document
        for page, start in zip(document.pages, document.page_starts, strict=True):
            if not mark.label or page.label in _labels(mark.label):
                end = start + len(page.text)
                return _found(
                    claim, document, "found", start, min(end, start + 4 * PASSAGE_MARGIN_CHARACTERS)
                )
    return claim


def _labels(label: str) -> list[str]:
    """Return the page labels that a mark names: "12", "12-14", "12, 15"."""
    labels = [label]
    for part in re.split(r"[,，、;；]|\band\b|和", label):
        span = _RANGE.fullmatch(part.strip())
        if span and int(span[1]) <= int(span[2]) <= int(span[1]) + 50:
            labels += [str(number) for number in range(int(span[1]), int(span[2]) + 1)]
        labels.append(re.sub(r"^(?:pp?\.|第)\s*|\s*[页頁]$", "", part.strip()))
    return labels


def _check_quote(text: str, at: int, end: int, mark: _Mark | None, evidence: Sequence[Evidence]) -> Citation:
    label = mark.label if mark else ""
    claim = Citation("quote", "not_found", text, at, end, mark.name if mark else "", label)
    first = _named(claim.name, evidence) if claim.name else []
    best: Citation | None = None
    for one in [*first, *(other for other in evidence if other not in first)]:
        for start, stop in _find_places(text, one):
            pages = _pages_of(one.document, start, stop)
            is_page = not label or set(pages) & set(_labels(label))
            if is_page and (one in first or not first):
                return _found(claim, one.document, "found", start, stop)
            best = best or _found(claim, one.document, "other_page", start, stop)
    return best or claim


def _find_places(text: str, evidence: Evidence) -> Iterator[tuple[int, int]]:
    """Yield where all pieces of a quote, cut at its gaps, stand in their order."""
    pieces = [piece for piece in map(fold, _GAP.split(text)) if piece]
    at = evidence.folded.find(pieces[0]) if pieces else -1
    while at >= 0:
        end = _follow(evidence.folded, pieces, at)
        if end:
            yield int(evidence.offsets[at]), int(evidence.offsets[end - 1]) + 1
        at = evidence.folded.find(pieces[0], at + 1)


def _follow(folded: str, pieces: Sequence[str], at: int) -> int:
    end = at + len(pieces[0])
    for piece in pieces[1:]:
        next_at = folded.find(piece, end, end + 4_000)
        if next_at < 0:
            return 0
        end = next_at + len(piece)
    return end


def _pages_of(document: Document, start: int, end: int) -> list[str]:
    first = bisect_right(document.page_starts, start) - 1
    last = bisect_right(document.page_starts, max(start, end - 1)) - 1
    return [page.label for page in document.pages[max(0, first) : last + 1]]


def _found(claim: Citation, document: Document, status: str, start: int, end: int) -> Citation:
    first, last = max(0, start - PASSAGE_MARGIN_CHARACTERS), end + PASSAGE_MARGIN_CHARACTERS
    return Citation(
        claim.kind,
        status,
        claim.text,
        claim.at,
        claim.end,
        document.name,
        claim.cited_page,
        document.page_at(start).label,
        start,
        end,
        document.text[first:last],
    )
