"""Which event of the page calls what, and how what is shown gets into components.

Every event runs as many times at once as it is asked for, is private in Gradio's API, and sends the script's
visit along as its first input. Nothing depends on the end of a callback: a closed tab ends it whenever it
likes.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Sequence
from contextlib import aclosing
from typing import Any

import gradio as gr
import orjson

from chat.engine import Engine
from chat.errors import ChatError
from chat.ids import new_id
from chat.request_id import REQUEST_ID
from chat.ui import answer_actions, drawer, page_texts, sidebar, uploads
from chat.ui.callbacks import Callbacks, Showing, Shown
from chat.ui.components import Components
from chat.ui.settings_panel import NAMES, prompt_of, reset_values, word_panel
from chat.ui.sign_in import key_of, request_id_of, signed_in
from chat.ui.view import Reader
from chat.ui.visits import Visit, read_paths, read_visit

PRIVATE: dict[str, Any] = {
    "concurrency_limit": None,
    "show_progress": "hidden",
    "trigger_mode": "multiple",
    "api_visibility": "private",
}
SKIP = gr.skip()
# Between two looks for a model: as a rule, while the endpoint is down, and while a model is being downloaded.
LOOK_SECONDS, AWAY_SECONDS, NEAR_SECONDS = 20, 5, 1
Wiring = dict[str, Any]
Row = list[Any]


def wire(page: gr.Blocks, parts: Components, callbacks: Callbacks) -> None:
    """Connect the page's events. Called once, inside the page's context.

    An event's state is shown on one small part that nobody sees: the browser copies each part that shows it,
    with all that stands in it, at every update, and draws it again.
    """
    private: Wiring = PRIVATE | {"show_progress_on": parts.told}
    for ear in (parts.told, parts.read, parts.listed):
        ear.change(None, ear, None, js="(said) => xiaojia.hear(said)", api_visibility="private")
    _wire_conversation(page, parts, callbacks, private)
    _wire_lists(parts, callbacks, private)
    _wire_files(parts, callbacks, private)
    _wire_settings(page, parts, callbacks, private)


def _wire_conversation(page: gr.Blocks, parts: Components, callbacks: Callbacks, private: Wiring) -> None:
    async def open_conversation(data: Any, request: gr.Request) -> AsyncGenerator[Row, None]:
        visit = _visit(callbacks, data, request)
        async for row in _rows(callbacks.open(visit), visit):
            yield row

    async def send(
        data: Any, message: dict[str, Any] | None, request: gr.Request
    ) -> AsyncGenerator[Row, None]:
        visit = _visit(callbacks, data, request)
        async for row in _rows(callbacks.send(visit, (message or {}).get("text") or ""), visit):
            yield row

    async def act(data: Any, request: gr.Request) -> AsyncGenerator[Row, None]:
        visit = _visit(callbacks, data, request)
        async for row in _rows(callbacks.act(visit), visit):
            yield row

    shown = parts.shown()
    page.load(open_conversation, parts.visit, shown, js=_js("load"), **private)
    # Not the composer's own events: a second Enter, or a file that is on its way, is the script's to judge.
    js = "() => xiaojia.takeSending()"
    parts.lanes["send"](send, [parts.visit, parts.uploads], shown, js=js, **private)
    parts.lanes["show"](act, parts.visit, shown, js=_js("show"), **private)
    _wire_following(parts, callbacks, private)


def _wire_following(parts: Components, callbacks: Callbacks, private: Wiring) -> None:
    async def follow(data: Any, request: gr.Request) -> AsyncGenerator[Any, None]:
        async with aclosing(callbacks.follow(_visit(callbacks, data, request))) as growings:
            async for growing in growings:
                yield SKIP if growing is None else growing

    async def settle(data: Any, request: gr.Request) -> AsyncGenerator[Row, None]:
        visit = _visit(callbacks, data, request)
        async for row in _rows(callbacks.settle(visit), visit):
            yield row

    async def stop(data: Any, request: gr.Request) -> None:
        await callbacks.stop(_visit(callbacks, data, request))

    parts.lanes["stop"](stop, parts.visit, None, js=_js("stop"), **private)
    # What grows has one event with one output: each further output costs at every yield, skipped or not. The
    # value is in the form of the wire already, so that Gradio need not make it so.
    following = parts.lanes["follow"](
        follow, parts.visit, parts.growing, js=_js("follow"), postprocess=False, **private
    )
    following.then(settle, parts.visit, parts.shown(), js=_js("settle"), **private)


def _wire_lists(parts: Components, callbacks: Callbacks, private: Wiring) -> None:
    async def change_list(data: Any, request: gr.Request) -> str:
        visit = _visit(callbacks, data, request)
        return say(await _or_notice(sidebar.change_list(callbacks.engine, visit), visit))

    async def fetch(data: Any, request: gr.Request) -> str:
        visit = _visit(callbacks, data, request)
        return say(await _or_notice(answer_actions.fetch(callbacks.engine, visit), visit))

    async def open_drawer(data: Any, request: gr.Request) -> str:
        visit = _visit(callbacks, data, request)
        return say(await _or_notice(drawer.open_drawer(callbacks.engine, visit), visit))

    async def act_quietly(data: Any, request: gr.Request) -> Any:
        visit = _visit(callbacks, data, request)
        told = await _or_notice(answer_actions.act_quietly(callbacks.engine, visit), visit)
        return say(told) if told else SKIP

    lanes = parts.lanes
    lanes["list"](change_list, parts.visit, parts.listed, js=_js("list"), **private)
    searching = {**private, "trigger_mode": "always_last"}
    lanes["search"](change_list, parts.visit, parts.listed, js=_js("search"), **searching)
    lanes["fetch"](fetch, parts.visit, parts.told, js=_js("fetch"), **private)
    lanes["drawer"](open_drawer, parts.visit, parts.told, js=_js("drawer"), **private)
    lanes["quiet"](act_quietly, parts.visit, parts.told, js=_js("quiet"), **private)


def _wire_files(parts: Components, callbacks: Callbacks, private: Wiring) -> None:
    async def attach(data: Any, paths: Any, request: gr.Request) -> AsyncGenerator[str, None]:
        async with aclosing(
            uploads.attach(callbacks.engine, _visit(callbacks, data, request), read_paths(paths))
        ) as shown:  # type: ignore[type-var]
            async for told in shown:
                yield say(told)

    async def import_file(data: Any, paths: Any, request: gr.Request) -> str:
        visit = _visit(callbacks, data, request)
        conversations, notice = await uploads.import_file(callbacks.engine, visit, read_paths(paths))
        html = {"conversations": conversations, "notice": notice}
        return say({"html": html, "query": visit.query, "serial": new_id()})

    inputs, js = [parts.visit, parts.uploads], "() => xiaojia.takeUpload()"
    parts.lanes["file"](attach, inputs, parts.read, js=js, **private)
    js = "() => xiaojia.importing()"
    parts.lanes["import"](import_file, inputs, parts.listed, js=js, **private)


def _wire_settings(page: gr.Blocks, parts: Components, callbacks: Callbacks, private: Wiring) -> None:
    async def dress(data: Any, request: gr.Request) -> str:
        visit = _visit(callbacks, data, request)
        models = await callbacks.engine.models.names()
        words = page_texts.dress(callbacks.engine, visit.language, is_narrow=visit.is_narrow)
        return say(words.told() | _tell_models(callbacks.engine, models))

    async def look(data: Any, request: gr.Request) -> str:
        """Show a model that came since the page was loaded, and how far its download is."""
        visit, engine = _visit(callbacks, data, request), callbacks.engine
        _steer_download(engine, visit.action)
        models = await engine.models.names()
        banners = page_texts.show_banners(engine, visit.language)
        return say(_tell_models(engine, models) | {"banners": banners, "serial": new_id()})

    parts.lanes["look"](look, parts.visit, parts.read, js=_js("look"), **private)
    page.load(dress, parts.visit, parts.read, js=_js("dress"), **private)
    _wire_panel(parts, callbacks, private)


def _wire_panel(parts: Components, callbacks: Callbacks, private: Wiring) -> None:
    panel = parts.settings

    def open_panel(data: Any, request: gr.Request) -> Row:
        visit = _visit(callbacks, data, request)
        defaults = _defaults(callbacks)
        rows = word_panel(visit.language, visit.options, defaults, has_key=panel.has_key)
        return [gr.update(visible=True), *rows]

    def choose_preset(data: Any, preset: str, request: gr.Request) -> str:
        return prompt_of(preset, _visit(callbacks, data, request).language)

    opened = [panel.content, *panel.worded()]
    parts.lanes["panel"](open_panel, parts.visit, opened, js=_js("panel"), **private)
    js = "(_, preset) => [xiaojia.visit('preset'), preset]"
    panel.preset.input(choose_preset, [parts.visit, panel.preset], panel.system_prompt, js=js, **private)
    reset_parts = [*panel.chosen(), panel.preset]
    panel.reset.click(reset_values, None, reset_parts, js="() => xiaojia.resetOptions()", **private)
    panel.key.change(None, panel.key, None, js="(key) => xiaojia.keepKey(key)", api_visibility="private")
    keep = f"(...values) => {{ xiaojia.keepOptions({list(NAMES)}, values); }}"
    changes = [component.change for component in panel.chosen()]  # type: ignore[attr-defined]
    gr.on(changes, None, panel.chosen(), None, js=keep, api_visibility="private")


def say(told: dict[str, Any]) -> str:
    """Return what the script is to know, as text: Gradio's client changes an object in place when the event's
    next value comes, and then the one before is lost.
    """
    return orjson.dumps(told).decode()


def fill(shown: Shown, visit: Visit | None = None) -> Row:
    """Return the values of `Components.shown`, in its order; what does not change is skipped.

    Few outputs, and all that is small in one of them: each that is skipped costs a millisecond here, and a
    copy of what stands in it there. asked: where the page was when it asked, and query: what its list was
    searched for, so that the script believes no answer that comes too late.
    """
    told = dict(shown.told or {})
    if told and visit:
        told["asked"] = visit.place
    if visit and shown.conversations is not None:
        told["query"] = visit.query
    if shown.composer is not None:
        told["composer"] = shown.composer
    names = ("notice", "conversations", "gauge", "deleted")
    html = {name: getattr(shown, name) for name in names}
    if given := {name: value for name, value in html.items() if value is not None}:
        told["html"] = given
    return [
        SKIP if value is None else value
        for value in (shown.history, shown.growing, say(told) if told else None)
    ]


async def _rows(showing: Showing, visit: Visit) -> AsyncGenerator[Row, None]:
    try:
        async with aclosing(showing) as values:  # type: ignore[type-var]
            async for shown in values:
                yield fill(shown, visit)
    except ChatError as error:
        told = {"generation": visit.generation, "serial": new_id()}  # the script waits for one
        yield fill(Shown(told=told, notice=Reader(visit.language).show(error)), visit)
    # Gradio sends the last value a second time when a callback ends: let it be one that changes nothing.
    yield fill(Shown())


async def _or_notice(doing: Awaitable[dict[str, Any]], visit: Visit) -> dict[str, Any]:
    """Return what the script is to know: what was done, or beside the composer why it was refused."""
    try:
        return await doing
    except ChatError as error:
        return {"html": {"notice": Reader(visit.language).show(error)}, "serial": new_id()}


def _visit(callbacks: Callbacks, data: Any, request: gr.Request) -> Visit:
    headers = request.headers
    REQUEST_ID.set(request_id_of(request))  # Gradio runs an event in a task that knows no request
    return read_visit(
        data,
        session=request.session_hash or "",
        address=request.client.host if request.client else "",
        accepts=headers.get("accept-language", "") if headers else "",
        signed_in=signed_in(callbacks.engine, request),
        api_key=key_of(callbacks.engine, data, request),
    )


def _tell_models(engine: Engine, models: Sequence[str]) -> dict[str, Any]:
    """Return the models, the default one first, whether none is better than a demo, and the seconds until the
    script asks again; 0: never.
    """
    download = engine.models.download
    is_awaited = engine.models.is_looking or bool(download and not engine.models.found)
    away = engine.models.is_away
    is_near = download and download.state in ("running", "done") and engine.models.is_demo
    return {
        "models": list(models),
        "is_basic": engine.models.is_demo or not engine.models.is_connected,
        "looks": NEAR_SECONDS if is_near else AWAY_SECONDS if away else LOOK_SECONDS if is_awaited else 0,
    }


def _steer_download(engine: Engine, action: str) -> None:
    """Start or pause the download of the default model, where visitors may."""
    download = engine.models.download
    if download is None or not engine.settings.offers_download:
        return
    if action in ("download", "resume", "again"):
        download.start()
    elif action == "pause":
        download.pause()


def _defaults(callbacks: Callbacks) -> dict[str, object]:
    """Return what holds where the visitor leaves a setting empty; what is not there is the model's."""
    models = callbacks.engine.models
    return {"system_prompt": models.system_prompt, "file_characters": models.file_characters}


def _js(lane: str) -> str:
    return f"() => [xiaojia.visit('{lane}')]"
