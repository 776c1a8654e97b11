"""Pictures of the page: both languages, light and dark, desktop and phone; the same talk in gr.load_chat too.

Run: `python -m tests.benchmarks.screenshots` (`make screenshots`). The real app answers over the scripted
provider, so the pictures need no model; they go to assets/screenshots/, with few colours to stay small.
"""

from __future__ import annotations

import asyncio
import io
import sys
import tempfile
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.async_api import Browser, Page, expect

from chat.asset_files import ASSETS
from tests.benchmarks.page import serve
from tests.browsers import start_chromium
from tests.pages import visit
from tests.provider import Call, Provider, chunk
from tests.servers import RunningApp, run_app

FOLDER = Path(__file__).parents[2] / "assets" / "screenshots"
DEVICES: dict[str, dict[str, Any]] = {
    "desktop": {"viewport": {"width": 1280, "height": 800}},
    "phone": {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True},
}
VIEWS = tuple(product(DEVICES, ("light", "dark")))
COLOURS = 200
GAP = 24  # pixels between two pages on one picture
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


@asynccontextmanager
async def window(browser: Browser, language: str, view: tuple[str, str], **more: Any) -> AsyncGenerator[Any]:
    """A browser of this size and scheme, which speaks the language."""
    device, scheme = view
    options: dict[str, Any] = {"color_scheme": scheme, **DEVICES[device], **more}
    context = await browser.new_context(locale=TALKS[language].locale, reduced_motion="reduce", **options)
    yield context
    await context.close()


async def hold(browser: Browser, app: RunningApp, language: str) -> tuple[str, Any]:
    """Hold the talk once. Return what was asked about the file, and what the browser keeps of the visitor."""
    talk = TALKS[language]
    async with (
        window(browser, language, VIEWS[0]) as context,
        visit(browser, app.url, context=context) as tab,
    ):
        for title in talk.earlier:
            await tab.ask(title)
            await tab.page.locator('[data-do="new"]').click()
            await tab.page.wait_for_selector("body.is-empty")
        await tab.page.locator('.card[data-id="sample"]').click()
        await tab.page.wait_for_selector("#conversation .citations")
        await tab.wait_until_over()
        await tab.ask(talk.code_question)
        asked = await tab.page.locator("#conversation .question").first.inner_text()
        return asked, await context.storage_state()


async def take(browser: Browser, app: RunningApp, plain: str, language: str) -> None:
    """Take the pictures of a talk in all sizes and schemes. plain: the address of gr.load_chat."""
    asked, kept = await hold(browser, app, language)
    for view in VIEWS:
        name = f"{view[0]}-{language}-{view[1]}.png"
        async with (
            window(browser, language, view, storage_state=kept) as context,
            visit(browser, app.url, context=context) as tab,
        ):
            await settle(tab.page)
            ours = await tab.page.screenshot()
        save(FOLDER / name, ours)
        save(FOLDER / f"beside-{name}", ours, await take_plain(browser, plain, language, view, asked))


async def take_plain(browser: Browser, url: str, language: str, view: tuple[str, str], asked: str) -> bytes:
    """Return the picture of the same talk in gr.load_chat."""
    talk = TALKS[language]
    async with window(browser, language, view) as context:
        page = await context.new_page()
        await page.goto(url)
        sample = ASSETS / "samples" / f"sample-{language}.md"
        await page.locator('input[type="file"]').first.set_input_files(sample)
        await expect(page.locator(".thumbnail-item")).to_be_visible()
        for count, question in enumerate((asked, talk.code_question), 1):
            await page.locator("textarea").fill(question)
            await page.locator(".submit-button").click()
            answers = page.locator(".bot-row")
            await expect(answers).to_have_count(count)
            last = (talk.file_answer, talk.code_answer)[count - 1].splitlines()[-1]
            ending = "len(values)" if last == "```" else last[-8:]
            await expect(answers.last).to_contain_text(ending)
            await expect(page.locator(".stop-button")).to_have_count(0)
        await page.wait_for_selector(".katex")
        await page.evaluate("document.fonts.ready")
        picture: bytes = await page.screenshot()
        return picture


async def settle(page: Page) -> None:
    """Return when formulas, code and fonts are drawn, with the end of the talk in sight."""
    await page.wait_for_selector("#conversation .katex")
    await page.wait_for_selector("#conversation .code_wrap")
    await page.evaluate("document.fonts.ready")
    await page.wait_for_function(
        "box => { box = document.querySelector('#conversation'); box.scrollTop = box.scrollHeight;"
        " return new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => done(true)))); }"
    )


def save(path: Path, *pngs: bytes) -> None:
    """Write the pictures side by side with few colours, and print the size."""
    shown = [Image.open(io.BytesIO(png)).convert("RGB") for png in pngs]
    width = sum(one.width for one in shown) + GAP * (len(shown) - 1)
    whole = Image.new("RGB", (width, shown[0].height), "#8a8a8a")
    left = 0
    for one in shown:
        whole.paste(one, (left, 0))
        left += one.width + GAP
    path.parent.mkdir(parents=True, exist_ok=True)
    whole.quantize(COLOURS, dither=Image.Dither.NONE).save(path, optimize=True)
    print(f"{path.name}: {path.stat().st_size / 1000:.0f} kB")


async def main() -> int:
    async with Provider() as provider, start_chromium() as browser:
        provider.scripts["xiaojia-demo"] = provider.scripts["stamped"] = answer
        settings = {"OPENAI_API_KEY": "sk-unused", "OPENAI_MODEL": "xiaojia-demo", "TITLES": "words"}
        with tempfile.TemporaryDirectory() as folder:
            async with (
                run_app(Path(folder), OPENAI_BASE_URL=provider.url, **settings) as app,
                serve("load_chat", provider.url, 0) as (plain, _),
            ):
                for language in TALKS:
                    await take(browser, app, plain, language)
    return 0


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
