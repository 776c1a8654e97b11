"""Claims: which quotations of an answer say that a file says so, and where.

A quotation claims a file where a mark stands in its sentence, where the sentence names a file or introduces
the words as a quotation, or where a blockquote is introduced so. Others are terms, titles and proverbs.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace

from chat.grounding.answer_heads import Head, marks_above, read_heads
from chat.grounding.claim_words import claims_nothing, denies, introduces, is_excluded, is_translation
from chat.grounding.evidence import fold
from chat.grounding.mark_reading import Mark, NamedFile, between
from chat.grounding.quotations import Quotation
from chat.grounding.quoted_words import is_long

SHORTEST_LATIN_LETTERS = 12  # shorter quoted words name things, they do not prove
SHORTEST_CJK_LETTERS = 5
FEWEST_NUMBERS, SHORTEST_WITH_NUMBERS = 2, 6  # two figures prove something in fewer letters
LONG_LETTERS = 32, 14  # Latin and Chinese letters of quoted words that are no phrase of the answer's own
ADJACENT_CHARACTERS = 4  # between a short quote and the mark that makes it a claim

_RIGHT_BEHIND = re.compile(
    r"\s*(?!and\b|und\b)(?:\w+ )?(?:on|at|in|from|see|auf|aus|siehe|见|在)?\s*", re.IGNORECASE
)
_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
_LIST_ITEM = re.compile(r"[ \t]*(?:[-*+•]|\(?\d{1,2}[.)、]|\([a-z]\))\s")
_NEW_PART = re.compile(r"\s*(?:#|>|\*\*)")
_ATTRIBUTION = re.compile(
    r"[\s>—–\-*_]*(?:(?:sources?|from|quelle|aus|来源|出处|见)\s*[:：]?)?[\s>—–\-*_]*", re.IGNORECASE
)
_QUOTATION_MARK = re.compile(r"[”“\"»«」』’]")
_END = re.compile(
    r"(?:(?<!\d)[.!?](?:\*\*)?|(?<=\d)[.!?](?=\s+[A-Z“\"„]))(?=[\s\ue011]|$)|[。！？](?:\*\*)?|\n"
)
_ABBREVIATION = re.compile(
    r"(?:\b(?:p|pp|S|vgl|cf|e\.g|i\.e|Art|Abs|Nr|No|Sec|Fig|ch|Dr|Mr|Mrs|Inc|Corp|U\.S|bzw|z\.B|Mio|Mrd|Tsd|Co|Ltd|St|inkl|exkl|bn|Abb|Tab|Ziff|ca|approx|vs|Kap)|\b[A-Z])\.$"
)
LIST_NUMBER_CHARACTERS = 40  # with the spaces before it
GAP_CHARACTERS = 40  # of punctuation between a sentence and the marks that belong to it
AROUND_CHARACTERS = 400  # of a sentence, before a quotation and behind it
_FILLED = "\ue011"  # stands for each character of a quotation or a mark


@dataclass(frozen=True)
class Claim:
    """A quotation and what it claims. marks: where it says that the words stand; any of them may be meant.

    is_strong: it says that a file has the words, so that their absence is told. is_proof: long enough to
    prove something. before, behind: the answer's words around it in its sentence, without what other
    quotations say; own_words: those and the line that leads to it; around: the same with the quotations.
    is_continued: its paragraph has told of a file before.
    """

    quotation: Quotation
    marks: tuple[Mark, ...]
    is_strong: bool
    is_proof: bool
    before: str
    is_translation: bool = False
    around: str = ""
    own_words: str = ""
    behind: str = ""
    is_continued: bool = False


@dataclass(frozen=True)
class Sentence:
    """A sentence of an answer, with the marks behind its end."""

    start: int
    end: int


def is_proof(text: str) -> bool:
    """Are the words enough to prove something, where no mark stands behind them?"""
    letters = fold(text)
    if len(letters) >= SHORTEST_WITH_NUMBERS and len(_NUMBER.findall(text)) >= FEWEST_NUMBERS:
        return True
    return is_long(text, SHORTEST_LATIN_LETTERS, SHORTEST_CJK_LETTERS)


def find_sentences(answer: str, quotations: Sequence[Quotation], marks: Sequence[Mark]) -> list[Sentence]:
    """Return the sentences of an answer. What stands in quotation marks or brackets ends none."""
    filled = list(answer)
    for at, end in [
        *((q.outer_at, q.outer_end) for q in quotations),
        *((m.at, m.end) for m in marks if m.is_bracketed),
    ]:
        filled[at:end] = [_FILLED if character != "\n" else "\n" for character in answer[at:end]]
    text = "".join(filled)
    sentences, start = list[Sentence](), 0
    for found in _END.finditer(text):
        is_short = found.end() - start <= LIST_NUMBER_CHARACTERS
        is_list_number = is_short and text[start : found.end()].strip(" \t\n*_.").isdigit()  # 2. “…”
        if (
            found.end() <= start
            or (is_list_number and found.group() != "\n")
            or (found.group() == "." and _ABBREVIATION.search(text[max(0, found.end() - 8) : found.end()]))
        ):
            continue
        end = _with_marks(text, found.end(), marks) if found.group() != "\n" else found.end()
        sentences.append(Sentence(start, end))
        start = end
    return [*sentences, Sentence(start, len(answer))]


def find_sentence(sentences: Sequence[Sentence], at: int) -> int:
    """Return the number of the sentence at a character."""
    return max(0, bisect_right(sentences, at, key=lambda one: one.start) - 1)


def _with_marks(text: str, end: int, marks: Sequence[Mark]) -> int:
    """Return where a sentence ends, with the bracketed marks that follow it."""
    for mark in marks:
        if mark.at > end + GAP_CHARACTERS:
            break
        if mark.is_bracketed and mark.at >= end and not text[end : mark.at].strip(" .,;，。；"):
            end = mark.end
            while end < len(text) and text[end] in ".,;。，；":
                end += 1
    return end


def find_claims(
    answer: str, quotations: Sequence[Quotation], marks: Sequence[Mark], names: Sequence[NamedFile]
) -> list[Claim]:
    """Return what the quotations of an answer claim."""
    sentences = find_sentences(answer, quotations, marks)
    heads = list(read_heads(answer, marks))
    texts = answer, _without_quotations(answer, quotations)
    claims = [_read_claim(texts, quotation, sentences, heads, marks, names) for quotation in quotations]
    strong = [claim.quotation.end for claim in claims if claim.is_strong]
    told = sorted([*strong, *(mark.end for mark in marks), *(name.end for name in names)])
    blocks = {claim.quotation.end for claim in claims if claim.quotation.is_block and claim.is_strong}
    claims = [_continue(claim, answer, told, blocks) for claim in claims]
    if not any(_may_go_on(claim) for claim in claims):
        return claims
    introduced = [*_find_introductions(texts[1], sentences)]
    return [_continue_weakly(claim, answer, introduced) for claim in claims]


def _find_introductions(words: str, sentences: Sequence[Sentence]) -> Iterator[int]:
    """Yield where sentences begin that tell what a file says, in whatever words."""
    for one in sentences:
        text = words[one.start : one.end]
        if introduces(text) and not claims_nothing(text) and not denies(text):
            yield one.start + len(text) - len(text.lstrip())


def _may_go_on(claim: Claim) -> bool:
    return claim.is_proof and not (claim.is_strong or claim.marks or claim.is_continued)


def _continue_weakly(claim: Claim, answer: str, introduced: Sequence[int]) -> Claim:
    """Return a claim; one in the paragraph of a sentence that tells of a file goes on from it."""
    at = claim.quotation.outer_at
    before = bisect_right(introduced, at) - 1
    if not _may_go_on(claim) or before < 0 or not _goes_on(answer, introduced[before], at, ()):
        return claim
    if (
        claims_nothing(claim.own_words)
        or denies(claim.own_words)
        or is_excluded(claim.before, claim.quotation.text)
    ):
        return claim
    return replace(claim, is_continued=True)


def _goes_on(answer: str, told: int, at: int, blocks: Collection[int]) -> bool:
    """Is a quotation in the paragraph of what tells of a file, or in the one right behind a blockquote?"""
    lines = answer[told:at].split("\n")
    after_block = told in blocks and not any(map(str.strip, lines[:-1])) and not _NEW_PART.match(lines[-1])
    return len(lines) == 1 or after_block


def _continue(claim: Claim, answer: str, told: Sequence[int], blocks: Collection[int]) -> Claim:
    """Return a claim; one that has none of its own goes on from what its paragraph says of a file.

    A long one is strong then: a term or a phrase of the answer's own is short. told: ends of marks, names and
    strong claims. blocks: ends of the blockquotes among them.
    """
    quotation = claim.quotation
    before = bisect_right(told, quotation.outer_at) - 1
    if (
        before < 0
        or claim.is_strong
        or claim.marks
        or not claim.is_proof
        or not _goes_on(answer, told[before], quotation.outer_at, blocks)
        or claims_nothing(claim.own_words)
        or denies(claim.own_words)
        or is_excluded(claim.before, quotation.text)
    ):
        return claim
    return replace(claim, is_continued=True, is_strong=is_long(quotation.text, *LONG_LETTERS))


def _without_quotations(answer: str, quotations: Sequence[Quotation]) -> str:
    """Return the answer with spaces for what it quotes: a file's words decide nothing. Terms are kept."""
    characters = list(answer)
    for one in quotations:
        if is_proof(one.text):
            characters[one.at : one.end] = " " * (one.end - one.at)
    return "".join(characters)


def _read_claim(
    texts: tuple[str, str],
    quotation: Quotation,
    sentences: Sequence[Sentence],
    heads: Sequence[Head],
    marks: Sequence[Mark],
    names: Sequence[NamedFile],
) -> Claim:
    """Return what a quotation claims. texts: the answer, and its own words."""
    answer = texts[0]
    number = find_sentence(sentences, quotation.outer_at)
    sentence = sentences[number]
    lead = _lead(answer, sentences, number, quotation)
    own = _marks_of(answer, quotation, sentence, marks, names) or list(between(marks, lead.start, lead.end))
    start = max(sentence.start, quotation.outer_at - AROUND_CHARACTERS)
    end = min(sentence.end, quotation.outer_end + AROUND_CHARACTERS)
    before, behind = texts[1][start : quotation.outer_at], texts[1][quotation.outer_end : end]
    around, words = (
        f"{text[lead.start : lead.end][-AROUND_CHARACTERS:]}{text[start : quotation.outer_at]}"
        f" {text[quotation.outer_end : end]}"
        for text in texts
    )
    named = any(between(names, one.start, one.end) for one in (sentence, lead))
    above = () if own or claims_nothing(words) else marks_above(heads, quotation.outer_at)
    named = named or bool(above) or _is_attributed(answer, quotation, names)
    proof = is_proof(quotation.text)
    strong = _is_strong(quotation, own, words, before, named=named, proof=proof)
    cited = (*own, *above) if strong else tuple(own)
    translated = is_translation(words)
    return Claim(quotation, cited, strong, proof, before, translated, around, words, behind)


def _is_strong(
    quotation: Quotation, own: Sequence[Mark], words: str, before: str, *, named: bool, proof: bool
) -> bool:
    """Does an answer say that a file has the quoted words? words, before: around them and before them."""
    close = any(0 <= mark.at - quotation.outer_end <= ADJACENT_CHARACTERS for mark in own)
    is_denied = denies(words)
    is_no_claim = claims_nothing(words) or (is_denied and not own)
    if not close and ((is_no_claim and not proof) or is_excluded(before, quotation.text)):
        return False
    letters = len(fold(quotation.text))
    has_number = letters >= SHORTEST_WITH_NUMBERS and bool(_NUMBER.search(quotation.text))  # „im April 2005“
    is_introduced = introduces(words) and not is_no_claim
    is_claimed = bool(own) or (named and not is_denied) or is_introduced
    return ((proof or has_number) and is_claimed) or (close and letters >= 2)


def _lead(answer: str, sentences: Sequence[Sentence], number: int, quotation: Quotation) -> Sentence:
    """Return the line that leads to a list or to a quotation on a line of its own, or the head of a table."""
    start = answer.rfind("\n", 0, quotation.outer_at) + 1
    if answer.startswith("|", start):
        return _table_head(answer, start)
    before = answer[sentences[number].start : quotation.outer_at]
    is_item = bool(_LIST_ITEM.match(before))
    if not is_item and before.strip(" \t*_->•0123456789.）)"):
        return Sentence(0, 0)
    for other in reversed(sentences[:number]):
        text = answer[other.start : other.end].strip()
        if text and not (is_item and _LIST_ITEM.match(answer[other.start : other.end].lstrip("\n"))):
            is_lead = text.rstrip("*_ ").endswith((":", "："))
            return other if is_lead else Sentence(0, 0)
    return Sentence(0, 0)


def _table_head(answer: str, at: int) -> Sentence:
    """Return the first line of the table of which a row begins at `at`."""
    first = at
    while first and answer.startswith("|", before := answer.rfind("\n", 0, first - 1) + 1):
        first = before
    return Sentence(first, answer.find("\n", first)) if first < at else Sentence(0, 0)


def _marks_of(
    answer: str,
    quotation: Quotation,
    sentence: Sentence,
    marks: Sequence[Mark],
    names: Sequence[NamedFile],
) -> list[Mark]:
    """Return the marks of a quotation: the next ones in its sentence, otherwise those before it."""
    if quotation.is_block:
        return _marks_of_block(answer, quotation, marks, names)
    following = list(between(marks, quotation.outer_end, sentence.end))
    preceding = between(marks, sentence.start, quotation.outer_at)
    before = [mark for mark in preceding if mark.end <= quotation.outer_at]
    is_led = (
        before and not before[-1].is_bracketed and not _has_quote(answer[before[-1].end : quotation.at - 1])
    )
    if is_led and following and _has_quote(answer[quotation.outer_end : following[0].at]):
        return before[-1:]  # on page 3 “…” and “…” (p. 4)
    if following and (following[0].is_bracketed or _is_right_behind(answer, quotation, following[0])):
        return next_marks(answer, following)
    if before and not _has_quote(answer[before[-1].end : quotation.outer_at]):
        is_used = before[-1].is_bracketed and _has_quote(answer[sentence.start : before[-1].at])
        return [] if is_used else before[-1:]  # a mark in brackets proves what stands before it
    if following and not _has_quote(answer[quotation.outer_end : following[0].at]):
        return next_marks(answer, following)
    bracketed = [mark for mark in following if mark.is_bracketed]
    return next_marks(answer, bracketed) or [mark for mark in before if not mark.is_bracketed][-1:]


def _is_right_behind(answer: str, quotation: Quotation, mark: Mark) -> bool:
    """Does a mark in words follow directly, as in “…” on page 3?"""
    return bool(_RIGHT_BEHIND.fullmatch(answer, quotation.outer_end, mark.at))


def _has_quote(text: str) -> bool:
    return bool(_QUOTATION_MARK.search(text))


def _is_attributed(answer: str, quotation: Quotation, names: Sequence[NamedFile]) -> bool:
    """Does a file's name stand below a blockquote, as in — report.pdf?"""
    return quotation.is_block and any(
        _ATTRIBUTION.fullmatch(answer, quotation.end, name.at)
        for name in between(names, quotation.end, quotation.end + AROUND_CHARACTERS)
    )


def _marks_of_block(
    answer: str, quotation: Quotation, marks: Sequence[Mark], names: Sequence[NamedFile]
) -> list[Mark]:
    inside = list(between(marks, quotation.at, quotation.end))
    if inside:
        return next_marks(answer, inside[-1:])
    following = [
        mark
        for mark in between(marks, quotation.end, quotation.end + AROUND_CHARACTERS)
        if _ATTRIBUTION.fullmatch(_without_names(answer, quotation.end, mark.at, names))
    ]
    return next_marks(answer, following)


def _without_names(answer: str, start: int, end: int, names: Sequence[NamedFile]) -> str:
    """Return what stands from `start` to `end`, without a file's name and the comma behind it."""
    for name in between(names, start, end):
        return answer[start : name.at] + answer[name.end : end].strip(" ,，:：*_")
    return answer[start:end]


def next_marks(answer: str, marks: list[Mark]) -> list[Mark]:
    """Return the first mark and those that directly follow it."""
    group = marks[:1]
    for mark in marks[1:]:
        if answer[group[-1].end : mark.at].strip(" ,;，；、") in ("", "and", "und", "和", "及"):
            group.append(mark)
        else:
            break
    return group
