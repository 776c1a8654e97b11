"""Pictures for a model that can see, and for the page: a page of a PDF as an image, a photograph made small.

Knows no pool: runs in the child, under its limits.
"""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterator
from typing import Any

import pypdfium2  # type: ignore[import-untyped]
from PIL import (
    Image,
    ImageOps,
    WebPImagePlugin,  # noqa: F401  without it the first WebP loads all 40 formats: 75 ms of CPU
)

from chat.extraction import refusals
from chat.extraction.pdf.kept_documents import KeptDocument
from chat.extraction.source import Findings, Shape, Source

MEDIA_TYPES = {
    "PNG": "image/png",
    "JPEG": "image/jpeg",
    "GIF": "image/gif",
    "WEBP": "image/webp",
    "TIFF": "image/tiff",
    "BMP": "image/bmp",
    "HEIF": "image/heic",
}
TAKEN = ("PNG", "JPEG", "GIF", "WEBP")  # by models, as they are
PIXELS = 80_000_000
WIDTHS = range(16, 4_097)
HEIGHT = 8_192
PAGE_BYTES = 4_000_000
QUALITIES = (88, 75, 60)
FEW_COLOURS = 6_000  # of a page of text: a photograph has more
DRAWN_COLOURS = 48
PAPER_SHARE = 0.5
QUICK, SMALL = 3, 6  # levels of zlib: the first takes half the CPU, for a fifth more bytes
# Steps, the bits of one, and the level; WebP is larger than any of them for dense text.
GREYS = ((16, 4, QUICK), (16, 4, SMALL), (4, 2, SMALL))
SHOWN_BYTES = 150_000  # of a page as the viewer shows it
SHOWN_QUALITIES = (65, 45, 25)
PALETTES = (48, 16, 8)  # colours of dense text, which is smaller in WebP without loss than with it
LAST_QUALITY = 10  # of a photograph whose every pixel differs from the next


def read(source: Source) -> Findings:
    """Yield what kind of picture it is. A picture has no text, and that is no problem."""
    with open_picture(source) as image:
        frames = getattr(image, "n_frames", 1) if image.format == "TIFF" else 1  # of a fax; others are films
        media_type = MEDIA_TYPES[str(image.format)]
        yield Shape(media_type, "page", frames) if frames > 1 else Shape(media_type)


def shrink(source: Source, longest: int, limit_bytes: int) -> tuple[bytes, str]:
    """Return the picture upright, at most `longest` pixels on a side and `limit_bytes` large."""
    with open_picture(source) as image:
        media_type = MEDIA_TYPES[str(image.format)]
        data = source.read_bytes()
        is_upright = image.getexif().get(0x0112, 1) == 1
        is_still = getattr(image, "n_frames", 1) == 1
        is_taken = image.format in TAKEN and is_upright and is_still
        if is_taken and max(image.size) <= longest and len(data) <= limit_bytes:
            return data, media_type
        image.draft("RGB", (longest, longest))  # a JPEG is decoded at a fraction of its size
        small = ImageOps.exif_transpose(image).convert("RGBA" if _has_alpha(image) else "RGB")
    small.thumbnail((longest, longest), Image.Resampling.LANCZOS)
    return _pack(small, limit_bytes)


def render(source: Source, page: int, width: int) -> bytes:
    """Return a page of a PDF as a JPEG of `width` pixels; `page` counts from 1."""
    return _pack(_draw(source, page, width).convert("RGB"), limit_bytes=PAGE_BYTES)[0]


def show_page(source: Source, page: int, width: int) -> tuple[bytes, str]:
    """Return a page of a PDF, or a picture, `width` pixels wide, small enough to be sent at once."""
    with source.open() as file:
        is_pdf = b"%PDF-" in file.read(1024)
    if is_pdf:
        return _pack_page(_draw(source, page, width))
    if page != 1:
        raise refusals.no_such_page(source.name, page)
    with open_picture(source) as image:
        image.draft("RGB", (width, width))
        shown = ImageOps.exif_transpose(image).convert("RGBA" if _has_alpha(image) else "RGB")
    shown.thumbnail((width, HEIGHT), Image.Resampling.LANCZOS)
    if shown.mode == "RGBA":
        shown = Image.alpha_composite(Image.new("RGBA", shown.size, "white"), shown).convert("RGB")
    return _pack_page(shown)


def _pack_page(image: Image.Image) -> tuple[bytes, str]:
    """Return a page of text as a PNG of few colours, which is small and sharp, and others as WebP."""
    grey = _grey_of(image)
    if grey and _is_drawn_on_paper(grey):
        return _pack_greys(grey), "image/png"
    last = (b"", "")
    for last in _forms(image.convert("RGB")):
        if len(last[0]) <= SHOWN_BYTES:
            break
    return last


def _forms(image: Image.Image) -> Iterator[tuple[bytes, str]]:
    """Yield a coloured page in ever smaller forms, with their types: what is drawn is blurred late."""
    is_drawn = image.getcolors(FEW_COLOURS) is not None
    if is_drawn:
        yield _save(_in_colours(image, DRAWN_COLOURS), "PNG", compress_level=QUICK), "image/png"
        yield from _without_loss(image, PALETTES[1:])
    for quality in SHOWN_QUALITIES:
        yield _save(image, "WEBP", quality=quality, method=2), "image/webp"
    if not is_drawn and _is_drawn_on_paper(image.convert("L")):  # text with a photograph in it
        yield from _without_loss(image, PALETTES)
    yield _save(image, "WEBP", quality=LAST_QUALITY, method=2), "image/webp"


def _without_loss(image: Image.Image, palettes: tuple[int, ...]) -> Iterator[tuple[bytes, str]]:
    for count in palettes:
        few = _in_colours(image, count).convert("RGB")
        yield _save(few, "WEBP", lossless=True, quality=20, method=1), "image/webp"


def _in_colours(image: Image.Image, count: int) -> Image.Image:
    return image.quantize(count, Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE)


def _pack_greys(grey: Image.Image) -> bytes:
    data = b""
    for steps, bits, level in GREYS:
        data = _save(_in_greys(grey, steps), "PNG", bits=bits, compress_level=level)
        if len(data) <= SHOWN_BYTES:
            break
    return data


def _grey_of(image: Image.Image) -> Image.Image | None:
    """Return a picture without colour as its greys; None where it has a colour."""
    red, green, blue = image.split()[:3]
    return red if red.tobytes() == green.tobytes() == blue.tobytes() else None


def _is_drawn_on_paper(grey: Image.Image) -> bool:
    """Tell whether most of a picture is of one lightness, as no photograph is."""
    shades = grey.histogram()
    return max(shades) >= PAPER_SHARE * sum(shades)


def _in_greys(grey: Image.Image, steps: int) -> Image.Image:
    """Return a picture in so many steps of grey, of which several are in a byte of a PNG."""
    last = steps - 1
    stepped = grey.point([round(value * last / 255) for value in range(256)])
    shown = Image.frombytes("P", grey.size, stepped.tobytes())
    shown.putpalette([round(255 * step / last) for step in range(steps) for _ in range(3)])
    return shown


def _draw(source: Source, page: int, width: int) -> Image.Image:
    """Return a page as RGBX."""
    try:
        sheet = _kept.get(source)[page - 1] if page > 0 else None
    except (pypdfium2.PdfiumError, IndexError) as error:
        if "assword" in str(error):
            raise refusals.locked(source.name, wrong=False) from error
        raise refusals.no_such_page(source.name, page) from error
    if sheet is None:
        raise refusals.no_such_page(source.name, page)
    scale = min(max(WIDTHS[0], min(width, WIDTHS[-1])) / sheet.get_width(), HEIGHT / sheet.get_height())
    # In this order of bytes Pillow takes the picture over as it is: a copy costs as much as the drawing.
    image: Image.Image = sheet.render(scale=scale, rev_byteorder=True, prefer_bgrx=True).to_pil()
    sheet.close()
    return image


def _open(source: Source) -> Any:
    document = pypdfium2.PdfDocument(source.path, password=source.password)
    document.init_forms()  # before a page is opened, or what fields hold is not drawn
    return document


_kept = KeptDocument(_open)


def open_picture(source: Source) -> Image.Image:
    """Return a picture, not decoded yet. Raises AttachmentError."""
    Image.MAX_IMAGE_PIXELS = PIXELS
    _add_heif(source)
    file = source.path if source.content is None else io.BytesIO(source.content)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            return Image.open(file, formats=tuple(MEDIA_TYPES))
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise refusals.too_many_pixels(source.name, PIXELS) from error
    except (OSError, SyntaxError, ValueError) as error:
        raise refusals.damaged(source.name, "picture") from error


def _add_heif(source: Source) -> None:
    """Let Pillow open HEIC, where the file is one: the library is loaded for it alone."""
    with source.open() as file:
        if file.read(12)[4:8] != b"ftyp":
            return
    import pillow_heif

    pillow_heif.register_heif_opener()


def _has_alpha(image: Image.Image) -> bool:
    return image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info


def _pack(image: Image.Image, limit_bytes: int) -> tuple[bytes, str]:
    if image.mode == "RGBA":
        data = _save(image, "PNG", optimize=True)
        if len(data) <= limit_bytes:
            return data, "image/png"
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image).convert("RGB")
    for quality in QUALITIES:
        data = _save(image, "JPEG", quality=quality)
        if len(data) <= limit_bytes:
            break
    return data, "image/jpeg"


def _save(image: Image.Image, kind: str, **options: int | bool) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()
