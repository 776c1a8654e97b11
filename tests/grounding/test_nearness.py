"""Passages with vectors: how they are cut, stored, and compared with a question."""

from __future__ import annotations

import numpy as np
import pytest

from chat.documents.document import Document, Page
from chat.grounding.retrieval.nearness import (
    PASSAGE_SIZE,
    begin_vectors,
    measure_nearness,
    unpack_vectors,
    write_passage,
)
from chat.grounding.retrieval.passages import Index
from chat.grounding.selection import choose

MODEL = "some-model"


def make_index(text: str, name: str = "a.txt") -> Index:
    return Index.build(Document(name, "text/plain", len(text), "", (Page("", text),), 1))


def make_rows(count: int, near: int) -> np.ndarray:
    """Return vectors of which one points along the first axis."""
    rows = np.tile(np.array([0.0, 1.0], np.float32), (count, 1))
    rows[near] = (1.0, 0.0)
    return rows


@pytest.mark.parametrize("sentence", ["A sentence of some words. ", "这是一句用来测试的话。"])
def test_passages_are_whole_sentences_and_together_the_text(sentence: str) -> None:
    index = make_index(sentence * 400)
    vectors = begin_vectors(index, MODEL)
    assert vectors is not None
    starts = vectors.starts.tolist()
    assert (starts[0], starts[-1]) == (0, len(index.document.text))
    assert set(starts) <= set(index.starts.tolist())
    widths = np.diff(starts) * (2 if sentence[0] > "z" else 1)
    assert widths.max() <= PASSAGE_SIZE
    assert widths[:-1].min() > PASSAGE_SIZE / 2


def test_vectors_come_back_as_they_were_stored_and_not_for_another_text_or_model() -> None:
    index = make_index("One sentence is here. " * 200)
    vectors = begin_vectors(index, MODEL)
    assert vectors is not None
    half = vectors.with_rows(make_rows(2, 1))
    assert not half.is_complete
    again = unpack_vectors(half.pack(), index, MODEL)
    assert again is not None
    assert again.rows.tolist() == half.rows.tolist()
    assert again.starts.tolist() == half.starts.tolist()
    whole = again.with_rows(make_rows(len(vectors.starts) - 3, 0))
    assert whole.is_complete
    assert unpack_vectors(half.pack(), make_index("Another text. " * 200), MODEL) is None
    assert unpack_vectors(half.pack(), index, "another-model") is None
    assert unpack_vectors(half.pack()[:-1], index, MODEL) is None
    assert unpack_vectors(b"no vectors", index, MODEL) is None
    with pytest.raises(ValueError, match="dimension"):
        half.with_rows(np.ones((1, 3), np.float32))


def test_the_nearest_passage_counts_one_and_the_common_ones_nothing() -> None:
    indexes = [make_index(f"Sentence of file {name}. " * 200) for name in "ab"]
    files = [begin_vectors(index, MODEL) for index in indexes]
    filled = [one.with_rows(make_rows(len(one.starts) - 1, 2 * at)) for at, one in enumerate(files) if one]
    question = np.array([0.8, 0.6], np.float32)
    filled[0] = filled[0].with_rows(np.zeros((0, 2), np.float32))
    scores = measure_nearness(question, filled, indexes)
    start, end = filled[1].starts[2:4]
    inside = (indexes[1].starts[:-1] >= start) & (indexes[1].starts[:-1] < end)
    assert scores[1][inside].min() == pytest.approx(1)
    assert scores[1][~inside].max() == pytest.approx(0, abs=1e-3)


def test_a_passage_of_a_table_has_its_header() -> None:
    rows = "".join(f"row {number} | {number} | {number * 2}\n" for number in range(200))
    index = make_index(f"Name | First | Second\n{rows}")
    vectors = begin_vectors(index, MODEL)
    assert vectors is not None
    assert write_passage(index, vectors, 1).startswith("Name | First | Second\n")
    assert write_passage(index, vectors, 0).count("Name | First") == 1


def test_what_is_near_in_meaning_is_sent_though_it_shares_no_word() -> None:
    filler = "".join(f"Paragraph {number} tells of the weather on a quiet day.\n\n" for number in range(300))
    index = make_index(f"{filler[:7_000]} The vessel burned at its mooring mast. {filler[7_000:]}")
    vectors = begin_vectors(index, MODEL)
    assert vectors is not None
    at = index.document.text.index("The vessel")
    passage = int(np.searchsorted(vectors.starts, at, "right")) - 1
    vectors = vectors.with_rows(make_rows(len(vectors.starts) - 1, passage))
    near = measure_nearness(np.array([1.0, 0.0], np.float32), [vectors], [index])
    question = "On which quiet day was the weather of the zeppelin?"

    def sent(scores: list[np.ndarray]) -> str:
        excerpt = choose(question, "", [index], 2_000, near=scores).excerpts[0]
        return "".join(index.document.text[start:end] for start, end in excerpt.spans)

    assert "The vessel burned" in sent(near)
    assert "The vessel burned" not in sent([])
    receipt = choose(question, "", [index], 2_000, near=near).files[0]
    assert any("near" in passage.why for passage in receipt.passages)
