"""A turn over the routes: how it ends, what of it is sent, and what else is told."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from chat import __version__
from tests.event_source import EventSource, EventStreamDecoder
from tests.provider import Provider
from tests.routes import STREAM, Served, generation_of, read, read_some, text_of
from tests.scenarios import ANSWER, HALF
from tests.servers import run_app, run_routes

pytest_plugins = ("tests.served_routes",)


# --- endings ------------------------------------------------------------------------------------------------


async def test_stop_ends_the_stream_for_its_readers_and_closes_the_upstream(served: Served) -> None:
    params = {"user_message": "Hi", "model": "held"}
    async with served.client.stream("GET", STREAM, params=params) as response:
        call = await served.provider.next_call()
        await call.text("Half")
        before = await read_some(response, 2)
        url = f"/ai/generations/{generation_of(before[0])}"
        stopped = await served.client.delete(url)
        await call.connection.wait_closed()
    rest = read(await served.client.get(f"{url}/events"))
    assert stopped.json() == {"generation_id": generation_of(before[0]), "finish_reason": "cancelled"}
    assert (text_of(rest), rest[-1].data) == ("Half", "[DONE]")


async def test_stop_is_idempotent_and_does_not_change_an_ending(served: Served) -> None:
    id = await served.start()
    await served.provider.next_call()
    answers = [await served.client.delete(f"/ai/generations/{id}") for _ in range(3)]
    assert [(answer.status_code, answer.json()["finish_reason"]) for answer in answers] == [
        (200, "cancelled")
    ] * 3
    finished = generation_of((await served.ask())[0])
    assert (await served.client.delete(f"/ai/generations/{finished}")).json()["finish_reason"] == "stop"


async def test_stop_at_once_and_twice_at_the_same_time(served: Served) -> None:
    id = await served.start("stall-before-token")
    answers = await asyncio.gather(*[served.client.delete(f"/ai/generations/{id}") for _ in range(4)])
    assert {answer.json()["finish_reason"] for answer in answers} == {"cancelled"}


@pytest.mark.parametrize(
    ("model", "text", "type"),
    [
        ("status-401", "", "unauthorized"),
        ("status-400", "", "bad_request"),
        ("cut-midway", HALF, "connection_lost"),
        ("error-midway", HALF, "server_error"),
    ],
)
async def test_a_fault_is_the_text_so_far_and_one_error_frame_at_the_end(
    served: Served, model: str, text: str, type: str
) -> None:
    events = await served.ask(model)
    error = json.loads(events[-1].data)["error"]
    assert text_of(events) == text
    assert set(error) - {"retry_after", "details", "request_id"} == {"message", "type", "retryable"}
    assert events[-1].type == "message"
    assert sum('"error"' in event.data for event in events) == 1
    assert "sk-test-secret" not in events[-1].data
    header = {"last-event-id": events[-1].id}
    response = await served.client.get(STREAM, params={"user_message": "Hi"}, headers=header)
    assert response.status_code == 204


async def test_nobody_following_stops_the_upstream_and_keeps_the_partial_text(tmp_path: Path) -> None:
    async with (
        Provider() as provider,
        run_routes(tmp_path, OPENAI_BASE_URL=provider.url, ABANDONED_AFTER="0.1") as app,
    ):
        params = {"user_message": "Hi", "model": "held"}
        async with app.client.stream("GET", STREAM, params=params) as response:
            call = await provider.next_call()
            await call.text("Half")
            events = await read_some(response, 2)
        await call.connection.wait_closed()
        url = f"/ai/generations/{generation_of(events[0])}"
        assert (await app.client.delete(url)).json()["finish_reason"] == "abandoned"
        assert text_of(read(await app.client.get(f"{url}/events"))) == "Half"


async def test_one_reader_leaving_changes_nothing_for_another(served: Served) -> None:
    params = {"user_message": "Hi", "model": "held", "request_id": "two readers-0123456789-0123456789"}
    async with served.client.stream("GET", STREAM, params=params) as stays:
        call = await served.provider.next_call()
        async with served.client.stream("GET", STREAM, params=params) as leaves:
            await call.text("one ")
            await read_some(leaves, 2)
        await call.text("two")
        await call.finish()
        events = EventStreamDecoder().feed(b"".join([data async for data in stays.aiter_raw()]))
    assert text_of(events) == "one two"


# --- what is sent -------------------------------------------------------------------------------------------


async def test_file_content_stands_before_the_question(served: Served) -> None:
    await served.ask(user_message="What colour?", file_content="The fox is red.")
    content = served.provider.chats[-1].body["messages"][-1]["content"]
    assert content.index("The fox is red.") < content.index("What colour?")
    assert content.endswith("What colour?")


async def test_options_of_a_turn_reach_the_upstream(served: Served) -> None:
    await served.ask(temperature="0.5", max_tokens="7", system_prompt="Be brief.")
    body = served.provider.chats[-1].body
    sent = (body["model"], body["temperature"], body["max_tokens"], body["messages"])
    assert sent == (
        "plain",
        0.5,
        7,
        [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hi"}],
    )


async def test_a_conversation_goes_on_with_what_was_said(served: Served) -> None:
    first = json.loads((await served.ask(user_message="One"))[0].data)
    await served.ask(user_message="Two", conversation_id=first["conversation_id"])
    messages = served.provider.chats[-1].body["messages"]
    assert [(message["role"], message["content"]) for message in messages[1:]] == [
        ("user", "One"),
        ("assistant", ANSWER),
        ("user", "Two"),
    ]


# --- the rest -----------------------------------------------------------------------------------------------


async def test_the_liveness_probe_names_the_version(served: Served) -> None:
    response = await served.client.get("/healthz")
    assert (response.status_code, response.json()) == (
        200,
        {"status": "ok", "version": __version__, "ocr": "off"},
    )


async def test_events_url_has_the_prefix_of_the_proxy(tmp_path: Path) -> None:
    async with (
        Provider() as provider,
        run_routes(tmp_path, OPENAI_BASE_URL=provider.url, GRADIO_ROOT_PATH="/chat") as app,
    ):
        response = await app.client.post("/ai/generations", json={"user_message": "Hi", "model": "plain"})
        assert response.json()["events"].startswith("/chat/ai/generations/")


async def test_the_page_does_not_answer_for_the_routes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GRADIO_SSR_MODE", "True")
    async with Provider() as provider, run_app(tmp_path, OPENAI_BASE_URL=provider.url) as app:
        source = EventSource(app.client, STREAM, {"user_message": "Hi", "model": "plain"})
        events = [event async for event in source.follow()]
    assert (text_of(events), source.status) == (ANSWER, 204)


async def test_a_stopped_answer_is_continued_over_the_api(provider: Provider, tmp_path: Path) -> None:
    async with run_routes(tmp_path, OPENAI_BASE_URL=provider.url, OPENAI_MODEL="held") as app:
        started = (await app.client.post("/ai/generations", json={"user_message": "Tell"})).json()
        call = await provider.next_call()
        await call.text("Once upon ")
        generation = await app.engine.find(started["generation_id"], "")
        while "Once" not in generation.text:
            await asyncio.sleep(0.01)
        await app.client.delete(f"/ai/generations/{started['generation_id']}")
        answer = await app.client.post(f"/ai/generations/{started['generation_id']}/continue")
        assert answer.status_code == 201
        call = await provider.next_call()
        assert "Once upon" in str(call.body["messages"])
        await call.text("a time")
        await call.finish()
        frames = (await app.client.get(answer.json()["events"])).text
        assert "a time" in frames
        branch = await app.engine.branch(started["conversation_id"], "")
        assert [message.text for message in branch] == ["Tell", "Once upon a time"]
