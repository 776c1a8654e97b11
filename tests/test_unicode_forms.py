"""Normal forms are Python's own, but for runs of marks that no language has."""

from __future__ import annotations

import unicodedata

import pytest

from chat.unicode_forms import JOINER, MARKS_MAX, normalize

TEXTS = (
    "plain",
    "ﬁ１Ａ①",
    "e\u0301\u0316",
    "Việt Nam đẹp" * 40,
    "שָׁלוֹם" * 30,
    "\u0316" * (MARKS_MAX - 1),
    "가나다",
    "か\u3099",
)


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("form", ["NFC", "NFD", "NFKC", "NFKD"])
def test_texts_of_languages_have_pythons_forms(form: str, text: str) -> None:
    for given in (text, unicodedata.normalize("NFD", text)):
        assert normalize(form, given) == unicodedata.normalize(form, given)  # type: ignore[arg-type]


@pytest.mark.parametrize("before", ["", "a", "a" * 17])
def test_long_runs_of_marks_are_divided(before: str) -> None:
    """Marks are sorted inside of each part, and so never over the whole run."""
    shown = normalize("NFC", before + "\u0301\u0316" * 100)
    assert shown.count(JOINER) == 200 // MARKS_MAX
    assert max(map(len, shown.split(JOINER))) <= MARKS_MAX + len(before)
