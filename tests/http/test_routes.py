"""The stream over a real socket: its frames in their form and order, and resuming."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import httpx
import pytest

from chat.http.sse import encode_resumed
from tests.event_source import EventStreamDecoder, ServerSentEvent
from tests.provider import Call, Provider, chunk, frame
from tests.routes import STREAM, Served, error_of, generation_of, heard, number, read, read_some, text_of
from tests.scenarios import ANSWER
from tests.servers import run_routes

pytest_plugins = ("tests.served_routes",)


# --- frames -------------------------------------------------------------------------------------------------


async def test_frames_have_the_fixed_form_and_order_and_the_providers_own_bytes(served: Served) -> None:
    sent = [b'{"choices": [{"index":0,"delta":{"content":"\\u4e16"}}], "x": 1.0}', b'{"choices":[]}']
    stop = chunk(finish_reason="stop", model="verbatim")

    async def say(call: Call) -> None:
        await call.send(*[frame(data) for data in sent])
        await call.data(stop)
        await call.send(b"data: [DONE]\n\n")
        await call.end()

    served.provider.scripts["verbatim"] = say
    response = await served.client.get(STREAM, params={"user_message": "Hi", "model": "verbatim"})
    id = generation_of(read(response)[0])
    opening = response.content.split(b"\n")[2].removeprefix(b"data: ")
    frames = [opening, *sent, json.dumps(stop).encode(), b"[DONE]"]
    blocks = [b"data: %b\nid: %b:%d\n\n" % (data, id.encode(), at) for at, data in enumerate(frames)]
    assert response.content == b"retry: 1000\nevent: generation\n" + b"".join(blocks)


async def test_first_frame_tells_the_generation_the_model_and_the_receipt(served: Served) -> None:
    first = (await served.ask())[0]
    opening = json.loads(first.data)
    assert (first.type, first.id) == ("generation", f"{opening['generation_id']}:0")
    assert set(opening) >= {"generation_id", "conversation_id", "model", "receipt"}
    assert (opening["model"], opening["receipt"]["files"]) == ("plain", [])


async def test_stream_headers_keep_proxies_from_buffering_and_storing(served: Served) -> None:
    response = await served.client.get(STREAM, params={"user_message": "Hi", "model": "plain"})
    kept = {name: response.headers[name] for name in ("content-type", "cache-control", "x-accel-buffering")}
    assert kept == {
        "content-type": "text/event-stream; charset=utf-8",
        "cache-control": "no-store, no-transform",
        "x-accel-buffering": "no",
    }


async def test_post_streams_the_same_as_get(served: Served) -> None:
    response = await served.client.post(STREAM, json={"user_message": "Hi", "model": "plain"})
    posted, got = read(response), await served.ask()
    assert [(event.type, number(event)) for event in posted] == [(event.type, number(event)) for event in got]
    assert text_of(posted) == text_of(got) == ANSWER


async def test_first_frame_comes_before_the_upstream_has_said_anything(tmp_path: Path) -> None:
    async with Provider() as provider:
        provider.is_answering = False
        async with run_routes(tmp_path, OPENAI_BASE_URL=provider.url) as app:
            params = {"user_message": "Hi", "model": "silent"}
            async with app.client.stream("GET", STREAM, params=params) as response:
                async with asyncio.timeout(5):
                    first = await read_some(response, 1)
        assert [event.type for event in first] == ["generation"]
        assert provider.requests == []


async def test_named_events_are_left_to_listeners_and_chunks_to_onmessage(served: Served) -> None:
    events = await served.ask(user_message="What colour is the fox?", file_content="The fox is red.")
    assert {event.type for event in events} == {"generation", "message", "citations"}


async def test_citations_come_after_the_answer_and_before_the_end(served: Served) -> None:
    events = await served.ask(file_content="The fox is red.")
    assert [event.type for event in events[-2:]] == ["citations", "message"]
    assert list(json.loads(events[-2].data)) == ["citations", "choices"]
    assert events[-1].data == "[DONE]"


async def test_keep_alives_are_comments_and_events_to_nobody(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chat.http.event_stream.KEEP_ALIVE_SECONDS", 0.02)
    params = {"user_message": "Hi", "model": "held"}
    async with served.client.stream("GET", STREAM, params=params) as response:
        call = await served.provider.next_call()
        decoder, events = EventStreamDecoder(), list[ServerSentEvent]()
        async for data in response.aiter_raw():
            events += decoder.feed(data)
            if len(decoder.comments) >= 3 and not call.is_answered.is_set():
                await call.text("Hello")
                await call.finish()
    assert set(decoder.comments) == {"keep-alive"}
    assert (text_of(events), events[-1].data) == ("Hello", "[DONE]")
    assert [number(event) for event in events] == list(range(len(events)))


# --- resuming -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("way", ["get", "post", "events", "after"])
async def test_resuming_after_every_id_gives_exactly_the_rest_and_asks_nobody(
    served: Served, way: str
) -> None:
    events = await served.ask()
    id = generation_of(events[0])
    asked = len(served.provider.chats)
    for at in range(len(events)):
        response = await _resume(served.client, way, id, at)
        if at == len(events) - 1:
            assert (response.status_code, response.content) == (204, b"")
        else:
            assert read(response) == events[at + 1 :]
    assert len(served.provider.chats) == asked


async def _resume(client: httpx.AsyncClient, way: str, id: str, at: int) -> httpx.Response:
    header = {"last-event-id": f"{id}:{at}"}
    turn = {"user_message": "Hi", "model": "plain"}
    if way == "get":
        return await client.get(STREAM, params=turn, headers=header)
    if way == "post":
        return await client.post(STREAM, json=turn, headers=header)
    if way == "events":
        return await client.get(f"/ai/generations/{id}/events", headers=header)
    return await client.get(f"/ai/generations/{id}/events", params={"after": str(at)})


async def test_a_reader_that_drops_midway_misses_nothing_and_repeats_nothing(served: Served) -> None:
    params = {"user_message": "Hi", "model": "held"}
    async with served.client.stream("GET", STREAM, params=params) as response:
        call = await served.provider.next_call()
        await call.text("one ", "two ")
        before = await read_some(response, 3)
    await call.text("three ")
    asked = len(served.provider.chats)
    headers = {"last-event-id": before[-1].id}
    async with served.client.stream("GET", STREAM, params=params, headers=headers) as response:
        await call.text("four")
        await call.finish()
        after = heard(EventStreamDecoder().feed(b"".join([data async for data in response.aiter_raw()])))
    assert text_of([*before, *after]) == "one two three four"
    assert [number(event) for event in [*before, *after]] == list(range(len(before) + len(after)))
    assert len(served.provider.chats) == asked


async def test_a_resumed_reader_with_nothing_to_catch_up_gets_its_first_bytes_at_once(served: Served) -> None:
    params = {"user_message": "Hi", "model": "held"}
    async with served.client.stream("GET", STREAM, params=params) as response:
        call = await served.provider.next_call()
        [first] = await read_some(response, 1)
    url = f"/ai/generations/{generation_of(first)}/events"
    async with served.client.stream("GET", url, headers={"last-event-id": first.id}) as response:
        async with asyncio.timeout(5):
            assert await anext(response.aiter_raw()) == encode_resumed(generation_of(first), 0)
        await call.finish()


async def test_an_id_from_the_future_is_taken_as_the_newest(served: Served) -> None:
    id = generation_of((await served.ask())[0])
    statuses = []
    for last in (0, 999, 999):  # the first one is read to its end: a replica that lags has all of it then
        header = {"last-event-id": f"{id}:{last}"}
        answer = await served.client.get(STREAM, params={"user_message": "Hi"}, headers=header)
        statuses.append(answer.status_code)
    assert statuses == [200, 204, 204]


async def test_the_id_of_another_generation_does_not_move_a_named_one(served: Served) -> None:
    events, other = await served.ask(), await served.ask()
    url = f"/ai/generations/{generation_of(events[0])}/events"
    assert read(await served.client.get(url, headers={"last-event-id": other[3].id})) == events


@pytest.mark.parametrize("after", ["", "x", "-1", "1.5", "²", "9" * 20])
async def test_a_malformed_after_is_the_beginning(served: Served, after: str) -> None:
    events = await served.ask()
    url = f"/ai/generations/{generation_of(events[0])}/events"
    assert read(await served.client.get(url, params={"after": after})) == events


async def test_the_same_request_id_at_once_and_later_asks_the_upstream_once(served: Served) -> None:
    asked = len(served.provider.chats)
    answers = await asyncio.gather(*[served.ask(request_id="same-0123456789-0123456789") for _ in range(8)])
    late = await served.ask(request_id="same-0123456789-0123456789")
    assert all(events == late for events in answers)
    assert text_of(late) == ANSWER
    assert len(served.provider.chats) == asked + 1
    header = {"last-event-id": late[-1].id}
    response = await served.client.get(
        STREAM, params={"user_message": "Hi", "request_id": "same-0123456789-0123456789"}, headers=header
    )
    assert response.status_code == 204


async def test_a_request_id_is_one_over_every_route(served: Served) -> None:
    asked = len(served.provider.chats)
    body = {"user_message": "Hi", "model": "plain", "request_id": "everywhere-0123456789-0123456789"}
    started = (await served.client.post("/ai/generations", json=body)).json()
    ids = {generation_of(event) for event in await served.ask(request_id="everywhere-0123456789-0123456789")}
    ids |= {generation_of(event) for event in read(await served.client.post(STREAM, json=body))}
    assert ids == {started["generation_id"]}
    assert len(served.provider.chats) == asked + 1


async def test_a_request_id_whose_start_was_refused_can_be_used_again(served: Served) -> None:
    params = {"user_message": "Hi", "request_id": "again-0123456789-0123456789", "conversation_id": "unknown"}
    assert (await served.client.get(STREAM, params=params)).status_code == 404
    assert text_of(await served.ask(request_id="again-0123456789-0123456789")) == ANSWER


@pytest.mark.parametrize("header", ["", "7", "x:y", ":", "a:-1", "a:1:2", "ü:1"])
async def test_a_malformed_last_event_id_is_as_none_but_starts_nothing_twice(
    served: Served, header: str
) -> None:
    asked, request_id = len(served.provider.chats), f"malformed 0123456789 {header}"
    events = await served.ask(request_id=request_id)
    response = await served.client.get(
        STREAM,
        params={"user_message": "Hi", "request_id": request_id},
        headers={b"last-event-id": header.encode()},
    )
    assert read(response) == events
    assert len(served.provider.chats) == asked + 1


async def test_an_unknown_generation_is_404_and_starts_nothing(served: Served) -> None:
    asked = len(served.provider.chats)
    params = {"user_message": "Hi", "model": "plain"}
    for response in (
        await served.client.get(STREAM, params=params, headers={"last-event-id": "gone:3"}),
        await served.client.post(STREAM, json=params, headers={"last-event-id": "gone:3"}),
        await served.client.get("/ai/generations/gone/events"),
        await served.client.delete("/ai/generations/gone"),
    ):
        assert (response.status_code, error_of(response)["type"]) == (404, "not_found")
    assert len(served.provider.chats) == asked


async def test_events_url_of_a_started_generation_can_be_followed(served: Served) -> None:
    response = await served.client.post("/ai/generations", json={"user_message": "Hi", "model": "plain"})
    started = response.json()
    assert (response.status_code, set(started)) == (201, {"generation_id", "conversation_id", "events"})
    events = read(await served.client.get(started["events"]))
    assert text_of(events) == ANSWER
    assert json.loads(events[0].data)["conversation_id"] == started["conversation_id"]


async def test_a_finished_stream_is_gone_after_its_retention(tmp_path: Path) -> None:
    async with Provider() as provider:
        async with run_routes(tmp_path, OPENAI_BASE_URL=provider.url, GENERATION_RETENTION="0") as app:
            served = Served(app.client, provider)
            last = (await served.ask(request_id="kept-0123456789-0123456789"))[-1]
            again = {"user_message": "Hi", "request_id": "kept-0123456789-0123456789"}
            for headers in ({"last-event-id": last.id}, {}):
                response = await app.client.get(STREAM, params=again, headers=headers)
                assert (response.status_code, error_of(response)["type"]) == (404, "not_found")
        assert len(provider.chats) == 1
