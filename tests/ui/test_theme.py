"""The theme: text can be read on every surface, light and dark, and nothing is fetched."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from chat.ui.theme import create_theme

ASSETS = Path(__file__).parents[2] / "assets"
CONTRAST_MIN = 4.5  # WCAG 2.2, 1.4.3, for text of any size
CONTROL_MIN = 3.0  # 1.4.11, for what shows where a control is
SURFACES = (
    "body_background_fill",
    "background_fill_primary",
    "background_fill_secondary",
    "input_background_fill",
)
INKS = ("body_text_color", "body_text_color_subdued", "link_text_color", "input_placeholder_color")
PAIRS = [
    *((ink, surface) for ink in INKS for surface in SURFACES),
    ("body_text_color", "color_accent_soft"),
    ("body_text_color", "code_background_fill"),
    ("button_primary_text_color", "button_primary_background_fill"),
    ("button_primary_text_color", "button_primary_background_fill_hover"),
    ("button_secondary_text_color", "button_secondary_background_fill"),
    ("button_secondary_text_color", "button_secondary_background_fill_hover"),
    ("error_text_color", "error_background_fill"),
    ("block_info_text_color", "body_background_fill"),
]


def colour(name: str, *, dark: bool) -> str:
    """Return the colour that the theme gives a variable, as #rrggbb."""
    theme = create_theme()
    value = getattr(theme, f"{name}_dark" if dark else name, None) or getattr(theme, name)
    while value.startswith("*"):
        inner = value[1:]
        value = (getattr(theme, f"{inner}_dark", None) if dark else None) or getattr(theme, inner)
    named = {"white": "#ffffff", "black": "#000000"}
    return str(named.get(value, value))


def contrast(one: str, other: str) -> float:
    """WCAG's ratio of the luminances of two colours."""
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def luminance(value: str) -> float:
    assert re.fullmatch("#[0-9a-f]{6}", value), value
    parts = [int(value[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("dark", [False, True])
def test_every_text_can_be_read_where_it_stands(dark: bool) -> None:
    ratios = {pair: contrast(colour(pair[0], dark=dark), colour(pair[1], dark=dark)) for pair in PAIRS}
    assert {pair: round(ratio, 2) for pair, ratio in ratios.items() if ratio < CONTRAST_MIN} == {}


@pytest.mark.parametrize("dark", [False, True])
def test_borders_of_inputs_can_be_seen(dark: bool) -> None:
    border, surface = colour("input_border_color", dark=dark), colour("input_background_fill", dark=dark)
    assert contrast(border, surface) >= CONTROL_MIN


@pytest.mark.parametrize("dark", [False, True])
def test_colours_of_code_can_be_read(dark: bool) -> None:
    style = (ASSETS / "style.css").read_text(encoding="utf-8")
    rule = r"^(\.dark )?\.message-content \.md \.token:is\([^)]*\) \{ color: (#[0-9a-f]{6})"
    found = [value for is_dark, value in re.findall(rule, style, re.MULTILINE) if bool(is_dark) is dark]
    surface = colour("code_background_fill", dark=dark)
    assert len(found) == 5
    assert {
        value: contrast(value, surface) for value in found if contrast(value, surface) < CONTRAST_MIN
    } == {}


def test_nothing_is_fetched_for_the_look() -> None:
    theme = create_theme()
    assert (theme._stylesheets, theme._font_css) == ([], [])
    for path in (*ASSETS.glob("*.css"), *ASSETS.glob("*.svg")):
        addresses = re.findall(
            r"(?:url\(|@import|src=|href=)\s*[\"']?(?!data:)([^\"')\s]+)", path.read_text(encoding="utf-8")
        )
        assert (path.name, addresses) == (path.name, [])
