"""A scanned page read by a real child with a real engine, under its limits."""

from __future__ import annotations

import importlib.util
import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from PIL import Image, ImageDraw, ImageFont

from chat.errors import UnreadableFile
from chat.extraction import ReaderLimits, Readers
from chat.extraction.ocr import tesseract
from chat.extraction.ocr.installed import name_engines
from chat.extraction.ocr.page_result import PageResult
from chat.settings import Settings

pytestmark = pytest.mark.slow  # engines that read pictures

WORDS = "Invoice 2024-117 of the lighthouse, payable in May"


@pytest.fixture
async def readers() -> AsyncIterator[Readers]:
    pool = Readers(ReaderLimits.of_ocr(Settings(ocr_processes=1)))
    yield pool
    await pool.aclose()


def save_picture(path: Path) -> None:
    image = Image.new("L", (1100, 200), 250)
    ImageDraw.Draw(image).text((40, 70), WORDS, fill=10, font=ImageFont.load_default(size=34))
    image.save(path)


@pytest.mark.skipif("eng" not in tesseract.languages(), reason="the data of Tesseract is not installed")
async def test_a_page_is_read_with_its_confidence_and_boxes_and_the_child_goes_when_it_rests(
    readers: Readers, tmp_path: Path
) -> None:
    save_picture(tmp_path / "receipt.png")
    page = await readers.recognise(tmp_path / "receipt.png", 1, name="receipt.png")
    assert (page.text, page.engine, page.missing) == (WORDS, "tesseract", "")
    assert page.confidence > 0.8
    assert [page.text[box[0] : box[1]] for box in page.boxes] == WORDS.split()
    assert all(
        0 <= left < right <= 1 and 0 <= top < bottom <= 1 for _, _, left, top, right, bottom in page.boxes
    )
    assert page.boxes[0][2] == pytest.approx(40 / 1100, abs=0.01)
    (child,) = readers._children
    assert os.getpriority(os.PRIO_PROCESS, child.pid) == 19
    await readers.rest()
    assert not readers._children
    with pytest.raises(UnreadableFile, match="Page 7"):
        await readers.recognise(tmp_path / "receipt.png", 7, name="receipt.png")


def test_what_a_child_says_is_bounded_and_boxes_outside_the_text_are_left_out() -> None:
    fields = {"text": "two words", "boxes": [0, 3, 0, 0, 2, 0.5, 4, 99, 0, 0, 1, 1, "x"], "confidence": 7}
    page = PageResult.from_fields(fields)
    assert page.boxes == ((0, 3, 0.0, 0.0, 1.0, 0.5),)
    assert page.confidence == 1.0
    assert PageResult.from_fields(page.to_fields()) == page
    assert PageResult.from_fields({"boxes": None, "confidence": "high"}) == PageResult()


def test_the_engines_are_named_and_the_server_itself_imports_none() -> None:
    import sys

    assert set(name_engines().split(", ")) & {"pp-ocr", "none"} or name_engines().startswith("tesseract (")
    assert importlib.util.find_spec("chat.extraction.ocr") is not None
    assert not {"rapidocr", "onnxruntime", "tesserocr", "cv2"} & set(sys.modules)
