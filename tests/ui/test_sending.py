"""Sending in a real browser, on slow lines too: one question for an Enter, its files, its conversation.

Messages that are written while an answer grows wait for its end.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator

import pytest
from playwright.async_api import Browser, CDPSession, Route, expect

from tests.pages import Visit, text_file, visit
from tests.provider import Call, Provider
from tests.scenarios import ANSWER
from tests.servers import RunningApp, run_app

pytestmark = pytest.mark.slow  # slow lines, lost lines and two tabs

LAMP = text_file("lamp.txt", "The lamp shines for nine hours.")
LARGE = text_file("large.txt", "The lamp shines for nine hours.\n" + "A line about nothing.\n" * 60_000)


@pytest.fixture(scope="module")
async def provider() -> AsyncGenerator[Provider, None]:
    async with Provider() as running:
        yield running


@pytest.fixture(scope="module")
async def served(
    browser: Browser, provider: Provider, tmp_path_factory: pytest.TempPathFactory
) -> AsyncGenerator[RunningApp, None]:
    async def say_nothing(call: Call) -> None:
        await call.start()
        await call.connection.wait_closed(600)

    provider.scripts["mute"] = say_nothing
    settings = {"OPENAI_MODEL": "plain,held,mute", "OPENAI_API_KEY": "sk-test"}
    async with run_app(
        tmp_path_factory.mktemp("served"), OPENAI_BASE_URL=provider.url, **settings
    ) as running:
        yield running


class SlowLine:
    """The tab's line to the server. latency: milliseconds; -1 bytes: as fast as there are."""

    def __init__(self, devtools: CDPSession) -> None:
        self._devtools = devtools

    async def change(self, *, latency: int = 0, bytes_per_second: int = -1) -> None:
        conditions = {"offline": False, "latency": latency, "downloadThroughput": -1}
        upload = {"uploadThroughput": bytes_per_second}
        await self._devtools.send("Network.emulateNetworkConditions", conditions | upload)


@pytest.fixture
async def line(tab: Visit) -> AsyncGenerator[SlowLine, None]:
    devtools = await tab.page.context.new_cdp_session(tab.page)
    yield SlowLine(devtools)
    await devtools.detach()  # ends what it has changed: the tab passes on


def asked(calls: list[Call]) -> list[str]:
    """Return the last message of each chat, as the provider received it."""
    return [str(call.body["messages"][-1]["content"]) for call in calls]


@pytest.mark.parametrize("latency", [0, 100, 300])
async def test_enter_twice_sends_one_question_and_shows_it(
    tab: Visit, line: SlowLine, provider: Provider, latency: int
) -> None:
    before = len(provider.chats)
    await line.change(latency=latency)
    await tab.composer.fill("Twice?")
    await tab.composer.press("Enter")
    await tab.composer.press("Enter")
    await expect(tab.growing.locator(".prose")).to_have_text(ANSWER)
    await tab.wait_until_over()
    await expect(tab.history.locator(".question")).to_have_text(["Twice?"])
    await expect(tab.page.locator("#queue .queued")).to_have_count(0)
    assert asked(provider.chats[before:]) == ["Twice?"]


async def test_a_double_click_on_send_sends_one_question(
    tab: Visit, line: SlowLine, provider: Provider
) -> None:
    before = len(provider.chats)
    await line.change(latency=300)
    await tab.composer.fill("Twice?")
    box = await tab.page.locator("#composer .submit-button").bounding_box()
    assert box
    await tab.page.mouse.dblclick(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    await expect(tab.growing.locator(".prose")).to_have_text(ANSWER)
    await tab.wait_until_over()
    assert asked(provider.chats[before:]) == ["Twice?"]


async def test_a_double_click_on_a_starter_asks_once(tab: Visit, line: SlowLine, provider: Provider) -> None:
    before = len(provider.chats)
    await line.change(latency=300)
    await tab.page.locator('.card[data-id="explain"]').dblclick()
    await expect(tab.growing.locator(".prose")).to_have_text(ANSWER)
    await tab.wait_until_over()
    await expect(tab.history.locator(".question")).to_have_count(1)
    assert len(provider.chats) == before + 1


async def test_send_waits_for_a_file_that_is_being_uploaded_and_says_so(
    tab: Visit, line: SlowLine, provider: Provider
) -> None:
    await line.change(bytes_per_second=400_000)
    await tab.attach(LARGE)
    chip = tab.page.locator("#files .attached")
    await expect(chip).to_contain_text("large.txt")
    await expect(chip.locator("progress")).to_have_count(1)
    await tab.composer.fill("How long?")
    await tab.page.locator("#composer .submit-button").click()
    await expect(tab.page.locator("#files .waiting-files")).to_contain_text("as soon as the files are read")
    await expect(tab.composer).to_have_value("How long?")
    await expect(tab.history.locator(".sent-files .file")).to_have_text("large.txt")
    await tab.wait_until_over()
    assert "nine hours" in json.dumps(provider.chats[-1].body["messages"])


async def test_waiting_for_a_file_can_be_called_off(tab: Visit, line: SlowLine, provider: Provider) -> None:
    before = len(provider.chats)
    await line.change(bytes_per_second=200_000)
    await tab.attach(LARGE)
    await tab.send("How long?")
    await tab.page.locator("#files .waiting-files button").click()
    await line.change()
    await expect(tab.page.locator("#files .attached.done")).to_contain_text("large.txt")
    await expect(tab.composer).to_have_value("How long?")
    assert len(provider.chats) == before


async def test_a_file_on_its_way_and_a_draft_stay_with_their_conversation(
    tab: Visit, line: SlowLine, provider: Provider
) -> None:
    await tab.ask("First conversation")
    before = len(provider.chats)
    await line.change(bytes_per_second=400_000)
    await tab.attach(LARGE)
    await tab.composer.fill("About the file")
    await tab.page.locator('#sidebar [data-do="new"]').click()
    await expect(tab.page.locator("#starters")).to_be_visible()
    await expect(tab.composer).to_have_value("")
    await expect(tab.page.locator("#files .attached")).to_have_count(0)
    await tab.ask("Second conversation")
    assert "nine hours" not in json.dumps(provider.chats[before].body["messages"])
    await tab.conversations.filter(has_text="First conversation").click()
    await expect(tab.composer).to_have_value("About the file")
    await expect(tab.page.locator("#files .attached.done")).to_contain_text("large.txt")
    await tab.composer.press("Enter")
    await tab.wait_until_over()
    await expect(tab.history.locator(".question").first).to_have_text("First conversation")
    assert "nine hours" in json.dumps(provider.chats[-1].body["messages"])


async def test_an_upload_that_the_line_broke_is_tried_again(tab: Visit) -> None:
    await tab.page.route("**/gradio_api/upload", lambda route: route.abort())
    await tab.attach(LAMP)
    chip = tab.page.locator("#files .attached")
    await expect(chip).to_contain_text("was not uploaded")
    await tab.page.unroute("**/gradio_api/upload")
    await chip.locator(".do-again").click()
    await expect(tab.page.locator("#files .attached.done")).to_contain_text("lamp.txt")


async def test_a_message_during_an_answer_waits_is_edited_and_outlives_a_reload(
    tab: Visit, provider: Provider
) -> None:
    await tab.choose("held")
    await tab.send("First")
    call = await provider.next_call()
    await expect(tab.history.locator(".question")).to_have_text(["First"])
    await tab.send("Second")
    await tab.send("Third")
    waiting = tab.page.locator("#queue .queued:not(.sending)")
    await expect(waiting).to_have_count(2)
    await expect(waiting.first).to_contain_text("Sent when the answer ends")
    await waiting.first.locator("textarea").fill("Second, edited")
    await waiting.first.locator("textarea").press("Enter")
    await waiting.nth(1).locator(".do-remove").click()
    await tab.reload()
    await expect(waiting.locator("textarea")).to_have_value("Second, edited")
    await call.text("One")
    await call.finish()
    following = await provider.next_call()
    await expect(tab.history.locator(".question")).to_have_text(["First", "Second, edited"])
    await expect(waiting).to_have_count(0)
    await following.finish()
    await tab.wait_until_over()


# A request held by the browser's tools would fail, or go on, as soon as the page is left.
NOTHING_ARRIVES = """
const ask = window.fetch;
window.fetch = (url, options) => {
  const isSent = !String(options?.body).includes("On its way") || sessionStorage.getItem("lost");
  if (isSent) return ask(url, options);
  sessionStorage.setItem("lost", "once");
  return new Promise(() => {});
};
"""


async def test_a_message_on_its_way_outlives_a_reload_and_is_sent_once(
    tab: Visit, provider: Provider
) -> None:
    before = len(provider.chats)
    await tab.page.add_init_script(NOTHING_ARRIVES)
    await tab.reload()
    await tab.send("On its way")
    await tab.reload()
    waiting = tab.page.locator("#queue .queued")
    await expect(waiting).to_contain_text("Not sent yet")
    await waiting.get_by_role("button", name="Send", exact=True).click()
    await expect(tab.growing.locator(".prose")).to_have_text(ANSWER)
    await tab.wait_until_over()
    await tab.reload()
    await expect(tab.history.locator(".question")).to_have_text(["On its way"])
    await expect(waiting).to_have_count(0)
    assert asked(provider.chats[before:]) == ["On its way"]


async def test_after_a_stop_a_waiting_message_waits_for_the_visitor(tab: Visit, provider: Provider) -> None:
    await tab.choose("held")
    await tab.send("First")
    call = await provider.next_call()
    await call.text("One")
    await expect(tab.growing.locator(".prose")).to_have_text("One")
    await tab.send("Second")
    await tab.composer.press("Escape")
    await expect(tab.growing).to_contain_text("Stopped.")
    waiting = tab.page.locator("#queue .queued")
    await expect(waiting).to_contain_text("Not sent yet")
    await waiting.get_by_role("button", name="Send", exact=True).click()
    call = await provider.next_call()
    await call.finish()
    await tab.wait_until_over()
    await expect(tab.history.locator(".question")).to_have_text(["First", "Second"])


async def test_escape_closes_what_is_open_before_it_stops(tab: Visit, provider: Provider) -> None:
    await tab.choose("held")
    await tab.send("First")
    call = await provider.next_call()
    await call.text("One")
    await expect(tab.growing.locator(".prose")).to_have_text("One")
    await tab.page.locator("#settings .toggle-button").click()
    await expect(tab.page.locator("#settings.open")).to_have_count(1)
    await tab.page.keyboard.press("Escape")
    await expect(tab.page.locator("#settings.open")).to_have_count(0)
    assert (await tab.state())["generation"]
    await tab.page.keyboard.press("Escape")
    await expect(tab.growing).to_contain_text("Stopped.")


async def test_stop_before_the_answer_has_a_name_stops_it(
    tab: Visit, line: SlowLine, provider: Provider
) -> None:
    await line.change(latency=300)
    await tab.choose("mute")
    await tab.send("First")
    await tab.page.locator("#composer .stop-button").click()
    await expect(tab.growing).to_contain_text("Stopped.")
    await tab.wait_until_over()


async def test_a_message_that_no_server_takes_comes_back(tab: Visit) -> None:
    await tab.page.route("**/queue/join*", lambda route: route.abort())
    await tab.send("Lost?")
    await expect(tab.page.locator("#notice")).to_contain_text("was not sent")
    await expect(tab.composer).to_have_value("Lost?")
    await tab.page.unroute("**/queue/join*")
    await tab.ask("Lost?")
    await expect(tab.history.locator(".question")).to_have_text(["Lost?"])


async def test_offline_in_mid_answer_is_told_in_the_pages_language_and_the_page_goes_on_by_itself(
    browser: Browser, served: RunningApp, provider: Provider
) -> None:
    async with visit(browser, served.url, locale="zh-CN") as tab:
        line = tab.page.locator('[data-place="line"]')
        await tab.choose("held")
        await tab.send("First")
        call = await provider.next_call()
        await call.text("One, ")
        await expect(tab.growing.locator(".prose")).to_have_text("One, ")
        await tab.page.context.set_offline(True)
        await expect(line).to_contain_text("此设备已离线")
        await call.text("two")
        await call.finish()
        await tab.composer.fill("Second")
        await tab.composer.press("Enter")
        await expect(tab.page.locator("#notice .hint")).to_have_text("连接恢复后立即发送。")
        await expect(tab.page.locator(".toast-body:visible")).to_have_count(0)
        await tab.page.context.set_offline(False)
        await expect(tab.history.locator(".prose").first).to_have_text("One, two")
        await expect(line).to_have_text("")
        await expect(tab.history.locator(".question")).to_have_text(["First", "Second"])
        call = await provider.next_call()
        await call.finish()
        await tab.wait_until_over()
        await expect(tab.history.locator(".question")).to_have_text(["First", "Second"])


@pytest.mark.parametrize(
    "part", ["assets/Index-*.js", "assets/core-*.js", "page/script-*.js", "page/style-*.css"]
)
async def test_a_part_of_the_page_that_did_not_arrive_is_fetched_again(
    browser: Browser, served: RunningApp, part: str
) -> None:
    context = await browser.new_context()
    broken: list[str] = []

    async def break_first(route: Route) -> None:
        if broken:
            return await route.continue_()
        broken.append(route.request.url)
        await route.abort()

    await context.route(f"**/{part}", break_first)
    async with visit(browser, served.url, context=context) as tab:
        await tab.ask("Hello")
        await expect(tab.growing.locator(".prose")).to_have_text(ANSWER)
        assert len(broken) == 1
        await tab.composer.fill("A draft")
        broken.clear()
        await tab.reload()
        await expect(tab.composer).to_have_value("A draft")
        assert len(broken) == 1
    await context.close()


async def test_a_part_that_never_arrives_is_told_and_does_not_load_the_page_for_ever(
    browser: Browser, served: RunningApp
) -> None:
    context = await browser.new_context()
    loaded: list[str] = []
    await context.route("**/assets/core-*.js", lambda route: route.abort())
    page = await context.new_page()
    page.on("request", lambda asked: loaded.append(asked.url) if asked.is_navigation_request() else None)
    await page.goto(served.url, wait_until="commit")
    await expect(page.get_by_role("alert")).to_contain_text("A part of this page did not arrive.")
    assert len(loaded) == 4
    await context.unroute("**/assets/core-*.js")
    await page.get_by_role("button", name="Reload").click()
    await page.wait_for_selector("body.is-ready")
    await context.close()


async def test_two_tabs_of_a_conversation_show_the_same_turns_after_each_ending(
    browser: Browser, served: RunningApp
) -> None:
    context = await browser.new_context(locale="en-US")
    async with (
        visit(browser, served.url, context=context) as one,
        visit(browser, served.url, context=context) as two,
    ):
        await one.ask("First")
        await two.reload()
        await two.conversations.click()
        for asking, seeing, asked in (
            (two, one, ["First", "Second"]),
            (one, two, ["First", "Second", "Third"]),
        ):
            await asking.ask(asked[-1])
            await expect(seeing.history.locator(".question")).to_have_text(asked)
            await seeing.wait_until_over()
            await expect(seeing.growing.locator(".prose")).to_have_text(ANSWER)
        await one.composer.fill("From one")
        await two.composer.fill("From two")
        await asyncio.gather(one.composer.press("Enter"), two.composer.press("Enter"))
        for tab in (one, two):
            await expect(tab.history.locator(".question")).to_have_count(5)
            await tab.wait_until_over()
        shown = [await tab.history.locator(".question").all_inner_texts() for tab in (one, two)]
        assert shown[0] == shown[1]
        assert sorted(shown[0][3:]) == ["From one", "From two"]
    await context.close()
