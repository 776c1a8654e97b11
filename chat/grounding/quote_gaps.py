"""Quote gaps: words of a quote that stand in a document with something between them.

What an ellipsis or a bracket of the quote stands for, or what a page's layout puts there. Knows no answer.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import islice, pairwise

from chat.grounding.differences import Difference
from chat.grounding.evidence import Evidence, Span, fold
from chat.grounding.layout_gaps import is_layout
from chat.grounding.normal_form import FIRST_CJK, NormalForm
from chat.grounding.quote_matching import MARGIN, find_exact
from chat.grounding.quoted_words import GAP, QuotedWords, is_long
from chat.grounding.text_windows import Match, TextWindow, is_edge

GAP_CHARACTERS = 1_200  # that an ellipsis may stand for; half as many where they are Chinese
MOST_PARAGRAPHS = 1  # ends of paragraphs in what an ellipsis stands for
LAYOUT_CHARACTERS = 2_500  # of footnotes and running heads between the halves of a sentence
LEAST_LAYOUT, LEAST_LAYOUT_SHARE = 12, 0.4  # letters between the halves; share of the quote in its place
NEIGHBOURS = 4  # letters beside a bracket
BRACKETS, PLACES = 10, 200  # of a quote that are looked up, and of each in the text
ENDS = 6  # letters that a quote begins and ends with
FOOT_CHARACTERS, HEAD_CHARACTERS = 700, 400  # at the end of a page and at the head of the next one
LEAST_PIECE_LETTERS, LEAST_PIECE_CJK = 8, 3
LEAST_VERB_LETTERS, VERB_CHARACTERS = (
    4,
    200,
)  # of a piece that ends a clause, and of what is left out before it
_PARAGRAPH_END = re.compile(r"\n[ \t]*\n|[。！？；]\n|\n(?=\s*(?:[•●▪■*-]|\(?\d{1,2}[.)]|\([a-z]\))\s)")
_CLAUSE_END = re.compile(r"[.!?,;:](?=[\s\"”’)\]]|$)|[。！？，；：、]|\n[ \t]*\n")
_LINE_ENDS = re.compile(r"[.!?:。！？：]\s*$")
_LINE_END = re.compile(r"[^\S\n]*[-.,;:)\]”\"'’。，]*[^\S\n]*\n")
_ITEM = re.compile(r"[^\S\n]*(?:[•●▪■◦*–-]|\(\d{1,2}\)|\d{1,2}\)|\(?[a-z]\))[^\S\n]")
_NEGATION = re.compile(  # and what turns a clause into its opposite in other ways
    r"\b(?:not|no|never|none|neither|nor|cannot|without|nicht|kein\w*|nie|niemals|ohne|weder"
    r"|only|hardly|barely|scarcely|rarely|seldom|unable|refus\w+|fail(?:s|ed|ing)?|den(?:y|ies|ied)|reject\w*"
    r"|declin\w+ to|prohibit\w*|forbid\w*|forbade|unlikely|except|unless"
    r"|nur|kaum|selten|verweiger\w*|abgelehnt|lehnt\w*|untersagt|verboten|außer|unmöglich"
    r"|pas|jamais|aucune?|sans|seulement|sauf|refus\w*|nunca|ning[uú]n\w*|sólo|salvo|не|нет|ни|без|кроме)\b|n['’]t\b"
    r"|[不未无無没沒勿莫非毋仅僅]|拒绝|拒絕|禁止|严禁|难以|缺乏|除非|只有?",
    re.IGNORECASE,
)


def find_with_gaps(quote: QuotedWords, evidence: Evidence, within: Span | None = None) -> Match | None:
    """Return where the words stand with something between them: of the layout, or left out by the quote."""
    found = _find_around_layout(quote, evidence, within)
    if found is None and quote.has_gap:
        quote = quote.part(_keep_brackets(quote.literal, evidence.document.text))
    if found is None and len(quote.pieces) > 1:
        found = _find_pieces(quote, evidence, within)
    elif found is None and quote.has_gap and len(quote.pieces) == 1 and _is_telling(quote.pieces[0]):
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


def _keep_brackets(words: str, text: str) -> str:
    """Return quoted words in which a bracket that stands in the text there, as in `-o [file]`, is no gap."""

    def read(gap: re.Match[str]) -> str:
        before, behind = fold(words[: gap.start()])[-NEIGHBOURS:], fold(words[gap.end() :])[:NEIGHBOURS]
        there = r"\s+".join(map(re.escape, gap.group().split()))
        for found in islice(re.finditer(there, text), PLACES) if fold(gap.group()) else ():
            first, last = found.start(), found.end()
            if (before and fold(text[max(0, first - MARGIN) : first]).endswith(before)) or (
                behind and fold(text[last : last + MARGIN]).startswith(behind)
            ):
                return GAP.sub(" ", gap.group()[1:-1])
        return gap.group()

    return GAP.sub(read, words, count=BRACKETS)


def _find_pieces(quote: QuotedWords, evidence: Evidence, within: Span | None) -> Match | None:
    """Return where all pieces of a quote stand in their order, near one another."""
    pieces = quote.pieces
    last = fold(pieces[-1])
    are_long = [_is_telling(piece) for piece in pieces]
    has_verb = not are_long[-1] and len(last) >= LEAST_VERB_LETTERS and last.isalpha()
    first = fold(pieces[0])
    begins_with_verb = not are_long[0] and len(first) >= LEAST_VERB_LETTERS and first.isalpha()
    if not all(are_long[begins_with_verb : len(pieces) - has_verb]):
        return None
    longest = max(range(len(pieces)), key=lambda number: len(pieces[number]))
    for anchor in find_exact(quote.part(pieces[longest]), evidence, within):
        span = _extend(quote, evidence, longest, anchor) if anchor.status == "found" else None
        text = evidence.document.text
        if (
            span
            and (not has_verb or _ends_clause(text, span.end, pieces[-2:], span.start))
            and (not begins_with_verb or _is_in_clause(text[span.start : anchor.start]))
        ):
            return span
    return None


def _ends_clause(text: str, end: int, pieces: Sequence[str], start: int) -> bool:
    """Does the last piece, a short verb, end at `end` the clause in which the piece before it stands?"""
    between = text[start : end - len(pieces[1])].rsplit(pieces[0][-12:], 1)[-1]
    return _is_in_clause(between) and bool(_CLAUSE_END.match(text, end))


def _is_in_clause(between: str) -> bool:
    """Is what stands between a short verb and the next piece a part of one clause?"""
    return len(between) <= VERB_CHARACTERS and not _CLAUSE_END.search(between)


def _is_telling(piece: str) -> bool:
    """Is a piece long enough to prove something?"""
    return is_long(piece, LEAST_PIECE_LETTERS, LEAST_PIECE_CJK) or _has_number_and_word(piece)


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
    window = TextWindow.read(evidence, start, end)
    inside = [match for match in window.find(quote) if start <= match.start and match.end <= end]
    return min(inside, key=lambda match: -match.end if is_last else match.start, default=None)


def _reach(text: str) -> int:
    cjk = sum(character >= FIRST_CJK for character in text)
    return GAP_CHARACTERS // 2 if cjk * 2 > len(text) else GAP_CHARACTERS


def _is_neighbouring(between: str) -> bool:
    is_near = len(_PARAGRAPH_END.findall(between)) <= MOST_PARAGRAPHS or _is_list(between)
    return is_near and len(between) <= _reach(between)


def _is_list(between: str) -> bool:
    """Is it a stretch of one list, up to the beginning of an item or into it?

    Lines that are no items continue one. A sentence, a heading or a negation between items ends the list.
    """
    lines = between.split("\n")
    for before, line in pairwise(lines):
        is_sentence_end = before.rstrip().endswith((".", "!", "?", ":", "。", "！", "？", "："))
        if not _ITEM.match(line) and (
            not line.strip()
            or is_sentence_end
            or line.rstrip().endswith((":", "："))
            or _NEGATION.search(line)
        ):
            return False
    return bool(_ITEM.match(f"{lines[-1]} "))


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


def _find_around_layout(quote: QuotedWords, evidence: Evidence, within: Span | None) -> Match | None:
    """Return where the quote stands with a footnote or a running head between its halves."""
    for start, end, share in islice(evidence.find_candidates(quote.literal, within), 3):
        is_wide = end - start > len(quote.literal) + LEAST_LAYOUT
        first, last = _to_page_break(evidence, start, end)
        is_near_break = last - first > end - start and not _is_whole(
            quote.literal, evidence.document.text[start:end]
        )
        if share >= LEAST_LAYOUT_SHARE and (is_wide or is_near_break):
            window = TextWindow.read(evidence, first - MARGIN, last + MARGIN)
            if span := _match_around_layout(quote, window):
                return span
    return None


def _is_whole(said: str, stands: str) -> bool:
    """Do both have as many letters, and the same ones at their ends? Then nothing stands between halves."""
    one, two = fold(said), fold(stands)
    return len(one) == len(two) and one[:ENDS] == two[:ENDS] and one[-ENDS:] == two[-ENDS:]


def _to_page_break(evidence: Evidence, start: int, end: int) -> Span:
    """Return a span that reaches over the end of its page, where that is near."""
    starts = evidence.document.page_starts
    following = bisect_right(starts, max(0, start - MARGIN))
    if following == len(starts) or (at := starts[following]) > end + FOOT_CHARACTERS:
        return start, end
    return min(start, max(0, at - FOOT_CHARACTERS)), max(end, at + HEAD_CHARACTERS + end - start)


def _match_around_layout(quote: QuotedWords, window: TextWindow) -> Match | None:
    for there in dict.fromkeys((window.form, window.form.without("ref", "note"))):
        for form in quote.forms(window.evidence.has_decimal_comma):
            keys, head = form.keys, form.keys[:6]
            at = there.keys.find(head)
            while at >= 0:
                end = _follow(there, keys, at, window) if is_edge(there, at) else 0
                if end:
                    return window.match(quote, form, there, at, end)
                at = there.keys.find(head, at + 1)
    return None


def _follow(there: NormalForm, keys: str, at: int, window: TextWindow, depth: int = 3) -> int:
    """Return where `keys`, from `at` on, end in a text that layout interrupts; 0 where they do not."""
    length = _common(there.keys, at, keys)
    if length == len(keys):
        return at + length if is_edge(there, at + length, is_end=True) else 0
    if not depth:
        return 0
    for cut in _line_ends(there, at, length):
        rest = keys[cut - at :]
        if not any(map(str.isalpha, rest)):  # a number alone stands on any page
            continue
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
        if _LINE_END.match(there.text, there.tokens[number].end, there.tokens[number].end + 6)
    ]
    return [end for end in reversed(ends) if at < end <= at + length][:4]
