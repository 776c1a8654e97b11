"""Places: the files, pages, sheets, chapters, sections, tables and figures that a question names.

No search finds them: "translate page 12" has no word of that page. Knows no budget and no ranking.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from chat.documents.document import PAGE_BREAK, Document
from chat.grounding.retrieval.headings import UNITS, Span, find_captions, find_section, find_titled
from chat.grounding.retrieval.passages import Index
from chat.grounding.retrieval.questions import names_a_part, strip_task
from chat.grounding.retrieval.terms import split_terms
from chat.numerals import NUMERAL, ORDINAL, read, read_list

LONGEST_QUESTION = 600  # characters; a longer one brings text of its own, which may name anything
MOST_NUMBERS = 50  # named at once, as in "pages 3 to 400"
FRONT_CHARACTERS = 3_000  # where title, authors and contents stand
SHORTEST_NAME = 3

_LIST = rf"{NUMERAL}(?:\s*(?:[-–—~～至到,，、和与及&]|to|through|and)\s*第?{NUMERAL})*"
_KINDS_OF_PAGE = {
    "page": ("page", "slide"),
    "slide": ("slide", "page"),
    "sheet": ("sheet",),
    "chapter": ("chapter",),
}
_NAMED = {
    kind: re.compile(
        rf"(?:\b(?:{english})|§)\s*(?:no\.?|number|\#)?\s*(?P<after>{_LIST})(?![a-z0-9%])"
        rf"|第\s*(?P<before>{_LIST})\s*(?:个|张)?(?:{chinese})"
        + (rf"|\b(?P<ordinal>{ORDINAL})\s+(?:{english})\b" if kind in _KINDS_OF_PAGE else "")
        + rf"|(?P<end>最后一|末)(?:个|张)?(?:{chinese})"
        + (rf"|(?:{chinese})\s*(?P<own>\d+(?:[-.]\d+)*)" if kind in ("table", "figure") else ""),
        re.IGNORECASE,
    )
    for kind, (english, chinese) in UNITS.items()
}
_DOTTED = re.compile(r"(?P<own>\d+(?:\.\d+)+)\s*(?:小?[节節])")
_FRONT = re.compile(
    r"首页|封面|标题|標題|题目|作者|谁写的?|目录|目錄|谁"
    r"|\b(?:title|authors?|who|wrote|written by|cover|table of contents|date)\b",
    re.IGNORECASE,
)
_FILE = re.compile(
    rf"\b(?P<ordinal>{ORDINAL})\s+(?:file|document|paper|attachment|pdf)\b"
    rf"|第\s*(?P<number>{NUMERAL})\s*[个個份篇]?\s*(?:文件|文档|文檔|附件|论文|論文)",
    re.IGNORECASE,
)
_EACH = re.compile(
    r"\b(?:all|each|every|list|which|what|how many)\b[^.?!]{0,30}?\b(?P<kind>tables|figures)\b"
    r"|(?:所有|全部|列出|哪些|多少|几)[^。？！]{0,10}?(?P<zh_kind>[表图圖])[格片]?",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Places:
    """What a question names. spans: of each file, sorted, disjoint. rest: of the question, to search by."""

    spans: tuple[tuple[Span, ...], ...]
    rest: str

    def __bool__(self) -> bool:
        return any(self.spans)

    @property
    def characters(self) -> int:
        return sum(end - start for spans in self.spans for start, end in spans)


def find_places(question: str, indexes: Sequence[Index]) -> Places:
    """Return what of the files `question` names; nothing where it means all of them."""
    if len(question) > LONGEST_QUESTION:
        return Places(((),) * len(indexes), question)
    files, rest = _find_files(" ".join(question.split()), [index.document for index in indexes])

    def each(find: Callable[[str, Index], Iterable[Span]]) -> list[tuple[Span, ...]]:
        return [tuple(_merge(find(rest, one))) if file in files else () for file, one in enumerate(indexes)]

    spans = each(_find)
    if any(spans):
        for named in (*_NAMED.values(), _DOTTED, _EACH):
            rest = named.sub(" ", rest)
    elif any(spans := each(_find_front)) or any(spans := each(_find_part)):
        rest = ""
    elif len(files) < len(indexes):
        spans = each(lambda _, index: [(0, len(index.document.text))])
    return Places(tuple(spans), rest)


def _find_files(question: str, documents: Sequence[Document]) -> tuple[set[int], str]:
    """Return the files that `question` names, all where it names none; and the question without the names."""
    files, rest, bare = set[int](), question, question
    for file, document in enumerate(documents):
        whole, stem = (
            re.compile(rf"(?<![a-z0-9]){re.escape(name)}(?![a-z0-9])", re.IGNORECASE)
            for name in (document.name, document.name.rpartition(".")[0] or document.name)
        )
        if len(document.name) > SHORTEST_NAME and stem.search(rest):
            files.add(file)
            rest, bare = whole.sub(" ", rest), stem.sub(" ", whole.sub(" ", bare))
    for found in _FILE.finditer(rest) if len(documents) > 1 else ():
        number = int(read(found["ordinal"] or found["number"]).partition(".")[0] or 1)
        files.add(min(number, len(documents)) - (number > 0))
        rest = bare = rest.replace(found.group(), " ")
    # A name without its suffix may also be what is asked about.
    files = {file % len(documents) for file in files} or set(range(len(documents)))
    return files, rest if split_terms(strip_task(bare)) else bare


def _find(question: str, index: Index) -> Iterator[Span]:
    document = index.document
    names = list(_read_names(question))
    has_chapter = any(kind == "chapter" for kind, _ in names)
    for kind, number in names:
        if kind in ("table", "figure"):
            yield from find_captions(document.text, kind, number)
        elif kind != "section" or "." in number or not has_chapter:  # "chapter 4, section 2" is in chapter 4
            yield from _find_page(document, kind, number) or find_section(document.text, kind, number)
    if document.unit == "sheet":
        yield from (span for label, span in _pages(document) if _is_said(label, question))
    for found in _EACH.finditer(question):
        is_table = (found["kind"] or found["zh_kind"]).lower() in ("tables", "表")
        yield from find_captions(document.text, "table" if is_table else "figure", "")


def _read_names(question: str) -> Iterator[tuple[str, str]]:
    for kind, named in (*_NAMED.items(), ("section", _DOTTED)):
        for found in named.finditer(question):
            parts = found.groupdict()
            text = parts.get("after") or parts.get("before") or ""
            single = read(parts.get("ordinal") or "last") if parts.get("ordinal") or parts.get("end") else ""
            for number in [*read_list(text, MOST_NUMBERS), *filter(None, [single, parts.get("own")])]:
                yield kind, number


def _pages(document: Document) -> list[tuple[str, Span]]:
    starts = zip(document.pages, document.page_starts, strict=True)
    return [(page.label, (start, start + len(page.text))) for page, start in starts]


def _find_page(document: Document, kind: str, number: str) -> list[Span]:
    """Return the page of this number: by its label, or in its order where labels are names."""
    pages = _pages(document)
    if document.unit not in _KINDS_OF_PAGE.get(kind, ()) or "." in number:
        return []
    if number == "-1":
        return [pages[-1][1]] if pages else []
    if kind == "sheet":
        return [span for _, span in pages[int(number) - 1 :][:1]]
    if kind == "chapter" and (found := find_section(document.text, kind, number)):
        return found  # a book's first parts are its cover and contents
    return [span for label, span in pages if label == number]


def _is_said(label: str, question: str) -> bool:
    """Tell whether the name of a sheet stands in a question: as a word where it is written in letters."""
    if not label.isascii():
        return len(label) > 1 and label in question
    return len(label) >= SHORTEST_NAME and bool(
        re.search(rf"(?<![A-Za-z0-9]){re.escape(label)}(?![A-Za-z0-9])", question)
    )


def _find_front(question: str, index: Index) -> Iterator[Span]:
    """Yield the beginning, where a question asks for nothing but the title, the authors or the contents."""
    if _FRONT.search(question) and not split_terms(strip_task(_FRONT.sub(" ", question))):
        yield 0, min(FRONT_CHARACTERS, len(index.document.text))


def _find_part(question: str, index: Index) -> Iterator[Span]:
    """Yield the sections whose heading is what the question is about, as in "summarise the conclusion"."""
    if names_a_part(question):
        yield from find_titled(strip_task(question), index)


def _merge(spans: Iterable[Span]) -> list[Span]:
    merged = list[Span]()
    for start, end in sorted(spans):
        if merged and start <= merged[-1][1] + len(PAGE_BREAK):
            merged[-1] = merged[-1][0], max(end, merged[-1][1])
        elif start < end:
            merged.append((start, end))
    return merged
