"""QuotedWords matching: does a document say exactly this, and if not, what does it say instead?

Candidates come from the folded text; a verdict comes from the normal forms alone. docs/proof.md has the rule.
Offsets are into `Document.text`. Knows no answer: a quote is a string.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import islice

from chat.grounding.differences import Difference, compare_words
from chat.grounding.evidence import Evidence, Span, fold
from chat.grounding.layout_gaps import is_layout
from chat.grounding.normal_form import FIRST_CJK, NormalForm, write_normal_form
from chat.grounding.quote_edges import find_fault

MOST_CANDIDATES = 8
KEPT_WINDOWS = 32
LEAST_EXACT_SHARE, LEAST_ALTERED_SHARE = 0.4, 0.2  # of a candidate's votes
MARGIN = 40  # characters looked at around a candidate
GAP_CHARACTERS = 1_200  # that an ellipsis may stand for; half as many where they are Chinese
MOST_PARAGRAPHS = 1  # ends of paragraphs in what an ellipsis stands for
LAYOUT_CHARACTERS = 2_500  # of footnotes and running heads between the halves of a sentence
LEAST_LAYOUT, LEAST_LAYOUT_SHARE = 12, 0.4  # letters between the halves; share of the quote in its place
FOOT_CHARACTERS, HEAD_CHARACTERS = 700, 400  # at the end of a page and at the head of the next one
LEAST_PIECE_LETTERS, LEAST_PIECE_CJK = 8, 3
LEAST_PART_LETTERS, LEAST_PART_CJK = 16, 6  # of a quote stitched from two places
LEAST_ALTERED = 0.7  # likeness of a passage that differs by little
MOST_SPLITS = 10

_GAP = re.compile(
    r"\[\s*(?:\.{3,}|…+)\s*\]|[(]\s*(?:\.{3,}|…+)\s*[)]|（…+）|\.{3,}|(?:\. ){2,}\.|…+"
    r"|\[[^\[\]\d]{0,60}[^\W\d_][^\[\]\d]{0,60}\]"
)
_LETTER_IN_BRACKETS = re.compile(r"\[([^\W\d_])\](?=\w)")
_PARAGRAPH_END = re.compile(r"\n[ \t]*\n|[。！？；]\n|\n(?=\s*(?:[•●▪■*-]|\(?\d{1,2}[.)]|\([a-z]\))\s)")
_CLAUSE_END = re.compile(r"[.!?,;:](?=[\s\"”’)\]]|$)|[。！？，；：、]|\n[ \t]*\n")
_SPLIT = re.compile(r"[.!?;:,](?=\s)|[。！？；，：]|\s(?:and|und|but|aber|sowie|whereas)\s|\n|\s[-–—]\s")
_NEGATION = re.compile(
    r"\b(?:not|no|never|none|neither|nor|cannot|without|nicht|kein\w*|nie|niemals|ohne|weder)\b|n['’]t\b"
    r"|[不未无無没沒勿莫非]",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Match:
    """Where a quote stands and how it differs. status: `found`, `omission`, `two_places` or `altered`."""

    status: str
    start: int
    end: int
    difference: Difference | None = None
    likeness: float = 1.0


@dataclass(frozen=True)
class QuotedWords:
    """Words that an answer quotes.

    decimal_comma: of the answer's language. before: what the answer says before them.
    """

    text: str
    decimal_comma: bool = False
    before: str = ""

    @cached_property
    def literal(self) -> str:
        """The text without an ellipsis at its ends, and with [T]he written as The."""
        plain = _LETTER_IN_BRACKETS.sub(r"\1", self.text.strip())
        return re.sub(rf"^(?:{_ELLIPSIS})+\s*|\s*(?:{_ELLIPSIS})+$", "", plain).strip()

    @cached_property
    def pieces(self) -> list[str]:
        """The parts between ellipses and brackets, those without a letter or digit left out."""
        return [piece.strip() for piece in _GAP.split(self.literal) if fold(piece)]

    @cached_property
    def has_gap(self) -> bool:
        return bool(_GAP.search(self.literal))

    def part(self, text: str) -> QuotedWords:
        return replace(self, text=text)

    def forms(self, decimal_comma: bool) -> list[NormalForm]:
        """Return the quote's normal forms, by the notations of the answer and of the file."""
        kept = self.__dict__.setdefault("_forms", {})
        if decimal_comma not in kept:
            forms = dict[str, NormalForm]()
            has_digits = any(character.isdigit() for character in self.literal)
            for comma in (decimal_comma, self.decimal_comma) if has_digits else (decimal_comma,):
                for joins in (comma, not comma) if _SPACED_DIGITS.search(self.literal) else (comma,):
                    form = trim(write_normal_form(self.literal, decimal_comma=comma, joins_spaces=joins))
                    forms.setdefault(form.keys, form)
            kept[decimal_comma] = list(forms.values())
        found: list[NormalForm] = kept[decimal_comma]
        return found


_SPACED_DIGITS = re.compile(r"\d[ \u00a0\u2007\u2009\u202f]\d{3}")
_ELLIPSIS = r"\[\s*(?:\.{3,}|…+)\s*\]|\.{3,}|…+"


def trim(form: NormalForm) -> NormalForm:
    """Return a form without the punctuation that a quote adds at its ends."""
    tokens = list(form.tokens)
    while tokens and tokens[-1].key == "?":
        tokens.pop()
    while tokens and tokens[0].key == "-":
        tokens.pop(0)
    return NormalForm(form.text, tokens)


def find_exact(quote: QuotedWords, evidence: Evidence, within: Span | None = None) -> Iterator[Match]:
    """Yield the places where a document has exactly these words; altered where only the meaning differs."""
    seen = set[int]()
    for start, end in _regions(quote.literal, evidence, within):
        window = _Window.read(evidence, start - MARGIN, end + MARGIN)
        for match in window.find(quote):
            if match.start not in seen:
                seen.add(match.start)
                yield match


def find_with_gaps(quote: QuotedWords, evidence: Evidence, within: Span | None = None) -> Match | None:
    """Return where the words stand with something between them: of the layout, or left out by the quote."""
    found = _find_around_layout(quote, evidence, within)
    if found is None and len(quote.pieces) > 1:
        found = _find_pieces(quote, evidence, within)
    elif found is None and quote.has_gap and len(quote.pieces) == 1:
        whole = quote.part(quote.pieces[0])
        found = next(
            (
                replace(m, status="omission")
                for m in find_exact(whole, evidence, within)
                if m.status == "found"
            ),
            None,
        )
    return found


def find_stitched(quote: QuotedWords, evidence: Evidence) -> Match | None:
    """Return the first of two places whose words, put together, are the quote."""
    for left, right in _splits(quote):
        if _is_long(left, LEAST_PART_LETTERS, LEAST_PART_CJK) and _is_long(
            right, LEAST_PART_LETTERS, LEAST_PART_CJK
        ):
            first = _first_found(quote.part(left), evidence)
            second = first and _first_found(quote.part(right), evidence)
            if first and second:
                return Match("two_places", first.start, first.end)
    return None


def find_altered(quote: QuotedWords, evidence: Evidence, within: Span | None = None) -> Match | None:
    """Return the passage that differs from the quote by little."""
    best: Match | None = None
    for start, end in list(_regions(quote.literal, evidence, within, LEAST_ALTERED_SHARE))[:2]:
        slack = MARGIN + (end - start) // 4
        window = _Window.read(evidence, start - slack, end + slack)
        for form in quote.forms(evidence.has_decimal_comma)[:1]:
            there = window.form if form.has("ref", "note") else window.form.without("ref", "note")
            found = compare_words(form, there)
            if found and found.likeness >= LEAST_ALTERED and (best is None or found.likeness > best.likeness):
                offset = window.start
                best = Match(
                    "altered", found.start + offset, found.end + offset, found.difference, found.likeness
                )
    return best


def _regions(
    text: str, evidence: Evidence, within: Span | None, least: float = LEAST_EXACT_SHARE
) -> Iterator[Span]:
    is_short = len(fold(text)) < evidence.grams.size
    for number, (start, end, share) in enumerate(evidence.find_candidates(text, within)):
        if (number >= MOST_CANDIDATES and not is_short) or share < least:
            return
        yield start, end


def _is_long(text: str, letters: int, cjk: int) -> bool:
    folded = fold(text)
    return sum(letter >= FIRST_CJK for letter in folded) >= cjk or len(folded) >= letters


@dataclass(frozen=True, eq=False)
class _Window:
    """A stretch of a document, in normal form. start: of the stretch in the document."""

    evidence: Evidence
    start: int
    text: str

    @classmethod
    def read(cls, evidence: Evidence, start: int, end: int) -> _Window:
        text, first = evidence.document.text, max(0, start)
        while first and first > start - 30 and text[first - 1].isalnum():  # begin with a whole word or number
            first -= 1
        last = min(len(text), end)
        while last < min(len(text), end + 30) and text[last].isalnum():
            last += 1
        kept = evidence.windows
        window = kept.get((first, last))
        if not isinstance(window, cls):
            if len(kept) >= KEPT_WINDOWS:
                kept.clear()
            kept[first, last] = window = cls(evidence, first, text[first:last])
        return window

    @cached_property
    def form(self) -> NormalForm:
        comma = self.evidence.has_decimal_comma
        return write_normal_form(self.text, decimal_comma=comma, joins_spaces=comma)

    @cached_property
    def forms(self) -> list[NormalForm]:
        """The forms in which a quote may stand here, with or without references and footnotes' marks."""
        whole, forms = [self.form], dict[str, NormalForm]()
        if _SPACED_DIGITS.search(self.text):
            comma = self.evidence.has_decimal_comma
            whole.append(write_normal_form(self.text, decimal_comma=comma, joins_spaces=not comma))
        for form in whole:
            for left_out in ((), ("ref", "note"), ("note",), ("ref",)):
                one = form.without(*left_out)
                forms.setdefault(one.keys, one)
        return list(forms.values())

    def find(self, quote: QuotedWords) -> Iterator[Match]:
        """Yield the places where the quote stands, whole and unbroken."""
        for form in quote.forms(self.evidence.has_decimal_comma):
            for there in self.forms if form.keys else ():
                at = there.keys.find(form.keys)
                while at >= 0:
                    if is_whole(there, at, at + len(form.keys)):
                        yield self._match(quote, form, there, at)
                    at = there.keys.find(form.keys, at + 1)

    def _match(self, quote: QuotedWords, form: NormalForm, there: NormalForm, at: int) -> Match:
        end = at + len(form.keys)
        start, stop = there.offset(at) + self.start, there.end_offset(end) + self.start
        fault = find_fault(form, there, at, end, quote.before)
        return Match("altered" if fault else "found", start, stop, fault)


def is_whole(there: NormalForm, start: int, end: int) -> bool:
    """Do the keys from `start` to `end` begin and end with whole words?"""
    return _is_edge(there, start) and _is_edge(there, end, is_end=True)


_NOTE = re.compile(r"[⁰¹²³⁴-⁹]|\d{1,2}(?:[\s.,;:)]|$)")
_PART_OF_NAME = ("+", "#")  # C++, C#
_NOTED = re.compile(r"[a-zß-ÿ]{4}[.,;!?)\"'”’]{0,2}$")
_NOTE_START = re.compile(r"(?:^|[\s.,])(?:\d{1,2}|[⁰¹²³⁴-⁹]+)$")  # "3Without it" begins a footnote
_DENIED_BEFORE = re.compile(r"\b(?:non|un|anti|nicht|in)[-‐‑]$", re.IGNORECASE)
_BROKEN_BEFORE = re.compile(r"([^\W\d_]+)[-‐‑\u00ad]\s*\n\s*$")
_BROKEN_AFTER = re.compile(r"[-‐‑\u00ad]\s*\n\s*([^\W\d_]+)")


def _is_edge(there: NormalForm, at: int, *, is_end: bool = False) -> bool:
    number = there.token_at(at - 1 if is_end else at)
    token, inner = there.tokens[number], at - there.token_starts[number]
    if 0 < inner < len(token.key):
        return token.key[inner - 1] >= FIRST_CJK or token.key[inner] >= FIRST_CJK
    if _is_glued(there, number, is_end):
        return False
    if token.kind != "word":
        return True
    if is_end:
        broken = _BROKEN_AFTER.match(there.text, token.end)
        return not broken or _are_words(there.text, token.raw, broken[1])
    before = there.text[max(0, token.start - 30) : token.start]
    broken = _BROKEN_BEFORE.search(before)
    return not _DENIED_BEFORE.search(before) and (not broken or _are_words(there.text, broken[1], token.raw))


def _is_glued(there: NormalForm, number: int, is_end: bool) -> bool:
    """Does the word or number go on without a space, as in 42MB? A footnote's mark may stand there."""
    token = there.tokens[number]
    place = token.end if is_end else token.start - 1
    beside = there.text[place : place + 1] if place >= 0 else ""
    own = there.text[token.end - 1] if is_end else there.text[token.start]
    if is_end and beside in _PART_OF_NAME and own.isalnum():
        return True
    if not (beside.isalnum() and own.isalnum()) or beside >= FIRST_CJK or own >= FIRST_CJK:
        return False
    after = there.text[place : place + 4]
    is_noted = is_end and _NOTED.search(there.text[max(0, place - 8) : place]) and _NOTE.match(after)
    return not is_noted and not (
        not is_end and own.isalpha() and _NOTE_START.search(there.text[max(0, place - 3) : place + 1])
    )


def _are_words(text: str, *parts: str) -> bool:
    """Do both parts of a word that a line's end divides stand elsewhere as words, as in Mother-to-child?"""
    return all(
        len(re.findall(rf"(?<![\w])(?<![-‐‑]\n){re.escape(part)}(?![\w\u00ad]|-\n)", text)) for part in parts
    )


def _first_found(quote: QuotedWords, evidence: Evidence, within: Span | None = None) -> Match | None:
    return next((match for match in find_exact(quote, evidence, within) if match.status == "found"), None)


def _find_pieces(quote: QuotedWords, evidence: Evidence, within: Span | None) -> Match | None:
    """Return where all pieces of a quote stand in their order, near one another."""
    pieces = quote.pieces
    if not all(
        _is_long(piece, LEAST_PIECE_LETTERS, LEAST_PIECE_CJK) or _has_number_and_word(piece)
        for piece in pieces
    ):
        return None
    longest = max(range(len(pieces)), key=lambda number: len(pieces[number]))
    for anchor in find_exact(quote.part(pieces[longest]), evidence, within):
        span = _extend(quote, evidence, longest, anchor) if anchor.status == "found" else None
        if span:
            return span
    return None


def _has_number_and_word(piece: str) -> bool:
    return bool(re.search(r"\d", piece)) and len(fold(piece)) >= 4


def _extend(quote: QuotedWords, evidence: Evidence, longest: int, anchor: Match) -> Match | None:
    """Return the match of all pieces around the one at `anchor`."""
    text, start, end = evidence.document.text, anchor.start, anchor.end
    fault: Difference | None = None
    for piece in quote.pieces[longest + 1 :]:
        reach = _reach(text[end : end + GAP_CHARACTERS])
        found = _nearest(quote.part(piece), evidence, end, end + reach + 2 * len(piece) + MARGIN)
        if (
            found is None
            or not _is_neighbouring(text[end : found.start])
            or _page_breaks(evidence, end, found.start) > 1
        ):
            return None
        fault, end = fault or _lost_negation(text[end : found.start]), found.end
    for piece in reversed(quote.pieces[:longest]):
        reach = _reach(text[max(0, start - GAP_CHARACTERS) : start])
        found = _nearest(
            quote.part(piece), evidence, start - reach - 2 * len(piece) - MARGIN, start, is_last=True
        )
        if (
            found is None
            or not _is_neighbouring(text[found.end : start])
            or _page_breaks(evidence, found.end, start) > 1
        ):
            return None
        fault, start = fault or _lost_negation(text[found.end : start]), found.start
    return Match("altered" if fault else "omission", start, end, fault)


def _nearest(
    quote: QuotedWords, evidence: Evidence, start: int, end: int, *, is_last: bool = False
) -> Match | None:
    window = _Window.read(evidence, start, end)
    inside = [match for match in window.find(quote) if start <= match.start and match.end <= end]
    return min(inside, key=lambda match: -match.end if is_last else match.start, default=None)


def _reach(text: str) -> int:
    cjk = sum(character >= FIRST_CJK for character in text)
    return GAP_CHARACTERS // 2 if cjk * 2 > len(text) else GAP_CHARACTERS


def _is_neighbouring(between: str) -> bool:
    return len(between) <= _reach(between) and len(_PARAGRAPH_END.findall(between)) <= MOST_PARAGRAPHS


def _page_breaks(evidence: Evidence, start: int, end: int) -> int:
    starts = evidence.document.page_starts
    return bisect_right(starts, end) - bisect_right(starts, start)


def _lost_negation(between: str) -> Difference | None:
    """Return the negation that an ellipsis takes out of a clause of which it keeps the rest."""
    ends = list(_CLAUSE_END.finditer(between))
    first, last = (ends[0].start(), ends[-1].end()) if ends else (len(between), len(between))
    for part in (between[:first], between[last:]):
        if lost := _NEGATION.search(part):
            return Difference("", lost.group())
    return None


def _splits(quote: QuotedWords) -> Iterator[tuple[str, str]]:
    """Yield a quote's parts before and after its gaps, ends of sentences and commas."""
    text = quote.literal
    cuts = [(gap.start(), gap.end()) for gap in _GAP.finditer(text)]
    others = [
        (cut.end() if cut.group().strip() in ",.;:!?。！？；，：" else cut.start(), cut.end())
        for cut in _SPLIT.finditer(text)
    ]
    middle = len(text) / 2
    for start, end in [*cuts, *sorted(others, key=lambda cut: abs(cut[0] - middle))][:MOST_SPLITS]:
        yield text[:start], text[end:]


def _find_around_layout(quote: QuotedWords, evidence: Evidence, within: Span | None) -> Match | None:
    """Return where the quote stands with a footnote or a running head between its halves."""
    for start, end, share in islice(evidence.find_candidates(quote.literal, within), 3):
        is_wide = end - start > len(quote.literal) + LEAST_LAYOUT
        first, last = _to_page_break(evidence, start, end)
        if share >= LEAST_LAYOUT_SHARE and (is_wide or last - first > end - start):
            window = _Window.read(evidence, first - MARGIN, last + MARGIN)
            if span := _match_around_layout(quote, window):
                return span
    return None


def _to_page_break(evidence: Evidence, start: int, end: int) -> Span:
    """Return a span that reaches over the end of its page, where that is near."""
    for at in evidence.document.page_starts[1:]:
        if start - MARGIN < at <= end + FOOT_CHARACTERS:
            return min(start, max(0, at - FOOT_CHARACTERS)), max(end, at + HEAD_CHARACTERS + end - start)
    return start, end


def _match_around_layout(quote: QuotedWords, window: _Window) -> Match | None:
    for there in (window.form, window.form.without("ref", "note")):
        for form in quote.forms(window.evidence.has_decimal_comma):
            keys, head = form.keys, form.keys[:6]
            at = there.keys.find(head)
            while at >= 0:
                end = _follow(there, keys, at, window) if _is_edge(there, at) else 0
                if end:
                    fault = find_fault(form, there, at, end, quote.before)
                    start, stop = there.offset(at) + window.start, there.end_offset(end) + window.start
                    return Match("altered" if fault else "found", start, stop, fault)
                at = there.keys.find(head, at + 1)
    return None


def _follow(there: NormalForm, keys: str, at: int, window: _Window, depth: int = 3) -> int:
    """Return where `keys`, from `at` on, end in a text that layout interrupts; 0 where they do not."""
    length = _common(there.keys, at, keys)
    if length == len(keys):
        return at + length if _is_edge(there, at + length, is_end=True) else 0
    if not depth:
        return 0
    for cut in _line_ends(there, at, length):
        rest = keys[cut - at :]
        again = there.keys.find(rest[:6], cut + 1)
        while again >= 0 and there.offset(again) - there.end_offset(cut) <= LAYOUT_CHARACTERS:
            gap = (window.start + there.end_offset(cut), window.start + there.offset(again))
            if is_layout(window.evidence.document, *gap):
                end = _follow(there, rest, again, window, depth - 1)
                if end:
                    return end
            again = there.keys.find(rest[:6], again + 1)
    return 0


def _common(text: str, at: int, keys: str) -> int:
    """Return how many of `keys` stand at `at`."""
    low, high = 0, len(keys)
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if text.startswith(keys[:middle], at) else (low, middle - 1)
    return low


def _line_ends(there: NormalForm, at: int, length: int) -> Iterable[int]:
    """Return where in the matched keys a line of the text ends, the last first."""
    first = there.token_at(at)
    last = there.token_at(at + length - 1) if length else first
    ends: Sequence[int] = [
        there.token_starts[number] + len(there.tokens[number].key)
        for number in range(first, last + 1)
        if re.match(
            r"[^\S\n]*[-.,;:)\]”\"'’。，]*[^\S\n]*\n",
            there.text[there.tokens[number].end : there.tokens[number].end + 6],
        )
    ]
    return [end for end in reversed(ends) if at < end <= at + length][:4]
