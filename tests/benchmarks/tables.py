"""Tables: cells that stand beside each other as in the truth, triples that a text gives back, CPU a page.

    CORPORA=... python -m tests.benchmarks.tables icdar    a: CORPORA/tables/*.pdf with their *-str.xml
    python -m tests.benchmarks.tables made                 b: printed by each program that is there
    python -m tests.benchmarks.tables scanned              b: printed and drawn, at 200 dots an inch
    PDFPLUMBER=python ...                                  a Python with pdfplumber, to run beside it

a: relations of neighbouring cells as the ICDAR 2013 competition counts them, mean over documents. Only cells
that are full count. b: the share of (row label, column header, value) found, by the tables of Document.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from xml.etree import ElementTree

import pypdfium2  # type: ignore[import-untyped]

from chat.documents.document import Document, Page
from chat.documents.row_format import count_bars, split_row
from chat.extraction.ocr.engine_choice import Engines
from chat.extraction.ocr.page_image import DOTS, load
from chat.extraction.source import Source
from chat.extraction.worker import read
from tests.benchmarks.made_tables import MadeTable, make_tables

WEAK_SCAN = 0.9
Cell = tuple[str, int, int, int, int]
Relations = Counter[tuple[str, str, str]]
PLUMBER = """import pdfplumber, sys
for page in pdfplumber.open(sys.argv[1]).pages:
    for table in page.extract_tables():
        rows = (" | ".join(" ".join((c or "").split()) for c in row) for row in table)
        print(*rows, sep="\\n", end="\\n\\n")"""


def pages_of(path: Path) -> list[Page]:
    return [found for found in read(Source(path, path.name)) if isinstance(found, Page)]


def text_of(path: Path) -> str:
    return "\n".join(page.text for page in pages_of(path))


def layout_of(path: Path) -> str:
    """Return what pdftotext -layout prints, wide gaps taken for the ends of cells."""
    printed = subprocess.run(["pdftotext", "-layout", path, "-"], capture_output=True, text=True, check=False)
    lines = (re.sub(r" {2,}", " | ", line.strip()) for line in printed.stdout.split("\n"))
    return "\n".join(lines)


def plumber_of(path: Path) -> str:
    command = [os.environ["PDFPLUMBER"], "-c", PLUMBER, str(path)]
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout


def fold(text: str | None) -> str:
    return "".join(unicodedata.normalize("NFKC", text or "").lower().split())


def truth(path: Path) -> list[list[Cell]]:
    """Return the cells of each table: text, first and last row, first and last column."""
    tables = []
    for table in ElementTree.parse(path).getroot().iter("table"):
        cells = []
        for region in table.iter("region"):
            down, right = (int(region.get(f"{name}-increment") or 0) for name in ("row", "col"))
            for cell in region.iter("cell"):
                row, column = (int(cell.get(f"start-{name}", "0")) for name in ("row", "col"))
                last_row = int(cell.get("end-row") or row)
                last_column = int(cell.get("end-col") or column)
                place = row + down, last_row + down, column + right, last_column + right
                cells.append((fold(cell.findtext("content")), *place))
        tables.append(cells)
    return tables


def tables_in(text: str) -> Iterator[list[Cell]]:
    """Yield the cells of each run of lines with bars."""
    run: list[list[str]] = []
    for line in [*text.split("\n"), ""]:
        if count_bars(line):
            run.append(split_row(line))
        elif run:
            yield [(fold(one), r, r, c, c) for r, row in enumerate(run) for c, one in enumerate(row)]
            run = []


def relations(cells: Sequence[Cell]) -> Relations:
    """Return each full cell with the next full one to its right and below it."""
    at = {
        (row, column): number
        for number, (text, top, bottom, left, right) in enumerate(cells)
        if text
        for row in range(top, bottom + 1)
        for column in range(left, right + 1)
    }
    height, width = max((r for r, _ in at), default=0) + 1, max((c for _, c in at), default=0) + 1
    found = set()
    for (row, column), number in at.items():
        ways = {
            "right": [(row, one) for one in range(column + 1, width)],
            "below": [(one, column) for one in range(row + 1, height)],
        }
        for way, places in ways.items():
            other = next((at[place] for place in places if place in at), number)
            if other != number:
                found.add((number, other, way))
    return Counter((cells[one][0], cells[two][0], way) for one, two, way in found)


def icdar(readers: dict[str, Callable[[Path], str]]) -> None:
    """Print recall, precision and F1 of each reader, means over the documents."""
    folder = Path(os.environ["CORPORA"]) / "tables"
    for name, reader in readers.items():
        scores, begun = [], time.process_time()
        for path in sorted(folder.glob("*.pdf")):
            parts = sorted(folder.glob(f"{path.stem.rstrip('ab')}*-str.xml"))
            expected = sum((relations(cells) for part in parts for cells in truth(part)), Relations())
            got = sum(map(relations, tables_in(reader(path))), Relations())
            both = (expected & got).total()
            scores.append((both / expected.total(), both / max(1, got.total())))
        spent = time.process_time() - begun
        recall, precision = (sum(values) / len(scores) for values in zip(*scores, strict=True))
        f1 = 2 * recall * precision / max(1e-9, recall + precision)
        print(f"{name:18} recall {recall:.3f} precision {precision:.3f} F1 {f1:.3f} CPU {spent:.1f} s")


def made() -> None:
    """Print the share of triples that the text of each program's files gives back, ruled and unruled."""
    found: dict[tuple[str, str], list[float]] = defaultdict(list)
    weak: list[tuple[float, str]] = []
    with TemporaryDirectory() as folder:
        for table in make_tables():
            for program, path in _printed(table, Path(folder)):
                share = _share(table, path)
                found[program, "ruled" if table.is_ruled else "unruled"].append(share)
                if share < 0.97:
                    weak.append((share, f"{table.name} {program}"))
    for (program, kind), shares in sorted(found.items()):
        print(f"{program:12} {kind:8} {sum(shares) / len(shares):.3f} of {len(shares)} tables")
    print(*(f"  {share:.2f} {name}" for share, name in sorted(weak)), sep="\n")


def _printed(table: MadeTable, folder: Path, last: str = "") -> Iterator[tuple[str, Path]]:
    """Yield programs and their files, to the program `last`."""
    page = folder / f"{table.name}.html"
    page.write_text(table.html)
    yield "html", page
    target = folder / f"{table.name}.chromium.pdf"
    chromium = ["chromium", "--headless", "--no-sandbox", "--disable-gpu", "--no-pdf-header-footer"]
    if _run([*chromium, f"--print-to-pdf={target}", page.as_uri()], target):
        yield "chromium", target
    if last == "chromium":
        return
    target = folder / f"{table.name}.weasyprint.pdf"
    if _run([sys.executable, "-m", "weasyprint", page, target], target):
        yield "weasyprint", target
    for kind, source in (("odt", page), ("docx", page), ("rtf", page), ("pdf", page)):
        target = folder / "office" / f"{table.name}.{kind}"
        filter_name = {"odt": "odt:writer8", "docx": "docx:MS Word 2007 XML"}.get(kind, kind)
        command = ["soffice", "--headless", "--infilter=HTML (StarWriter)", "--convert-to", filter_name]
        if _run([*command, "--outdir", target.parent, source], target):
            yield "libreoffice" if kind == "pdf" else kind, target


def _run(command: Sequence[str | Path], target: Path) -> bool:
    try:
        subprocess.run(command, capture_output=True, check=False, timeout=120)
    except FileNotFoundError:
        return False
    return target.exists()


def scanned() -> None:
    """Print the share of triples that the reader of scanned pages gives back, and each weak table."""
    engines, found = Engines(), defaultdict[str, list[float]](list)
    with TemporaryDirectory() as folder:
        for table in make_tables():
            printed = [
                path for program, path in _printed(table, Path(folder), "chromium") if program == "chromium"
            ]
            for path in printed:
                share = _share(table, path, tuple(_read_drawn(path, engines)))
                found["ruled" if table.is_ruled else "unruled"].append(share)
                if share < WEAK_SCAN:
                    print(f"  {share:.2f} {table.name}", flush=True)
    for kind, shares in sorted(found.items()):
        print(f"scanned {kind:8} {sum(shares) / len(shares):.3f} of {len(shares)} tables")


def _read_drawn(path: Path, engines: Engines) -> Iterator[Page]:
    with pypdfium2.PdfDocument(path) as document:
        for number, sheet in enumerate(document, 1):
            drawn = path.with_suffix(".png")
            sheet.render(scale=DOTS / 72, grayscale=True).to_pil().save(drawn)
            yield Page(str(number), engines.read(load(Source(drawn, drawn.name), 1)).page.text)


def _share(table: MadeTable, path: Path, pages: tuple[Page, ...] = ()) -> float:
    got = Counter(_triples(path, pages or tuple(pages_of(path))))
    expected = Counter((fold(a), fold(b), fold(c)) for a, b, c in table.triples)
    return (got & expected).total() / expected.total()


def _triples(path: Path, pages: tuple[Page, ...]) -> Iterator[tuple[str, str, str]]:
    document = Document(path.name, "", 1, "page" if path.suffix == ".pdf" else "", pages, len(pages))
    for table in document.tables:
        for _, cells in table.rows(document.text):
            for name, value in zip(table.columns[1:], cells[1:], strict=False):
                yield fold(cells[0]), fold(name), fold(value)


if __name__ == "__main__":
    if "icdar" in sys.argv:
        peers: dict[str, Callable[[Path], str]] = {"this project": text_of, "pdftotext -layout": layout_of}
        icdar(peers | ({"pdfplumber": plumber_of} if "PDFPLUMBER" in os.environ else {}))
    if "made" in sys.argv:
        made()
    if "scanned" in sys.argv:
        scanned()
