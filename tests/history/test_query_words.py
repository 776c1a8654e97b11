"""Where the words of a search stand in a text as it was written."""

from __future__ import annotations

import pytest

from chat.history.query_words import cut_snippet, find_words, read_words


@pytest.mark.parametrize(
    ("text", "query", "marked"),
    [
        ("The Lamp and the lamp", "LAMP", "The [Lamp] and the [lamp]"),
        ("a ﬁne ﬁx", "fi", "a [ﬁ]ne [ﬁ]x"),
        ("Straße 9", "strasse", "[Straße] 9"),
        ("型号ＡＢＣ，电池", "电池 abc", "型号[ＡＢＣ]，[电池]"),
        ("lamplight", "lamp ampl", "[lampl]ight"),
        ("nothing", "else", "nothing"),
        ("nothing", "  ", "nothing"),
    ],
)
def test_the_words_are_found_as_they_are_written(text: str, query: str, marked: str) -> None:
    shown, at = "", 0
    for start, end in find_words(text, read_words(query)):
        shown += f"{text[at:start]}[{text[start:end]}]"
        at = end
    assert shown + text[at:] == marked


def test_a_snippet_is_cut_where_most_words_are_close_together() -> None:
    text = "lamp " + "x " * 500 + "the battery of the lamp lasts " + "y " * 500
    assert "battery of the lamp" in cut_snippet(text, read_words("lamp battery"))


@pytest.mark.parametrize("before", ["x ", "ﬁ ", "e\u0301 ", "字"])
@pytest.mark.parametrize("count", [0, 1, 1_999, 3_999, 30_000])
def test_a_snippet_of_a_long_text_begins_shortly_before_the_words(before: str, count: int) -> None:
    """Also where folding changes lengths, and where the words stand over the end of a window."""
    text = before * count + "Battery lamp"
    begun = text[max(0, len(before) * count - 30) :]
    shown = cut_snippet(text + " end" * 100, read_words("lamp battery"))
    assert shown.removeprefix("…").startswith(" ".join(begun.split()))
