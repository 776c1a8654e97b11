"""Many at once, in one process: users on the page's own protocol, and streams on the route:

    python -m tests.benchmarks.load [--users 500] [--streams 2000] [--deltas 90] [--pause 1]

Provider, application and readers of streams are processes of their own. All answers grow at the same time, a
delta every `pause` seconds each. While they do, the limit of running answers is reached exactly: what comes
beyond is refused, new visitors get the page, and newcomers of other networks get the places that are kept for
them. Ends with status 1 where a delta was lost, a refusal was not
one, or a visitor was not served. Prints a Markdown table.
"""

from __future__ import annotations

import argparse
import asyncio
import ipaddress
import itertools
import json
import re
import statistics
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp

from chat.shares import KEPT_SHARE
from tests.benchmarks.probed_app import ProbedApp, allow_many_files
from tests.benchmarks.streams import ROOT, find_tree, read_usage, run_provider
from tests.page_protocol import OpenPage

BEYOND = 50  # requests past the limit
NEW_VISITORS = 20
NEWCOMERS = ipaddress.ip_network("198.18.0.0/15")  # RFC 2544: for benchmarks
WAIT_SECONDS = 600
DELTA = re.compile(r"\b\d{12,}\b")  # the provider's time stamps, in nanoseconds


@dataclass
class Outcome:
    """What happened. Times in seconds; memory in MB, of the application's process."""

    users: int
    streams: int
    deltas: int
    stream_deltas: int = 0
    unfinished: int = 0
    user_deltas: int = 0
    failures: list[str] = field(default_factory=list)
    refused: int = 0
    kept: int = 0  # places that only callers of other networks may take
    kept_taken: int = 0
    page_seconds: list[float] = field(default_factory=list)
    peak_running: int = 0
    memory_before: float = 0
    memory_full: float = 0
    memory_after: float = 0
    cpu_seconds: float = 0
    seconds: float = 0

    @property
    def lost(self) -> int:
        return (self.users + self.streams) * self.deltas - self.stream_deltas - self.user_deltas

    @property
    def is_good(self) -> bool:
        whole = not (self.lost or self.unfinished or self.failures)
        full = self.peak_running == self.users + self.streams
        shared = self.refused == BEYOND and self.kept_taken == self.kept
        return whole and full and shared and len(self.page_seconds) == NEW_VISITORS

    def show(self) -> str:
        total = self.users + self.streams
        each = (self.memory_full - self.memory_before) / total * 1000
        rows = [
            ("users on the page, streams on the route", f"{self.users}, {self.streams}"),
            ("running at once", f"{self.peak_running} of {total}"),
            ("deltas lost", f"{self.lost} of {total * self.deltas:,}"),
            ("unfinished, failed", f"{self.unfinished}, {len(self.failures)}"),
            (f"refused beyond the limit, of {BEYOND}", f"{self.refused}"),
            ("newcomers of other networks admitted", f"{self.kept_taken} of {self.kept}"),
            ("new visitors served meanwhile", f"{len(self.page_seconds)} of {NEW_VISITORS}"),
            ("the page for them, median, worst", _seconds(self.page_seconds)),
            (
                "memory before, full, after, MB",
                f"{self.memory_before}, {self.memory_full}, {self.memory_after}",
            ),
            ("memory of one answer with its reader, kB", f"{each:.0f}"),
            ("CPU of the application", f"{self.cpu_seconds:.1f} s in {self.seconds:.1f} s"),
        ]
        return "\n".join(["| | |", "| --- | --- |", *(f"| {name} | {value} |" for name, value in rows)])


def _seconds(values: list[float]) -> str:
    return f"{statistics.median(values):.2f} s, {max(values):.2f} s" if values else "-"


class Load:
    """One run over a running application."""

    def __init__(self, app: ProbedApp, http: aiohttp.ClientSession, model: str, outcome: Outcome) -> None:
        self._app = app
        self._http = http
        self._model = model
        self._outcome = outcome

    async def run(self) -> None:
        """Start everything at once, look around when all of it runs, and wait for its end."""
        outcome = self._outcome
        page = await OpenPage.load(self._http, self._app.url)
        outcome.memory_before = (await self._app.probe()).memory_mb
        start, spent = time.monotonic(), self._cpu_seconds()
        async with asyncio.TaskGroup() as group:
            group.create_task(self._read_streams())
            for _ in range(outcome.users):
                group.create_task(self._use_page(page.again()))
            await self._wait_until_full()
            outcome.refused = await self._go_beyond(BEYOND)
            await self._take_kept_places()
            await self._come_new()
            outcome.memory_full = (await self._app.probe()).memory_mb
        outcome.seconds, outcome.cpu_seconds = time.monotonic() - start, self._cpu_seconds() - spent
        outcome.memory_after = (await self._app.probe()).memory_mb

    def _cpu_seconds(self) -> float:
        return sum(read_usage(pid)[0] for pid in find_tree(self._app.pid))

    async def _read_streams(self) -> None:
        url = f"{self._app.url}/ai/stream_chat?user_message=Hello&model={self._model}"
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "tests.benchmarks.reader", url, str(self._outcome.streams), "0", "none",
            cwd=ROOT, stdout=asyncio.subprocess.PIPE, limit=1 << 28,
        )  # fmt: skip
        output, _ = await process.communicate()
        readings = json.loads(output)
        self._outcome.stream_deltas = readings["deltas"]
        self._outcome.unfinished = readings["unfinished"]

    async def _use_page(self, page: OpenPage) -> None:
        try:
            told = await page.ask("Hello", model=self._model)
            self._outcome.user_deltas += len(DELTA.findall(told.html))
        except Exception as error:
            self._outcome.failures.append(f"{type(error).__name__}: {str(error)[:300]}")

    async def _wait_until_full(self) -> None:
        """Return when all are running, or as many as ever will."""
        total = self._outcome.users + self._outcome.streams
        running = 0
        async with asyncio.timeout(WAIT_SECONDS):
            while running < total:
                now = await self._app.count_running()
                if now < running:
                    break
                running = now
                await asyncio.sleep(0.2)
        self._outcome.peak_running = running

    async def _go_beyond(self, requests: int) -> int:
        """Ask for more than the limit allows; return how many refusals say so."""
        answers = [await self._start({}) for _ in range(requests)]
        return sum(status == 429 and bool(message) for status, message in answers)

    async def _take_kept_places(self) -> None:
        """Take every place that is kept for newcomers, each from a network of its own."""
        for address in itertools.islice(NEWCOMERS.hosts(), self._outcome.kept):
            status, _ = await self._start({"x-forwarded-for": f"{address}"})
            self._outcome.kept_taken += status == 201

    async def _start(self, headers: dict[str, str]) -> tuple[int, str]:
        """Start an answer; return the status, and of a refusal with its header the sentence."""
        body = {"user_message": "Hello", "model": self._model}
        url = f"{self._app.url}/ai/generations"
        async with self._http.post(url, json=body, headers=headers) as answer:
            told = await answer.json()
            return answer.status, told["error"]["message"] if "retry-after" in answer.headers else ""

    async def _come_new(self) -> None:
        for _ in range(NEW_VISITORS):
            start = time.monotonic()
            async with self._http.get(f"{self._app.url}/") as answer:
                if answer.status == 200 and "gradio_config" in await answer.text():
                    self._outcome.page_seconds.append(time.monotonic() - start)


async def load(users: int, streams: int, deltas: int, pause: float, folder: Path) -> Outcome:
    """Run it; nothing is printed."""
    model, total = f"paced-{deltas}-{pause}", users + streams
    most = total * KEPT_SHARE // (KEPT_SHARE - 1)  # the load is of one network, which gets no kept place
    outcome = Outcome(users, streams, deltas, kept=most - total)
    limits = {"MAX_GENERATIONS": f"{most}", "MAX_GENERATIONS_PER_VISITOR": f"{total}", "OPENAI_MODEL": model}
    with run_provider() as provider:
        async with (
            ProbedApp(folder, pages=0, OPENAI_BASE_URL=provider, TITLES="words", **limits) as app,
            aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=0), timeout=aiohttp.ClientTimeout(total=None)
            ) as http,
        ):
            await Load(app, http, model, outcome).run()
    return outcome


def main() -> int:
    parser = argparse.ArgumentParser(description="See the first lines of this file.")
    parser.add_argument("--users", type=int, default=500)
    parser.add_argument("--streams", type=int, default=2000)
    parser.add_argument("--deltas", type=int, default=90)
    parser.add_argument("--pause", type=float, default=1)
    arguments = parser.parse_args()
    allow_many_files()
    with tempfile.TemporaryDirectory() as folder:
        outcome = asyncio.run(load(**vars(arguments), folder=Path(folder)))
    print(outcome.show())
    print(*dict.fromkeys(outcome.failures), sep="\n")
    return int(not outcome.is_good)


if __name__ == "__main__":
    sys.exit(main())
