"""The page in three browser engines: what it promises holds in each."""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import AsyncGenerator, Iterator
from pathlib import Path

import pytest
from selenium.webdriver.common.keys import Keys

from tests.cutting_proxy import CuttingProxy
from tests.input_methods import Keyboard, missing_input_method, run_input_method
from tests.provider import Call, Provider
from tests.servers import RunningApp, run_app
from tests.webdrivers import ENGINES, Tab, missing_programs, start_engine

pytestmark = [
    # A file whose sending is cut is closed by the garbage collector alone: Starlette's FileResponse.
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.filterwarnings(
        "ignore:setting remote_server_addr:DeprecationWarning"
    ),  # Selenium's, of its own
]
COMPOSER = "#composer textarea"
CUTS = 8  # of one answer's connections; the browser waits a second after each
SHOWN = "document.querySelector('#growing').innerText"


@pytest.fixture(scope="module", params=ENGINES)
async def tab(request: pytest.FixtureRequest) -> AsyncGenerator[Tab, None]:
    """A window of each engine, one for all tests."""
    if missing := missing_programs(request.param):
        pytest.fail(f"Not here: {', '.join(missing)}. See tests/install_programs.sh.", pytrace=False)
    async with start_engine(request.param) as tab:
        yield tab


@pytest.fixture(scope="module")
async def provider() -> AsyncGenerator[Provider, None]:
    async with Provider() as provider:
        yield provider


@pytest.fixture(scope="module")
async def app(
    provider: Provider, tmp_path_factory: pytest.TempPathFactory
) -> AsyncGenerator[RunningApp, None]:
    folder = tmp_path_factory.mktemp("engines")
    async with run_app(
        folder, OPENAI_BASE_URL=provider.url, OPENAI_API_KEY="sk-test", OPENAI_MODEL="held"
    ) as app:
        yield app


@pytest.fixture
async def proxy(app: RunningApp) -> AsyncGenerator[CuttingProxy, None]:
    """What stands between page and server; each test has an origin, and so a visitor, of its own."""
    async with CuttingProxy(int(app.url.rpartition(":")[2])) as proxy:
        yield proxy


async def open_page(tab: Tab, url: str) -> None:
    await tab.open(url)
    await tab.until("document.body?.classList.contains('is-ready')")
    await tab.until("document.querySelector('#sidebar-top h1')")


async def send(tab: Tab, text: str) -> None:
    await tab.type(COMPOSER, text, Keys.ENTER)


async def begin_answer(tab: Tab, provider: Provider, text: str, shows: str = "one") -> Call:
    """Ask, and return the model's answer when its first words are shown."""
    await send(tab, "Hi")
    call = await provider.next_call()
    await call.text(text)
    await tab.until(f"{SHOWN}.includes({shows!r})")
    return call


@pytest.mark.parametrize("way", ["reset", "close", "end"])
async def test_an_answer_is_whole_after_its_line_was_cut(
    tab: Tab, provider: Provider, proxy: CuttingProxy, way: str
) -> None:
    await open_page(tab, proxy.url)
    await tab.script("window.isTheSame = true")
    call = await begin_answer(tab, provider, "one ")
    proxy.cut(way)
    await call.text("two ")
    await tab.until(f"{SHOWN}.includes('one two')")
    await call.text("three")
    await call.finish()
    await tab.until(f"{SHOWN}.includes('one two three')")
    await tab.until("!document.body.classList.contains('is-running')")
    assert await tab.script("return window.isTheSame")
    await send(tab, "Again")
    call = await provider.next_call()
    await call.text("four")
    await call.finish()
    await tab.until(f"{SHOWN}.includes('four')")


async def test_stop_ends_the_request_to_the_model(tab: Tab, provider: Provider, proxy: CuttingProxy) -> None:
    await open_page(tab, proxy.url)
    call = await begin_answer(tab, provider, "one ")
    await tab.click("#composer .stop-button")
    await call.connection.wait_closed()
    await tab.until("!document.body.classList.contains('is-running')")
    await tab.until(f"{SHOWN}.includes('Stopped')")


async def test_a_reload_in_mid_answer_shows_it_again_and_to_its_end(
    tab: Tab, provider: Provider, proxy: CuttingProxy
) -> None:
    await open_page(tab, proxy.url)
    call = await begin_answer(tab, provider, "one ")
    await tab.run(tab.driver.refresh)
    await tab.until(f"document.querySelector('#growing') && {SHOWN}.includes('one')")
    await call.text("two")
    await call.finish()
    await tab.until(f"{SHOWN}.includes('one two')")
    await tab.until("!document.body.classList.contains('is-running')")


async def test_a_file_is_read_and_sent_with_the_question(
    tab: Tab, provider: Provider, proxy: CuttingProxy, tmp_path: Path
) -> None:
    file = tmp_path / "lamp.txt"
    file.write_text("The lamp shines for nine hours.")
    await open_page(tab, proxy.url)
    await tab.type("#composer input[type=file]", str(file))
    await tab.until("document.querySelector('#files .attached.done')")
    await send(tab, "How long does the lamp shine?")
    call = await provider.next_call()
    assert "nine hours" in json.dumps(call.body["messages"])
    await call.text("For nine hours.")
    await call.finish()
    await tab.until(f"{SHOWN}.includes('For nine hours.')")
    await tab.until("!document.body.classList.contains('is-running')")


CODE = "print('你好')\n\nprint(2)"


@pytest.mark.parametrize(
    ("button", "copied"),
    [("#growing .bot-row .do-copy", f"```python\n{CODE}\n```\n"), ("#growing .copy_code_button", CODE)],
    ids=["answer", "code"],
)
async def test_copied_is_said_where_the_text_is_in_the_clipboard(
    tab: Tab, provider: Provider, proxy: CuttingProxy, button: str, copied: str
) -> None:
    await open_page(tab, proxy.url)
    call = await begin_answer(tab, provider, f"```python\n{CODE}\n```\n", shows="print(2)")
    await call.finish()
    await tab.until(f"document.querySelector({button!r})")
    await tab.until("!document.body.classList.contains('is-running')")
    await tab.click(button)
    await tab.until("document.querySelector('#announcer').textContent === 'Copied.'")
    await tab.type(COMPOSER, Keys.CONTROL, "v", Keys.NULL)
    pasted = await tab.until(f"document.querySelector({COMPOSER!r}).value")
    assert pasted.strip() == copied.strip()


async def test_a_text_that_cannot_be_copied_is_selected(
    tab: Tab, provider: Provider, proxy: CuttingProxy
) -> None:
    await open_page(tab, proxy.url)
    call = await begin_answer(tab, provider, "Nine hours.", shows="Nine hours.")
    await call.finish()
    await tab.until("document.querySelector('#growing .bot-row .do-copy')")
    await tab.script(
        "document.execCommand = () => true;"  # as a browser that refuses and does not say so
        "Object.defineProperty(navigator, 'clipboard', {value: undefined})"
    )
    await tab.click("#growing .bot-row .do-copy")
    await tab.until("document.querySelector('#announcer').textContent.includes('The text is selected')")
    assert (await tab.script("return String(getSelection())")).strip() == "Nine hours."


# --- in a window: a browser without a screen copies texts alone, and has no input method ------------------


@pytest.fixture(scope="module", params=ENGINES)
async def window(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> AsyncGenerator[tuple[Tab, Keyboard], None]:
    """A window of each engine, and the keyboard before it, which goes through IBus."""
    if missing := missing_programs(request.param) + missing_input_method():
        pytest.fail(f"Not here: {', '.join(missing)}. See tests/install_programs.sh.", pytrace=False)
    async with (
        run_input_method(tmp_path_factory.mktemp("keyboard")) as keyboard,
        start_engine(request.param, desktop=keyboard.desktop) as tab,
    ):
        yield tab, keyboard


COPY_PICTURE = """document.addEventListener("click", () => {
    const canvas = document.createElement("canvas");
    canvas.getContext("2d").fillRect(0, 0, 40, 30);
    const png = new Promise((done) => canvas.toBlob(done, "image/png"));
    navigator.clipboard.write([new ClipboardItem({ "image/png": png })]).then(
        () => { window.copied = "yes"; }, (error) => { window.copied = String(error); });
}, { once: true })"""


async def test_a_picture_that_is_pasted_is_attached(
    window: tuple[Tab, Keyboard], proxy: CuttingProxy
) -> None:
    tab, keyboard = window
    await open_page(tab, proxy.url)
    await keyboard.take_window()
    await tab.script(COPY_PICTURE)
    await tab.click(COMPOSER)
    assert await tab.until("window.copied") == "yes"
    await tab.type(COMPOSER, Keys.CONTROL, "v", Keys.NULL)
    await tab.until("document.querySelector('#files .attached.done')?.textContent.includes('image.png')")
    assert await tab.script("return document.querySelectorAll('#files .attached').length") == 1


WATCH_COMPOSING = """window.composing = false;
for (const [name, value] of [["compositionstart", true], ["compositionend", false]])
    document.addEventListener(name, () => { window.composing = value; });"""
TYPED = f"document.querySelector({COMPOSER!r}).value"


async def test_pinyin_is_composed_and_sent_by_the_enter_after_the_one_that_ends_it(
    window: tuple[Tab, Keyboard], provider: Provider, proxy: CuttingProxy
) -> None:
    tab, keyboard = window
    await open_page(tab, proxy.url)
    await keyboard.take_window()
    await tab.click(COMPOSER)
    await tab.script(WATCH_COMPOSING)
    await keyboard.choose_pinyin()
    for letters, key, composed in (
        ("nihao", "space", "你好"),  # the first candidate
        ("women", "1", "你好我们"),  # one by its number
        ("lamp", "Return", "你好我们lamp"),  # the letters as they are
        ("zhongguo", "space", "你好我们lamp中国"),  # what that Enter had sent would be missing here
    ):
        await keyboard.press(*letters)
        await tab.until("window.composing")
        await keyboard.press(key)
        await tab.until(f"!window.composing && {TYPED} === arguments[0]", composed)
    await keyboard.press("Return")
    call = await provider.next_call()
    assert call.body["messages"][-1]["content"] == "你好我们lamp中国"
    await call.finish()
    await tab.until("!document.body.classList.contains('is-running')")


# --- Enter, by events and by GTK's own input method --------------------------------------------------------


async def test_enter_that_ends_a_composition_sends_nothing(
    tab: Tab, provider: Provider, proxy: CuttingProxy
) -> None:
    await open_page(tab, proxy.url)
    await tab.type(COMPOSER, "ni hao")
    for composing in ({"isComposing": True}, {"keyCode": 229}):
        await tab.script(
            f"document.querySelector({COMPOSER!r}).dispatchEvent(new KeyboardEvent('keydown', "
            "{key: 'Enter', bubbles: true, cancelable: true, ...arguments[0]}))",
            composing,
        )
    assert await tab.script(f"return document.querySelector({COMPOSER!r}).value") == "ni hao"
    await tab.type(COMPOSER, Keys.ENTER)
    call = await provider.next_call()
    assert "ni hao" in json.dumps(call.body["messages"])
    await call.finish()
    await tab.until("!document.body.classList.contains('is-running')")


@pytest.mark.parametrize("engine", ["webkit"])  # Chromium: tests/ui/test_conversation.py, through DevTools
async def test_enter_that_ends_the_input_methods_own_composition_sends_nothing(
    engine: str, provider: Provider, proxy: CuttingProxy
) -> None:
    """GTK's own input method: Ctrl+Shift+U, the number of a character, and Enter, which ends it."""
    async with start_engine(engine) as tab:
        await open_page(tab, proxy.url)
        await tab.script(
            "document.addEventListener('compositionend', ({ data }) => { window.composed = data; });"
        )
        await tab.type(COMPOSER, Keys.CONTROL, Keys.SHIFT, "u", Keys.NULL, "4f60", Keys.ENTER)
        await tab.until("window.composed === '你'")
        assert await tab.script(f"return document.querySelector({COMPOSER!r}).value") == "你"
        await tab.type(COMPOSER, "们", Keys.ENTER)
        call = await provider.next_call()
        assert call.body["messages"][-1]["content"] == "你们"
        await call.finish()
        await tab.until("!document.body.classList.contains('is-running')")


# --- in a frame ------------------------------------------------------------------------------------------


class FramedProxy(CuttingProxy):
    """Passes the page on as the owner's frame may show it. A policy for that is a Space's alone."""

    def change(self, answer: bytes) -> bytes:
        return answer.replace(b"frame-ancestors 'self'", b"frame-ancestors *     ")


@pytest.fixture
async def framed(app: RunningApp, provider: Provider) -> AsyncGenerator[str, None]:
    """The address of a page of another site, with ours in a frame that is as large as a phone."""
    async with FramedProxy(int(app.url.rpartition(":")[2])) as proxy:
        size = "width: 390px; height: 760px; border: 0"

        async def show(call: Call) -> None:
            await call.start(200, "text/html")
            await call.send(f'<!doctype html><iframe src="{proxy.url}" style="{size}"></iframe>'.encode())
            await call.end()

        provider.paths["/frame"] = show
        yield provider.url.replace("127.0.0.1", "localhost").removesuffix("/v1") + "/frame"
        del provider.paths["/frame"]


async def open_framed(tab: Tab, url: str) -> None:
    await tab.open(url)
    await tab.enter_frame()
    await tab.until("document.body?.classList.contains('is-ready')")
    await tab.until("document.querySelector('#sidebar-top h1')")
    await tab.click(COMPOSER)  # WebKit's driver types into a frame only where it has the focus


@pytest.mark.parametrize("engine", ["firefox", "webkit"])  # Chromium: tests/hosting/test_space.py
async def test_the_page_works_in_a_frame_of_another_site_that_has_no_storage(
    engine: str, provider: Provider, framed: str
) -> None:
    async with start_engine(engine, denies_storage=True) as tab:
        await open_framed(tab, framed)
        assert await tab.script("try { return !localStorage; } catch { return true; }")
        call = await begin_answer(tab, provider, "one ")
        await call.text("two")
        await call.finish()
        await tab.until(f"{SHOWN}.includes('one two')")
        await tab.until("!document.body.classList.contains('is-running')")
        call = await begin_answer(tab, provider, "three ", shows="three")
        assert "one two" in json.dumps(call.body["messages"])  # the same conversation
        await tab.click("#composer .stop-button")
        await call.connection.wait_closed()
        await tab.until(f"{SHOWN}.includes('Stopped')")


async def test_the_page_of_a_phones_size_is_used_to_its_edges(
    tab: Tab, provider: Provider, framed: str
) -> None:
    await open_framed(tab, framed)
    assert await tab.script("return [innerWidth, innerHeight]") == [390, 760]
    call = await begin_answer(tab, provider, "one\n\n```\n" + "x" * 200 + "\n```\n")
    await call.finish()
    await tab.until("!document.body.classList.contains('is-running')")
    assert await tab.script("return document.documentElement.scrollWidth") == 390
    edges = "return document.querySelector(arguments[0]).getBoundingClientRect().toJSON()"
    for part in ("#composer textarea", "#composer .submit-button", "#gauge .do-model"):
        box = await tab.script(edges, part)
        assert 0 <= box["left"] < box["right"] <= 390, part
        assert 0 <= box["top"] < box["bottom"] <= 760, part
    await tab.click("#sidebar .toggle-button")
    await tab.until("document.querySelector('#sidebar.open #conversations .open')")
    await tab.until("document.querySelector('#conversations .open').getBoundingClientRect().left >= 0")
    await tab.click("#conversations .open")
    await tab.until("!document.querySelector('#sidebar.open')")
    await tab.until("document.querySelector('#conversation').innerText.includes('one')")


async def test_event_source_loses_nothing_where_its_connections_break(
    tab: Tab, app: RunningApp, provider: Provider
) -> None:
    """assets/example.html, with connections that are cut inside of frames, and within a character."""
    limits: Iterator[int] = iter([])

    def next_limit() -> Iterator[int | None]:
        while True:
            yield next(limits, None)

    async with CuttingProxy(int(app.url.rpartition(":")[2]), next_limit()) as proxy:  # type: ignore[arg-type]
        await tab.open(proxy.url + "/ai/example")
        draw = random.Random(7)
        # Past the headers: Chromium gives up on a stream that breaks within them.
        limits = iter([draw.randrange(1_100, 2_600) for _ in range(CUTS)])
        proxy.cut("close")  # the page's own connection, which the stream would use again without a limit
        before = proxy.cuts
        await tab.click("form button")
        call = await provider.next_call()
        words = [f"词{number} " for number in range(300)]
        for word in words:
            await call.text(word)
            await asyncio.sleep(0.05)  # the model's pace: slower than the connections come back
        await call.finish()
        await tab.until("document.querySelector('#answer').getAttribute('aria-busy') === 'false'")
        shown = await tab.script("return document.querySelector('#answer').textContent")
        assert shown == "".join(words)
        assert proxy.cuts - before >= CUTS / 2
