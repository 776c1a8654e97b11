from __future__ import annotations

import pytest

from chat.languages import find_language, find_languages, has_decimal_comma


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("The trial was stopped in the second year.", "en"),
        ("Die Studie wurde im zweiten Jahr nicht beendet.", "de"),
        ("L'étude est finie et les résultats sont dans le rapport.", "fr"),
        ("试验在第二年停止了。", "zh"),
        ("試験は二年目に中止されました。", "ja"),
        ("Xylophon Quartz", ""),
    ],
)
def test_the_commonest_words_tell_the_language(text: str, language: str) -> None:
    assert find_language(text) == language


CHINESE = "试验在第二年停止了，原因不明。"


def test_a_text_may_be_written_in_two_languages() -> None:
    assert {"en", "zh"} <= find_languages(f"The trial was stopped in the second year. {CHINESE}")


@pytest.mark.parametrize(
    ("text", "is_comma"),
    [("Der Umsatz stieg", True), ("Revenue was 5", False), ("70.923.698 / 412 = 172.145 Euro", True)],
)
def test_a_few_words_or_numbers_tell_the_decimal_mark(text: str, is_comma: bool) -> None:
    assert has_decimal_comma(text) == is_comma
