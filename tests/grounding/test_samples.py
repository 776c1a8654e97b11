from __future__ import annotations

from chat.grounding.retrieval.samples import find_samples, is_heading
from tests.made_documents import make_index

CHAPTERS = "".join(
    f"\n\n{n}. Chapter of things\n" + f"Nothing much happens in part {n}. " * 40 for n in range(1, 7)
)


def test_samples_start_at_headings() -> None:
    index = make_index("A book\n" + CHAPTERS, unit="")
    starts = [index.document.text[index.starts[sentence] :][:10] for sentence in find_samples(index, 4)]
    assert starts == ["3. Chapter", "4. Chapter", "5. Chapter", "6. Chapter"]


def test_a_short_line_without_full_stop_is_a_heading() -> None:
    index = make_index("第二章 方法\n我们测量了草地。\nResults\nThe grass was wet.\n", unit="")
    assert [is_heading(index, number) for number in range(len(index))] == [True, False, True, False]


def test_an_empty_text_has_no_samples_to_trip_over() -> None:
    assert find_samples(make_index("One.", unit=""), 3) == [0]
