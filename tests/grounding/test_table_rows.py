from __future__ import annotations

from chat.grounding.retrieval.sentences import split_sentences
from chat.grounding.retrieval.table_rows import find_headers, is_row


def test_tabs_bars_gaps_and_commas_make_rows() -> None:
    rows = ["a\tb", "| a | b |", "a | b", "Total     42", "1,2,3,4", "a,b,c,d"]
    prose = ["A sentence, with commas, and more, of them.", "单独一行，没有单元格。", "Title"]
    assert [*map(is_row, rows)] == [True] * 6
    assert [*map(is_row, prose)] == [False] * 3


def test_each_row_knows_the_first_row_of_its_own_table() -> None:
    text = "Staff\nname\tage\nLi\t30\nWu\t31\n\nRooms\nroom\tsize\nA\t9\n"
    assert find_headers(text, split_sentences(text)) == [-1, -1, 1, 1, -1, -1, 5]


def test_the_rule_under_a_markdown_header_is_no_row() -> None:
    text = "| name | age |\n|---|---|\n| Li | 30 |\n"
    assert find_headers(text, split_sentences(text)) == [-1, -1, 0]
