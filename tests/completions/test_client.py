"""The upstream: what a provider can do to us on a real socket, and what comes of it."""

from __future__ import annotations

import asyncio
import datetime
import email.utils
import logging
import re
import statistics
import time
from collections.abc import Callable
from contextlib import aclosing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson
import pytest

from chat.completions import Chunk, Completions, Endpoint, Request, join_text
from chat.completions.provider_errors import FAULTS, find_retry_after, redact
from chat.errors import ProviderError
from tests.certificates import self_signed
from tests.provider import Call, Provider, chunk, closed_port, frame, unreachable_port
from tests.scenarios import ANSWER, HALF, REASONING, TOO_LONG, fail, replay

KEY = "sk-test-secret-4321"
QUESTION = [{"role": "user", "content": "Say hello"}]


@dataclass
class Heard:
    """What a reader has at the end of an answer."""

    text: str = ""
    reasoning: str = ""
    finish_reason: str = ""
    error: str = ""
    retryable: bool = False
    retry_after: float | None = None
    sentence: str = field(default="", compare=False)


def client(url: str, **options: Any) -> Completions:
    return Completions(
        Endpoint(url, KEY), **{"backoff": 0.001, "idle_timeout": 5, "first_token_timeout": 60, **options}
    )


async def hear(completions: Completions, model: str, **fields: Any) -> Heard:
    """Read one answer to its end, and return all of it."""
    heard = Heard()
    try:
        async with aclosing(completions.stream(Request(model, QUESTION, **fields))) as batches:
            async for batch in batches:
                for one in batch:
                    add(heard, one)
    except ProviderError as error:
        heard.error, heard.retryable, heard.retry_after = error.type, error.retryable, error.retry_after
        heard.sentence = str(error)
    await completions.aclose()
    return heard


def add(heard: Heard, one: Chunk) -> None:
    if one.recasts:
        heard.text, heard.reasoning = "", heard.reasoning + heard.text
    heard.text += one.text
    heard.reasoning += one.reasoning
    if one.finish_reason or one.text or one.reasoning:  # one that text follows does not count
        heard.finish_reason = one.finish_reason


WHOLE = Heard(ANSWER, "", "stop")
REASONED = Heard(ANSWER, REASONING, "stop")
HARMLESS = {
    "plain": WHOLE,
    "reasoning": REASONED,
    "reasoning-reasoning": REASONED,
    "reasoning-reasoning_text": REASONED,
    "think": REASONED,
    "think-unopened": REASONED,
    "refusal": Heard("I cannot help with that.", "", "stop"),
    "tools": Heard("", "", "tool_calls"),
    "crlf": WHOLE,
    "comments": WHOLE,
    "bytewise": WHOLE,
    "no-done": WHOLE,
    "no-blank-line": WHOLE,
    "without-stream-options": WHOLE,
    "completion-tokens-only": WHOLE,
}


@pytest.mark.parametrize("model", HARMLESS)
async def test_what_is_odd_but_harmless_changes_nothing(model: str) -> None:
    async with Provider() as provider:
        assert await hear(client(provider.url), model, max_tokens=9) == HARMLESS[model]


HALF_HEARD = {"text": HALF}
FAULTY: dict[str, tuple[str, bool, dict[str, Any]]] = {
    "status-400": ("bad_request", False, {}),
    "status-401": ("unauthorized", False, {}),
    "status-402": ("quota_exceeded", False, {}),
    "status-403": ("forbidden", False, {}),
    "status-404": ("model_not_found", False, {}),
    "status-408": ("request_timeout", True, {}),
    "status-413": ("request_too_large", False, {}),
    "status-418": ("bad_request", False, {}),
    "status-429": ("rate_limited", True, {"retry_after": 7.0}),
    "status-500": ("server_error", True, {}),
    "status-502": ("bad_gateway", True, {}),
    "status-503": ("unavailable", True, {}),
    "status-504": ("gateway_timeout", True, {}),
    "status-520": ("server_error", True, {}),
    "status-529": ("overloaded", True, {}),
    "html": ("not_a_stream", False, {}),
    "cut-before-headers": ("connection_lost", True, {}),
    "cut-before-token": ("connection_lost", True, {}),
    "cut-midway": ("connection_lost", True, HALF_HEARD),
    "stall-before-headers": ("first_token_timeout", True, {}),
    "stall-before-token": ("first_token_timeout", True, {}),
    "stall-midway": ("idle_timeout", True, HALF_HEARD),
    "stall-reasoning": ("idle_timeout", True, {"reasoning": REASONING}),
    "malformed": ("malformed", True, HALF_HEARD),
    "error-midway": ("server_error", True, HALF_HEARD),
    "error-event": ("server_error", True, HALF_HEARD),
    "overloaded-midway": ("overloaded", True, HALF_HEARD),
    "no-finish": ("incomplete", True, HALF_HEARD),
    "empty": ("no_answer", True, {}),
    **{f"too-long-{name}": ("context_too_long", False, {}) for name in TOO_LONG},
}


@pytest.mark.parametrize("model", FAULTY)
async def test_a_fault_ends_in_the_exact_text_so_far_and_one_named_error(
    model: str, caplog: pytest.LogCaptureFixture
) -> None:
    type, retryable, heard = FAULTY[model]
    caplog.set_level(logging.INFO)
    async with Provider() as provider:
        limits = {"idle_timeout": 0.2, "first_token_timeout": 0.4} if model.startswith("stall") else {}
        result = await hear(client(provider.url, retries=0, **limits), model)
    assert result == Heard(error=type, retryable=retryable, **heard)
    assert result.sentence == FAULTS[type][0]  # and so nothing that the provider says
    assert not re.search(r"secret|[*-]4321", caplog.text)


def plain_url(provider: Provider) -> str:
    return provider.url.replace("http:", "https:")


ADDRESSES: dict[str, tuple[Callable[[Provider], str], str, bool]] = {
    "no address": (lambda provider: "", "bad_base_url", False),
    "no scheme": (lambda provider: "127.0.0.1:80/v1", "bad_base_url", False),
    "another scheme": (lambda provider: "ftp://127.0.0.1/v1", "bad_base_url", False),
    "a bad port": (lambda provider: "http://127.0.0.1:99999/v1", "bad_base_url", False),
    "nobody listens": (lambda provider: f"http://127.0.0.1:{closed_port()}/v1", "connection_refused", True),
    "no such name": (lambda provider: "http://no-such-host.invalid/v1", "dns", True),
    "TLS that hangs": (plain_url, "connect_timeout", True),
}


@pytest.mark.parametrize("case", ADDRESSES)
async def test_an_address_that_leads_nowhere_has_a_type_of_its_own(case: str) -> None:
    make, type, retryable = ADDRESSES[case]
    async with Provider() as provider:
        completions = client(make(provider), connect_timeout=0.2)
        assert await hear(completions, "plain") == Heard(error=type, retryable=retryable)


async def test_a_connection_that_nobody_takes_times_out() -> None:
    with unreachable_port() as port:
        completions = client(f"http://127.0.0.1:{port}/v1", connect_timeout=0.2)
        assert await hear(completions, "plain") == Heard(error="connect_timeout", retryable=True)


async def test_a_certificate_that_nobody_signed_is_refused(tmp_path: Path) -> None:
    async with Provider(tls=self_signed(tmp_path)) as provider:
        assert await hear(client(provider.url), "plain") == Heard(error="tls")
        assert provider.requests == []


async def test_plain_http_behind_https_is_a_tls_error() -> None:
    async def shout(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        writer.close()

    async with await asyncio.start_server(shout, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        assert await hear(client(f"https://127.0.0.1:{port}/v1"), "plain") == Heard(error="tls")


# --- asking again ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("fault", ["status-503", "status-429-now", "cut-before-headers", "cut-before-token"])
async def test_a_fault_before_the_first_token_is_mended_by_a_retry(fault: str) -> None:
    async with Provider() as provider:
        provider.scripts["status-429-now"] = fail(429, None, retry_after_ms="1")
        provider.scripts["shaky"] = in_turn(provider, fault, fault, "plain")
        assert await hear(client(provider.url), "shaky") == WHOLE
        assert len(provider.chats) == 3


@pytest.mark.parametrize("fault", ["status-503", "cut-before-headers", "cut-before-token", "empty"])
async def test_a_fault_is_retried_twice_at_most(fault: str) -> None:
    async with Provider() as provider:
        assert (await hear(client(provider.url), fault)).retryable
        assert len(provider.chats) == 3


@pytest.mark.parametrize(
    "fault", ["cut-midway", "malformed", "error-midway", "no-finish", "stall-reasoning", "status-401", "html"]
)
async def test_nothing_is_retried_after_a_token_or_where_it_cannot_help(fault: str) -> None:
    async with Provider() as provider:
        assert (await hear(client(provider.url, idle_timeout=0.2), fault)).error
        assert len(provider.chats) == 1


async def test_a_stall_is_not_asked_again_since_the_endpoint_may_be_at_work() -> None:
    async with Provider() as provider:
        heard = await hear(client(provider.url, first_token_timeout=0.2), "stall-before-headers")
        assert (heard.error, heard.retryable, len(provider.chats)) == ("first_token_timeout", True, 1)


async def test_a_wait_too_long_to_sit_out_is_told_instead() -> None:
    async with Provider() as provider:
        provider.scripts["busy"] = fail(429, None, retry_after="60")
        heard = await hear(client(provider.url), "busy")
        assert (heard.error, heard.retry_after, len(provider.chats)) == ("rate_limited", 60.0, 1)


@pytest.mark.parametrize(("seconds", "asked"), [(0.0, 1), (60.0, 3)])
async def test_a_gateway_that_takes_long_to_refuse_is_not_asked_again(seconds: float, asked: int) -> None:
    faults: list[str] = []
    async with Provider() as provider:
        completions = client(provider.url, retry_seconds=seconds)
        heard = await hear(completions, "status-503", on_retry=lambda fault: faults.append(fault.type))
        assert (heard.error, len(provider.chats)) == ("unavailable", asked)
        assert faults == ["unavailable"] * (asked - 1)


def in_turn(provider: Provider, *models: str) -> Callable[[Call], Any]:
    from tests.scenarios import find_scenario

    left = list(models)

    async def answer(call: Call) -> None:
        model = left.pop(0)
        script = provider.scripts.get(model) or find_scenario(model)
        assert script
        await script(call)

    return answer


async def test_an_account_without_credit_is_no_rate_limit() -> None:
    error = {"message": "You exceeded your current quota.", "type": "insufficient_quota"}
    async with Provider() as provider:
        provider.scripts["poor"] = fail(429, {**error, "code": "insufficient_quota"})
        assert await hear(client(provider.url), "poor") == Heard(error="quota_exceeded")


# --- what is asked -----------------------------------------------------------------------------------------


async def test_the_request_carries_the_key_the_headers_and_the_options() -> None:
    async with Provider() as provider:
        headers = {"HTTP-Referer": "https://example.org", "X-Title": "Xiaojia"}
        sampling = {"top_p": 0.9, "temperature": 0.0}
        endpoint = Endpoint(provider.url, KEY, headers=headers, sampling=sampling)
        await hear(Completions(endpoint), "plain", temperature=0.5, max_tokens=7)
        call = provider.requests[0]
        assert (call.headers["authorization"], call.headers["accept-encoding"]) == (
            f"Bearer {KEY}",
            "identity",
        )
        assert (call.headers["http-referer"], call.headers["x-title"]) == ("https://example.org", "Xiaojia")
        assert call.body == {
            "model": "plain",
            "messages": QUESTION,
            "stream": True,
            "stream_options": {"include_usage": True},
            "temperature": 0.5,
            "max_tokens": 7,
            "top_p": 0.9,
        }
        await hear(Completions(endpoint), "plain")
        assert provider.requests[1].body["temperature"] == 0.0  # the endpoint's own


@pytest.mark.parametrize("model", ["without-stream-options", "completion-tokens-only"])
async def test_a_refused_option_is_left_out_and_remembered(model: str) -> None:
    async with Provider() as provider:
        completions = client(provider.url)
        for _ in range(2):
            assert await join_text(completions.stream(Request(model, QUESTION, max_tokens=7))) == ANSWER
        await completions.aclose()
        asked = [sorted(call.body.keys() - {"messages", "model", "stream"}) for call in provider.requests]
        mended = {
            "without-stream-options": ["max_tokens"],
            "completion-tokens-only": ["max_completion_tokens", "stream_options"],
        }
        assert asked == [["max_tokens", "stream_options"], mended[model], mended[model]]


async def test_the_key_is_in_no_repr() -> None:
    endpoint = Endpoint("http://127.0.0.1/v1", KEY, headers={"authorization": KEY})
    completions = Completions(endpoint)
    assert KEY not in repr(endpoint) + repr(completions) + repr(vars(completions))
    await completions.aclose()


async def test_models_are_listed_in_the_endpoints_order() -> None:
    async with Provider() as provider:
        provider.models = ["b", "a"]
        completions = client(provider.url)
        assert [model.name for model in await completions.models()] == ["b", "a"]
        await completions.aclose()


@pytest.mark.parametrize(("path", "type"), [("/nowhere", "model_not_found"), ("", "not_a_stream")])
async def test_models_of_what_is_no_endpoint_are_an_error(path: str, type: str) -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        request = await reader.readuntil(b"\r\n\r\n")
        status = b"404 Not Found" if b"/nowhere" in request else b"200 OK"
        writer.write(b"HTTP/1.1 " + status + b"\r\ncontent-length: 4\r\nconnection: close\r\n\r\n<ht>")
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        completions = client(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}{path}")
        with pytest.raises(ProviderError) as caught:
            await completions.models()
        assert caught.value.type == type
        await completions.aclose()


# --- what comes --------------------------------------------------------------------------------------------


async def test_chunks_are_passed_on_verbatim_whatever_they_hold() -> None:
    sent = [
        b'{"choices":[{"delta":{"role":"assistant","content":null}}],"x_extra": {"kept" : 1}}',
        b'{"choices": [], "prompt_filter_results": []}',
        b'{"choices":[{"index":0,"delta":{}}]}',
        '{"choices":[{"delta":{"content":"line\u2028separator \\ud83e\\udd8a"}}]}'.encode(),
        b'{"choices":[{"delta":{"tool_calls":[{"index":0}]},"logprobs":null,"finish_reason":"tool_calls"}]}',
        b'{"choices":[],"usage":{"total_tokens":8}}',
    ]
    async with Provider() as provider:
        provider.scripts["odd"] = replay(b"".join([frame(data) for data in [*sent, b"[DONE]"]]))
        completions = client(provider.url)
        chunks = [one async for batch in completions.stream(Request("odd", QUESTION)) for one in batch]
        await completions.aclose()
    assert [one.data for one in chunks] == sent
    assert [one.text for one in chunks] == ["", "", "", "line\u2028separator 🦊", "", ""]
    assert [one.finish_reason for one in chunks] == ["", "", "", "", "tool_calls", ""]
    assert [one.usage for one in chunks] == [None] * 5 + [{"total_tokens": 8}]


async def test_a_delta_of_two_megabytes_comes_whole() -> None:
    text = "字" * 700_000
    async with Provider() as provider:
        data = frame(chunk({"content": text})) + frame(chunk(finish_reason="stop"))
        pieces = [data[at : at + 5000] for at in range(0, len(data), 5000)]
        provider.scripts["huge"] = replay(*pieces)
        assert await hear(client(provider.url), "huge") == Heard(text, "", "stop")


async def test_a_chunk_arrives_as_soon_as_it_is_sent() -> None:
    async with Provider() as provider:
        completions = client(provider.url)
        async with aclosing(completions.stream(Request("held", QUESTION))) as batches:
            coming = asyncio.ensure_future(anext(batches))
            call = await provider.next_call()
            await call.text("Hel")
            assert [one.text for one in await coming] == ["Hel"]
            await call.text("lo", "!")
            assert [one.text for one in await anext(batches)] == ["lo", "!"]
            await call.finish("length")
            assert [one.finish_reason for one in await anext(batches)] == ["length", ""]
            assert await anext(batches, None) is None
        await completions.aclose()


async def test_the_end_of_a_tag_that_never_came_is_not_lost() -> None:
    async with Provider() as provider:
        provider.scripts["half-tag"] = replay(frame(chunk({"content": "a <thi"})), ends=False)
        assert await hear(client(provider.url), "half-tag") == Heard(
            "a <thi", "", "", "connection_lost", True
        )


async def test_an_error_as_json_with_status_200_is_an_error() -> None:
    async def answer(call: Call) -> None:
        await call.reply(200, {"error": {"message": "no", "code": "model_not_found"}})

    async with Provider() as provider:
        provider.scripts["polite"] = answer
        assert await hear(client(provider.url), "polite") == Heard(error="model_not_found")


async def test_connections_are_used_again_after_a_whole_answer() -> None:
    async with Provider() as provider:
        completions = client(provider.url)
        for _ in range(3):
            assert await join_text(completions.stream(Request("plain", QUESTION))) == ANSWER
        assert len(provider.connections) == 1
        await completions.aclose()


async def test_three_hundred_streams_are_open_at_once() -> None:
    async with Provider() as provider:
        completions = client(provider.url, idle_timeout=60, connect_timeout=60)
        reading = [
            asyncio.create_task(join_text(completions.stream(Request("held", QUESTION)))) for _ in range(300)
        ]
        calls = [await provider.next_call() for _ in reading]
        assert len(provider.open_connections) == 300
        for call in calls:
            await call.finish()
        assert await asyncio.gather(*reading) == [""] * 300
        await completions.aclose()


# --- stopping ----------------------------------------------------------------------------------------------

WINDOWS = ["connecting", "before the first token", "during reasoning", "midway"]


@pytest.mark.parametrize("way", ["cancelling", "closing"])
@pytest.mark.parametrize("window", WINDOWS)
async def test_leaving_closes_the_upstream_at_once(window: str, way: str) -> None:
    async with Provider() as provider:
        took = [await time_to_close(provider, window, way) for _ in range(5)]
        assert provider.open_connections == []
    print(f"\nstop {window}, {way}: median {statistics.median(took) * 1000:.2f} ms")


async def time_to_close(provider: Provider, window: str, way: str) -> float:
    """Return the seconds from leaving to the provider's end of the connection."""
    provider.is_answering = window != "connecting"
    url = provider.url.replace("http:", "https:" if window == "connecting" else "http:")
    completions = client(url, idle_timeout=600, connect_timeout=600)  # not a limit closes it, but leaving
    batches = completions.stream(Request("held", QUESTION))
    before = len(provider.connections)
    reading = asyncio.create_task(anext(batches, None))
    if window == "connecting":  # the provider takes the connection and leaves the TLS handshake unanswered
        await provider.wait_for_connections(before + 1)
    else:
        call = await provider.next_call()
        await call.start()
        if window != "before the first token":
            await call.chunk({"reasoning_content" if window == "during reasoning" else "content": "Half"})
            await reading
            reading = asyncio.create_task(anext(batches, None))
            await asyncio.sleep(0)
    connection = provider.connections[-1]
    start = time.monotonic()
    reading.cancel()
    if way == "closing":
        await asyncio.wait([reading])
        await batches.aclose()
    closed = await connection.wait_closed()
    await asyncio.wait([reading])
    await completions.aclose()
    return closed - start


async def test_leaving_while_it_waits_to_retry_asks_no_more() -> None:
    async with Provider() as provider:
        completions = client(provider.url, backoff=60)
        reading = asyncio.create_task(hear(completions, "status-503"))
        await provider.wait_for_requests(1)
        reading.cancel()
        await asyncio.wait([reading])
        assert len(provider.chats) == 1
        await completions.aclose()


# --- going on ----------------------------------------------------------------------------------------------


async def continued(provider: Provider, said: str, *pieces: str) -> list[Chunk]:
    provider.scripts["more"] = replay(
        *[frame(chunk({"content": piece})) for piece in pieces], frame(chunk(finish_reason="stop"))
    )
    completions = client(provider.url)
    request = Request("more", QUESTION, continues=said)
    chunks = [one async for batch in completions.stream(request) for one in batch]
    await completions.aclose()
    return chunks


async def test_an_endpoint_that_is_not_known_to_continue_is_told_to() -> None:
    async with Provider() as provider:
        chunks = await continued(provider, "The capital of Fra", "nce is", " Paris.")
        assert "".join([one.text for one in chunks]) == "nce is Paris."
        messages = provider.chats[0].body["messages"]
    assert messages[:2] == [*QUESTION, {"role": "assistant", "content": "The capital of Fra"}]
    assert (len(messages), messages[2]["role"]) == (3, "user")


@pytest.mark.parametrize(
    ("said", "pieces", "rest"),
    [
        ("One, two, three and", ["One, two,", " three and", " four"], " four"),
        ("首先要注意安全，其次", ["注意安全，", "其次要节约"], "要节约"),
        ("One, two, three and", [" three", " and four"], " four"),
        ("The end is the", ["the end"], "the end"),
        ("Numbers: 3, 3, ", ["3, ", "3, 4"], "3, 3, 4"),
        ("One, two, three and", ["One, two, three and"], ""),
    ],
)
async def test_what_a_model_repeats_is_taken_out_on_the_wire_too(
    said: str, pieces: list[str], rest: str
) -> None:
    async with Provider() as provider:
        chunks = await continued(provider, said, *pieces)
    assert "".join([one.text for one in chunks]) == rest
    deltas = [orjson.loads(one.data)["choices"][0]["delta"] for one in chunks]
    assert "".join([delta.get("content", "") for delta in deltas]) == rest


@pytest.mark.parametrize(
    ("owner", "options"),
    [("vllm", {"continue_final_message": True, "add_generation_prompt": False}), ("llamacpp", {})],
)
async def test_an_endpoint_that_continues_by_itself_is_asked_its_way(
    owner: str, options: dict[str, bool]
) -> None:
    async with Provider() as provider:
        provider.owner = owner
        await continued(provider, "The capital of Fra", "nce")
        body = provider.chats[0].body
    assert body["messages"][-1] == {"role": "assistant", "content": "The capital of Fra"}
    assert {
        name: body[name] for name in body.keys() & {"continue_final_message", "add_generation_prompt"}
    } == options


@pytest.mark.parametrize(
    ("said", "roles"),
    [
        ("Prefilling is not supported for this model.", ["assistant", "user", "user"]),
        ("The text ends with a space.", ["assistant", "user", "assistant", "user"]),
    ],
)
async def test_an_endpoint_that_refuses_its_way_is_told_to_continue(said: str, roles: list[str]) -> None:
    async def refuse_prefill(call: Call) -> None:
        script = (
            fail(400, {"message": said})
            if call.body["messages"][-1]["role"] == "assistant"
            else replay(frame(chunk({}, "stop")))
        )
        await script(call)

    async with Provider() as provider:
        provider.owner = "llamacpp"
        provider.scripts["thinking"] = refuse_prefill
        completions = client(provider.url)
        for _ in range(2):
            assert await join_text(completions.stream(Request("thinking", QUESTION, continues="Half"))) == ""
        await completions.aclose()
        assert [call.body["messages"][-1]["role"] for call in provider.chats] == roles


# --- small parts -------------------------------------------------------------------------------------------


def test_retry_after_is_read_in_each_of_its_forms() -> None:
    date = email.utils.format_datetime(datetime.datetime.now(datetime.UTC) + datetime.timedelta(seconds=90))
    assert find_retry_after({"retry-after-ms": "250", "retry-after": "9"}) == 0.25
    assert find_retry_after({"retry-after": "1.5"}) == 1.5
    assert find_retry_after({"retry-after": date}) == pytest.approx(90, abs=2)
    assert [find_retry_after({"retry-after": bad}) for bad in ("", "soon", "-1", "nan", "inf")] == [None] * 5
    assert find_retry_after({}) is None


@pytest.mark.parametrize(
    "secret",
    [
        "sk-proj-abcDEF123",
        "sk-test*******4321",
        "hf_abcdefgh",
        "gsk_1234abcd",
        "AIzaSyA-1234_b",
        "Bearer abc.def",
        "****4321",
        "0123456789abcdef0123456789abcdef",
    ],
)
def test_what_looks_like_a_key_is_not_logged(secret: str) -> None:
    assert (
        redact(f"Incorrect API key provided: {secret}.").rstrip(".")
        == "Incorrect API key provided: [redacted]"
    )
