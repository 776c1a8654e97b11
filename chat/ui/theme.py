"""The page's colours and type as a Gradio theme. What a theme cannot say is in assets/style.css.

System fonts alone, so that nothing is fetched; each stack ends in a family that has Chinese. A warm
paper, an ink and one green; every pair that carries text has a contrast of 4.5:1 or more, light and dark:
a test computes it.
"""

from __future__ import annotations

from gradio.themes import Base
from gradio.themes.utils.colors import Color
from gradio.themes.utils.sizes import Size

SANS = (
    "ui-sans-serif",
    "system-ui",
    "-apple-system",
    "Segoe UI",
    "Roboto",
    "PingFang SC",
    "HarmonyOS Sans SC",
    "MiSans",
    "Hiragino Sans GB",
    "Microsoft YaHei",
    "Noto Sans CJK SC",
    "Noto Sans SC",
    "Source Han Sans SC",
    "WenQuanYi Micro Hei",
    "sans-serif",
    "Apple Color Emoji",
    "Segoe UI Emoji",
    "Noto Color Emoji",
)
MONO = (
    "ui-monospace",
    "SFMono-Regular",
    "Cascadia Mono",
    "Consolas",
    "Liberation Mono",
    "Noto Sans Mono CJK SC",
    "monospace",
)
GREEN = Color(
    "#effaf5", "#d8f2e6", "#b3e4cf", "#82cfb1", "#4fb38f", "#2a9676",
    "#17795e", "#11624d", "#104e3f", "#0d4035", "#06251f", name="green",
)  # fmt: skip
PAPER = Color(
    "#fbfaf8", "#f4f2ee", "#e7e4de", "#d3cfc7", "#a5a098", "#7a756d",
    "#5d5952", "#47443f", "#2e2c29", "#201f1d", "#161514", name="paper",
)  # fmt: skip
TEXT = Size("0.6875rem", "0.75rem", "0.8125rem", "0.9375rem", "1.0625rem", "1.25rem", "1.5rem", name="page")
SURFACES = {
    "body_background_fill": "*neutral_50",
    "body_background_fill_dark": "*neutral_950",
    "body_text_color": "*neutral_900",
    "body_text_color_dark": "*neutral_100",
    "body_text_color_subdued": "*neutral_600",
    "body_text_color_subdued_dark": "*neutral_400",
    "background_fill_primary": "#ffffff",
    "background_fill_primary_dark": "*neutral_900",
    "background_fill_secondary": "*neutral_100",
    "background_fill_secondary_dark": "*neutral_800",
    "border_color_primary": "*neutral_200",
    "border_color_primary_dark": "*neutral_700",
    "border_color_accent_subdued": "*neutral_200",
    "border_color_accent_subdued_dark": "*neutral_700",
    "color_accent": "*primary_600",
    "color_accent_soft": "*primary_100",
    "color_accent_soft_dark": "*primary_900",
    "link_text_color": "*primary_700",
    "link_text_color_dark": "*primary_300",
    "link_text_color_hover": "*primary_800",
    "link_text_color_hover_dark": "*primary_200",
    "link_text_color_visited": "*primary_700",
    "link_text_color_visited_dark": "*primary_300",
    "link_text_color_active": "*primary_800",
    "link_text_color_active_dark": "*primary_200",
    "code_background_fill": "*neutral_100",
    "code_background_fill_dark": "*neutral_800",
    "shadow_drop": "none",
    "shadow_drop_lg": "0 6px 24px rgb(32 31 29 / 0.12)",
    "block_background_fill": "transparent",
    "block_background_fill_dark": "transparent",
    "block_border_width": "0px",
    "block_border_width_dark": "0px",
    "block_shadow": "none",
    "block_shadow_dark": "none",
    "block_label_text_color": "*neutral_600",
    "block_label_text_color_dark": "*neutral_400",
    "block_title_text_color": "*neutral_800",
    "block_title_text_color_dark": "*neutral_200",
    "block_info_text_color": "*neutral_600",
    "block_info_text_color_dark": "*neutral_400",
    "panel_background_fill": "*neutral_100",
    "panel_background_fill_dark": "*neutral_900",
    "chatbot_text_size": "*text_md",
}
CONTROLS = {
    "input_background_fill": "#ffffff",
    "input_background_fill_dark": "*neutral_900",
    "input_background_fill_focus": "#ffffff",
    "input_background_fill_focus_dark": "*neutral_900",
    "input_border_color": "*neutral_500",
    "input_border_color_dark": "*neutral_500",
    "input_border_color_focus": "*primary_600",
    "input_border_color_focus_dark": "*primary_400",
    "input_placeholder_color": "*neutral_600",
    "input_placeholder_color_dark": "*neutral_400",
    "input_shadow": "none",
    "input_shadow_focus": "none",
    "button_primary_background_fill": "*primary_600",
    "button_primary_background_fill_dark": "*primary_600",
    "button_primary_background_fill_hover": "*primary_700",
    "button_primary_background_fill_hover_dark": "*primary_700",
    "button_primary_text_color": "#ffffff",
    "button_primary_text_color_dark": "#ffffff",
    "button_secondary_background_fill": "*neutral_100",
    "button_secondary_background_fill_dark": "*neutral_800",
    "button_secondary_background_fill_hover": "*neutral_200",
    "button_secondary_background_fill_hover_dark": "*neutral_700",
    "button_secondary_text_color": "*neutral_800",
    "button_secondary_text_color_dark": "*neutral_100",
    "button_transition": "background-color 0.12s ease",
    "slider_color": "*primary_600",
    "slider_color_dark": "*primary_400",
    "checkbox_background_color_selected": "*primary_600",
    "checkbox_background_color_selected_dark": "*primary_600",
    "error_background_fill": "#fdf1ee",
    "error_background_fill_dark": "#3a1d17",
    "error_border_color": "#d9a493",
    "error_border_color_dark": "#7d4030",
    "error_text_color": "#8c2f16",
    "error_text_color_dark": "#f5b8a5",
    "error_icon_color": "#8c2f16",
    "error_icon_color_dark": "#f5b8a5",
}


def create_theme() -> Base:
    """Return the theme of the page."""
    theme = Base(
        primary_hue=GREEN,
        secondary_hue=GREEN,
        neutral_hue=PAPER,
        text_size=TEXT,
        font=SANS,
        font_mono=MONO,
    )
    theme.name = "xiaojia"
    return theme.set(**SURFACES, **CONTROLS)
