"""Mark reading: the files, pages and sections that an answer names, in brackets or in a sentence.

A file's name is looked for first, so that `Chapter 2.pdf` is no chapter. What no file has as a unit is no
mark.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice, pairwise
from typing import Protocol, TypeVar

from chat.grounding.evidence import Evidence, Span, fold
from chat.grounding.mark_writing import clean_name
from chat.grounding.page_columns import PageCell, find_page_cells
from chat.grounding.page_labels import UNIT_FORMS, find_pages
from chat.grounding.sections import Section, find_sections

NAMES_MAX = MARKS_MAX = 300  # of an answer: each is compared with the others
CERTAIN = 24  # characters behind a mark in words: by then it does not go on
SHORTEST_STEM = 3  # letters of a name without its suffix, in brackets
_MASK = "\ue010"
_CHINESE = "〇零一二三四五六七八九十百千两"
_ROMAN = r"[ivxlc]{1,7}(?![a-z])|[IVXLC]{2,7}(?![A-Za-z])"
_ONE = rf"(?:\d{{1,5}}|{_ROMAN}|[A-Z]{{1,2}}-\d{{1,3}}|[{_CHINESE}]{{1,7}})"
_AGAIN = r"(?:pp?\.|S\.|pages?|Seiten?|slides?|Folien?|第)?"
_LIST = rf"{_ONE}(?:\s*(?:[-–—~～,，、;&+/]|to|bis|至|到|and|und|和|及|与)\s*{_AGAIN}\s*{_ONE}){{0,30}}"
_LEFT = r"(?<![A-Za-z0-9.\u0400-\u04ff])"
_EXPRESSION = re.compile(
    rf"{_LEFT}(?P<page>(?i:pages?|pp?\.|pgs?\.|p[áa]ginas?|p[áa]gs?\.|pagin[ae]|seiten?|стр\.|страниц[аеуы]?|с\.(?=\s?\d))|S\.|[Pp]{{1,2}}(?=\s?\d))\s*(?P<pages>{_LIST})(?![A-Za-z])"
    rf"|(?:第\s*)?(?P<zh_pages>{_LIST})\s*(?:[页頁]|ページ|페이지|쪽)|页码?[:：]?\s*(?P<zh_pages2>\d{{1,5}})"
    rf"|{_LEFT}(?i:slides?|folien?|幻灯片)\s*(?P<slides>{_LIST})|第\s*(?P<zh_slides>{_LIST})\s*[张張](?:幻灯片)?"
    rf"|{_LEFT}(?i:chapters?|chap\.|ch\.|kapitel|kap\.)\s*(?P<chapters>{_LIST})(?![A-Za-z])|第\s*(?P<zh_chapters>{_LIST})\s*[章回]"
    rf"|(?:{_LEFT}(?i:sections?|sec\.|abschnitte?|articles?|art[íi]culos?|articol[oi]|art\.|artikel|clauses?|ziffer|стать[яеи]|ст\.)|§§?)\s*(?P<sections>(?:[A-Z](?=\.\d)|\d+)(?:\.\d+)*[a-z]?)"
    rf"|第\s*(?P<zh_sections>{_LIST})\s*(?P<zh_unit>[条條款节節])"
    rf"|{_LEFT}(?P<sections2>\d+(?:\.\d+)+)\s*[条條款节節]"
    rf"|(?:{_LEFT}(?i:(?:work)?sheets?|tabellenblatt|blatt|tab)(?![A-Za-z])|工作表)\s*[\"'“‘„「]?(?P<sheets>[^\"'”’“」,;，；!()\[\]【】（）\n]{{1,60}})"
)
_SECTION_AND_PAGE = re.compile(
    r"(?:sections?|sec\.|abschnitte?|article|art\.|artikel|clauses?|ziffer|§+)\s*[\d.]+[a-z]?\s*[,，]\s*"
    r"(?=(?:pp?\.|S\.|pages?|seiten?)\s*\d)|第[^,，、第]{1,9}[条條款节節]\s*[,，、]\s*(?=第\s*\d+\s*[页頁])",
    re.IGNORECASE,
)
_QUOTE_MARKS = re.compile(r"[“”\"„«»「」『』]")
_QUOTE_BEFORE = re.compile(r"[”\"“»«」』’][.,;。，；]?\s?$")
_BLOCK_BEHIND = re.compile(r"\s?[:：]\s*\n[ \t]{0,3}>")
_SECTION_NUMBER = re.compile(r"\s*(?:[A-Z]|\d+)(?:\.\d+)+\s*")
_TARGET = re.compile(r"(?<=\])\([^()\s]*\)|https?://\S+")
_BRACKETS = re.compile(r"[\[【（(〔]([^\[\]【】()（）〔〕\n]{1,240})[\]】）)〕](?!\()")
_FILE_NAME = re.compile(
    r"[^\s\[\]【】（）()“”\"]{1,255}\.(?:pdf|docx?|xlsx?|pptx?|txt|md|csv|html?|epub|odt|ods|odp|rtf|json|xml)\b",
    re.IGNORECASE,
)
_LAW_AFTER = re.compile(
    r"(?:\s*(?:\([^()\n]{1,20}\)|[,/]|Abs\.|Absatz|Satz|para(?:graph)?\.?|lit\.|\d+|[a-z]\b)){0,6}"
    r"\s*(?:(?:of|des|der|du|de la) (?:the )?)?"
    r"(?:[A-ZÄÖÜ]\w*[A-Z]\b|\w*(?:gesetz|ordnung|Act|Code|Constitution|Treaty))"
)
_LAW_BEFORE = re.compile(r"》\s*$|(?:Act|Code|GDPR|Constitution|Treaty),?\s*$")
_ARTICLE = re.compile(r"art|§", re.IGNORECASE)
_CELLS = re.compile(r"\s*!?\s*\$?[A-Z]{1,3}\$?\d{1,6}(?::\$?[A-Z]{1,3}\$?\d{1,6})?\s*$")
_NAMED_SHEET = re.compile(r"[^\W\d_]{3}.*\d")  # a word alone may be no sheet's name in a sentence
_WITHOUT_SUFFIX = re.compile(r"\.[A-Za-z0-9]{1,5}$")


@dataclass(frozen=True)
class MarkedPlace:
    """Where a mark points: the whole of a file, or spans of it."""

    evidence: Evidence
    spans: tuple[Span, ...]


@dataclass(frozen=True)
class Mark:
    """What an answer names. name: of the file, as it stands. unit, label: of the page, as they stand.

    places: what it means; none where there is no such page. is_bracketed: a claim of its own, not a part of
    a sentence. is_section: named by its heading.
    """

    name: str
    unit: str
    label: str
    at: int
    end: int
    text: str
    places: tuple[MarkedPlace, ...]
    is_bracketed: bool = True
    is_section: bool = False
    files: tuple[Evidence, ...] = field(default=())


@dataclass(frozen=True)
class NamedFile:
    """A file's name in the answer. Several files may have it."""

    at: int
    end: int
    files: tuple[Evidence, ...]


class _Placed(Protocol):
    @property
    def at(self) -> int: ...


Placed = TypeVar("Placed", bound=_Placed)


def between(items: Sequence[Placed], start: int, end: int) -> Sequence[Placed]:
    """Return the items that begin from `start` on and before `end`. items: in the order of their places."""
    first = bisect_left(items, start, key=lambda item: item.at)
    return items[first : bisect_left(items, end, key=lambda item: item.at, lo=first)]


def find_names(answer: str, evidence: Sequence[Evidence]) -> list[NamedFile]:
    """Return where the answer names a file in full, the longest name first where two overlap."""
    ways = dict[str, list[Evidence]]()
    for one in evidence:
        for name in {one.document.name, clean_name(one.document.name)}:
            if len(fold(name)) >= 2:
                ways.setdefault(name, []).append(one)
    found = list[NamedFile]()
    taken, plain = bytearray(len(answer)), answer.casefold()
    for name in sorted(ways, key=len, reverse=True):
        if not all(part in plain for part in re.split("[ _]", name.casefold())):
            continue  # most names do not occur, and a search for one costs more
        pattern = re.escape(name).replace(r"_", r"\\?_").replace(r"\ ", r"\s+")
        for here in re.finditer(rf"(?<![A-Za-z0-9_-]){pattern}(?![A-Za-z0-9])", answer, re.IGNORECASE):
            if len(found) >= NAMES_MAX:
                break
            if not any(taken[here.start() : here.end()]):
                taken[here.start() : here.end()] = b"\1" * len(here.group())
                found.append(NamedFile(here.start(), here.end(), tuple(ways[name])))
    return sorted(found, key=lambda one: one.at)


def find_unread_sections(answer: str, marks: Sequence[Mark], evidence: Sequence[Evidence]) -> list[NamedFile]:
    """Return where the answer names a section of which no file has a heading: it still means the files.

    Not those of a law that is named, as § 433 BGB or Art. 6 of the GDPR: the files may not have it.
    """
    return [
        NamedFile(found.start(), found.end(), tuple(evidence))
        for found in islice(_EXPRESSION.finditer(answer), MARKS_MAX)
        if (found["sections"] or found["zh_sections"] or found["sections2"])
        and not _LAW_AFTER.match(answer, found.end())
        and not _LAW_BEFORE.search(answer[max(0, found.start() - 30) : found.start()])
        and not any(mark.at <= found.start() < mark.end for mark in marks)
    ]


def find_marks(answer: str, names: Sequence[NamedFile], evidence: Sequence[Evidence]) -> list[Mark]:
    """Return the marks of an answer in its order."""
    masked = answer
    for name in names:
        masked = masked[: name.at] + _MASK * (name.end - name.at) + masked[name.end :]
    masked = _TARGET.sub(lambda target: _MASK * len(target.group()), masked)
    marks, taken = list[Mark](), bytearray(len(answer))
    for found in islice(_BRACKETS.finditer(masked), MARKS_MAX):
        inside = list(_read_bracket(found, answer, masked, names, evidence))
        if not inside and (mark := _read_number(found, answer, evidence)):
            inside = [mark]
        if inside:
            marks += inside
            taken[found.start() : found.end()] = b"\1" * len(found.group())
    marks += islice(_marks_in_sentences(answer, masked, taken, names, evidence), MARKS_MAX)
    for cell in islice(find_page_cells(answer), MARKS_MAX):
        if not any(taken[cell.at : cell.end]) and (mark := _read_cell(cell, names, evidence)):
            marks.append(mark)
    return sorted(marks, key=lambda mark: (mark.at, mark.end))


def find_written_marks(
    line: str, names: Sequence[str], units: Collection[str], *, is_over: bool
) -> list[Span]:
    """Return where marks stand complete in a line that may still grow, without a look into the files.

    names, units: of the files that were sent. is_over: the line grows no more. Until then a mark in words is
    complete when CERTAIN characters follow it.
    """
    forms = {form for name in names for form in (name, clean_name(name)) if form}
    named = re.compile("|".join(map(re.escape, forms)) or r"(?!)")
    brackets = list[Span]()
    for found in islice(_BRACKETS.finditer(line), MARKS_MAX):
        expression = _EXPRESSION.search(found[1])
        is_named = found.group()[0] in "[【〔" and named.search(found[1])
        if (is_over or found.end() < len(line)) and (
            is_named or (expression and _unit_of(expression, units))
        ):
            brackets.append(found.span())
    ends = [end for _, end in brackets]
    words = list[Span]()
    for found in islice(_EXPRESSION.finditer(line), MARKS_MAX):
        if (not is_over and found.end() + CERTAIN > len(line)) or _unit_of(found, units) not in (
            "page",
            "slide",
        ):
            continue
        next_bracket = bisect_right(ends, found.start())
        if next_bracket == len(ends) or brackets[next_bracket][0] > found.start():
            words.append(found.span())
    return sorted([*brackets, *words])


def _unit_of(expression: re.Match[str], units: Collection[str]) -> str:
    """Return the unit that an expression names; empty where no file has pages of this kind."""
    groups = [
        key for key, value in expression.groupdict().items() if value and key not in ("page", "zh_unit")
    ]
    unit = groups[0].removeprefix("zh_").rstrip("2").removesuffix("s")
    return unit if unit == "section" or set(UNIT_FORMS.get(unit, (unit,))) & set(units) else ""


def _marks_in_sentences(
    answer: str, masked: str, taken: bytearray, names: Sequence[NamedFile], evidence: Sequence[Evidence]
) -> Iterator[Mark]:
    """Yield the marks outside of brackets. What only looks like one may hold one: "sheet is on page 40"."""
    at = 0
    while found := _EXPRESSION.search(masked, at):
        start, at = found.span()
        mark = None
        if not taken[start]:
            mark = _read_expression(found, _name_beside(names, start, masked), "", evidence)
        if mark and (mark.places or (mark.unit in ("page", "slide") and mark.label.isdigit())):
            yield _place_mark(mark, start, at, answer[start:at].strip(), is_bracketed=False)
        elif found["sheets"]:
            at = found.start("sheets")
    yield from _sheets_in_sentences(answer, masked, taken, evidence)


def _sheets_in_sentences(
    answer: str, masked: str, taken: bytearray, evidence: Sequence[Evidence]
) -> Iterator[Mark]:
    """Yield the sheets that a sentence names as their files do: Sheet1, Umsatz 2023."""
    able = [one for one in evidence if one.document.unit == "sheet"]
    labels = {page.label for one in able for page in one.document.pages[:NAMES_MAX]}
    for label in sorted(label for label in labels if _NAMED_SHEET.search(label)):
        for found in re.finditer(rf"(?<![\w.]){re.escape(label)}(?!\w)", masked):
            if not any(taken[found.start() : found.end()]):
                mark = _labelled("", "sheet", [label], able)
                yield _place_mark(
                    mark, *found.span(), answer[found.start() : found.end()], is_bracketed=False
                )


def _place_mark(mark: Mark, at: int, end: int, text: str, *, is_bracketed: bool = True) -> Mark:
    return Mark(
        mark.name,
        mark.unit,
        mark.label,
        at,
        end,
        text,
        mark.places,
        is_bracketed,
        mark.is_section,
        mark.files,
    )


def _name_beside(names: Sequence[NamedFile], at: int, text: str) -> NamedFile | None:
    """Return the file that a sentence names before a page, or right behind it."""
    start = max(text.rfind("\n", 0, at), text.rfind("。", 0, at), text.rfind(". ", 0, at))
    before = between(names, start + 1, at)
    behind = [name for name in between(names, at + 1, at + 40) if "\n" not in text[at : name.at]]
    return before[-1] if before else behind[0] if behind else None


def _read_bracket(
    found: re.Match[str], answer: str, masked: str, names: Sequence[NamedFile], evidence: Sequence[Evidence]
) -> Iterator[Mark]:
    """Yield the marks in one pair of brackets: one, or one for each file that is named."""
    inner, is_square = found.start(1), found.group()[0] in "[【〔"
    inside = [name for name in between(names, inner, found.end(1)) if name.end <= found.end(1)]
    parts = _parts(found[1], inner, inside)
    marks = list[Mark]()
    for start, end in parts:
        named = next((name for name in inside if start <= name.at < end), None)
        mark = _read_part(answer, masked, start, end, named, is_square, evidence)
        if mark and mark.name == "" and marks and marks[-1].name:  # [report.pdf p. 3; p. 7]
            mark = _read_part(
                answer, masked, start, end, NamedFile(0, 0, marks[-1].files), is_square, evidence
            )
        if mark:
            marks.append(_place_mark(mark, start, end, answer[start:end].strip()))
    if any(mark.unit == "page" for mark in marks):  # (Section 4.2, p. 17): the page says more
        marks = [mark for mark in marks if not mark.is_section]
    if _QUOTE_MARKS.search(found[1]):  # ("as it says", p. 3): the mark stands behind the quote
        yield from _beside_quote(found, marks, answer)
    elif len(marks) == 1:
        yield _place_mark(marks[0], found.start(), found.end(), answer[found.start() : found.end()])
    else:
        yield from marks


def _read_cell(cell: PageCell, names: Sequence[NamedFile], evidence: Sequence[Evidence]) -> Mark | None:
    """Return the mark of a number under "Page"; None where no file has such a unit."""
    named = between(names, cell.row_at, cell.at)
    files = named[-1].files if named else tuple(evidence)
    able = [one for one in files if one.document.unit in UNIT_FORMS.get(cell.unit, (cell.unit,))]
    if not able:
        return None
    labels = [cell.text, *re.split(r"\s*[,、]\s*", cell.text)]
    name = files[0].document.name if named else ""
    mark = _labelled(name, cell.unit, labels, able, files if named else ())
    return _place_mark(mark, cell.at, cell.end, cell.text)


def _read_number(found: re.Match[str], answer: str, evidence: Sequence[Evidence]) -> Mark | None:
    """Return the section that a number alone names behind a quote, as in “…” (6.9.4)."""
    is_beside = _QUOTE_BEFORE.search(answer, 0, found.start()) or _BLOCK_BEHIND.match(answer, found.end())
    if not _SECTION_NUMBER.fullmatch(found[1]) or not is_beside:
        return None
    mark = _section_mark("", Section("section", found[1].strip()), evidence)
    return mark and _place_mark(mark, *found.span(), found.group())


def _beside_quote(found: re.Match[str], marks: Sequence[Mark], answer: str) -> Iterator[Mark]:
    last = [one.end() for one in _QUOTE_MARKS.finditer(found[1])][-1] + found.start(1)
    for mark in marks:
        at = mark.at if mark.at >= last else min(last, mark.end)
        yield _place_mark(mark, at, mark.end, answer[at : mark.end].strip(" ,;"), is_bracketed=False)


def _parts(text: str, inner: int, names: Sequence[NamedFile]) -> list[Span]:
    """Return the stretches of a bracket that name one place each."""
    cuts = [inner + cut.end() for cut in re.finditer(r"[;；]", text)]
    cuts += [name.at for name in names[1:]]
    cuts += [inner + both.end() for both in _SECTION_AND_PAGE.finditer(text)]
    bounds = sorted({inner, *cuts, inner + len(text)})
    return list(pairwise(bounds))


def _read_part(
    answer: str,
    masked: str,
    start: int,
    end: int,
    named: NamedFile | None,
    is_square: bool,
    evidence: Sequence[Evidence],
) -> Mark | None:
    expression = _EXPRESSION.search(masked, start, end)
    before = answer[start : expression.start() if expression else end].strip(" \t,，:：;；-–—")
    if named is None and (stem := _by_stem(before, evidence)):
        named = NamedFile(start, start + len(before), stem)
    if named is not None:
        name = named.files[0].document.name
        if expression is None:
            rest = masked[start:end].replace(_MASK, "").strip(" \t,，:：;；")
            label = _sheet_label(rest, named.files)
            places = tuple(_whole(one) for one in named.files)
            if label:
                return _labelled(name, "sheet", [label], named.files)
            is_mark = not rest or is_square or len(rest) < 30
            return Mark(name, "", "", 0, 0, "", places, files=named.files) if is_mark else None
        return _read_expression(expression, named, name, evidence)
    if expression is None:
        if label := _sheet_label(before, evidence):
            return _labelled("", "sheet", [label], [one for one in evidence if one.document.unit == "sheet"])
        return Mark(before, "", "", 0, 0, "", ()) if is_square and _FILE_NAME.fullmatch(before) else None
    if unknown := _FILE_NAME.search(before):
        return Mark(unknown.group(), "page", _label_of(expression), 0, 0, "", ())
    return _read_expression(expression, None, "", evidence)


def _by_stem(text: str, evidence: Sequence[Evidence]) -> tuple[Evidence, ...]:
    """Return the files whose name without its suffix is `text`."""
    wanted = fold(text)
    if len(wanted) < SHORTEST_STEM:
        return ()
    return tuple(one for one in evidence if fold(_WITHOUT_SUFFIX.sub("", one.document.name)) == wanted)


def _sheet_label(text: str, files: Sequence[Evidence]) -> str:
    """Return the sheet that `Sales!B2:C4` or `Sales` names."""
    wanted = _CELLS.sub("", text).strip(" '\"!").casefold()
    labels = [page.label for one in files if one.document.unit == "sheet" for page in one.document.pages]
    return next((label for label in labels if label.casefold() == wanted), "")


def _label_of(found: re.Match[str]) -> str:
    return next(
        (value for key, value in found.groupdict().items() if value and key not in ("page", "zh_unit")), ""
    ).strip()


def _read_expression(
    found: re.Match[str], named: NamedFile | None, name: str, evidence: Sequence[Evidence]
) -> Mark | None:
    """Return the mark of a page, slide, sheet, chapter or section; None where no file has such a unit."""
    groups = {key: value for key, value in found.groupdict().items() if value}
    files = named.files if named else tuple(evidence)
    name = named.files[0].document.name if named else name
    kind = next(iter(key for key in groups if key not in ("page", "zh_unit"))).removeprefix("zh_").rstrip("2")
    label = _label_of(found)
    if kind == "sections":
        unit = groups.get("zh_unit", "section").replace("條", "条")
        is_article = unit == "section" and _ARTICLE.match(found.group())  # Article 15 of a Chinese law
        units = ("section", "条") if is_article else (unit,)
        marks = (_section_mark(name, Section(one, label), files) for one in units)
        return next(filter(None, marks), None)
    unit = kind.removesuffix("s")
    able = tuple(one for one in files if one.document.unit in UNIT_FORMS.get(unit, (unit,)))
    if not able and unit == "chapter":
        return _section_mark(name, Section("章" if "zh_chapters" in groups else "chapter", label), files)
    if not able and not (named and unit in ("page", "slide", "sheet")):
        return None
    labels = (
        [label] if unit == "sheet" else [label, *re.split(r"\s*(?:[,，、;&+/]|and|und|和|及|与)\s*", label)]
    )
    return _labelled(name, unit, labels, able, files)


def _labelled(
    name: str, unit: str, labels: list[str], able: Sequence[Evidence], files: Sequence[Evidence] = ()
) -> Mark:
    places = []
    for one in able:
        wanted = [_clean_label(label, unit) for label in labels]
        pages = find_pages(one.document, wanted)
        spans = tuple(
            (one.document.page_starts[at], one.document.page_starts[at] + len(one.document.pages[at].text))
            for at in pages
        )
        if spans:
            places.append(MarkedPlace(one, spans))
    return Mark(name, unit, labels[0], 0, 0, "", tuple(places), files=tuple(files or able) if name else ())


def _clean_label(label: str, unit: str) -> str:
    if unit == "sheet":
        return _CELLS.sub("", label).strip(" '\"!")
    return re.sub(
        r"^(?:pp?\.|S\.|pages?|seiten?|slides?|folien?|第)\s*", "", label.strip(), flags=re.IGNORECASE
    )


def _section_mark(name: str, section: Section, files: Sequence[Evidence]) -> Mark | None:
    places = tuple(
        MarkedPlace(one, tuple(spans))
        for one in files
        if (spans := find_sections(one.document.text, section))
    )
    if not places:
        return None
    return Mark(
        name, "section", section.number, 0, 0, "", places, is_section=True, files=tuple(files) if name else ()
    )


def _whole(one: Evidence) -> MarkedPlace:
    return MarkedPlace(one, ((0, len(one.document.text)),))
