"""The moving picture of README.md: a reload in the middle of an answer, and a quote opened in its file.

Run: `python -m tests.benchmarks.moving_picture`, or `make screenshots`. Chromium shows the real app over
the scripted provider, which sends a piece of the answer for each frame: the frames do not depend on the speed
of the machine. The picture goes to assets/screenshots/demo.gif.
"""

from __future__ import annotations

import asyncio
import io
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from PIL import Image, ImageDraw, ImageFont
from playwright.async_api import Locator, expect

from tests.benchmarks.screenshots import FOLDER, TALKS, end
from tests.browsers import start_chromium
from tests.pages import WAIT_MILLISECONDS, Visit, visit
from tests.provider import Call, Provider
from tests.servers import RunningApp, run_app

WIDTH, HEIGHT = 1000, 600
BAR = 48  # pixels of the caption below the page
COLOURS = 96
FAST, SLOW, LONG = 90, 900, 2600  # milliseconds that a frame is shown
PIECE = 6  # characters of the answer in a frame
GREEN, WHITE = "#16785a", "#ffffff"
# How long the model's text on the page is. What stands there before its first words is longer than these.
LETTERS = (
    "[...document.querySelectorAll('#growing .md.chatbot')]"
    ".reduce((sum, one) => sum + one.textContent.length, 0)"
)
MODEL = "xiaojia-demo"
COMPUTES_NOT = "compute: no"  # as chat/turns/compute_decision.py wants it
CAPTIONS = {
    "ask": "Ask a question about a file.",
    "grow": "The answer streams ...",
    "reload": "... the page is reloaded in the middle of it ...",
    "go on": "... and the answer goes on. No second request is sent.",
    "check": "Each quote is checked against the file.",
    "open": "A click opens the place where it stands.",
}


@dataclass
class Film:
    """The frames so far, each with the milliseconds that it is shown."""

    tab: Visit
    caption: str = CAPTIONS["ask"]
    frames: list[Image.Image] = field(default_factory=list)
    times: list[int] = field(default_factory=list)

    async def shoot(self, milliseconds: int, caption: str = "", *, pointer: Locator | None = None) -> None:
        """Add the page as it is now, under a caption, with a pointer on an element."""
        self.caption = CAPTIONS[caption] if caption else self.caption
        box = await pointer.bounding_box() if pointer else None
        png = await self.tab.page.screenshot(animations="disabled", caret="hide")
        frame = Image.new("RGB", (WIDTH, HEIGHT + BAR), GREEN)
        frame.paste(Image.open(io.BytesIO(png)).convert("RGB"), (0, 0))
        draw = ImageDraw.Draw(frame)
        draw.text((24, HEIGHT + BAR // 2), self.caption, WHITE, ImageFont.load_default(22), anchor="lm")
        if box:
            x, y = box["x"] + min(box["width"] / 2, 120), box["y"] + box["height"] / 2
            draw.ellipse((x - 13, y - 13, x + 13, y + 13), outline="#d9480f", width=4)
        self.frames.append(frame)
        self.times.append(milliseconds)

    def save(self, path: Path) -> None:
        """Write the frames as a GIF with one palette for all, and print its size."""
        palette = _palette(self.frames)
        few = [frame.quantize(palette=palette, dither=Image.Dither.NONE) for frame in self.frames]
        few[0].save(path, save_all=True, append_images=few[1:], duration=self.times, loop=0, optimize=True)
        print(f"{path.name}: {len(few)} frames, {path.stat().st_size / 1000:.0f} kB")


def _palette(frames: Sequence[Image.Image]) -> Image.Image:
    """Return a picture with the colours of all frames: of every fifth from the last one, side by side."""
    chosen = frames[::-5]
    strip = Image.new("RGB", (WIDTH, (HEIGHT + BAR) * len(chosen)))
    for place, frame in enumerate(chosen):
        strip.paste(frame, (0, place * (HEIGHT + BAR)))
    return strip.quantize(COLOURS)


class Script:
    """The provider's answer, sent piece by piece as the film asks for them."""

    def __init__(self, text: str) -> None:
        self.pieces = [text[at : at + PIECE] for at in range(0, len(text), PIECE)]
        self._sent: asyncio.Queue[str] = asyncio.Queue()

    async def answer(self, call: Call) -> None:
        """Send each piece when it is there; an empty one ends the answer.

        Before it the model is asked whether the file's tables are computed.
        """
        if COMPUTES_NOT in str(call.body["messages"][-1]["content"]):
            await call.text(COMPUTES_NOT)
            return await call.finish()
        while piece := await self._sent.get():
            await call.text(piece)
        await end(call, sum(len(piece) for piece in self.pieces) // 4)

    def send(self, piece: str) -> None:
        self._sent.put_nowait(piece)


async def grow(film: Film, script: Script, pieces: Sequence[str], caption: str = "") -> None:
    """Send pieces, and add a frame when each is on the page."""
    for piece in pieces:
        before = await _letters(film.tab)
        script.send(piece)
        await film.tab.page.wait_for_function(f"before => {LETTERS} > before", arg=before)
        await film.shoot(FAST, caption)


async def _letters(tab: Visit) -> int:
    count: int = await tab.page.evaluate(LETTERS)
    return count


async def play(film: Film, script: Script) -> None:
    """Ask, reload in the middle of the answer, let it end, and open a quote."""
    page, half = film.tab.page, len(script.pieces) // 2
    card = page.locator('.card[data-id="sample"]')
    await film.shoot(SLOW, "ask")
    await film.shoot(SLOW, pointer=card)
    await card.click()
    await page.wait_for_selector("body.is-running", timeout=WAIT_MILLISECONDS)
    await grow(film, script, script.pieces[:half], "grow")
    await film.shoot(SLOW, "reload")
    await page.reload(wait_until="commit")
    await film.shoot(SLOW // 2)
    script.send(script.pieces[half])
    await film.tab.wait_until_ready()
    await expect(page.locator("#growing")).to_contain_text("full charge", timeout=WAIT_MILLISECONDS)
    await film.shoot(SLOW, "go on")
    await grow(film, script, script.pieces[half + 1 :])
    script.send("")
    await film.tab.wait_until_over()
    chip = page.locator("#conversation .cite").first
    await expect(chip).to_be_visible(timeout=WAIT_MILLISECONDS)
    await film.shoot(SLOW, "check")
    await film.shoot(SLOW, pointer=chip)
    await chip.click()
    await expect(page.locator("#viewer .mark, #viewer mark").first).to_be_visible(timeout=WAIT_MILLISECONDS)
    await film.shoot(LONG, "open")


async def make(app: RunningApp, script: Script, path: Path) -> None:
    options: dict[str, Any] = {"viewport": {"width": WIDTH, "height": HEIGHT}, "reduced_motion": "reduce"}
    async with start_chromium() as browser, visit(browser, app.url, **options) as tab:
        film = Film(tab)
        await play(film, script)
        film.save(path)


async def main() -> int:
    script = Script(TALKS["en"].file_answer)
    async with Provider() as provider:
        provider.scripts[MODEL] = script.answer
        settings = {"OPENAI_API_KEY": "sk-unused", "OPENAI_MODEL": MODEL, "TITLES": "words"}
        with tempfile.TemporaryDirectory() as folder:
            async with run_app(Path(folder), OPENAI_BASE_URL=provider.url, **settings) as app:
                await make(app, script, FOLDER / "demo.gif")
    return 0


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
