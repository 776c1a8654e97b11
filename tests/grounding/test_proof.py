"""Claims with known verdicts over the samples of the benchmark, and true sentences altered at random."""

from __future__ import annotations

import re

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from chat.grounding.citations import check
from chat.grounding.evidence import Evidence
from tests.benchmarks.proof import CONFIRMED, KnownClaim, judge, read_claims, read_evidence

CLAIMS = [claim for claim in read_claims() if "/" not in claim.file]
SAMPLES = [name for name in dict.fromkeys(claim.file for claim in CLAIMS)]
OTHER_LETTERS = dict(zip("aouäöüéñ", "äöüaouen", strict=True))
SPOTS = {
    "digit": r"\d",
    "accent": f"[{''.join(OTHER_LETTERS)}]",
    "sign": r"(?<![\w.,(-])\d",
    "negation": r" (?:not|no|nicht|keine?)\b|不|未",
}


def test_each_kind_of_claim_is_there() -> None:
    assert {claim.group for claim in CLAIMS} == {claim.group for claim in read_claims()}
    assert len(CLAIMS) >= 100


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda claim: f"{claim.kind}: {claim.answer[:40]}")
def test_a_claim_has_its_verdict(claim: KnownClaim) -> None:
    (verdict,) = judge([claim], None)
    assert verdict.is_right, verdict.status


def sample(name: str) -> Evidence:
    evidence = read_evidence(name, None)
    assert evidence is not None
    return evidence


def sentences_of(name: str) -> list[str]:
    text = sample(name).document.text
    found = re.findall(
        r"(?:^|(?<=[.。]\s)|(?<=[。]))[^.。\n](?:[^.。]|\.(?=\d)){30,200}(?:\.(?=\s)|。)", text
    )
    return [" ".join(one.replace("-\n", "").split()) for one in found]


SENTENCES = [(name, sentence) for name in SAMPLES for sentence in sentences_of(name)]


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
    """Return the sentence altered at one place; unchanged where it has none of that kind."""
    if how == "order":
        words = sentence.split(" ")
        at = place % max(1, len(words) - 1)
        return " ".join([*words[:at], *reversed(words[at : at + 2]), *words[at + 2 :]])
    spots = list(re.finditer(SPOTS[how], sentence))
    if not spots:
        return sentence
    start, end = spots[place % len(spots)].span()
    old = sentence[start:end]
    new = {
        "digit": str((int(old) + 1 + place % 9) % 10) if old.isdigit() else old,
        "accent": OTHER_LETTERS.get(old, old),
        "sign": "-" + old,
        "negation": "",
    }[how]
    return sentence[:start] + new + sentence[end:]


@settings(deadline=None, max_examples=300)
@given(
    st.sampled_from(SENTENCES),
    st.sampled_from(["digit", "sign", "negation", "order", "accent"]),
    st.integers(0, 200),
)
def test_no_altered_sentence_is_confirmed(known: tuple[str, str], how: str, place: int) -> None:
    name, sentence = known
    altered = alter(sentence, how, place)
    assume(meaning(altered) != meaning(sentence))
    assert status_of(name, altered) not in (*CONFIRMED, "other_page")
