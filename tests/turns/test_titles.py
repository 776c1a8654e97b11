"""A title is one line of words, or none: the first words of the question stand then."""

from __future__ import annotations

import pytest

from chat.turns.titles import clean_title


@pytest.mark.parametrize(
    ("reply", "title"),
    [
        ("The history of Ottawa", "The history of Ottawa"),
        ("  **Title: The history of Ottawa**\n", "The history of Ottawa"),
        ("「渥太华的历史」", "渥太华的历史"),
        ("标题：渥太华的历史", "渥太华的历史"),
        ("```\nThe history of Ottawa\n```", "The history of Ottawa"),
        ("# Ottawa", "Ottawa"),
        ("Sure! Here is a title:\n\nThe history of Ottawa", ""),
        ('{"title": "Ottawa"}', ""),
        ("<think>The user asks", ""),
        ("[THINK]The user asks", ""),
        ("<|channel|>analysis", ""),
        ("?!", ""),
        ("...", ""),
        ("x" * 61, ""),
        ("a\x00b", ""),
        ("", ""),
    ],
)
def test_a_title_is_one_line_of_words(reply: str, title: str) -> None:
    assert clean_title(reply) == title
