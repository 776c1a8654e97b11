"""Citations: which claims of an answer about the files are true, and where the words stand.

    answer -> quotations, marks -> claims -> each looked up -> citations

Never alters the answer: offsets into it and into `Document.text` are returned. Knows no model and no page.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace

from chat.documents.document import Document
from chat.grounding.claim_words import names_language
from chat.grounding.claims import Claim, find_claims, is_proof
from chat.grounding.computed_results import Computation
from chat.grounding.evidence import Evidence, Span
from chat.grounding.figure_check import Figure, check_figures
from chat.grounding.mark_reading import Mark, find_marks, find_names, find_unread_sections
from chat.grounding.quotations import Quotation, find_quotations, plain_words
from chat.grounding.quote_gaps import find_with_gaps
from chat.grounding.quote_matching import find_altered, find_exact, find_stitched
from chat.grounding.quoted_words import QuotedWords, is_long
from chat.grounding.sentence_conditions import find_bound, find_condition, states_bound, states_condition
from chat.grounding.text_windows import Match
from chat.languages import (
    count_languages,
    find_language,
    find_languages,
    has_decimal_comma,
    is_in_other_letters,
    is_in_other_script,
)

PASSAGE_MARGIN_CHARACTERS = 120
LONGEST_PASSAGE = 3_000
LEAST_WEAK_LIKENESS = 0.85  # of words that claim no file and differ from one by little
LEAST_WEAK_CHARACTERS = 40
LEAST_CONTINUED_LIKENESS = 0.8  # of a few words that follow a quote: a term of the answer's own is no claim
SENTENCE_LETTERS = 20, 8  # Latin and Chinese letters of words that are no term
LEAST_SAME_PLACE = 0.9  # likeness of a passage that was altered, not put together from two

CHECKED_CHARACTERS = 200_000  # of an answer; what follows has no citations
QUOTATIONS_MAX = 300
_FIGURE = re.compile(r"\d+(?:[.,]\d+)*")
_CODE = re.compile(r"```.*?(?:```|\Z)|`[^`\n]+`", re.DOTALL)


@dataclass(frozen=True)
class Citation:
    """One claim of the answer about the files.

    kind: `quote`, `page_mark` or `figure`. status: `found`, `computed` (a figure of a query's result),
    `omission` (words are left out where the quote shows it), `other_page`, `two_places` (stitched together),
    `altered`, `not_found`, `translated` (cannot be compared), `page_exists` (a mark alone). at, end: where
    the claim stands in the answer. cited_page: what the answer says; page: where it is, by the file's count;
    printed: the label printed there, where it differs; unit: what its pages are. said, stands: the words that
    differ.
    condition: what limits the words in their sentence and is not quoted, as "unless …" or "at most".
    passage_start, passage_end: the words proved, into `Document.text`; passage: the same with a margin, to
    show. from_picture: the text of the page was read from a picture, and single letters may be wrong;
    confidence: how sure the engine was of the page's letters, 0 to 1.
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
    printed: str = ""
    said: str = ""
    stands: str = ""
    unit: str = ""
    from_picture: bool = False
    confidence: float = 0.0
    condition: str = ""

    def to_json(self) -> dict[str, object]:
        return asdict(self)


def check(
    answer: str, evidence: Sequence[Evidence], question: str = "", computation: Computation | None = None
) -> tuple[Citation, ...]:
    """Return a citation for each quote, page mark and figure of `answer`, in its order.

    question: what was asked; its own words and figures are no claims. computation: over tables of the files.
    """
    visible = _hide_code(answer[:CHECKED_CHARACTERS], evidence)
    names = find_names(visible, evidence)
    quotations = find_quotations(visible)[:QUOTATIONS_MAX]
    marks = [mark for mark in find_marks(visible, names, evidence) if not _is_quoted(mark, quotations)]
    unread = find_unread_sections(visible, marks, evidence)
    told = sorted([*names, *unread], key=lambda one: one.at)
    language = find_language(_own_words(visible, quotations)) or find_language(visible)
    comma = _has_decimal_comma(visible, quotations)
    checker = _QuoteCheck(evidence, comma, language, question)
    citations = [
        *checker.check_all(find_claims(visible, quotations, marks, told)),
        *(_check_mark(mark) for mark in marks),
    ]
    translated = {one.at for one in citations if one.status == "translated"}
    compared = [one for one in quotations if one.at not in translated]  # a translation keeps its figures
    figures = check_figures(visible, evidence, compared, marks, question, computation, decimal_comma=comma)
    citations += [_cite_figure(one, computation) for one in figures]
    return tuple(sorted(citations, key=lambda citation: (citation.at, citation.end)))


def _is_quoted(mark: Mark, quotations: Sequence[Quotation]) -> bool:
    """Is a mark part of the words that are quoted, as the § of a law is?"""
    return not mark.is_bracketed and any(
        one.at <= mark.at and mark.end <= one.end and not one.is_block and is_proof(one.text)
        for one in quotations
    )


def _has_decimal_comma(answer: str, quotations: Sequence[Quotation]) -> bool:
    """Does the answer write 0,85? Where it has few words of its own, its quotation marks tell."""
    own = _own_words(answer, quotations)
    if find_language(own):
        return has_decimal_comma(own)
    return any(answer[one.outer_at] in "„»‚" for one in quotations) or has_decimal_comma(answer)


def _own_words(answer: str, quotations: Sequence[Quotation]) -> str:
    """Return the answer without what it quotes: the language of the two may differ."""
    parts, at = [], 0
    for one in sorted(quotations, key=lambda one: one.outer_at):
        parts.append(answer[at : max(at, one.outer_at)])
        at = max(at, one.outer_end)
    return " ".join([*parts, answer[at:]])


def _hide_code(answer: str, evidence: Sequence[Evidence]) -> str:
    """Return the answer with spaces in place of code; a file's name in backticks is no code."""
    known = {one.document.name.casefold() for one in evidence}

    def hide(found: re.Match[str]) -> str:
        name = found.group().strip("`")
        return f" {name} " if name.casefold() in known else " " * len(found.group())

    return _CODE.sub(hide, answer)


def _check_mark(mark: Mark) -> Citation:
    claim = Citation("page_mark", "not_found", mark.text, mark.at, mark.end, mark.name, mark.label)
    if not mark.places:
        return claim
    place = mark.places[0]
    start, end = place.spans[0]
    return _found(
        claim, place.evidence.document, "page_exists", start, min(end, start + 4 * PASSAGE_MARGIN_CHARACTERS)
    )


def _cite_figure(figure: Figure, computation: Computation | None) -> Citation:
    name = computation.place if computation and figure.status == "computed" else ""
    claim = Citation("figure", figure.status, figure.text, figure.at, figure.end, name, figure.cited_page)
    if figure.evidence is None:
        return claim
    return _found(claim, figure.evidence.document, figure.status, figure.start, figure.stop)


@dataclass(frozen=True)
class _Found:
    evidence: Evidence
    match: Match
    is_cited: bool


class _QuoteCheck:
    """Looks the quotes of one answer up."""

    def __init__(
        self, evidence: Sequence[Evidence], decimal_comma: bool, language: str, question: str
    ) -> None:
        self._evidence = evidence
        self._decimal_comma = decimal_comma
        self._language = language
        self._question = " ".join(question.split()).casefold()

    def check_all(self, claims: Sequence[Claim]) -> Iterator[Citation]:
        for claim in claims:
            if not self._is_of_question(claim):
                yield from self._check_block(claim) if claim.quotation.is_block else self._check(claim)

    def _is_of_question(self, claim: Claim) -> bool:
        words = " ".join(claim.quotation.text.split()).casefold()
        return bool(self._question) and not claim.marks and words in self._question

    def _check_block(self, claim: Claim) -> Iterator[Citation]:
        """Check a blockquote as one quote; where it is none, line by line."""
        lines = [
            line for line in _lines_of(claim) if any(character.isalnum() for character in line.quotation.text)
        ]
        if len(lines) > 1:
            whole = lines[0].quotation
            last = lines[-1].quotation
            text = "\n".join(line.quotation.text for line in lines)
            joined = replace(claim, quotation=replace(whole, text=text, end=last.end))
            found = list(self._check(joined, is_trial=True))
            if found and found[0].status in ("found", "omission", "other_page"):
                yield from found
                return
        for line in lines:
            yield from self._check(line)

    def _check(self, claim: Claim, *, is_trial: bool = False) -> Iterator[Citation]:
        quotation = claim.quotation
        cited = claim.marks[0] if claim.marks else None
        citation = Citation(
            "quote", "not_found", quotation.text, quotation.at, quotation.end,
            cited.name if cited else "", cited.label if cited else "",
        )  # fmt: skip
        words = plain_words(quotation.text)
        quote = QuotedWords(words, self._decimal_comma, claim.before, claim.behind)
        if not (claim.is_proof or claim.is_strong or claim.marks):
            return
        found = self._look_up(quote, claim)
        if found is not None and not _shares_names_alone(quote, found):
            if self._tells(claim, found):
                yield _cite(citation, found, claim)
        elif claim.is_strong and not is_trial:
            status = "translated" if self._is_translated(claim, quote) else "not_found"
            yield replace(citation, status=status)

    def _tells(self, claim: Claim, found: _Found) -> bool:
        """Is a finding told of? Words that claim no file are not called wrong for a chance likeness."""
        status, match = found.match.status, found.match
        if not claim.is_proof and not claim.is_strong:
            return status == "found" and found.is_cited
        if claim.is_strong or status in ("found", "omission"):
            return True
        if claim.is_continued:
            is_alike = match.likeness >= LEAST_CONTINUED_LIKENESS or _is_other_figure(match)
            return status == "altered" and (is_alike or is_long(claim.quotation.text, *SENTENCE_LETTERS))
        has_length = len(claim.quotation.text) >= LEAST_WEAK_CHARACTERS
        return status == "altered" and has_length and match.likeness >= LEAST_WEAK_LIKENESS

    def _look_up(self, quote: QuotedWords, claim: Claim) -> _Found | None:
        """Return where the words are, the cited places first, exact words before others."""
        if not quote.literal:
            return None
        cited = [
            (place.evidence, span) for mark in claim.marks for place in mark.places for span in place.spans
        ]
        named = [one for mark in claim.marks for one in mark.files]
        order = [*dict.fromkeys([*named, *(one for one, _ in cited), *self._evidence])]
        faults = list[_Found]()
        for find in (_exactly, _with_gaps):
            for evidence, span in cited:
                if found := _inside(find, quote, evidence, span, faults):
                    return _Found(evidence, found, True)
            for evidence in order:
                if found := _anywhere(find, quote, evidence, faults):
                    return _Found(evidence, found, not claim.marks or (not cited and not named))
        if not is_proof(quote.literal) and not claim.is_strong:
            return None
        if faults:
            return faults[0]
        alike = self._most_alike(quote, order, cited)
        if alike and alike.match.likeness >= LEAST_SAME_PLACE:
            return alike
        for evidence in order if claim.is_strong else ():
            if stitched := find_stitched(quote, evidence):
                return _Found(evidence, stitched, True)
        return alike

    def _most_alike(
        self,
        quote: QuotedWords,
        order: Sequence[Evidence],
        cited: Sequence[tuple[Evidence, Span]],
    ) -> _Found | None:
        """Return the passage most like the quote: one of the cited places, if it differs by little there."""
        near = [_Found(one, match, True) for one, span in cited if (match := find_altered(quote, one, span))]
        if all(found.match.likeness < LEAST_SAME_PLACE for found in near):
            near += [_Found(one, match, True) for one in order if (match := find_altered(quote, one))]
        return max(near, key=lambda found: found.match.likeness, default=None)

    def _is_translated(self, claim: Claim, quote: QuotedWords) -> bool:
        """Are the words in a language that the files are not written in?"""
        files = [one for mark in claim.marks for one in mark.files] or self._evidence
        if not any(one.document.characters for one in files):  # scanned pages that wait
            return False
        language = find_language(quote.text) or self._own_language_of(quote, files)
        cited = _languages_cited(claim)
        if language and language in cited:
            return len(cited) > 1 and (claim.is_translation or names_language(claim.own_words))
        if language and not any(language in one.languages for one in files):
            return True
        if all(is_in_other_letters(quote.text, one.languages) for one in files):
            return True
        return claim.is_translation

    def _own_language_of(self, quote: QuotedWords, files: Sequence[Evidence]) -> str:
        """Return the answer's language, where a quote's few common words are its, and none is a file's."""
        counts = count_languages(quote.text)
        if any(one.languages & set(counts) for one in files):
            return ""
        return self._language if counts and counts[self._language] == max(counts.values()) else ""


def _languages_cited(claim: Claim) -> frozenset[str]:
    """Return the languages of the cited pages: a file of two languages has pages of the lesser one."""
    languages = [
        find_languages(place.evidence.document.text[start:end])
        for mark in claim.marks
        for place in mark.places
        for start, end in place.spans
        if end - start < place.evidence.document.characters
    ]
    return frozenset[str]().union(*languages)


def _lines_of(claim: Claim) -> Iterator[Claim]:
    """Yield the lines of a blockquote as claims of their own, without the mark at the end."""
    at = claim.quotation.at
    for line in claim.quotation.text.split("\n"):
        text = line.lstrip(" >")
        start = at + len(line) - len(text)
        for mark in claim.marks:
            if start <= mark.at < start + len(text) and not _is_heading(text, mark, start):
                text = text[: mark.at - start].rstrip(" —–-(（[,，")
                text = "" if text.strip(" —–-*_") == mark.name else text
        yield replace(
            claim,
            quotation=replace(claim.quotation, text=text.rstrip(), at=start, end=start + len(text.rstrip())),
        )
        at += len(line) + 1


def _is_heading(text: str, mark: Mark, start: int) -> bool:
    """Does a line begin with a mark and go on, as 第九条 does before its text?"""
    before, after = text[: max(0, mark.at - start)], text[max(0, mark.end - start) :]
    return not mark.is_bracketed and not any(map(str.isalnum, before)) and any(map(str.isalnum, after))


def _shares_names_alone(quote: QuotedWords, found: _Found) -> bool:
    """Is a passage like the quote for its names, the quote being a translation?"""
    match = found.match
    passage = found.evidence.document.text[match.start : match.end]
    return match.status == "altered" and is_in_other_script(quote.text, passage)


def _is_other_figure(match: Match) -> bool:
    """Is it a figure in which a passage first differs from the quoted words?"""
    difference = match.difference
    return difference is not None and bool(
        _FIGURE.fullmatch(difference.said) and _FIGURE.fullmatch(difference.stands)
    )


_Find = Callable[[QuotedWords, Evidence, Span | None], Iterator[Match]]


def _exactly(quote: QuotedWords, evidence: Evidence, within: Span | None) -> Iterator[Match]:
    yield from find_exact(quote, evidence, within)


def _with_gaps(quote: QuotedWords, evidence: Evidence, within: Span | None) -> Iterator[Match]:
    if found := find_with_gaps(quote, evidence, within):
        yield found


def _inside(
    find: _Find, quote: QuotedWords, evidence: Evidence, span: Span, faults: list[_Found]
) -> Match | None:
    """Return the first match that touches a cited place; matches that differ are kept as faults."""
    reach = 2 * len(quote.text)
    for match in find(quote, evidence, (max(0, span[0] - reach), span[1] + reach)):
        if match.start < span[1] and match.end > span[0]:
            if match.status != "altered":
                return match
            faults.append(_Found(evidence, match, True))
    return None


def _anywhere(find: _Find, quote: QuotedWords, evidence: Evidence, faults: list[_Found]) -> Match | None:
    for match in find(quote, evidence, None):
        if match.status != "altered":
            return match
        faults.append(_Found(evidence, match, True))
    return None


def _cite(citation: Citation, found: _Found, claim: Claim) -> Citation:
    match, document = found.match, found.evidence.document
    status = match.status
    if status in ("found", "omission") and not found.is_cited:
        status = "other_page"
    whole = _found(citation, document, status, match.start, match.end)
    if match.difference is None:
        condition = _condition(status, match, document, claim)
        return replace(whole, condition=condition) if condition else whole
    return replace(whole, said=match.difference.said, stands=match.difference.stands)


def _condition(status: str, match: Match, document: Document, claim: Claim) -> str:
    """Return the condition or the bound that the answer leaves out of a sentence which it confirms."""
    if status not in ("found", "omission", "other_page"):
        return ""
    if not states_bound(claim.around) and (bound := find_bound(document.text, match.start, match.end)):
        return bound
    if not claim.is_proof or states_condition(claim.around):
        return ""
    return find_condition(document.text, match.start, match.end)


def _found(claim: Citation, document: Document, status: str, start: int, end: int) -> Citation:
    first, last = max(0, start - PASSAGE_MARGIN_CHARACTERS), end + PASSAGE_MARGIN_CHARACTERS
    page = document.pages[max(0, bisect_right(document.page_starts, start) - 1)]
    printed = document.printed_of(page)
    return replace(
        claim,
        status=status,
        name=document.name,
        unit=document.unit,
        page=page.label,
        printed=printed if printed != page.label else "",
        passage_start=start,
        passage_end=end,
        passage=document.text[first : min(last, first + LONGEST_PASSAGE)],
        from_picture=page.is_from_picture,
        confidence=round(page.confidence or 0.0, 3),
    )
