"""Readers that drop and resume at random places: what arrives, against what the provider sent.

    python -m tests.benchmarks.resume [seed] [readers] [deltas]

Every reader follows the same generation over a connection of its own that is cut after a random number of
bytes, and comes back with `Last-Event-ID` as a browser does. Readers differ in pace: some are asleep for a
while. It prints the cuts and the bytes lost, and exits with 1 unless every reader has every byte once.
"""

from __future__ import annotations

import asyncio
import random
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import httpx

from tests.cutting_proxy import CuttingProxy
from tests.event_source import EventSource, ServerSentEvent
from tests.provider import Call, Provider, chunk, frame
from tests.servers import run_routes

BATCH = 20  # deltas that the provider sends at a time
PAUSE_SECONDS = 0.005  # between two of them
NAP_SECONDS = 0.05
PATH = "/ai/stream_chat"


@dataclass(frozen=True)
class Figures:
    """Of all readers together. lost: bytes of data that one did not get; repeated: events it got twice."""

    seed: int
    readers: int
    deltas: int
    cuts: int
    resumed: int
    delivered: int
    lost: int
    repeated: int
    upstream_requests: int


async def drop_and_resume(seed: int, readers: int, deltas: int) -> Figures:
    """Run it once. All that is random comes from the seed; only the timing is the machine's."""
    words = _make_words(random.Random(seed), deltas)
    async with Provider() as provider:
        provider.scripts["words"] = lambda call: _say(call, words)
        with tempfile.TemporaryDirectory() as folder:
            async with run_routes(Path(folder), OPENAI_BASE_URL=provider.url) as app:
                port = int(app.url.rpartition(":")[2])
                runs = [_read(port, random.Random(f"{seed} {at}")) for at in range(readers)]
                results = await asyncio.gather(*runs)
        requests = len(provider.chats)
    sent = [frame(value)[6:-2].decode() for value in words] + ["[DONE]"]
    counts = [_compare(sent, events) for _, _, events in results]
    return Figures(
        seed=seed,
        readers=readers,
        deltas=deltas,
        cuts=sum(proxy.cuts for proxy, _, _ in results),
        resumed=sum(source.connections - 2 for _, source, _ in results),  # the first, and the one told 204
        delivered=sum(len(event.data.encode()) for _, _, events in results for event in events),
        lost=sum(lost for lost, _ in counts),
        repeated=sum(repeated for _, repeated in counts),
        upstream_requests=requests,
    )


def _make_words(rng: random.Random, deltas: int) -> list[dict[str, object]]:
    texts = ["".join(rng.choices("abc 世界🦊\u2028é\n", k=rng.randint(0, 40))) for _ in range(deltas)]
    return [*[chunk({"content": text}) for text in texts], chunk(finish_reason="stop")]


async def _say(call: Call, words: list[dict[str, object]]) -> None:
    for at in range(0, len(words), BATCH):
        await call.data(*words[at : at + BATCH])
        await asyncio.sleep(PAUSE_SECONDS)
    await call.send(b"data: [DONE]\n\n")
    await call.end()


async def _read(port: int, rng: random.Random) -> tuple[CuttingProxy, EventSource, list[ServerSentEvent]]:
    async with CuttingProxy(port, _draw_cuts(rng)) as proxy, httpx.AsyncClient(timeout=30) as client:
        params = {"user_message": "Hi", "model": "words", "request_id": "the same id for all readers"}
        source = EventSource(client, proxy.url + PATH, params)
        events = []
        async for event in source.follow():
            events.append(event)
            if rng.random() < 0.002:
                await asyncio.sleep(NAP_SECONDS)
        return proxy, source, events


def _draw_cuts(rng: random.Random) -> Iterator[int]:
    """Yield lengths: some within the headers or the first frame, most within the text."""
    while True:
        yield rng.randint(1, 600) if rng.random() < 0.2 else rng.randint(600, 20_000)


def _compare(sent: list[str], events: list[ServerSentEvent]) -> tuple[int, int]:
    """Return the bytes lost and the events repeated, of the frames after the first."""
    ids = Counter(event.id for event in events)
    got = {int(event.id.rpartition(":")[2]): event.data for event in events}
    lost = [data for at, data in enumerate(sent, 1) if got.get(at) != data]
    order = [int(event.id.rpartition(":")[2]) for event in events]
    out_of_order = sum(after <= before for before, after in pairwise(order))
    return sum(len(data.encode()) for data in lost), sum(ids.values()) - len(ids) + out_of_order


def main() -> int:
    """Print the figures; return 1 where something was lost or said twice."""
    given = [int(value) for value in sys.argv[1:]]
    seed, readers, deltas = [*given, *[1, 20, 10_000][len(given) :]]
    figures = asyncio.run(drop_and_resume(seed, readers, deltas))
    print(figures)
    return int(figures.lost > 0 or figures.repeated > 0 or figures.upstream_requests != 1)


if __name__ == "__main__":
    sys.exit(main())
