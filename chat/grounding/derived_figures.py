"""Derived figures: may a figure of an answer be computed from others in the answer or in the files?

A figure that comes out gets no verdict. Operands are figures near it, those of one quotation or paragraph, a
column of a table or of a list, and rows of the files that share words or figures with its sentence.
docs/proof.md has the rule. Confirms nothing.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import combinations, product

from chat.grounding.computations import is_derived, is_result
from chat.grounding.evidence import Evidence, Span
from chat.grounding.figures import Amount, read_amounts
from chat.grounding.quotations import Quotation

NEAR_FIGURES = 7
ROW_FIGURES = 12  # of a row whose figures are combined
PARAGRAPH_FIGURES = 16  # before and behind a figure in its paragraph
COLUMN_FIGURES = 40
MOST_ROWS, MOST_PIECES = 6, 3  # of tables and of prose of the files, for one figure
MOST_ROW_CHARACTERS = 300
MOST_SENTENCES, SENTENCE_CHARACTERS = 60, 1_000  # of an answer, whose rows are looked for
FEW_HITS = 4  # of a figure in a file; a commoner one names no row
SHORT_ROW_FIGURES = 6  # of a row that a figure beside it names
FEW_FIGURES = 3  # of a sentence, of which two give a figure of one or two digits hardly by chance
MOST_HITS = 40  # of a word; a commoner one names no row
TELLING_DIGITS = 3  # of a figure; with fewer, figures of two texts give it by chance
LEAST_SHARE = 0.001  # of the larger one of two values that are added
PAGE_CHARACTERS = 20_000  # a longer stretch is searched word by word
_OTHER_NOTATION = str.maketrans(".,", ",.")
_LIST_LINE = re.compile(r"[ \t]*(?:[-*+•]|\d{1,2}[.)])\s|[ \t]*\|")
_THOUSANDS = re.compile(r"\d[.,]\d{3}(?!\d)")  # or decimals
_RULE = re.compile(r"[\s|:-]*")
_WORD = re.compile(r"[^\W\d_\u2e80-\U0003ffff]{4,}|[\u3400-\u9fff]{2}")
_PIECES = re.compile(r"(?<=[.;!?])(?<!Mio\.)(?<!Mrd\.)(?<!Tsd\.)(?<!Nr\.)(?<!ca\.)\s+|(?<=[。；！？])|\n")


@dataclass(frozen=True)
class _Row:
    """A row of a table or a sentence of a file, and how the file writes numbers."""

    text: str
    decimal_comma: bool

    @property
    def notations(self) -> tuple[bool, ...]:
        """The file's notation; both where 1.234 may be meant, as a file of two languages has both."""
        is_open = _THOUSANDS.search(self.text)
        return (self.decimal_comma, not self.decimal_comma) if is_open else (self.decimal_comma,)


@dataclass(frozen=True)
class Derivation:
    """The operands of one answer. kept: rows of the files by sentence."""

    answer: str
    quotations: Sequence[Quotation]
    evidence: Sequence[Evidence]
    decimal_comma: bool
    kept: dict[tuple[Span, ...], list[_Row]] = field(default_factory=dict)

    @cached_property
    def amounts(self) -> list[Amount]:
        return list(read_amounts(self.answer, decimal_comma=self.decimal_comma))

    def explains(self, figure: Amount, sentence: Span, spans: Sequence[tuple[Evidence, Span]]) -> bool:
        """May the figure be computed? sentence: in the answer; spans: of the pages that its mark names."""
        return (
            is_derived(figure, self._near(figure))
            or _is_among(figure, self._of_quotations)
            or _is_among(figure, self._of_columns)
            or is_result(figure, self._of_paragraph(figure))
            or is_result(figure, self._of_rows(figure, sentence, spans))
            or is_result(figure, self._of_rows_beside(figure, spans))
        )

    def _near(self, figure: Amount, fewest_digits: int = 0) -> list[Amount]:
        place = bisect_left(self.amounts, figure.at, key=lambda one: one.at)
        reach = NEAR_FIGURES * (2 if fewest_digits else 1)
        beside = self.amounts[max(0, place - reach) : place + reach + 1]
        near = sorted(
            (one for one in beside if one.at != figure.at and one.digits >= fewest_digits),
            key=lambda one: abs(one.at - figure.at),
        )
        return near[:NEAR_FIGURES]

    @cached_property
    def _of_quotations(self) -> list[float]:
        """The sum of the numbers of each quotation, as of a row of a table, and what two give; sorted."""
        results = list[float]()
        for quotation in self.quotations:
            values = self._values(quotation.text)
            if len(values) > 1:
                results.append(sum(values))
                results += _pairs(values, with_shares="|" in quotation.text)
        return sorted(map(abs, results))

    def _of_paragraph(self, figure: Amount) -> Iterator[float]:
        """Yield sums and differences of the figures around it, those in quotations too."""
        start = self.answer.rfind("\n\n", 0, figure.at) + 1
        end = self.answer.find("\n\n", figure.at)
        first, last = (
            bisect_left(self.amounts, at, key=lambda one: one.at)
            for at in (start, end if end >= 0 else len(self.answer))
        )
        place = bisect_left(self.amounts, figure.at, key=lambda one: one.at)
        beside = self.amounts[max(first, place - PARAGRAPH_FIGURES) : min(last, place + PARAGRAPH_FIGURES)]
        values = dict.fromkeys(one.value for one in beside if one.at != figure.at)
        if figure.is_percent:
            values[100.0] = None  # the rest of a whole
        for one, two in combinations(values, 2):
            yield from _sums(one, two)

    @cached_property
    def _of_columns(self) -> list[float]:
        """Sums of figures that follow one another in a column of the answer, and what two give; sorted."""
        results, block = list[float](), list[str]()
        for line in [*self.answer.split("\n"), ""]:
            if _LIST_LINE.match(line):
                if not _RULE.fullmatch(line):
                    block.append(line)
                continue
            for column in _columns([self._cells(one) for one in block]):
                results += _runs(column[:COLUMN_FIGURES])
                results += [abs(one - two) for one, two in combinations(column[:ROW_FIGURES], 2)]
            block = []
        return sorted(results)

    def _of_rows(
        self, figure: Amount, sentence: Span, spans: Sequence[tuple[Evidence, Span]]
    ) -> Iterator[float]:
        """Yield what two figures give of one row of the files, or of one column in two rows."""
        is_telling = figure.digits >= TELLING_DIGITS
        near = [one.value for one in self._near(figure)] if is_telling else []
        with_shares = is_telling and (figure.is_percent or figure.unit < 1.0)
        cells = list(self._cells_of_rows(sentence, spans, is_telling=is_telling))
        for row in cells:
            values = [value for value in row if value][:ROW_FIGURES]
            yield from _pairs(values, with_shares=with_shares)
            yield from (result for one, two in product(values, near) for result in _sums(one, two))
        for one, two in combinations(cells if is_telling else (), 2):
            for pair in zip(one, two, strict=False):
                if all(pair):
                    yield from _pairs([value for value in pair if value], with_shares=with_shares)

    def _cells_of_rows(
        self, sentence: Span, spans: Sequence[tuple[Evidence, Span]], *, is_telling: bool
    ) -> Iterator[list[float | None]]:
        """Yield the figures of the rows; for one of few digits, of tables and of short sentences."""
        for row in self._rows(sentence, spans):
            for comma in row.notations:
                cells = self._cells(row.text, comma)
                if is_telling or "|" in row.text or len(cells) <= FEW_FIGURES:
                    yield cells

    def _of_rows_beside(self, figure: Amount, spans: Sequence[tuple[Evidence, Span]]) -> Iterator[float]:
        """Yield what a figure near it gives with the others of its row or sentence in a file."""
        areas = spans or [(one, (0, len(one.document.text))) for one in self.evidence]
        for near in self._near(figure, fewest_digits=2):
            for one, span in areas:
                hits = [at for at, _, _ in one.figures.find(near) if span[0] <= at < span[1]]
                for at in hits if len(hits) <= FEW_HITS else ():
                    yield from _of_row_at(one, at, figure)

    def _rows(self, sentence: Span, spans: Sequence[tuple[Evidence, Span]]) -> list[_Row]:
        """Return the rows of the files that share most with a sentence; of the first sentences alone."""
        key = (sentence, *(span for _, span in spans))
        if key not in self.kept and len(self.kept) < MOST_SENTENCES:
            text = self.answer[sentence[0] : sentence[1]][:SENTENCE_CHARACTERS]
            areas = spans or [(one, (0, len(one.document.text))) for one in self.evidence]
            self.kept[key] = _best(
                [
                    (score, _Row(row, one.has_decimal_comma))
                    for one, span in areas
                    for score, row in _find_rows(text, one.document.text, span)
                ]
            )
        return self.kept.get(key, [])

    def _cells(self, line: str, comma: bool | None = None) -> list[float | None]:
        """Return the first figure of each cell; of a line without cells, its figures."""
        if "|" not in line:
            return [*self._values(line, comma)]
        return [next(iter(self._values(cell, comma)), None) for cell in line.split("|")]

    def _values(self, text: str, comma: bool | None = None) -> list[float]:
        comma = self.decimal_comma if comma is None else comma
        return [one.value for one in read_amounts(text, decimal_comma=comma)]


def _of_row_at(evidence: Evidence, at: int, figure: Amount) -> Iterator[float]:
    """Yield what the figure at a place of a file gives with each other one of its row or sentence."""
    text = evidence.document.text
    first, last = max(0, at - MOST_ROW_CHARACTERS), at + MOST_ROW_CHARACTERS
    start = first + max((cut.end() for cut in _PIECES.finditer(text[first:at])), default=0)
    cut = _PIECES.search(text, at, last)
    line = text[start : cut.start() if cut else last]
    row = list(read_amounts(line, decimal_comma=evidence.has_decimal_comma))
    with_shares = figure.is_percent and (figure.digits >= TELLING_DIGITS or "|" in line)
    base = next((one for one in row if start + one.at <= at < start + one.end), None)
    if base and len(row) <= SHORT_ROW_FIGURES:
        for other in row:
            if other is not base and other.value and base.value and not _is_year(other):
                yield from _pairs([base.value, other.value], with_shares=with_shares)


def _is_year(one: Amount) -> bool:
    return one.is_whole and len(one.literal) == 4 and 1900 <= one.value < 2100


def _is_among(figure: Amount, values: Sequence[float]) -> bool:
    """Is one of the sorted values the figure as far as its digits show?"""
    for factor in {1.0, 100.0 if figure.is_percent else figure.scale}:
        at = bisect_left(values, (figure.value - figure.unit * 0.5001) / factor)
        if is_result(figure, values[at : at + 1]):
            return True
    return False


def _pairs(values: Sequence[float], *, with_shares: bool) -> Iterator[float]:
    """Yield sum and difference of two values each, and their shares, changes and means."""
    for one, two in combinations(values[:ROW_FIGURES], 2):
        yield from _sums(one, two)
        if with_shares and one and two:
            yield from (one / two, two / one, (one - two) / two, (two - one) / one, (one + two) / 2)


def _sums(one: float, two: float) -> Iterator[float]:
    """Yield sum and difference; not where one value is so small that the result is the other, rounded."""
    if min(abs(one), abs(two)) > LEAST_SHARE * max(abs(one), abs(two)):
        yield from (one + two, one - two)


def _columns(rows: Sequence[Sequence[float | None]]) -> Iterator[list[float]]:
    for number in range(max(map(len, rows), default=0)):
        yield [value for row in rows if number < len(row) and (value := row[number]) is not None]


def _runs(column: Sequence[float]) -> Iterator[float]:
    """Yield the sums of two values or more that follow one another."""
    for first in range(len(column) - 1):
        total = column[first]
        for value in column[first + 1 :]:
            total += value
            yield total


def _find_rows(sentence: str, text: str, span: Span) -> Iterator[tuple[float, str]]:
    """Yield the rows of a stretch of a file that share words with the sentence, and how much they do.

    A row whose own words are the sentence's counts more than a long one that has many others.
    """
    words = {word.casefold() for word in _WORD.findall(sentence)} | _figures_of(sentence)
    for row in _rows_with(words, text, span):
        folded = row.casefold()
        if any(map(str.isdigit, row)) and (shared := sum(word in folded for word in words)):
            yield shared + 2 * shared / max(shared, len(set(_WORD.findall(folded)))), row


def _rows_with(words: set[str], text: str, span: Span) -> Iterator[str]:
    """Yield the rows of a short stretch, and those of a long one that have the words."""
    if span[1] - span[0] <= PAGE_CHARACTERS:
        yield from _PIECES.split(text[span[0] : span[1]])
        return
    counts = Counter[Span]()
    for word in sorted(words):  # of rows with as many words the first ones count: in one order
        hits = list(_find(word, text, span))
        for row in dict.fromkeys(hits if len(hits) < MOST_HITS else ()):
            counts[row] += 1
    for row, _ in counts.most_common(4 * MOST_ROWS):
        yield text[row[0] : row[1]]


def _figures_of(sentence: str) -> set[str]:
    found = {one for one in re.findall(r"\d[\d.,]*\d", sentence) if len(one) > 2}
    return found | {one.translate(_OTHER_NOTATION) for one in found}


def _find(word: str, text: str, span: Span) -> Iterator[Span]:
    """Yield the rows that have a word, as it is and with a capital."""
    for form in dict.fromkeys((word, word.capitalize())):
        at, count = text.find(form, *span), 0
        while at >= 0 and count < MOST_HITS:
            start = max(text.rfind("\n", span[0], at) + 1, at - MOST_ROW_CHARACTERS)
            end = text.find("\n", at, at + MOST_ROW_CHARACTERS)
            yield start, end if end >= 0 else min(len(text), at + MOST_ROW_CHARACTERS)
            at, count = text.find(form, at + 1, span[1]), count + 1


def _best(rows: Sequence[tuple[float, _Row]]) -> list[_Row]:
    """Return the rows of tables, and the sentences, that share most with the answer's sentence."""
    ordered = [row for _, row in sorted(rows, key=lambda one: (-one[0], len(one[1].text)))]
    return [
        *[row for row in ordered if "|" in row.text][:MOST_ROWS],
        *[row for row in ordered if "|" not in row.text][:MOST_PIECES],
    ]
