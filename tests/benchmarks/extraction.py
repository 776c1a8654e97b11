"""How well, how fast and in how much memory files are read, beside pypdf alone and markitdown.

    CORPORA=folder python -m tests.benchmarks.extraction [pdf printed encodings office hostile speed]

pdf: token F1 against what pdftotext reads (pdf-reference/); files below the goals are named. printed: against
the text that was printed.
encodings: share of the files of text/chardet that are decoded exactly. office: share of the words that the
two other readers agree on (ours, markitdown, the bare text between the tags). hostile: how each file ends.
markitdown[pdf] is measured where it can be imported: MARKITDOWN may name the site-packages of environments
that have it.
"""

from __future__ import annotations

import asyncio
import codecs
import contextlib
import io
import logging
import os
import re
import resource
import shutil
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable, Iterable
from pathlib import Path
from statistics import mean

import pypdf
import pypdfium2  # type: ignore[import-untyped]

from chat.documents.document import Page
from chat.extraction import ReaderLimits, Readers, worker
from chat.extraction.source import Source
from chat.extraction.text import encodings
from tests.benchmarks.agreement import group, token_f1, token_recall, tokens

ReadText = Callable[[Path], str]
GOALS = {"Latin": 0.94, "CJK": 0.985, "RTL": 0.90}
LANGUAGE = re.compile(r"-(?:turkish|hungarian|czech|polish|slovak|slovene|croatian|romanian|bulgarian|russian"
                      r"|greek|arabic|hebrew)$")  # fmt: skip
SUPERSETS = {"ascii": "cp1252", "iso8859-1": "cp1252", "gb2312": "gb18030", "euc_kr": "cp949",
             "shift_jis": "cp932", "iso8859-9": "cp1254", "tis-620": "cp874"}  # fmt: skip
# Of the others the two peers give the file's own bytes, or nothing.
TAGGED = frozenset({".docx", ".docm", ".pptx", ".pptm", ".xlsx", ".epub", ".html", ".ipynb", ".csv", ".json"})
TAGS = re.compile(r"<[^>]*>")
XML_PARTS = re.compile(
    r"word/(document|header|footer|footnotes)|ppt/slides/slide|xl/sharedStrings|content\.xml|html$"
)


def ours(path: Path) -> str:
    """Read as the child does, without its process."""
    findings = worker.read(Source(path, path.name))
    return "\n".join(finding.text for finding in findings if isinstance(finding, Page))


def pypdf_alone(path: Path) -> str:
    """Read as most projects do."""
    return "\n".join(page.extract_text() for page in pypdf.PdfReader(path).pages)


def pdfium_alone(path: Path) -> str:
    """Read with the first of our readers, whatever comes of it."""
    with pypdfium2.PdfDocument(path) as document:
        return "\n".join(page.get_textpage().get_text_bounded() for page in document)


def pdftotext(path: Path) -> str:
    """Read as poppler does."""
    done = subprocess.run(["pdftotext", path, "-"], capture_output=True, timeout=60, check=True)
    return done.stdout.decode("utf-8", "replace")


def markitdown() -> ReadText | None:
    """Return markitdown's reader; None where it is not installed."""
    sys.path.extend(filter(None, os.environ.get("MARKITDOWN", "").split(os.pathsep)))
    try:
        from markitdown import MarkItDown  # type: ignore[import-not-found,unused-ignore]
    except ImportError:
        return None
    converter = MarkItDown()
    return lambda path: str(converter.convert(str(path)).text_content)


def bare(path: Path) -> str:
    """Return what stands between the tags."""
    data = path.read_bytes()
    if not zipfile.is_zipfile(io.BytesIO(data)):
        return TAGS.sub(" ", encodings.decode(data)[0])
    with zipfile.ZipFile(path) as archive:
        parts = [archive.read(name) for name in archive.namelist() if XML_PARTS.search(name)]
    return " ".join(TAGS.sub(" ", part.decode("utf-8", "replace")) for part in parts)


def attempt(read: ReadText, path: Path) -> tuple[str, float]:
    """Return the text, empty where the reader fails, and the CPU seconds."""
    begun = sum(os.times()[:4])
    try:
        text = read(path)
    except Exception:
        text = ""
    return text, sum(os.times()[:4]) - begun


def compare(files: Iterable[tuple[Path, str]], readers: dict[str, ReadText]) -> None:
    """Print token F1 and recall by group of the reference and by reader, and our files that miss the goal."""
    scores: dict[tuple[str, str], list[tuple[float, float]]] = {}
    seconds = dict.fromkeys(readers, 0.0)
    for path, reference in files:
        kind = group(reference)
        for name, read in readers.items():
            text, spent = attempt(read, path)
            seconds[name] += spent
            if not kind:
                continue
            score = token_f1(text, reference)
            scores.setdefault((kind, name), []).append((score, token_recall(text, reference)))
            if name == "ours" and score < GOALS[kind]:
                print(f"  {kind:6} {score:.3f} {path.name}")
    for (kind, name), found in sorted(scores.items()):
        f1, recall = map(mean, zip(*found, strict=True))
        low = sum(score < 0.5 for score, _ in found)
        print(
            f"  {kind:6} {name:11} {len(found):4} files  F1 {f1:.4f}  recall {recall:.4f}  below 0.5: {low}"
        )
    print("  CPU seconds:", ", ".join(f"{name} {spent:.1f}" for name, spent in seconds.items()))


def measure_pdf(root: Path) -> None:
    """Agreement with pdftotext."""
    files = sorted((root / "pdf").glob("*.pdf"))
    references = ((root / "pdf-reference" / f"{path.name}.txt").read_text(errors="replace") for path in files)
    compare(zip(files, references, strict=True), pdf_readers())


def measure_printed(root: Path) -> None:
    """Agreement with the text that was printed."""
    files = sorted((root / "printed").glob("*.pdf"))
    sources = ((root / "printed" / f"{path.name.partition('.')[0]}.txt").read_text() for path in files)
    peers = {"pdftotext": pdftotext} if shutil.which("pdftotext") else {}
    compare(zip(files, sources, strict=True), {**pdf_readers(), **peers})


def pdf_readers() -> dict[str, ReadText]:
    """Return the readers of PDF to compare."""
    other = markitdown()
    ways: dict[str, ReadText] = {"ours": ours, "pypdf": pypdf_alone, "pdfium": pdfium_alone}
    return {**ways, **({"markitdown": other} if other else {})}


def measure_encodings(root: Path) -> None:
    """Share of the files that are decoded exactly, supersets counted as equal."""
    right, wrong = 0, []
    for path in sorted((root / "text" / "chardet").glob("*/*")):
        data, name = path.read_bytes(), LANGUAGE.sub("", path.parent.name.lower())
        text = encodings.decode(data)[0]
        if any(text == known for known in decodings(data, name)):
            right += 1
        else:
            wrong.append(path.parent.name)
    print(f"  exact: {right} of {right + len(wrong)} ({right / (right + len(wrong)):.3f}); not: {wrong}")


def decodings(data: bytes, name: str) -> list[str]:
    """Return the text in the named encoding and in its superset, as far as they decode it."""
    found = []
    for codec in (name, SUPERSETS.get(codec_name(name), name)):
        with contextlib.suppress(UnicodeDecodeError, LookupError):
            found.append(data.decode(codec).lstrip("\ufeff"))
    return found


def codec_name(name: str) -> str:
    """Return Python's name for an encoding; as given where it has none."""
    try:
        return codecs.lookup(name).name
    except LookupError:
        return name


def measure_office(root: Path) -> None:
    """Share of the words of two other readers that each reader has too."""
    other = markitdown()
    readers = {"ours": ours, "bare": bare, **({"markitdown": other} if other else {})}
    recalls: dict[tuple[str, str], list[float]] = {}
    for path in sorted(path for path in (root / "office").iterdir() if path.suffix in TAGGED):
        words = {name: set(tokens(attempt(read, path)[0])) for name, read in readers.items()}
        for name in readers:
            others = [words[peer] for peer in readers if peer != name]
            agreed = set.intersection(*others)
            if agreed and name != "bare":
                recalls.setdefault((path.suffix, name), []).append(len(agreed & words[name]) / len(agreed))
    for (suffix, name), found in sorted(recalls.items()):
        print(f"  {suffix:6} {name:11} {len(found):3} files  recall {mean(found):.3f}")


def measure_hostile(root: Path) -> None:
    """How each hostile file ends, in the pool and under the usual limits."""
    asyncio.run(read_all(sorted((root / "hostile").iterdir())))


def measure_speed(root: Path) -> None:
    """The first and the last page of a PDF of five thousand pages, made of the longest one here."""
    longest = max((root / "pdf").glob("*pdkids.pdf"), key=lambda path: path.stat().st_size)
    writer = pypdf.PdfWriter()
    reader = pypdf.PdfReader(longest)
    for _ in range(-(-5_000 // len(reader.pages))):
        writer.append(reader)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "5000.pdf"
        writer.write(path)
        asyncio.run(read_all([path]))
    print(f"  parent: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB at most;", end=" ")
    print(f"largest child: {resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024:.0f} MB")


async def read_all(paths: list[Path]) -> None:
    """Read files one after another in the pool and print what came of each."""
    readers = Readers(ReaderLimits(upload_bytes=200_000_000))
    for path in paths:
        begun = time.monotonic()
        try:
            reading = await readers.open(path, path.name)
            first = time.monotonic() - begun
            document = await reading.finish()
            end = f"{len(document.pages)} pages, {len(document.text):,} characters; first {first:.2f} s;"
            end += f" {[problem.kind for problem in document.problems]}"
        except Exception as error:
            end = f"{type(error).__name__}: {error}"
        print(f"  {path.name[:40]:40} {time.monotonic() - begun:6.2f} s  {end}")
    await readers.aclose()


MEASURES: dict[str, Callable[[Path], None]] = {
    "pdf": measure_pdf,
    "printed": measure_printed,
    "encodings": measure_encodings,
    "office": measure_office,
    "hostile": measure_hostile,
    "speed": measure_speed,
}


def main() -> int:
    """Run from the command line."""
    if "CORPORA" not in os.environ:
        print("CORPORA is not set: it names the folder with pdf/, printed/, office/, text/ and hostile/.")
        return 2
    logging.disable(logging.CRITICAL)
    for name in sys.argv[1:] or MEASURES:
        print(name)
        MEASURES[name](Path(os.environ["CORPORA"]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
