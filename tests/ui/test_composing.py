"""What is being written, in a real browser: it outlives refusals, reloads and edits; and keys that help."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator

import pytest
from playwright.async_api import expect

from tests.pages import Visit, text_file
from tests.provider import Provider
from tests.scenarios import ANSWER
from tests.servers import RunningApp, run_app

pytestmark = pytest.mark.slow  # one page for each way of writing

LAMP = text_file("lamp.txt", "The lamp shines for nine hours.")


@pytest.fixture(scope="module")
async def served(
    module_provider: Provider, tmp_path_factory: pytest.TempPathFactory
) -> AsyncGenerator[RunningApp, None]:
    folder = tmp_path_factory.mktemp("served")
    settings = {"OPENAI_MODEL": "plain,held", "OPENAI_API_KEY": "sk-test", "MAX_GENERATIONS_PER_VISITOR": "1"}
    async with run_app(folder, OPENAI_BASE_URL=module_provider.url, **settings) as running:
        yield running


async def attach(tab: Visit) -> None:
    await tab.attach(LAMP)
    await expect(tab.page.locator("#files .attached.done")).to_have_count(1)


async def test_a_question_that_is_edited_keeps_its_files_and_its_first_form(
    tab: Visit, provider: Provider
) -> None:
    await attach(tab)
    await tab.ask("How long?")
    await tab.composer.type("A draft")
    await tab.button("edit").click()
    await expect(tab.composer).to_have_value("How long?")
    await expect(tab.page.locator("#files .attached.done")).to_have_text("lamp.txt")
    await tab.ask("How long exactly?")
    assert "nine hours" in json.dumps(provider.chats[-1].body["messages"])
    await expect(tab.history.locator(".sent-files .file")).to_have_text("lamp.txt")
    await expect(tab.composer).to_have_value("A draft")
    await tab.button("edit").click()
    await tab.page.get_by_role("button", name="Remove lamp.txt").click()
    await tab.ask("Never mind")
    assert "nine hours" not in json.dumps(provider.chats[-1].body["messages"])
    for shown in ("2/3", "1/3"):
        await tab.history.locator(".user-row .branches button").first.click()
        await expect(tab.history.locator(".user-row .branches .count")).to_have_text(shown)
    await tab.ask("And now?")
    assert "nine hours" in json.dumps(provider.chats[-1].body["messages"])


async def test_an_edit_that_is_cancelled_gives_the_draft_back(tab: Visit) -> None:
    await attach(tab)
    await tab.ask("How long?")
    await tab.composer.type("A draft")
    await tab.button("edit").click()
    await expect(tab.composer).to_have_value("How long?")
    await tab.composer.press("Escape")
    await expect(tab.composer).to_have_value("A draft")
    await expect(tab.page.locator("#files .attached")).to_have_count(0)
    await expect(tab.page.locator("#editing")).to_be_hidden()


async def test_undo_gives_question_and_files_back(tab: Visit) -> None:
    await attach(tab)
    await tab.ask("How long?")
    await tab.button("undo").click()
    await expect(tab.composer).to_have_value("How long?")
    await expect(tab.page.locator("#files .attached.done")).to_have_text("lamp.txt")


async def test_a_refused_message_comes_back_with_its_files(
    tab: Visit, provider: Provider, served: RunningApp
) -> None:
    await tab.choose("held")
    await tab.send("First")
    call = await provider.next_call()
    await tab.page.locator('#sidebar [data-do="new"]').click()
    await expect(tab.page.locator("#starters")).to_be_visible()
    await attach(tab)
    await tab.send("Second")
    await expect(tab.page.locator("#notice .error")).to_be_visible()
    await expect(tab.composer).to_have_value("Second")
    await expect(tab.page.locator("#files .attached.done")).to_have_text("lamp.txt")
    await call.finish()
    await expect(tab.conversations.first).to_be_visible()
    await tab.choose("plain")
    await tab.ask("Second")
    assert "nine hours" in json.dumps(provider.chats[-1].body["messages"])


async def test_what_is_told_late_calls_nobody_back_who_has_left(tab: Visit) -> None:
    heard = await tab.page.evaluate(
        """async () => {
            const tell = asked => {
                xiaojia.hear(JSON.stringify({ conversation: "c1", asked }));
                return xiaojia.state.conversation;
            };
            const before = xiaojia.state.place;
            document.querySelector('#sidebar [data-do="new"]').click();
            await Promise.resolve().then(() => {}).then(() => {}).then(() => {});
            return [xiaojia.state.place - before, tell(before), tell(xiaojia.state.place)];
        }"""
    )  # in one step: what the server says of the new place would come between
    assert heard == [1, "", "c1"]


async def test_what_is_being_written_outlives_a_reload_with_its_files(tab: Visit, provider: Provider) -> None:
    await attach(tab)
    await tab.composer.type("How long?")
    await tab.reload()
    await expect(tab.composer).to_have_value("How long?")
    await expect(tab.page.locator("#files .attached.done")).to_contain_text("lamp.txt")
    await tab.composer.press("Enter")
    await expect(tab.history.locator(".prose")).to_have_text(ANSWER)
    assert "nine hours" in json.dumps(provider.chats[-1].body["messages"])


async def test_keys_begin_a_chat_search_mend_the_last_message_and_come_back(tab: Visit) -> None:
    await tab.ask("First")
    await tab.page.keyboard.press("ArrowUp")
    await expect(tab.composer).to_have_value("First")
    await tab.page.keyboard.press("Escape")
    await expect(tab.composer).to_have_value("")
    await tab.page.keyboard.press("Control+k")
    await expect(tab.page.locator("#search input")).to_be_focused()
    await tab.page.keyboard.press("Shift+Escape")
    await expect(tab.composer).to_be_focused()
    await tab.page.keyboard.press("Control+Shift+O")
    await expect(tab.page.locator("#starters")).to_be_visible()


async def test_the_tab_is_named_after_its_conversation_and_tells_that_an_answer_grows(
    tab: Visit, provider: Provider
) -> None:
    await expect(tab.page).to_have_title("小加")
    await tab.choose("held")
    await tab.send("Lamps")
    call = await provider.next_call()
    await expect(tab.page).to_have_title("… Lamps · 小加")
    await call.finish()
    await expect(tab.page).to_have_title("Lamps · 小加")


async def test_the_buttons_of_the_composer_stand_by_its_last_line(tab: Visit) -> None:
    for text in ("one", "one\ntwo\nthree"):
        await tab.composer.fill(text)
        area, *buttons = [
            await tab.page.locator(f"#composer {part}").bounding_box()
            for part in ("textarea", ".submit-button", ".upload-button")
        ]
        assert area
        for button in buttons:
            assert button
            ends = [box["y"] + box["height"] for box in (area, button)]
            assert ends[0] == pytest.approx(ends[1], abs=1)
