"""Scanned pages of attachments: each read once and stored at once, whatever comes between."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageDraw, ImageFont

from chat.documents.document import Document, Page, Problem
from chat.documents.scanned_pages import waiting_numbers
from chat.errors import UnreadableFile
from chat.extraction import PageResult, ReaderLimits, Readers
from chat.extraction.ocr import tesseract
from chat.fair_places import FairThreads
from chat.files.attachment import Attachment
from chat.files.scans import Scans
from chat.turns.turn import Options, Turn
from tests.test_engine import ANNA, open_engine, opening, read

pytestmark = pytest.mark.slow  # files whose pages are read from pictures

LABELS = ("1", "2", "3")
PAGES = tuple(Page(label, "") for label in LABELS)
SCAN = Document("scan.pdf", "application/pdf", 1, "page", PAGES, 3, (Problem("no_text", LABELS),))


class ScriptedPages(Readers):
    """Gives each page when it is told to; notes which were asked for."""

    def __init__(self, pages: dict[int, PageResult | UnreadableFile]) -> None:
        super().__init__(ReaderLimits(processes=1, is_kept_warm=False))
        self.pages, self.asked = pages, list[int]()

    async def recognise(self, path: Path, page: int, **more: Any) -> PageResult:
        self.asked.append(page)
        found = self.pages.get(page)
        if found is None:
            await asyncio.Event().wait()
        if isinstance(found, UnreadableFile):
            raise found
        assert found
        return found


@pytest.fixture
def threads() -> Any:
    threads = FairThreads("work")
    yield threads
    threads.close()


async def test_what_was_read_before_a_restart_is_stored_and_not_read_again(threads: FairThreads) -> None:
    stored: list[Document] = []
    saved = asyncio.Event()

    async def save(_: Attachment, document: Document) -> None:
        stored.append(document)
        saved.set()

    async def original(_: Attachment) -> Path:
        return Path("scan.pdf")

    first = ScriptedPages({1: PageResult("One", (), 0.9)})
    scans = Scans[Attachment](first, 3, original, save)
    attachment = Attachment("id", "anna", scans.mark(SCAN), threads)
    scans.begin(attachment)
    scans.begin(attachment)  # it is being read already
    await saved.wait()
    await scans.aclose()
    assert (first.asked, [waiting_numbers(one) for one in stored]) == ([1, 2], [(2, 3)])

    slow = UnreadableFile("Reading “scan.pdf” took longer than the limit of 90 seconds.")
    second = ScriptedPages({2: slow, 3: PageResult("Three", (), 0.9)})
    again = Attachment("id", "anna", stored[-1], threads)
    scans = Scans[Attachment](second, 3, original, save)
    scans.begin(again)
    async for document in again.follow_scans():
        assert document is again.document
    assert second.asked == [2, 3]
    assert [page.text for page in again.document.pages] == ["One", "", "Three"]
    assert [(one.kind, one.pages) for one in stored[-1].problems] == [
        ("no_text", ("2",)),
        ("no_reader", ("2",)),
    ]
    await scans.aclose()


@pytest.mark.skipif("eng" not in tesseract.languages(), reason="the data of Tesseract is not installed")
async def test_a_question_about_a_scan_is_answered_from_its_picture_and_says_so(tmp_path: Path) -> None:
    image = Image.new("L", (1100, 300), 250)
    text = "The lamp of the lighthouse turns every twelve seconds."
    ImageDraw.Draw(image).text((40, 100), text, fill=10, font=ImageFont.load_default(size=36))
    image.save(tmp_path / "scan.pdf", resolution=150)
    async with open_engine(tmp_path, OCR="auto") as engine:
        scan = await engine.attach(tmp_path / "scan.pdf", "scan.pdf", ANNA)
        await asyncio.gather(*engine._attachments._tasks)
        assert engine._attachments._scans
        await asyncio.gather(*engine._attachments._scans._tasks.values())
        question = Turn("How often does the lamp turn?", file_ids=(scan.id,), options=Options(model="quotes"))
        generation = await engine.start(question, ANNA)
        events = await read(generation)
    (file,) = opening(generation)["receipt"]["files"]
    assert (file["scanned"], file["unread"]) == (1, [])
    assert file["confidence"] > 0.8
    assert text in generation.text
    assert b'"from_picture":true' in next(event.data for event in events if event.type == "citations")
    async with open_engine(tmp_path, OCR="off") as engine:  # stored with the file
        kept = await engine._attachments.get(scan.id, ANNA.owner)
        assert kept.document.text == text
        assert kept.document.pages[0].boxes
