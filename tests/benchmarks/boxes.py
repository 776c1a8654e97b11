"""Whether the glyphs inside the boxes of a quote are the quoted ones, on pages of real PDFs.

    CORPORA=folder python -m tests.benchmarks.boxes [folder in it …]

Sentences are taken at random, over line ends and columns too, from the text as it is read. The text inside
their boxes is what pdfium finds there: its letters are compared. A page is right where all of its sentences
are. Files of `pdf` if no folder is named.
"""

from __future__ import annotations

import logging
import os
import random
import re
import sys
import time
import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from chat.documents.document import Page
from chat.documents.page_boxes import PageBoxes
from chat.errors import AttachmentError
from chat.extraction import worker
from chat.extraction.pdf import pdfium
from chat.extraction.pdf.glyph_places import PageGlyph
from chat.extraction.pdf.page_places import place_page
from chat.extraction.source import Source

SENTENCES = 5  # of a page
PAGES = 6  # of a file
LETTERS = 12  # of a sentence, at least
SENTENCE = re.compile(r"[^.!?。！？]{12,400}[.!?。！？]?")
LIKE = 0.98  # F1 of the letters: what a neighbouring glyph's edge adds is no other quote
FEWEST_LETTERS = 30  # of a page that has text


def letters_of(text: str) -> str:
    folded = unicodedata.normalize("NFKC", text).casefold()
    return "".join(character for character in folded if character.isalnum())


def drawn_ranges(text: str, glyphs: Sequence[PageGlyph]) -> list[tuple[int, int]]:
    """Return the parts of a page's text whose lines, or cells, are drawn on it.

    Targets of links, remarks and names of fields are text of the page, and no glyph draws them.
    """
    drawn = letters_of("".join(glyph.character for glyph in glyphs))
    ranges: list[tuple[int, int]] = []
    at = 0
    for line in text.splitlines(keepends=True):
        if all(letters_of(cell) in drawn for cell in line.split(" | ")):
            start = ranges.pop()[0] if ranges and ranges[-1][1] == at else at
            ranges.append((start, at + len(line)))
        at += len(line)
    return ranges


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
    spans, found = boxes.spans(start, end), dict[tuple[str, int, int], None]()
    for glyph in glyphs:
        left, top, right, bottom = glyph.box
        across, down = (left + right) / 2, (top + bottom) / 2
        if any(one.left <= across <= one.right and one.top <= down <= one.bottom for one in spans):
            found[glyph.character, round(across * 1000), round(down * 1000)] = None
    return letters_of("".join(character for character, _, _ in found))


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
            inside, quoted = text_inside(glyphs, boxes, start, end), letters_of(page.text[start:end])
            rows.append((likeness(inside, quoted), boxes.is_known(page.text, start, end), quoted, inside))
        if rows:
            yield number, seconds, rows


def main(folders: list[str]) -> None:
    random.seed(27)
    logging.disable()
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
    main(sys.argv[1:])
