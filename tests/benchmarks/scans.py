"""How well, how fast and in how much memory scanned pages are read, by each engine.

    CORPORA=folder python -m tests.benchmarks.scans [tesseract pp-ocr auto] [languages=en] [kinds=clean,skew]

Pages are printed by Chromium from printed/*.txt of CORPORA, drawn at 200 dots per inch and spoilt: skew (2
degrees), jpeg (quality 30, low contrast), low (100 dots), fax (two shades), photo (perspective, blur, uneven
light), shadow (an edge of one), table (from below, on a dark table), columns (clean, in two). Prints token
F1, the engine that was chosen, its confidence, CPU seconds of the page and the most memory so far. Each
engine has a process.
"""

from __future__ import annotations

import html
import io
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import opencc
import pypdfium2  # type: ignore[import-untyped]
from PIL import Image, ImageChops, ImageDraw, ImageFilter
from playwright.sync_api import PdfMargins, sync_playwright

from chat.extraction.ocr import page_image
from chat.extraction.ocr.engine_choice import Engines, NoEngine
from chat.extraction.source import Source
from tests.benchmarks.agreement import token_f1

CHARACTERS = {"en": 2_200, "de": 2_000, "ru": 2_000, "ar": 1_600, "zh": 900, "zht": 900, "ja": 800}
FIRST = 700  # characters that are left out: what was looked at while the code was written begins the files
FONTS = {
    "zh": "Noto Serif CJK SC",
    "zht": "Noto Serif CJK TC",
    "ja": "Noto Serif CJK JP",
    "ar": "DejaVu Sans",
}
KINDS = ("clean", "skew", "turned", "jpeg", "low", "fax", "noise", "photo", "shadow", "table", "columns")
ENGINES = {"tesseract": (False, True), "pp-ocr": (True, False), "auto": (True, True)}
DOTS = 200
GERMAN = """Die Übergabe der Wohnung erfolgt am 1. Mai 2024 um 9:30 Uhr. Über den Zustand der
Räume wird ein Protokoll geführt, das beide Seiten unterschreiben. Die Kaution beträgt 2.490,00 €
und ist in drei gleichen Raten zu zahlen; die erste Rate ist mit dem Beginn des Mietverhältnisses
fällig. Schäden, die während der Mietzeit entstehen, müssen unverzüglich gemeldet werden. Kleinere
Reparaturen bis zu einem Betrag von 110 € im Einzelfall übernimmt der Mieter, höchstens jedoch
acht Prozent der jährlichen Kaltmiete. Haustiere außer Kleintieren bedürfen der vorherigen
Zustimmung, die nicht ohne wichtigen Grund verweigert werden darf."""


def texts(corpora: Path) -> dict[str, str]:
    """Return the text of each language."""
    found = {path.stem: path.read_text("utf-8") for path in (corpora / "printed").glob("*.txt")}
    cut = {name: text[FIRST : FIRST + CHARACTERS[name]] for name, text in found.items() if name in CHARACTERS}
    if "zh" in found:
        whole = found["zh"][2 * FIRST : 2 * FIRST + CHARACTERS["zht"]]
        cut["zht"] = opencc.OpenCC("s2t").convert(whole)
    return {**cut, "de": GERMAN.replace("\n", " ")}


def print_pages(folder: Path, chosen: dict[str, str]) -> None:
    """Print each text, in one column and in two, and draw the page."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        page = browser.new_page()
        for name, text in chosen.items():
            for layout, columns in (("clean", ""), ("columns", "columns:2;column-gap:1cm;")):
                font = FONTS.get(name, "DejaVu Serif")
                lines = "".join(f"<p>{html.escape(line)}</p>" for line in text.split("\n") if line.strip())
                direction = "rtl" if name == "ar" else "ltr"
                style = f'body{{font:11pt/1.45 "{font}";{columns}}}'
                page.set_content(f"<html dir={direction}><style>{style}</style><body>{lines}")
                space = "2cm"
                margin: PdfMargins = {"top": space, "bottom": space, "left": space, "right": space}
                data = page.pdf(format="A4", margin=margin)
                sheet = pypdfium2.PdfDocument(data)[0]
                drawn = sheet.render(scale=DOTS / 72, grayscale=True).to_pil().convert("L")
                drawn.save(folder / f"{name}.{layout}.png")
        browser.close()


def spoil(image: Image.Image, kind: str) -> Image.Image:
    """Return the page as a scanner, a fax or a telephone sees it."""
    wide, high = image.size
    if kind == "skew":
        return image.rotate(-2, Image.Resampling.BICUBIC, fillcolor=255)
    if kind == "turned":
        return image.rotate(90, expand=True)
    if kind == "jpeg":
        packed = io.BytesIO()
        image.point([int(60 + value * 0.66) for value in range(256)]).save(packed, "JPEG", quality=30)
        return Image.open(packed)
    if kind == "low":
        return image.resize((wide // 2, high // 2), Image.Resampling.BOX)
    if kind == "fax":
        half = image.resize((wide // 2, high), Image.Resampling.BOX)
        return half.point([255 * (value > 150) for value in range(256)]).convert("1")
    if kind == "noise":
        return _noisy(image, 35)
    if kind == "photo":
        corners = (-60, -40, -20, high + 50, wide + 70, high + 20, wide + 20, -70)
        seen = image.transform(
            image.size, Image.Transform.QUAD, corners, Image.Resampling.BICUBIC, fillcolor=255
        )
        return ImageChops.multiply(seen.filter(ImageFilter.GaussianBlur(1.2)), _light(image.size, 140))
    if kind == "shadow":
        shade = Image.new("L", image.size, 230)
        ImageDraw.Draw(shade).polygon([(wide * 9 // 10, 0), (wide, 0), (wide, high), (wide // 2, high)], 105)
        return ImageChops.multiply(image, shade)
    return _on_table(image) if kind == "table" else image


def _noisy(image: Image.Image, sigma: float) -> Image.Image:
    noise = np.random.default_rng(1).normal(0, sigma, image.size[::-1])
    return Image.fromarray((np.asarray(image) + noise).clip(0, 255).astype(np.uint8))


def _light(size: tuple[int, int], least: int) -> Image.Image:
    gradient = Image.linear_gradient("L").resize(size)
    return gradient.point([least + value * (255 - least) // 255 for value in range(256)])


def _on_table(image: Image.Image) -> Image.Image:
    """Return the page as photographed from below: smaller at the top, on a dark table, in uneven light."""
    wide, high = image.size[0] * 5 // 4, image.size[1] * 6 // 5
    flat = Image.new("L", (wide, high), 70)
    flat.paste(image, ((wide - image.size[0]) // 2, (high - image.size[1]) // 2))
    corners = (-wide // 14, 0, 0, high, wide, high, wide + wide // 14, 0)
    seen = flat.transform((wide, high), Image.Transform.QUAD, corners, Image.Resampling.BICUBIC, fillcolor=70)
    return _noisy(ImageChops.multiply(seen.filter(ImageFilter.GaussianBlur(1)), _light((wide, high), 150)), 4)


def measure(engine: str, folder: Path, names: list[str], kinds: list[str]) -> None:
    """Print a line for each page that one engine reads, in this process."""
    has_pp, has_tesseract = ENGINES[engine]
    engines = Engines(has_pp=has_pp, has_tesseract=has_tesseract)
    for name in names:
        truth = (folder / f"{name}.txt").read_text("utf-8")
        for kind in kinds:
            layout = kind if kind == "columns" else "clean"
            path = folder / f"{engine}.png"
            spoil(Image.open(folder / f"{name}.{layout}.png"), kind).save(path)
            began = time.process_time()
            try:
                found = engines.read(page_image.load(Source(path, path.name), 1))
            except NoEngine:
                print(f"{engine:10} {name:4} {kind:8} cannot be read")
                continue
            seconds = time.process_time() - began
            most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
            f1 = token_f1(found.page.text, truth)
            print(
                f"{engine:10} {name:4} {kind:8} F1 {f1:.4f} by {found.engine:9} sure {found.confidence:.3f}"
                f" {seconds:5.1f} s {most:5} MB",
                flush=True,
            )


def main() -> None:
    """Print the pages, then measure each engine in a process of its own."""
    corpora = Path(os.environ.get("CORPORA", ""))
    options = dict(word.split("=", 1) for word in sys.argv[1:] if "=" in word)
    engines = [word for word in sys.argv[1:] if word in ENGINES] or list(ENGINES)
    if "folder" in options:
        measure(
            engines[0], Path(options["folder"]), options["languages"].split(","), options["kinds"].split(",")
        )
        return
    chosen = texts(corpora)
    if "languages" in options:
        chosen = {name: chosen[name] for name in options["languages"].split(",")}
    with tempfile.TemporaryDirectory() as folder:
        print_pages(Path(folder), chosen)
        for name, text in chosen.items():
            (Path(folder) / f"{name}.txt").write_text(text, "utf-8")
        for engine in engines:
            given = [
                f"folder={folder}",
                f"languages={','.join(chosen)}",
                f"kinds={options.get('kinds', ','.join(KINDS))}",
            ]
            subprocess.run([sys.executable, "-m", "tests.benchmarks.scans", engine, *given], check=False)


if __name__ == "__main__":
    main()
