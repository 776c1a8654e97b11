"""What an ended answer costs a visitor, whatever the endpoint says of its ending and its usage."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path

import pytest

from chat.visitors import Guest, Network, Visitor
from tests.provider import Provider, chunk, frame
from tests.servers import run_routes
from tests.wire_scenarios import DONE, STOP, deltas, send

ANNA = "anna" * 6
LIMIT = 100_000
ZEROS = {"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0}
TEXTS = {"prompt_tokens": "3", "completion_tokens": "5", "total_tokens": "8"}
FEW = {"prompt_tokens": 3, "completion_tokens": 1, "total_tokens": 4}


def said(usage: Mapping[str, object], *after: str) -> tuple[bytes, ...]:
    counted = frame({**chunk(), "choices": [], "usage": usage})
    return (*deltas(*["word "] * 200), counted, *deltas(*after), STOP, DONE)


@pytest.mark.parametrize(
    ("model", "least", "most"),
    [
        ("zeros", 200, 1_000),
        ("texts", 200, 1_000),
        ("early", 400, 2_000),  # the usage of half an answer
        ("counted", 4, 4),
        ("finish-error", 3, 1_000),
        ("finish-cancelled", 3, 1_000),
        ("finish-interrupted", 3, 1_000),
        ("finish-unknown", 3, 1_000),
        ("plain", 8, 8),
    ],
)
async def test_an_answer_is_counted_whatever_the_endpoint_says(
    provider: Provider, tmp_path: Path, model: str, least: int, most: int
) -> None:
    provider.scripts |= {
        "zeros": send(*said(ZEROS)),
        "texts": send(*said(TEXTS)),
        "early": send(*said(FEW, *["word "] * 200)),
        "counted": send(*said(FEW)),
    }
    environ = {"OPENAI_BASE_URL": provider.url, "OPENAI_MODEL": model, "DAILY_TOKENS_PER_VISITOR": str(LIMIT)}
    async with run_routes(tmp_path, **environ) as app:
        await app.client.post("/ai/stream_chat", json={"user_message": "x"}, headers={"x-visitor": ANNA})
        async with asyncio.timeout(30):  # the reservation is settled before the metrics are counted
            while "xiaojia_generations_total{" not in (await app.client.get("/metrics")).text:
                await asyncio.sleep(0.01)
        left = await app.engine.tokens_left(Visitor(Guest.of(ANNA), Network.of("127.0.0.1")))
    assert left is not None
    assert least <= LIMIT - left <= most
