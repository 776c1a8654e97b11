"""The page looks as it is stored in layout.json: style sheets of ours depend on class names of Gradio's.

Compared with a tolerance, since fonts differ between machines: the left, upper and right edge of elements
that do not depend on the width of a text, and a screenshot as a grid of mean colours. After a change:

    UPDATE_LAYOUT=1 python -m pytest tests/ui/test_layout.py
"""

from __future__ import annotations

import io
import json
import os
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from playwright.async_api import Browser, Page, ViewportSize

from tests.pages import visit
from tests.provider import Provider
from tests.servers import run_app

STORED = Path(__file__).with_name("layout.json")
SIZES = {"desktop": (1280, 800), "phone": (390, 844)}
SCHEMES = ("light", "dark")
GRID = (24, 16)  # cells of a screenshot, across and down
BOX_PIXELS = 4  # by which an edge of an element may differ
CELL_DIFFERENCE = 24  # of 255, by which a cell's colour may differ, in the mean of red, green and blue
CELLS_SHARE = 0.06  # of the cells that may differ more
QUESTION = "How is this page laid out?"  # one line in every font
ANSWER = (
    "## A heading\n\nWords, **bold** ones and `code`.\n\n- one\n- two\n\n"
    "| a | b |\n|---|---|\n| 1 | 2 |\n\n```python\nprint('a line of code')\n```\n\nThe end."
)
ELEMENTS = (
    *("#sidebar", "#sidebar-top h1", "#sidebar .toggle-button", "#settings .toggle-button"),
    *("#conversation", "#desk", "#composer", "#composer textarea", "#composer .submit-button", "#gauge"),
    *("#growing .user-row", "#growing .bot-row", "#growing .bot-row h2", "#growing .code_wrap"),
)
# Names of Gradio's in assets/layout.css and style.css. Without html-container, full-container, message-wrap,
# user or bot, which stand there too, this conversation looks the same within the tolerance.
CLASSES = (
    *("main", "column", "bubble-wrap", "message-row", "user-row", "bot-row", "flex-wrap"),
    *("submit-button", "stop-button"),
)
MEASURE = """selectors => Object.fromEntries(selectors.map(selector => {
    const box = document.querySelector(selector)?.getBoundingClientRect();
    return [selector, box ? [box.left, box.top, box.right].map(Math.round) : null];
}))"""
RENAME = """([from, to]) => {
    const found = [...document.querySelectorAll('.' + from)];
    for (const one of found) one.classList.replace(from, to);
    return found.length;
}"""
DRAWN = "() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))"
PAINT = "dark => document.body.classList.toggle('dark', dark)"
STILL = "*, *::before, *::after { transition: none !important }"

View = dict[str, Any]


@pytest.fixture(scope="module")
async def conversation(
    browser: Browser, tmp_path_factory: pytest.TempPathFactory
) -> AsyncGenerator[Page, None]:
    """A page with one question and its answer."""
    async with Provider() as provider:
        provider.answer = ANSWER
        settings = {"OPENAI_BASE_URL": provider.url, "OPENAI_MODEL": "any", "TITLES": "words"}
        async with (
            run_app(tmp_path_factory.mktemp("layout"), **settings) as app,
            visit(browser, app.url, reduced_motion="reduce") as tab,
        ):
            await tab.ask(QUESTION)
            yield tab.page


async def show(page: Page, device: str) -> None:
    """Load the page in a window of this size."""
    width, height = SIZES[device]
    await page.set_viewport_size(ViewportSize(width=width, height=height))
    await page.reload()
    await page.wait_for_selector("#growing .code_wrap")
    await page.wait_for_selector("body.is-settled:not(.is-running)")
    await page.add_style_tag(content=STILL)
    await page.evaluate("document.querySelector('#conversation').scrollTop = 0")


async def look(page: Page) -> View:
    """Return the edges of elements and the coarse picture of what a page shows."""
    await page.evaluate(DRAWN)
    boxes = await page.evaluate(MEASURE, list(ELEMENTS))
    picture = Image.open(io.BytesIO(await page.screenshot(animations="disabled", caret="hide")))
    cells = picture.convert("RGB").resize(GRID, Image.Resampling.BOX).tobytes()
    return {"boxes": boxes, "cells": [cells[at : at + 3].hex() for at in range(0, len(cells), 3)]}


def differences(view: View, stored: View) -> list[str]:
    """Return what differs by more than the tolerance."""
    found = [
        f"{name}: {view['boxes'][name]} instead of {box}"
        for name, box in stored["boxes"].items()
        if (box is None) != (view["boxes"][name] is None)
        or (box and max(abs(a - b) for a, b in zip(box, view["boxes"][name], strict=True)) > BOX_PIXELS)
    ]
    pairs = list(zip(view["cells"], stored["cells"], strict=True))
    wrong = [at for at, (one, other) in enumerate(pairs) if distance(one, other) > CELL_DIFFERENCE]
    if len(wrong) > CELLS_SHARE * len(pairs):
        found.append(f"colours of the cells {[(at % GRID[0], at // GRID[0]) for at in wrong]}")
    return found


def distance(one: str, other: str) -> float:
    pairs = zip(bytes.fromhex(one), bytes.fromhex(other), strict=True)
    return sum(abs(a - b) for a, b in pairs) / 3


async def test_the_page_looks_as_it_is_stored(conversation: Page) -> None:
    views: dict[str, View] = {}
    for device in SIZES:
        await show(conversation, device)
        for scheme in SCHEMES:
            await conversation.evaluate(
                "dark => document.body.classList.toggle('dark', dark)", scheme == "dark"
            )
            views[f"{device} {scheme}"] = await look(conversation)
    if os.environ.get("UPDATE_LAYOUT"):
        STORED.write_text(json.dumps(views, separators=(",", ":")).replace('},"', '},\n"') + "\n")
        pytest.skip("layout.json is written anew")
    stored = json.loads(STORED.read_text())
    found = {name: differences(view, stored[name]) for name, view in views.items()}
    assert not any(found.values()), found


@pytest.mark.slow
async def test_the_comparison_notices_every_class_that_gradio_could_rename(conversation: Page) -> None:
    unnoticed: list[str] = []
    await show(conversation, "desktop")
    before = await look(conversation)
    for name in CLASSES:
        assert await conversation.evaluate(RENAME, [name, "renamed"]), f"Gradio has no class {name}"
        if not differences(await look(conversation), before):
            unnoticed.append(name)
        await conversation.evaluate(RENAME, ["renamed", name])
    assert not differences(await look(conversation), before)
    assert unnoticed == [], unnoticed
