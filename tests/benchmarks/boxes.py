"""Whether the glyphs inside the boxes of a quote are the quoted ones, on pages of real PDFs.

    CORPORA=folder python -m tests.benchmarks.boxes [folder in it …]
    CORPORA=folder python -m tests.benchmarks.boxes --scans [folder in it …]

Sentences are taken at random, over line ends and columns too, from the text as it is read. The text inside
their boxes is what pdfium finds there: its letters are compared. A page is right where all of its sentences
are. Files of `pdf` if no folder is named.

--scans: pages are drawn as pictures and read by OCR. A word is right where the letters that the PDF has in
its box are its own, but for what OCR misread. Files of `printed` if no folder is named.
"""

from __future__ import annotations

import logging
import os
import random
import re
import sys
import tempfile
import time
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from chat.documents.document import Page
from chat.documents.page_boxes import PageBoxes
from chat.errors import AttachmentError
from chat.extraction import pictures, worker
from chat.extraction.ocr import page_worker
from chat.extraction.ocr.page_result import PageResult
from chat.extraction.pdf import pdfium
from chat.extraction.pdf.glyph_places import PageGlyph
from chat.extraction.pdf.page_places import place_page
from chat.extraction.source import Source
from chat.files.page_views import USUAL_ASPECT

SENTENCES = 5  # of a page
PAGES = 6  # of a file
LETTERS = 12  # of a sentence, at least
SENTENCE = re.compile(r"[^.!?。！？]{12,400}[.!?。！？]?")
LIKE = 0.98  # F1 of the letters: what a neighbouring glyph's edge adds is no other quote
BOX_BYTES = 8  # of a character, in PageBoxes
LIGATURE = 3  # letters that are drawn as one glyph
SCAN_PIXELS = 1_700  # of a page of 8.5 inches: 200 dots per inch
LIKE_SCANNED = 0.8  # F1 of a word: a misread letter is no wrong place
PRINTED_TWICE = 0.4  # of a letter's size
FEWEST_LETTERS = 30  # of a page that has text


def letters_of(text: str) -> str:
    folded = unicodedata.normalize("NFKC", text).casefold()
    return "".join(character for character in folded if character.isalnum())


def drawn_ranges(text: str, glyphs: Sequence[PageGlyph]) -> list[tuple[int, int]]:
    """Return the parts of a page's text whose lines, or cells, are drawn on it.

    Targets of links, remarks and names of fields are text of the page, and no glyph draws them.
    """
    drawn = letters_of("".join(glyph.character for glyph in glyphs))
    is_taken = bytearray(len(drawn))  # by an earlier line: a field's name may be a word of the page
    ranges: list[tuple[int, int]] = []
    at = 0
    for line in text.splitlines(keepends=True):
        if all([take(letters_of(cell), drawn, is_taken, " | " in line) for cell in line.split(" | ")]):
            start = ranges.pop()[0] if ranges and ranges[-1][1] == at else at
            ranges.append((start, at + len(line)))
        at += len(line)
    return ranges


def take(word: str, drawn: str, is_taken: bytearray, is_cell: bool) -> bool:
    """Take the letters of a word where they are drawn, and tell whether they are.

    is_cell: of a table, where a merged cell stands in several rows.
    """
    at = drawn.find(word)
    while at >= 0 and any(is_taken[at : at + len(word)]):
        at = drawn.find(word, at + 1)
    if at >= 0:
        is_taken[at : at + len(word)] = b"\1" * len(word)
    return at >= 0 or (is_cell and word in drawn)


def sentences(text: str, glyphs: Sequence[PageGlyph]) -> list[tuple[int, int]]:
    """Return sentences at random, and as many ranges that begin and end anywhere."""
    chosen = []
    for first, last in drawn_ranges(text, glyphs):
        part = text[first:last]
        chosen += [(first + m.start(), first + m.end()) for m in SENTENCE.finditer(part)]
        for _ in range(len(part) // 200 + 1):
            start = first + random.randrange(max(1, len(part) - 80))
            chosen.append((start, min(last, start + random.randrange(30, 200))))
    enough = [(a, b) for a, b in chosen if len(letters_of(text[a:b])) >= LETTERS]
    return random.sample(enough, min(2 * SENTENCES, len(enough)))


def text_inside(glyphs: Sequence[PageGlyph], boxes: PageBoxes, start: int, end: int) -> str:
    """Return the glyphs whose middle is inside the boxes; one of those drawn twice at the same place."""
    spans, found = boxes.spans(start, end), defaultdict[str, list[PageGlyph]](list)
    inside = []
    for glyph in glyphs:
        across, down = middle(glyph)
        if any(one.left <= across <= one.right and one.top <= down <= one.bottom for one in spans):
            if not any(is_same_place(glyph, other) for other in found[glyph.character]):
                inside.append(glyph.character)
            found[glyph.character].append(glyph)
    return letters_of("".join(inside))


def drawn_once(text: str, boxes: PageBoxes, start: int, end: int) -> str:
    """Return the quoted characters; those of a merged cell once, though each row of the text has them."""
    parts, seen = [], dict[bytes, int]()
    for at in range(start, end):
        box = boxes.packed[BOX_BYTES * at : BOX_BYTES * (at + 1)]
        if not any(box) or at - seen.get(box, at) <= LIGATURE:
            parts.append(text[at])
        seen[box] = seen.get(box, at) if at - seen.get(box, at) > LIGATURE else at
    return "".join(parts)


def middle(glyph: PageGlyph) -> tuple[float, float]:
    left, top, right, bottom = glyph.box
    return (left + right) / 2, (top + bottom) / 2


def is_same_place(one: PageGlyph, two: PageGlyph) -> bool:
    """Whether a letter is drawn over itself, as bold type and shadows are: nearer than it is wide."""
    (x1, y1), (x2, y2) = middle(one), middle(two)
    width, height = one.box[2] - one.box[0], one.box[3] - one.box[1]
    return abs(x1 - x2) < PRINTED_TWICE * width and abs(y1 - y2) < PRINTED_TWICE * height


def likeness(one: str, two: str) -> float:
    common = sum((Counter(one) & Counter(two)).values())
    return 2 * common / max(1, len(one) + len(two))


def measure(path: Path) -> Iterator[tuple[int, float, list[tuple[float, bool, str, str]]]]:
    """Yield for each page its number, the seconds for its boxes, and each sentence's likeness."""
    source = Source(path, path.name)
    try:
        pages = [one for one in worker.read(source) if isinstance(one, Page) and one.label.isdecimal()]
        document = pdfium.PdfiumDocument(source)
    except (AttachmentError, pdfium.NotReadable, pdfium.PasswordWrong):
        return
    of_text = [page for page in pages if len(letters_of(page.text)) >= FEWEST_LETTERS]
    for page in random.sample(of_text, min(PAGES, len(of_text))):
        number, began = int(page.label), time.process_time()
        boxes = place_page(source, number, page.text)
        seconds = time.process_time() - began
        with document.page(number - 1) as sheet:
            glyphs = sheet.placed_glyphs()
        rows = []
        for start, end in sentences(page.text, glyphs):
            inside = text_inside(glyphs, boxes, start, end)
            quoted = letters_of(drawn_once(page.text, boxes, start, end))
            rows.append((likeness(inside, quoted), boxes.is_known(page.text, start, end), quoted, inside))
        if rows:
            yield number, seconds, rows


def scan(path: Path, number: int, folder: Path) -> tuple[int, int]:
    """Return how many words OCR has read on a page drawn as a picture, and how many have the right box."""
    source = Source(path, path.name)
    picture = folder / "scan.png"
    picture.write_bytes(pictures.render(source, number, SCAN_PIXELS))
    found: list[dict[str, Any]] = []
    job = {"path": str(picture), "name": picture.name, "password": None, "page": 1}
    page_worker.recognise_page(job, lambda blob=b"", **fields: found.append(fields))
    page = PageResult.from_fields(found[0])
    with pdfium.PdfiumDocument(source).page(number - 1) as sheet:
        glyphs = sheet.placed_glyphs()
    boxes = PageBoxes.of_words(page.boxes, len(page.text), USUAL_ASPECT)
    words = [(start, end) for start, end, *_ in page.boxes if letters_of(page.text[start:end])]
    right = [
        likeness(letters_of(page.text[start:end]), text_inside(glyphs, boxes, start, end)) >= LIKE_SCANNED
        for start, end in words
    ]
    return len(right), sum(right)


def measure_scans(folders: list[str]) -> None:
    """Print the share of words whose box is right, by file and in all."""
    words = right = 0
    with tempfile.TemporaryDirectory() as folder:
        for name in folders or ["printed"]:
            for path in sorted((Path(os.environ["CORPORA"]) / name).rglob("*.pdf")):
                read, placed = scan(path, 1, Path(folder))
                words, right = words + read, right + placed
                print(f"{path.name}: {placed}/{read} words")
    print(f"words right {right}/{words} = {right / max(1, words):.3f}")


def main(folders: list[str]) -> None:
    random.seed(27)
    corpora = Path(os.environ["CORPORA"])
    right, pages, found, known, known_right, seconds = 0, 0, [], 0, 0, []
    for folder in folders or ["pdf"]:
        for path in sorted((corpora / folder).rglob("*.pdf")):
            for number, took, rows in measure(path):
                bad = [row for row in rows if row[0] < LIKE]
                pages, right = pages + 1, right + (not bad)
                found += [row[0] >= LIKE for row in rows]
                known += sum(row[1] for row in rows)
                known_right += sum(row[1] and row[0] >= LIKE for row in rows)
                seconds.append(took)
                if bad:
                    worst = min(bad)
                    print(f"{path.name} {number}: {len(bad)}/{len(rows)} {worst[0]:.2f} known {worst[1]}")
                    print(f"    quoted {worst[2][:100]}\n    inside {worst[3][:100]}")
    seconds.sort()
    print(f"pages right {right}/{pages} = {right / pages:.3f}; quotes right {sum(found) / len(found):.3f}")
    print(f"known {known / len(found):.3f}, of those right {known_right / max(1, known):.3f}")
    print(f"CPU for a page's boxes: median {1000 * seconds[len(seconds) // 2]:.0f} ms, "
          f"p95 {1000 * seconds[int(len(seconds) * 0.95)]:.0f} ms")  # fmt: skip


if __name__ == "__main__":
    arguments = sys.argv[1:]
    logging.disable()
    if "--scans" in arguments:
        measure_scans([one for one in arguments if one != "--scans"])
    else:
        main(arguments)
