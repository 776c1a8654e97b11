"""Files that were not sent whole, in a real browser: what can be asked for then, and how far it is."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncGenerator

import pytest
from playwright.async_api import Locator, expect

from tests.pages import Visit, text_file
from tests.pdf_files import pdf, show
from tests.provider import Provider
from tests.scenarios import ANSWER
from tests.servers import RunningApp, run_app

pytestmark = pytest.mark.slow

LONG = "".join(f"Lamp number {number} has a battery of its own.\n" for number in range(900))


@pytest.fixture(scope="module")
async def served(
    module_provider: Provider, tmp_path_factory: pytest.TempPathFactory
) -> AsyncGenerator[RunningApp, None]:
    folder = tmp_path_factory.mktemp("served")
    settings = {
        "OPENAI_MODEL": "plain,held",
        "OPENAI_API_KEY": "sk-test",
        "CONTEXT_WINDOW": "8192",
        "TITLES": "words",
    }
    async with run_app(folder, OPENAI_BASE_URL=module_provider.url, **settings) as running:
        yield running


async def test_the_rest_of_a_file_can_be_read_and_its_progress_is_shown(
    tab: Visit, provider: Provider
) -> None:
    await tab.attach(text_file("lamps.txt", LONG))
    await expect(tab.page.locator("#files .attached.done")).to_have_count(1)
    await tab.ask("What is it about?")
    await tab.choose("held")
    await tab.button("read-whole").click()
    first = await provider.next_call()
    await expect(tab.growing.locator(".progress")).to_contain_text("Reading part 1 of ")
    await first.text("a note")
    await first.finish()
    second = await provider.next_call()
    await expect(tab.growing.locator(".progress")).to_contain_text("Reading part 2 of ")
    call = second
    while "This is part" in json.dumps(call.body["messages"]):
        await call.text("a note")
        await call.finish()
        call = await provider.next_call()
    await expect(tab.growing.locator(".progress")).to_contain_text("answering from the notes")
    await call.text("Lamps.")
    await call.finish()
    await expect(tab.history.locator(".prose")).to_have_text("Lamps.")
    await expect(tab.history.locator(".receipt summary")).to_contain_text("read whole, part by part")
    await expect(tab.button("read-whole")).to_have_count(0)
    await expect(tab.history.locator(".branches .count").last).to_have_text("2/2")


async def test_pages_without_text_are_shown_to_the_model_when_asked_for(
    tab: Visit, provider: Provider
) -> None:
    scan = pdf(show("The first page has words."), "0 0 m 300 300 l S")
    await tab.attach({"name": "scan.pdf", "mimeType": "application/pdf", "buffer": scan})
    await expect(tab.page.locator("#files .attached.done")).to_have_count(1)
    await tab.ask("What is drawn?")
    assert "image_url" not in json.dumps(provider.chats[-1].body["messages"])
    await tab.button("show-scans").click()
    await expect(tab.history.locator(".branches .count").last).to_have_text("2/2")
    assert "data:image/jpeg" in json.dumps(provider.chats[-1].body["messages"])
    await expect(tab.button("show-scans")).to_have_count(0)


STANDS = """name => {
    const place = document.querySelector(name).getBoundingClientRect();
    const box = document.querySelector("#conversation").getBoundingClientRect();
    return place.top >= box.top && place.top < box.bottom;
}"""


async def test_quotes_are_read_from_their_beginning(tab: Visit) -> None:
    await tab.page.set_viewport_size({"width": 1280, "height": 350})
    lines = "\n\n".join(f"The battery of lamp {number} lasts for {number} hours." for number in range(40))
    await tab.attach(text_file("lamps.txt", lines))
    await expect(tab.page.locator("#files .attached.done")).to_have_count(1)
    await tab.choose("quotes")
    await tab.ask("How long does the battery of a lamp last?")
    await expect(tab.growing.locator(".receipt")).to_be_attached()
    await expect(tab.page.locator("#desk .do-end")).to_be_visible()
    assert await tab.page.evaluate(STANDS, "#growing .question")
    await tab.page.locator("#desk .do-end").click()
    await expect(tab.page.locator("#desk .do-end")).to_be_hidden()
    assert not await tab.page.evaluate(STANDS, "#growing .question")


HOSTILE = 'a"><img src=x onerror="document.title=1">.pdf'
CITED = (
    "It says “The bridge is 200 m long and made of iron” [page 1], and “It opened in 1903 with a long feast” "
    '[page 1]. No: “this stands nowhere in the file at all” [page 9]. <img src=x onerror="document.title=1">'
)


async def test_chips_in_the_text_open_the_page_with_the_words_highlighted(
    tab: Visit, provider: Provider
) -> None:
    pages = pdf(
        show("The bridge is 200 m long", "and made of iron <img src=x>."),
        show("It opened in 1903 with a long feast."),
    )
    await tab.attach({"name": HOSTILE, "mimeType": "application/pdf", "buffer": pages})
    await expect(tab.page.locator("#files .attached.done")).to_have_count(1)
    await tab.choose("held")
    await tab.send("How long is it?")
    call = await provider.next_call()
    await call.text(CITED)
    pending = tab.growing.locator('.cite[data-status="pending"]')
    await expect(pending).to_have_count(6)
    await tab.growing.locator(".prose p").first.dblclick(position={"x": 30, "y": 8})
    selected, before = "getSelection().toString().trim()", await pending.first.bounding_box()
    assert await tab.page.evaluate(selected) == "says"
    await call.finish()
    await tab.wait_until_over()
    chips = tab.history.locator(".cite")
    await expect(chips).to_have_count(6)
    await expect(pending).to_have_count(0)
    assert await tab.page.evaluate(selected) == "says"
    after = await chips.first.bounding_box()
    assert before
    assert after
    assert abs(before["x"] - after["x"]) + abs(before["y"] - after["y"]) < 3  # nothing has moved
    states = "chips => chips.map(chip => chip.dataset.status)"
    await expect(chips.nth(5)).to_have_attribute("data-status", "not_found")
    assert await chips.evaluate_all(states) == [
        *("found", "page_exists", "other_page", "page_exists", "not_found", "not_found")
    ]
    await expect(tab.history.locator("details.citations summary")).to_contain_text("1 on page 2 instead of 1")
    await chips.first.focus()
    await expect(tab.page.locator(".cite-tip mark")).to_have_text(
        "The bridge is 200 m long\nand made of iron"
    )
    await chips.first.press("Enter")
    viewer = tab.page.locator("#viewer")
    await expect(viewer.locator('.sheet[data-page="1"] .mark')).to_have_count(2)  # a box for each line
    mark, paper = [
        await viewer.locator(f'.sheet[data-page="1"] {part}').first.bounding_box()
        for part in (".mark", "img")
    ]
    assert mark
    assert paper
    left, top = (mark["x"] - paper["x"]) / paper["width"], (mark["y"] - paper["y"]) / paper["height"]
    assert (abs(left - 72 / 612) < 0.01, abs(top - 62 / 792) < 0.01, mark["height"] > 4) == (True, True, True)
    await expect(viewer.locator(".viewer-files")).to_contain_text("a%22img src=x")
    await viewer.locator('.sheet[data-page="1"] .layer span').first.dblclick(position={"x": 4, "y": 4})
    assert await tab.page.evaluate(selected) == "The"
    await tab.page.mouse.wheel(0, 5000)
    await expect(viewer.locator(".viewer-number")).to_have_value("2")
    await viewer.press("n")
    await viewer.press("n")
    await expect(viewer.locator('.sheet[data-page="2"] .mark')).to_have_count(1)
    await expect(viewer.locator(".viewer-verdict")).to_have_attribute("data-status", "other_page")
    await _check_turning(viewer.locator('.sheet[data-page="2"]'), viewer)
    await viewer.press("Escape")
    await expect(viewer).to_be_hidden()
    assert await tab.page.locator("img[src$='/x']").count() == 0
    assert await tab.page.title() != "1"
    assert not tab.problems


async def _check_turning(sheet: Locator, viewer: Locator) -> None:
    """Check that the highlighted words stay on the paper when it is turned, and come back where they were."""
    mark, paper = sheet.locator(".mark"), sheet.locator("img")
    places = []
    for _ in range(5):
        inner, outer = await mark.bounding_box(), await paper.bounding_box()
        assert inner
        assert outer
        x = (inner["x"] + inner["width"] / 2 - outer["x"]) / outer["width"]
        y = (inner["y"] + inner["height"] / 2 - outer["y"]) / outer["height"]
        places.append((x, y))
        await viewer.press("r")
    across, down = places[0]
    turned = [(1 - down, across), (1 - across, 1 - down), (down, 1 - across), (across, down)]
    for place, wanted in zip(places[1:], turned, strict=True):
        assert abs(place[0] - wanted[0]) + abs(place[1] - wanted[1]) < 0.01


async def test_the_next_page_is_there_before_it_is_turned_to(tab: Visit, provider: Provider) -> None:
    pages = pdf(*(show(f"This is page {number}.") for number in range(1, 31)))
    await tab.attach({"name": "pages.pdf", "mimeType": "application/pdf", "buffer": pages})
    await expect(tab.page.locator("#files .attached.done")).to_have_count(1)
    await tab.ask("What is on them?")
    async with tab.page.expect_response(re.compile(r"/pages/3\?width=")):  # behind the next one
        await tab.history.locator(".sent-files .file").first.click()
    viewer = tab.page.locator("#viewer")
    for number in range(2, 30):
        sheet = viewer.locator(f'.sheet[data-page="{number}"]')
        await expect(sheet.locator("figcaption")).to_be_attached()
        kept = await sheet.element_handle()
        assert kept
        await viewer.press("PageDown")
        await expect(viewer.locator(".viewer-number")).to_have_value(str(number))
        assert await kept.evaluate("sheet => sheet.isConnected && sheet.querySelector('img')?.complete")
        await expect(sheet.locator("img")).to_be_in_viewport()
    assert await viewer.locator(".sheet").count() <= 14
    assert not tab.problems


async def _answer_all(provider: Provider, answer: str) -> None:
    """Give all requests the same answer, also those for search words and for a query."""
    while True:
        call = await provider.next_call()
        await call.text(answer)
        await call.finish()


SEEN = """marks => marks.map(mark => [mark.getBoundingClientRect(), mark.closest('.viewer-pages')
    .getBoundingClientRect()]).map(([own, all]) => own.top >= all.top && own.bottom <= all.bottom)"""


async def test_a_quote_that_goes_on_in_the_next_column_is_seen_as_a_whole(
    tab: Visit, provider: Provider
) -> None:
    filler = [
        "The river is wide and slow in this place, and",
        "the banks are of clay and of sand, where they",
    ]
    left = [*filler * 9, "say that the bridge is two hundred metres long and"]
    right = ["made of iron from the mines in the north.", *filler * 9]
    columns = [
        f"BT /F1 9 Tf {x} 720 Td 28 TL " + " ".join(f"({line}) Tj T*" for line in lines) + " ET"
        for x, lines in ((60, left), (330, right))
    ]
    await tab.attach({"name": "a.pdf", "mimeType": "application/pdf", "buffer": pdf("\n".join(columns))})
    await expect(tab.page.locator("#files .attached.done")).to_have_count(1)
    await tab.choose("held")
    await tab.send("How long is it?")
    call = await provider.next_call()
    await call.text(
        "It says “the bridge is two hundred metres long and made of iron from the mines” [page 1]."
    )
    await call.finish()
    await tab.wait_until_over()
    await tab.history.locator(".cite").first.click()
    marks = tab.page.locator("#viewer .sheet .mark")
    await expect(marks).to_have_count(2)
    assert await marks.evaluate_all(SEEN) == [True, True]


ALONE = """width => {
    const prose = document.querySelector('#growing .bot-row .prose');
    prose.style.width = `${width}px`;
    return [...prose.querySelectorAll('.cite:empty')].filter(chip => {
        const range = document.createRange(), before = chip.previousSibling;
        range.setStart(before, before.length - 1);
        range.setEnd(before, before.length);
        const [letter] = range.getClientRects();
        return chip.getBoundingClientRect().top > letter.bottom;
    }).length }"""


@pytest.mark.parametrize("quote", ["“nine hours and twenty minutes.”", "“九小时二十分钟，充满为止”"])
async def test_a_line_never_begins_with_the_sign_of_a_quote(
    tab: Visit, provider: Provider, quote: str
) -> None:
    await tab.attach(text_file("lamp.txt", f"The lamp shines for {quote[1:-1]} It is green."))
    await expect(tab.page.locator("#files .attached.done")).to_have_count(1)
    await tab.choose("held")
    await tab.send("How long?")
    call = await provider.next_call()
    await call.text(f"The file says {quote}\n\nIn lamp.txt it is {quote}, and again {quote}.")
    await call.finish()
    await tab.wait_until_over()
    await expect(tab.history.locator(".cite:empty")).to_have_count(3)
    assert [width for width in range(120, 420, 3) if await tab.page.evaluate(ALONE, width)] == []


async def test_a_row_of_a_table_is_highlighted_in_its_cells_in_a_sheet_of_a_phone(
    tab: Visit, provider: Provider
) -> None:
    regions = [(number, name) for number, name in enumerate(("North", "East", "South"), 1)]
    rows = [
        f"{name},Q{quarter},{100 * number + quarter}" for number, name in regions for quarter in (1, 2, 3)
    ]
    await tab.attach(text_file("sales.csv", "\n".join(["Region,Quarter,Units", *rows])))
    await expect(tab.page.locator("#files .attached.done")).to_have_count(1)
    await tab.choose("held")
    answering = asyncio.create_task(_answer_all(provider, "It says “South | Q3 | 303” [sales.csv]."))
    await tab.ask("What does it say of the South?")
    answering.cancel()
    usual = tab.page.viewport_size
    await tab.page.set_viewport_size({"width": 390, "height": 800})
    await tab.history.locator('.cite[data-status="found"]').first.press("Enter")
    viewer = tab.page.locator("#viewer")
    await expect(viewer.locator("td mark")).to_have_text(["South", "Q3", "303"])
    await expect(viewer.locator("tr.is-sent")).to_have_count(10)
    sheet = await viewer.bounding_box()
    assert sheet
    assert (sheet["x"], sheet["width"], sheet["y"] > 60) == (0, 390, True)
    async with tab.page.expect_download() as saved:
        await viewer.locator(".viewer-download").click()
    assert (await saved.value).suggested_filename == "sales.csv"
    await viewer.press("Escape")
    await expect(viewer).to_be_hidden()
    if usual:
        await tab.page.set_viewport_size(usual)
    assert not tab.problems


async def test_a_file_is_left_out_of_later_questions_and_used_again(tab: Visit, provider: Provider) -> None:
    scan = pdf(show("The lamp shines for nine hours."), "0 0 m 300 300 l S")
    await tab.attach({"name": "lamp.pdf", "mimeType": "application/pdf", "buffer": scan})
    await expect(tab.page.locator("#files .attached.done")).to_have_count(1)
    await tab.ask("How long?")
    chip, viewer = tab.history.locator(".sent-files .file").first, tab.page.locator("#viewer")
    await chip.click()
    await viewer.locator(".viewer-files").click()
    row = viewer.locator(".viewer-list li")
    await expect(row.locator(".thumbnail img")).to_have_js_property("naturalWidth", 160)
    await expect(row.locator(".unread")).to_contain_text("1 page")
    use = row.locator(".viewer-use")
    await use.click()
    await expect(use).to_have_text("Use again")
    await expect(chip).to_have_attribute("data-excluded", "left out of later questions")
    await viewer.press("Escape")
    await viewer.press("Escape")
    await tab.reload()
    await expect(chip).to_have_attribute("data-excluded", "left out of later questions")
    await tab.ask("And now?")
    sent = json.dumps(provider.chats[-1].body["messages"])
    assert ("How long?" in sent, "nine hours" in sent, "lamp.pdf" in sent) == (True, False, False)
    await expect(tab.history.locator(".receipt").last).to_contain_text("Left out by you: lamp.pdf")
    await chip.click()
    await viewer.locator(".viewer-files").click()
    await use.click()
    await expect(use).to_have_text("Leave out of later questions")
    await expect(chip).not_to_have_attribute("data-excluded", re.compile("."))
    await tab.ask("And with it?")
    assert "nine hours" in json.dumps(provider.chats[-1].body["messages"])


async def test_a_file_that_was_sent_whole_offers_nothing_more(tab: Visit) -> None:
    await tab.attach(text_file("lamp.txt", "The lamp shines for nine hours."))
    await expect(tab.page.locator("#files .attached.done")).to_have_count(1)
    await tab.ask("How long?")
    await expect(tab.history.locator(".receipt")).to_have_count(1)
    await expect(tab.history.locator(".prose")).to_have_text(ANSWER)
    await expect(tab.history.locator(".offers")).to_have_count(0)
