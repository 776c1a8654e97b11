from __future__ import annotations

from chat.turns.tokens import estimate_tokens


def test_nothing_costs_nothing() -> None:
    assert estimate_tokens("") == 0


def test_a_chinese_character_costs_one_token() -> None:
    assert estimate_tokens("草地在山的后面") == 7


def test_english_costs_about_a_quarter_of_its_characters() -> None:
    text = "The quick brown fox jumps over the lazy dog, and nobody has ever asked it why. " * 10
    assert 0.2 < estimate_tokens(text) / len(text) < 0.35


def test_digits_symbols_and_emoji_err_on_the_high_side() -> None:
    assert estimate_tokens("1234567890") == 10
    assert estimate_tokens("😀😀") == 5
    assert estimate_tokens("a\n\n\nb") == 3
