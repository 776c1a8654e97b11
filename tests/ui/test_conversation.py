"""The road of a conversation in a real browser: ask, watch it grow, stop, reload, come back."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from playwright.async_api import Browser, Locator, Route, expect

from chat.history.entities import Role
from chat.visitors import hash_secret
from tests.pages import Visit, visit
from tests.provider import Provider
from tests.scenarios import ANSWER, HALF, REASONING
from tests.servers import RunningApp, run_app

MODELS = "held,plain,reasoning,cut-midway,status-503,no-such"


@pytest.fixture(scope="module")
async def served(
    module_provider: Provider, tmp_path_factory: pytest.TempPathFactory
) -> AsyncGenerator[RunningApp, None]:
    folder = tmp_path_factory.mktemp("served")
    settings = {"OPENAI_MODEL": MODELS, "OPENAI_API_KEY": "sk-test", "ABANDONED_AFTER": "600"}
    async with run_app(folder, OPENAI_BASE_URL=module_provider.url, **settings) as running:
        yield running


async def test_an_answer_grows_under_its_question_and_stays_there_until_the_next_begins(
    tab: Visit, provider: Provider
) -> None:
    above = tab.page.locator("#history")
    await tab.send("Hello\n**there**")
    await expect(tab.growing.locator(".question")).to_have_text("Hello\n**there**")
    await expect(tab.growing).to_contain_text("Thinking...")
    call = await provider.next_call()
    await call.text("One ")
    await expect(tab.growing.locator(".prose")).to_have_text("One")
    await expect(tab.growing).not_to_contain_text("Thinking...")
    await call.text("**two**")
    await expect(tab.growing.locator(".prose strong")).to_have_text("two")
    await call.finish()
    await expect(tab.growing.locator(".bot-row time")).to_be_visible()
    await expect(tab.growing.locator(".prose")).to_have_text("One two")
    await expect(tab.button("edit", within=tab.growing)).to_be_visible()
    await expect(tab.page.locator("#announcer")).to_have_text("Answer complete.")
    await expect(above.locator(".message-row")).to_have_count(0)
    await tab.send("Again")
    await expect(tab.growing.locator(".question")).to_have_text("Again")
    await expect(above.locator(".prose")).to_have_text("One two")
    await expect(tab.button("retry")).to_have_count(0)
    await (await provider.next_call()).finish()
    await expect(tab.button("retry", within=tab.growing)).to_have_count(1)
    await expect(tab.button("retry", within=above)).to_have_count(0)


@pytest.mark.slow
async def test_a_browser_that_draws_no_frame_shows_what_comes_and_all_of_it(
    tab: Visit, provider: Provider
) -> None:
    await tab.page.evaluate("window.requestAnimationFrame = () => 0")
    await tab.send("Hello")
    call = await provider.next_call()
    for word in ("One", " **two**", " three"):
        await call.text(word)
    await expect(tab.growing.locator(".prose")).to_have_text("One two three")
    for word, shown in ((" four", "four"), (" five", "five"), ("\n\nsix", "six"), (" seven", "seven")):
        await call.text(word)
        await expect(tab.growing.locator(".prose")).to_contain_text(shown)  # so that each is an update
    await call.finish()
    await tab.wait_until_over()
    await expect(tab.growing.locator(".prose p")).to_have_text(["One two three four five", "six seven"])


async def test_the_message_is_cleared_and_the_focus_stays(tab: Visit, provider: Provider) -> None:
    await tab.send("Hello")
    call = await provider.next_call()
    await expect(tab.composer).to_have_value("")
    await expect(tab.composer).to_be_focused()
    await tab.composer.type("while it grows")
    await call.text("x")
    await expect(tab.growing.locator(".prose")).to_have_text("x")
    await call.finish()
    await tab.wait_until_over()
    await expect(tab.composer).to_have_value("while it grows")
    await expect(tab.composer).to_be_focused()


async def test_stop_before_the_first_token_closes_the_upstream(tab: Visit, provider: Provider) -> None:
    await tab.send("Hello")
    call = await provider.next_call()
    await tab.page.locator("#composer .stop-button").click()
    await call.connection.wait_closed()
    await tab.wait_until_over()
    await expect(tab.history.locator(".note")).to_have_text("Stopped.")
    await expect(tab.page.locator(".toast-body.error")).to_have_count(0)


async def test_a_reload_goes_on_with_the_answer_and_asks_nothing_twice(
    tab: Visit, provider: Provider
) -> None:
    await tab.send("Hello")
    call = await provider.next_call()
    await call.text("One ")
    await expect(tab.growing.locator(".prose")).to_have_text("One")
    await tab.reload()
    await expect(tab.growing.locator(".prose")).to_have_text("One")
    await expect(tab.growing.locator(".question")).to_have_text("Hello")
    await call.text("two")
    await expect(tab.growing.locator(".prose")).to_have_text("One two")
    await call.finish()
    await expect(tab.history.locator(".prose")).to_have_text("One two")
    assert len([request for request in provider.requests if request.path.endswith("completions")]) == 1


@pytest.mark.slow
async def test_a_second_tab_follows_and_can_stop(
    browser: Browser, tab: Visit, provider: Provider, served: RunningApp
) -> None:
    await tab.send("Hello")
    call = await provider.next_call()
    await call.text("One")
    async with visit(browser, served.url, context=tab.page.context) as other:
        await expect(other.growing.locator(".prose")).to_have_text("One")
        await other.page.locator("#composer .stop-button").click()
        await expect(tab.history.locator(".note")).to_have_text("Stopped.")
        await expect(other.history.locator(".prose")).to_have_text("One")


@pytest.mark.slow
async def test_another_visitor_sees_nothing_of_it(browser: Browser, tab: Visit, served: RunningApp) -> None:
    await tab.choose("plain")
    await tab.ask("Hello")
    conversation = (await tab.state())["conversation"]
    async with visit(browser, served.url) as stranger:
        await expect(stranger.conversations).to_have_count(0)
        await stranger.page.evaluate("id => xiaojia.act('show', 'open', { conversation: id })", conversation)
        await stranger.choose("plain")
        await stranger.ask("Mine")
        await expect(stranger.history.locator(".question")).to_have_text(["Mine"])


@pytest.mark.slow
async def test_closing_the_tab_frees_the_upstream_after_the_grace_time(
    browser: Browser, provider: Provider, tmp_path: Path
) -> None:
    given = {"OPENAI_BASE_URL": provider.url, "OPENAI_MODEL": "held", "ABANDONED_AFTER": "6"}
    async with run_app(tmp_path, **given) as app:
        async with visit(browser, app.url) as leaving:
            await leaving.send("Hello")
            call = await provider.next_call()
            await call.text("One")
            await expect(leaving.growing.locator(".prose")).to_have_text("One")
        await call.connection.wait_closed(timeout=60)


@pytest.mark.slow
async def test_a_newer_choice_supersedes_what_was_followed(tab: Visit, provider: Provider) -> None:
    await tab.choose("plain")
    await tab.ask("First")
    await tab.page.locator('#sidebar [data-do="new"]').click()
    await expect(tab.page.locator("#starters")).to_be_visible()
    await tab.choose("held")
    await tab.send("Second")
    call = await provider.next_call()
    await call.text("grows")
    await expect(tab.growing.locator(".prose")).to_have_text("grows")
    await tab.conversations.nth(1).click()
    await expect(tab.history.locator(".prose")).to_have_text([ANSWER])
    await call.text(" unseen")
    await tab.conversations.nth(0).click()
    await expect(tab.growing.locator(".prose")).to_have_text("grows unseen")
    await call.finish()
    await expect(tab.history.locator(".question")).to_have_text(["Second"])


async def test_reasoning_is_folded_with_its_duration_and_apart_from_the_answer(tab: Visit) -> None:
    await tab.choose("reasoning")
    await tab.ask("Think")
    thought = tab.history.locator(".thought-group")
    await expect(thought.locator(".title")).to_contain_text("Thought for")
    await expect(thought.locator(".content")).to_have_count(0)
    await thought.locator(".title").click()
    await expect(thought.locator(".content")).to_contain_text(REASONING)
    await expect(tab.history.locator(".bot-row .prose").last).to_have_text(ANSWER)


@pytest.mark.slow
async def test_how_long_was_thought_is_the_same_while_it_grows_and_after(
    tab: Visit, provider: Provider, served: RunningApp
) -> None:
    await tab.send("Think")
    call = await provider.next_call()
    await call.chunk({"reasoning_content": REASONING})
    await expect(tab.growing.locator(".thought-group")).to_contain_text(REASONING)
    *_, answer = served.engine._starts.answers.values()  # the newest
    answer.reasoned[0] -= 65  # it began a minute ago
    await call.text("Yes")
    title = tab.page.locator(".thought-group .title")
    await expect(title).to_have_text(re.compile(r"Thought for 1 min \d+ s"))
    thought = (await title.inner_text()).strip()
    await tab.reload()
    await expect(tab.growing.locator(".thought-group .title")).to_have_text(thought)
    await call.finish()
    await tab.wait_until_over()
    await expect(tab.history.locator(".thought-group .title")).to_have_text(thought)


@pytest.mark.slow
async def test_six_tabs_of_one_browser_stream_at_once(
    browser: Browser, provider: Provider, served: RunningApp
) -> None:
    context = await browser.new_context(locale="en-US")
    async with AsyncExitStack() as stack:
        tabs = [
            await stack.enter_async_context(visit(browser, served.url, context=context)) for _ in range(6)
        ]
        calls = []
        for number, one in enumerate(tabs):
            await one.page.locator('#sidebar [data-do="new"]').click()
            await one.send(f"Question {number}")
            calls.append(await provider.next_call())
        for number, call in enumerate(calls):
            await call.text(f"Answer {number}")
        for number, one in enumerate(tabs):
            await expect(one.growing.locator(".prose")).to_have_text(f"Answer {number}")
        for call in calls:
            await call.finish()
        for number, one in enumerate(tabs):
            await expect(one.history.locator(".prose")).to_have_text(f"Answer {number}")
    await context.close()


async def test_a_broken_answer_keeps_its_text_says_why_and_can_be_retried_or_continued(tab: Visit) -> None:
    await tab.choose("cut-midway")
    await tab.ask("Break")
    await expect(tab.history.locator(".prose")).to_have_text(HALF.strip())
    await expect(tab.history.locator(".error")).to_be_visible()
    await tab.choose("plain")
    await tab.button("continue").click()
    await expect(tab.history.locator(".prose").last).to_contain_text(HALF + ANSWER)
    await expect(tab.history.locator(".error")).to_have_count(0)


@pytest.mark.slow
async def test_an_error_before_the_first_token_is_a_sentence_with_a_retry(tab: Visit) -> None:
    await tab.choose("status-503")
    await tab.ask("Break")
    await expect(tab.history.locator(".error")).to_be_visible()
    await tab.choose("plain")
    await tab.button("retry").click()
    await expect(tab.history.locator(".prose")).to_have_text(ANSWER)
    await expect(tab.history.locator(".branches .count")).to_have_text("2/2")
    await tab.history.locator(".branches button").first.click()
    await expect(tab.history.locator(".error")).to_be_visible()
    await expect(tab.history.locator(".branches .count")).to_have_text("1/2")


@pytest.mark.slow
async def test_an_edited_question_is_a_new_branch_and_the_first_one_stays(tab: Visit) -> None:
    await tab.choose("plain")
    await tab.ask("First")
    await tab.ask("Second")
    await tab.button("edit").first.click()
    await expect(tab.composer).to_have_value("First")
    await expect(tab.page.locator("#editing")).to_be_visible()
    await tab.send("First, better")
    await expect(tab.history.locator(".question")).to_have_text(["First, better"])
    await expect(tab.page.locator("#editing")).to_be_hidden()
    await tab.history.locator(".user-row .branches button").first.click()
    await expect(tab.history.locator(".question")).to_have_text(["First", "Second"])


@pytest.mark.slow
async def test_undo_puts_the_question_back_into_the_composer(tab: Visit) -> None:
    await tab.choose("plain")
    await tab.ask("First")
    await tab.ask("Second")
    await tab.button("undo").click()
    await expect(tab.history.locator(".question")).to_have_text(["First"])
    await expect(tab.composer).to_have_value("Second")


async def test_enter_that_ends_a_composition_sends_nothing(tab: Visit) -> None:
    await tab.composer.fill("nihao")
    await tab.composer.evaluate(
        """area => { for (const name of ["keydown", "keypress"]) area.dispatchEvent(new KeyboardEvent(name,
             {key: "Enter", keyCode: 13, isComposing: true, bubbles: true, cancelable: true})) }"""
    )
    await tab.composer.press("End")
    await expect(tab.composer).to_have_value("nihao")
    await expect(tab.growing.locator(".question")).to_have_count(0)
    await tab.choose("plain")
    await tab.composer.press("Enter")
    await expect(tab.history.locator(".question")).to_have_text(["nihao"])


async def test_the_page_asks_no_foreign_host(tab: Visit, served: RunningApp) -> None:
    await tab.choose("plain")
    await tab.ask("![x](https://example.org/x.png) <img src='https://example.org/y.png'>")
    assert tab.hosts <= {served.url.split("/")[2], ""}


@pytest.mark.slow
async def test_storage_that_is_denied_leaves_a_page_that_works(browser: Browser, served: RunningApp) -> None:
    context = await browser.new_context(locale="en-US")
    await context.add_init_script(
        "for (const name of ['localStorage', 'sessionStorage'])"
        " Object.defineProperty(window, name, { get() { throw new DOMException('no', 'SecurityError') } })"
    )
    async with visit(browser, served.url, context=context) as private:
        await private.choose("plain")
        await private.ask("Hello")
        await expect(private.history.locator(".prose")).to_have_text(ANSWER)
    await context.close()


@pytest.mark.slow
async def test_the_page_stays_at_the_end_until_the_reader_scrolls_up(tab: Visit, provider: Provider) -> None:
    at_end = "(() => { const box = document.querySelector('#conversation');"
    at_end += " return box.scrollHeight > box.clientHeight + 200"
    at_end += " && box.scrollHeight - box.scrollTop - box.clientHeight < 5 })()"
    await tab.send("Hello")
    call = await provider.next_call()
    await call.text("A line.\n\n" * 40)
    await tab.page.wait_for_function(at_end)
    await tab.page.locator("#conversation").hover()
    await tab.page.mouse.wheel(0, -600)
    await expect(tab.page.locator("#desk .do-end")).to_be_visible()
    await call.text("The last line.")
    await expect(tab.growing.locator(".prose")).to_contain_text("The last line.")
    assert not await tab.page.evaluate(at_end)
    await tab.page.locator("#desk .do-end").click()
    await tab.page.wait_for_function(at_end)
    await expect(tab.page.locator("#desk .do-end")).to_be_hidden()
    await call.finish()
    await tab.wait_until_over()
    await tab.page.wait_for_function(at_end)


@pytest.mark.slow
async def test_what_is_typed_and_where_the_reader_is_stay_while_an_answer_grows(
    tab: Visit, provider: Provider
) -> None:
    place = "document.querySelector('#conversation').scrollTop"
    await tab.send("Hello")
    call = await provider.next_call()
    await call.text("A line.\n\n" * 60)
    await tab.page.wait_for_function(f"{place} > 800")
    await tab.page.locator("#conversation").hover()
    await tab.page.mouse.wheel(0, -500)
    await expect(tab.page.locator("#desk .do-end")).to_be_visible()
    before = await tab.page.evaluate(place)
    for word in ("What ", "about ", "this?"):
        await tab.composer.type(word)
        await call.text(f"{word}\n\n")
        await expect(tab.growing.locator(".prose")).to_contain_text(word.strip())
    await expect(tab.composer).to_have_value("What about this?")
    assert await tab.page.evaluate(place) == before
    await call.finish()
    await tab.wait_until_over()
    await expect(tab.composer).to_have_value("What about this?")
    assert await tab.page.evaluate(place) == before


@pytest.mark.slow
async def test_a_page_asks_before_gradio_has_come_and_again_where_that_is_lost(tab: Visit) -> None:
    await tab.choose("plain")
    await tab.ask("Hello")
    asked: list[str] = []
    are_asked = asyncio.Event()

    async def lose_first(route: Route) -> None:
        asked.append(route.request.url)
        await (route.abort() if len(asked) <= 2 else route.continue_())
        if len(asked) >= 2:
            are_asked.set()

    async def hold(route: Route) -> None:
        await are_asked.wait()
        await route.continue_()

    await tab.page.route("**/queue/join*", lose_first)
    await tab.page.route("**/assets/Blocks-*.js", hold)
    await tab.reload()
    await expect(tab.growing.locator(".question")).to_have_text("Hello")
    assert len(asked) >= 4


async def lose_a_message(tab: Visit, earliest: Locator) -> None:
    """Send while the line is dead: what was scrolled up to leaves the layout, and comes back."""
    is_lost = asyncio.Event()

    async def lose(route: Route) -> None:
        await is_lost.wait()
        await route.abort()

    await tab.page.route("**/queue/join*", lose)
    await tab.send("Lost?")
    await expect(earliest).to_be_hidden()
    is_lost.set()
    await expect(tab.page.locator("#notice")).to_contain_text("was not sent")
    await expect(earliest).to_be_visible()
    await tab.page.unroute("**/queue/join*")


@pytest.mark.slow
async def test_earlier_messages_come_when_one_scrolls_up_to_them_and_what_is_read_stays(
    tab: Visit, provider: Provider, served: RunningApp
) -> None:
    owner, parent = hash_secret((await tab.state())["owner"]), None
    talk = await served.engine.history.create_conversation(owner, "Long")
    for number in range(60):
        role: Role = "assistant" if number % 2 else "user"
        text = f"Message {number}. " + "And so on. " * 60
        kept = await served.engine.history.add_message(
            talk.id, owner, role, parent_id=parent, text=text, finish_reason="stop"
        )
        parent = kept.id
    await tab.reload()
    await tab.page.evaluate("id => xiaojia.act('show', 'open', { conversation: id })", talk.id)
    await expect(tab.history.locator(".question")).to_have_count(11)
    first = tab.history.locator(".question", has_text="Message 38.")
    await tab.page.locator("#conversation").hover()
    await tab.page.mouse.wheel(0, -100_000)
    await expect(tab.history.locator(".question")).to_have_count(21)
    place = "row => row.getBoundingClientRect().top"
    await tab.page.wait_for_function("xiaojia.state.shown === 40")
    assert abs(await first.evaluate(place)) < 400
    await lose_a_message(tab, tab.history.locator(".question").first)
    await tab.send("Hello")
    call = await provider.next_call()
    await call.text("One ")
    await expect(tab.growing.locator(".prose")).to_have_text("One")
    # The reader is at the end: what was scrolled up to is not drawn again, which took seconds.
    await expect(tab.history.locator(".question")).to_have_count(11)
    await tab.page.mouse.wheel(0, -100_000)
    await expect(tab.history.locator(".question")).to_have_count(21)
    await tab.page.wait_for_function("xiaojia.state.shown === 40")
    await tab.page.mouse.wheel(0, -100_000)
    await expect(tab.history.locator(".question")).to_have_count(31)
    await expect(tab.page.locator("#earlier")).to_be_hidden()
    await tab.conversations.first.click()
    await call.text("two")
    await expect(tab.growing.locator(".prose")).to_have_text("One two")
    await call.finish()
    await expect(tab.growing.locator(".bot-row time")).to_be_visible()


async def test_a_composition_from_its_start_to_its_end_sends_nothing(tab: Visit, provider: Provider) -> None:
    await tab.choose("plain")
    await tab.composer.focus()
    session = await tab.page.context.new_cdp_session(tab.page)
    for text in ("n", "ni", "ni hao"):
        await session.send("Input.imeSetComposition", {"text": text, "selectionStart": 2, "selectionEnd": 2})
    keys = {"key": "Enter", "code": "Enter", "windowsVirtualKeyCode": 229}
    for kind in ("keyDown", "keyUp"):
        await session.send("Input.dispatchKeyEvent", {"type": kind, **keys})
    await session.send("Input.insertText", {"text": "你好"})
    await expect(tab.composer).to_have_value("你好")
    assert provider.chats == []
    await tab.composer.press("Enter")
    await expect(tab.history.locator(".question")).to_have_text(["你好"])
