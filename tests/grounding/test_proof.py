"""Claims with known verdicts over the samples of the benchmark, and true sentences altered at random."""

from __future__ import annotations

import re

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from chat.grounding.citations import check
from chat.grounding.evidence import Evidence
from tests.benchmarks.proof import CONFIRMED, KnownClaim, judge, read_claims, read_evidence
from tests.made_documents import make_document

KNOWN_FAULTS = {  # docs/proof.md names them
    ("16", "9.985"), ("16", "52.9"), ("16", "1.35万"), ("16", "52.9%"), ("16", "27"),
    ("16", "6.2%"), ("16", "72%"), ("16", "9,7 %"),
}  # fmt: skip
CLAIMS = [claim for claim in read_claims() if "/" not in claim.file]
SAMPLES = list(dict.fromkeys(name for claim in CLAIMS for name in claim.files))
OTHER_LETTERS = dict(zip("aouäöüéñ", "äöüaouen", strict=True))
OTHER_SCALES = {
    "thousand": "million", "million": "billion", "billion": "million", "Tausend": "Millionen",
    "Millionen": "Milliarden", "Milliarden": "Millionen", "Mio": "Mrd", "万": "亿", "亿": "万",
}  # fmt: skip
OTHER_UNITS = {
    "mg": "g", "kg": "g", "km": "m", "cm": "mm", "kWh": "MWh", "hours": "days", "days": "hours",
    "Tage": "Wochen", "Stunden": "Tage", "months": "years", "years": "months", "Jahre": "Monate",
    "年": "月", "公里": "米",
}  # fmt: skip
OTHER_BOUNDS = {
    "more than": "less than", "at least": "at most", "above": "below", "mindestens": "höchstens",
    "mehr als": "weniger als", "über": "unter", "以上": "以下", "不超过": "不少于", "至少": "至多",
}  # fmt: skip


def one_of(words: dict[str, str]) -> str:
    return "|".join(rf"(?<![a-z]){word}(?![a-z])" if word.isascii() else word for word in words)


SPOTS = {
    "digit": r"\d",
    "accent": f"[{''.join(OTHER_LETTERS)}]",
    "sign": r"(?<![\w.,(–—-])\d",
    "negation": r" (?:not|no|nicht|keine?)\b|不|未",
    "order": r"(?<=\s)\S+\s+\S+",
    "decimal": r"(?<![\d.,])\d+[.,]\d+(?![\d.,])",
    "percent": r"(?<=\d)\s?(?:%|percent|Prozent)",
    "scale": one_of(OTHER_SCALES),
    "unit": one_of(OTHER_UNITS),
    "bound": one_of(OTHER_BOUNDS),
    "currency": "[$€¥]",
    "date": r"(?<!\d)\d{1,4}(?:年| )\d{1,2}(?:月|-)\d{1,2}(?!\d)|(?<!\d)\d{1,2}[./]\d{1,2}[./]\d{4}",
    "power": "(?<!m)[²³⁴-⁹]+",  # m2 is m², where the raise was lost
    "swap": r"(?<![\d.,])\d+(?![\d.,])(?:\D{1,80}?)(?<![\d.,])\d+(?![\d.,])",
    "dropped": r"(?<= )[^\W\d_]{3,} |(?<=[一-龥])[一-龥](?=[一-龥])",
}
MADE = (  # each has several of the spots, in each language
    "On 12/05/2021 the pump used 3.5 kWh at 10² Pa and cost $1,577 thousand, more than 24.6% of sales.",
    "At least 16 hours pass before 2.5 mg of it decay, not 25 mg, and above 40 °C it takes 3 days less.",
    "Am 03.11.2020 lagen die Kosten bei 12,5 Millionen € und mindestens 0,85 Prozent über dem Wert von 9³.",
    "Die Anlage läuft mehr als 48 Stunden, verbraucht 7,25 kg Öl und darf nicht über 1,5 km entfernt stehen.",
    "公司于2019年3月21日投资70.39亿元，路长81.5公里，占比不超过12.5%，工期至少24个月，不含第2期的10⁶元。",
    "该站年产量为5.4万吨，以上部分未计入，成本为¥320万，较2018年11月12日增长3.7%。",
)
MADE_NAME = "made.pdf"
ALTERED_AS_WRITTEN = ("decimal", "power", "currency")  # in what `meaning` leaves out


def test_each_kind_of_claim_is_there() -> None:
    assert {claim.group for claim in CLAIMS} == {claim.group for claim in read_claims()}
    assert len(CLAIMS) >= 100


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda claim: f"{claim.kind}: {claim.answer[:40]}")
def test_a_claim_has_its_verdict(claim: KnownClaim) -> None:
    (verdict,) = judge([claim], None)
    assert verdict.is_right is ((claim.set, claim.target) not in KNOWN_FAULTS), verdict.status


def sample(name: str) -> Evidence:
    if name == MADE_NAME:
        return MADE_EVIDENCE
    evidence = read_evidence(name, None)
    assert evidence is not None
    return evidence


def sentences_of(name: str) -> list[str]:
    text = sample(name).document.text
    found = re.findall(
        r"(?:^|(?<=[.。]\s)|(?<=[。]))[^.。\n](?:[^.。]|\.(?=\d)){30,200}(?:\.(?=\s)|。)", text
    )
    return [" ".join(one.replace("-\n", "").split()) for one in found]


MADE_EVIDENCE = Evidence.prepare(make_document(*(f"{one}\nHere ends it." for one in MADE), name=MADE_NAME))
SENTENCES = [(name, sentence) for name in SAMPLES for sentence in sentences_of(name)]
SENTENCES += [(MADE_NAME, sentence) for sentence in MADE]


def status_of(name: str, quote: str) -> str:
    cited = check(f"It says: “{quote}” [{name}].", [sample(name)])
    return next((one.status for one in cited if one.kind == "quote"), "")


@settings(deadline=None)
@given(st.sampled_from(SENTENCES))
def test_true_sentences_are_confirmed(known: tuple[str, str]) -> None:
    assert status_of(*known) in CONFIRMED


def meaning(sentence: str) -> str:
    """Return a sentence without what its words may be written with."""
    return "".join(one for one in sentence.casefold() if one.isalnum() or one in "-<>%")


def alter(sentence: str, how: str, place: int) -> str:
    """Return the sentence altered at one of its places of that kind."""
    spots = list(re.finditer(SPOTS[how], sentence))
    start, end = spots[place % len(spots)].span()
    return sentence[:start] + altered_words(sentence[start:end], how, place) + sentence[end:]


def altered_words(old: str, how: str, place: int) -> str:
    match how:
        case "digit":
            return str((int(old) + 1 + place % 9) % 10)
        case "accent":
            return OTHER_LETTERS[old]
        case "sign":
            return f"-{old}"
        case "order":
            return " ".join(reversed(old.split()))
        case "decimal":
            return move_point(old, place % 2)
        case "scale" | "unit" | "bound":
            return (OTHER_SCALES | OTHER_UNITS | OTHER_BOUNDS)[old]
        case "currency":
            return "€" if old == "$" else "$"
        case "date" | "swap":
            numbers = re.findall(r"\d+", old)
            first, second = (numbers[0], numbers[-1]) if how == "swap" else (numbers[-2], numbers[-1])
            swapped = {first: second, second: first}
            return re.sub(r"\d+", lambda found: swapped.get(found.group(), found.group()), old)
        case "power":
            return old.translate(str.maketrans("²³⁴⁵⁶⁷⁸⁹", "23456789"))
    return ""  # a negation, a percent sign, a word


def move_point(number: str, right: int) -> str:
    """Return the number with its decimal point or comma one place to the left or to the right."""
    mark = re.search("[.,]", number)
    assert mark is not None
    digits, at = number.replace(mark.group(), ""), mark.start() + (1 if right else -1)
    return f"{digits[:at] or '0'}{mark.group()}{digits[at:]}" if at < len(digits) else digits


BY_KIND = {how: [one for one in SENTENCES if re.search(spot, one[1])] for how, spot in SPOTS.items()}
ALTERATIONS = st.sampled_from(sorted(SPOTS)).flatmap(
    lambda how: st.tuples(st.sampled_from(BY_KIND[how]), st.just(how), st.integers(0, 200))
)


@settings(deadline=None, max_examples=400)
@given(ALTERATIONS)
def test_no_altered_sentence_is_confirmed(alteration: tuple[tuple[str, str], str, int]) -> None:
    (name, sentence), how, place = alteration
    altered = alter(sentence, how, place)
    assume(how in ALTERED_AS_WRITTEN or meaning(altered) != meaning(sentence))
    assert status_of(name, altered) not in (*CONFIRMED, "other_page")


def test_a_number_that_stands_further_down_continues_no_sentence() -> None:
    quote = 'between the Harwell Foundation ("the Funder") and the University of Leirvik ("the Grantee") 6.'
    assert status_of("Grant Agreement 2024-17.pdf", quote) not in CONFIRMED


def test_each_kind_of_alteration_is_tried_in_three_languages() -> None:
    for how in SPOTS.keys() - {"accent", "order", "currency", "power", "unit", "bound", "scale"}:
        assert len({MADE.index(one[1]) // 2 for one in BY_KIND[how] if one[1] in MADE}) >= 2, how
