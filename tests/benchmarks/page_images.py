"""How soon the viewer has a page: its image and the boxes of a quote on it, over the routes of a server.

    python -m tests.benchmarks.page_images
    python -m tests.benchmarks.page_images browser      what a person sees, in Chromium
    CORPORA=folder python -m tests.benchmarks.page_images [folder in it …]     bytes of images of real pages

For a PDF of 10 pages and one of 3,000: the first page after the upload, and after a restart, when the file
comes from the database, at once and when the children of the server have started; then pages at random, and
the next page of each. Prints milliseconds of the clock and of the CPU, of the server and the child that
draws: on a busy machine only the latter are comparable. The child that reads files is left out: it goes on
reading the rest of a file meanwhile.

browser: from a press to the frame that shows the page's image. The next page, pressed once in
READING_SECONDS, has been fetched meanwhile; a page whose number is typed has not.
"""

from __future__ import annotations

import asyncio
import os
import random
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import httpx
from playwright.async_api import Page, expect

from chat.engine import Engine
from chat.errors import AttachmentError
from chat.extraction import pictures
from chat.extraction.source import Source
from chat.visitors import Guest
from tests.browsers import start_chromium
from tests.child_processes import find_descendants
from tests.pages import visit
from tests.pdf_files import pdf, show
from tests.provider import Provider
from tests.servers import run_app, run_routes

COUNTS = (10, 3_000)
LOOKS = 30
TURNS = 20
READING_SECONDS = 1.0
WIDTH = 1_200
VISITOR = {"x-visitor": "a-visitor-of-the-benchmark"}
OWNER = Guest.of(VISITOR["x-visitor"]).owner
REAL_PAGES = 3  # of each file
LIMIT = 150_000  # bytes of an image


@dataclass
class Times:
    """Milliseconds of the clock and of the CPU."""

    clock: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)

    def __str__(self) -> str:
        parts = []
        for name, values in (("clock", self.clock), ("CPU", self.cpu)):
            if not values:
                continue
            ordered = sorted(values)
            middle, late = ordered[len(ordered) // 2], ordered[int(len(ordered) * 0.95)]
            parts.append(f"{name} median {middle:5.0f} ms, p95 {late:5.0f} ms")
        return " · ".join(parts)


class Viewer:
    """What the page's script asks for."""

    def __init__(self, client: httpx.AsyncClient, file_id: str) -> None:
        self._client, self._url = client, f"/ai/files/{file_id}/pages"

    async def look(self, number: int, times: Times) -> int:
        """Ask for a page as the viewer does; return the bytes of its image."""
        spent, began = cpu_milliseconds(), time.perf_counter()
        url = f"{self._url}/{number}"
        image, text = await asyncio.gather(
            self._client.get(url, params={"width": WIDTH}, headers=VISITOR),
            self._client.get(f"{url}/text", params={"start": 0, "end": 50}, headers=VISITOR),
        )
        times.clock.append(1000 * (time.perf_counter() - began))
        times.cpu.append(cpu_milliseconds() - spent)
        assert (image.status_code, text.status_code) == (200, 200), text.text
        return len(image.content)


def cpu_milliseconds() -> float:
    """Return the CPU time of this process, which is server and client, and of the children that draw."""
    own, ticks = time.process_time(), 0  # its own before the search for the readers, which costs, too
    for pid in find_descendants(os.getpid()):
        if b"chat.extraction.page_drawer" not in Path(f"/proc/{pid}/cmdline").read_bytes():
            continue
        fields = Path(f"/proc/{pid}/stat").read_text("ascii", "replace").rpartition(")")[2].split()
        ticks += int(fields[11]) + int(fields[12])
    return 1000 * (own + ticks / os.sysconf("SC_CLK_TCK"))


def make_pages(count: int) -> bytes:
    """Return a PDF of pages full of text, each with words of its own."""
    pages = []
    for number in range(1, count + 1):
        words = "the reservoir holds {litres} litres of water, and more."
        lines = [f"Line {line} of page {number}: {words.format(litres=number * line)}" for line in range(46)]
        pages.append(show(*lines))
    return pdf(*pages, is_packed=True)


async def measure(count: int, folder: Path) -> None:
    # An endpoint that is not there: else the embedded model starts beside the first page.
    settings = {
        "OPENAI_BASE_URL": "http://127.0.0.1:9/v1",
        "OPENAI_API_KEY": "none",
        "DATA_DIR": str(folder / f"data-{count}"),
        "OCR": "off",
    }
    async with run_routes(folder, **settings) as app, make_client(app.url) as client:
        files = {"file": (f"{count}.pdf", make_pages(count))}
        answer = await client.post("/ai/files", files=files, headers=VISITOR)
        viewer, first = Viewer(client, answer.json()["file_id"]), Times()
        await viewer.look(1, first)
        attachment = await app.engine.attachment(answer.json()["file_id"], OWNER)
        await attachment.settle()
        print(f"{count:5} pages, first page after the upload: {first}")
    async with run_routes(folder, **settings) as app, make_client(app.url) as client:
        viewer, first, anywhere, following = (
            Viewer(client, answer.json()["file_id"]),
            Times(),
            Times(),
            Times(),
        )
        await client.get("/readyz")  # the first request of a server builds its routes
        await viewer.look(2, first)
        print(f"{count:5} pages, first page after a restart:  {first}")
    async with run_routes(folder, **settings) as app, make_client(app.url) as client:
        viewer, first = Viewer(client, answer.json()["file_id"]), Times()
        await start_children(app.engine, client)
        await viewer.look(2, first)
        print(f"{count:5} pages, when its children are there: {first}")
        sizes = []
        for number in random.sample(range(3, count, 2), min(LOOKS, (count - 3) // 2)):
            sizes.append(await viewer.look(number, anywhere))
            sizes.append(await viewer.look(number + 1, following))
        print(f"{count:5} pages, a page at random:            {anywhere}")
        print(
            f"{count:5} pages, the page behind it:          {following}; image at most {max(sizes):,} bytes"
        )


async def start_children(engine: Engine, client: httpx.AsyncClient) -> None:
    """Wait until the children of a server have started, as they have when a person opens the page."""
    await client.get("/readyz")
    engine._drawers.warm()
    for pool in (engine.readers, engine._drawers):
        if pool._coming:
            await pool._coming.wait()
        await asyncio.gather(*pool._tasks)


# Resolves to the milliseconds until the image of a page can be seen, in the frame that shows it.
PRESS = """([selector, number]) => new Promise(done => {
  const began = performance.now();
  if (selector) document.querySelector(selector).click();
  else {
    const input = document.querySelector(".viewer-number");
    input.value = number;
    input.dispatchEvent(new Event("change"));
  }
  const look = () => {
    const image = document.querySelector(`.sheet[data-page="${number}"] img`);
    const view = document.querySelector(".viewer-pages");
    const [own, all] = [image, view].map(one => one?.getBoundingClientRect());
    const isSeen = image?.complete && image.naturalWidth && own.top < all.bottom && own.bottom > all.top;
    requestAnimationFrame(isSeen ? () => done(performance.now() - began) : look);
  };
  look();
})"""
QUOTE = "Line 3 of page {page}: the reservoir holds {litres} litres of water, and more."


async def press(page: Page, selector: str | None, number: int, times: Times) -> None:
    """Press what shows a page, or type its number; note how long its image takes, and read it for a while."""
    times.clock.append(await page.evaluate(PRESS, [selector, number]))
    await asyncio.sleep(READING_SECONDS)


async def answer_all(provider: Provider, answer: str) -> None:
    """Give all requests the same answer, also those for search words."""
    while True:
        call = await provider.next_call()
        await call.text(answer)
        await call.finish()


async def measure_browser(count: int, folder: Path) -> None:
    """Print what is seen when a cited page and a file are opened, and pages are turned."""
    cited, opened, following, anywhere = Times(), Times(), Times(), Times()
    name, page = f"{count}.pdf", min(700, count - 3)
    quote = QUOTE.format(page=page, litres=3 * page)
    settings = {"OPENAI_MODEL": "held", "OPENAI_API_KEY": "sk-test", "TITLES": "words", "OCR": "off"}
    async with (
        start_chromium() as browser,
        Provider() as provider,
        run_app(folder, OPENAI_BASE_URL=provider.url, **settings) as app,
        visit(browser, app.url) as tab,
    ):
        answering = asyncio.create_task(answer_all(provider, f"It says “{quote}” [{name}, page {page}]."))
        await tab.attach({"name": name, "mimeType": "application/pdf", "buffer": make_pages(count)})
        await expect(tab.page.locator("#files .attached.done")).to_have_count(1)
        await tab.ask("How much water is there?")
        answering.cancel()
        await expect(tab.history.locator('.cite[data-status="found"]')).to_have_count(1)
        await asyncio.sleep(READING_SECONDS)
        await press(tab.page, '.cite[data-status="found"]', page, cited)
        await press(tab.page, '.sent-files [data-do="view-file"]', 1, opened)
        for number in range(2, 2 + min(TURNS, count - 1)):
            await press(tab.page, ".viewer-after", number, following)
        for number in random.sample(range(30, count), TURNS) if count > TURNS + 30 else ():
            await press(tab.page, None, number, anywhere)
    print(f"{count:5} pages, Chromium, a quote is pressed:       {cited}")
    print(f"{count:5} pages, Chromium, its file is pressed:      {opened}")
    print(f"{count:5} pages, Chromium, the next page is pressed: {following}")
    if anywhere.clock:
        print(f"{count:5} pages, Chromium, a number is typed:        {anywhere}")


def make_client(url: str) -> httpx.AsyncClient:
    return httpx.AsyncClient(base_url=url, timeout=300)


def measure_sizes(folders: Sequence[str]) -> None:
    """Print the bytes of images of real pages, WIDTH pixels wide as the route gives them."""
    sizes, spent = list[tuple[int, str]](), list[float]()
    for folder in folders:
        for path in sorted((Path(os.environ["CORPORA"]) / folder).rglob("*.pdf")):
            for number in range(1, REAL_PAGES + 1):
                began = time.process_time()
                try:
                    data, _ = pictures.show_page(Source(path, path.name), number, WIDTH)
                except AttachmentError:
                    break
                spent.append(1000 * (time.process_time() - began))
                sizes.append((len(data), f"{path.name} {number}"))
    sizes.sort()
    spent.sort()
    above = [one for one in sizes if one[0] > LIMIT]
    late = int(len(sizes) * 0.95)
    print(
        f"images of {len(sizes)} pages, bytes: median {sizes[len(sizes) // 2][0]:,}, p95 {sizes[late][0]:,}"
    )
    print(f"largest {sizes[-1][0]:,} bytes; above {LIMIT:,}: {len(above)}")
    print(f"CPU for an image: median {spent[len(spent) // 2]:.0f} ms, p95 {spent[late]:.0f} ms")
    for size, name in above:
        print(f"    {size:,} {name}")


async def main(folders: Sequence[str]) -> None:
    random.seed(27)
    with tempfile.TemporaryDirectory() as folder:
        for count in COUNTS:
            await (measure_browser if folders == ["browser"] else measure)(count, Path(folder))
    if os.environ.get("CORPORA") and folders != ["browser"]:
        measure_sizes(folders or ["pdf", "real"])


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1:]))
