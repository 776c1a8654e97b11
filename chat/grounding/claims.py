"""Claims: which quotations of an answer say that a file says so, and where.

A quotation claims a file where a mark stands in its sentence, where the sentence names a file or introduces
the words as a quotation, or where a blockquote is introduced so. Others are terms, titles and proverbs.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

from chat.grounding.evidence import fold
from chat.grounding.mark_reading import Mark, NamedFile, between
from chat.grounding.quotations import Quotation

SHORTEST_LATIN_LETTERS = 12  # shorter quoted words name things, they do not prove
SHORTEST_CJK_LETTERS = 5
ADJACENT_CHARACTERS = 4  # between a short quote and the mark that makes it a claim

_FILES = (
    r"(?:documents?|files?|reports?|contracts?|agreements?|papers?|articles?|filings?|studies|study|pdf|text|book"
    r"|manual|policy|law|act|statute|code|minutes|transcript|spreadsheet|table|letter|memo|10-[KQ]|passage"
    r"|extract)"
)
_FILES_DE = r"(?:bericht|dokument|vertrag|datei|studie|gesetz|text|artikel|abkommen|anhang|handbuch)s?"
_INTRODUCTION = re.compile(
    r"\b(?:according to|as (?:stated|written|defined)"
    rf"|(?:the|this|your|attached|uploaded)\s+(?:\w+\s+){{0,2}}{_FILES}\b"
    r"|quot(?:e|es|ed|ing|ation)|verbatim|word for word|wording|reads\b|states?\b|stating|stipulates?"
    r"|provides that)"
    r"|\b(?:laut|gemäß|zufolge|wörtlich|im wortlaut|zitat|zitiert|heißt es|steht|lautet|besagt"
    rf"|(?:dem|der|das|die|im|den|diese[mrs]?)\s+(?:\w+\s+)?{_FILES_DE})\b"
    r"|原文|写道|写明|指出|规定|載明|载明|明确|提到|根据|按照|依据|文件[中里称说]|报告[中里称说]|合同[中里约规]"
    r"|文中|文档[中里]|表述为|条文|引用",
    re.IGNORECASE,
)
_NO_CLAIM = re.compile(
    r"\b(?:you (?:asked|said|wrote|mentioned|mean)"
    r"|your (?:question|query|message|words|phrase|request)|proverb|saying|motto|slogan|adage"
    r"|so-called|known as|called|titled|entitled|term|phrase|word|named|for example|e\.g\.|draft|suggest\w*"
    r"|could (?:write|say)|translat\w+ as"
    r"|sie (?:fragten|fragen|schrieben|meinten)|ihre? (?:frage|anfrage)|du (?:fragst|fragtest)|deine? frage"
    r"|sprichwort|redensart|sogenannt\w*|so genannt\w*|genannt|namens|begriff\w*|titel|betitelt|wort|ausdruck"
    r"|zum beispiel|z\. ?b\.)\b"
    r"|您?你?(?:问|提问|说的|提到的|所说)|(?:您|你)的(?:问题|提问)|谚语|俗话|成语|所谓|称为|名为|标题|题为|术语"
    r"|一词|比如|例如|口号|常言",
    re.IGNORECASE,
)
_DENIED = re.compile(
    r"\b(?:(?:does|do|did|is|are|was|were)(?: not|n['’]t) (?:\w+ )?(?:say|state|contain|mention|include|use"
    r"|appear|have|quote|write|found|mentioned|contained|stated|there)"
    r"|no (?:sentence|passage|mention|clause|wording|such|place|page|text)"
    r"|never (?:\w+ )?(?:says?|states?|mentions?|uses?|appears?)|nowhere|cannot find|can['’]t find"
    r"|not (?:find|found|mentioned|contained|stated|in the)"
    r"|nicht (?:erwähnt|enthalten|gesagt|genannt|zu finden)"
    r"|kein(?:e[nr]?)? (?:satz|stelle|hinweis|erwähnung|passage|aussage)|nirgends)\b"
    r"|(?:没有?|并未|未)(?:提到|提及|写|说|规定|出现|找到|包含|载明|使用)|找不到|不存在",
    re.IGNORECASE,
)
_NOT_THIS = re.compile(
    r"(?:\bnot|\bnicht|\brather than|\binstead of|\bkeine?|并非|不是|而非|而不是)\s*[“\"„«»「‘']?$",
    re.IGNORECASE,
)
_RIGHT_BEHIND = re.compile(
    r"\s*(?!and\b|und\b)(?:\w+ )?(?:on|at|in|from|see|auf|aus|siehe|见|在)?\s*", re.IGNORECASE
)
_LIST_ITEM = re.compile(r"[ \t]*(?:[-*+•]|\(?\d{1,2}[.)、]|\([a-z]\))\s")
_ATTRIBUTION = re.compile(
    r"[\s>—–\-*_]*(?:(?:sources?|from|quelle|aus|来源|出处|见)\s*[:：]?)?[\s>—–\-*_]*", re.IGNORECASE
)
_TRANSLATED = re.compile(r"\b(?:translat\w+|übersetz\w*)\b|翻译|译[文为成]|意为", re.IGNORECASE)
_END = re.compile(r"(?:(?<!\d)[.!?]|(?<=\d)[.!?](?=\s+[A-Z“\"„]))(?=[\s\ue011]|$)|[。！？]|\n")
_ABBREVIATION = re.compile(
    r"(?:\b(?:p|pp|S|vgl|cf|e\.g|i\.e|Art|Abs|Nr|No|Sec|Fig|ch|Dr|Mr|Mrs|Inc|Corp|U\.S|bzw|z\.B|Mio|Mrd|Tsd|Co|Ltd|St|inkl|exkl|bn|Abb|Tab|Ziff|ca|approx|vs|Kap)|\b[A-Z])\.$"
)
_ASKED_BEFORE = re.compile(
    r"\b(?:you (?:asked|wrote|said)|sie (?:fragten|schrieben)|du (?:fragst|fragtest))"
    r"(?:\s+[^\W\d]+){0,3}\s*[:,]?\s*$"
    r"|(?:您|你)(?:问|说|提到|写)(?:的|到|了|道)?\s*[:：]?\s*$",
    re.IGNORECASE,
)
GAP_CHARACTERS = 40  # of punctuation between a sentence and the marks that belong to it
AROUND_CHARACTERS = 400  # of a sentence, before a quotation and behind it
_FILLED = "\ue011"  # stands for each character of a quotation or a mark


@dataclass(frozen=True)
class Claim:
    """A quotation and what it claims. marks: where it says that the words stand; any of them may be meant.

    is_strong: it says that a file has the words, so that their absence is told. is_proof: long enough to
    prove something. before: the answer's words before the quotation.
    """

    quotation: Quotation
    marks: tuple[Mark, ...]
    is_strong: bool
    is_proof: bool
    before: str
    is_translation: bool = False


@dataclass(frozen=True)
class Sentence:
    """A sentence of an answer, with the marks behind its end."""

    start: int
    end: int


def is_proof(text: str) -> bool:
    """Are the words enough to prove something, where no mark stands behind them?"""
    letters = fold(text)
    return (
        sum(letter >= "\u2e80" for letter in letters) >= SHORTEST_CJK_LETTERS
        or len(letters) >= SHORTEST_LATIN_LETTERS
    )


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
        if found.end() <= start or (
            found.group() == "." and _ABBREVIATION.search(text[max(0, found.end() - 8) : found.end()])
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
    return [_read_claim(answer, quotation, sentences, marks, names) for quotation in quotations]


def _read_claim(
    answer: str,
    quotation: Quotation,
    sentences: Sequence[Sentence],
    marks: Sequence[Mark],
    names: Sequence[NamedFile],
) -> Claim:
    number = find_sentence(sentences, quotation.outer_at)
    sentence = sentences[number]
    lead = _lead(answer, sentences, number, quotation)
    own = _marks_of(answer, quotation, sentence, marks) or list(between(marks, lead.start, lead.end))
    start = max(sentence.start, quotation.outer_at - AROUND_CHARACTERS)
    end = min(sentence.end, quotation.outer_end + AROUND_CHARACTERS)
    words = (
        answer[lead.start : lead.end][-AROUND_CHARACTERS:]
        + answer[start : quotation.outer_at]
        + " "
        + answer[quotation.outer_end : end]
    )
    named = any(between(names, one.start, one.end) for one in (sentence, lead))
    is_denied = bool(_NO_CLAIM.search(words) or (_DENIED.search(words) and not own))
    is_introduced = bool(_INTRODUCTION.search(words)) and not is_denied
    close = any(0 <= mark.at - quotation.outer_end <= ADJACENT_CHARACTERS for mark in own)
    proof = is_proof(quotation.text)
    strong = (proof and (bool(own) or (named and not _DENIED.search(words)) or is_introduced)) or (
        close and len(fold(quotation.text)) >= 2
    )
    before = answer[start : quotation.outer_at]
    is_asked = bool(_ASKED_BEFORE.search(before))  # the user's own words, whatever the sentence proves
    if (is_denied and not close and not proof) or ((_NOT_THIS.search(before) or is_asked) and not close):
        strong = False
    return Claim(quotation, tuple(own), strong, proof, before, bool(_TRANSLATED.search(words)))


def _lead(answer: str, sentences: Sequence[Sentence], number: int, quotation: Quotation) -> Sentence:
    """Return the line before a quotation on a line of its own, if it ends in a colon."""
    sentence = sentences[number]
    if answer[sentence.start : quotation.outer_at].strip(" \t*_->•0123456789.）)"):
        return Sentence(0, 0)
    is_item = bool(_LIST_ITEM.match(answer[sentence.start : quotation.outer_at]))
    for other in reversed(sentences[:number]):
        text = answer[other.start : other.end].strip()
        if text and not (is_item and _LIST_ITEM.match(answer[other.start : other.end].lstrip("\n"))):
            is_lead = text.rstrip("*_ ").endswith((":", "："))
            return other if is_lead else Sentence(0, 0)
    return Sentence(0, 0)


def _marks_of(answer: str, quotation: Quotation, sentence: Sentence, marks: Sequence[Mark]) -> list[Mark]:
    """Return the marks of a quotation: the next ones in its sentence, otherwise those before it."""
    if quotation.is_block:
        return _marks_of_block(answer, quotation, marks)
    following = list(between(marks, quotation.outer_end, sentence.end))
    preceding = between(marks, sentence.start, quotation.outer_at)
    before = [mark for mark in preceding if mark.end <= quotation.outer_at]
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
    return bool(re.search(r"[”“\"»«」』’]", text))


def _marks_of_block(answer: str, quotation: Quotation, marks: Sequence[Mark]) -> list[Mark]:
    inside = list(between(marks, quotation.at, quotation.end))
    if inside:
        return next_marks(answer, inside[-1:])
    following = [
        mark
        for mark in marks
        if mark.at >= quotation.end and _ATTRIBUTION.fullmatch(answer, quotation.end, mark.at)
    ]
    return next_marks(answer, following)


def next_marks(answer: str, marks: list[Mark]) -> list[Mark]:
    """Return the first mark and those that directly follow it."""
    group = marks[:1]
    for mark in marks[1:]:
        if answer[group[-1].end : mark.at].strip(" ,;，；、") in ("", "and", "und", "和", "及"):
            group.append(mark)
        else:
            break
    return group
