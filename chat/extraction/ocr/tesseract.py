"""Tesseract, by tesserocr, with the language data that Debian's packages bring.

tesserocr's wheel holds the program as a library, which the sandbox allows, and no data. Without the data of
a script this engine cannot read it; without that of `osd` it does not tell how a page stands.
"""

from __future__ import annotations

import importlib.util
import os
import re
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from PIL import Image

from chat.extraction.ocr.seen_words import SeenWord, join_runs, weigh
from chat.languages import find_language

NAME = "tesseract"
FOLDERS = (
    "/usr/share/tesseract-ocr/5/tessdata",
    "/usr/share/tesseract-ocr/4.00/tessdata",
    "/usr/share/tessdata",
    "/usr/local/share/tessdata",
    "/opt/homebrew/share/tessdata",
)
# By the script that orientation and script detection names; those that are there are used together. German
# stands first: its letters are English ones and more, and English first reads ü as u.
MODELS = {
    "Latin": ("deu", "eng", "fra", "spa", "ita"),
    "Cyrillic": ("rus", "ukr"),
    "Arabic": ("ara",),
    "Hebrew": ("heb",),
    "Greek": ("ell",),
    "Devanagari": ("hin",),
    "Thai": ("tha",),
    "Korean": ("kor",),
    "Hangul": ("kor",),
    "Japanese": ("jpn",),
    "Han": ("chi_sim", "chi_tra"),
}
OF_LANGUAGE = {"fr": "fra", "es": "spa", "it": "ita", "pt": "por", "nl": "nld"}
WELL_READ = ("en", "de")
ACCENTED = re.compile(r"[^\W\d_a-zäöüßA-ZÄÖÜ]")
FEWEST_ACCENTED = 3  # on a page: more than a name or two
BESIDE = ("Cyrillic", "Greek")  # scripts of the same direction whose pages have English words among theirs
FINE = frozenset({"Arabic", "Hebrew", "Devanagari", "Thai"})  # scripts whose dots are small at 200 to an inch
ENLARGED = 1.5
WORD_LEVEL = "5"
LEAST_SURE = 2.0  # of the orientation: below it the page is taken as it stands
WHOLE_PAGE, DETECTION = 3, 0  # page segmentation modes


class Pose(NamedTuple):
    """How a page stands. turn: degrees to the left that right it. script: empty where it is not known."""

    turn: int
    script: str


def find_data() -> Path | None:
    """Return the folder of the language data."""
    named = os.environ.get("TESSDATA_PREFIX")
    folders = (Path(folder) for folder in (*([named] if named else []), *FOLDERS))
    return next((folder for folder in folders if folder.is_dir()), None)


@cache
def languages() -> frozenset[str]:
    """Return the languages whose data is there; none without tesserocr. Imports nothing."""
    folder = find_data() if importlib.util.find_spec("tesserocr") else None
    return frozenset(path.stem for path in folder.glob("*.traineddata")) if folder else frozenset()


def models_of(script: str) -> str:
    """Return the models for a script as Tesseract takes them; empty where none is there."""
    there = [name for name in MODELS.get(script, ()) if name in languages()]
    if there and script in BESIDE and "eng" in languages():
        there.append("eng")
    return "+".join(there)


class Tesseract:
    """The engine, with one loaded reader for each script: about 150 MB."""

    def __init__(self) -> None:
        self._readers: dict[str, Any] = {}

    def pose(self, image: Image.Image, dots: int) -> Pose:
        """Return how the page stands. dots: per inch."""
        if "osd" not in languages():
            return Pose(0, "")
        reader = self._reader("osd", DETECTION)
        reader.SetImage(image)
        reader.SetSourceResolution(dots)
        try:
            found = reader.DetectOrientationScript()
        except RuntimeError:  # too few characters
            return Pose(0, "")
        if not found:
            return Pose(0, "")
        turn = int(found["orient_deg"]) if found["orient_conf"] >= LEAST_SURE else 0
        return Pose(turn, str(found["script_name"]))

    def read(self, image: Image.Image, script: str, dots: int) -> list[SeenWord]:
        """Return the words of a picture in the order of reading. Raises KeyError without data for it."""
        models = models_of(script)
        if not models:
            raise KeyError(script)
        words = self._read(image, script, models, dots)
        if script == "Latin" and (others := other_models(" ".join(word.text for word in words))):
            return max(words, self._read(image, script, others, dots), key=weigh)
        return words

    def _read(self, image: Image.Image, script: str, models: str, dots: int) -> list[SeenWord]:
        scale = ENLARGED if script in FINE else 1.0
        if scale != 1.0:
            size = round(image.width * scale), round(image.height * scale)
            image = image.resize(size, Image.Resampling.BICUBIC)
        reader = self._reader(models, WHOLE_PAGE)
        reader.SetImage(image)
        reader.SetSourceResolution(round(dots * scale))
        reader.Recognize()
        words = join_runs(_parse(reader.GetTSVText(0).splitlines(), scale))
        reader.Clear()
        return words

    def _reader(self, models: str, mode: int) -> Any:
        if models not in self._readers:
            import tesserocr  # type: ignore[import-untyped]

            self._readers[models] = tesserocr.PyTessBaseAPI(path=str(find_data()), lang=models, psm=mode)
        return self._readers[models]


def other_models(text: str) -> str:
    """Return the models that read a page better than the German one, which takes ô for ö; empty: none.

    Its small words tell the language. A page that has few of them is tried with all languages of its accents.
    """
    language = find_language(text)
    has_accents = len(ACCENTED.findall(text)) >= FEWEST_ACCENTED
    if language in WELL_READ and not has_accents:
        return ""
    first = (
        [OF_LANGUAGE[language]] if language in OF_LANGUAGE else [*OF_LANGUAGE.values()] if has_accents else []
    )
    there = [name for name in first if name in languages()]
    return "+".join([*there, *({"eng"} & languages())]) if there else ""


def _parse(rows: Sequence[str], scale: float) -> Iterator[SeenWord]:
    """Yield the words of Tesseract's table. scale: by which the picture was enlarged.

    Its columns: level, page, block, paragraph, line, word, box, confidence, text.
    """
    lines: dict[tuple[str, ...], int] = {}
    for row in rows:
        cells = row.split("\t")
        if len(cells) < 12 or cells[0] != WORD_LEVEL or not cells[11].strip():
            continue
        left, top, width, height = (int(cell) / scale for cell in cells[6:10])
        line = lines.setdefault(tuple(cells[2:5]), len(lines))
        confidence = max(0.0, float(cells[10])) / 100
        yield SeenWord(cells[11].strip(), left, top, left + width, top + height, confidence, line)
