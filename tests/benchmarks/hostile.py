"""What an honest visitor sees while another one attacks: a row for each attack, over a real server.

    python -m tests.benchmarks.hostile [--tree FOLDER] [ATTACK …]

FOLDER: another version of the project, which serves instead. For each attack the app is started anew, with a
scripted endpoint. The honest visitor, from an address of its own, asks for /healthz, a short answer, a small
upload and the list of conversations, each again and again, and follows one long answer on the page. A cell is
the median and the worst, in milliseconds. An attack is ended after ATTACK_SECONDS. Uses the loopback alone.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import importlib.util
import os
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp

from tests.benchmarks.attacks_fairness import ATTACKS
from tests.page_protocol import OpenPage, PageError
from tests.provider import Call, Provider, closed_port

ROOT = Path(__file__).resolve().parents[2]
HONEST = "127.0.0.9"
ATTACK_SECONDS = 30.0
PROBE_SECONDS = 60.0  # longest wait of a probe; its time is then that
PAUSE_SECONDS = 0.2  # between two probes of a kind
START_SECONDS = 300.0  # of a machine that is busy with other things
LONG = "paced-150-0.1"  # the answer that the honest visitor follows on the page
COLUMNS = ("healthz", "answer", "upload", "list")


@dataclass
class Seen:
    """Milliseconds of each kind of probe, the worst of those that ended with an error too."""

    times: dict[str, list[float]] = field(default_factory=lambda: {name: [] for name in COLUMNS})
    failures: int = 0
    is_followed: bool = False

    def cell(self, name: str) -> str:
        times = self.times[name]
        return f"{statistics.median(times):,.0f} / {max(times):,.0f}" if times else "none"


async def say_backticks(call: Call) -> None:
    """A table whose cell grows to 8,000 backticks, in runs of all lengths."""
    await call.text("| a |\n| --- |\n| ")
    run, sent = 1, 0
    while sent < 8_000:
        await call.text("`" * run + "a")
        run, sent = run % 120 + 1, sent + run
    await call.finish()


async def say_quotes(call: Call) -> None:
    for _ in range(20):
        await call.text(">" * 5_000)
    await call.finish()


async def say_paragraphs(call: Call) -> None:
    for _ in range(100):
        await call.text("word **bold** `code`\n\n" * 900)
        await asyncio.sleep(0.05)
    await call.finish()


async def say_much(call: Call) -> None:
    for _ in range(600):
        await call.text("0123456789" * 1_000)
    await call.finish()


MODELS = {
    "backticks": say_backticks,
    "quotes-run": say_quotes,
    "paragraphs": say_paragraphs,
    "long": say_much,
}


@contextlib.asynccontextmanager
async def serve_models() -> AsyncGenerator[str, None]:
    """Start the endpoint; give its URL. In this process its answers would hold up the honest visitor."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.benchmarks.hostile", "--models", cwd=ROOT, stdout=asyncio.subprocess.PIPE
    )
    try:
        assert process.stdout
        yield (await process.stdout.readline()).decode().strip()
    finally:
        process.kill()
        await process.wait()


async def run_models() -> None:
    """Be the endpoint, until killed."""
    async with Provider() as provider:
        provider.scripts.update(MODELS)
        print(provider.url, flush=True)
        await asyncio.Event().wait()


@contextlib.asynccontextmanager
async def serve(tree: Path, models: str) -> AsyncGenerator[tuple[str, int], None]:
    """Start a version of the app; give its URL and its process id."""
    port = closed_port()
    with tempfile.TemporaryDirectory() as folder:
        environ = {
            "PATH": os.environ["PATH"], "TMPDIR": folder, "DATA_DIR": f"{folder}/data",
            "GRADIO_TEMP_DIR": f"{folder}/gradio", "GRADIO_SERVER_PORT": str(port), "TITLES": "words",
            "OPENAI_BASE_URL": models, "OPENAI_API_KEY": "sk-owner",
            "OPENAI_MODEL": ",".join(("plain", LONG, *MODELS)),
        }  # fmt: skip
        log = await asyncio.to_thread(open, f"{folder}/log", "wb")
        process = await asyncio.create_subprocess_exec(
            sys.executable, "app.py", cwd=tree, env=environ, stdout=log, stderr=log
        )
        url = f"http://127.0.0.1:{port}"
        try:
            await wait_until_ready(url)
            yield url, process.pid
        finally:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()
            log.close()


async def wait_until_ready(url: str) -> None:
    async with aiohttp.ClientSession() as http, asyncio.timeout(START_SECONDS):
        while True:
            with contextlib.suppress(aiohttp.ClientError):
                async with http.get(f"{url}/readyz") as answer:
                    if answer.status == 200:
                        return
            await asyncio.sleep(PAUSE_SECONDS)


class HonestVisitor:
    """One visitor that uses the app in all ways at once."""

    def __init__(self, http: aiohttp.ClientSession, url: str, page: OpenPage) -> None:
        self._http, self._url, self._page = http, url, page
        self._headers = {"x-visitor": "an honest visitor's value"}
        self.seen = Seen()

    async def use(self, attack: asyncio.subprocess.Process) -> None:
        """Use the app until the attack is over, and at least for a moment."""
        probes = {"healthz": self._check, "answer": self._ask, "upload": self._upload, "list": self._list}
        following = asyncio.create_task(self._follow())
        tasks = [asyncio.create_task(self._repeat(name, probe)) for name, probe in probes.items()]
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(ATTACK_SECONDS):
                await attack.wait()
        await asyncio.sleep(PAUSE_SECONDS)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        with contextlib.suppress(TimeoutError, aiohttp.ClientError, PageError):
            async with asyncio.timeout(PROBE_SECONDS):
                self.seen.is_followed = await following

    async def _repeat(self, name: str, probe: Callable[[], Awaitable[bool]]) -> None:
        while True:
            began = time.monotonic()
            try:
                async with asyncio.timeout(PROBE_SECONDS):
                    self.seen.failures += not await probe()
            except asyncio.CancelledError:  # the attack is over, and this probe still waited
                self.seen.times[name].append((time.monotonic() - began) * 1000)
                raise
            except (TimeoutError, aiohttp.ClientError, PageError):
                self.seen.failures += 1
            self.seen.times[name].append((time.monotonic() - began) * 1000)
            await asyncio.sleep(PAUSE_SECONDS)

    async def _check(self) -> bool:
        async with self._http.get(f"{self._url}/healthz") as answer:
            return answer.status == 200

    async def _ask(self) -> bool:
        body = {"user_message": "Hi", "model": "plain"}
        url = f"{self._url}/ai/stream_chat"
        async with self._http.post(url, json=body, headers=self._headers) as answer:
            return b"[DONE]" in await answer.read()

    async def _upload(self) -> bool:
        form = aiohttp.FormData()
        form.add_field("file", b"seventeen bytes.\n", filename="small.txt")
        async with self._http.post(f"{self._url}/ai/files", data=form, headers=self._headers) as answer:
            return answer.status == 201

    async def _list(self) -> bool:
        page = self._page.again()
        await page.run("change_list", page.visit("list"))
        return True

    async def _follow(self) -> bool:
        told = await self._page.ask("Hello", model=LONG)
        return told.pieces > 0


async def measure(tree: Path, name: str) -> str:
    """Run one attack; return its row."""
    connector = aiohttp.TCPConnector(limit=0, local_addr=(HONEST, 0), force_close=True)
    async with (
        serve_models() as models,
        serve(tree, models) as (url, pid),
        aiohttp.ClientSession(connector=connector) as http,
    ):
        visitor = HonestVisitor(http, url, await OpenPage.load(http, url))
        before = memory_mb(pid, "VmRSS")
        attack = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "tests.benchmarks.attacks_fairness", name, url,
            cwd=ROOT, stdout=asyncio.subprocess.PIPE,
        )  # fmt: skip
        await visitor.use(attack)
        outcome = await end(attack)
        grown = memory_mb(pid, "VmHWM") - before
        block = await longest_block(http, url)
    seen = visitor.seen
    cells = [seen.cell(column) for column in COLUMNS]
    followed = "kept" if seen.is_followed else "**lost**"
    return " | ".join([name, *cells, str(seen.failures), followed, f"{grown:+,.0f}", block, outcome])


async def end(attack: asyncio.subprocess.Process) -> str:
    if attack.returncode is None:
        attack.kill()
        await attack.wait()
        return f"ended after {ATTACK_SECONDS:.0f} s"
    assert attack.stdout
    return (await attack.stdout.read()).decode().strip()


def memory_mb(pid: int, name: str) -> float:
    lines = Path(f"/proc/{pid}/status").read_text("ascii", "replace").splitlines()
    return int(next(line for line in lines if line.startswith(name)).split()[1]) / 1000


async def longest_block(http: aiohttp.ClientSession, url: str) -> str:
    """Return the loop's longest block in CPU milliseconds, where the version tells it."""
    async with http.get(f"{url}/metrics") as answer:
        for line in (await answer.text()).splitlines():
            if line.startswith('xiaojia_loop_longest_block_seconds{clock="cpu"}'):
                return f"{float(line.split()[1]) * 1000:,.0f}"
    return "not told"


async def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tree", type=Path, default=ROOT)
    parser.add_argument("--models", action="store_true", help="be the scripted endpoint, and no more")
    parser.add_argument("attacks", nargs="*", choices=[*ATTACKS, []])
    given = parser.parse_args()
    if given.models:
        return await run_models()
    head = ["attack", *(f"{name}, p50 / worst ms" for name in COLUMNS), "failed probes", "page's answer"]
    print(" | ".join([*head, "memory MB", "longest block, CPU ms", "the attacker got"]))
    print(" | ".join(["---"] * (len(head) + 3)), flush=True)
    for name in given.attacks or ATTACKS:
        try:
            print(await measure(given.tree.resolve(), name), flush=True)
        except (
            TimeoutError,
            OSError,
            aiohttp.ClientError,
            PageError,
        ) as error:  # the next one has its own app
            print(f"{name} | **the app did not serve: {type(error).__name__}**", flush=True)
    if importlib.util.find_spec("tests.benchmarks.attacks_identity"):
        await importlib.import_module("tests.benchmarks.attacks_identity").print_report(given.tree.resolve())


if __name__ == "__main__":
    asyncio.run(main())
