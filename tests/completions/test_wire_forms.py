"""Whatever arrives over the wire is read for what it is: every scenario of tests.wire_variants."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from typing import Any

import orjson
import pytest

from chat.completions import Request, patience
from chat.completions.chunks import Chunk, ChunkParser
from chat.completions.patience import Patience
from chat.errors import ProviderError
from tests.completions.test_client import QUESTION, Heard, client, hear
from tests.provider import Provider, chunk, frame
from tests.wire_scenarios import ANSWER, DONE, HALF, PARTS, STOP, deltas, send
from tests.wire_variants import WIRE


@pytest.mark.parametrize("name", WIRE)
async def test_a_reader_has_the_exact_answer(name: str) -> None:
    wire = WIRE[name]
    async with Provider() as provider:
        limit = 0.5 if name.startswith("silence") else 30
        heard = await hear(client(provider.url, idle_timeout=limit), name)
    assert (heard.text, heard.reasoning) == (wire.text, wire.reasoning)
    assert (heard.finish_reason, heard.error) == (wire.finish_reason, wire.error)
    assert len(provider.chats) == 1 if wire.text else True  # nothing that was paid for is asked again


async def read(provider: Provider, model: str) -> list[Chunk]:
    completions = client(provider.url, idle_timeout=0.5 if model.startswith("silence") else 30)
    async with aclosing(completions.stream(Request(model, QUESTION))) as batches:
        chunks = [one async for batch in batches for one in batch]
    await completions.aclose()
    return chunks


CLEAN = [name for name, wire in WIRE.items() if not wire.error and not wire.reasoning and wire.text == ANSWER]
CLEAN.remove("content-as-list-of-texts")  # such a client reads no list


@pytest.mark.parametrize("name", CLEAN)
async def test_a_client_that_reads_the_deltas_has_the_same_text(name: str) -> None:
    async with Provider() as provider:
        values = [orjson.loads(one.data) for one in await read(provider, name)]
    choices = [choice for value in values for choice in value["choices"] if choice]
    said = [(choice.get("delta") or {}).get("content") or "" for choice in choices]
    assert "".join(said) == (ANSWER if name != "tag-cut-by-finish-reasons" else said)


async def test_behind_a_finish_reason_an_answer_waits_only_for_its_last_words(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(patience, "LAST_WORDS_SECONDS", 0.1)
    async with Provider() as provider:
        provider.scripts["open"] = send(*deltas(*PARTS), STOP, stays=True)
        heard = await hear(client(provider.url, idle_timeout=3600), "open")
    assert heard == Heard(ANSWER, "", "stop")


async def test_an_end_without_the_finish_reason_that_a_model_gives_is_none() -> None:
    async with Provider() as provider:
        cut = send(*deltas(HALF), DONE)  # llama-cpp-python: another request came (interrupt_requests)
        answers = iter([cut, send(*deltas(*PARTS), STOP, DONE), cut])
        provider.scripts["shared"] = lambda call: next(answers)(call)
        completions, heard = client(provider.url), list[tuple[str, str]]()
        for _ in range(3):
            text = error = ""
            try:
                async with aclosing(completions.stream(Request("shared", QUESTION))) as batches:
                    async for batch in batches:
                        text += "".join([one.text for one in batch])
            except ProviderError as fault:
                error = fault.type
            heard.append((text, error))
        await completions.aclose()
        assert len(provider.chats) == 3
    assert heard == [(HALF, ""), (ANSWER, ""), (HALF, "ended_early")]


async def test_heartbeats_alone_keep_no_ended_answer_open() -> None:
    async def beat(call: Any) -> None:
        await call.send(*deltas(*PARTS), STOP)
        while not call.connection.is_closed.is_set():
            await call.send(b": beat\n\n")
            await asyncio.sleep(0.02)

    async with Provider() as provider:
        provider.scripts["beating"] = beat
        assert await hear(client(provider.url, idle_timeout=0.3), "beating") == Heard(ANSWER, "", "stop")


def fed(*frames: bytes) -> ChunkParser:
    parser, chunks = ChunkParser(), list[Chunk]()
    parser.parse([one[6:-2] for one in frames], chunks)
    return parser


@pytest.mark.parametrize(
    ("frames", "seconds"),
    [
        ([], 300),
        ([frame(chunk({"role": "assistant", "content": ""}))], 300),
        (deltas(HALF), 60),
        ([*deltas(HALF), STOP], 5),
        (deltas(*PARTS, finish_reason="stop"), 60),
        ([frame(chunk({"reasoning_content": "r"}, "stop"))], 60),
        ([STOP], 60),
    ],
)
async def test_each_state_of_an_answer_has_its_own_patience(frames: list[bytes], seconds: float) -> None:
    waiting, now = Patience(first_token=300, idle=60), asyncio.get_running_loop().time()
    assert waiting.deadline(fed(*frames)) - now == pytest.approx(seconds, abs=1)


async def test_heartbeats_are_activity_in_an_answer() -> None:
    async def beat(call: Any) -> None:
        await call.text(HALF)
        for _ in range(40):
            await call.send(b"data: [HEARTBEAT]\n\n")
            await asyncio.sleep(0.08)
        await call.text("it")
        await call.finish()

    async with Provider() as provider:
        provider.scripts["slow"] = beat
        heard = await hear(client(provider.url, idle_timeout=2), "slow")
    assert heard == Heard(HALF + "it", "", "stop")
    assert len(provider.chats) == 1


async def test_heartbeats_do_not_put_off_the_first_token_for_ever() -> None:
    async def beat(call: Any) -> None:
        while not call.connection.is_closed.is_set():
            await call.send(b"data: [HEARTBEAT]\n\n")
            await asyncio.sleep(0.02)

    async with Provider() as provider:
        provider.scripts["never"] = beat
        heard = await hear(client(provider.url, first_token_timeout=2), "never")
    assert (heard.error, len(provider.chats)) == ("first_token_timeout", 1)


async def test_reading_a_prompt_may_take_longer_than_a_pause_in_an_answer() -> None:
    async with Provider() as provider:
        reading = asyncio.create_task(
            hear(client(provider.url, idle_timeout=1, first_token_timeout=30), "held")
        )
        call = await provider.next_call()
        await asyncio.sleep(1.5)  # longer than the idle timeout
        await call.text(ANSWER)
        await call.finish()
        assert await reading == Heard(ANSWER, "", "stop")


@pytest.mark.parametrize(
    ("usage", "believed"),
    [
        ({"prompt_tokens": 3, "completion_tokens": 5, "total_tokens": 8}, 8),
        ({"prompt_tokens": 3, "completion_tokens": 5}, 8),
        ({"total_tokens": 8}, 8),
        ({"prompt_tokens": 3, "completion_tokens": 5, "total_tokens": 1}, 8),
        ({"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0}, None),
        ({"prompt_tokens": 3, "completion_tokens": 0, "total_tokens": 3}, None),
        ({"prompt_tokens": "3", "completion_tokens": "5", "total_tokens": "8"}, None),
        ({"prompt_tokens": 3, "completion_tokens": -5, "total_tokens": 8}, None),
        ({"prompt_tokens": True, "completion_tokens": True, "total_tokens": 2}, None),
        ({"prompt_tokens": 3.5, "completion_tokens": 5, "total_tokens": 8.5}, None),
        ({"prompt_tokens": 3}, None),
        ({}, None),
        ([], None),
        ("8 tokens", None),
    ],
)
@pytest.mark.parametrize("place", ["beside", "choice", "groq"])
def test_usage_is_believed_only_as_positive_whole_numbers(
    usage: Any, believed: int | None, place: str
) -> None:
    value: dict[str, Any] = chunk({"content": ""}, "stop")
    if place == "beside":
        value["usage"] = usage
    elif place == "choice":
        value["choices"][0]["usage"] = usage
    else:
        value["x_groq"] = {"usage": usage}
    chunks = list[Chunk]()
    ChunkParser().parse([frame(value)[6:-2]], chunks)
    found = chunks[0].usage
    assert (found["total_tokens"] if found else None) == believed
