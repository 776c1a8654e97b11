"""Figure check: does each figure of an answer stand in the files, and on the page that its sentence names?

The result of a query over their tables is one more source. Left alone: dates, years, numbers of lists, pages,
tables and sections, small counts, the question's own figures, what the answer computes. docs/proof.md has the
rules. Knows no quote: quoted figures are left alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from chat.grounding.chinese_numerals import write_chinese
from chat.grounding.claims import Sentence, find_sentence, find_sentences, is_proof, next_marks
from chat.grounding.computations import find_computed
from chat.grounding.computed_results import Computation
from chat.grounding.derived_figures import Derivation
from chat.grounding.evidence import Evidence, Span
from chat.grounding.figure_measures import Measure, read_measure
from chat.grounding.figures import Amount, read_amounts
from chat.grounding.mark_reading import Mark
from chat.grounding.normal_form import CURRENCIES
from chat.grounding.quotations import Quotation

FIGURES_MAX = 1_000  # of an answer
SMALL_COUNT = 12  # whole numbers up to here count things in words, often the answer's own
TELLING_DIGITS = 3  # a figure with fewer stands in a long file by chance

_MONTH = (
    r"(?:jan(?:uary|uar)?|feb(?:ruary|ruar)?|mar(?:ch)?|märz|apr(?:il)?|may|mai|june?|juni|july?|juli"
    r"|aug(?:ust)?|sept?(?:ember)?|o[ck]t(?:ober)?|nov(?:ember)?|de[cz](?:ember)?)\.?"
)
_NAMED = (
    r"tables?|tab\.|figures?|figs?\.|notes?|items?|sections?|sec\.|chapters?|ch\.|articles?|art\.|artikel|§+"
    r"|steps?|exhibits?|appendix|annex|no\.|nr\.|number|part|phase|type|level|versions?|v\.?|schedule|clauses?"
    r"|lines?|rows?|columns?|questions?|examples?|equations?|eq\.|pages?|pp?\.|seiten?|s\.|slides?|folien?"
    r"|tabellen?|abbildung|abb\.|anhang|schritt|abschnitt|kapitel|zeilen?|spalte|absatz|abs\.|paragraph|option"
    r"|class|grade|group|form|fy|rule|regulation|directive|verordnung|richtlinie|iso|din|表|图|圖|附录|附件|步骤"
    r"|公式|问题|例|版本"
)
_DATES = (
    r"\b\d{4}[-/.]\d{1,2}[-/.]\d{1,2}\b|\b\d{1,2}[./-]\d{1,2}[./-]\d{2,4}\b",
    r"(?<!\d)\d+\s*年(?:度|底|末|初|前|代|版|至)?(?:\s*\d+\s*月份?)?(?:\s*\d+\s*[日号])?",
    r"(?<!\d)\d+\s*月(?:份|\s*\d+\s*[日号])?",
    rf"\b\d{{1,2}}(?:\.|st|nd|rd|th)?\s*(?:of\s+)?{_MONTH}(?:\s*,?\s*\d{{4}})?\b",
    rf"\b{_MONTH}\s+\d{{1,2}}(?:st|nd|rd|th)?\b(?:\s*(?:and|to|[-–])\s*\d{{1,2}}\b)?"
    r"(?:\s*,?\s*\d{4})?",
    rf"\b{_MONTH}\s+\d{{4}}\b",
    r"\b\d{1,2}:\d{2}(?::\d{2})?\b",
    r"\b(?:19|20)\d\d(?:\s*[-–/]\s*(?:\d\d|\d{4}))?(?:s\b|er\b)?(?![\d.,]\d)",
)
_NAMES = (
    r"https?://\S+|(?<![\w.+-])[\w.+-]+@[\w.-]+",
    r"第\s*\d+(?:\s*[-–—至到]\s*\d+)?|\b\d+(?:st|nd|rd|th)\b",
    rf"(?:\b|(?<=[\u4e00-\u9fff]))(?:{_NAMED})\s*[A-Z]?\d+(?:[.\-–]\d+)*"
    r"(?:\s*(?:,|and|und|to|bis|[-–和至到、])\s*\d+)*[a-z]?",
    r"\b[A-Za-z]+[-_]?\d[\w.-]*|\b\d+[-–]?[A-Z](?:\b|[A-Z])(?<![KMB]\b)|\b\d+-[A-Za-z]+\b|\#\s*\d+",
    r"(?<!\d)\d+(?:\.\d{1,2}){2,}(?!\d)",
)
_LEFT_ALONE = re.compile("|".join((*_DATES, *_NAMES)), re.IGNORECASE)
_LIST_NUMBER = re.compile(
    r"^[ \t>]*(?:#+\s*)?(?:[-*•]\s+)?(?:\*\*)?[(（]?\d{1,2}(?:\.\d{1,2})*[.)）、:]?(?=[\s*、）)])"
    r"(?!\s*(?:[%‰万亿$€£]|percent|per cent|prozent|[mb]illion|mio|mrd|milliarden?|euro?\b|dollars?))",
    re.MULTILINE | re.IGNORECASE,
)
_ROUGH = re.compile(
    r"\b(?:about|approx\w*\.?|around|roughly|nearly|almost|over|more than|less than|under|some|circa|ca\.?"
    r"|rund|etwa|ungefähr|fast|knapp|über|mehr als)\W{0,3}$|[~≈∼>]\W{0,2}$|[约近超逾]过?\W{0,2}$|大约$",
    re.IGNORECASE,
)
_PAGES_AFTER = re.compile(
    r"\s*(?:pages?|slides?|sheets?|chapters?|seiten?|folien?|blätter|kapitel|页|頁|张|章)", re.IGNORECASE
)
_WORDS = {
    13: "thirteen dreizehn",
    14: "fourteen vierzehn",
    15: "fifteen fünfzehn",
    16: "sixteen sechzehn",
    18: "eighteen achtzehn",
    20: "twenty zwanzig",
    30: "thirty dreißig",
    40: "forty vierzig",
    45: "forty-five",
    50: "fifty fünfzig half",
    60: "sixty sechzig",
    70: "seventy siebzig",
    80: "eighty achtzig",
    90: "ninety neunzig",
    100: "hundred hundert",
}


@dataclass(frozen=True)
class Figure:
    """A figure of the answer. start, stop: in the document.

    status: `found`, `computed` (in the result of a query), `other_page` or `not_found`.
    """

    status: str
    text: str
    at: int
    end: int
    cited_page: str = ""
    evidence: Evidence | None = None
    start: int = 0
    stop: int = 0


def check_figures(
    answer: str,
    evidence: Sequence[Evidence],
    quotations: Sequence[Quotation],
    marks: Sequence[Mark],
    question: str = "",
    computation: Computation | None = None,
    *,
    decimal_comma: bool = False,
) -> Iterator[Figure]:
    """Yield what is known of the figures of an answer; nothing for those that may be right by other means.

    decimal_comma: of the answer's language.
    """
    if not evidence:
        return
    comma = decimal_comma
    known = {one.value for one in read_amounts(question, decimal_comma=comma)}
    counts = {one.document.page_count for one in evidence}
    figures = [
        one
        for one in _figures(answer, quotations, marks, comma)
        if one.value not in known and not (one.value in counts and _PAGES_AFTER.match(answer, one.end))
    ]
    if not figures:
        return
    computed, wrong = (
        {(one.value, one.is_percent) for one in results} for results in find_computed(answer, comma)
    )
    sentences = find_sentences(answer, quotations, marks)
    derivation = Derivation(answer, quotations, evidence, comma)
    for figure in figures[:FIGURES_MAX]:
        if (figure.value, figure.is_percent) not in computed:
            sentence = sentences[find_sentence(sentences, figure.at)]
            own = _marks_beside(answer, figure, sentence, marks)
            found = _look_up(figure, answer, evidence, own, computation)
            spans = [(place.evidence, span) for mark in own for place in mark.places for span in place.spans]
            is_proved = found and found.status in ("found", "computed")
            if is_proved and (figure.value, figure.is_percent) in wrong:
                continue  # it stands in a file by chance: the arithmetic before it gives another
            if found and (
                is_proved or not derivation.explains(figure, (sentence.start, sentence.end), spans)
            ):
                yield found


def _figures(
    answer: str, quotations: Sequence[Quotation], marks: Sequence[Mark], comma: bool
) -> Iterator[Amount]:
    spans = [(q.outer_at, q.outer_end) for q in quotations if is_proof(q.text)]
    spans += [(mark.at, mark.end) for mark in marks]
    characters = list(answer)
    for at, end in spans:
        characters[at:end] = "\x00" * (end - at)
    if not any(map(str.isdigit, characters)):
        return
    for pattern in (_LIST_NUMBER, _LEFT_ALONE):
        for found in pattern.finditer(answer):
            characters[found.start() : found.end()] = "\x00" * len(found.group())
    for one in read_amounts("".join(characters), decimal_comma=comma, joins_spaces=comma):
        before = answer[one.at - 1 : one.at]
        is_name = (
            one.end > one.at and answer[one.end - 1] in "kmbKMB" and (not before or before not in CURRENCIES)
        )  # 3M
        is_count = one.is_whole and one.value <= SMALL_COUNT and (not before or before not in CURRENCIES)
        if not (is_count or is_name) and one.value and not (before.isascii() and before.isalpha()):
            yield one


def _marks_beside(answer: str, figure: Amount, sentence: Sentence, marks: Sequence[Mark]) -> list[Mark]:
    """Return the marks of the figure's sentence: the next ones, otherwise those before it."""
    inside = [mark for mark in marks if sentence.start <= mark.at < sentence.end]
    behind = next_marks(answer, [mark for mark in inside if mark.at >= figure.end])
    spoken = [mark for mark in inside if mark.end <= figure.at and not mark.is_bracketed]
    return [*behind, *spoken[-1:]] or inside


def _look_up(
    figure: Amount,
    answer: str,
    evidence: Sequence[Evidence],
    marks: Sequence[Mark],
    computation: Computation | None,
) -> Figure | None:
    text = answer[figure.at : figure.end]
    is_rough = bool(_ROUGH.search(answer[max(0, figure.at - 16) : figure.at]))
    alike = [(one, hit) for one in evidence for hit in one.figures.find(figure, is_rough=is_rough)]
    measure = read_measure(answer, figure.at, figure.end)
    hits = [(one, hit) for one, hit in alike if _agrees(figure, measure, one, hit)]
    if alike and not hits and figure.is_percent:
        return None  # percentage points, where the answer says percent
    spans = [(place.evidence, span) for mark in marks for place in mark.places for span in place.spans]
    label = marks[0].label if marks else ""
    for one, (start, stop, _) in hits:
        if any(one is other and span[0] <= start < span[1] for other, span in spans):
            if _is_chance(figure, spans):
                return None
            return Figure("found", text, figure.at, figure.end, label, one, start, stop)
    if computation:
        if computation.figures.find(figure, is_rough=is_rough):
            return Figure("computed", text, figure.at, figure.end)
        if hits and not marks and all(one.document.name in computation.files for one, _ in hits):
            return None  # a cell of the table that was computed is it by chance
    if not hits:
        is_there = any(_is_in_words(figure, one) for one in evidence)
        return None if is_there else Figure("not_found", text, figure.at, figure.end, label)
    one, (start, stop, is_exact) = hits[0]
    if figure.digits < TELLING_DIGITS or not is_exact:
        return None
    return Figure("other_page" if spans else "found", text, figure.at, figure.end, label, one, start, stop)


def _agrees(figure: Amount, measure: Measure, evidence: Evidence, hit: tuple[int, int, bool]) -> bool:
    """Has the file the figure in no other currency, and percentage points where the answer has them?"""
    there = read_measure(evidence.document.text, hit[0], hit[1])
    is_same = not measure.currency or not there.currency or measure.currency == there.currency
    return is_same and (not figure.is_percent or measure.is_points == there.is_points)


def _is_chance(figure: Amount, spans: Sequence[tuple[Evidence, Span]]) -> bool:
    """Is a figure of two digits somewhere in a whole file by chance, as 98 km beside the bus 98?"""
    is_short = figure.digits < TELLING_DIGITS
    return is_short and all(end - start >= one.document.characters for one, (start, end) in spans)


def _is_in_words(figure: Amount, evidence: Evidence) -> bool:
    """Does a file write the figure as a word: thirty, dreißig, 三十?"""
    if figure.value != int(figure.value) or figure.value >= 10_000:
        return False
    ways = [
        *_WORDS.get(int(figure.value), "").split(),
        *([write_chinese(int(figure.value))] if figure.value > SMALL_COUNT else []),
    ]
    return any(way.replace("-", "") in evidence.folded for way in ways)
