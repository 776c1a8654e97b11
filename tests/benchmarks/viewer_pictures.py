"""Pictures of the viewer: the page of a PDF beside the answer, a quote of it highlighted.

Run: `python -m tests.benchmarks.viewer_pictures`, or `make screenshots`. Chromium prints the sample manual as
a PDF in two columns; the real app answers over the scripted provider. The pictures go to assets/screenshots/.
"""

from __future__ import annotations

import asyncio
import html
import re
import sys
import tempfile
from pathlib import Path

from playwright.async_api import Browser, FilePayload, expect

from chat.asset_files import ASSETS
from tests.benchmarks.screenshots import FOLDER, TALKS, VIEWS, save, speak, window
from tests.browsers import start_chromium
from tests.pages import WAIT_MILLISECONDS, Visit, visit
from tests.provider import Call, Provider
from tests.servers import RunningApp, run_app

MODEL = "xiaojia-demo"
STYLE = "body { font: 11pt/1.6 sans-serif; columns: 2; column-gap: 9mm } td { padding: 0 4mm 0 0 }"
ASKED = {"zh": "台灯怎么充电？防水吗？", "en": "How is the lamp charged, and may it get wet?"}
ANSWERS = {
    "zh": "“充满约需 2 小时 40 分钟。充电时指示灯为橙色，充满后变为绿色。”\n\n"
    "**防水**：说明书写道“可以防溅水，但不能浸入水中”。",
    "en": "It takes “about 2 hours 40 minutes. The indicator is orange while charging and green when "
    "full”.\n\n"
    "**Water**: the manual says that “splashes are fine, immersion is not”.",
}
DRAWN = "() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))"


def write_page(markdown: str) -> str:
    """Return the sample manual as HTML: its headings, rows and paragraphs."""
    parts = [f'<meta charset="utf-8"><style>{STYLE}</style>']
    for line in markdown.splitlines():
        text = re.sub(r"\*\*(.+?)\*\*", r"<b>\1</b>", html.escape(line.lstrip("#>-| ").strip()))
        if line.startswith("| ---") or not text:
            continue
        kind = "h3" if line.startswith("#") else "p"
        parts.append(f"<{kind}>{text.replace(' | ', ' &emsp; ').rstrip('| ')}</{kind}>")
    return "".join(parts)


async def print_manual(browser: Browser, language: str) -> FilePayload:
    """Return the sample manual as a PDF in two columns."""
    page = await browser.new_page()
    await page.set_content(write_page((ASSETS / "samples" / f"sample-{language}.md").read_text("utf-8")))
    data = await page.pdf(format="A5", margin={edge: "12mm" for edge in ("top", "right", "bottom", "left")})  # type: ignore[arg-type]
    await page.close()
    name = {"zh": "台灯说明书.pdf", "en": "lamp-manual.pdf"}[language]
    return {"name": name, "mimeType": "application/pdf", "buffer": data}


async def answer(call: Call) -> None:
    asked = str(call.body["messages"][-1]["content"])
    await speak(call, ANSWERS["zh" if ASKED["zh"] in asked else "en"])


async def open_quote(tab: Visit) -> None:
    """Open the first quote, and return when its words are highlighted."""
    await tab.page.locator("#conversation .cite").first.click()
    await expect(tab.page.locator("#viewer .mark").first).to_be_visible(timeout=WAIT_MILLISECONDS)
    await tab.page.evaluate("document.fonts.ready")
    await tab.page.evaluate(DRAWN)


async def take(browser: Browser, app: RunningApp, language: str) -> None:
    """Ask about the manual, then take the viewer in all sizes and schemes."""
    manual = await print_manual(browser, language)
    async with (
        window(browser, language, VIEWS[0]) as context,
        visit(browser, app.url, context=context) as tab,
    ):
        await tab.attach(manual)
        await expect(tab.page.locator("#files .attached.done")).to_have_count(1)
        await tab.ask(ASKED[language])
        kept = await context.storage_state()
    for device, scheme in VIEWS:
        async with (
            window(browser, language, (device, scheme), storage_state=kept) as context,
            visit(browser, app.url, context=context) as tab,
        ):
            await open_quote(tab)
            save(FOLDER / f"viewer-{device}-{language}-{scheme}.png", await tab.page.screenshot())


async def main() -> int:
    async with Provider() as provider, start_chromium() as browser:
        provider.scripts[MODEL] = answer
        settings = {"OPENAI_API_KEY": "sk-unused", "OPENAI_MODEL": MODEL, "TITLES": "words"}
        with tempfile.TemporaryDirectory() as folder:
            async with run_app(Path(folder), OPENAI_BASE_URL=provider.url, **settings) as app:
                for language in TALKS:
                    await take(browser, app, language)
    return 0


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
