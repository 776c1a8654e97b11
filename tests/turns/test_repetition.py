"""The detector of repetition: runaway text is found, whatever repeats in good answers is not."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from chat.turns.repetition import DEMO_CHARACTERS, EnoughSaid, RepetitionDetector

ROOT = Path(__file__).resolve().parents[2]
SENTENCE = "The battery is charged by the battery of the battery. "


CODE = "Write:\n```python\nlamp.on()  # now.\nprint(lamp)\n```"


def runs_away(text: str, *, piece: int = 3, **options: int) -> bool:
    detector = RepetitionDetector(**options)
    return any(detector.add(text[at : at + piece]) for at in range(0, len(text), piece))


@pytest.mark.parametrize("piece", [1, 7, 100])
@pytest.mark.parametrize("unit", ["灯", "ha ", SENTENCE, f"1. {SENTENCE}\n2. It is {SENTENCE}\n"])
def test_a_unit_without_end_is_found_in_any_pieces(unit: str, piece: int) -> None:
    assert runs_away("It begins well: " + unit * 1_600, piece=piece)


def test_the_demo_model_is_cut_early() -> None:
    assert runs_away("灯" * 40, patience=DEMO_CHARACTERS)
    assert runs_away("lamp " * 20, patience=DEMO_CHARACTERS)
    assert not runs_away("灯" * 12, patience=DEMO_CHARACTERS)


@pytest.mark.parametrize(
    "text",
    [
        "| a | b |\n| --- | --- |\n" + "| 0 | 0 |\n" * 100,
        "-" * 2_000,
        "```html\n" + "  <td></td>\n" * 100 + "```\n",
        "ha " * 100,
        "0, " * 500,
    ],
)
def test_repetition_that_good_answers_have_is_left_alone(text: str) -> None:
    assert not runs_away(text)


def test_no_text_of_this_repository_is_taken_for_a_runaway() -> None:
    texts = [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("assets/samples/*.md")]
    found = [path.name for path in texts if runs_away(path.read_text(encoding="utf-8"), piece=40)]
    assert texts
    assert found == []


def test_random_words_are_no_repetition_even_for_the_demo_model() -> None:
    words = ["lamp", "灯", "charge", "two", "hours", "and", "40", "minutes", ".", "\n"]
    generator = random.Random(4)
    assert not runs_away(" ".join(generator.choices(words, k=3_000)), patience=DEMO_CHARACTERS)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("It is a lamp. It shines for hours. It is", "It is a lamp. It shines for hours."),
        ("Steps:\n1. Plug it in\n2. Press it! Then", "Steps:\n1. Plug it in\n2. Press it!"),
        (f"{CODE}\nThis is", CODE),
        ("A lamp costs 3. 5 euros are not enough and", None),
    ],
)  # fmt: skip
def test_enough_is_said_at_the_end_of_a_sentence_or_of_code(text: str, shown: str | None) -> None:
    enough = EnoughSaid(20)
    end = next((at for at, sign in enumerate(text, 1) if enough.add(sign)), None)
    assert (text[:end] if end else None) == shown
