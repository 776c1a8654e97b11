"""Reasoning in tags: where it begins and ends, however the text is cut."""

from __future__ import annotations

import random

import pytest

from chat.completions.reasoning import ReasoningSplitter


def split(*pieces: str, said: str = "") -> tuple[str, str]:
    splitter = ReasoningSplitter(said)
    text = reasoning = ""
    for one in [*map(splitter.feed, pieces), splitter.flush()]:
        if one.recasts:
            text, reasoning = "", reasoning + text
        text, reasoning = text + one.text, reasoning + one.reasoning
    return text, reasoning


FENCED = "Write:\n```html\n<think>\nx\n</think>\n```\nas above."
CASES = {
    "no tags": ("Hello", "Hello", ""),
    "a block first": ("<think>why</think>Hello", "Hello", "why"),
    "line breaks around": ("<think>\nwhy\n</think>\n\nHello\n", "Hello\n", "\nwhy\n"),
    "white space first": ("\n <think>why</think>Hello", "\n Hello", "why"),
    "in the middle": ("So. <think>why</think> Hello", "So.  Hello", "why"),
    "two blocks": ("<think>a</think>b<think>c</think>d", "bd", "ac"),
    "an empty block": ("<think></think>Hello", "Hello", ""),
    "no opening tag": ("why</think>\n\nHello", "Hello", "why"),
    "only a closing tag": ("</think>Hello", "Hello", ""),
    "never closed": ("<think>why", "", "why"),
    "a second closing tag": ("<think>a</think>b</think>c", "b</think>c", "a"),
    "nested": ("<think>a<think>b</think>c", "c", "a<think>b"),
    "a fenced block": (FENCED, FENCED, ""),
    "a fenced block in tildes": ("~~~\n<think>a</think>\n~~~\nb", "~~~\n<think>a</think>\n~~~\nb", ""),
    "an inner fence that is too short": ("````\n```\n<think>\n````\n", "````\n```\n<think>\n````\n", ""),
    "after a fenced block": ("```\ncode\n```\n<think>a</think>b", "```\ncode\n```\nb", "a"),
    "an info string": ("```<think>\n</think>\n```", "```<think>\n</think>\n```", ""),
    "a code span": ("The `<think>` tag and `</think>`.", "The `<think>` tag and `</think>`.", ""),
    "a span of two": ("``a ` <think>`` b", "``a ` <think>`` b", ""),
    "after a code span": ("`a` <think>b</think>c", "`a` c", "b"),
    "an open backtick ends with its paragraph": ("a ` b\n\n<think>c</think>d", "a ` b\n\nd", "c"),
    "a span in reasoning": ("<think>use `</think>` here</think>Hello", "Hello", "use `</think>` here"),
    "a fence in reasoning": ("<think>\n```\n</think>\n```\n</think>Hello", "Hello", "\n```\n</think>\n```\n"),
    "a fence left open in reasoning": (
        "<think>\n```\nx</think>Hello",
        "Hello",
        "\n```\nx</think>Hello",
    ),
    "code, then no opening tag": ("see `x`\n</think>Hello", "Hello", "see `x`\n"),
    "almost tags": ("a < b <thin> </thinking> <Think> <", "a < b <thin> </thinking> <Think> <", ""),
    "Chinese": ("<think>想一想</think>你好", "你好", "想一想"),
}


@pytest.mark.parametrize("case", CASES)
def test_reasoning_is_told_from_the_answer_wherever_it_is_cut(case: str) -> None:
    whole, text, reasoning = CASES[case]
    assert split(whole) == (text, reasoning)
    assert split(*whole) == (text, reasoning)
    for at in range(len(whole)):
        assert split(whole[:at], whole[at:]) == (text, reasoning)


def test_a_seeded_run_of_cuts_changes_nothing() -> None:
    chance = random.Random(2)
    parts = ["<think>", "</think>", "`", "```", "~~~", "\n", "\n\n", "word ", "字", "<", " ", "</"]
    for _ in range(500):
        whole = "".join(chance.choices(parts, k=chance.randrange(1, 30)))
        cuts = sorted(chance.choices(range(len(whole) + 1), k=chance.randrange(9)))
        pieces = [whole[start:end] for start, end in zip([0, *cuts], [*cuts, len(whole)], strict=True)]
        assert split(*pieces) == split(whole), repr(whole)


def test_a_continued_answer_is_text_from_its_first_character() -> None:
    assert split(" and </think>", said="Half") == (" and </think>", "")
    assert split("<think>x\n```\ny", said="```\n") == ("<think>x\n```\ny", "")


def test_text_is_held_back_only_while_it_could_be_a_tag() -> None:
    splitter = ReasoningSplitter()
    assert (splitter.feed("a <thi").text, splitter.is_holding) == ("a ", True)
    assert (splitter.feed("s>").text, splitter.is_holding) == ("<this>", False)
