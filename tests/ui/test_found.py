"""What is kept, in a real browser: found again, deleted and taken back, imported, exported, described."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator
from datetime import UTC, datetime, timedelta
from io import BytesIO

import anyio
import pytest
from PIL import Image
from playwright.async_api import expect

from chat.visitors import hash_secret
from tests.pages import Visit, answer_question, choose_from_menu, text_file
from tests.provider import Call, Provider
from tests.servers import RunningApp, run_app

pytestmark = pytest.mark.slow  # search, import, deletion: each on pages of its own

BEGUN = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
async def served(
    module_provider: Provider, tmp_path_factory: pytest.TempPathFactory
) -> AsyncGenerator[RunningApp, None]:
    settings = {"OPENAI_MODEL": "plain,other,blind", "OPENAI_API_KEY": "sk-test"}
    async with run_app(
        tmp_path_factory.mktemp("served"), OPENAI_BASE_URL=module_provider.url, **settings
    ) as running:
        yield running


def minute(number: int) -> str:
    return (BEGUN + timedelta(minutes=number)).isoformat()


def write_export(*conversations: tuple[str, list[str]]) -> list[dict[str, object]]:
    """Return an export of conversations, each a title and its questions and answers in turn."""
    return [
        {
            "format": "xiaojia.conversation", "version": 1, "title": title, "pinned": False,
            "attachments": [],
            "created": minute(number), "updated": minute(number),
            "shown": len(said) - 1,
            "messages": [
                {"parent": at - 1 if at else None, "created": BEGUN.isoformat(), "text": text,
                 "role": "assistant" if at % 2 else "user", "finish_reason": "stop"}
                for at, text in enumerate(said)
            ],
        }
        for number, (title, said) in enumerate(conversations)
    ]  # fmt: skip


async def import_file(tab: Visit, content: object) -> None:
    async with tab.page.expect_file_chooser() as choosing:
        await tab.page.locator('[data-do="import"]').click()
    data = content if isinstance(content, bytes) else json.dumps(content).encode()
    file = {"name": "export.json", "mimeType": "application/json", "buffer": data}
    await (await choosing.value).set_files(file)  # type: ignore[arg-type]


async def test_import_and_export_say_what_they_did_and_what_they_left_out(tab: Visit) -> None:
    report = tab.page.locator("#desk #notice .report")
    good = write_export(("Lamps", ["Which?", "The nine-hour lamp."]), ("Gardens", ["Where?", "Here."]))
    damaged = {**good[0], "title": "Broken", "messages": [{}]}
    await import_file(tab, [good[0], damaged, good[1]])
    await expect(report).to_contain_text("2 conversations imported.")
    await expect(report.locator("li")).to_have_text(["1 is damaged: “Broken”"])
    await expect(tab.conversations).to_have_text(["Gardens", "Lamps"])
    await import_file(tab, good)
    await expect(report).to_contain_text("0 conversations imported.")
    await expect(report.locator("li")).to_have_text(["2 are here already."])
    await expect(tab.conversations).to_have_count(2)
    await import_file(tab, b"PK\x03\x04 a ZIP")
    await expect(tab.page.locator("#desk #notice .error")).to_contain_text("unpack it")
    async with tab.page.expect_download() as saving:
        await tab.page.locator('#sidebar [data-do="everything"]').click()
    kept = json.loads(await anyio.Path(await (await saving.value).path()).read_text())
    assert [one["title"] for one in kept] == ["Gardens", "Lamps"]
    await expect(report).to_contain_text("2 conversations exported to")
    await report.locator('[data-do="dismiss"]').click()
    await expect(report).to_have_count(0)
    await import_file(tab, good)
    await expect(report).to_contain_text("0 conversations imported.")
    await tab.attach(text_file("lamp.txt", "The lamp shines for nine hours."))
    await expect(report).to_have_count(0)  # it is not said of the file


async def test_what_is_refused_beside_the_list_is_said_beside_the_composer(
    tab: Visit, served: RunningApp
) -> None:
    await tab.ask("Hello")
    gone, owner = (await tab.state())["conversation"], hash_secret((await tab.state())["owner"])
    await served.engine.delete_conversation(gone, owner)  # in another tab
    await choose_from_menu(tab.page.locator("#conversations .conversation"), "markdown")
    await expect(tab.page.locator("#desk #notice .error")).to_contain_text("There is no such thing")
    await tab.page.locator("#notice .error").evaluate("error => error.remove()")
    await tab.button("like").click()
    await expect(tab.page.locator("#desk #notice .error")).to_contain_text("There is no such thing")
    await expect(tab.page.locator(".toast-body")).to_have_count(0)


async def test_a_search_marks_its_words_and_opens_the_conversation_at_them(tab: Visit) -> None:
    talk = [f"Line {number}. And so on. " * 30 for number in range(60)]
    talk[4] = "Before it. " * 60 + "How long does the BATTERY of the **lamp** last?"
    await import_file(tab, write_export(("Long", talk), ("Other", ["Which lamp?", "None."])))
    await expect(tab.page.locator("#notice .report")).to_contain_text("2 conversations imported.")
    search = tab.page.locator("#search input")
    await search.fill("lamp battery")
    await expect(tab.page.locator("#conversations .hint")).to_have_text("1 conversation found")
    entry = tab.conversations.first
    await expect(entry.locator("small mark")).to_have_text(["BATTERY", "lamp"])
    await entry.click()
    await tab.page.wait_for_function(
        """() => [...(CSS.highlights.get("found") ?? [])].some((range) => {
            const place = range.getBoundingClientRect();
            const box = document.querySelector("#conversation").getBoundingClientRect();
            return range.toString() === "BATTERY" && place.top > box.top && place.bottom < box.bottom;
        })"""
    )
    await search.fill("")
    await tab.conversations.filter(has_text="Other").click()
    await tab.page.wait_for_function("CSS.highlights.get('found').size === 0")


LISTED = """([html, query]) => xiaojia.hear(JSON.stringify({html: {conversations: html}, query}))"""


async def test_a_list_that_comes_after_another_search_is_not_shown(tab: Visit) -> None:
    await tab.ask("Which lamp?")
    await tab.page.locator("#search input").fill("lamp")
    await expect(tab.page.locator("#conversations .hint")).to_have_text("1 conversation found")
    await tab.page.evaluate(LISTED, ["<p>All of them</p>", ""])
    await expect(tab.conversations).to_have_count(1)
    await tab.page.evaluate(LISTED, ["<p>None of them</p>", "lamp"])
    await expect(tab.page.locator("#conversations")).to_have_text("None of them")


async def test_an_entry_of_the_list_that_comes_anew_while_it_is_pressed_is_opened(tab: Visit) -> None:
    await tab.ask("First")
    await tab.page.locator('#sidebar [data-do="new"]').click()
    await tab.ask("Second")
    await tab.conversations.filter(has_text="First").hover()
    await tab.page.mouse.down()
    listed = await tab.page.locator("#conversations").inner_html()
    await tab.page.evaluate(LISTED, [listed, ""])
    await tab.page.mouse.up()
    await expect(tab.page.locator("#conversation")).to_contain_text("First")


async def test_the_list_goes_on_to_its_end(tab: Visit) -> None:
    await import_file(tab, write_export(*((f"Talk {number}", ["Lamp?"]) for number in range(205))))
    await expect(tab.conversations).to_have_count(200)
    await tab.conversations.first.hover()
    await tab.page.mouse.wheel(0, 100_000)
    await expect(tab.conversations).to_have_count(205)
    await expect(tab.conversations.last).to_have_text("Talk 0")
    await tab.page.locator("#search input").fill("lamp")
    await expect(tab.page.locator("#conversations mark")).to_have_count(200)


async def test_a_deletion_is_undone_within_ten_seconds_and_not_later(tab: Visit) -> None:
    await tab.ask("First")
    await tab.page.locator('#sidebar [data-do="new"]').click()
    await tab.ask("Second")
    undo = tab.page.locator('#desk #deleted [data-do="restore"]')
    entries = tab.page.locator("#conversations .conversation")
    await choose_from_menu(entries.first, "delete")
    await answer_question(tab)
    await expect(tab.conversations).to_have_text(["First"])
    await expect(tab.page.locator("#starters")).to_be_visible()
    await expect(tab.page.locator("#deleted")).to_contain_text("“Second” was deleted.")
    await undo.click()
    await expect(tab.conversations).to_have_text(["Second", "First"])
    await expect(tab.history.locator(".question")).to_have_text("Second")
    await choose_from_menu(entries.last, "delete")
    await answer_question(tab)
    await expect(tab.page.locator('#deleted [data-seconds="10"]')).to_be_visible()
    # Ten seconds of the page's own: a clock of the test's would reorder its timers.
    await expect(undo).to_have_count(0)
    await expect(tab.conversations).to_have_text(["Second"])


async def test_everything_of_a_visitor_is_deleted_in_one_place_and_comes_back_with_undo(
    tab: Visit, served: RunningApp
) -> None:
    await tab.attach(text_file("lamp.txt", "The lamp shines for nine hours."))
    await expect(tab.page.locator("#files .attached.done")).to_have_count(1)
    await tab.ask("How long?")
    await tab.composer.fill("a draft")
    await tab.page.locator("#settings .toggle-button").click()
    remove = tab.page.locator('#settings [data-do="delete-all"]')
    await remove.click()
    await answer_question(tab)
    await expect(tab.conversations).to_have_count(0)
    await expect(tab.composer).to_have_value("")
    await tab.page.keyboard.press("Escape")
    await tab.page.locator('#deleted [data-do="restore"]').click()
    await expect(tab.history.locator(".sent-files .file")).to_have_text("lamp.txt")
    await tab.page.locator("#settings .toggle-button").click()
    await remove.click()
    await answer_question(tab)
    await expect(tab.page.locator("#deleted")).to_contain_text("1 conversation, and all files")
    await tab.page.keyboard.press("Escape")
    await served.engine._deletions.purge(0)
    await tab.page.locator('#deleted [data-do="restore"]').click()
    await expect(tab.page.locator("#desk #notice .error")).to_contain_text("too late")
    await expect(tab.page.locator("#starters")).to_be_visible()
    await tab.reload()
    await expect(tab.conversations).to_have_count(0)


async def test_a_question_is_answered_again_by_another_model(tab: Visit, provider: Provider) -> None:
    await tab.ask("Hello")
    menu = tab.page.locator("#models")
    await tab.button("retry-with").click()
    await tab.page.keyboard.press("Escape")
    await expect(menu).to_be_hidden()
    await tab.button("retry-with").click()
    await expect(menu.get_by_role("option")).to_have_text(["other", "blind", "quotes"])
    await menu.get_by_role("option", name="other").click()
    await expect(tab.history.locator(".branches .count")).to_have_text("2/2")
    await expect(tab.history.locator(".figures")).to_contain_text("other")
    assert provider.chats[-1].body["model"] == "other"
    await tab.ask("And now?")
    assert provider.chats[-1].body["model"] == "plain"


async def test_a_picture_that_was_not_sent_is_named_in_the_visible_line(
    tab: Visit, provider: Provider
) -> None:
    async def see_nothing(call: Call) -> None:
        if b"image_url" in call.raw:
            await call.reply(400, {"error": {"message": "This model does not support images."}})
            return
        await call.text("I see nothing.")
        await call.finish()

    provider.scripts["blind"] = see_nothing
    picture = BytesIO()
    Image.new("RGB", (40, 30), "red").save(picture, "PNG")
    await tab.choose("blind")
    await tab.attach({"name": "lamp.png", "mimeType": "image/png", "buffer": picture.getvalue()})
    await expect(tab.page.locator("#files .attached.done")).to_have_count(1)
    await tab.ask("What is this?")
    await expect(tab.history.locator(".receipt summary")).to_contain_text("Pictures were not sent")


async def test_a_spreadsheet_is_described_with_questions_that_are_computed(tab: Visit) -> None:
    rows = "".join(
        f"{('North', 'South')[number % 2]},{2000 + number % 9},{number}.50\n" for number in range(40)
    )
    await tab.attach(text_file("sales.csv", "Region,Year,Amount\n" + rows))
    card = tab.page.locator("#files .profile")
    await expect(card.locator("h3")).to_have_text("sales")
    await expect(card.locator("p")).to_have_text(["40 rows, 3 columns: Region · Year · Amount"])
    questions = ["Total of Amount by Region", "Highest Amount", "How many rows by Region"]
    await expect(card.locator('[class~="do-ask"]')).to_have_text(questions)
    await tab.choose("quotes")
    await card.locator('[class~="do-ask"]').first.click()
    result = tab.growing.locator(".computation .result").first  # the second has the rows behind it
    await expect(result.locator("tbody tr")).to_have_count(2)
    await expect(tab.growing.locator(".cite[data-status=not_found]")).to_have_count(0)


async def test_a_file_is_described_and_a_click_asks_about_it(tab: Visit, provider: Provider) -> None:
    manual = "# The lamp\n\n## 1. Light\n\nBright.\n\n## 2. Battery\n\n"
    manual += "Mode | Lasts\nHigh | 3.5 hours\nLow | 9 hours\n"
    await tab.composer.fill("a draft")
    await tab.attach(text_file("lamp.md", manual))
    card = tab.page.locator("#files .profile")
    await expect(card.locator("h3")).to_have_text("The lamp")
    await expect(card.locator("p")).to_have_text(["2 sections: 1. Light · 2. Battery", "1 table: 2. Battery"])
    questions = card.locator('[class~="do-ask"]')
    await expect(questions).to_have_count(3)
    await expect(questions.first).to_have_text("What is “Lasts” for “High”?")
    await questions.first.click()
    await expect(tab.history.locator(".question")).to_have_text("What is “Lasts” for “High”?")
    await tab.wait_until_over()
    await expect(tab.history.locator(".sent-files .file")).to_have_text("lamp.md")
    assert "3.5 hours" in json.dumps(provider.chats[-1].body["messages"])
    await expect(tab.composer).to_have_value("a draft")
    await expect(card).to_have_count(0)
