"""A page as grey pixels: of a PDF at 200 dots per inch, or of a picture, upright and without skew.

Knows no engine.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pypdfium2  # type: ignore[import-untyped]
from numpy.typing import NDArray
from PIL import Image, ImageFilter, ImageOps, ImageSequence

from chat.extraction import pictures, refusals
from chat.extraction.source import Source

DOTS = 200  # per inch: letters of 8 points are legible, and a page of A4 has 3.9 million pixels
LONGEST_SIDE = 4_000  # pixels: of a plan or a poster
PICTURE_SIDE = 2_600  # of a photograph: more pixels cost time and add nothing
SMALL_SIDE = 1_500  # below it a picture is drawn twice as large: letters of a screen have 10 pixels
SKEW_WIDTH = 700  # pixels that the skew is looked for in
MOST_SKEW, COARSE, FINE = 8.0, 0.5, 0.1  # degrees
LEAST_SKEW = 0.25
LEAST_GAIN = 1.05  # of a righted page's profile over that of the page as it is
LIGHT_STEP = 8  # pixels that are looked at as one where light changes slowly
LIGHT_REACH = 9  # of these steps, odd: wider than a stroke, so that some paper is near each place
SURFACE = 0.6  # of the page's paper: what is darker is a surface, or lies in shadow
LEAST_LIGHT = 16.0  # of 255: by which letters make a place lighter than the surface around it
LETTERS_SHARE = 0.006  # of a page; the edges of shadows give up to 0.004
DARKEST = 160  # of 255: a page without ink is not stretched until its paper is black
PAPER = 250  # of 255: from here on a place is white

Grey = NDArray[np.uint8]


@dataclass(frozen=True)
class PageImage:
    """The pixels, how many of them make an inch, and how they were turned: right angles, then the skew.

    quarters: turns to the left by a right angle. skew: degrees to the left, after that. width, height: of the
    picture before it was turned.
    """

    grey: Grey
    dots: int
    width: int
    height: int
    quarters: int = 0
    skew: float = 0.0

    @cached_property
    def even(self) -> Grey:
        """The pixels as in even light."""
        return even_light(self.grey)

    def turned(self, degrees: int) -> PageImage:
        """Return the picture turned to the left by right angles."""
        quarters = degrees // 90 % 4
        if not quarters:
            return self
        grey = np.ascontiguousarray(np.rot90(self.grey, quarters))
        return PageImage(grey, self.dots, self.width, self.height, (self.quarters + quarters) % 4)

    def straightened(self) -> PageImage:
        """Return the picture with its lines level."""
        skew = find_skew(self.even)
        if abs(skew) < LEAST_SKEW:
            return self
        paper = int(np.percentile(self.grey, 80))
        image = Image.fromarray(self.grey).rotate(skew, Image.Resampling.BICUBIC, fillcolor=paper)
        return PageImage(np.asarray(image), self.dots, self.width, self.height, self.quarters, skew)

    def on_page(
        self, left: float, top: float, right: float, bottom: float
    ) -> tuple[float, float, float, float]:
        """Return a box on the turned picture as fractions of the page as it is shown."""
        high, wide = self.grey.shape
        angle = np.deg2rad(self.skew)
        x, y = (left + right) / 2 - wide / 2, (top + bottom) / 2 - high / 2
        # The picture was turned to the left about its middle: back is to the right; y grows downwards.
        x, y = x * np.cos(angle) - y * np.sin(angle), x * np.sin(angle) + y * np.cos(angle)
        half_width, half_height = (right - left) / 2, (bottom - top) / 2
        across, down = (x + wide / 2) / wide, (y + high / 2) / high
        box = (
            across - half_width / wide,
            down - half_height / high,
            across + half_width / wide,
            down + half_height / high,
        )
        for _ in range(self.quarters):  # back to the right
            a, b, c, d = box
            box = (1 - d, a, 1 - b, c)
        a, b, c, d = (round(min(1.0, max(0.0, float(part))), 4) for part in box)
        return a, b, c, d


def load(source: Source, page: int) -> PageImage:
    """Return page `page` (1 is the first) of a PDF or of a picture. Raises AttachmentError."""
    with source.open() as file:
        is_pdf = b"%PDF-" in file.read(1024)
    return _of_pdf(source, page) if is_pdf else _of_picture(source, page)


def _of_pdf(source: Source, page: int) -> PageImage:
    try:
        document = pypdfium2.PdfDocument(source.path, password=source.password)
        document.init_forms()
        sheet = document[page - 1]
        longest = max(sheet.get_width(), sheet.get_height())
        scale = min(DOTS / 72, LONGEST_SIDE / longest)
        grey = sheet.render(scale=scale, grayscale=True).to_numpy().copy()
    except (pypdfium2.PdfiumError, IndexError) as error:
        raise refusals.no_such_page(source.name, page) from error
    return _page(grey.reshape(grey.shape[:2]), round(72 * scale))


def _of_picture(source: Source, page: int) -> PageImage:
    with pictures.open_picture(source) as image, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            frame = next(
                frame for number, frame in enumerate(ImageSequence.Iterator(image), 1) if number == page
            )
            upright = ImageOps.exif_transpose(frame)
            flat = _on_white(upright).convert("L")
        except (StopIteration, OSError, SyntaxError, ValueError) as error:
            raise refusals.no_such_page(source.name, page) from error
    longest = max(flat.size)
    if longest > PICTURE_SIDE:
        flat.thumbnail((PICTURE_SIDE, PICTURE_SIDE), Image.Resampling.LANCZOS)
    elif longest < SMALL_SIDE:
        flat = flat.resize((flat.width * 2, flat.height * 2), Image.Resampling.BICUBIC)
    return _page(np.asarray(flat), DOTS)


def _on_white(image: Image.Image) -> Image.Image:
    if image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info:
        clear = image.convert("RGBA")
        return Image.alpha_composite(Image.new("RGBA", clear.size, "white"), clear)
    if image.mode.startswith("I"):  # 16 bits of grey
        return Image.fromarray((np.asarray(image).astype(np.float64) / 257).clip(0, 255).astype(np.uint8))
    return image


def _page(grey: Grey, dots: int) -> PageImage:
    if np.median(grey) < 96:  # light letters on a dark ground
        grey = 255 - grey
    return PageImage(grey, dots, grey.shape[1], grey.shape[0])


def even_light(grey: Grey) -> Grey:
    """Return a page as in even light: each place by the brightest near it, then from black to white.

    Tesseract takes one threshold for a page, and lost the darker half of photographs without a word.
    """
    high, wide = grey.shape
    paper = _coarse(grey).filter(ImageFilter.MaxFilter(LIGHT_REACH))
    paper = paper.filter(ImageFilter.MinFilter(LIGHT_REACH)).filter(ImageFilter.GaussianBlur(1))
    paper = paper.resize((wide, high), Image.Resampling.BILINEAR)
    even = grey / np.maximum(np.asarray(paper, np.float32), 1) * 255
    black = min(float(np.percentile(even[::8], 1)), DARKEST)  # some rows tell it
    return np.clip((even - black) / (PAPER - black) * 255, 0, 255).astype(np.uint8)


def has_light_letters(grey: Grey) -> bool:
    """Whether a part of a page has light letters on a dark surface, as the heads of tables may have."""
    coarse = _coarse(grey)
    ground = np.asarray(coarse.filter(ImageFilter.MedianFilter(LIGHT_REACH)), np.float32)
    is_dark = Image.fromarray(((ground < SURFACE * np.percentile(ground, 90)) * 255).astype(np.uint8))
    inside = (
        np.asarray(is_dark.filter(ImageFilter.MinFilter(3))) > 0
    )  # not the edge, which is light on one side
    is_lighter = np.asarray(coarse, np.float32) > ground + LEAST_LIGHT
    return float(np.mean(inside & is_lighter)) > LETTERS_SHARE


def _coarse(grey: Grey) -> Image.Image:
    high, wide = grey.shape
    size = max(1, wide // LIGHT_STEP), max(1, high // LIGHT_STEP)
    return Image.fromarray(grey).resize(size, Image.Resampling.BOX)


def find_skew(grey: Grey) -> float:
    """Return the degrees to the left that make the lines of a page level: where its rows differ most."""
    height = max(1, round(grey.shape[0] * SKEW_WIDTH / grey.shape[1]))
    small = Image.fromarray(grey).resize((SKEW_WIDTH, height), Image.Resampling.BOX)
    pixels: Any = np.asarray(small)
    ink = Image.fromarray(((pixels < np.percentile(pixels, 80) * 0.8) * 255).astype(np.uint8))

    def sharpness(angle: float) -> float:
        rows = np.asarray(ink.rotate(angle, Image.Resampling.NEAREST)).sum(axis=1, dtype=np.float64)
        return float((np.diff(rows) ** 2).sum())

    level = sharpness(0.0) or 1.0
    best = max(np.arange(-MOST_SKEW, MOST_SKEW + COARSE, COARSE).tolist(), key=sharpness)
    best = max(np.arange(best - COARSE, best + COARSE + FINE, FINE).tolist(), key=sharpness)
    return round(best, 2) if sharpness(best) > LEAST_GAIN * level else 0.0


def image_of(grey: Grey) -> Image.Image:
    """Return the pixels as a picture."""
    return Image.fromarray(grey)
