"""The page's components, by name. Knows neither how they are laid out nor what fills them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import gradio as gr
from gradio.components import Component

from chat.ui.settings_panel import SettingsPanel

# What the script starts -> the event of one component of Gradio's that stands for it (assets/page/visit.js).
# Such a component has events of all names; these have no further meaning to Gradio.
LANES: Mapping[str, str] = {
    "send": "submit",
    "show": "focus",
    "follow": "play",
    "stop": "stop",
    "list": "click",
    "search": "key_up",
    "fetch": "download",
    "drawer": "expand",
    "quiet": "apply",
    "file": "upload",
    "import": "copy",
    "look": "blur",
    "panel": "release",
}
LANES_ID = "lanes"  # of that component
Start = Callable[..., Any]  # a callback, its inputs and outputs, as Gradio's listeners take them


@dataclass(frozen=True)
class Components:
    """visit: what the script sends, never shown. uploads: paths of files that it uploaded.

    told, read, listed: what the script hears of the conversation, of files and words, and of the list. No
    browser makes them: each component that is made delays the page.
    """

    visit: gr.JSON
    uploads: gr.JSON
    told: gr.HTML
    read: gr.HTML
    listed: gr.HTML
    history: gr.Chatbot
    growing: gr.Chatbot
    composer: gr.MultimodalTextbox
    settings: SettingsPanel
    lanes: Mapping[str, Start]

    def shown(self) -> list[Component]:
        """What wiring.fill fills, in its order."""
        return [self.history, self.growing, self.told]
