"""Pages as the viewer shows them: small, sharp, and as they are drawn."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from PIL import Image, ImageFilter

from chat.extraction import pictures
from chat.extraction.source import Source
from tests.pdf_files import pdf, show

DENSE = [
    f"{line}: the reservoir holds {line * 7919} litres of water, and {line * 104729} more."
    for line in range(46)
]


def draw(folder: Path, *content: bytes | str) -> tuple[Image.Image, int]:
    path = folder / "stored"
    path.write_bytes(pdf(*content))
    data, media_type = pictures.show_page(Source(path, "a.pdf"), 1, 1_200)
    pictures._kept.close()
    image = Image.open(io.BytesIO(data))
    assert media_type == f"image/{str(image.format).lower()}"
    return image, len(data)


def test_a_page_of_dense_text_is_a_sharp_png_within_the_limit(tmp_path: Path) -> None:
    image, size = draw(tmp_path, show(*DENSE))
    assert (image.format, image.size) == ("PNG", (1_200, 1_553))
    assert len(set(image.convert("L").tobytes())) > 8
    assert size < pictures.SHOWN_BYTES


@pytest.mark.parametrize(
    ("colour", "shown"), [("1 0 0", (255, 0, 0)), ("0 0 1", (0, 0, 255)), ("0.4 0.4 0.4", (102, 102, 102))]
)
def test_a_page_keeps_its_colours(tmp_path: Path, colour: str, shown: tuple[int, int, int]) -> None:
    image, _ = draw(tmp_path, f"{colour} rg 72 700 200 40 re f")
    corner = image.convert("RGB").getpixel((2 * 150, 2 * 70))
    assert isinstance(corner, tuple)
    assert all(abs(one - other) < 12 for one, other in zip(corner, shown, strict=True)), corner


def test_dense_text_in_colours_is_sharp_within_the_limit(tmp_path: Path) -> None:
    lines = [" ".join(f"{line * at % 997}." for at in range(1, 26)) for line in range(1, 62)]
    text = " ".join(f"{line % 2} 0 0.7 rg ({text}) Tj T*" for line, text in enumerate(lines))
    image, size = draw(tmp_path, f"BT /F1 9 Tf 40 760 Td 11 TL {text} ET")
    assert image.format == "WEBP"
    assert size <= pictures.SHOWN_BYTES
    red, _, blue = image.convert("RGB").split()
    colours = set(zip(red.tobytes(), blue.tobytes(), strict=True))
    assert len(colours) <= max(pictures.PALETTES)  # not blurred
    inks = {one > 128 for one, other in colours if 128 < other < 230}
    assert inks == {True, False}  # of the red words, and of the blue ones


def test_a_photograph_of_much_detail_is_within_the_limit(tmp_path: Path) -> None:
    grain = Image.effect_noise((1_200, 1_700), 90).filter(ImageFilter.GaussianBlur(1))
    turned = grain.transpose(Image.Transpose.ROTATE_180)
    Image.merge("RGB", [grain, turned, grain.point(lambda value: value // 2)]).save(tmp_path / "a.png")
    data, media_type = pictures.show_page(Source(tmp_path / "a.png", "a.png"), 1, 1_200)
    assert (media_type, len(data) <= pictures.SHOWN_BYTES) == ("image/webp", True)
