"""What a visitor may choose for his turns: components, their words, and the presets.

The browser remembers it (the script, localStorage) and sends it along with each event; visits.read_options
checks it. Knows no engine and no event.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import gradio as gr
from gradio.components import Component

from chat.turns.turn import Options
from chat.ui.texts import text

AUTOMATIC = ""  # the default model; for files, while only the demo model is there, the quotes first
NAMES = ("model", "system_prompt", "temperature", "max_tokens", "file_characters")
PRESETS = ("brief", "translator", "teacher", "programmer")


@dataclass(frozen=True)
class SettingsPanel:
    model: gr.Dropdown
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
        return [*self.chosen(), self.preset, self.reset, self.key]


def create_settings_panel(*, has_key: bool = False) -> SettingsPanel:
    """Lay the panel out where it is called. has_key: visitors may bring their own key."""
    return SettingsPanel(
        model=gr.Dropdown(elem_id="model", allow_custom_value=True),
        preset=gr.Dropdown(elem_id="preset"),
        system_prompt=gr.Textbox(elem_id="system-prompt", lines=4, max_lines=12),
        temperature=gr.Number(elem_id="temperature", value=None, minimum=0, maximum=2, step=0.1),
        max_tokens=gr.Number(elem_id="max-tokens", value=None, minimum=1, precision=0),
        file_characters=gr.Number(elem_id="file-characters", value=None, minimum=200, precision=0),
        key=gr.Textbox(elem_id="own-key", type="password", max_lines=1, visible=has_key),
        reset=gr.Button(size="sm", variant="secondary"),
    )


def word_panel(language: str, models: Sequence[str], options: Options) -> list[dict[str, Any]]:
    """Return the updates that put the visitor's language and choices into the panel."""
    named = {name: getattr(options, name) for name in NAMES}
    model = options.model if options.model in models else AUTOMATIC
    updates = []
    for name, value in named.items():
        update: dict[str, Any] = {"label": text(language, f"settings.{name}"), "value": value}
        if name == "model":
            automatic = text(language, "settings.automatic", model=models[0] if models else "")
            choices = [(automatic, AUTOMATIC), *((choice, choice) for choice in models)]
            update |= {"choices": choices, "value": model}
        elif name == "system_prompt":
            update |= {"placeholder": text(language, "settings.default")}
        else:
            update |= {"placeholder": text(language, "settings.default")}
        updates.append(gr.update(**update))
    names = [(text(language, f"preset.{preset}"), preset) for preset in ("none", *PRESETS)]
    updates.append(gr.update(label=text(language, "settings.preset"), choices=names, value="none"))
    updates.append(gr.update(value=text(language, "settings.reset")))
    updates.append(gr.update(label=text(language, "settings.key")))
    return updates


def prompt_of(preset: str, language: str) -> str:
    """Return a preset's system prompt; empty for the owner's own."""
    return text(language, f"preset.{preset}.prompt") if preset in PRESETS else ""


def reset_values() -> Mapping[str, Any]:
    """Return the values that leave everything to the owner."""
    return {
        "model": None,
        "system_prompt": "",
        "temperature": None,
        "max_tokens": None,
        "file_characters": None,
    }
