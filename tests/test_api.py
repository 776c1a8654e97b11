"""Every route over a real socket: the frames in their form and order, resuming, stopping, files, refusals.

One provider and one server for the module, and then two replicas that are asked in turn, over a real Redis
and PostgreSQL; a test with settings of its own starts its own.
"""

from __future__ import annotations

import asyncio
import itertools
import json
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from chat.engine import Engine
from chat.errors import ChatError
from tests.event_source import EventSource, EventStreamDecoder, ServerSentEvent
from tests.provider import Call, Provider, chunk, frame
from tests.scenarios import ANSWER, HALF
from tests.servers import RunningApp, run_app, run_routes

pytest_plugins = ("tests.servers_postgres", "tests.servers_redis")

STREAM = "/ai/stream_chat"


@dataclass
class Served:
    """The server under test, or several, and the provider behind."""

    client: httpx.AsyncClient
    provider: Provider
    engines: Sequence[Engine] = ()

    async def ask(self, model: str = "plain", **params: str) -> list[ServerSentEvent]:
        """Return all events of a GET, in one connection."""
        response = await self.client.get(STREAM, params={"user_message": "Hi", "model": model, **params})
        return read(response)

    async def start(self, model: str = "held", **body: object) -> str:
        """Start a generation and return its id."""
        response = await self.client.post(
            "/ai/generations", json={"user_message": "Hi", "model": model, **body}
        )
        assert response.status_code == 201, response.text
        return str(response.json()["generation_id"])


class InTurn(httpx.AsyncBaseTransport):
    """Sends each request to the next of several servers, as a load balancer does that knows no visitor."""

    def __init__(self, urls: Sequence[str]) -> None:
        self._urls = itertools.cycle([httpx.URL(url) for url in urls])
        self._transport = httpx.AsyncHTTPTransport()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        url = next(self._urls)
        request.url = request.url.copy_with(host=url.host, port=url.port)
        return await self._transport.handle_async_request(request)

    async def aclose(self) -> None:
        await self._transport.aclose()


@pytest.fixture(scope="module", params=["one process", "two replicas in turn"])
async def served(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> AsyncGenerator[Served, None]:
    shared: dict[str, str] = {}
    if request.param != "one process":
        postgres = request.getfixturevalue("postgres")
        postgres.execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
        redis = request.getfixturevalue("shared_redis")
        shared = {"REDIS_URL": redis.url, "DATABASE_URL": postgres.url("postgres")}
    async with AsyncExitStack() as stack:
        provider = await stack.enter_async_context(Provider())
        apps = [
            await stack.enter_async_context(
                run_routes(
                    tmp_path_factory.mktemp("api"),
                    OPENAI_BASE_URL=provider.url,
                    OPENAI_API_KEY="sk-test",
                    MAX_GENERATIONS_PER_VISITOR="100",
                    READER_PROCESSES="1",
                    **shared,
                )
            )
            for _ in range(2 if shared else 1)
        ]
        transport = InTurn([app.url for app in apps])
        client = httpx.AsyncClient(transport=transport, base_url="http://replicas", timeout=30)
        await stack.enter_async_context(client)
        yield Served(client, provider, [app.engine for app in apps])


def read(response: httpx.Response) -> list[ServerSentEvent]:
    assert response.status_code == 200, response.text
    return EventStreamDecoder().feed(response.content)


def number(event: ServerSentEvent) -> int:
    return int(event.id.rpartition(":")[2])


def generation_of(event: ServerSentEvent) -> str:
    return event.id.rpartition(":")[0]


def text_of(events: Sequence[ServerSentEvent]) -> str:
    """Return the answer, as any client of OpenAI's stream puts it together."""
    chunks = [
        json.loads(event.data) for event in events if event.type == "message" and event.data != "[DONE]"
    ]
    choices = [choice for chunk in chunks for choice in chunk.get("choices", [])]
    return "".join([choice["delta"].get("content") or "" for choice in choices])


def error_of(response: httpx.Response) -> dict[str, Any]:
    body = response.json()
    assert list(body) == ["error"]
    assert set(body["error"]) - {"retry_after", "details", "request_id"} == {"message", "type", "retryable"}
    return dict(body["error"])


async def read_some(response: httpx.Response, count: int) -> list[ServerSentEvent]:
    """Return the first events of a stream and leave it open."""
    decoder, events = EventStreamDecoder(), list[ServerSentEvent]()
    async for data in response.aiter_raw():
        events += decoder.feed(data)
        if len(events) >= count:
            break
    return events


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
    opening = response.content.split(b"\n")[3].removeprefix(b"data: ")
    frames = [opening, *sent, json.dumps(stop).encode(), b"[DONE]"]
    blocks = [b"id: %b:%d\ndata: %b\n\n" % (id.encode(), at, data) for at, data in enumerate(frames)]
    blocks[0] = blocks[0].replace(b"\ndata", b"\nevent: generation\ndata", 1)
    assert response.content == b"retry: 1000\n" + b"".join(blocks)


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
    monkeypatch.setattr("chat.event_stream.KEEP_ALIVE_SECONDS", 0.02)
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
        after = EventStreamDecoder().feed(b"".join([data async for data in response.aiter_raw()]))
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
            assert await anext(response.aiter_raw()) == b"retry: 1000\n"
        await call.finish()


async def test_an_id_from_the_future_is_taken_as_the_newest(served: Served) -> None:
    id = generation_of((await served.ask())[0])
    response = await served.client.get(
        STREAM, params={"user_message": "Hi"}, headers={"last-event-id": f"{id}:999"}
    )
    assert response.status_code == 204


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
    answers = await asyncio.gather(*[served.ask(request_id="same") for _ in range(8)])
    late = await served.ask(request_id="same")
    assert all(events == late for events in answers)
    assert text_of(late) == ANSWER
    assert len(served.provider.chats) == asked + 1
    header = {"last-event-id": late[-1].id}
    response = await served.client.get(
        STREAM, params={"user_message": "Hi", "request_id": "same"}, headers=header
    )
    assert response.status_code == 204


async def test_a_request_id_is_one_over_every_route(served: Served) -> None:
    asked = len(served.provider.chats)
    body = {"user_message": "Hi", "model": "plain", "request_id": "everywhere"}
    started = (await served.client.post("/ai/generations", json=body)).json()
    ids = {generation_of(event) for event in await served.ask(request_id="everywhere")}
    ids |= {generation_of(event) for event in read(await served.client.post(STREAM, json=body))}
    assert ids == {started["generation_id"]}
    assert len(served.provider.chats) == asked + 1


async def test_a_request_id_whose_start_was_refused_can_be_used_again(served: Served) -> None:
    params = {"user_message": "Hi", "request_id": "again", "conversation_id": "unknown"}
    assert (await served.client.get(STREAM, params=params)).status_code == 404
    assert text_of(await served.ask(request_id="again")) == ANSWER


@pytest.mark.parametrize("header", ["", "7", "x:y", ":", "a:-1", "a:1:2", "ü:1"])
async def test_a_malformed_last_event_id_is_as_none_but_starts_nothing_twice(
    served: Served, header: str
) -> None:
    asked, request_id = len(served.provider.chats), f"malformed {header}"
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
            last = (await served.ask(request_id="kept"))[-1]
            again = {"user_message": "Hi", "request_id": "kept"}
            for headers in ({"last-event-id": last.id}, {}):
                response = await app.client.get(STREAM, params=again, headers=headers)
                assert (response.status_code, error_of(response)["type"]) == (404, "not_found")
        assert len(provider.chats) == 1


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
        assert (await app.client.delete(url)).json()["finish_reason"] == "cancelled"
        assert text_of(read(await app.client.get(f"{url}/events"))) == "Half"


async def test_one_reader_leaving_changes_nothing_for_another(served: Served) -> None:
    params = {"user_message": "Hi", "model": "held", "request_id": "two readers"}
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


# --- files --------------------------------------------------------------------------------------------------


async def send_file(
    client: httpx.AsyncClient, data: bytes, name: str = "notes.txt", **headers: str
) -> httpx.Response:
    return await client.post("/ai/files", files={"file": (name, data)}, headers=headers)


async def test_a_file_is_read_and_described(served: Served) -> None:
    response = await send_file(served.client, "The fox is red. 狐狸是红的。".encode())
    body = response.json()
    assert (response.status_code, body.pop("file_id") != "") == (201, True)
    assert body == {
        "name": "notes.txt",
        "media_type": "text/plain",
        "bytes": 34,
        "characters": 22,
        "pages": body["pages"],
        "problems": [],
    }


async def test_a_file_is_asked_about_by_its_id_and_repeatedly(served: Served) -> None:
    ids = [(await send_file(served.client, text)).json()["file_id"] for text in (b"Red fox.", b"Grey owl.")]
    params = [("user_message", "Which?"), ("model", "plain"), *[("file_id", id) for id in ids]]
    events = read(await served.client.get(STREAM, params=params))
    content = served.provider.chats[-1].body["messages"][-1]["content"]
    assert ("Red fox." in content, "Grey owl." in content) == (True, True)
    receipt = json.loads(events[0].data)["receipt"]
    assert [file["name"] for file in receipt["files"]] == ["notes.txt", "notes.txt"]


async def test_one_file_id_may_be_a_plain_string_in_json(served: Served) -> None:
    id = (await send_file(served.client, b"Red fox.")).json()["file_id"]
    response = await served.client.post(STREAM, json={"user_message": "Hi", "model": "plain", "file_id": id})
    assert text_of(read(response)) == ANSWER


@pytest.mark.parametrize(
    ("name", "data", "status", "type"),
    [
        ("empty.txt", b"", 422, "empty_file"),
        ("program", b"\x7fELF\x02\x01\x01" + bytes(200), 415, "unsupported_file"),
        ("broken.pdf", b"%PDF-1.7\nnothing more", 422, "unreadable_file"),
    ],
)
async def test_a_file_that_cannot_be_used_is_refused_with_its_reason(
    served: Served, name: str, data: bytes, status: int, type: str
) -> None:
    response = await send_file(served.client, data, name)
    assert (response.status_code, error_of(response)["type"]) == (status, type)
    assert name in error_of(response)["message"]


async def test_a_form_without_a_file_is_refused(served: Served) -> None:
    for response in (
        await served.client.post("/ai/files", data={"other": "x"}),
        await served.client.post("/ai/files", json={}),
        await served.client.post("/ai/files", files={"other": b"x"}),
    ):
        assert (response.status_code, error_of(response)["details"]) == (422, {"field": "file"})


async def test_a_form_that_cannot_be_parsed_is_refused(served: Served) -> None:
    headers = {"content-type": "multipart/form-data; boundary=x"}
    response = await served.client.post("/ai/files", content=b"--y\r\nno such thing", headers=headers)
    assert (response.status_code, error_of(response)["type"]) in [
        (400, "invalid_request"),
        (422, "invalid_request"),
    ]


async def test_a_file_past_the_limit_is_refused_and_leaves_nothing_on_disk(tmp_path: Path) -> None:
    async with run_routes(tmp_path, OPENAI_BASE_URL="http://127.0.0.1:9/v1", MAX_UPLOAD_MB="0.01") as app:
        response = await send_file(app.client, b"x" * 20_000)
        uploads = [path for path in (tmp_path / "data").rglob("*") if path.stat().st_size >= 10_000]
    assert (response.status_code, error_of(response)["type"]) == (413, "file_too_large")
    assert error_of(response)["details"] == {"name": "notes.txt", "limit_mb": 0.01}
    assert [path.name for path in uploads if "history" not in path.name] == []


async def _endless_body() -> AsyncIterator[bytes]:
    yield b'--x\r\ncontent-disposition: form-data; name="file"; filename="a.txt"\r\n\r\n'
    for _ in range(200):
        yield b"x" * 100_000


@pytest.mark.parametrize("route", ["/ai/files", "/ai/generations", STREAM])
async def test_a_body_that_does_not_tell_its_length_is_cut_off(tmp_path: Path, route: str) -> None:
    async with run_routes(tmp_path, OPENAI_BASE_URL="http://127.0.0.1:9/v1", MAX_UPLOAD_MB="0.01") as app:
        headers = {
            "content-type": "multipart/form-data; boundary=x" if "files" in route else "application/json"
        }
        response = await app.client.post(route, content=_endless_body(), headers=headers)
        told = await app.client.post(route, content=b"x" * 20_000_000, headers=headers)
    for refusal in (response, told):
        assert (refusal.status_code, error_of(refusal)["type"]) == (413, "file_too_large")


# --- refusals -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("params", "field"),
    [
        ({}, "user_message"),
        ({"user_message": ""}, "user_message"),
        ({"user_message": " \n"}, "user_message"),
        ({"user_message": "Hi", "temperature": "3"}, "temperature"),
        ({"user_message": "Hi", "temperature": "nan"}, "temperature"),
        ({"user_message": "Hi", "max_tokens": "0"}, "max_tokens"),
        ({"user_message": "Hi", "max_tokens": "many"}, "max_tokens"),
        ({"user_message": "Hi", "request_id": "x" * 201}, "request_id"),
        ({"user_message": "Hi", "visitor": "x" * 201}, "visitor"),
    ],
)
async def test_a_wrong_field_is_422_and_named(served: Served, params: Mapping[str, str], field: str) -> None:
    asked = len(served.provider.chats)
    response = await served.client.get(STREAM, params=params)
    assert (response.status_code, error_of(response)["type"]) == (422, "invalid_request")
    assert error_of(response)["details"] == {"field": field}
    assert len(served.provider.chats) == asked


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b'"Hi"', b"null", b'{"user_message": "\\ud800"}', b"\xff"]
)
async def test_a_wrong_body_is_422_and_never_500(served: Served, body: bytes) -> None:
    headers = {"content-type": "application/json"}
    for route in (STREAM, "/ai/generations"):
        response = await served.client.post(route, content=body, headers=headers)
        assert (response.status_code in (400, 422), error_of(response)["type"]) == (True, "invalid_request")


async def test_another_method_or_path_is_refused_in_the_same_form(app: RunningApp) -> None:
    answers = {
        ("PUT", STREAM): (405, "GET, POST"),
        ("POST", "/ai/generations/x/events"): (405, "GET"),
        ("GET", "/ai/generations/x"): (405, "DELETE"),
        ("TRACE", "/ai/files"): (405, "POST"),
        ("GET", "/ai/unknown"): (404, None),
        ("POST", "/ai/"): (404, None),
    }
    for (method, path), (status, allow) in answers.items():
        response = await app.client.request(method, path)
        assert (response.status_code, response.headers.get("allow")) == (status, allow), (method, path)
        assert error_of(response)["retryable"] is False


async def test_a_limit_is_429_with_the_wait(tmp_path: Path) -> None:
    async with (
        Provider() as provider,
        run_routes(tmp_path, OPENAI_BASE_URL=provider.url, MAX_GENERATIONS="1") as app,
    ):
        served = Served(app.client, provider)
        id = await served.start()
        refused = await app.client.get(STREAM, params={"user_message": "Hi", "model": "plain"})
        assert (refused.status_code, refused.headers["retry-after"]) == (429, "2")
        assert error_of(refused)["retryable"] is True
        await app.client.delete(f"/ai/generations/{id}")
        assert text_of(await served.ask()) == ANSWER


async def test_what_breaks_inside_is_500_without_a_traceback(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def break_down(*_: object) -> None:
        raise RuntimeError("secret path /srv")

    for engine in served.engines:
        monkeypatch.setattr(engine, "start", break_down)
    response = await served.client.get(STREAM, params={"user_message": "Hi"})
    assert (response.status_code, error_of(response)["type"]) == (500, ChatError.type)
    assert "secret" not in response.text


# --- who may ------------------------------------------------------------------------------------------------


async def test_the_token_is_wanted_on_every_route_and_before_a_body_is_read(tmp_path: Path) -> None:
    async with (
        Provider() as provider,
        run_routes(tmp_path, OPENAI_BASE_URL=provider.url, API_TOKEN="s3cret") as app,
    ):
        routes = [
            ("GET", STREAM),
            ("POST", STREAM),
            ("POST", "/ai/generations"),
            ("GET", "/ai/generations/x/events"),
            ("DELETE", "/ai/generations/x"),
            ("POST", "/ai/files"),
        ]
        for header in ({}, {"authorization": "Bearer wrong"}, {"authorization": "Basic s3cret"}):
            for method, path in routes:
                response = await app.client.request(method, path, content=b"{", headers=header)
                assert (response.status_code, error_of(response)["type"]) == (401, "not_allowed")
                assert response.headers["www-authenticate"] == "Bearer"
        right = {"authorization": "bearer s3cret"}
        params = {"user_message": "Hi", "model": "plain"}
        assert text_of(read(await app.client.get(STREAM, params=params, headers=right))) == ANSWER
        assert (await app.client.get("/healthz")).status_code == 200


async def test_a_second_visitor_finds_nothing_of_the_firsts(served: Served) -> None:
    anna, ben = {"x-visitor": "anna"}, {"x-visitor": "ben"}
    params = {"user_message": "Hi", "model": "plain"}
    events = read(await served.client.get(STREAM, params=params, headers=anna))
    opening = json.loads(events[0].data)
    file_id = (await send_file(served.client, b"Red fox.", **anna)).json()["file_id"]
    url, seen = f"/ai/generations/{opening['generation_id']}", {"last-event-id": events[2].id}
    conversation = {"conversation_id": opening["conversation_id"]}
    for who, status in ((ben, 404), ({}, 404), (anna, 200)):
        answers = [
            await served.client.get(f"{url}/events", headers=who),
            await served.client.get(STREAM, params=params, headers=who | seen),
            await served.client.delete(url, headers=who),
            await served.client.get(STREAM, params=params | conversation, headers=who),
            await served.client.get(STREAM, params=params | {"file_id": file_id}, headers=who),
        ]
        assert [answer.status_code for answer in answers] == [status] * 5


async def test_a_visitor_can_be_named_in_the_url_for_event_source(served: Served) -> None:
    params = {"user_message": "Hi", "model": "plain", "visitor": "carla"}
    events = read(await served.client.get(STREAM, params=params))
    url = f"/ai/generations/{generation_of(events[0])}/events"
    assert (await served.client.get(url)).status_code == 404
    assert read(await served.client.get(url, params={"visitor": "carla"})) == events


async def test_two_visitors_may_choose_the_same_request_id(served: Served) -> None:
    one = await served.ask(request_id="mine", visitor="dora")
    two = await served.ask(request_id="mine", visitor="emil")
    assert generation_of(one[0]) != generation_of(two[0])


# --- other origins ------------------------------------------------------------------------------------------

ELSEWHERE = {"origin": "https://example.org"}
PREFLIGHT = {
    **ELSEWHERE,
    "access-control-request-method": "POST",
    "access-control-request-headers": "authorization,content-type,last-event-id,x-visitor",
}


async def test_other_origins_may_call_our_routes_without_credentials(app: RunningApp) -> None:
    params = {"user_message": "Hi", "model": "plain"}
    answers = [
        await app.client.get(STREAM, params=params, headers=ELSEWHERE),
        await app.client.get(STREAM, headers=ELSEWHERE),
        await app.client.get("/ai/unknown", headers=ELSEWHERE),
        await app.client.options(STREAM, headers=PREFLIGHT),
        await app.client.get("/healthz", headers=ELSEWHERE),
    ]
    assert [answer.status_code for answer in answers] == [200, 422, 404, 200, 200]
    for answer in answers:
        assert answer.headers["access-control-allow-origin"] == "*"
        assert "access-control-allow-credentials" not in answer.headers


async def test_other_origins_may_not_call_the_page(app: RunningApp) -> None:
    for path in ("/config", "/gradio_api/info", "/"):
        answer = await app.client.get(path, headers=ELSEWHERE)
        assert "access-control-allow-origin" not in answer.headers, path
        assert "access-control-allow-credentials" not in answer.headers, path


@pytest.mark.parametrize(
    ("origins", "allowed"),
    [("", None), ("https://example.org", "https://example.org"), ("https://other.org", None)],
)
async def test_origins_are_those_of_the_setting(tmp_path: Path, origins: str, allowed: str | None) -> None:
    async with run_routes(tmp_path, OPENAI_BASE_URL="http://127.0.0.1:9/v1", CORS_ORIGINS=origins) as app:
        answer = await app.client.get(STREAM, headers=ELSEWHERE)
    assert (answer.status_code, answer.headers.get("access-control-allow-origin")) == (422, allowed)


async def test_a_preflight_needs_no_token(tmp_path: Path) -> None:
    async with run_routes(tmp_path, OPENAI_BASE_URL="http://127.0.0.1:9/v1", API_TOKEN="s3cret") as app:
        assert (await app.client.options(STREAM, headers=PREFLIGHT)).status_code == 200


# --- the rest -----------------------------------------------------------------------------------------------


async def test_health_is_told(served: Served) -> None:
    response = await served.client.get("/healthz")
    assert (response.status_code, response.json()) == (200, {"status": "ok"})


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
