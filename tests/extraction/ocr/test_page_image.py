"""Pages as pixels: skew, turns, rules, and boxes on the page as it is shown."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageChops, ImageDraw

from chat.errors import UnreadableFile
from chat.extraction.ocr.drawn_rules import find_rules, without_rules
from chat.extraction.ocr.page_image import PageImage, even_light, find_skew, has_light_letters, load
from chat.extraction.source import Source


def page_of_bars(skew: float = 0.0, shade: int = 20) -> Image.Image:
    """Return a page whose lines are dark bars, turned to the right by `skew` degrees."""
    image = Image.new("L", (1200, 1600), 255)
    draw = ImageDraw.Draw(image)
    for row in range(200, 1400, 50):
        for left in range(150, 1000, 90):
            draw.rectangle((left, row, left + 70, row + 18), fill=shade)
    return image.rotate(-skew, fillcolor=255)


@pytest.mark.parametrize("skew", [2.0, -3.5])
def test_the_skew_of_a_page_is_found(skew: float) -> None:
    assert find_skew(np.asarray(page_of_bars(skew))) == pytest.approx(skew, abs=0.15)


@pytest.mark.parametrize(("degrees", "skew"), [(0, 0.0), (90, 2.0), (180, 2.0), (270, 0.0)])
def test_a_box_on_a_righted_page_is_told_where_it_stands_on_the_page_as_it_is_shown(
    degrees: int, skew: float
) -> None:
    image = page_of_bars(shade=140)
    ImageDraw.Draw(image).rectangle((100, 60, 260, 100), fill=0)  # the mark
    shown = np.asarray(image.rotate(-skew, fillcolor=255).rotate(-degrees, expand=True))
    dark = np.argwhere(shown < 60)
    page = (
        PageImage(np.ascontiguousarray(shown), 200, shown.shape[1], shown.shape[0])
        .turned(degrees)
        .straightened()
    )
    assert page.grey.shape == (1600, 1200)
    mark = np.argwhere(page.grey < 60)
    top, left = mark.min(axis=0)
    bottom, right = mark.max(axis=0)
    box = page.on_page(left, top, right, bottom)
    middle = ((box[0] + box[2]) / 2 * shown.shape[1], (box[1] + box[3]) / 2 * shown.shape[0])
    there = (dark.min(axis=0) + dark.max(axis=0)) / 2
    assert middle == pytest.approx((there[1], there[0]), abs=12)


def test_rules_are_found_and_painted_over_and_letters_and_surfaces_are_not() -> None:
    image = Image.new("L", (1000, 800), 250)
    draw = ImageDraw.Draw(image)
    for y in (100, 200, 300):
        draw.line((100, y, 900, y), fill=30, width=2)
    draw.line((100, 100, 100, 300), fill=30, width=3)
    draw.rectangle((100, 500, 700, 600), fill=30)  # a surface
    draw.rectangle((300, 140, 340, 143), fill=0)  # a dash
    grey = np.asarray(image)
    rules = find_rules(grey, 200)
    in_grid = [rule for rule in rules.across if rule.at < 400]
    assert [rule.at for rule in in_grid] == pytest.approx([100.5, 200.5, 300.5], abs=1)
    assert all(abs(rule.start - 100) < 8 and abs(rule.end - 900) < 8 for rule in in_grid)
    assert [round(rule.at) for rule in rules.down if rule.end < 400] == [100]
    clean = without_rules(grey, rules, 200)
    assert clean[200, 150:890].min() > 200
    assert clean[141, 320] == 0


def test_a_page_of_a_picture_with_several_is_loaded_and_one_that_is_not_there_is_refused(
    tmp_path: Path,
) -> None:
    path = tmp_path / "fax.tif"
    frames = [Image.new("L", (900, height), "white") for height in (1200, 1000)]
    frames[0].save(path, save_all=True, append_images=frames[1:])
    assert load(Source(path, "fax.tif"), 2).height == 2000
    with pytest.raises(UnreadableFile, match="Page 3"):
        load(Source(path, "fax.tif"), 3)


def test_a_page_in_uneven_light_has_white_paper_and_black_letters() -> None:
    page = Image.new("L", (1600, 1600), 255)
    draw = ImageDraw.Draw(page)
    for top in range(100, 1500, 50):
        draw.rectangle((100, top, 1500, top + 8), fill=40)
    light = (
        Image.linear_gradient("L").resize(page.size).point([90 + value * 165 // 255 for value in range(256)])
    )
    even = even_light(np.asarray(ImageChops.multiply(page, light)))
    assert even[130::50, 100:1500].min() > 235
    assert even[104:1500:50, 110:1490].max() < 60


@pytest.mark.parametrize(("ground", "letters", "has"), [(40, 240, True), (110, 255, True), (100, 20, False)])
def test_light_letters_on_a_dark_surface_are_told_from_dark_ones_in_shadow(
    ground: int, letters: int, has: bool
) -> None:
    page = page_of_bars()
    draw = ImageDraw.Draw(page)
    draw.rectangle((150, 600, 1100, 900), fill=ground)
    for left in range(200, 1000, 12):
        draw.rectangle((left, 650, left + 4, 680), fill=letters)
    assert has_light_letters(np.asarray(page)) is has


def test_paper_without_ink_stays_white() -> None:
    noisy = np.random.default_rng(1).integers(225, 245, (800, 800)).astype(np.uint8)
    assert np.percentile(even_light(noisy), 5) > 200
