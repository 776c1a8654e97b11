"""Documents made for tests: pages of text, with or without labels."""

from __future__ import annotations

from chat.documents.document import Document, Page, Problem
from chat.grounding.retrieval.passages import Index

FILLER = {
    "en": "Number {n} of the meadows lies behind hill {n}, and nobody has measured how wet its grass is.",
    "zh": "第{n}块草地在第{n}座山的后面，从来没有人测量过那里的青草有多湿。",
}


def make_document(*pages: str, name: str = "report.pdf", unit: str = "page") -> Document:
    """Return a document whose pages are labelled 1, 2, 3; without labels where unit is empty."""
    made = tuple(Page(str(number) if unit else "", text) for number, text in enumerate(pages, 1))
    return Document(name, "text/plain", sum(map(len, pages)), unit, made, len(pages))


def make_long_document(answer: str, language: str = "en", pages: int = 30, at: int = 17) -> Document:
    """Return `pages` pages of filler, with `answer` in the middle of page `at`."""
    filler = [
        [FILLER[language].format(n=page * 100 + line) for line in range(12)] for page in range(1, pages + 1)
    ]
    filler[at - 1].insert(6, answer)
    return make_document(*(" ".join(lines) if language == "en" else "".join(lines) for lines in filler))


def make_index(*pages: str, name: str = "report.pdf", unit: str = "page") -> Index:
    return Index.build(make_document(*pages, name=name, unit=unit))


NO_TEXT = Problem("no_text", ("3",))
