"""The page: its layout. create_page(engine) -> gr.Blocks; app.py mounts it. Which event calls what is in
wiring.

Knows no event and no visitor: what is worded in a visitor's language is filled in when the page is loaded.
"""

from __future__ import annotations

import json
from typing import cast

import gradio as gr

from chat.engine import Engine
from chat.settings import Settings
from chat.ui.callbacks import Callbacks
from chat.ui.client_api import add_named
from chat.ui.components import LANES, LANES_ID, Components
from chat.ui.follower import Followers
from chat.ui.html import button, tag
from chat.ui.markdown.rendering import LATEX_DELIMITERS
from chat.ui.settings_panel import create_settings_panel
from chat.ui.sign_in import can_sign_in
from chat.ui.visits import QUERY_CHARACTERS_MAX
from chat.ui.wiring import wire

UPLOAD_CACHE_SECONDS = (600, 3600)  # how often, and how old: Gradio's own copies of uploads


def create_page(engine: Engine) -> gr.Blocks:
    """Return the page over an engine. Nothing of a visitor is kept in it."""
    with gr.Blocks(
        title=engine.settings.assistant_name,
        fill_width=True,
        analytics_enabled=False,
        delete_cache=UPLOAD_CACHE_SECONDS,
    ) as page:
        parts = _lay_out(engine.settings)
        wire(page, parts, Callbacks(engine, Followers()))
        add_named(engine)
    return cast(gr.Blocks, page)


def _lay_out(owned: Settings) -> Components:
    """Lay out the page. Browsers need long for each component: one has all HTML of ours."""
    starting = f"xiaojia.connect(trigger, {json.dumps(LANES)})"
    sender = gr.HTML(_html(), elem_id=LANES_ID, apply_default_css=False, js_on_load=starting)
    if can_sign_in(owned):
        gr.LoginButton(icon=None, size="sm", elem_id="login")
    with gr.Column(elem_id="conversation"):
        history = _create_chatbot("history")
        growing = _create_chatbot("growing")
    with gr.Column(elem_id="desk"):
        composer = _create_composer()
    settings = create_settings_panel(has_key=owned.visitor_keys and owned.has_endpoint)
    return Components(
        visit=gr.JSON(visible=False),
        uploads=gr.JSON(visible=False),
        told=gr.HTML(visible=False),
        read=gr.HTML(visible=False),
        listed=gr.HTML(visible=False),
        history=history,
        growing=growing,
        composer=composer,
        settings=settings,
        lanes={lane: getattr(sender, event) for lane, event in LANES.items()},
    )


def _place(name: str) -> str:
    """Return an element that the script fills with HTML of ours: no output of any event."""
    return tag("div", id=name, data_place=name)


def _html() -> str:
    """Return the frame, and the parts that the script moves (assets/page/buttons.js: MOVED)."""
    beginning = tag("div", _place("starters") + _place("earlier"), id="beginning")
    return _frame() + beginning + tag("div", _above_composer(), id="above") + _below_composer()


def _frame() -> str:
    """Return the lists beside the conversation, and what stands above it."""
    toggle = tag("button", type="button", cls="toggle-button", data_do="toggle", data_lane="none")
    content = tag("div", _list(), cls="sidebar-content")
    return "".join(
        [
            tag("div", toggle, content, id="sidebar", cls="sidebar open"),
            tag("div", toggle, tag("div", cls="sidebar-content"), id="settings", cls="sidebar"),
            tag("div", _place("download"), _place("banner"), id="banners"),
        ]
    )


def _list() -> str:
    box = tag("input", type="text", autocomplete="off", maxlength=QUERY_CHARACTERS_MAX)
    search = tag("div", box.removesuffix("</input>"), id="search", role="search")
    return _place("sidebar-top") + search + _place("conversations") + _place("sidebar-bottom")


def _above_composer() -> str:
    ends = [
        tag("button", type="button", cls=f"do do-{name} icon", data_do=name, data_lane="none")
        for name in ("end", "begin")  # to the newest message; a new conversation, on a phone
    ]
    announcer = tag("div", id="announcer", role="status", aria_live="polite")
    return "".join(
        [
            *ends,
            _place("editing"),
            _place("deleted"),
            tag("div", tag("div", data_place="line"), tag("div", data_place="notice"), id="notice"),
            tag("div", tag("div", id="queue"), tag("div", id="files"), announcer),
        ]
    )


def _below_composer() -> str:
    model = button("model", "", lane="none", icon=False, hidden=True)
    gauge = tag("div", tag("span", data_place="gauge"), model, id="gauge")
    return tag("div", gauge + _place("drawer"), id="below")


def _create_chatbot(name: str) -> gr.Chatbot:
    """One of the two that are styled as one: what was said, and the turn that grows."""
    return gr.Chatbot(
        elem_id=name,
        show_label=False,
        container=False,
        buttons=[],
        autoscroll=False,
        latex_delimiters=[dict(pair) for pair in LATEX_DELIMITERS],
        height=None,
        min_height=None,
    )


def _create_composer() -> gr.MultimodalTextbox:
    return gr.MultimodalTextbox(
        elem_id="composer",
        show_label=False,
        container=False,
        file_count="multiple",
        max_lines=10,
        autofocus=True,
        interactive=True,  # no event has it as an input: the script sends what is in it
        stop_btn=True,  # which of the two buttons is there is the style's: layout.css
    )
