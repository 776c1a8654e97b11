"""What Redis costs beside the log in memory, and what several replicas bring: ratios in one run.

    python -m tests.benchmarks.replicas [--quick] [--cuts 1000]

Replicas are processes of the routes without the page; provider, Redis and readers are processes of their own.
CPU time is that of the replicas alone. Prints Markdown tables. Needs redis-server. On a machine with two
cores more replicas share what one had: their throughput together says what sharing costs, not what it brings.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import httpx

from tests.benchmarks.streams import ROOT, milliseconds, print_table, read_usage, run_provider
from tests.event_source import EventStreamDecoder, ServerSentEvent
from tests.processes import RoutesProcess
from tests.servers_redis import RedisServer, redis_server

READERS = 20


@dataclass
class Cost:
    """cpu: microseconds of the replica a delta; delay: nanoseconds from the provider to the reader."""

    name: str
    cpu: float
    delay: list[int]
    lost: int


@contextlib.asynccontextmanager
async def replicas(
    count: int, provider: str, redis: RedisServer | None, folder: Path
) -> AsyncGenerator[list[RoutesProcess], None]:
    environ = {
        "OPENAI_BASE_URL": provider,
        "OPENAI_API_KEY": "sk-benchmark",
        "TITLES": "words",
        "MAX_GENERATIONS": "10000",
        "MAX_GENERATIONS_PER_VISITOR": "10000",
    }
    if redis:
        environ["REDIS_URL"] = redis.url
    async with contextlib.AsyncExitStack() as stack:
        made = [RoutesProcess(folder / f"{redis is None}{count}{at}", **environ) for at in range(count)]
        yield [await stack.enter_async_context(one) for one in made]


def stream_url(replica: RoutesProcess, model: str) -> str:
    return f"{replica.url}/ai/stream_chat?{urlencode({'user_message': 'Hello', 'model': model})}"


async def read(url: str, streams: int) -> dict[str, Any]:
    """Read so many streams of one replica in a process of its own."""
    command = [sys.executable, "-m", "tests.benchmarks.reader", url, str(streams), "0", "sk-benchmark"]
    process = await asyncio.create_subprocess_exec(*command, cwd=ROOT, stdout=subprocess.PIPE)
    told, _ = await process.communicate()
    readings: dict[str, Any] = json.loads(told)
    return readings


async def measure(name: str, replica: RoutesProcess, model: str, streams: int, deltas: int) -> Cost:
    before = read_usage(replica.pid)[0]
    readings = await read(stream_url(replica, model), streams)
    await asyncio.sleep(0.3)  # what is done after the last byte belongs to it
    spent = read_usage(replica.pid)[0] - before
    return Cost(
        name,
        spent / max(1, readings["deltas"]) * 1e6,
        readings["delay"],
        streams * deltas - readings["deltas"],
    )


async def show_costs(provider: str, redis: RedisServer, folder: Path, rounds: int) -> None:
    async with (
        replicas(1, provider, None, folder) as [alone],
        replicas(1, provider, redis, folder) as [shared],
    ):
        for title, model, streams, deltas in (
            ("Bursts: 8 streams of 3000 deltas", "burst-3000", 8, 3000),
            ("Paced: 50 streams of 50 deltas a second", "paced-250-0.02", 50, 250),
        ):
            await read(stream_url(alone, "burst-100"), 2)
            await read(stream_url(shared, "burst-100"), 2)
            taken: dict[str, list[Cost]] = {"in memory": [], "with Redis": []}
            for _ in range(rounds):
                for name, replica in (("in memory", alone), ("with Redis", shared)):
                    taken[name].append(await measure(name, replica, model, streams, deltas))
            best = {name: min(costs, key=lambda cost: cost.cpu) for name, costs in taken.items()}
            floor = best["in memory"]
            print_table(
                title,
                ("log", "CPU a delta, µs", "ratio", "delay p50 / p99, ms", "lost"),
                [
                    (
                        name,
                        f"{cost.cpu:.1f}",
                        f"{cost.cpu / floor.cpu:.2f}",
                        f"{milliseconds(cost.delay, 0.5)} / {milliseconds(cost.delay, 0.99)}",
                        str(sum(one.lost for one in taken[name])),
                    )
                    for name, cost in best.items()
                ],
            )


async def lag(writer: RoutesProcess, other: RoutesProcess, model: str) -> tuple[list[int], list[int]]:
    """Follow one answer on both; return each reader's delays from the provider, in nanoseconds."""
    body = {"user_message": "Hi", "model": model}
    started = (await writer.client.post("/ai/generations", json=body)).json()

    async def follow(client: httpx.AsyncClient) -> list[int]:
        decoder, delays = EventStreamDecoder(), list[int]()
        async with client.stream("GET", started["events"]) as response:
            async for data in response.aiter_raw():
                now = time.monotonic_ns()
                for event in decoder.feed(data):
                    content = _content(event)
                    if content.strip().isdigit():
                        delays.append(now - int(content))
        return delays

    here, there = await asyncio.gather(follow(writer.client), follow(other.client))
    return here, there


def _content(event: ServerSentEvent) -> str:
    data = json.loads(event.data) if event.data.startswith("{") else {}
    return "".join(choice.get("delta", {}).get("content") or "" for choice in data.get("choices", ()))


async def show_lag(pair: Sequence[RoutesProcess], count: int) -> None:
    here, there = await lag(pair[0], pair[1], f"paced-{count}-0.02")
    print_table(
        "One answer, followed on its own replica and on another",
        ("reader", "delay p50 / p99, ms", "deltas"),
        [
            (name, f"{milliseconds(delays, 0.5)} / {milliseconds(delays, 0.99)}", str(len(delays)))
            for name, delays in (("its own replica", here), ("another", there))
        ],
    )


async def show_throughput(provider: str, redis: RedisServer, folder: Path, deltas: int) -> None:
    rows = []
    for count in (1, 2, 3):
        async with replicas(count, provider, redis, folder) as made:
            for one in made:
                await read(stream_url(one, "burst-100"), 2)
            began = time.monotonic()
            told = await asyncio.gather(
                *[read(stream_url(one, f"burst-{deltas}"), 12 // count) for one in made]
            )
            seconds = time.monotonic() - began
            rows.append((str(count), f"{sum(one['deltas'] for one in told) / seconds:,.0f}"))
    print_table(
        "12 streams as fast as they go", ("replicas", "deltas a second, start of the readers in it"), rows
    )


async def resume_across(made: Sequence[RoutesProcess], deltas: int, seed: int) -> tuple[int, int, int]:
    """Follow one answer with many readers that change replica at random; return cuts, losses, doubles."""
    body = {"user_message": "Hi", "model": f"paced-{deltas}-0.005"}
    started = (await made[0].client.post("/ai/generations", json=body)).json()

    async def follow(number: int) -> tuple[int, list[ServerSentEvent]]:
        chance, seen, cuts = random.Random(f"{seed} {number}"), list[ServerSentEvent](), 0
        while not seen or seen[-1].data != "[DONE]":
            client, limit = chance.choice(made).client, chance.randint(1, 60)
            headers = {"last-event-id": seen[-1].id} if seen else {}
            decoder, had = EventStreamDecoder(), len(seen)
            async with client.stream("GET", started["events"], headers=headers) as response:
                async for data in response.aiter_raw(chance.randint(50, 2000)):
                    seen += decoder.feed(data)
                    if len(seen) - had >= limit:
                        cuts += 1
                        break
        return cuts, seen

    results = await asyncio.gather(*[follow(number) for number in range(READERS)])
    whole = [f"{started['generation_id']}:{number}" for number in range(deltas + 3)]
    lost = doubles = 0
    for _, seen in results:
        ids = [event.id for event in seen]
        lost += len(set(whole[: int(ids[-1].rpartition(":")[2]) + 1]) - set(ids))
        doubles += len(ids) - len(set(ids))
    same = {tuple(event.data for event in seen) for _, seen in results}
    return sum(cuts for cuts, _ in results), lost + len(same) - 1, doubles


async def show_resume(made: Sequence[RoutesProcess], cuts: int) -> int:
    done = lost = doubles = seed = 0
    while done < cuts:
        seed += 1
        more, fewer, twice = await resume_across(made, 400, seed)
        done, lost, doubles = done + more, lost + fewer, doubles + twice
    print_table(
        f"{READERS} readers of an answer that change between {len(made)} replicas at random",
        ("answers", "cuts", "events lost", "events twice"),
        [(str(seed), str(done), str(lost), str(doubles))],
    )
    return lost + doubles


async def run(quick: bool, cuts: int) -> int:
    with run_provider() as provider, redis_server() as redis, tempfile.TemporaryDirectory() as folder:
        await show_costs(provider, redis, Path(folder), 1 if quick else 3)
        async with replicas(3, provider, redis, Path(folder)) as made:
            await show_lag(made, 100 if quick else 500)
            failed = await show_resume(made, cuts)
        await show_throughput(provider, redis, Path(folder), 1000 if quick else 5000)
        return failed


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="once each, for a first look")
    parser.add_argument("--cuts", type=int, default=1000, help="at least so many, of readers that resume")
    arguments = parser.parse_args()
    return int(asyncio.run(run(arguments.quick, arguments.cuts)) > 0)


if __name__ == "__main__":
    sys.exit(main())
