"""What Redis costs beside the log in memory, and what several replicas bring: ratios in one run.

    python -m tests.benchmarks.replicas [--rounds 7] [--cuts 1000]

Replicas are processes of the routes without the page; provider, Redis and readers are processes of their own.
CPU time is that of the replicas alone. Prints the tables of docs/replicas.md, in ten minutes. Needs
redis-server.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import random
import re
import statistics
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
import orjson

from chat.cluster import wire
from chat.generations.events import Event
from tests.benchmarks.streams import ROOT, milliseconds, print_table, read_usage, run_provider
from tests.event_source import EventStreamDecoder, ServerSentEvent
from tests.processes import RoutesProcess
from tests.servers_redis import RedisServer, redis_server

READERS = 20
STARTS = 30
ENTRIES = 300_000


@dataclass
class Cost:
    """cpu: microseconds of the replica a delta; delay: nanoseconds from the provider to the reader."""

    cpu: float
    delay: list[int]
    lost: int


@dataclass
class Lag:
    """Nanoseconds to a reader on another replica: from the provider, and behind the writer's own reader."""

    delay: list[int]
    behind: list[int]


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


async def measure(replica: RoutesProcess, model: str, streams: int, deltas: int) -> Cost:
    before = read_usage(replica.pid)[0]
    readings = await read(stream_url(replica, model), streams)
    await asyncio.sleep(0.3)  # what is done after the last byte belongs to it
    spent = read_usage(replica.pid)[0] - before
    return Cost(
        spent / max(1, readings["deltas"]) * 1e6,
        readings["delay"],
        streams * deltas - readings["deltas"],
    )


async def measure_both(
    replicas: Sequence[RoutesProcess], model: str, streams: int, deltas: int, rounds: int
) -> list[Cost]:
    """Return the best of so many rounds without and with Redis, in turn. Raises AssertionError for a loss."""
    best: list[Cost] = []
    for replica in replicas:
        await read(stream_url(replica, "burst-100"), 2)
    for _ in range(rounds):
        taken = [await measure(replica, model, streams, deltas) for replica in replicas]
        assert not any(cost.lost for cost in taken), "deltas were lost"
        best = [min(pair, key=lambda cost: cost.cpu) for pair in zip(best or taken, taken, strict=True)]
    return best


async def measure_start(replica: RoutesProcess) -> list[int]:
    """Return the nanoseconds from a question to the beginning of its stream, one after the other."""
    taken = []
    for _ in range(STARTS):
        began = time.monotonic_ns()
        async with replica.client.stream("GET", stream_url(replica, "burst-1")) as response:
            taken.append(time.monotonic_ns() - began)
            await response.aread()
    return taken


async def measure_lag(pair: Sequence[RoutesProcess], count: int) -> Lag:
    """Follow one answer on its own replica and on another."""
    body = {"user_message": "Hi", "model": f"paced-{count}-0.02"}
    started = (await pair[0].client.post("/ai/generations", json=body)).json()

    async def follow(client: httpx.AsyncClient) -> dict[int, int]:
        decoder, delays = EventStreamDecoder(), dict[int, int]()
        async with client.stream("GET", started["events"]) as response:
            async for data in response.aiter_raw():
                now = time.monotonic_ns()
                for event in decoder.feed(data):
                    content = _content(event)
                    if content.strip().isdigit():
                        delays[int(content)] = now - int(content)
        return delays

    here, there = await asyncio.gather(follow(pair[0].client), follow(pair[1].client))
    assert here.keys() == there.keys(), "deltas were lost"
    return Lag(list(there.values()), [there[sent] - here[sent] for sent in here])


def _content(event: ServerSentEvent) -> str:
    data = json.loads(event.data) if event.data.startswith("{") else {}
    return "".join(choice.get("delta", {}).get("content") or "" for choice in data.get("choices", ()))


def show_costs(
    bursts: Sequence[Cost], paced: Sequence[Cost], starts: Sequence[Sequence[int]], lag: Lag
) -> None:
    own = [float(milliseconds(cost.delay, 0.5)) for cost in paced]
    shares = " / ".join(milliseconds(lag.delay, share) for share in (0.5, 0.99))
    behind = " / ".join(milliseconds(lag.behind, share) for share in (0.5, 0.99, 1))
    rows = [
        ("CPU a delta in bursts, µs", *_compare(bursts, "; the goal is 2.5")),
        ("CPU a delta at 50 a second in each of 50 streams, µs", *_compare(paced)),
        (
            "delay to the writer's own reader at that pace, p50, ms",
            f"{own[0]:.1f}",
            f"{own[1]:.1f} ({own[1] - own[0]:.1f} more; the goal is under 5)",
        ),
        (
            "from the question to the stream's beginning, p50, ms",
            *(milliseconds(each, 0.5) for each in starts),
        ),
        ("delay to a reader on another replica, p50 / p99, ms", "", shares),
        (
            "how far he is behind the writer's own reader, p50 / p99 / most, ms",
            "",
            f"{behind} (the goal is 30)",
        ),
    ]
    print_table("Costs", ("", "in memory", "with Redis"), rows)


def _compare(costs: Sequence[Cost], goal: str = "") -> tuple[str, str]:
    alone, shared = (cost.cpu for cost in costs)
    return f"{alone:.1f}", f"{shared:.1f} ({shared / alone:.2f} times{goal})"


async def show_spread(
    alone: RoutesProcess, provider: str, redis: RedisServer, folder: Path, rounds: int
) -> None:
    """Print what streams divided between replicas cost all of them together, beside one without Redis."""
    rows = []
    for count in (1, 2, 3):
        async with replicas(count, provider, redis, folder) as made:
            bursts = await measure_spread(alone, made, "burst-3000", 12, rounds)
            paced = await measure_spread(alone, made, "paced-250-0.02", 48, rounds)
        rows.append(
            (str(count), *[f"{shared:.1f} ({shared / own:.2f} times)" for own, shared in (bursts, paced)])
        )
    head = ("replicas", "CPU a delta in bursts, µs", "CPU a delta at 50 a second in each of 48 streams, µs")
    print_table("Streams divided between replicas, beside one without Redis", head, rows)


async def measure_spread(
    alone: RoutesProcess, made: Sequence[RoutesProcess], model: str, streams: int, rounds: int
) -> tuple[float, float]:
    """Return the medians of so many alternating rounds: µs a delta without Redis, and of these replicas."""
    for one in (alone, *made):
        await read(stream_url(one, "burst-100"), 2)
    pairs = [[await _spread(group, model, streams) for group in ([alone], made)] for _ in range(rounds)]
    own, shared = (statistics.median(costs) for costs in zip(*pairs, strict=True))
    return own, shared


async def _spread(group: Sequence[RoutesProcess], model: str, streams: int) -> float:
    deltas = int(model.split("-")[1])
    costs = await asyncio.gather(*[measure(one, model, streams // len(group), deltas) for one in group])
    assert not any(cost.lost for cost in costs), "deltas were lost"
    return sum(cost.cpu for cost in costs) / len(costs)  # each wrote as many


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
                    seen += [event for event in decoder.feed(data) if event.type != "resumed"]
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


async def measure_redis(redis: RedisServer) -> tuple[float, float]:
    """Return how many entries a second one Redis takes in round trips of a hundred, and the bytes of each."""
    delta = {"index": 0, "delta": {"content": "word00001 "}, "finish_reason": None}
    data = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1700000000, "choices": [delta]}
    packed = wire.pack_events([Event("chunk", orjson.dumps(data | {"model": "m"}), "word00001 ")])
    command = ("redis-benchmark", "-p", str(redis.port), "-n", str(ENTRIES), "-P", "100", "-c", "10", "--csv")
    process = await asyncio.create_subprocess_exec(
        *command, "XADD", "entries", "*", wire.EVENTS, packed, stdout=asyncio.subprocess.PIPE
    )
    told, _ = await process.communicate()
    rate = float(re.findall(r'","([\d.]+)"', told.decode())[0])
    size = int(redis.run("MEMORY", "USAGE", "entries", "SAMPLES", "0").lstrip(":")) / ENTRIES
    redis.run("DEL", "entries")
    return rate, size


def show_paper(cpu: float, rate: float, size: float) -> None:
    """cpu: microseconds a delta. Answers of 500 deltas at 50 a second: each takes ten seconds."""
    rows = []
    for streams in (1_000, 10_000, 1_000_000):
        deltas = streams * 50
        kept = [(streams / 10 * retention + streams) * 500 * size / 1e9 for retention in (600, 60)]
        rows.append(
            (
                f"{streams:,}",
                f"{deltas:,}",
                f"{deltas * cpu / 1e6:,.0f}",
                f"{deltas / rate:,.1f} times what one Redis takes",
                f"{kept[0]:,.0f} GB / {kept[1]:,.1f} GB",
            )
        )
    print(f"\nOne Redis takes {rate:,.0f} entries a second, each of {size:.0f} bytes.")
    cores = f"cores for replicas ({cpu:.0f} µs a delta)"
    held = "Redis holds (retention 600 s / 60 s)"
    head = ("streams at once", "deltas a second", cores, "entries a second in Redis", held)
    print_table("On paper", head, rows)


async def run(rounds: int, cuts: int) -> int:
    with run_provider() as provider, redis_server() as redis, tempfile.TemporaryDirectory() as folder:
        async with replicas(1, provider, None, Path(folder)) as [alone]:
            async with replicas(1, provider, redis, Path(folder)) as [shared]:
                bursts = await measure_both([alone, shared], "burst-3000", 8, 3000, rounds)
                paced = await measure_both([alone, shared], "paced-250-0.02", 50, 250, rounds)
                starts = [await measure_start(replica) for replica in (alone, shared)]
            await show_spread(alone, provider, redis, Path(folder), rounds)
        async with replicas(3, provider, redis, Path(folder)) as made:
            lag = await measure_lag(made, 500)
            show_costs(bursts, paced, starts, lag)
            failed = await show_resume(made, cuts)
        show_paper(paced[1].cpu, *await measure_redis(redis))
        return failed


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7, help="so many measurements of each")
    parser.add_argument("--cuts", type=int, default=1000, help="at least so many, of readers that resume")
    arguments = parser.parse_args()
    return int(asyncio.run(run(arguments.rounds, arguments.cuts)) > 0)


if __name__ == "__main__":
    sys.exit(main())
