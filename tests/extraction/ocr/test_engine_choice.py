"""Which engine reads a page, and in which script."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from PIL import Image

from chat.extraction.ocr import tesseract
from chat.extraction.ocr.engine_choice import Engines
from chat.extraction.ocr.page_image import PageImage
from chat.extraction.ocr.seen_words import SeenWord
from chat.extraction.ocr.tesseract import Pose


class Reader:
    """Takes each page for Latin; sees words with a confidence that depends on the script it is asked for."""

    def __init__(self, confidence: dict[str, float]) -> None:
        self.confidence = confidence
        self.asked: list[str] = []

    def pose(self, image: Image.Image, dots: int) -> Pose:
        return Pose(0, "Latin")

    def read(self, image: Image.Image, script: str, dots: int) -> list[SeenWord]:
        self.asked.append(script)
        return [SeenWord(script, 10, 10, 90, 30, self.confidence[script], 0)]


@pytest.mark.parametrize(
    ("confidence", "asked", "read"),
    [
        ({"Latin": 0.95}, ["Latin"], "Latin"),
        ({"Latin": 0.8, "Cyrillic": 0.96}, ["Latin", "Cyrillic"], "Cyrillic"),
        ({"Latin": 0.8, "Cyrillic": 0.3, "Greek": 0.5}, ["Latin", "Cyrillic", "Greek"], "Latin"),
    ],
)
def test_a_script_that_is_read_badly_is_read_as_those_that_look_like_it(
    confidence: dict[str, float], asked: list[str], read: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tesseract, "models_of", lambda script: script)
    reader: Any = Reader(confidence)
    page = PageImage(np.full((200, 400), 255, np.uint8), 200, 400, 200)
    found = Engines(has_pp=False, has_tesseract=True, _tesseract=reader).read(page)
    assert (reader.asked, found.page.text) == (asked, read)


class Stack:
    """Pages that are read well in the script that each is of, and when they stand upright."""

    def __init__(self) -> None:
        self.script, self.words, self.posed = "", 0, 0

    def pose(self, image: Image.Image, dots: int) -> Pose:
        self.posed += 1
        return Pose(0 if image.height > image.width else 90, self.script)

    def read(self, image: Image.Image, script: str, dots: int) -> list[SeenWord]:
        confidence = 0.95 if script == self.script and image.height > image.width else 0.5
        tops = range(10, 10 + 9 * self.words, 9)
        return [SeenWord(script, 10, top, 90, top + 8, confidence, line) for line, top in enumerate(tops)]


def test_a_page_that_stands_like_two_before_it_is_not_asked_how_it_stands(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(tesseract, "models_of", lambda script: script)
    stack: Any = Stack()
    engines = Engines(has_pp=False, has_tesseract=True, _tesseract=stack)

    def posed(script: str, wide: int, high: int, words: int = 30) -> int:
        stack.script, stack.words, before = script, words, stack.posed
        found = engines.read(PageImage(np.full((high, wide), 255, np.uint8), 200, wide, high))
        assert (found.page.text.split()[0], found.image.quarters) == (script, int(wide > high))
        return int(stack.posed - before)

    assert [posed("Latin", 300, 400) for _ in range(4)] == [1, 1, 0, 0]
    assert [posed("Latin", 400, 300) for _ in range(3)] == [1, 1, 0]
    assert posed("Latin", 400, 300, words=3) == 1  # too few to tell
    assert [posed("Thai", 300, 400) for _ in range(3)] == [1, 1, 1]
    assert [posed("Latin", 300, 400), posed("Thai", 300, 400), posed("Latin", 300, 400)] == [1, 1, 1]


@pytest.mark.parametrize(
    ("text", "models"),
    [
        ("The tenant pays the rent, and that is all for the month.", ""),
        ("Der Mieter zahlt die Miete für den Monat, und das ist alles.", ""),
        ("Le locataire paie le loyer du mois, et les charges sont dans le contrat.", "fra+eng"),
        ("Il prezzo della casa è con il garage, non con le spese.", "ita+eng"),
        ("Coûts 12 Intérêts 7 Impôts 9", "fra+spa+ita+eng"),
        ("Cost 12 Interest 7 Tax 9", ""),
    ],
)
def test_a_page_with_accents_is_read_again_with_the_models_of_its_language(
    text: str, models: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    there = frozenset({"deu", "eng", "fra", "spa", "ita"})
    monkeypatch.setattr(tesseract, "languages", lambda: there)
    assert tesseract.other_models(text) == models
