"""Three replicas under faults at random times: no answer may be lost, doubled, or told untrue.

    python -m tests.benchmarks.replica_soak [--seconds 3600] [--streams 200] [--pause 10] [--seed 1]
        [--word-seconds 0.1]

Each reader starts an answer with a request id at a random replica, follows it at random replicas with the id
of its last event, and comes back after every error that says so. Every few seconds a fault happens to a
replica, Redis or PostgreSQL. Ends with status 1 and a list if an event came twice or not at all, if an answer
ended otherwise than its provider did while its replica was well, if a question was answered twice, or if the
history has another text in the end.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import random
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import asyncpg  # type: ignore[import-untyped]
import httpx

from tests.event_source import EventStreamDecoder, ServerSentEvent
from tests.processes import RoutesProcess
from tests.provider import Provider
from tests.servers_postgres import PostgresServer, postgres_server
from tests.servers_redis import RedisServer, redis_server

WORDS = 60  # of an answer
WORD_SECONDS = 0.1  # between two of them
SWITCH_SHARE = 0.02  # of the events after which a reader changes to another replica
STUCK_SECONDS = 150.0  # without a new event
UNWELL_SECONDS = 8.0  # after a fault of a replica, in which the others may still find it dead
WRITTEN_SECONDS = 60.0  # until the history has everything at the end


@dataclass
class SoakReport:
    """faults, ends: how many of each. wrong: what must not be."""

    faults: Counter[str] = field(default_factory=Counter)
    ends: Counter[str] = field(default_factory=Counter)
    switches: int = 0
    events: int = 0
    wrong: list[str] = field(default_factory=list)

    def show(self) -> str:
        counts = [f"faults: {dict(self.faults)}", f"answers: {dict(self.ends)}"]
        return "\n".join([*counts, f"events: {self.events:,} over {self.switches:,} changes", *self.wrong])


class Replicas:
    """Three replicas of one deployment; one that has ended can be started again in its folder."""

    def __init__(
        self,
        folder: Path,
        redis: RedisServer,
        postgres: PostgresServer,
        provider: Provider,
        word_seconds: float,
    ) -> None:
        self._folder = folder
        self.redis, self.postgres = redis, postgres
        self._settings = {
            "REDIS_URL": redis.url,
            "DATABASE_URL": postgres.url("postgres"),
            "OPENAI_BASE_URL": provider.url,
            "OPENAI_API_KEY": "sk-soak",
            "OPENAI_MODEL": f"paced-{WORDS}-{word_seconds}",
            "TITLES": "words",
            "MAX_GENERATIONS": "10000",
            "MAX_GENERATIONS_PER_ADDRESS": "10000",
        }
        self.running: dict[int, RoutesProcess] = {}
        self._stacks: dict[int, AsyncExitStack] = {}
        self.unwell: list[tuple[float, float, int]] = []  # from, to, replica

    async def start(self, number: int) -> None:
        self._stacks[number] = stack = AsyncExitStack()
        process = RoutesProcess(self._folder / str(number), **self._settings)
        self.running[number] = await stack.enter_async_context(process)

    async def end(self, number: int) -> None:
        self.running.pop(number, None)
        await self._stacks.pop(number).aclose()

    @contextlib.contextmanager
    def unwell_during(self, number: int) -> Iterator[None]:
        """Note that the answers of a replica may be interrupted meanwhile, and shortly after."""
        at = len(self.unwell)
        self.unwell.append((time.monotonic(), float("inf"), number))
        try:
            yield
        finally:
            self.unwell[at] = (self.unwell[at][0], time.monotonic() + UNWELL_SECONDS, number)

    def was_unwell(self, numbers: set[int], since: float) -> bool:
        return any(number in numbers and end > since for _, end, number in self.unwell)


async def restart_redis(replicas: Replicas, rng: random.Random) -> None:
    replicas.redis.stop()
    await asyncio.sleep(rng.choice((0, 3)))
    await asyncio.to_thread(replicas.redis.start)


async def freeze_redis(replicas: Replicas, rng: random.Random) -> None:
    replicas.redis.freeze()
    await asyncio.sleep(5)
    replicas.redis.thaw()


async def fill_redis(replicas: Replicas, rng: random.Random) -> None:
    replicas.redis.configure("maxmemory-policy", "noeviction")
    replicas.redis.configure("maxmemory", "1")
    await asyncio.sleep(3)
    replicas.redis.configure("maxmemory", "0")


async def cut_channels(replicas: Replicas, rng: random.Random) -> None:
    replicas.redis.run("CLIENT", "KILL", "TYPE", "pubsub")


async def stop_postgres(replicas: Replicas, rng: random.Random) -> None:
    replicas.postgres.stop()
    await asyncio.sleep(rng.uniform(2, 12))
    await asyncio.to_thread(replicas.postgres.start)


async def freeze_postgres(replicas: Replicas, rng: random.Random) -> None:
    replicas.postgres.signal(signal.SIGSTOP)
    await asyncio.sleep(rng.uniform(2, 8))
    replicas.postgres.signal(signal.SIGCONT)


async def kill_replica(replicas: Replicas, rng: random.Random) -> None:
    number = rng.choice(list(replicas.running))
    with replicas.unwell_during(number):
        replicas.running[number].send(signal.SIGKILL)
        await replicas.end(number)
        await replicas.start(number)


async def freeze_replica(replicas: Replicas, rng: random.Random) -> None:
    number = rng.choice(list(replicas.running))
    with replicas.unwell_during(number):
        replicas.running[number].send(signal.SIGSTOP)
        await asyncio.sleep(15)
        replicas.running[number].send(signal.SIGCONT)


async def restart_replica(replicas: Replicas, rng: random.Random) -> None:
    number = rng.choice(list(replicas.running))
    with replicas.unwell_during(number):
        await replicas.running[number].stop()
        await replicas.end(number)
        await replicas.start(number)


Fault = Callable[[Replicas, random.Random], Awaitable[None]]
FAULTS: tuple[Fault, ...] = (
    restart_redis,
    freeze_redis,
    fill_redis,
    cut_channels,
    stop_postgres,
    freeze_postgres,
    kill_replica,
    freeze_replica,
    restart_replica,
)


class Reader:
    """One question after the other, each followed to its end over all faults."""

    def __init__(self, name: str, replicas: Replicas, report: SoakReport, rng: random.Random) -> None:
        self._name = name
        self._replicas = replicas
        self._report = report
        self._rng = rng
        self._count = 0
        self.answers: dict[str, tuple[str, set[int], float]] = {}  # by generation: text, replicas, end

    async def ask(self) -> None:
        """Ask one question, and read its whole answer."""
        self._count += 1
        began, tried, seen = time.monotonic(), set[int](), list[ServerSentEvent]()
        question = f"{self._name}.{self._count}"
        started = await self._start(question, tried)
        if started is None:
            self._report.ends["refused"] += 1
            return
        last = time.monotonic()
        while True:
            count = len(seen)
            ending = await self._read(str(started["events"]), seen)
            last = time.monotonic() if len(seen) > count else last
            if ending:
                break
            if time.monotonic() - last > STUCK_SECONDS:
                ending = "stuck"
                break
        text = "".join(map(content, seen))
        if ending == "done" and len(text.split()) != WORDS:
            ending = "cut"
        if ending != "done" and not self._replicas.was_unwell(tried, began):
            told = f"{time.strftime('%X')} {question}: {ending} after {len(seen)} events of {sorted(tried)}"
            self._report.wrong.append(told)
        if ending == "done":
            self.answers[str(started["generation_id"])] = text, tried, time.monotonic()
        self._report.ends[ending] += 1

    async def _start(self, question: str, tried: set[int]) -> dict[str, object] | None:
        """Start an answer at any replica; again, with the same request id, where none came back."""
        body = {"user_message": question, "request_id": question}
        until = time.monotonic() + STUCK_SECONDS
        while time.monotonic() < until:
            number, client = self._choose()
            tried.add(number)
            with contextlib.suppress(httpx.TransportError):
                told = await client.post("/ai/generations", json=body, headers={"x-visitor": self._name})
                if told.status_code == 201:
                    started: dict[str, object] = told.json()
                    return started
                if told.status_code != 503:
                    return None
            await asyncio.sleep(0.3)
        return None

    def _choose(self) -> tuple[int, httpx.AsyncClient]:
        number = self._rng.choice(list(self._replicas.running) or [0])
        process = self._replicas.running.get(number)
        return number, process.client if process else httpx.AsyncClient(base_url="http://127.0.0.1:9")

    async def _read(self, url: str, seen: list[ServerSentEvent]) -> str:
        """Read at some replica. Return how the answer ended; empty: it goes on."""
        decoder = EventStreamDecoder()
        headers = {"x-visitor": self._name} | ({"last-event-id": seen[-1].id} if seen else {})
        self._report.switches += 1
        with contextlib.suppress(httpx.TransportError, httpx.StreamError):
            async with self._choose()[1].stream("GET", url, headers=headers) as response:
                if response.status_code == 204:
                    return "done"
                if response.status_code == 404:
                    return "not found"
                async for data in response.aiter_raw():
                    for event in decoder.feed(data):
                        if ending := self._take(event, seen):
                            return ending
                    if self._rng.random() < SWITCH_SHARE:
                        return ""
        await asyncio.sleep(0.3)
        return ""

    def _take(self, event: ServerSentEvent, seen: list[ServerSentEvent]) -> str:
        """Add an event, whose id must be the next; return the ending if it is one."""
        if event.type == "resumed":
            return ""
        error = json.loads(event.data).get("error") if event.data.startswith('{"error"') else None
        if error and error["type"] == "unreachable":
            return ""
        if error:
            return str(error["type"])
        number = int(event.id.rpartition(":")[2])
        if number != len(seen):
            self._report.wrong.append(f"{self._name}: event {number} where {len(seen)} was to come")
        seen.append(event)
        self._report.events += 1
        return "done" if event.data == "[DONE]" else ""


def content(event: ServerSentEvent) -> str:
    data = json.loads(event.data) if event.data.startswith("{") else {}
    return "".join(choice["delta"].get("content") or "" for choice in data.get("choices", ()))


async def replica_soak(
    seconds: float, streams: int, pause: float, seed: int, folder: Path, word_seconds: float = WORD_SECONDS
) -> SoakReport:
    """Run, and return what was counted and what was wrong."""
    report, rng = SoakReport(), random.Random(seed)
    async with _deployment(folder, word_seconds) as (replicas, provider):
        is_over = asyncio.Event()
        readers = [
            Reader(f"reader{at}", replicas, report, random.Random(rng.random())) for at in range(streams)
        ]

        async def keep_asking(reader: Reader) -> None:
            while not is_over.is_set():
                await reader.ask()

        asking = [asyncio.create_task(keep_asking(reader)) for reader in readers]
        until = time.monotonic() + seconds
        order: list[Fault] = []
        while time.monotonic() < until:
            await asyncio.sleep(pause)
            order = order or rng.sample(FAULTS, len(FAULTS))
            fault = order.pop()
            print(f"{time.strftime('%X')} {fault.__name__}", flush=True)
            report.faults[fault.__name__] += 1
            await fault(replicas, rng)
        is_over.set()
        await asyncio.gather(*asking)
        await _check_history(replicas, readers, report)
        asked = Counter(str(call.body["messages"][-1]["content"]) for call in provider.chats)
        report.wrong += [f"{question}: asked {count} times" for question, count in asked.items() if count > 1]
    return report


@asynccontextmanager
async def _deployment(folder: Path, word_seconds: float) -> AsyncGenerator[tuple[Replicas, Provider], None]:
    with redis_server() as redis, postgres_server() as postgres:
        async with Provider() as provider:
            replicas = Replicas(folder, redis, postgres, provider, word_seconds)
            try:
                await asyncio.gather(*map(replicas.start, range(3)))
                await asyncio.sleep(UNWELL_SECONDS)  # all are older than a heartbeat's lifetime
                yield replicas, provider
            finally:
                for number in list(replicas.running):
                    await replicas.end(number)


async def _check_history(replicas: Replicas, readers: list[Reader], report: SoakReport) -> None:
    """Compare what was read to the end with what the history has, when it has had time for it."""
    answers = {id: answer for reader in readers for id, answer in reader.answers.items()}
    until = time.monotonic() + WRITTEN_SECONDS
    while True:
        connection = await asyncpg.connect(replicas.postgres.url("postgres"))
        rows = await connection.fetch("SELECT generation_id, text FROM messages WHERE role = 'assistant'")
        await connection.close()
        kept = Counter((row["generation_id"], row["text"]) for row in rows)
        lost = {id for id, (text, *_) in answers.items() if kept[id, text] != 1}
        if not lost or time.monotonic() > until:
            break
        await asyncio.sleep(1)
    # A killed replica may have had its last event read, and not yet stored.
    wrong = [id for id in lost if not replicas.was_unwell(answers[id][1], answers[id][2] - UNWELL_SECONDS)]
    report.wrong += [f"{id}: the history has not the whole answer once" for id in wrong]
    report.ends["stored"] = len(answers) - len(lost)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seconds", type=float, default=3600)
    parser.add_argument("--streams", type=int, default=200)
    parser.add_argument("--pause", type=float, default=10)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--word-seconds", type=float, default=WORD_SECONDS)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        report = asyncio.run(
            replica_soak(
                given.seconds,
                given.streams,
                given.pause,
                given.seed,
                Path(folder),
                given.word_seconds,
            )
        )
    print(report.show())
    return 1 if report.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
