"""Every request to the endpoint is metered: held to the reservation, and counted whatever comes of it."""

from __future__ import annotations

import ast
import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing, asynccontextmanager
from pathlib import Path

import pytest

from chat.completions import Chunk, Completions, Endpoint, Request
from chat.errors import ProviderError, Refused
from chat.limits.quotas import Quotas
from chat.settings import Settings
from chat.turns.meter import Meter, estimate_prompt
from chat.turns.tokens import IMAGE_TOKENS
from chat.visitors import Guest, Visitor
from tests.provider import USAGE, Provider

ANNA = Visitor(Guest("anna"))
QUESTION = [{"role": "user", "content": "Tell me about the sea, please."}]
ROOT = Path(__file__).resolve().parents[2]


@asynccontextmanager
async def endpoint_of(provider: Provider) -> AsyncGenerator[Completions, None]:
    completions = Completions(Endpoint(provider.url, "sk-test"), backoff=0.001)
    try:
        yield completions
    finally:
        await completions.aclose()


async def test_a_request_may_write_no_more_than_is_reserved(provider: Provider) -> None:
    quotas = Quotas(Settings.from_env({"DAILY_TOKENS": "100"}))
    meter = Meter(await quotas.reserve(ANNA, 1, 1000))
    async with endpoint_of(provider) as completions:
        await meter.complete(completions, Request("plain", QUESTION))
        sent = provider.chats[0].body["max_tokens"]
        assert sent == 100 - estimate_prompt(QUESTION)
        assert await meter.settle() == USAGE["total_tokens"]
        assert await quotas.tokens_left(ANNA) == 100 - USAGE["total_tokens"]


async def test_a_request_that_finds_nothing_left_is_not_sent(provider: Provider) -> None:
    quotas = Quotas(Settings.from_env({"DAILY_TOKENS": "50"}))
    meter = Meter(await quotas.reserve(ANNA, 1, 50))
    async with endpoint_of(provider) as completions:
        long = [{"role": "user", "content": "sea " * 100}]
        with pytest.raises(Refused):
            await meter.complete(completions, Request("plain", long))
    assert not provider.chats


async def test_a_stream_that_is_left_in_the_middle_is_counted(provider: Provider) -> None:
    meter = Meter()
    async with endpoint_of(provider) as completions:
        async with aclosing(meter.stream(completions, Request("held", QUESTION))) as batches:
            reading = asyncio.create_task(take(batches))
            call = await provider.next_call()
            await call.text("Once upon a time")
            await reading
        await call.connection.wait_closed()
    assert await meter.count() > estimate_prompt(QUESTION)


async def take(batches: AsyncGenerator[Sequence[Chunk], None]) -> Sequence[Chunk]:
    return await anext(batches)


async def test_a_refused_request_takes_nothing(provider: Provider) -> None:
    meter = Meter()
    async with endpoint_of(provider) as completions:
        with pytest.raises(ProviderError):
            await meter.complete(completions, Request("status-401", QUESTION))
    assert await meter.count() == 0


def test_a_picture_counts_in_a_prompt() -> None:
    parts = [{"type": "text", "text": "What?"}, {"type": "image_url", "image_url": {"url": "data:"}}]
    assert estimate_prompt([{"role": "user", "content": parts}]) > IMAGE_TOKENS


def test_nothing_but_the_meter_asks_an_endpoint() -> None:
    """Each call of `stream` or `complete` outside of chat/completions is the meter's, or goes to a meter."""
    askers = {
        f"{path.name}: {ast.unparse(node.func)}"
        for path in (ROOT / "chat").rglob("*.py")
        if "completions" not in path.parts
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in ("stream", "complete")
    }
    assert {one for one in askers if not one.endswith(("meter.stream", "meter.complete"))} == {
        "meter.py: completions.stream",
        "meter.py: self.stream",
    }
