"""What stands beside the conversation, in a real browser: files, lists, settings, languages, phones."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncGenerator
from io import BytesIO
from pathlib import Path
from typing import Any

import anyio
import pytest
from playwright.async_api import Browser, expect
from pypdf import PdfWriter

from tests.pages import Visit, answer_question, choose_from_menu, text_file, visit
from tests.pdf_files import pdf, show
from tests.provider import Provider
from tests.scenarios import ANSWER
from tests.servers import RunningApp, run_app

pytestmark = pytest.mark.slow  # what stands around an answer, page by page

LAMP = "The lamp shines for nine hours. " * 40


@pytest.fixture(scope="module")
async def served(
    module_provider: Provider, tmp_path_factory: pytest.TempPathFactory
) -> AsyncGenerator[RunningApp, None]:
    folder = tmp_path_factory.mktemp("served")
    settings = {"OPENAI_MODEL": "plain,held,echo", "OPENAI_API_KEY": "sk-test"}
    async with run_app(folder, OPENAI_BASE_URL=module_provider.url, **settings) as running:
        yield running


async def test_a_file_is_read_at_once_sent_with_the_question_and_has_a_receipt(
    tab: Visit, provider: Provider
) -> None:
    await tab.attach(text_file("lamp.txt", LAMP))
    chip = tab.page.locator("#files .attached")
    await expect(chip).to_contain_text("lamp.txt: 1,279 characters")
    await tab.ask("How long?")
    assert "nine hours" in json.dumps(provider.requests[-1].body["messages"])
    await expect(chip).to_have_count(0)
    await expect(tab.history.locator(".sent-files .file")).to_have_text("lamp.txt")
    receipt = tab.history.locator(".receipt")
    await expect(receipt.locator("summary")).to_contain_text("lamp.txt: all of it")
    await receipt.locator("summary").click()
    await tab.button("passages").click()
    await expect(tab.page.locator("#drawer pre").first).to_contain_text("nine hours")
    await tab.page.keyboard.press("Escape")
    await expect(tab.page.locator("#drawer")).to_be_hidden()


async def test_what_is_typed_while_a_file_comes_stays(tab: Visit) -> None:
    await tab.composer.type("What does ")
    await tab.attach(text_file("lamp.txt", LAMP))
    await tab.composer.type("it say?")
    await expect(tab.page.locator("#files .attached.done")).to_have_count(1)
    await expect(tab.composer).to_have_value("What does it say?")


async def test_a_file_that_cannot_be_read_is_refused_beside_the_composer(
    tab: Visit, provider: Provider
) -> None:
    await tab.attach(text_file("empty.txt", ""), text_file("lamp.txt", LAMP))
    await expect(tab.page.locator("#desk #notice .error")).to_contain_text("empty.txt")
    await expect(tab.page.locator("#files .attached")).to_have_count(1)
    assert provider.requests == [] or all("completions" not in one.path for one in provider.requests)


async def test_a_file_that_is_too_large_is_refused_by_name_and_the_others_are_taken(
    browser: Browser, provider: Provider, tmp_path: Path
) -> None:
    settings = {"OPENAI_BASE_URL": provider.url, "OPENAI_MODEL": "plain", "MAX_UPLOAD_MB": "1"}
    async with run_app(tmp_path, **settings) as running, visit(browser, running.url) as tab:
        await tab.attach(text_file("large.txt", "x" * 2_000_000), text_file("lamp.txt", LAMP))
        await expect(tab.page.locator("#notice .error")).to_have_text(
            "large.txt: larger than 1 MB, which is the limit for a file."
        )
        await expect(tab.page.locator("#files .attached.done")).to_contain_text("lamp.txt")
        await expect(tab.page.locator(".toast-body")).to_have_count(0)


async def test_an_attached_file_can_be_taken_away(tab: Visit, provider: Provider) -> None:
    await tab.attach(text_file("lamp.txt", LAMP))
    await expect(tab.page.locator("#files .attached.done")).to_have_count(1)
    await tab.page.get_by_role("button", name="Remove lamp.txt").click()
    await expect(tab.page.locator("#files .attached")).to_have_count(0)
    await tab.ask("How long?")
    assert "nine hours" not in json.dumps(provider.requests[-1].body["messages"])


async def test_a_file_let_go_anywhere_on_the_page_is_attached(tab: Visit) -> None:
    await tab.page.evaluate(
        """() => {
            const held = new DataTransfer();
            held.items.add(new File(["The lamp shines for nine hours."], "lamp.txt", { type: "text/plain" }));
            const place = document.querySelector("#conversation");
            for (const name of ["dragenter", "drop"]) place.dispatchEvent(
                new DragEvent(name, { bubbles: true, cancelable: true, dataTransfer: held }));
        }"""
    )
    await expect(tab.page.locator("#files .attached.done")).to_contain_text("lamp.txt: 31 characters")
    await expect(tab.page.locator("body.is-dropping")).to_have_count(0)


async def test_an_encrypted_pdf_opens_with_its_password(tab: Visit, provider: Provider) -> None:
    writer = PdfWriter(clone_from=BytesIO(pdf(show("The lamp shines for nine hours."))))
    writer.encrypt("moth", algorithm="AES-256")
    locked = BytesIO()
    writer.write(locked)
    file = {"name": "lamp.pdf", "mimeType": "application/pdf", "buffer": locked.getvalue()}
    await tab.attach(text_file("empty.txt", ""), file)  # type: ignore[arg-type]
    chip, notice = tab.page.locator("#files .attached"), tab.page.locator("#notice .error")
    await expect(notice).to_contain_text("empty.txt")
    for password, asks in (("wrong", "Password of lamp.pdf"), ("moth", "Wrong password of lamp.pdf")):
        await expect(chip).to_contain_text(asks)
        await chip.locator("input").fill(password)
        await chip.locator("input").press("Enter")
        await expect(notice).to_have_count(0)  # what was said before is not said of the password
    await expect(tab.page.locator("#files .attached.done")).to_contain_text("lamp.pdf: 1 page")
    await tab.ask("How long?")
    assert "nine hours" in json.dumps(provider.chats[-1].body["messages"])


async def test_where_the_disk_will_be_lost_the_page_says_so(
    browser: Browser, provider: Provider, tmp_path: Path
) -> None:
    settings = {"OPENAI_BASE_URL": provider.url, "OPENAI_API_KEY": "sk-test", "OPENAI_MODEL": "plain"}
    async with (
        run_app(tmp_path, SPACE_ID="owner/space", **settings) as running,
        visit(browser, running.url) as tab,
    ):
        banner = tab.page.locator("#banner p:not(.temporary)")
        await expect(banner).to_contain_text("Export what you want to keep")
        await tab.ask("Hello")
        await tab.page.locator('[data-do="new"]').click()
        await tab.ask("Hello again")
        async with tab.page.expect_download() as saving:
            await banner.locator('[data-do="everything"]').click()
        kept = json.loads(await anyio.Path(await (await saving.value).path()).read_text())
        assert [one["title"] for one in kept] == ["Hello again", "Hello"]
        await banner.locator('[data-do="dismiss"]').click()
        await expect(banner).to_have_count(0)


async def test_where_the_disk_fails_the_page_says_so_and_exports_what_it_holds(
    browser: Browser, provider: Provider, tmp_path: Path
) -> None:
    (tmp_path / "data").touch()  # where the folder should be
    settings = {"OPENAI_BASE_URL": provider.url, "OPENAI_API_KEY": "sk-test", "OPENAI_MODEL": "plain"}
    async with run_app(tmp_path, **settings) as running, visit(browser, running.url) as tab:
        banner = tab.page.locator("#banner p:not(.temporary)")
        await expect(banner).to_contain_text("Conversations are kept only until the server stops.")
        await tab.ask("Hello")
        async with tab.page.expect_download() as saving:
            await banner.locator('[data-do="everything"]').click()
        (kept,) = json.loads(await anyio.Path(await (await saving.value).path()).read_text())
        assert [message["text"] for message in kept["messages"]] == ["Hello", ANSWER]


async def test_the_list_finds_renames_pins_and_deletes(tab: Visit) -> None:
    entries = tab.page.locator("#conversations .conversation")
    search = tab.page.locator("#search input")

    async def press(entry: int, action: str) -> None:
        await choose_from_menu(entries.nth(entry), action)

    await tab.ask("关于台灯的电池")
    await tab.page.locator('#sidebar [data-do="new"]').click()
    await tab.ask("About gardens")
    await press(0, "rename")
    await answer_question(tab, "花园")
    await expect(tab.conversations.nth(0)).to_have_text("花园")
    await tab.conversations.nth(1).dblclick()
    await answer_question(tab, "台灯")
    await expect(tab.conversations.nth(1)).to_have_text("台灯")
    await search.fill("电池")
    await expect(tab.conversations).to_have_count(1)
    await expect(tab.conversations.locator("small")).to_contain_text("关于台灯的电池")
    await search.fill("")
    await expect(tab.conversations).to_have_text(["花园", "台灯"])
    await press(1, "pin")
    await expect(tab.conversations).to_have_text(["台灯", "花园"])
    await press(0, "delete")
    await expect(tab.page.locator("dialog")).to_contain_text("Delete “台灯”?")
    await tab.page.keyboard.press("Escape")
    await expect(tab.page.locator("dialog")).to_have_count(0)
    await press(0, "delete")
    await answer_question(tab)
    await expect(tab.conversations).to_have_text(["花园"])
    await expect(tab.page.locator("#starters")).to_be_visible()


async def test_a_temporary_conversation_is_in_no_list(tab: Visit) -> None:
    await tab.page.locator('[data-do="temporary"]').click()
    await expect(tab.page.locator("#banner .temporary")).to_be_visible()
    await tab.ask("Secret")
    await expect(tab.history.locator(".prose")).to_have_text(ANSWER)
    await expect(tab.conversations).to_have_count(0)
    await tab.reload()
    await expect(tab.history.locator(".question")).to_have_count(0)


async def test_the_prompt_that_was_sent_can_be_read(tab: Visit) -> None:
    await tab.ask("Hello")
    await tab.button("prompt").click()
    await expect(tab.page.locator("#drawer")).to_contain_text("system")
    await expect(tab.page.locator("#drawer pre").last).to_have_text("Hello")


async def test_the_model_is_chosen_where_its_name_stands(tab: Visit, provider: Provider) -> None:
    named, menu = tab.page.locator("#gauge .do-model"), tab.page.locator("#models")
    await expect(named).to_have_text("plain")
    await named.click()
    await expect(menu.get_by_role("option")).to_have_text(
        ["Automatic (plain)", "plain", "held", "echo", "quotes"]
    )
    await expect(menu.locator("input")).to_be_hidden()
    await menu.get_by_role("option", name="echo").click()
    await expect(menu).to_be_hidden()
    await expect(named).to_have_text("echo")
    await tab.reload()
    await expect(named).to_have_text("echo")
    await tab.ask("Which?")
    assert provider.chats[-1].model == "echo"
    await named.focus()
    for key in ("Enter", "Home", "Enter"):
        await tab.page.keyboard.press(key)
    await expect(named).to_have_text("plain")
    await named.click()
    await tab.page.keyboard.press("Escape")
    await expect(menu).to_be_hidden()


async def test_a_long_list_of_models_is_searched_and_no_typed_text_becomes_a_name(
    browser: Browser, provider: Provider, tmp_path: Path
) -> None:
    names = ",".join([*(f"maker/model-{number:02}" for number in range(40)), "plain"])
    phone: dict[str, Any] = {"viewport": {"width": 390, "height": 700}, "has_touch": True}
    settings = {"OPENAI_BASE_URL": provider.url, "OPENAI_API_KEY": "sk-test", "OPENAI_MODEL": names}
    async with run_app(tmp_path, **settings) as app, visit(browser, app.url, **phone) as tab:
        menu, named = tab.page.locator("#models"), tab.page.locator("#gauge .do-model")
        await named.tap()
        await expect(menu.get_by_role("option")).to_have_count(43)
        await menu.locator("input").fill("no such model")
        await expect(menu).to_contain_text("No model has this name.")
        await menu.locator("input").press("Enter")
        await expect(named).to_have_text("maker/model-00")
        await menu.locator("input").fill("MODEL 37")
        await expect(menu.get_by_role("option")).to_have_text(["maker/model-37"])
        await menu.locator("input").press("Enter")
        await expect(named).to_have_text("maker/model-37")
        assert (await tab.state())["options"]["model"] == "maker/model-37"
        await tab.ask("Hello")
        await expect(tab.growing.locator(".footer .do:visible, .bot-row .figures:visible")).to_have_count(5)
        await tab.button("more").tap()  # where nothing can be pointed at, the rest stands behind one button
        await expect(tab.growing.locator(".figures")).to_be_visible()
        await tab.button("retry-with").tap()
        await menu.locator("input").fill("plain")
        shown = await menu.bounding_box()
        assert shown
        assert shown["x"] >= 0
        assert shown["x"] + shown["width"] <= 390
        await menu.locator("input").press("Enter")
        await expect(tab.history.locator(".figures")).to_contain_text("plain")
        box = await tab.page.locator("#gauge").bounding_box()
        assert box
        assert box["x"] + box["width"] <= 390
        await tab.page.evaluate("xiaojia.keepOptions(['model'], ['of another server'])")
        await tab.reload()
        await expect(named).to_have_text("maker/model-00")


async def test_settings_are_explained_bounded_remembered_and_reset(tab: Visit, provider: Provider) -> None:
    panel = tab.page.locator("#settings")
    prompt, heat = panel.locator("#system-prompt textarea"), panel.locator("#temperature input")
    await expect(prompt).to_have_count(0)  # a visit that never opens the settings does not wait for them
    await panel.locator(".toggle-button").click()
    await expect(panel.locator("#settings-top h2")).to_have_text("Settings")
    await expect(panel.locator("#temperature")).to_contain_text("0 to 2. Low: the likeliest words.")
    await expect(prompt).to_have_attribute("placeholder", re.compile("You are"))
    await prompt.fill("Speak like a pirate.")
    await heat.fill("7")
    await heat.press("Tab")
    await expect(heat).to_have_value("2")
    await tab.page.locator("#gauge .do-model").click()
    await tab.page.locator("#models").get_by_role("option", name="echo").click()
    await tab.reload()
    await panel.locator(".toggle-button").click()
    await expect(prompt).to_have_value("Speak like a pirate.")
    await tab.ask("Hello")
    body = provider.requests[-1].body
    assert body["messages"][0]["content"].startswith("Speak like a pirate.")
    assert (body["model"], body["temperature"]) == ("echo", 2)
    await panel.locator("#reset").click()
    await expect(prompt).to_have_value("")
    await expect(heat).to_have_value("")
    await expect(heat).to_have_attribute("placeholder", "Default: the model's")
    await expect(panel.locator("#file-characters input")).to_have_attribute("placeholder", "Default: 20,000")
    await expect(tab.page.locator("#announcer")).to_have_text("All settings have their defaults again.")
    await expect(tab.page.locator("#gauge .do-model")).to_have_text("plain")
    await tab.reload()
    await tab.ask("Hello again")
    assert "pirate" not in str(provider.requests[-1].body)
    assert "temperature" not in provider.requests[-1].body


async def test_a_like_is_kept_with_the_message(tab: Visit) -> None:
    await tab.ask("Hello")
    await tab.button("like").click()
    await expect(tab.button("like")).to_have_attribute("aria-pressed", "true")
    async with tab.page.expect_response("**/queue/data*"):
        await tab.reload()
    await expect(tab.button("like")).to_have_attribute("aria-pressed", "true")


async def test_the_page_speaks_the_browsers_language_and_switches(
    browser: Browser, served: RunningApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chat.ui.view.SHOWN_WAIT_SECONDS", 0.5)
    async with visit(browser, served.url, locale="zh-CN") as chinese:
        await expect(chinese.page.locator("#starters h2")).to_have_text("想聊点什么？")
        await chinese.choose("held")
        await chinese.send("你好")
        await expect(chinese.growing).to_contain_text(re.compile(r"正在思考\.\.\. \d+ 秒"))
        await chinese.page.locator("#composer .stop-button").click()
        await expect(chinese.history.locator(".note")).to_have_text("已停止。")
        await chinese.page.locator('[data-do="language"]').click()
        await chinese.page.wait_for_selector("html[lang=en]")
        await expect(chinese.history.locator(".note")).to_have_text("Stopped.")


async def test_a_starter_asks_about_the_sample_file(tab: Visit, provider: Provider) -> None:
    await tab.page.locator('.card[data-id="sample"]').click()
    await expect(tab.history.locator(".sent-files .file")).to_have_text("sample-en.md")
    await expect(tab.history.locator(".prose")).to_have_text(ANSWER)


async def test_a_conversation_leaves_as_markdown_and_json_and_comes_back(tab: Visit) -> None:
    await tab.ask("Hello")
    entry = tab.page.locator("#conversations .conversation")
    async with tab.page.expect_download() as saving:
        await choose_from_menu(entry, "markdown")
    assert ANSWER in await anyio.Path(await (await saving.value).path()).read_text()
    async with tab.page.expect_download() as saving:
        await choose_from_menu(entry, "json")
    exported = await anyio.Path(await (await saving.value).path()).read_bytes()
    await choose_from_menu(entry, "delete")
    await answer_question(tab)
    await expect(tab.conversations).to_have_count(0)
    async with tab.page.expect_file_chooser() as choosing:
        await tab.page.locator('[data-do="import"]').click()
    file = {"name": "hello.json", "mimeType": "application/json", "buffer": exported}
    await (await choosing.value).set_files(file)  # type: ignore[arg-type]
    await expect(tab.conversations).to_have_text(["Hello"])


async def test_the_copy_button_covers_no_code_on_a_phone(
    browser: Browser, served: RunningApp, provider: Provider
) -> None:
    async with visit(browser, served.url, viewport={"width": 360, "height": 640}, has_touch=True) as phone:
        await phone.choose("held")
        await phone.send("Code")
        call = await provider.next_call()
        await call.text("```python\nwide = '" + "x" * 200 + "'\n```\n")
        await call.finish()
        await phone.wait_until_over()
        code = await phone.history.locator("pre code").bounding_box()
        button = await phone.history.locator(".copy_code_button").bounding_box()
        assert code is not None
        assert button is not None
        assert button["y"] + button["height"] <= code["y"]


async def test_nothing_overflows_on_a_phone(browser: Browser, served: RunningApp) -> None:
    async with visit(browser, served.url, viewport={"width": 360, "height": 640}, has_touch=True) as phone:
        await expect(phone.page.locator("#sidebar")).not_to_have_class(re.compile(r"\bopen\b"))
        await phone.ask("A long question " * 20 + "http://example.org/" + "x" * 200)
        wide = await phone.page.evaluate("document.documentElement.scrollWidth")
        box = await phone.page.locator("#composer").bounding_box()
        assert wide == 360
        assert box is not None
        assert box["y"] + box["height"] <= 640
        sizes = await phone.page.evaluate(
            "[document.querySelector('#conversation')].map(box => [box.scrollWidth, box.clientWidth])[0]"
        )
        assert sizes[0] == sizes[1]


async def test_each_conversation_has_an_address_for_back_forward_reload_and_another_tab(
    served: RunningApp, browser: Browser, tab: Visit
) -> None:
    question = tab.history.locator(".question")
    named = re.compile(r"/\?c=[\w-]+$")
    await tab.ask("First")
    await expect(tab.page).to_have_url(named)
    first = tab.page.url
    await tab.page.locator("#sidebar-top .do-new").click()
    await expect(tab.page).to_have_url(f"{served.url}/")
    await tab.ask("Second")
    await expect(tab.page).to_have_url(named)
    second = tab.page.url
    assert second != first
    await tab.page.go_back()
    await expect(question).to_have_text("First")
    await tab.page.go_forward()
    await expect(question).to_have_text("Second")
    await expect(tab.page).to_have_url(second)
    await tab.conversations.filter(has_text="First").click()
    await expect(question).to_have_text("First")
    await expect(tab.page).to_have_url(first)
    await tab.reload()
    await expect(question).to_have_text("First")
    await tab.page.locator("#sidebar-top .do-temporary").click()
    await tab.ask("Third")
    await expect(tab.page).to_have_url(f"{served.url}/")
    async with visit(browser, second, context=tab.page.context) as other:
        await expect(other.history.locator(".question")).to_have_text("Second")
    async with visit(browser, second) as stranger:
        await expect(stranger.page.locator("#notice .error")).to_contain_text("another visitor")
        await expect(stranger.history.locator(".question")).to_have_count(0)
        await expect(stranger.page).to_have_url(f"{served.url}/")
        await stranger.ask("Mine")


async def test_what_is_selected_and_scrolled_stays_while_the_answer_grows(
    tab: Visit, provider: Provider
) -> None:
    code = tab.growing.locator("pre")
    await tab.choose("held")
    await tab.send("Grow")
    call = await provider.next_call()
    await call.text("These words stay selected.\n\n```text\n" + "x" * 400 + "\n```\n\n")
    await expect(code).to_contain_text("xxx")
    await code.evaluate("one => { one.scrollLeft = 200; }")
    await tab.growing.locator(".prose p").first.dblclick(position={"x": 20, "y": 8})
    selected = "getSelection().toString().trim()"
    assert await tab.page.evaluate(selected) == "These"
    await call.text("And more.\n\nAnd still more.")
    await expect(tab.growing.locator(".prose")).to_contain_text("And still more.")
    assert await tab.page.evaluate(selected) == "These"
    assert await code.evaluate("one => one.scrollLeft") == 200
    await call.finish()
    await tab.wait_until_over()
