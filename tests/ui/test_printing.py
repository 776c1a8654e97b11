"""A conversation on paper, printed by Chromium from a dark screen: all of it, dark on white, nothing else."""

from __future__ import annotations

import io
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from itertools import combinations

import pypdfium2  # type: ignore[import-untyped]
import pytest
from playwright.async_api import Browser, Page, expect

from tests.pages import text_file, visit
from tests.provider import Provider
from tests.servers import run_app
from tests.ui.test_accessibility import AXE

pytestmark = pytest.mark.slow  # a PDF of many pages

COLUMNS, ROWS, LINES, PARAGRAPHS = 12, 40, 40, 30
LONG = "z" * 120  # a word of code that is wider than the paper
TOUCHING = 2  # points by which the boxes of letters may reach into each other
MARGINS = {edge: "10mm" for edge in ("top", "right", "bottom", "left")}
CELLS = [[f"r{row}c{column}" for column in range(COLUMNS)] for row in range(ROWS)]
TABLE = "\n".join(["| " + " | ".join(row) + " |" for row in [CELLS[0], ["---"] * COLUMNS, *CELLS[1:]]])
CODE = "\n".join(f'def run_{line}(): return "{LONG}"  # end{line}' for line in range(LINES))
ANSWER = (
    "## A heading\n\nWords, **bold** ones, `code` and [a link](https://example.com).\n\n> A quote.\n\n"
    f"{TABLE}\n\n```python\n{CODE}\n```\n\n$$\\sum_{{i=1}}^n i$$\n\n"
    "```mermaid\ngraph LR; A[Upload] --> B[Read] --> C[Check]\n```\n\n"
    "It shines “for nine hours”, and “for ten days”.\n\n"
    + "\n\n".join(f"Paragraph {number} ends." for number in range(PARAGRAPHS))
)
CONTRAST = """axe.run(document, { runOnly: ['color-contrast'] }).then(({ violations, passes }) => [
    violations.flatMap(({ nodes }) => nodes.map(({ html, failureSummary }) => `${html} ${failureSummary}`)),
    passes.flatMap(({ nodes }) => nodes).length,
])"""


Box = tuple[float, float, float, float]


@dataclass(frozen=True)
class Sheet:
    """A page of paper: its text, where it stands (left, bottom, right, top, in points), a corner's colour."""

    text: str
    boxes: list[Box]
    width: float
    corner: tuple[int, ...]


@pytest.fixture(scope="module")
async def printed(
    browser: Browser, module_provider: Provider, tmp_path_factory: pytest.TempPathFactory
) -> AsyncGenerator[Page, None]:
    """A dark page with two such answers."""
    module_provider.reset()
    module_provider.answer = ANSWER
    settings = {"OPENAI_MODEL": "any-model", "OPENAI_API_KEY": "sk-test", "TITLES": "words"}
    folder = tmp_path_factory.mktemp("served")
    async with (
        run_app(folder, OPENAI_BASE_URL=module_provider.url, **settings) as app,
        visit(browser, app.url, color_scheme="dark", reduced_motion="reduce") as tab,
    ):
        await tab.attach(text_file("lamp.txt", "The lamp shines for nine hours."))
        await expect(tab.page.locator("#files .attached.done")).to_have_count(1)
        await tab.ask("How long does it shine?")
        await tab.ask("And the second question?")
        await expect(tab.history.locator(".mermaid svg .node")).to_have_count(6)
        yield tab.page


@pytest.fixture(scope="module")
async def sheets(printed: Page) -> list[Sheet]:
    """What comes out of the printer."""
    pdf = await printed.pdf(format="A4", print_background=True, margin=MARGINS)  # type: ignore[arg-type]
    with pypdfium2.PdfDocument(io.BytesIO(pdf)) as document:
        return [_read(document[number]) for number in range(len(document))]


def _read(page: pypdfium2.PdfPage) -> Sheet:
    text = page.get_textpage()
    boxes = [text.get_rect(at) for at in range(text.count_rects())]
    corner = page.render(scale=0.1).to_pil().convert("RGB").getpixel((1, 1))
    return Sheet(text.get_text_range(), boxes, page.get_width(), corner)


async def test_paper_has_all_of_each_answer_and_nothing_else(sheets: list[Sheet]) -> None:
    text = "".join(sheet.text for sheet in sheets)
    whole = "".join(text.split())
    for part in (CELLS[0][-1], CELLS[-1][-1], f"end{LINES - 1}", f"Paragraph{PARAGRAPHS - 1}ends."):
        assert whole.count(part) >= 2, part
    assert whole.count("z") == 2 * LINES * len(LONG)
    assert "How long does it shine?" in text
    assert "lamp.txt" in text
    for absent in ("New chat", "Search", "Message", "Copy", "32,768", "Settings"):
        assert absent not in text, absent


async def test_nothing_on_paper_is_cut_at_its_edge(sheets: list[Sheet]) -> None:
    for sheet in sheets:
        assert min(left for left, *_ in sheet.boxes) > 0
        assert max(right for _, _, right, _ in sheet.boxes) < sheet.width


async def test_nothing_on_paper_lies_over_anything_else(sheets: list[Sheet]) -> None:
    for sheet in sheets:
        assert [pair for pair in combinations(sheet.boxes, 2) if is_over(*pair)] == []


def is_over(one: Box, other: Box) -> bool:
    return all(min(one[end], other[end]) - max(one[end - 2], other[end - 2]) > TOUCHING for end in (2, 3))


async def test_paper_is_white_with_dark_words_where_the_screen_is_dark(
    printed: Page, sheets: list[Sheet]
) -> None:
    assert {sheet.corner for sheet in sheets} == {(255, 255, 255)}
    await printed.emulate_media(media="print")
    await printed.evaluate(AXE)
    pale, read = await printed.evaluate(CONTRAST)
    assert pale == []
    assert read > 100
