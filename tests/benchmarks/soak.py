"""Visitors who come and go for a long time, with faults and files; then nothing of them may be left:

    python -m tests.benchmarks.soak [--seconds 1200] [--visitors 12] [--warm-up 120]

The application is a process of its own, on its page's protocol and on its routes. After a warm-up, and again
at the end, it is left alone until what it keeps for a while is over, and measured. Ends with status 1 where
an answer was wrong, or where memory, tasks, open files, children or temporary files did not return to their
level.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, fields
from pathlib import Path

import aiohttp

from chat.jobs.deletions import LATE_SECONDS, UNDO_SECONDS
from tests.benchmarks.probed_app import ProbedApp, State, allow_many_files
from tests.event_source import EventStreamDecoder, ServerSentEvent
from tests.page_protocol import OpenPage
from tests.pdf_files import pdf, show
from tests.provider import Provider
from tests.scenarios import ANSWER

RETENTION_SECONDS = 2
PAGES = 50  # that Gradio remembers: few, so that the warm-up fills them
FAULTS = ("status-503", "cut-midway", "cut-before-token", "stall-midway", "malformed", "html", "error-midway")
ENVIRON = {
    "OPENAI_MODEL": ",".join(("plain", "endless", "paced-40-0.01", *FAULTS)),
    "GENERATION_RETENTION": str(RETENTION_SECONDS),
    "ABANDONED_AFTER": "5",  # more than a busy machine takes between sending and following
    "MAX_GENERATIONS_PER_VISITOR": "100",
    "UPSTREAM_IDLE_TIMEOUT": "5",
}
SETTLE_SECONDS = 60.0  # at most, until what is kept for a while is over
MEMORY_SLACK_MB = 24.0  # of an allocator and of caches with bounds, whatever the time
MEMORY_SLACK = 0.08
# children: a second reader of files stays, once two came at once.
SLACK = {
    "tasks": 2,
    "files": 6,
    "children": 1,
    "temporary": 2,
    "running": 0,
}


class WrongAnswer(Exception):
    """What came is not what was to come."""


@dataclass
class Churn:
    """The visitors. counts: what they did, by name."""

    url: str
    http: aiohttp.ClientSession
    counts: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)

    async def run(self, visitors: int, until: float) -> None:
        """Let so many visitors come and go until a time of `time.monotonic()`."""
        await asyncio.gather(*(self._come_and_go(until) for _ in range(visitors)))

    async def _come_and_go(self, until: float) -> None:
        acts: list[Callable[[], Awaitable[None]]] = [
            *(self.read_whole, self.drop_and_resume, self.leave, self.stop, self.meet_a_fault),
            *(self.ask_about_a_file, self.use_the_page, self.attach_on_the_page, self.leave_the_page),
        ]
        while time.monotonic() < until:
            act = random.choice(acts)
            try:
                async with asyncio.timeout(60):
                    await act()
                self.counts[act.__name__] += 1
            except Exception as error:
                self.wrong.append(f"{act.__name__}: {type(error).__name__}: {str(error)[:3000]}")

    # --- the routes -----------------------------------------------------------------------------------------

    async def read_whole(self) -> None:
        check(await self._read({"model": "plain"}), ANSWER)

    async def drop_and_resume(self) -> None:
        params = {"model": "paced-40-0.01", "request_id": f"{random.random()}"}
        seen = await self._read(params, most=random.randrange(1, 12))
        seen += await self._read(params, after=seen[-1].id)
        ids = [int(event.id.rpartition(":")[2]) for event in seen if event.type != "resumed"]
        if ids != list(range(len(ids))) or seen[-1].data != "[DONE]":
            raise WrongAnswer(f"{ids} {seen[-1].data}")

    async def leave(self) -> None:
        await self._read({"model": "endless"}, most=3)

    async def stop(self) -> None:
        seen = await self._read({"model": "endless"}, most=2)
        generation = json.loads(seen[0].data)["generation_id"]
        async with self.http.delete(f"{self.url}/ai/generations/{generation}") as answer:
            if answer.status != 200:
                raise WrongAnswer(await answer.text())

    async def meet_a_fault(self) -> None:
        seen = await self._read({"model": random.choice(FAULTS)})
        if "error" not in json.loads(seen[-1].data):
            raise WrongAnswer(seen[-1].data)

    async def ask_about_a_file(self) -> None:
        name, data = random.choice(files())
        form = aiohttp.FormData()
        form.add_field("file", data, filename=name)
        async with self.http.post(f"{self.url}/ai/files", data=form) as answer:
            body = await answer.json()
            if answer.status != 201 and name != "broken.pdf":
                raise WrongAnswer(str(body))
        if "file_id" in body:
            check(await self._read({"model": "plain", "file_id": body["file_id"]}), ANSWER)

    async def _read(
        self, params: dict[str, str], *, after: str = "", most: int = 10**9
    ) -> list[ServerSentEvent]:
        """Return the events, at most so many; then the connection is dropped."""
        decoder, seen = EventStreamDecoder(), list[ServerSentEvent]()
        headers = {"last-event-id": after} if after else {}
        params = {"user_message": "Hello", **params}
        async with self.http.get(f"{self.url}/ai/stream_chat", params=params, headers=headers) as answer:
            if answer.status != 200:
                raise WrongAnswer(f"{answer.status} {await answer.text()}")
            async for data in answer.content.iter_any():
                seen += decoder.feed(data)
                if len(seen) >= most:
                    answer.close()
                    break
        return seen[:most]

    # --- the page -------------------------------------------------------------------------------------------

    async def use_the_page(self) -> None:
        page = await OpenPage.load(self.http, self.url)
        for message in ("Hello", "And again"):
            told = await page.ask(message)
            if ANSWER not in told.html:
                raise WrongAnswer(told.html)
        await page.delete()

    async def attach_on_the_page(self) -> None:
        page = await OpenPage.load(self.http, self.url)
        name, data = random.choice(files())
        file = await page.attach(name, data)
        if not file and name != "broken.pdf":
            raise WrongAnswer(name)
        told = await page.ask("What is it?", files=(file,) if file else ())
        if ANSWER not in told.html:
            raise WrongAnswer(told.html)

    async def leave_the_page(self) -> None:
        """Close the tab while an answer grows."""
        page = await OpenPage.load(self.http, self.url)
        generation = await page.send("Hello", model="endless")
        growing = page.events("follow", page.visit("follow", generation))
        await anext(growing)
        await growing.aclose()


def files() -> list[tuple[str, bytes]]:
    """Return what visitors send: names and contents, never twice the same."""
    mark = f"{random.random()}"
    return [
        ("fox.txt", f"The fox is red. {mark}".encode() * 200),
        ("fox.pdf", pdf(show(f"The fox is red. {mark}"))),
        ("broken.pdf", b"%PDF-1.7 " + mark.encode()),
    ]


def check(seen: list[ServerSentEvent], answer: str) -> None:
    """Raise WrongAnswer unless the stream was whole and said exactly this."""
    chunks = [json.loads(event.data) for event in seen if event.type == "message" and event.data != "[DONE]"]
    text = "".join(
        choice["delta"].get("content") or "" for chunk in chunks for choice in chunk.get("choices", ())
    )
    if text != answer or seen[-1].data != "[DONE]":
        raise WrongAnswer(f"{text!r} {seen[-1].data}")


async def settle(app: ProbedApp) -> State:
    """Return the state once nothing changes any more."""
    await asyncio.sleep(UNDO_SECONDS + LATE_SECONDS + RETENTION_SECONDS)
    last, until = await app.probe(), time.monotonic() + SETTLE_SECONDS
    while time.monotonic() < until:
        await asyncio.sleep(RETENTION_SECONDS)
        state = await app.probe()
        if not state.running and (state.tasks, state.files) == (last.tasks, last.files):
            return state
        last = state
    return last


def find_leaks(before: State, after: State) -> list[str]:
    """Return what did not return to its level."""
    leaks = [
        f"{name}: {getattr(before, name)} -> {getattr(after, name)}"
        for name, slack in SLACK.items()
        if getattr(after, name) > getattr(before, name) + slack
    ]
    if after.memory_mb > before.memory_mb * (1 + MEMORY_SLACK) + MEMORY_SLACK_MB:
        leaks.append(f"memory: {before.memory_mb} -> {after.memory_mb} MB")
    return leaks


@dataclass(frozen=True)
class Report:
    """before: after the warm-up. wrong: sentences, each an answer that was not what it should be."""

    counts: Counter[str]
    wrong: list[str]
    before: State
    after: State

    @property
    def leaks(self) -> list[str]:
        return find_leaks(self.before, self.after)

    def show(self) -> str:
        rows = ["| | after the warm-up | at the end |", "| --- | --- | --- |"]
        for item in fields(State):
            rows.append(
                f"| {item.name} | {getattr(self.before, item.name)} | {getattr(self.after, item.name)} |"
            )
        visits = ", ".join(f"{name} {count}" for name, count in sorted(self.counts.items()))
        rows += ["", f"{sum(self.counts.values())} visits: {visits}", f"{len(self.wrong)} wrong"]
        return "\n".join([*rows, *self.wrong[:10], *(f"LEFT OVER: {leak}" for leak in self.leaks)])


async def fill(http: aiohttp.ClientSession, url: str, pages: int) -> None:
    """Open as many pages as are remembered, so that more of them take no more memory."""
    page = await OpenPage.load(http, url)
    for _ in range(pages):
        page = page.again()
        await page.run("open_conversation", page.visit())


async def soak(seconds: float, visitors: int, warm_up: float, folder: Path, pages: int = PAGES) -> Report:
    """Run it, with so many pages remembered; nothing is printed."""
    connector = aiohttp.TCPConnector(limit=0, force_close=True)
    async with (
        Provider() as provider,
        ProbedApp(folder, pages=pages, OPENAI_BASE_URL=provider.url, **ENVIRON) as app,
        aiohttp.ClientSession(connector=connector, timeout=aiohttp.ClientTimeout(total=None)) as http,
    ):
        churn = Churn(app.url, http)
        await fill(http, app.url, pages)
        await churn.run(visitors, time.monotonic() + warm_up)
        before = await settle(app)
        await churn.run(visitors, time.monotonic() + seconds)
        return Report(churn.counts, churn.wrong, before, await settle(app))


def main() -> int:
    parser = argparse.ArgumentParser(description="See the first lines of this file.")
    parser.add_argument("--seconds", type=float, default=1200)
    parser.add_argument("--visitors", type=int, default=12)
    parser.add_argument("--warm-up", type=float, default=120)
    arguments = parser.parse_args()
    allow_many_files()
    with tempfile.TemporaryDirectory() as folder:
        report = asyncio.run(soak(arguments.seconds, arguments.visitors, arguments.warm_up, Path(folder)))
    print(report.show())
    return int(bool(report.wrong or report.leaks))


if __name__ == "__main__":
    sys.exit(main())
