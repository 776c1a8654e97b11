"""Model text in a real browser: the installed Gradio's Chatbot, fed by our renderer, under our headers.

The page is the smallest that has all of it: sets of texts by name, one event that shows them whole, and one
that shows them growing. Every request is watched; a foreign host is never reached.
"""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast
from urllib.parse import urlsplit

import gradio as gr
import pytest
import uvicorn
from fastapi import FastAPI, Request, Response
from playwright.sync_api import Browser, Dialog, Page, sync_playwright

from chat.http.middleware.content_policy import security_headers
from chat.ui.markdown.rendering import LATEX_DELIMITERS, escape, render
from chat.ui.theme import create_theme
from tests.browsers import ARGUMENTS, find_chromium
from tests.markdown_cases import CASES, NAMES, PAYLOADS

pytestmark = [
    pytest.mark.browser,
    pytest.mark.filterwarnings("ignore::pandas.errors.Pandas4Warning"),  # Gradio's own statistics
]
ROOT = Path(__file__).parents[2]
OUTLINE = (ROOT / "tests" / "outline.js").read_text(encoding="utf-8")
HOSTILE = (ROOT / "tests" / "hostile.js").read_text(encoding="utf-8")
STEPS = 6
PROSE = """all => all.map(md => [...md.querySelectorAll('p, li, td, h1, h2')]
  .filter(part => !part.closest('pre')).map(part => part.cloneNode(true))
  .map(part => (part.querySelectorAll('code, .katex').forEach(code => code.remove()), part.textContent))
  .join(' '))"""
Texts = list[str]


def show(texts: list[str]) -> list[dict[str, Any]]:
    return [{"role": "assistant", "content": [{"type": "text", "text": text or " "}]} for text in texts]


async def show_whole(name: str) -> tuple[list[dict[str, Any]], str]:
    return show([render(text) for text in SETS[name]]), f"{name} whole"


async def show_step(name: str, step: int) -> tuple[list[dict[str, Any]], str]:
    """Show what has come of each text after so many of the steps."""
    texts = [render(text[: len(text) * step // STEPS], growing=True) for text in SETS[name]]
    return show(texts), f"{name} {step}"


SETS: dict[str, Texts] = {
    "cases": [markdown for _, markdown, _ in CASES],
    "payloads": PAYLOADS,
    "names": [f"**{escape(name)}**" for name in NAMES],
    "allowed": ["![x](https://pictures.example/a.png) ![y](https://evil.example/b.png)"],
}


async def show_raw() -> tuple[list[dict[str, Any]], str]:
    """Show the hostile texts as no code of ours would, so that only the layers below stand between."""
    return show(PAYLOADS), "raw whole"


async def show_allowed() -> tuple[list[dict[str, Any]], str]:
    return show([render(text, ["pictures.example"]) for text in SETS["allowed"]]), "allowed whole"


def create_app() -> FastAPI:
    with gr.Blocks(title="text", analytics_enabled=False) as page:
        chatbot = gr.Chatbot(elem_id="growing", latex_delimiters=[dict(pair) for pair in LATEX_DELIMITERS])
        name, step = gr.Textbox(elem_id="name"), gr.Number(elem_id="step", precision=0)
        shown = gr.Textbox(elem_id="shown")
        gr.Button("whole", elem_id="whole").click(show_whole, [name], [chatbot, shown])
        gr.Button("grow", elem_id="grow").click(show_step, [name, step], [chatbot, shown])
        gr.Button("raw", elem_id="raw").click(show_raw, None, [chatbot, shown])
        gr.Button("allowed", elem_id="allowed").click(show_allowed, None, [chatbot, shown])
    app = FastAPI()

    @app.middleware("http")
    async def add_headers(request: Request, call_next: Any) -> Response:
        response: Response = await call_next(request)
        response.headers.update(security_headers(["pictures.example"]))
        return response

    gr.mount_gradio_app(
        app,
        page,
        "/",
        ssr_mode=False,
        run_history=False,
        show_error=False,
        footer_links=[],
        enable_monitoring=False,
        theme=create_theme(),
        css_paths=[ROOT / "assets" / "style.css"],
    )
    page.has_launched = True
    return app


@dataclass
class Watched:
    """A page, and what it did: foreign requests, violations of the policy, dialogs and errors."""

    page: Page
    origin: str
    foreign: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    def press(self, button: str, done: str) -> None:
        self.page.click(f"#{button}")
        self.page.wait_for_function(
            "done => document.querySelector('#shown textarea').value === done", arg=done
        )

    def show_whole(self, name: str) -> None:
        self.page.fill("#name textarea", name)
        self.press("whole", f"{name} whole")
        count = len(SETS[name])
        self.page.wait_for_function(
            "n => document.querySelectorAll('#growing .message-content .md').length === n", arg=count
        )

    def outlines(self) -> list[str]:
        script = f"all => all.map({OUTLINE})"
        return list(self.page.eval_on_selector_all("#growing .message-content .md", script))


@pytest.fixture(scope="module")
def origin() -> Iterator[str]:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        config = uvicorn.Config(create_app(), log_level="warning", timeout_graceful_shutdown=1)
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, args=([listener],))
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        server.should_exit = True
        thread.join()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=find_chromium(cast(Any, playwright)), args=list(ARGUMENTS)
        )
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def watched(browser: Browser, origin: str) -> Iterator[Watched]:
    page = browser.new_page(viewport={"width": 1000, "height": 900})
    watched = Watched(page, origin)

    def answer(route: Any) -> None:
        url = route.request.url
        if urlsplit(url).netloc == urlsplit(origin).netloc or url.startswith(("data:", "blob:")):
            route.continue_()
        else:
            watched.foreign.append(url)
            route.abort()

    def answer_dialog(dialog: Dialog) -> None:
        watched.errors.append(f"dialog {dialog.message}")
        dialog.dismiss()

    page.route("**/*", answer)
    page.on("dialog", answer_dialog)
    page.on("pageerror", lambda error: watched.errors.append(str(error)))
    page.add_init_script(
        "window.violations = []; document.addEventListener('securitypolicyviolation', "
        "event => violations.push(event.effectiveDirective + ' ' + event.blockedURI))"
    )
    page.goto(origin)
    page.wait_for_selector("#whole")
    yield watched
    page.close()


def test_every_case_looks_as_it_is_meant(watched: Watched) -> None:
    watched.show_whole("cases")
    watched.page.wait_for_selector("#growing .mermaid svg")
    assert dict(zip([name for name, _, _ in CASES], watched.outlines(), strict=True)) == {
        name: outline for name, _, outline in CASES
    }


def test_growing_text_shows_no_marks_and_ends_as_the_whole(watched: Watched) -> None:
    flickers = []
    watched.page.fill("#name textarea", "cases")
    for step in range(1, STEPS + 1):
        watched.page.fill("#step input", str(step))
        watched.press("grow", f"cases {step}")
        shown = watched.page.eval_on_selector_all("#growing .message-content .md", PROSE)
        flickers += [
            (step, text) for text in shown if any(mark in text for mark in ("**", "](", "$$", "\\(", "\\["))
        ]
    assert flickers == []
    watched.show_whole("cases")
    whole = watched.outlines()
    assert whole == [outline for _, _, outline in CASES]


@pytest.mark.parametrize("name", ["payloads", "names"])
def test_nothing_runs_fetches_links_to_script_or_covers_the_page(watched: Watched, name: str) -> None:
    assert len(PAYLOADS) + len(NAMES) >= 60
    watched.foreign.clear()
    watched.show_whole(name)
    for step in (2, 5):
        watched.page.fill("#step input", str(step))
        watched.press("grow", f"{name} {step}")
    watched.show_whole(name)
    watched.page.wait_for_load_state("networkidle")
    found = watched.page.evaluate(HOSTILE)
    assert found == {
        "pwned": None,
        "links": [],
        "unsafe": [],
        "elements": [],
        "handlers": [],
        "fixed": [],
        "isCovered": False,
    }
    assert watched.foreign == []
    assert watched.errors == []


def test_the_policy_and_the_style_hold_without_the_rendering(watched: Watched) -> None:
    watched.foreign.clear()
    watched.press("raw", "raw whole")
    watched.page.wait_for_selector("#growing .message-content .md *", state="attached")
    watched.page.wait_for_load_state("networkidle")
    found = watched.page.evaluate(HOSTILE)
    assert (found["pwned"], found["isCovered"], watched.foreign) == (None, False, [])
    assert found["elements"]  # else this proves nothing
    watched.show_whole("names")  # with what is hostile gone, nothing of it can be refused any more
    watched.page.evaluate("violations.length = 0")


def test_gradio_works_under_the_policy(watched: Watched) -> None:
    watched.show_whole("cases")
    assert json.loads(watched.page.evaluate("JSON.stringify(violations)")) == []
    assert watched.foreign == []


def test_pictures_of_an_allowed_host_are_asked_for_and_no_others(watched: Watched) -> None:
    watched.foreign.clear()
    watched.press("allowed", "allowed whole")
    watched.page.wait_for_selector("#growing img[src='https://pictures.example/a.png']", state="attached")
    watched.page.wait_for_load_state("networkidle")
    assert watched.foreign == ["https://pictures.example/a.png"]
    watched.foreign.clear()
