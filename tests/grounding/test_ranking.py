from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from chat.grounding.retrieval.passages import Index
from chat.grounding.retrieval.ranking import rank_sentences
from tests.made_documents import FILLER, make_index, make_long_document

NESTS = {"Athene": 3, "Bubo": 5, "Strix": 7}
TEXTS = st.text(st.sampled_from("ab 中文草地。.\n\t|1"), max_size=400)


def best(question: str, *indexes: Index, count: int = 1) -> list[str]:
    hits = rank_sentences(question, indexes, count)
    return [indexes[hit.file].sentence(hit.sentence).strip() for hit in hits]


def test_of_two_sentences_alike_that_beside_the_named_one_answers() -> None:
    filler = [FILLER["en"].format(n=n) for n in range(100)]
    index = make_index(
        " ".join(
            [*filler, "The nest has a red door.", *filler, "Athene is an owl.", "The nest has a blue door."]
        ),
        unit="",
    )
    found = best("Which door does the nest of the owl Athene have?", index, count=2)
    assert sorted(found) == ["Athene is an owl.", "The nest has a blue door."]


def test_the_paragraph_tells_which_of_two_alike_is_meant() -> None:
    filler = " ".join(FILLER["en"].format(n=n) for n in range(200))
    text = [
        f"The owl {name} is old. It sleeps. It wakes. The nest lies {n} metres up."
        for name, n in NESTS.items()
    ]
    index = make_index("\n\n".join([filler, *text, filler]), unit="")
    for name, n in NESTS.items():
        question = f"How high does the nest of the owl {name} lie?"
        assert f"The nest lies {n} metres up." in best(question, index, count=2)


def test_a_number_is_preferred_where_one_is_asked_for() -> None:
    texts = ["The trial enrolled many pairs of mothers.", "The trial enrolled 14,110 pairs of mothers."]
    index = make_index("\n\n".join(texts), unit="")
    assert best("How many pairs did the trial enrol?", index) == [texts[1]]


def test_rows_are_judged_one_by_one() -> None:
    index = make_index("name\tage\n" + "".join(f"Person {n}\t{n % 90}\n" for n in range(200)), unit="")
    assert best("How old is Person 121?", index) == ["Person 121\t31"]


def test_the_better_file_is_first_whatever_its_place() -> None:
    right = Index.build(make_long_document("The Zimbabwean trial enrolled 14,110 pairs."))
    wrong = Index.build(make_long_document("The trial of the owl took place by night."))
    question = "How many pairs did the trial in Zimbabwe enrol?"
    for indexes in ((right, wrong), (wrong, right)):
        assert best(question, *indexes) == ["The Zimbabwean trial enrolled 14,110 pairs."]


@settings(deadline=None)
@given(st.lists(TEXTS, min_size=1, max_size=3), TEXTS)
def test_any_text_and_any_question_can_be_ranked(pages: list[str], question: str) -> None:
    index = make_index(*pages)
    hits = rank_sentences(question, [index, make_index("")], 5)
    assert sorted(hits, key=lambda hit: -hit.score) == hits
    assert all(hit.file == 0 and 0 <= hit.sentence < len(index) for hit in hits)
