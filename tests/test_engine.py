"""The engine: turns, files, history and models put together, over a scripted provider."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncGenerator, Awaitable
from contextlib import aclosing, asynccontextmanager
from pathlib import Path
from typing import Any

import orjson
import pytest
from PIL import Image

from chat.completions import Endpoint
from chat.engine import Engine
from chat.errors import InvalidRequest, NoModel, NotFound, Refused
from chat.generations.events import Event
from chat.generations.generation import Generation
from chat.jobs import conversation_titles
from chat.turns import search_words
from chat.turns.context import Context
from chat.turns.repetition import ENOUGH_CHARACTERS
from chat.turns.tokens import estimate_tokens
from chat.turns.turn import Options, Turn
from chat.visitors import Guest, Network, Visitor
from tests.provider import USAGE, Call, Provider
from tests.servers import make_settings

ANNA, BEN = Visitor(Guest("anna")), Visitor(Guest("ben"))


@asynccontextmanager
async def open_engine(
    folder: Path, provider: Provider | None = None, *, is_demo: bool = False, **environ: str
) -> AsyncGenerator[Engine, None]:
    engine = Engine(make_settings(folder, **environ))
    await engine.open()
    if provider:
        engine.connect(Endpoint(provider.url, "sk-test", ("plain", "held"), is_demo=is_demo))
    try:
        yield engine
    finally:
        await engine.aclose()


async def read(generation: Generation) -> list[Event]:
    async with aclosing(generation.follow()) as batches:
        return [event async for batch in batches for event in batch]


async def read_until(generation: Generation, text: str) -> None:
    async with aclosing(generation.follow()) as batches:
        async for _ in batches:
            if generation.text.endswith(text):
                return


async def tokens_left(engine: Engine, generation: Generation) -> int:
    await engine._stores.queue.settle(f"tokens of {generation.id}")
    left = await engine.tokens_left(ANNA)
    assert left is not None
    return left


def opening(generation: Generation) -> dict[str, Any]:
    value: dict[str, Any] = orjson.loads(generation.events[0].data)
    return value


async def write_file(folder: Path, text: str, name: str = "notes.txt") -> Path:
    path = folder / name
    path.write_text(text, "utf-8")
    return path


async def test_a_turn_is_answered_and_kept(provider: Provider, tmp_path: Path) -> None:
    async with open_engine(tmp_path, provider) as engine:
        generation = await engine.start(Turn("你好"), ANNA)
        events = await read(generation)
        assert events[0].type == "generation"
        assert events[-1].type == "done"
        question, answer = await engine.branch(engine.conversation_of(generation), "anna")
        assert (question.role, question.text) == ("user", "你好")
        assert (answer.role, answer.text, answer.finish_reason) == ("assistant", generation.text, "stop")
        assert answer.usage is not None
        kept = await engine.history.message(answer.id, "anna")
        assert kept.prompt is not None
        assert kept.prompt[-1] == {"role": "user", "content": "你好"}


async def test_a_conversation_goes_on_with_what_was_said(provider: Provider, tmp_path: Path) -> None:
    async with open_engine(tmp_path, provider) as engine:
        first = await engine.start(Turn("My name is Anna."), ANNA)
        await read(first)
        turn = Turn("What is my name?", conversation_id=engine.conversation_of(first))
        await read(await engine.start(turn, ANNA))
        sent = [message["content"] for message in provider.requests[-1].body["messages"]]
        assert sent[1:] == ["My name is Anna.", first.text, "What is my name?"]


async def test_a_request_id_never_starts_a_second_answer(provider: Provider, tmp_path: Path) -> None:
    async with open_engine(tmp_path, provider) as engine:
        turn = Turn("Hello", request_id="once")
        first = await engine.start(turn, ANNA)
        await read(first)
        assert await engine.start(turn, ANNA) is first
        assert len(provider.requests) == 1
        assert await engine.start(turn, BEN) is not first


async def test_what_is_anothers_is_not_found(provider: Provider, tmp_path: Path) -> None:
    async with open_engine(tmp_path, provider) as engine:
        generation = await engine.start(Turn("Hello"), ANNA)
        await read(generation)
        conversation_id = engine.conversation_of(generation)
        file = await engine.attach(await write_file(tmp_path, "secret"), "notes.txt", ANNA)
        await file.finish()
        with pytest.raises(NotFound):
            await engine.find(generation.id, "ben")
        with pytest.raises(NotFound):
            await engine.branch(conversation_id, "ben")
        with pytest.raises(NotFound):
            await engine.start(Turn("And?", conversation_id=conversation_id), BEN)
        with pytest.raises(NotFound):
            await engine.start(Turn("And?", file_ids=(file.id,)), BEN)
        with pytest.raises(NotFound):
            await engine.retry(opening(generation)["message_id"], BEN)
        with pytest.raises(NotFound):
            await engine.delete_conversation(conversation_id, "ben")


async def test_a_file_stands_before_the_question_with_a_receipt(provider: Provider, tmp_path: Path) -> None:
    async with open_engine(tmp_path, provider) as engine:
        path = await write_file(tmp_path, "The bridge opened in 1932. It is blue.")
        file = await engine.attach(path, "bridge.txt", ANNA)
        generation = await engine.start(Turn("When did it open?", file_ids=(file.id,)), ANNA)
        events = await read(generation)
        sent = provider.requests[-1].body["messages"][-1]["content"]
        assert sent.index("The bridge opened in 1932.") < sent.index("When did it open?")
        receipt = opening(generation)["receipt"]
        assert (receipt["files"][0]["name"], receipt["files"][0]["mode"]) == ("bridge.txt", "full")
        assert [event.type for event in events][-2:] == ["citations", "done"]


async def test_a_question_without_files_asks_no_thread(
    provider: Provider, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A thread for each start costs a busy server as much as the rest of the start."""

    async def refuse(_: Context, work: object, *_args: object) -> None:
        pytest.fail(f"{work} runs in a thread")

    monkeypatch.setattr(Context, "run", refuse)
    async with open_engine(tmp_path, provider) as engine:
        events = await read(await engine.start(Turn("Hello"), ANNA))
        assert events[-1].type == "done"


async def test_a_file_of_an_earlier_turn_is_still_there(provider: Provider, tmp_path: Path) -> None:
    async with open_engine(tmp_path, provider) as engine:
        path = await write_file(tmp_path, "The bridge opened in 1932.")
        file = await engine.attach(path, "bridge.txt", ANNA)
        first = await engine.start(Turn("When?", file_ids=(file.id,)), ANNA)
        await read(first)
        turn = Turn("And who built it?", conversation_id=engine.conversation_of(first))
        await read(await engine.start(turn, ANNA))
        assert "1932" in provider.requests[-1].body["messages"][-1]["content"]


async def test_inline_text_is_a_file(provider: Provider, tmp_path: Path) -> None:
    async with open_engine(tmp_path, provider) as engine:
        turn = Turn("When?", file_content="The bridge opened in 1932.")
        await read(await engine.start(turn, Visitor()))
        assert "1932" in provider.requests[-1].body["messages"][-1]["content"]


async def test_quotes_answer_without_a_model(tmp_path: Path) -> None:
    async with open_engine(tmp_path) as engine:
        path = await write_file(tmp_path, "The bridge opened in 1932. It is blue. It is 500 metres long.")
        file = await engine.attach(path, "bridge.txt", ANNA)
        generation = await engine.start(Turn("When did the bridge open?", file_ids=(file.id,)), ANNA)
        await read(generation)
        assert opening(generation)["model"] == "quotes"
        assert "The bridge opened in 1932." in generation.text
        assert list(await engine.models.names()) == ["quotes"]


async def test_the_demo_model_is_asked_about_files_only_by_name(provider: Provider, tmp_path: Path) -> None:
    async with open_engine(tmp_path, provider, is_demo=True) as engine:
        for name, model in (("", "quotes"), ("plain", "plain")):
            options = Options(model=name)
            text = "The bridge opened in 1932."
            turn = Turn("When did the bridge open?", file_content=text, options=options)
            generation = await engine.start(turn, ANNA)
            await read(generation)
            assert opening(generation)["model"] == model
            assert ("The bridge opened in 1932." in generation.text) == (model == "quotes")
        assert len(provider.chats) == 1


async def test_the_demo_model_writes_160_tokens_and_is_not_asked_in_chinese(
    provider: Provider, tmp_path: Path
) -> None:
    async with open_engine(tmp_path, provider, is_demo=True) as engine:
        options = Options(explains=True)
        await read(await engine.start(Turn("What is a lamp?", options=options), ANNA))
        assert provider.chats[-1].body["max_tokens"] == 160
        generation = await engine.start(Turn("灯是什么？", options=options), ANNA)
        await read(generation)
        assert len(provider.chats) == 1
        assert "英文演示模型" in generation.text
        assert "OPENAI_BASE_URL=" in generation.text


async def test_the_demo_model_ends_with_a_sentence(provider: Provider, tmp_path: Path) -> None:
    async with open_engine(tmp_path, provider, is_demo=True) as engine:
        generation = await engine.start(Turn("What is a lamp?", options=Options(model="held")), ANNA)
        call, sentences = await provider.next_call(), 0
        with contextlib.suppress(ConnectionError):
            while not generation.is_finished:
                sentences += 1
                for piece in (f" Lamp {sentences} is", " bright."):
                    await call.text(piece)
                    await read_until(generation, piece)
        assert ENOUGH_CHARACTERS <= len(generation.text) < ENOUGH_CHARACTERS + 50
        assert generation.text.endswith("bright.")
        assert generation.finish_reason == "length"


async def test_without_a_model_a_plain_question_is_answered_with_how_to_connect_one(tmp_path: Path) -> None:
    async with open_engine(tmp_path) as engine:
        generation = await engine.start(Turn("What is a lamp?", options=Options(explains=True)), ANNA)
        await read(generation)
        assert generation.text.count("python app.py") == 3
        with pytest.raises(NoModel):
            await engine.start(Turn("What is a lamp?"), ANNA)


async def test_an_answer_that_repeats_itself_is_ended(provider: Provider, tmp_path: Path) -> None:
    async def repeat(call: Call) -> None:
        with contextlib.suppress(ConnectionError):
            while not call.connection.is_closed.is_set():
                await call.text("The lamp is a lamp. ")
                await asyncio.sleep(0)

    provider.scripts["plain"] = repeat
    async with open_engine(tmp_path, provider) as engine:
        generation = await engine.start(Turn("Hi"), ANNA)
        await read(generation)
        assert generation.finish_reason == "repetition"
        assert len(generation.text) < 5_000
        await provider.chats[-1].connection.wait_closed()


async def test_retry_is_a_sibling_and_an_edit_is_a_branch(provider: Provider, tmp_path: Path) -> None:
    async with open_engine(tmp_path, provider) as engine:
        first = await engine.start(Turn("One"), ANNA)
        await read(first)
        conversation_id = engine.conversation_of(first)
        question, answer = await engine.branch(conversation_id, "anna")
        again = await engine.retry(answer.id, ANNA)
        await read(again)
        branch = await engine.branch(conversation_id, "anna")
        assert [message.id for message in branch] == [question.id, opening(again)["message_id"]]
        assert len(await engine.history.siblings(branch[-1].id, "anna")) == 2
        edited = Turn("Two", conversation_id=conversation_id, parent_id="")
        await read(await engine.start(edited, ANNA))
        branch = await engine.branch(conversation_id, "anna")
        assert branch[0].text == "Two"
        assert len(await engine.history.siblings(branch[0].id, "anna")) == 2


async def test_a_stopped_answer_is_kept_and_continued(provider: Provider, tmp_path: Path) -> None:
    async with open_engine(tmp_path, provider) as engine:
        generation = await engine.start(Turn("Tell", options=Options(model="held")), ANNA)
        call = await provider.next_call()
        await call.text("Once upon ")
        async with aclosing(generation.follow()) as batches:
            async for batch in batches:
                if any(event.text for event in batch):
                    break
        stopped = await engine.stop(generation.id, "anna")
        assert (stopped.finish_reason, stopped.text) == ("cancelled", "Once upon ")
        assert await engine.stop(generation.id, "anna") is stopped
        answer = (await engine.branch(engine.conversation_of(generation), "anna"))[-1]
        assert (answer.text, answer.finish_reason) == ("Once upon ", "cancelled")
        more = await engine.resume_answer(answer.id, ANNA, Options(model="held"))
        call = await provider.next_call()
        assert "Once upon" in str(call.body["messages"])
        await call.text("a time")
        await call.finish()
        await read(more)
        answer = (await engine.branch(engine.conversation_of(generation), "anna"))[-1]
        assert (answer.text, answer.finish_reason) == ("Once upon a time", "stop")


async def stop_midway(engine: Engine, provider: Provider) -> str:
    """Return the id of an answer that was stopped a moment ago."""
    generation = await engine.start(Turn("Tell", options=Options(model="held")), ANNA)
    await (await provider.next_call()).text("Once upon ")
    await read_until(generation, "Once upon ")
    await engine.stop(generation.id, "anna")
    return str(opening(generation)["message_id"])


async def test_an_answer_can_be_continued_the_moment_it_is_stopped(
    provider: Provider, tmp_path: Path
) -> None:
    async with open_engine(tmp_path, provider) as engine:
        message_id = await stop_midway(engine, provider)
        more = await engine.resume_answer(message_id, ANNA)
        await read(more)
        assert (await engine._stores.message(message_id, "anna")).text == "Once upon " + more.text


async def test_two_clicks_on_continue_ask_once(provider: Provider, tmp_path: Path) -> None:
    async with open_engine(tmp_path, provider) as engine:
        message_id = await stop_midway(engine, provider)
        clicks = [engine.resume_answer(message_id, ANNA, Options(model="held")) for _ in range(2)]
        one, other = await asyncio.gather(*clicks, return_exceptions=True)
        assert (type(one), type(other)) == (Generation, InvalidRequest)
        with pytest.raises(InvalidRequest, match="still being written"):
            await engine.resume_answer(message_id, ANNA)


async def test_what_a_killed_process_had_saved_is_continued(provider: Provider, tmp_path: Path) -> None:
    async with open_engine(tmp_path, provider) as engine:
        generation = await engine.start(Turn("Tell", options=Options(model="held")), ANNA)
        await (await provider.next_call()).text("Once upon ")
        await read_until(generation, "Once upon ")
        engine._answer_log.checkpoint(generation, engine._starts.answers[generation].row())
        await engine.branch(engine.conversation_of(generation), "anna")
        async with open_engine(tmp_path, provider) as after:  # its history is what a killed one leaves
            message_id = opening(generation)["message_id"]
            more = await after.resume_answer(message_id, ANNA)
            await read(more)
            assert (await after._stores.message(message_id, "anna")).text == "Once upon " + more.text


async def test_a_temporary_conversation_is_never_on_disk(provider: Provider, tmp_path: Path) -> None:
    async with open_engine(tmp_path, provider) as engine:
        generation = await engine.start(Turn("a rare word: xylophone", is_temporary=True), ANNA)
        await read(generation)
        branch = await engine.branch(engine.conversation_of(generation), "anna")
        assert branch[0].text == "a rare word: xylophone"
        assert await engine.history.conversations("anna") == ()
    on_disk = b"".join(path.read_bytes() for path in (tmp_path / "data").rglob("*") if path.is_file())
    assert b"xylophone" not in on_disk


async def test_deleting_a_conversation_takes_its_files(provider: Provider, tmp_path: Path) -> None:
    async with open_engine(tmp_path, provider) as engine:
        file = await engine.attach(await write_file(tmp_path, "Some text."), "a.txt", ANNA)
        generation = await engine.start(Turn("Hm?", file_ids=(file.id,)), ANNA)
        await read(generation)
        conversation_id = engine.conversation_of(generation)
        await engine.delete_conversation(conversation_id, "anna")
        with pytest.raises(NotFound):
            await engine.branch(conversation_id, "anna")
    async with open_engine(tmp_path, provider) as after:  # the end of the server makes the deletion final
        with pytest.raises(NotFound):
            await after.attachment(file.id, "anna")


async def test_a_deletion_stops_the_answer_can_be_undone_and_is_final_when_the_server_ends(
    provider: Provider, tmp_path: Path
) -> None:
    async with open_engine(tmp_path, provider) as engine:
        file = await engine.attach(await write_file(tmp_path, "Some text."), "a.txt", ANNA)
        turn = Turn("Hm?", file_ids=(file.id,), options=Options(model="held"))
        generation = await engine.start(turn, ANNA)
        await (await provider.next_call()).text("Half")
        await read_until(generation, "Half")
        conversation_id = engine.conversation_of(generation)
        number = await engine.delete_conversation(conversation_id, "anna")
        assert generation.finish_reason == "cancelled"
        with pytest.raises(NotFound):
            await engine.branch(conversation_id, "anna")
        with pytest.raises(NotFound):
            await engine.restore(number, "ben")
        await engine.restore(number, "anna")
        _, answer = await engine.branch(conversation_id, "anna")
        assert (answer.text, answer.finish_reason) == ("Half", "cancelled")
        number, count = await engine.delete_everything("anna")
        assert count == 1
        with pytest.raises(NotFound):
            await engine.attachment(file.id, "anna")
    async with open_engine(tmp_path, provider) as after:
        with pytest.raises(NotFound):
            await after.restore(number, "anna")


async def test_a_conversation_can_be_deleted_long_after_its_answer(
    provider: Provider, tmp_path: Path
) -> None:
    async with open_engine(tmp_path, provider, GENERATION_RETENTION="0") as engine:
        generation = await engine.start(Turn("Hello"), ANNA)
        await read(generation)
        conversation_id = engine.conversation_of(generation)
        await engine.delete_conversation(conversation_id, "anna")
        with pytest.raises(NotFound):
            await engine.branch(conversation_id, "anna")


@pytest.mark.parametrize("says_so", [True, False])
async def test_a_prompt_that_is_too_long_is_sent_smaller_until_it_fits(
    provider: Provider, tmp_path: Path, says_so: bool
) -> None:
    async def refuse_long(call: Any) -> None:
        if len(call.raw) < 6_000:
            await call.text("ok")
            await call.finish()
        elif says_so:
            await call.reply(400, {"error": {"code": "context_length_exceeded", "message": "too long"}})
        else:  # as llama-cpp-python's server does
            await call.start()
            await call.end()

    provider.scripts["strict"] = refuse_long
    async with open_engine(tmp_path, provider) as engine:
        engine.connect(Endpoint(provider.url, "sk-test", ("strict",)))
        text = " ".join(f"Sentence number {number} is here." for number in range(2000))
        generation = await engine.start(Turn("What is sentence number 1234 about?", file_content=text), ANNA)
        events = await read(generation)
        receipts = [orjson.loads(event.data)["receipt"] for event in events if event.type == "receipt"]
        assert generation.text == "ok"
        assert "smaller_budget" in receipts[-1]["notes"]
        assert receipts[-1]["characters"] < opening(generation)["receipt"]["characters"]


async def test_search_words_of_the_model_find_what_the_question_does_not_say(
    provider: Provider, tmp_path: Path
) -> None:
    async def write_words(call: Any) -> None:
        prompt = call.body["messages"][-1]["content"]
        await call.text("zeppelin, airship hangar" if prompt.startswith("A search") else "A large one.")
        await call.finish()

    provider.scripts["writer"] = write_words
    filler = "\n\n".join(f"Paragraph {number} is about the weather of a quiet day." for number in range(900))
    text = f"{filler[:20000]}\n\nThe zeppelin needed an airship hangar.\n\n{filler[20000:]}"
    async with open_engine(tmp_path, provider, FILE_CONTEXT_CHARACTERS="2000") as engine:
        engine.connect(Endpoint(provider.url, "sk-test", ("writer",)))
        first = await engine.start(Turn("Where was it kept on a quiet day?", file_content=text), ANNA)
        receipts = [orjson.loads(one.data)["receipt"] for one in await read(first) if one.type == "receipt"]
        words, answered = (call.body["messages"][-1]["content"] for call in provider.chats)
        assert "quiet day" in words
        assert "The zeppelin needed an airship hangar." in answered
        assert receipts[-1]["search_terms"] == "zeppelin airship hangar"
        assert receipts[-1]["search_tokens"] == USAGE["total_tokens"]
        conversation = engine.conversation_of(first)
        await read(await engine.start(Turn("And how large?", conversation_id=conversation), ANNA))
        assert "Question before: Where was it kept" in provider.chats[2].body["messages"][-1]["content"]


async def test_without_search_words_the_first_search_is_sent(provider: Provider, tmp_path: Path) -> None:
    async def fail_once(call: Any) -> None:
        if call.body["messages"][-1]["content"].startswith("A search"):
            await call.reply(400, {"error": {"message": "no"}})
        else:
            await call.text("ok")
            await call.finish()

    provider.scripts["failing"] = fail_once
    async with open_engine(tmp_path, provider, FILE_CONTEXT_CHARACTERS="2000") as engine:
        engine.connect(Endpoint(provider.url, "sk-test", ("failing",)))
        text = " ".join(f"Sentence number {number} is here." for number in range(2000))
        generation = await engine.start(Turn("What is sentence number 1234 about?", file_content=text), ANNA)
        events = await read(generation)
        assert generation.text == "ok"
        assert [event for event in events if event.type == "receipt"] == []
        assert "Sentence number 1234 is here." in provider.chats[-1].body["messages"][-1]["content"]


async def test_a_model_that_is_too_slow_for_search_words_is_not_asked_again(
    provider: Provider, tmp_path: Path, monkeypatch: Any
) -> None:
    monkeypatch.setattr(search_words, "SECONDS", 0.05)
    async with open_engine(tmp_path, provider, FILE_CONTEXT_CHARACTERS="2000") as engine:
        text = " ".join(f"Sentence number {number} is here." for number in range(2000))
        turn = Turn("What is number 1234?", file_content=text, options=Options(model="held"))
        for is_first in (True, False):
            generation = await engine.start(turn, ANNA)
            if is_first:
                asked = await provider.next_call()
                assert asked.body["messages"][-1]["content"].startswith("A search")
            call = await provider.next_call()
            assert call.body["messages"][-1]["content"].endswith("What is number 1234?")
            await call.text("ok")
            await call.finish()
            await read(generation)
            assert generation.text == "ok"


async def longest_step(work: Awaitable[object]) -> float:
    """Return the longest step of the event loop during `work`, in seconds of its own thread's CPU time."""
    task, longest = asyncio.ensure_future(work), 0.0
    while not task.done():
        before = time.thread_time()
        await asyncio.sleep(0)
        longest = max(longest, time.thread_time() - before)
    await asyncio.gather(task, return_exceptions=True)
    return longest


async def test_counting_tokens_holds_nobody_up(provider: Provider, tmp_path: Path) -> None:
    text = "word " * 400_000
    before = time.thread_time()
    estimate_tokens(text)
    counting = time.thread_time() - before
    async with open_engine(tmp_path, provider, DAILY_TOKENS="1000000000") as engine:
        assert await longest_step(engine.start(Turn(text), ANNA)) < counting / 4
        generation = await engine.start(Turn("Tell", options=Options(model="held")), ANNA)
        await (await provider.next_call()).text(text)
        await read_until(generation, text)
        assert await longest_step(engine.end_generations()) < counting / 4


async def test_limits_refuse_before_anything_is_asked(provider: Provider, tmp_path: Path) -> None:
    async with open_engine(tmp_path, provider, RATE_LIMIT="1/hour", MAX_GENERATIONS="1") as engine:
        await read(await engine.start(Turn("One"), ANNA))
        with pytest.raises(Refused, match="more than 1 messages"):
            await engine.start(Turn("Two"), ANNA)
        assert len(provider.requests) == 1


async def test_callers_without_a_name_are_counted_by_address(provider: Provider, tmp_path: Path) -> None:
    async with open_engine(tmp_path, provider, MAX_GENERATIONS_PER_VISITOR="1") as engine:
        turn = Turn("Hello", options=Options(model="held"))
        await engine.start(turn, Visitor(network=Network.of("192.0.2.1")))
        await engine.start(turn, Visitor(network=Network.of("192.0.2.2")))
        with pytest.raises(Refused, match="1 of your answers"):
            await engine.start(turn, Visitor(network=Network.of("192.0.2.1")))


async def test_a_wrong_model_and_an_empty_message_are_refused(provider: Provider, tmp_path: Path) -> None:
    async with open_engine(tmp_path, provider) as engine:
        with pytest.raises(InvalidRequest, match="no model named nothing"):
            await engine.start(Turn("Hello", options=Options(model="nothing")), ANNA)
        with pytest.raises(InvalidRequest, match="empty"):
            await engine.start(Turn("  "), ANNA)


async def test_without_a_disk_the_chat_still_works(provider: Provider, tmp_path: Path) -> None:
    (tmp_path / "data").write_text("a file where the folder should be")
    async with open_engine(tmp_path, provider) as engine:
        assert "until the server stops" in engine.losses[0]
        generation = await engine.start(Turn("Hello"), ANNA)
        await read(generation)
        assert len(await engine.branch(engine.conversation_of(generation), "anna")) == 2


async def test_a_file_is_read_whole_part_by_part_when_asked(provider: Provider, tmp_path: Path) -> None:
    async def take_notes(call: Any) -> None:
        number = len(provider.requests)
        await call.text(f"note {number}" if "This is part" in str(call.body["messages"]) else "the answer")
        await call.finish()

    provider.scripts["reader"] = take_notes
    async with open_engine(tmp_path, provider, CONTEXT_WINDOW="2048") as engine:
        engine.connect(Endpoint(provider.url, "sk-test", ("reader",)))
        text = " ".join(f"Sentence number {number} is here." for number in range(600))
        turn = Turn("What is it about?", file_content=text, options=Options(reads_whole=True))
        generation = await engine.start(turn, ANNA)
        events = await read(generation)
        progress = [orjson.loads(event.data) for event in events if event.type == "progress"]
        count = progress[0]["parts"]
        assert count > 2
        assert [step["read"] for step in progress] == list(range(count + 1))
        assert len(provider.requests) == count + 1
        assert generation.text == "the answer"
        assert f"note {count}" in provider.requests[-1].body["messages"][-1]["content"]
        receipt = orjson.loads([event for event in events if event.type == "receipt"][-1].data)["receipt"]
        assert (receipt["files"][0]["mode"], receipt["files"][0]["share"]) == ("part", 1.0)
        assert "read_whole" in receipt["notes"]


async def test_every_request_of_a_turn_is_counted(provider: Provider, tmp_path: Path) -> None:
    budget = "1000000000"
    async with open_engine(
        tmp_path, provider, DAILY_TOKENS_PER_VISITOR=budget, CONTEXT_WINDOW="2048"
    ) as engine:
        text = " ".join(f"Sentence number {number} is here." for number in range(600))
        turn = Turn("What is it about?", file_content=text, options=Options(reads_whole=True))
        generation = await engine.start(turn, ANNA)
        await read(generation)
        assert len(provider.chats) > 3
        spent = int(budget) - await tokens_left(engine, generation)
        assert spent == USAGE["total_tokens"] * len(provider.chats)


async def test_a_request_that_is_refused_costs_the_visitor_nothing(
    provider: Provider, tmp_path: Path
) -> None:
    async with open_engine(tmp_path, provider, DAILY_TOKENS_PER_VISITOR="1000") as engine:
        engine.connect(Endpoint(provider.url, "sk-test", ("status-401",)))
        generation = await engine.start(Turn("Hello"), ANNA)
        await read(generation)
        assert generation.finish_reason == "error"
        assert await tokens_left(engine, generation) == 1000


async def test_a_visitors_own_key_is_used_for_his_request_alone(provider: Provider, tmp_path: Path) -> None:
    async with open_engine(tmp_path, provider) as engine:
        await read(await engine.start(Turn("Hello"), Visitor(Guest("anna"), api_key="sk-annas")))
        await read(await engine.start(Turn("Hello"), ANNA))
        sent = [request.headers["authorization"] for request in provider.requests]
        assert sent == ["Bearer sk-annas", "Bearer sk-test"]


async def test_an_idle_model_writes_the_title(provider: Provider, tmp_path: Path, monkeypatch: Any) -> None:
    async def answer(call: Any) -> None:
        await call.text('"Bridges of the world"' if "title" in str(call.body["messages"]) else "Many.")
        await call.finish()

    monkeypatch.setattr(conversation_titles, "WAIT_SECONDS", 0.01)
    provider.scripts["titler"] = answer
    async with open_engine(tmp_path, provider, TITLES="model") as engine:
        engine.connect(Endpoint(provider.url, "sk-test", ("titler",)))
        generation = await engine.start(Turn("How many bridges are there?", wants_title=True), ANNA)
        await read(generation)
        await engine.branch(engine.conversation_of(generation), "anna")
        async with asyncio.timeout(10):
            while (await engine.history.conversations("anna"))[0].title != "Bridges of the world":
                await asyncio.sleep(0.02)


async def answer_red(call: Any) -> None:
    await call.text("A red square.")
    await call.finish()


async def test_the_bytes_of_a_file_are_kept_with_its_text_up_to_a_limit(tmp_path: Path) -> None:
    path = await write_file(tmp_path, "The bridge is 200 m long.")
    async with open_engine(tmp_path, STORED_FILES_MB="0.0001") as engine:
        files = [await engine.attach(path, "a.txt", ANNA) for _ in range(3)]
        await asyncio.gather(*engine._attachments._tasks)
    async with open_engine(tmp_path) as engine:
        found = [await engine.attachment(file.id, "anna") for file in files]
        assert {one.document.text for one in found} == {"The bridge is 200 m long."}
        kept, refusals = [], []
        for one in found:  # they are stored beside each other, in any order
            try:
                kept.append((await engine._attachments.contents.original(one)).read_bytes())
            except NotFound as error:
                refusals.append(str(error))
        assert kept.count(path.read_bytes()) == len(kept) > 0
        assert ["only its text" in one for one in refusals] == [True] * (3 - len(kept))
        assert refusals


async def ask_about_a_picture(engine: Engine, folder: Path, max_tokens: int) -> Generation:
    Image.new("RGB", (8, 8), "red").save(folder / "red.png")
    file = await engine.attach(folder / "red.png", "red.png", ANNA)
    turn = Turn("What is it?", file_ids=(file.id,), options=Options(model="painter", max_tokens=max_tokens))
    generation = await engine.start(turn, ANNA)
    await read(generation)
    return generation


async def test_a_recorded_answer_holds_its_stream_and_not_its_files(
    provider: Provider, tmp_path: Path
) -> None:
    async with open_engine(tmp_path, provider) as engine:
        engine.connect(Endpoint(provider.url, "sk-test", ("painter",)))
        provider.scripts["painter"] = answer_red
        generation = await ask_about_a_picture(engine, tmp_path, 100)
        answer = engine._starts.answers[generation]
        await engine._stores.queue.settle_all()
        await engine._stores.queue.settle(answer.conversation_id)  # it is let go of once all is written
        assert (answer.task.images, answer.task.attachments, answer.context.prompt) == ((), (), None)
        assert generation.text == "A red square."
        kept = await engine.history.message(answer.message_id, "anna")
        assert "image_url" in str(kept.prompt)


async def test_only_a_model_that_takes_no_pictures_counts_as_blind_and_not_one_damaged_picture(
    provider: Provider, tmp_path: Path
) -> None:
    said = "Unsupported image format."

    async def refuse(call: Any) -> None:
        if call.body["max_tokens"] > 100 or "image_url" in str(call.body["messages"]):
            await call.reply(400, {"error": {"message": said}})
        else:
            await answer_red(call)

    provider.scripts["painter"] = refuse
    async with open_engine(tmp_path, provider) as engine:
        engine.connect(Endpoint(provider.url, "sk-test", ("painter",)))
        model = await engine.models.choose("painter", False)
        assert (await ask_about_a_picture(engine, tmp_path, 100)).text == "A red square."
        assert engine.models.sees(model)
        said = "This model does not support image input."
        assert (await ask_about_a_picture(engine, tmp_path, 101)).finish_reason == "error"
        assert engine.models.sees(model)
        assert (await ask_about_a_picture(engine, tmp_path, 100)).text == "A red square."
        assert not engine.models.sees(model)
