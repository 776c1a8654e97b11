"""How long a file of scanned pages takes until all of it is read, in the application's own children.

    CORPORA=folder python -m tests.benchmarks.scan_file [tesseract pp-ocr] [languages=en,zh] [pages=20]

The paragraphs of a text of printed/*.txt, in another order on each page, printed by Chromium and drawn at 200
dots per inch, as pictures in one PDF. Prints seconds of the clock and of the CPU of all children, from the
upload on, and the token F1 of the text.
"""

from __future__ import annotations

import asyncio
import os
import random
import resource
import sys
import tempfile
import time
from pathlib import Path

from PIL import Image

from tests.benchmarks import scans
from tests.benchmarks.agreement import token_f1
from tests.test_engine import ANNA, open_engine

ENGINES = ("tesseract", "pp-ocr")


def make_scan(folder: Path, corpora: Path, language: str, pages: int) -> str:
    """Write scan.pdf of so many pages, and return their text."""
    lines = [
        line for line in (corpora / f"printed/{language}.txt").read_text("utf-8").split("\n") if line.strip()
    ]
    chance = random.Random(1)
    chosen = {}
    for number in range(pages):
        chance.shuffle(lines)
        text = "\n".join(lines)[: scans.CHARACTERS[language]]
        chosen[f"{number:03}"] = text
    scans.print_pages(folder, chosen)
    images = [Image.open(folder / f"{name}.clean.png") for name in chosen]
    images[0].save(folder / "scan.pdf", save_all=True, append_images=images[1:], resolution=scans.DOTS)
    return "\n".join(chosen.values())


async def read(folder: Path) -> tuple[str, float]:
    """Return the file's text, and the seconds from its upload until all of it was read."""
    async with open_engine(folder, OCR="auto") as engine:
        began = time.monotonic()
        file = await engine.attach(folder / "scan.pdf", "scan.pdf", ANNA)
        await asyncio.gather(*engine._attachments._tasks)
        assert engine._attachments._scans
        await asyncio.gather(*engine._attachments._scans._tasks.values())
        return file.document.text, time.monotonic() - began


def children_cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def measure(language: str, engine: str, pages: int) -> None:
    """Print one line. pp-ocr: as on a machine without the data of Tesseract."""
    with tempfile.TemporaryDirectory() as name:
        truth = make_scan(Path(name), Path(os.environ.get("CORPORA", "")), language, pages)
        if engine == "pp-ocr":
            os.environ["TESSDATA_PREFIX"] = name
        before = children_cpu()
        text, seconds = asyncio.run(read(Path(name)))
        cpu, f1 = children_cpu() - before, token_f1(text, truth)
        print(
            f"{language} {engine:10} {pages} pages {seconds:6.1f} s, CPU {cpu:6.1f} s, F1 {f1:.3f}",
            flush=True,
        )


def main() -> None:
    options = dict(word.split("=", 1) for word in sys.argv[1:] if "=" in word)
    engines = [word for word in ENGINES if word in sys.argv[1:]] or ENGINES
    for engine in engines:
        for language in options.get("languages", "en").split(","):
            measure(language, engine, int(options.get("pages", 20)))


if __name__ == "__main__":
    main()
