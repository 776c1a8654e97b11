from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from chat.grounding.retrieval.terms import hash_sentences, hash_terms, split_terms

SCRIPTS = st.text(
    st.sampled_from("aZ9 ,.é½ﬁＡ１中文草地。，カがーㄅ한국어ไทยहिन्दीالعَرَبٌΣςß\u0301\n\t_\x01"), max_size=60
)


def test_words_are_cut_to_what_their_forms_share() -> None:
    assert split_terms("Infections, infected; INFECTING") == ["infect", "infect", "infect"]


def test_chinese_becomes_characters_and_pairs() -> None:
    assert split_terms("青草地5块") == ["5", "青", "草", "地", "块", "青草", "草地"]


def test_full_width_forms_equal_plain_ones() -> None:
    assert split_terms("ＨＩＶ－１，１２３") == split_terms("hiv-1,123")


def test_thousands_separators_do_not_split_a_number() -> None:
    assert split_terms("14,110 pairs, 3, 4") == ["14110", "pairs", "3", "4"]


def test_hindi_words_keep_their_vowel_signs() -> None:
    assert split_terms("हिन्दी") == ["हिन्दी"]


def test_arabic_article_and_ending_are_dropped() -> None:
    assert split_terms("المدرسة") == split_terms("والمدرسه") == ["مدرس"]


def test_keys_do_not_change_between_processes() -> None:
    assert hash_terms(["infect", "青草", "青"]).tolist() == [807238936800, 229611426375, 1010453648752]


@settings(deadline=None)
@given(st.lists(SCRIPTS, max_size=6))
def test_whole_documents_are_split_as_questions_are(sentences: list[str]) -> None:
    """A combining mark at a sentence's start cannot join the one before: they are split apart in both."""
    keys, numbers = hash_sentences(sentences)
    expected = [(int(key), n) for n, text in enumerate(sentences) for key in hash_terms(split_terms(text))]
    assert sorted(zip(keys.tolist(), numbers.tolist(), strict=True)) == sorted(expected)


def test_a_hundred_thousand_terms_have_as_many_keys() -> None:
    assert len(np.unique(hash_terms(f"{n:x}" for n in range(100_000)))) == 100_000


def test_traditional_and_simplified_chinese_are_the_same_terms() -> None:
    assert split_terms("臺灣的首都") == split_terms("台湾的首都")
    keys, numbers = hash_sentences(["臺灣的首都", "後來"])
    assert set(keys) == set(hash_terms(split_terms("台湾的首都 后来")))
    assert set(numbers) == {0, 1}
