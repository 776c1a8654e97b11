from __future__ import annotations

from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from chat.grounding.retrieval.sentences import LONGEST_CHARACTERS, split_sentences


def cut(text: str) -> list[str]:
    return [text[start:end] for start, end in pairwise(split_sentences(text))]


def test_english_is_cut_behind_full_stops() -> None:
    assert cut('He came. "Why?" she asked! Nobody knew.') == [
        "He came. ",
        '"Why?" ',
        "she asked! ",
        "Nobody knew.",
    ]


def test_abbreviations_initials_and_decimals_do_not_end_a_sentence() -> None:
    text = "Dr. J. Smith et al. found 3.6 mg, i.e. little (Fig. 2), as Rev. Paul had said of Brown v. Board."
    assert cut(text) == [text]


def test_chinese_is_cut_without_spaces_and_keeps_closing_quotes() -> None:
    assert cut("他说：“好。”然后走了！真的？是的。") == ["他说：“好。”", "然后走了！", "真的？", "是的。"]


def test_lines_wrapped_by_a_page_stay_one_sentence() -> None:
    text = (
        "The placenta expresses the receptor in many more cells\nthan was known before this study.\nNew line."
    )
    assert cut(text) == [text[:-9], "New line."]


def test_headings_list_items_and_rows_stand_alone() -> None:
    text = "# Methods\n- one thing\n- another thing\nname\tage\nLi\t30\n"
    assert cut(text) == ["# Methods\n", "- one thing\n", "- another thing\n", "name\tage\n", "Li\t30\n"]


def test_a_sentence_without_end_is_cut_at_commas() -> None:
    pieces = cut("一二三四五六七八九，" * 100)
    assert max(map(len, pieces)) <= LONGEST_CHARACTERS
    assert all(piece.endswith("，") for piece in pieces)


@settings(deadline=None)
@given(st.text(st.sampled_from("ab .。！?\n\t|”,，Dr9 "), max_size=1200))
def test_every_character_belongs_to_exactly_one_sentence(text: str) -> None:
    starts = split_sentences(text)
    assert starts[0] == 0
    assert starts[-1] == len(text)
    assert all(0 < end - start <= LONGEST_CHARACTERS + 400 for start, end in pairwise(starts))
