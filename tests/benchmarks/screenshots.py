"""Pictures of the page for the README: both languages, light and dark, desktop and phone.

Run: `python -m tests.benchmarks.screenshots` (`make screenshots`). The real app answers over the scripted
provider, so the pictures need no model; they go to assets/screenshots/, with few colours to stay small.
"""

from __future__ import annotations

import asyncio
import io
import sys
import tempfile
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.async_api import Browser, Page

from tests.browsers import start_chromium
from tests.pages import visit
from tests.provider import Call, Provider, chunk
from tests.servers import RunningApp, run_app

FOLDER = Path(__file__).parents[2] / "assets" / "screenshots"
SIZES = {"desktop": (1280, 800), "phone": (390, 844)}
SCHEMES = ("light", "dark")
COLOURS = 200
CODE = (
    'def mean(values: list[float]) -> float:\n    """The arithmetic mean."""\n'
    "    return sum(values) / len(values)"
)


@dataclass(frozen=True)
class Talk:
    """What is said on the pictures. earlier: titles of talks that stand in the list."""

    locale: str
    code_question: str
    code_answer: str
    file_answer: str
    earlier: tuple[str, ...]


TALKS = {
    "zh": Talk(
        "zh-CN",
        "平均数怎么算？给我公式和 Python 代码。",
        "把所有数加起来，再除以个数：\n\n$$\\bar{x} = \\frac{1}{n} \\sum_{i=1}^{n} x_i$$\n\n"
        f"```python\n{CODE}\n```",
        "**充满电**需要两个多小时：“充满约需 2 小时 40 分钟”。\n\n"
        "指示灯的颜色表示充电状态：“充电时指示灯为橙色，充满后变为绿色”。如果闪红光，说明“温度过高”，"
        "要关灯冷却 20 分钟。",
        ("热泵是怎么工作的", "把周四的会议改到下周"),
    ),
    "en": Talk(
        "en-US",
        "How is a mean worked out? Formula and Python, please.",
        "Add all the values and divide by how many there are:\n\n"
        "$$\\bar{x} = \\frac{1}{n} \\sum_{i=1}^{n} x_i$$\n\n"
        f"```python\n{CODE}\n```",
        "**A full charge** takes well over two hours: “about 2 hours 40 minutes”.\n\n"
        "The indicator “is orange while charging and green when full”. When it blinks red, the lamp is "
        "“too hot”: switch it off and let it cool for 20 minutes.",
        ("How heat pumps work", "Move Thursday's meeting"),
    ),
}


async def answer(call: Call) -> None:
    """Say what the talk has for the question."""
    asked = str(call.body["messages"][-1]["content"])
    for talk in TALKS.values():
        if talk.code_question in asked:
            return await speak(call, talk.code_answer)
    await speak(call, TALKS["zh" if "台灯" in asked else "en"].file_answer)


async def speak(call: Call, text: str) -> None:
    """Say it as fast as a model does, and count its tokens, so that the figures are like real ones."""
    pieces = [text[at : at + 3] for at in range(0, len(text), 3)]
    for piece in pieces:
        await call.text(piece)
        await asyncio.sleep(0.012)
    await end(call, len(pieces))


async def end(call: Call, tokens: int) -> None:
    """End the answer with the usage of `tokens` written tokens."""
    await call.chunk(finish_reason="stop")
    sent = len(str(call.body["messages"])) // 2
    usage = {"prompt_tokens": sent, "completion_tokens": tokens, "total_tokens": sent + tokens}
    await call.data({**chunk(model=call.model), "choices": [], "usage": usage})
    await call.send(b"data: [DONE]\n\n")
    await call.end()


async def take(browser: Browser, app: RunningApp, language: str) -> None:
    """Hold the talk once, and take its pictures in all sizes and schemes."""
    talk = TALKS[language]
    context = await browser.new_context(locale=talk.locale, reduced_motion="reduce")
    async with visit(browser, app.url, context=context) as tab:
        for title in talk.earlier:
            await tab.ask(title)
            await tab.page.locator('[data-do="new"]').click()
            await tab.page.wait_for_selector("body.is-empty")
        await tab.page.locator('.card[data-id="sample"]').click()
        await tab.page.wait_for_selector("#conversation .citations")
        await tab.wait_until_over()
        await tab.ask(talk.code_question)
        for (device, (width, height)), scheme in product(SIZES.items(), SCHEMES):
            options: dict[str, Any] = {"width": width, "height": height}
            await tab.page.set_viewport_size(options)  # type: ignore[arg-type]
            await tab.page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
            await tab.reload()
            await settle(tab.page)
            save(await tab.page.screenshot(), FOLDER / f"{device}-{language}-{scheme}.png")
    await context.close()


async def settle(page: Page) -> None:
    """Return when formulas, code and fonts are drawn, with the end of the talk in sight."""
    await page.wait_for_selector("#conversation .katex")
    await page.wait_for_selector("#conversation .code_wrap")
    await page.evaluate("document.fonts.ready")
    await page.wait_for_function(
        "box => { box = document.querySelector('#conversation'); box.scrollTop = box.scrollHeight;"
        " return new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => done(true)))); }"
    )


def save(png: bytes, path: Path) -> None:
    """Write the picture with few colours, and print its size."""
    picture = Image.open(io.BytesIO(png)).convert("RGB")
    path.parent.mkdir(parents=True, exist_ok=True)
    picture.quantize(COLOURS, dither=Image.Dither.NONE).save(path, optimize=True)
    print(f"{path.name}: {path.stat().st_size / 1000:.0f} kB")


async def main() -> int:
    async with Provider() as provider, start_chromium() as browser:
        provider.scripts["xiaojia-demo"] = answer
        settings = {"OPENAI_API_KEY": "sk-unused", "OPENAI_MODEL": "xiaojia-demo", "TITLES": "words"}
        with tempfile.TemporaryDirectory() as folder:
            async with run_app(Path(folder), OPENAI_BASE_URL=provider.url, **settings) as app:
                for language in TALKS:
                    await take(browser, app, language)
    return 0


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
