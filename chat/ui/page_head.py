"""The head of the page's document: style and script, what a shared link shows, what to fetch early.

Style and script are files with a hash in their names: a second visit has them. The document itself names
them, so the style holds from the first thing that is drawn, and the script runs before Gradio. What watches
over their arrival stands in the document itself, before all of them. Knows no HTTP library.
"""

from __future__ import annotations

import base64
import functools
import hashlib
import json
import re
from collections.abc import Mapping
from typing import Any, cast

import gradio as gr

from chat.asset_files import ASSETS
from chat.gradio_frontend import first_files
from chat.ui.html import plain, tag
from chat.ui.texts import LANGUAGES, pick_language, text

SCRIPTS = (
    *("visit", "address", "line", "tabs", "fetch", "pacing", "stream", "messages", "scrolling", "found"),
    *("drafts", "files", "profile", "transfers", "outbox", "composer", "code", "blocks"),
    *("clipboard", "computed", "dialog", "buttons", "cited", "viewer", "viewer_files", "models", "keys"),
    "start",
)
STYLES = ("layout.css", "style.css", "viewer.css", "computed.css")
VIEWPORT = "width=device-width, initial-scale=1, interactive-widget=resizes-content"
PREVIEW = (1280, 800)  # pixels of the picture that a shared link shows
DOCUMENTS_KEPT = 16
# What Gradio says about itself, and the viewport that ours replaces.
_GRADIOS = re.compile(r'\s*<meta\s+(?:property="og:|name="(?:twitter:|viewport"))[^>]*>')
_ROOT = re.compile(r'"root":"(https?://[^"\\]+)"')
_THEME = re.compile(r'"theme_hash":"(\w+)"')
_MODULE = '<script type="module"'


class PageHead:
    """files: contents by path, which the document asks for."""

    def __init__(self, page: gr.Blocks, name: str, *, has_replicas: bool = False) -> None:
        """has_replicas: another server knows which messages this one has taken."""
        self._name = name
        self._has_replicas = has_replicas
        style, script = _join_style().encode(), _join_script().encode()
        self._style, self._script = _path("style", "css", style), _path("script", "js", script)
        self._arrival = _read("arrival.js")
        previews = {code: _read_preview(code) for code in LANGUAGES}
        self._previews = {code: _path(f"preview-{code}", "png", png) for code, png in previews.items()}
        self.files: Mapping[str, bytes] = {
            self._style: style,
            self._script: script,
            **{self._previews[code]: png for code, png in previews.items()},
        }
        build = _write_build(page, self.files)
        self._build = _path("build", "json", build)
        self.files = {**self.files, self._build: build}
        first = first_files(_kinds(page))
        self._early = " ".join(f"./assets/{name}" for name in (*first.frame, *first.components))
        # In the order in which Gradio adds its style sheets: ours after the frame's, before the components'.
        sheets = [name for name in first.frame if name.endswith(".css") and not name.startswith("index-")]
        self._sheets = "".join(_link("stylesheet", f"./assets/{name}", crossorigin="") for name in sheets)
        self._compose = functools.lru_cache(DOCUMENTS_KEPT)(self._compose_in)

    def compose(self, document: str, accept_language: str) -> str:
        """Return Gradio's document with our head. The words are in a language that the browser accepts."""
        return self._compose(document, pick_language(accept_language))

    def _compose_in(self, document: str, language: str) -> str:
        document = _GRADIOS.sub("", document)
        is_page = '"auth_required"' not in document.partition("<body")[0]
        head = self._describe(document, language)
        if not is_page or _MODULE not in document:
            return document.replace("</head>", head + "</head>", 1)
        said = {
            "data_incomplete": text(language, "page.incomplete"),
            "data_again": text(language, "page.again"),
            "data_early": self._early,
        }
        watch = tag("script", self._arrival, **said)
        script = tag(
            "script",
            src=f".{self._script}",
            data_build=self._build,
            data_replicas=self._has_replicas,
            defer=True,
        )
        early = watch + head + _fetch_theme(document) + script
        document = document.replace(_MODULE, early + _MODULE, 1)
        styles = self._sheets + _link("stylesheet", f".{self._style}")
        return document.replace("</head>", styles + "</head>", 1)

    def _describe(self, document: str, language: str) -> str:
        """Return the title, the icons, and what a link to the page shows where it is shared."""
        root = _ROOT.search(document)
        description = text(language, "starter.tagline")
        shared = {
            "og:type": "website",
            "og:title": self._name,
            "og:description": description,
            "og:url": root and root[1],
            "og:image": root and root[1] + self._previews[language],
            "og:image:width": root and PREVIEW[0],
            "og:image:height": root and PREVIEW[1],
        }
        return "".join(
            [
                tag("title", plain(self._name)),
                _meta(name="viewport", content=VIEWPORT),
                _meta(name="description", content=description),
                *(_meta(property=key, content=value) for key, value in shared.items() if value),
                _meta(name="twitter:card", content="summary_large_image"),
                _link("icon", "./favicon.ico"),
                _link("apple-touch-icon", "./pwa_icon/192"),
            ]
        )


def _join_style() -> str:
    # Not Chatbot's avatar_images: Gradio makes a Chatbot anew, and looks its pictures up, at every skip.
    picture = base64.b64encode((ASSETS / "avatar.svg").read_bytes()).decode()
    avatar = f':root {{ --avatar: url("data:image/svg+xml;base64,{picture}"); }}'
    return "\n".join([avatar, *map(_read, STYLES)])


def _join_script() -> str:
    """Return the script: the files of assets/page, in one scope of their own."""
    files = "\n".join(_read(f"page/{name}.js") for name in SCRIPTS)
    return f'window.xiaojia = (() => {{\n"use strict";\n{files}}})();'


def _read(name: str) -> str:
    return (ASSETS / name).read_text(encoding="utf-8")


def _read_preview(language: str) -> bytes:
    return (ASSETS / "screenshots" / f"desktop-{language}-light.png").read_bytes()


def _write_build(page: gr.Blocks, files: Mapping[str, bytes]) -> bytes:
    """Return what is the same for all servers that an open page can go on with: one of them has this file."""
    config = {name: value for name, value in page.config.items() if name != "app_id"}
    whole = json.dumps([config, *files], sort_keys=True, default=str)
    return json.dumps({"build": hashlib.sha256(whole.encode()).hexdigest()}).encode()


def _path(name: str, ending: str, content: bytes) -> str:
    return f"/page/{name}-{hashlib.sha256(content).hexdigest()[:12]}.{ending}"


def _kinds(page: gr.Blocks) -> dict[str, None]:
    """Return the kinds of components that the page draws at first, in order: none inside an invisible one."""
    made = {one["id"]: one for one in page.config["components"]}
    kinds, waiting = dict[str, None](), [cast(dict[str, Any], page.config["layout"])]
    while waiting:
        node = waiting.pop()
        one = made.get(node["id"])  # the page itself is none
        if one and one["props"].get("visible") is False:
            continue
        kinds |= {one["type"]: None} if one else {}
        waiting += reversed(node.get("children", []))
    return kinds


def _fetch_theme(document: str) -> str:
    theme = _THEME.search(document)
    return _link("preload", f"./theme.css?v={theme[1]}", as_="style") if theme else ""


def _link(rel: str, href: str, **more: object) -> str:
    return tag("link", rel=rel, href=href, **more).removesuffix("</link>")


def _meta(**attributes: object) -> str:
    return tag("meta", **attributes).removesuffix("</meta>")
