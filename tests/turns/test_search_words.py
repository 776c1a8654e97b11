"""Search words: what the model is asked, and what of its reply is searched for."""

from __future__ import annotations

import pytest

from chat.documents.document import Document, Page
from chat.grounding.retrieval.passages import Index
from chat.turns.search_words import OUTLINE_CHARACTERS, clean_words, outline, write_request


@pytest.mark.parametrize(
    ("reply", "words"),
    [
        ("capital expenditures, purchases of property", "capital expenditures purchases of property"),
        ("Search words: **net sales**, gross margin", "net sales gross margin"),
        ("- net sales\n- gross margin", "net sales gross margin"),
        ("资产负债表、流动资产，存货", "资产负债表 流动资产 存货"),
        ("<think>They ask for</think>net sales", "net sales"),
        ("<think>They ask for", ""),
        ("", ""),
    ],
)
def test_the_words_of_a_reply_are_one_line(reply: str, words: str) -> None:
    assert clean_words(reply) == words


def test_a_long_reply_is_cut_between_words() -> None:
    words = clean_words("expenditures " * 100)
    assert len(words) <= 400
    assert set(words.split()) == {"expenditures"}


def make_index(name: str, *pages: str) -> Index:
    return Index.build(
        Document(
            name,
            "application/pdf",
            0,
            "page",
            tuple(Page(str(n), one) for n, one in enumerate(pages, 1)),
            len(pages),
        )
    )


def test_an_outline_has_names_headings_and_prose_of_each_file() -> None:
    links = "https://example.org/1234567890\n" * 20
    numbers = "\n".join(f"{n} | {n * 7} | {n * 9}" for n in range(60))
    prose = "The harbour was built by the town in order to shelter fishing boats from the western wind. " * 6
    one = make_index("harbour.pdf", f"History of the harbour\n\n{prose}\n\n{numbers}\n\n{links}")
    text = outline([one, *(make_index(f"other{n}.pdf", "Cranes\n\n" + prose) for n in range(12))])
    assert "File harbour.pdf" in text
    assert "History of the harbour" in text
    assert "shelter fishing boats" in text
    assert "File other11.pdf" in text
    assert "https://" not in text
    assert len(write_request("Who built it?", "x" * 5_000, [one])) < OUTLINE_CHARACTERS + 2_500
