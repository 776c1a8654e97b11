from __future__ import annotations

from chat.grounding.gram_index import GramIndex

TEXT = "".join(f"meadow{number}lieswestofhill{number * 7}" for number in range(2_000))
INDEX = GramIndex.build(TEXT)


def test_the_place_of_a_quote_comes_first() -> None:
    at = TEXT.index("meadow1234")
    best = INDEX.vote(TEXT[at : at + 60]).candidates()[0]
    assert best.share == 1.0
    assert at - 80 < best.start <= at < at + 60 <= best.end < at + 140


def test_a_quote_that_differs_by_a_letter_is_found_nearly() -> None:
    at = TEXT.index("meadow1234")
    quote = TEXT[at : at + 30] + "z" + TEXT[at + 31 : at + 60]
    found = [one for one in INDEX.vote(quote).candidates() if one.start <= at < one.end]
    assert found
    assert found[0].share > 0.5


def test_two_halves_near_one_another_are_one_candidate() -> None:
    one, two = TEXT.index("meadow1234"), TEXT.index("meadow1250")
    quote = TEXT[one : one + 40] + TEXT[two : two + 40]
    best = INDEX.vote(quote).candidates()[0]
    assert best.start <= one + 5
    assert best.end >= two + 35


def test_a_search_can_be_bounded_and_strange_words_have_no_place() -> None:
    at = TEXT.index("meadow1234")
    inside = INDEX.vote(TEXT[at : at + 60]).candidates(0, 1_000)
    assert all(one.share < 0.9 for one in inside)
    assert INDEX.vote("xylophonequartz").candidates() == []
