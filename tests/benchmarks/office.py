"""Office files: the share of the words of another program's conversion that are read, per format.

    CORPORA=folder python -m tests.benchmarks.office --texts folder [--convert] [--missing]

Reads every file of CORPORA/office in the pool, with its time and its end. `--texts` holds what LibreOffice
made of each (`name.txt`); `--convert` makes what is missing there: documents as text, all sheets as CSV as
they are shown, slides as the text of flat OpenDocument. A word counts as often as it stands in either text.
What is one word there and marked here is one here too: powers and marks of notes (`10^6` is 106 there). A
date that has two readings (03/04/21) counts where one of them is read in full (2021-04-03).
Prints per format: files, share of LibreOffice's words that are read, words read more often than LibreOffice
has them, seconds, and files without text, problem or refusal. Exit code 1 where there is one of the last.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import re
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from xml.etree import ElementTree

from chat.documents.document import Document
from chat.errors import AttachmentError
from chat.extraction import ReaderLimits, Readers

TEXTS = frozenset({"docx", "docm", "doc", "odt", "rtf", "html", "fodt"})
SLIDES = frozenset({"pptx", "pptm", "ppt", "odp"})
SHEETS = frozenset({"xlsx", "xlsm", "xls", "xlsb", "ods"})
FORMS = {  # of the conversion; CSV as it is shown (the third `true`), of every sheet (the last number)
    **dict.fromkeys(TEXTS, "txt:Text (encoded):UTF8"),
    **dict.fromkeys(SLIDES, "fodp"),
    **dict.fromkeys(SHEETS, "csv:Text - txt - csv (StarCalc):44,34,76,1,,0,false,true,true,false,false,-1"),
}
CONVERT_SECONDS = 90
OFFICE = "urn:oasis:names:tc:opendocument:xmlns:office:1.0"
WORD = re.compile(r"[^\W_]+")
UNSPACED = re.compile(r"[\u2e80-\u9fff\uac00-\ud7af]")
RAISED = re.compile(  # a mark of a note or a power, and formulas, which stay
    r"(?P<formula>\$[^$\n]+\$)|\[\^(?=\w{1,5}\])|(?<=[^\W_])\^\{?(?=[-+]?\w)"
)
ISO_DATE = re.compile(r"\b\d{4}-\d\d-\d\d\b")
SLASHED_DATE = re.compile(r"\b(\d{1,2})/(\d{1,2})/(\d{4}|\d\d)\b")
SHOWN = 25


@dataclass
class Format:
    """What came of the files of one suffix."""

    files: int = 0
    compared: int = 0
    wanted: int = 0
    found: int = 0
    extra: int = 0
    seconds: float = 0.0
    silent: list[str] = field(default_factory=list)
    refused: Counter[str] = field(default_factory=Counter)
    missing: list[tuple[str, float, list[str]]] = field(default_factory=list)


def words_of(text: str) -> Counter[str]:
    """Return the words of a text with their numbers; of scripts without spaces each character."""
    found: Counter[str] = Counter()
    for word in WORD.findall(text.replace("\u00ad", "").casefold()):
        if UNSPACED.search(word):
            found.update(word)
        else:
            found[word] += 1
    return found


def fold_dates(reference: str, read: str) -> str:
    """Return a text with each date of two readings as the one of them that stands in the other text."""
    left = Counter(ISO_DATE.findall(read))

    def fold(found: re.Match[str]) -> str:
        one, two, year = found.groups()
        years = (year,) if len(year) > 2 else (f"19{year}", f"20{year}")
        for reading in (f"{y}-{m:0>2}-{d:0>2}" for y in years for m, d in ((one, two), (two, one))):
            if left[reading]:
                left[reading] -= 1
                return reading
        return found[0]

    return SLASHED_DATE.sub(fold, reference)


def convert(file: Path, target: Path) -> None:
    """Write what LibreOffice makes of a file; nothing where it cannot open it."""
    kind = FORMS[file.suffix[1:].lower()]
    with tempfile.TemporaryDirectory() as folder:
        profile = f"-env:UserInstallation=file://{tempfile.gettempdir()}/office-benchmark-profile"
        command = ["soffice", profile, "--headless", "--convert-to", kind, "--outdir", folder, str(file)]
        try:
            subprocess.run(command, capture_output=True, timeout=CONVERT_SECONDS, check=False)
        except subprocess.TimeoutExpired:
            return
        made = sorted(Path(folder).iterdir())
        if made:
            texts = (
                _slide_text(one) if one.suffix == ".fodp" else one.read_text("utf-8", "replace")
                for one in made
            )
            target.write_text("\n".join(texts), "utf-8")


def _slide_text(file: Path) -> str:
    """Return the text of the slides of a flat OpenDocument file, without what is embedded in them."""
    slides = ElementTree.parse(file).getroot().find(f"{{{OFFICE}}}body")
    lines: list[str] = []

    def walk(element: ElementTree.Element) -> None:
        if element.tag.endswith(("}object", "}notes", "}binary-data", "}annotation")):
            return
        if element.tag.endswith("}p"):
            for inside in element.iter():
                if inside.tag.endswith(("}line-break", "}tab")):
                    inside.text = " "
            lines.append("".join(element.itertext()))
        else:
            for child in element:
                walk(child)

    if slides is not None:
        walk(slides)
    return "\n".join(lines)


async def measure(files: list[Path], texts: Path) -> dict[str, Format]:
    """Read the files one after another."""
    readers, formats = Readers(ReaderLimits(processes=1)), dict[str, Format]()
    await readers.start()
    for file in files:
        one = formats.setdefault(file.suffix[1:].lower(), Format())
        one.files += 1
        begun = time.monotonic()
        try:
            document = await (await readers.open(file, file.name)).finish()
        except AttachmentError as error:
            one.refused[type(error).__name__] += 1
        else:
            _compare(one, file, document, texts / f"{file.name}.txt")
        one.seconds += time.monotonic() - begun
    await readers.aclose()
    return formats


def _compare(one: Format, file: Path, document: Document, reference: Path) -> None:
    if not document.text.strip() and not document.problems:
        one.silent.append(file.name)
    if not reference.exists():
        return
    text = fold_dates(reference.read_text("utf-8", "replace"), document.text)
    read, wanted = words_of(RAISED.sub(lambda one: one["formula"] or "", document.text)), words_of(text)
    one.compared += 1
    one.wanted += wanted.total()
    lost = wanted - read
    one.found += wanted.total() - lost.total()
    one.extra += sum(min(count, wanted[word]) for word, count in (read - wanted).items() if word in wanted)
    if lost:
        share = 1 - lost.total() / max(1, wanted.total())
        one.missing.append((file.name, share, [word for word, _ in lost.most_common(SHOWN)]))


def main() -> int:
    """Run from the command line."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--texts", type=Path, required=True)
    parser.add_argument("--convert", action="store_true")
    parser.add_argument("--missing", action="store_true")
    options = parser.parse_args()
    if "CORPORA" not in os.environ:
        print("CORPORA is not set: it names the folder with office/.")
        return 2
    files = sorted(path for path in (Path(os.environ["CORPORA"]) / "office").iterdir() if path.is_file())
    options.texts.mkdir(parents=True, exist_ok=True)
    for file in files if options.convert else ():
        target = options.texts / f"{file.name}.txt"
        if file.suffix[1:].lower() in FORMS and not target.exists():
            convert(file, target)
    formats = asyncio.run(measure(files, options.texts))
    print("format    files compared   words  share  twice  s/file  refused")
    for name, one in sorted(formats.items()):
        share = f"{one.found / one.wanted:.3f}" if one.wanted else "-"
        counts = f"{one.files:5} {one.compared:8} {one.wanted:7,} {share:>6} {one.extra:6}"
        end = f"{dict(one.refused) or ''}{' SILENT: ' if one.silent else ''}{', '.join(one.silent)}"
        print(f"{name:9} {counts} {one.seconds / one.files:7.2f}  {end}")
        for missed, part, words in one.missing if options.missing else ():
            print(f"    {part:.3f} {missed[-60:]}: {' '.join(words)}")
    return 1 if any(one.silent for one in formats.values()) else 0


if __name__ == "__main__":
    sys.exit(main())
