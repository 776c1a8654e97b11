from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from chat.grounding.evidence import Evidence, fold
from tests.made_documents import make_document


def test_only_letters_and_digits_count() -> None:
    assert fold("Ｈello,\n  WORLD-wide “ﬁne” ½ café") == "helloworldwidefine12cafe"
    assert fold("「青草」，　地。") == "青草地"


@settings(deadline=None)
@given(st.text(st.sampled_from("aB ﬁ½é①中。한が\n-\ud800㎏"), max_size=80))
def test_every_folded_letter_knows_where_it_stands(text: str) -> None:
    evidence = Evidence.prepare(make_document(text, unit=""))
    assert evidence.folded == fold(text)
    assert "".join(fold(text[offset]) for offset in sorted(set(evidence.offsets.tolist()))) == evidence.folded


def test_a_long_text_folds_as_a_short_one_does() -> None:
    text = "Fine ﬁle ①, 20 ㎏ in 上海.\n" * 4_000
    evidence = Evidence.prepare(make_document(text, unit=""))
    assert evidence.folded == fold(text)
    last = evidence.folded.rindex("kg")
    assert text[evidence.offsets[last]] == text[evidence.offsets[last + 1]] == "㎏"
    assert text[int(evidence.offsets[-1]) :] == "海.\n"
