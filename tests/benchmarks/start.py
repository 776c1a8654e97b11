"""How long a warm start takes beside a bare one-component Gradio app, and how much memory each holds.

Run: `python -m tests.benchmarks.start`. The two start in turns, so that a busy machine slows both; the ratio
of the medians counts. Memory is the resident size of the process and its children, from /proc (Linux).
"""

from __future__ import annotations

import contextlib
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from subprocess import DEVNULL

import httpx

ROUNDS = 5
READY_SECONDS = 120
PROJECT = Path(__file__).parents[2]
BARE = "import gradio as gr\nwith gr.Blocks() as page:\n    gr.Chatbot()\npage.launch()"
ENDPOINT = {"OPENAI_BASE_URL": "http://127.0.0.1:9/v1", "OPENAI_API_KEY": "unused", "OPENAI_MODEL": "any"}


@dataclass(frozen=True)
class Start:
    """Seconds until the page is served and until the first delta of an answer; megabytes after that."""

    page_seconds: float
    answer_seconds: float
    megabytes: float


def main() -> None:
    bare, app = [], []
    measure_app({})  # the first start compiles, and fills the disk's cache
    for _ in range(ROUNDS):
        bare.append(measure_bare())
        app.append(measure_app(ENDPOINT))
    embedded = [measure_app({}) for _ in range(ROUNDS)]
    ratio = median(app, "page_seconds") / median(bare, "page_seconds")
    print(f"warm start until the page is served, medians of {ROUNDS}:")
    for name, starts in (("bare Gradio", bare), ("app, endpoint", app), ("app, embedded model", embedded)):
        print(f"  {name:20} {median(starts, 'page_seconds'):5.2f} s  {median(starts, 'megabytes'):6.0f} MB")
    print(f"  app / bare Gradio: {ratio:.2f}")
    print(f"  start until the embedded model's first delta: {median(embedded, 'answer_seconds'):.2f} s")


def median(starts: list[Start], name: str) -> float:
    return float(statistics.median(getattr(start, name) for start in starts))


def measure_bare() -> Start:
    with run(["-c", BARE], {}) as (process, url, began):
        return Start(until_served(url, process) - began, 0.0, tree_megabytes(process.pid))


def measure_app(environ: dict[str, str]) -> Start:
    """Start the app with these variables; where it has no endpoint, ask the embedded model too."""
    with run(["app.py"], environ) as (process, url, began):
        served = until_served(url, process) - began
        answered = 0.0 if environ else until_first_delta(url) - began
        return Start(served, answered, tree_megabytes(process.pid))


@contextlib.contextmanager
def run(
    arguments: list[str], environ: dict[str, str]
) -> Iterator[tuple[subprocess.Popen[bytes], str, float]]:
    """Run Python with these arguments on a free port; yield the process, its URL and when it began."""
    with tempfile.TemporaryDirectory() as folder:
        port = free_port()
        own = {name: value for name, value in os.environ.items() if not name.startswith("OPENAI_")}
        own |= {"GRADIO_SERVER_PORT": str(port), "DATA_DIR": folder, "GRADIO_ANALYTICS_ENABLED": "False"}
        began = time.perf_counter()
        process = subprocess.Popen(
            [sys.executable, *arguments], cwd=PROJECT, env=own | environ, stdout=DEVNULL, stderr=DEVNULL
        )
        try:
            yield process, f"http://127.0.0.1:{port}", began
        finally:
            process.terminate()
            process.wait(20)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])


def until_served(url: str, process: subprocess.Popen[bytes]) -> float:
    deadline = time.perf_counter() + READY_SECONDS
    while process.poll() is None and time.perf_counter() < deadline:
        with contextlib.suppress(httpx.TransportError):
            if httpx.get(url, trust_env=False).status_code == 200:
                return time.perf_counter()
        time.sleep(0.01)
    raise SystemExit("it does not serve its page")


def until_first_delta(url: str) -> float:
    """Ask until the embedded model answers, not `quotes`; return when its first delta came."""
    deadline = time.perf_counter() + READY_SECONDS
    while time.perf_counter() < deadline:
        if (came := ask(url)) is not None:
            return came
        time.sleep(0.05)
    raise SystemExit("the embedded model gave no answer")


def ask(url: str) -> float | None:
    """Return when the first delta came, None where it came from no language model."""
    route, question = f"{url}/ai/stream_chat", {"user_message": "Hello"}
    with httpx.stream("GET", route, params=question, timeout=60, trust_env=False) as answer:
        for line in answer.iter_lines():
            frame = json.loads(line[5:]) if line.startswith("data: {") else {}
            if frame.get("model") == "quotes" or "error" in frame:
                return None
            if any(choice["delta"].get("content") for choice in frame.get("choices", ())):
                return time.perf_counter()
    return None


def tree_megabytes(process_id: int) -> float:
    """Resident megabytes of a process and all below it; 0 where there is no /proc."""
    try:
        status = Path(f"/proc/{process_id}/status").read_text()
        tasks = list(Path(f"/proc/{process_id}/task").glob("*/children"))
        children = [child for task in tasks for child in task.read_text().split()]
    except OSError:
        return 0.0
    own = next((int(line.split()[1]) / 1024 for line in status.splitlines() if line.startswith("VmRSS")), 0.0)
    return own + sum(tree_megabytes(int(child)) for child in children)


if __name__ == "__main__":
    main()
