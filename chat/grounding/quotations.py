"""Quotations: the words that an answer puts between quotation marks or into a blockquote. Knows no file."""

from __future__ import annotations

import html
import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass

_NESTED = r'(?<=[\s("])"(?=\w)[^"\n]{1,300}(?<=[\w.,!?%)])"(?=[\s,.;:!?)])'  # straight marks in straight ones
_INSIDE = r"(?:[^{0}{1}\n]|\n(?!\s*\n|\s*[-*>#])|{0}[^{0}{1}\n]{{0,300}}{1}){{2,2000}}?"
_GERMAN = "„[^„“”\n]{1,300}“"  # its closing mark is the opening one of “…”
_ENGLISH = r"(?<=[\s(])“(?=\w)[^„“”\n]{1,300}(?<!\s)”(?=[\s,.;:!?)])"  # in German marks
_INSIDE_ENGLISH = (
    rf"(?:[^“”„\n]|{_GERMAN}|„(?!{_GERMAN[1:]})|\n(?!\s*\n|\s*[-*>#])|“[^“”\n]{{0,300}}”){{2,2000}}?"
)


def _pair(opening: str, closing: str) -> str:
    return f"{opening}({_INSIDE.format(opening, closing)}){closing}"


_PAIRS = re.compile(
    "|".join(
        (
            rf"„((?:[^„“”\n]|\n(?!\s*\n)|„[^„“”\n]{{1,300}}[“”]|{_ENGLISH}){{2,2000}})[“”]",
            rf"“({_INSIDE_ENGLISH})”",
            _pair("「", "」"),
            _pair("『", "』"),
            r"»((?:[^«»\n]){2,2000})«",
            r"«((?:[^«»\n]|«[^«»\n]{1,300}»){2,2000})»",
            r"＂([^＂\n]{2,2000})＂",
            rf"(?<![A-Za-z0-9\"])\"((?:[^\"\n]|{_NESTED}){{2,2000}}?)\"(?![A-Za-z0-9])",
            r"‚((?:[^‚‘’\n]|(?<=\w)’(?=\w)){2,2000})[‘’]",
            r"(?<![A-Za-z0-9])‘((?:[^‘’\n]|(?<=\w)’(?=\w)){2,2000})’(?![A-Za-z])",
            r"(?<![\w'])'((?:[^'\n]|(?<=\w)'(?=\w)){8,2000})'(?![\w'])",
        )
    )
)
_BLOCK = re.compile(r"^(?:[ \t]{0,3}>[^\n]*(?:\n|\Z))+", re.MULTILINE)
_BLOCK_MARK = re.compile(r"^[ \t]{0,3}(?:>[ \t]?)+", re.MULTILINE)
_HEADS = (
    r"note|tip|hint|warning|caution|important|info|summary|remark|example|answer|conclusion|result|hinweis|tipp"
    r"|achtung|wichtig|warnung|fazit|zusammenfassung|anmerkung|beispiel|antwort|ergebnis|nb"
)
_HEADS_ZH = r"注意?|提示|说明|重要|警告|备注|总结|小结|结论|示例|例子?|答案|补充"
_CALLOUT = re.compile(
    rf"\s*(?:\[!\w+\]|[*_]{{1,2}}\s*(?:{_HEADS}|{_HEADS_ZH})[^*_\n]{{0,20}}[:：]?\s*[*_]{{1,2}}"
    rf"|(?:{_HEADS})\s*:|(?:{_HEADS_ZH})\s*[:：]|[\u2600-\u27bf\U0001f300-\U0001faff])",
    re.IGNORECASE,
)
_TAG = re.compile(r"<br\s*/?>|</?(?:b|i|em|strong|sup|sub|u|mark)>")
_LINK = re.compile(r"\[([^\[\]]*)\]\([^()\s]*\)")
_ESCAPE = re.compile(r"\\([\\`*_{}\[\]()#+\-.!|<>~$&\"'=])")


@dataclass(frozen=True)
class Quotation:
    """Quoted words. at, end: of the words in the answer; outer_at, outer_end: with their marks."""

    text: str
    at: int
    end: int
    outer_at: int
    outer_end: int
    is_block: bool = False


def find_quotations(answer: str) -> list[Quotation]:
    """Return the quotations of an answer, blockquotes first; those within a blockquote are part of it."""
    blocks = [block for found in _BLOCK.finditer(answer) if (block := _read_block(found))]
    taken = [(found.start(), found.end()) for found in _BLOCK.finditer(answer)]
    starts = [at for at, _ in taken]
    pairs = []
    for one in _find_pairs(answer):
        before = bisect_right(starts, one.at) - 1
        if before < 0 or one.at >= taken[before][1]:
            pairs.append(one)
    return [*blocks, *pairs]


def _find_pairs(answer: str) -> Iterator[Quotation]:
    at = 0
    while found := _PAIRS.search(answer, at):
        group = found.lastindex or 0
        yield Quotation(found[group], found.start(group), found.end(group), found.start(), found.end())
        at = found.end()


def _read_block(found: re.Match[str]) -> Quotation | None:
    text = found.group().rstrip()
    inner = _BLOCK_MARK.match(text)
    if inner is None or _CALLOUT.match(text[inner.end() :]):
        return None
    at = found.start() + inner.end()
    return Quotation(text[inner.end() :], at, found.start() + len(text), found.start(), found.end(), True)


def plain_words(text: str) -> str:
    """Return quoted words without the answer's Markdown: marks of quoted lines, links, escapes, entities."""
    text = _BLOCK_MARK.sub("", text)
    text = _LINK.sub(r"\1", text)
    text = _ESCAPE.sub(r"\1", text)
    return html.unescape(_TAG.sub(" ", text)).strip()
