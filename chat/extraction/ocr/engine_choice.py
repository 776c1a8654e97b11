"""Which engine reads a page, and which way up the page stands.

Tesseract first where it has the data of the page's script: it takes a sixth of the time, and as good where
its own confidence is high. PP-OCR where that is low, and for Chinese and Japanese, which it reads better.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from PIL import Image

from chat.extraction.ocr import pp_ocr, tesseract
from chat.extraction.ocr.drawn_rules import find_rules, without_rules
from chat.extraction.ocr.page_image import PageImage, has_light_letters, image_of
from chat.extraction.ocr.pp_ocr import PpOcr
from chat.extraction.ocr.reading_order import ComposedText, compose
from chat.extraction.ocr.seen_words import SeenWord, mean_confidence, weigh
from chat.extraction.ocr.tesseract import Pose, Tesseract

SURE = {"tesseract": 0.90}  # mean confidence from which the quick engine's page is taken
UPRIGHT_SURE = 0.8  # below it a page without a known pose is tried the other ways up
TALL_SHARE = 0.5  # of the words that are higher than wide: the page lies on its side
LONG_WORD = 3  # characters, of the words that tell so
BETTER_PP = frozenset({"Han", "Japanese"})  # scripts that PP-OCR reads better than Tesseract
ALIKE, ALIKE_WORDS = "Latin", 20  # a page of this script, and of so many words, is known by its confidence
ALIKE_PAGES = 2  # in a row, that stand alike: the next one will, too
SIMILAR = ("Latin", "Cyrillic", "Greek")  # scripts that are mistaken for each other
GUESSED = "Latin"  # the script of a page that tells none


@dataclass(frozen=True)
class Recognised:
    """A page as it was read. confidence: mean over the characters, 0 to 1; 0 without any."""

    page: ComposedText
    image: PageImage
    engine: str
    confidence: float


class NoEngine(Exception):
    """Nothing here reads the page. script: empty where it is not known."""

    def __init__(self, script: str = "") -> None:
        super().__init__(script)
        self.script = script


@dataclass
class Engines:
    """The engines of this machine, each loaded when a page needs it first."""

    has_pp: bool = field(default_factory=pp_ocr.is_installed)
    has_tesseract: bool = field(default_factory=lambda: bool(tesseract.languages() - {"osd"}))
    _pp: PpOcr | None = None
    _tesseract: Tesseract | None = None
    _before: tuple[Pose, int] = (Pose(0, ""), 0)  # of the last page; how many such ones in a row were sure

    def read(self, image: PageImage) -> Recognised:
        """Return what stands on the page. Raises NoEngine."""
        if self._before[1] >= ALIKE_PAGES and (found := self._read_alike(image, self._before[0])):
            return found
        pose = Pose(0, "")
        if self.has_tesseract:
            pose = self._quick().pose(image_of(image.even), image.dots)
        level = image.turned(pose.turn).straightened()
        rules = find_rules(level.even, level.dots)
        best: tuple[list[SeenWord], PageImage, str] | None = None
        script = pose.script or GUESSED
        is_quick = self.has_tesseract and tesseract.models_of(script)
        if is_quick and not (script in BETTER_PP and self.has_pp):
            clean = image_of(without_rules(level.even, rules, level.dots))
            words, script = self._read_quickly(clean, script, level.dots)
            best = (words, level, tesseract.NAME)
        is_sure = best is not None and mean_confidence(best[0]) >= SURE[tesseract.NAME]
        is_doubtful = not is_sure or has_light_letters(level.grey)  # which Tesseract leaves out
        if self.has_pp and is_doubtful and (script in pp_ocr.SCRIPTS or best is None):
            words, turned = self._read_thorough(image, level, is_posed=bool(pose.script))
            if best is None or weigh(words) > weigh(best[0]):
                best = (words, turned, pp_ocr.NAME)
        if best is None:
            raise NoEngine(pose.script)
        words, shown, engine = best
        is_alike = is_sure and script == pose.script == ALIKE
        before, count = self._before
        self._before = pose, (count + 1 if pose == before else 1) if is_alike else 0
        if shown is not level:
            rules = find_rules(shown.even, shown.dots)
        return Recognised(compose(words, rules, shown.dots), shown, engine, mean_confidence(words))

    def _read_alike(self, image: PageImage, pose: Pose) -> Recognised | None:
        """Return the page as one that stands like those before it, or None where that is not sure.

        To find out how a page stands takes half as long as reading it. Other scripts, and pages that stand
        otherwise, are read with half of the confidence, and slowly.
        """
        level = image.turned(pose.turn).straightened()
        rules = find_rules(level.even, level.dots)
        words = self._quick().read(image_of(without_rules(level.even, rules, level.dots)), ALIKE, level.dots)
        confidence = mean_confidence(words)
        is_sure = confidence >= SURE[tesseract.NAME] and len(words) >= ALIKE_WORDS and not _lies(words)
        if not is_sure or has_light_letters(level.grey):
            return None
        return Recognised(compose(words, rules, level.dots), level, tesseract.NAME, confidence)

    def _read_quickly(self, clean: Image.Image, script: str, dots: int) -> tuple[list[SeenWord], str]:
        """Return what Tesseract sees, and the script: that of a page of numbers may be mistaken."""
        best = self._quick().read(clean, script, dots)
        for other in SIMILAR if script in SIMILAR else ():
            if mean_confidence(best) >= SURE[tesseract.NAME]:
                break
            if other != script and tesseract.models_of(other):
                words = self._quick().read(clean, other, dots)
                if weigh(words) > weigh(best):
                    best, script = words, other
        return best, script

    def _read_thorough(
        self, image: PageImage, level: PageImage, *, is_posed: bool
    ) -> tuple[list[SeenWord], PageImage]:
        """Return the words that PP-OCR sees, and the picture turned so that it saw them best."""
        self._pp = self._pp or PpOcr()
        best, shown = self._pp.read(level.grey), level
        if is_posed or not best:
            return best, shown
        tries = (90, 270) if _lies(best) else (180,) if mean_confidence(best) < UPRIGHT_SURE else ()
        for degrees in tries:
            other = image.turned(degrees).straightened()
            words = self._pp.read(other.grey)
            if weigh(words) > weigh(best):
                best, shown = words, other
            if mean_confidence(best) >= UPRIGHT_SURE and not _lies(best):
                break
        return best, shown

    def _quick(self) -> Tesseract:
        self._tesseract = self._tesseract or Tesseract()
        return self._tesseract


def _lies(words: Sequence[SeenWord]) -> bool:
    """Whether most longer words are higher than wide."""
    long = [word for word in words if len(word.text) >= LONG_WORD]
    return sum(word.height > word.right - word.left for word in long) > TALL_SHARE * len(long)
