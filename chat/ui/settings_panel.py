"""What a visitor may choose for its turns: components, their words, and the presets.

The browser remembers it (the script, localStorage) and sends it along with each event; visits.read_options
checks it. The model is chosen elsewhere (assets/page/models.js). Knows no engine and no event.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import gradio as gr
from gradio.components import Component

from chat.turns.turn import Options
from chat.ui.html import button, plain, tag
from chat.ui.page_texts import export_all
from chat.ui.texts import text

NAMES = ("system_prompt", "temperature", "max_tokens", "file_characters")
PRESETS = ("brief", "translator", "teacher", "programmer")
# Of the fields, which name them. What visits.read_options accepts is wider.
BOUNDS = {"temperature": (0, 2), "max_tokens": (50, 100_000), "file_characters": (1_000, 1_000_000)}
PROMPT_SHOWN_CHARACTERS = 160
HTML: dict[str, Any] = {"apply_default_css": False, "js_on_load": None}
# Of each component: what is not visible inside of something that is not is loaded, too.
UNSEEN: dict[str, Any] = {"visible": False}
KEYS = {
    "new": "Ctrl Shift O",
    "search": "Ctrl K",
    "write": "Shift Esc",
    "edit": "↑",
    "close": "Esc",
}


@dataclass(frozen=True)
class SettingsPanel:
    """content: all that is in it, which no browser loads and makes before the panel is opened.

    has_key: whether visitors may bring their own.
    """

    content: gr.Column
    has_key: bool
    heading: gr.HTML
    keys: gr.HTML
    preset: gr.Dropdown
    system_prompt: gr.Textbox
    temperature: gr.Number
    max_tokens: gr.Number
    file_characters: gr.Number
    key: gr.Textbox
    reset: gr.Button

    def chosen(self) -> list[Component]:
        """The components that hold the options, in the order of NAMES."""
        return [getattr(self, name) for name in NAMES]

    def worded(self) -> list[Component]:
        """What `word_panel` fills, in its order."""
        return [self.heading, self.keys, *self.chosen(), self.preset, self.reset, self.key]


def create_settings_panel(*, has_key: bool = False) -> SettingsPanel:
    """Lay the panel out where it is called. has_key: visitors may bring their own key."""
    with gr.Column(elem_id="settings-content", visible=False) as content:
        return _lay_out(content, has_key)


def _lay_out(content: gr.Column, has_key: bool) -> SettingsPanel:
    return SettingsPanel(
        content=content,
        has_key=has_key,
        heading=gr.HTML(elem_id="settings-top", **HTML, **UNSEEN),
        preset=gr.Dropdown(elem_id="preset", filterable=False, **UNSEEN),
        system_prompt=gr.Textbox(elem_id="system-prompt", lines=4, max_lines=12, **UNSEEN),
        temperature=_create_number("temperature", step=0.1),
        max_tokens=_create_number("max_tokens", precision=0),
        file_characters=_create_number("file_characters", precision=0),
        key=gr.Textbox(elem_id="own-key", type="password", max_lines=1, **UNSEEN),
        reset=gr.Button(elem_id="reset", size="sm", variant="secondary", **UNSEEN),
        keys=gr.HTML(elem_id="keys", **HTML, **UNSEEN),
    )


def _create_number(name: str, **more: Any) -> gr.Number:
    low, high = BOUNDS[name]
    bounds: dict[str, Any] = {"value": None, "minimum": low, "maximum": high}
    return gr.Number(elem_id=name.replace("_", "-"), **bounds, **UNSEEN, **more)


def word_panel(
    language: str, options: Options, defaults: Mapping[str, object], *, has_key: bool
) -> list[Any]:
    """Return the updates of `worded` that show the panel in the visitor's language, with its choices.

    defaults: what holds where a field is empty, by name; a missing one is left to the model.
    """
    updates: list[Any] = [_show(value=_heading(language)), _show(value=_own_data(language) + _keys(language))]
    updates += [
        _word(
            language, name, value=getattr(options, name), placeholder=_name_default(language, name, defaults)
        )
        for name in NAMES
    ]
    names = [(text(language, f"preset.{preset}"), preset) for preset in ("none", *PRESETS)]
    updates.append(_word(language, "preset", choices=names, value="none"))
    updates.append(_show(value=text(language, "settings.reset")))
    updates.append(_word(language, "key") if has_key else gr.skip())
    return updates


def _heading(language: str) -> str:
    """Return the title of the settings, and where they hold."""
    return tag("h2", plain(text(language, "settings.label"))) + tag(
        "p", plain(text(language, "settings.intro"))
    )


def _own_data(language: str) -> str:
    """Return what a visitor can do with all that is kept of them."""
    delete = button("delete-all", text(language, "own.delete"), icon=False)
    return tag(
        "section",
        tag("h3", plain(text(language, "own.label"))),
        tag("p", plain(text(language, "own.hint"))),
        tag("div", export_all(language), delete, cls="row"),
        cls="own",
    )


def _keys(language: str) -> str:
    """Return what assets/page/keys.js does, as a list."""
    rows = [
        tag("dt", plain(text(language, f"keys.{name}")))
        + tag("dd", *(tag("kbd", plain(key)) for key in keys.split()))
        for name, keys in KEYS.items()
    ]
    return tag("section", tag("h3", plain(text(language, "keys.label"))), tag("dl", *rows), cls="shortcuts")


def _word(language: str, name: str, **more: Any) -> dict[str, Any]:
    """Return the update of a field: its label, and a sentence that says what it does."""
    low, high = BOUNDS.get(name, (0, 0))
    info = text(language, f"settings.{name}.help", low=low, high=high)
    return _show(label=text(language, f"settings.{name}"), info=info, **more)


def _show(**more: Any) -> dict[str, Any]:
    return dict(gr.update(visible=True, **more))


def _name_default(language: str, name: str, defaults: Mapping[str, object]) -> str:
    default = defaults.get(name)
    if default is None:
        return text(language, "settings.default.model")
    if isinstance(default, str):
        shown = default[:PROMPT_SHOWN_CHARACTERS]
        return shown + "…" if shown != default else shown
    return text(language, "settings.default.number", value=default)


def prompt_of(preset: str, language: str) -> str:
    """Return a preset's system prompt; empty for the owner's own."""
    return text(language, f"preset.{preset}.prompt") if preset in PRESETS else ""


def reset_values() -> list[Any]:
    """Return the values of `chosen` that leave everything to the owner, and that of the preset."""
    return ["", None, None, None, "none"]
