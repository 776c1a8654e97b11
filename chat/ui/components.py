"""The page's components, by name. Knows neither how they are laid out nor what fills them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields

import gradio as gr
from gradio.components import Component

from chat.ui.settings_panel import SettingsPanel

# Hidden buttons through which the script starts events: one for each set of components that one may change.
LANES = ("send", "show", "follow", "stop", "list", "fetch", "drawer", "quiet", "file", "import", "look")


@dataclass(frozen=True)
class TextComponents:
    """Components that hold only words: filled once, in the visitor's language."""

    top: gr.HTML
    bottom: gr.HTML
    starters: gr.HTML
    earlier: gr.HTML
    editing: gr.HTML

    def listed(self) -> list[Component]:
        return [getattr(self, item.name) for item in fields(self)]


@dataclass(frozen=True)
class Components:
    """visit: what the script sends, never shown. uploads: paths of files that it uploaded.

    told, read, listed: what the script hears of the conversation, of files and words, and of the list. Apart,
    since of two things that are said at once in one place only the last is heard.
    """

    visit: gr.JSON
    uploads: gr.JSON
    told: gr.HTML
    read: gr.HTML
    listed: gr.HTML
    history: gr.Chatbot
    growing: gr.Chatbot
    composer: gr.MultimodalTextbox
    search: gr.Textbox
    drawer: gr.HTML
    settings: SettingsPanel
    dressing: TextComponents
    lanes: Mapping[str, gr.Button]

    def shown(self) -> list[Component]:
        """What wiring.fill fills, in its order."""
        return [self.history, self.growing, self.told]
