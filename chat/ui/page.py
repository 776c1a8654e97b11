"""The page: its layout. create_page(engine) -> gr.Blocks; app.py mounts it. Which event calls what is in
wiring.

Knows no event and no visitor: what is worded in a visitor's language is filled in when the page is loaded.
"""

from __future__ import annotations

from typing import Any, cast

import gradio as gr

from chat.engine import Engine
from chat.settings import Settings
from chat.ui.callbacks import Callbacks
from chat.ui.client_api import add_named
from chat.ui.components import LANES, Components, TextComponents
from chat.ui.follower import Followers
from chat.ui.html import button, tag
from chat.ui.markdown.rendering import LATEX_DELIMITERS
from chat.ui.settings_panel import create_settings_panel
from chat.ui.sign_in import can_sign_in
from chat.ui.visits import QUERY_CHARACTERS_MAX
from chat.ui.wiring import wire

UPLOAD_CACHE_SECONDS = (600, 3600)  # how often, and how old: Gradio's own copies of uploads
BARE: dict[str, Any] = {"apply_default_css": False, "js_on_load": None}


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
    with gr.Sidebar(elem_id="sidebar", width="var(--list-width)"):
        top = _create_html("sidebar-top")
        search = gr.Textbox(
            elem_id="search", show_label=False, container=False, max_lines=1, max_length=QUERY_CHARACTERS_MAX
        )
        _create_place("conversations")
        bottom = _create_html("sidebar-bottom")
        if can_sign_in(owned):
            gr.LoginButton(icon=None, size="sm")
    settings = create_settings_panel(has_key=owned.visitor_keys and owned.has_endpoint)
    with gr.Column(elem_id="banners"):
        _create_place("download")
        _create_place("banner")
    with gr.Column(elem_id="conversation"):
        starters = _create_html("starters")
        earlier = _create_html("earlier")
        history = _create_chatbot("history")
        growing = _create_chatbot("growing")
    editing, composer = _lay_out_desk()
    return Components(
        visit=gr.JSON(visible=False),
        uploads=gr.JSON(visible=False),
        told=_create_ear("told"),
        read=_create_ear("read"),
        listed=_create_ear("listed"),
        history=history,
        growing=growing,
        composer=composer,
        search=search,
        drawer=_create_html("drawer"),
        settings=settings,
        dressing=TextComponents(top, bottom, starters, earlier, editing),
        lanes={lane: gr.Button(lane, elem_id=f"lane-{lane}", visible="hidden") for lane in LANES},
    )


def _lay_out_desk() -> tuple[gr.HTML, gr.MultimodalTextbox]:
    """Lay out the lower end of the page; return the note of an edited question, and the composer."""
    with gr.Column(elem_id="desk"):
        ends = [
            tag("button", type="button", cls=f"do do-{name} icon", data_do=name, data_lane="none")
            for name in ("end", "begin")  # to the newest message; a new conversation, on a phone
        ]
        gr.HTML("".join(ends), **BARE)
        editing = _create_html("editing")
        announcer = tag("div", id="announcer", role="status", aria_live="polite")
        _create_place("deleted")
        gr.HTML(tag("div", data_place="line") + tag("div", data_place="notice"), elem_id="notice", **BARE)
        gr.HTML(tag("div", id="queue") + tag("div", id="files") + announcer, **BARE)
        composer = _create_composer()
        model = button("model", "", lane="none", icon=False, hidden=True)
        gr.HTML(tag("span", data_place="gauge") + model, elem_id="gauge", **BARE)
    return editing, composer


def _create_html(name: str) -> gr.HTML:
    return gr.HTML(elem_id=name, **BARE)


def _create_place(name: str) -> None:
    """A place that the script fills with HTML of ours: one output fewer for each event."""
    gr.HTML(tag("div", data_place=name), elem_id=name, **BARE)


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


def _create_ear(name: str) -> gr.HTML:
    """What the server tells the script: the value of a component that is never seen."""
    return gr.HTML(
        value="", html_template="", js_on_load="xiaojia.connect(props, watch)", elem_id=name, visible="hidden"
    )
