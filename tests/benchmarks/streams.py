"""What a delta costs on its way through, next to what people would otherwise use; ratios in one run:

    python -m tests.benchmarks.streams [--quick] [--litellm /path/to/its/python]

Provider, server and clients are processes of their own; CPU time and memory are those of the server's process
tree alone. The whole application is measured: page, history, log, ids, retention and resume are on. Prints
Markdown tables. Ratios hold from machine to machine, absolute times do not.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import secrets
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from tests.provider import closed_port

ROOT = Path(__file__).parents[2]
TICKS = os.sysconf("SC_CLK_TCK")
PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
BURST_STREAMS, BURST_DELTAS = 8, 3000
Figures = dict[str, str]  # what one table says of each server, by its name
NAMES = {
    "app": "**this application**",
    "bytes": "bytes passed on, aiohttp (the floor)",
    "bytes-httpx": "bytes passed on, httpx",
    "typed": "asynchronous SDK, sse-starlette",
    "modelled": "modelled route: synchronous SDK",
    "litellm": "LiteLLM proxy",
}


@dataclass
class Server:
    name: str
    url: str
    process: subprocess.Popen[str]
    key: str = "sk-benchmark"

    def stream_url(self, model: str) -> str:
        return f"{self.url}/ai/stream_chat?{urlencode({'user_message': 'Hello', 'model': model})}"

    def cpu_seconds(self) -> float:
        return sum(read_usage(pid)[0] for pid in find_tree(self.process.pid))

    def memory_bytes(self) -> int:
        return sum(read_usage(pid)[1] for pid in find_tree(self.process.pid))


def find_tree(root: int) -> list[int]:
    """Return the process and all that descend from it."""
    parents = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            parents[int(path.parent.name)] = int(path.read_text().rpartition(")")[2].split()[1])
    tree = [root]
    for pid in tree:
        tree += [child for child, parent in parents.items() if parent == pid]
    return tree


def read_usage(pid: int) -> tuple[float, int]:
    """Return a process's CPU seconds, its dead children's among them, and its resident bytes."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0, 0
    return sum(int(field) for field in fields[11:15]) / TICKS, int(fields[21]) * PAGE_BYTES


@contextlib.contextmanager
def run(command: Sequence[str], tree: Path = ROOT, **environ: str) -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(
        command, cwd=tree, env={**os.environ, **environ}, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            yield process
        finally:
            process.terminate()
            process.wait(20)


@contextlib.contextmanager
def run_provider() -> Iterator[str]:
    with run([sys.executable, "-m", "tests.provider"]) as process:
        assert process.stdout
        yield process.stdout.readline().strip()


@contextlib.contextmanager
def run_server(name: str, provider: str, litellm: str = "", tree: Path = ROOT) -> Iterator[Server]:
    """Start a server. tree: the folder of the application's version."""
    port = closed_port()
    url = f"http://127.0.0.1:{port}"
    with tempfile.TemporaryDirectory() as folder:
        key = f"sk-{secrets.token_hex(32)}"  # LiteLLM starts with a strong one alone; the others take any
        command, environ = [sys.executable, "-m", "tests.benchmarks.peers", name, provider, str(port)], {}
        if name == "app":
            command = [sys.executable, "app.py"]
            environ = {
                "DATA_DIR": folder,
                "GRADIO_SERVER_NAME": "127.0.0.1",
                "GRADIO_SERVER_PORT": str(port),
                "OPENAI_BASE_URL": provider,
                "OPENAI_API_KEY": "sk-benchmark",
                "MAX_GENERATIONS": "10000",
                "MAX_GENERATIONS_PER_VISITOR": "10000",
            }
        elif name == "litellm":
            command, environ = litellm_command(litellm, provider, port, Path(folder))
            environ["LITELLM_MASTER_KEY"] = key
        with run(command, tree, **environ) as process:
            wait_until_up(url, process)
            yield Server(name, url, process, key)


def litellm_command(python: str, provider: str, port: int, folder: Path) -> tuple[list[str], dict[str, str]]:
    params = {"model": "openai/*", "api_base": provider, "api_key": "sk-benchmark"}
    config = folder / "config.json"  # YAML is a superset of JSON
    config.write_text(json.dumps({"model_list": [{"model_name": "*", "litellm_params": params}]}))
    program = str(Path(python).with_name("litellm"))
    arguments = ["--config", str(config), "--port", str(port), "--host", "127.0.0.1", "--num_workers", "1"]
    return [program, *arguments], {"LITELLM_LOG": "ERROR", "LITELLM_LOCAL_MODEL_COST_MAP": "True"}


def wait_until_up(url: str, process: subprocess.Popen[str]) -> None:
    for _ in range(3000):
        try:
            urllib.request.urlopen(f"{url}/docs", timeout=30).close()
            return
        except urllib.error.HTTPError:  # LiteLLM has no such page
            return
        except OSError:
            pass
        if process.poll() is not None:
            raise SystemExit(f"The server for {url} ended with {process.returncode}")
        time.sleep(0.1)
    raise SystemExit(f"{url} did not come up")


def read(server: Server, model: str, streams: int, *, in_turn: bool = False) -> dict[str, Any]:
    url, body = server.stream_url(model), []
    if server.name in ("litellm", "provider"):
        url = f"{server.url}/chat/completions"
        asked = [{"role": "user", "content": "Hello"}]
        body = [json.dumps({"model": model, "messages": asked, "stream": True})]
    arguments = [url, str(streams), str(int(in_turn)), server.key, *body]
    done = subprocess.run(
        [sys.executable, "-m", "tests.benchmarks.reader", *arguments],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    )
    readings: dict[str, Any] = json.loads(done.stdout)
    return readings


@dataclass
class Row:
    name: str
    cpu: float  # microseconds a delta
    readings: dict[str, Any]
    lost: int


def measure(server: Server, model: str, streams: int, deltas: int, rounds: int = 1) -> Row:
    """Return the cheapest of some rounds: what others do on the machine only ever adds."""
    rows = []
    for _ in range(rounds):
        before = server.cpu_seconds()
        readings = read(server, model, streams)
        time.sleep(0.3)  # what is done after the last byte belongs to it
        spent = server.cpu_seconds() - before
        lost = streams * deltas - readings["deltas"]
        rows.append(Row(server.name, spent / max(1, readings["deltas"]) * 1e6, readings, lost))
    return min(rows, key=lambda row: row.cpu)


def milliseconds(values: Sequence[int], share: float) -> str:
    return f"{sorted(values)[min(len(values) - 1, int(len(values) * share))] / 1e6:.2f}" if values else "-"


def print_table(title: str, head: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    print(f"\n**{title}**\n\n| {' | '.join(head)} |\n| {' | '.join(['---'] * len(head))} |")
    for row in rows:
        print(f"| {' | '.join(row)} |")
    sys.stdout.flush()


def ratio(rows: Sequence[Row], row: Row, to: str) -> str:
    other = next((one.cpu for one in rows if one.name == to), 0)
    return f"{row.cpu / other:.2f}" if other else "-"


def show_bursts(servers: Sequence[Server], rounds: int) -> Figures:
    model = f"burst-{BURST_DELTAS}"
    for server in servers:
        read(server, "burst-100", 2)
    rows = [measure(server, model, BURST_STREAMS, BURST_DELTAS, rounds) for server in servers]
    print_table(
        f"Bursts: {BURST_STREAMS} streams of {BURST_DELTAS} deltas, as fast as they go",
        ("server", "CPU a delta, µs", "of the modelled", "of the floor", "lost"),
        [
            (
                NAMES[row.name],
                f"{row.cpu:.1f}",
                ratio(rows, row, "modelled"),
                ratio(rows, row, "bytes"),
                str(row.lost),
            )
            for row in rows
        ],
    )
    return {row.name: f"{row.cpu:.1f}" for row in rows}


def show_paced(servers: Sequence[Server], streams: int, rate: int, seconds: int) -> Figures:
    deltas = rate * seconds
    rows = [measure(server, f"paced-{deltas}-{1 / rate}", streams, deltas) for server in servers]
    print_table(
        f"Paced: {streams} streams of {rate} deltas a second for {seconds} s",
        (
            "server",
            "CPU a delta, µs",
            "of the modelled",
            "of the floor",
            "delay p50 / p99, ms",
            "gap p50 / p99, ms",
            "lost",
        ),
        [
            (
                NAMES[row.name],
                f"{row.cpu:.1f}",
                ratio(rows, row, "modelled"),
                ratio(rows, row, "bytes"),
                f"{milliseconds(row.readings['delay'], 0.5)} / {milliseconds(row.readings['delay'], 0.99)}",
                f"{milliseconds(row.readings['gap'], 0.5)} / {milliseconds(row.readings['gap'], 0.99)}",
                str(row.lost),
            )
            for row in rows
        ],
    )
    return {row.name: f"{row.cpu:.1f}" for row in rows}


def show_first_token(servers: Sequence[Server], provider: Server, requests: int) -> Figures:
    """Requests one after another, in rounds, so that a busy moment of the machine strikes all alike."""
    taken: dict[str, list[int]] = {server.name: [] for server in [provider, *servers]}
    for _ in range(5):
        for server in [provider, *servers]:
            taken[server.name] += read(server, "burst-1", requests // 5, in_turn=True)["first_token"]
    bare = statistics.median(taken["provider"])
    bare99 = statistics.quantiles(taken["provider"], n=100)[98]
    added = {
        server.name: (
            f"{(statistics.median(taken[server.name]) - bare) / 1e6:.2f}",
            f"{(statistics.quantiles(taken[server.name], n=100)[98] - bare99) / 1e6:.2f}",
        )
        for server in servers
    }
    print_table(
        f"Added time to the first token ({requests} requests one after another)",
        ("server", "p50, ms", "p99, ms"),
        [(NAMES[name], *times) for name, times in added.items()],
    )
    return {name: " / ".join(times) for name, times in added.items()}


def show_many(servers: Sequence[Server], streams: int, seconds: int) -> Figures:
    rows, figures = [], {}
    for server in servers:
        read(server, "burst-100", 20)
        before = server.memory_bytes()
        peak, readings = before, {}
        model = f"paced-{seconds}-1"
        arguments = [server.stream_url(model), str(streams), "0", server.key]
        command = [sys.executable, "-m", "tests.benchmarks.reader", *arguments]
        with tempfile.TemporaryFile("w+") as told:  # a pipe would be full before the reader has ended
            process = subprocess.Popen(command, cwd=ROOT, stdout=told)
            while process.poll() is None:
                peak = max(peak, server.memory_bytes())
                time.sleep(0.2)
            told.seek(0)
            readings = json.load(told)
        lost = streams * seconds - readings["deltas"]
        memory = (peak - before) / streams / 1000
        figures[server.name] = f"{memory:.0f}"
        rows.append((NAMES[server.name], f"{memory:.0f}", str(readings["unfinished"]), str(lost)))
    print_table(
        f"{streams} streams open at once in one process, a delta a second each",
        ("server", "memory a stream, kB", "streams broken", "deltas lost"),
        rows,
    )
    return figures


def show_stop(provider: str, streams: int) -> None:
    """Ask the application to end while it writes so many answers, and see that each reader is told."""
    with run_server("app", provider) as server:
        read(server, "burst-100", 2)
        arguments = [server.stream_url("paced-600-1"), str(streams), "0", server.key]
        command = [sys.executable, "-m", "tests.benchmarks.reader", *arguments]
        with tempfile.TemporaryFile("w+") as told:
            reader = subprocess.Popen(command, cwd=ROOT, stdout=told)
            while count_running(server) < streams:
                time.sleep(0.5)
            began = time.monotonic()
            server.process.terminate()
            status = server.process.wait(60)
            seconds = time.monotonic() - began
            reader.wait(60)
            told.seek(0)
            readings = json.load(told)
    print_table(
        f"Stopped with SIGTERM while {streams} answers are being written",
        ("exit status", "seconds to exit", "readers told"),
        [(str(status), f"{seconds:.1f}", f"{readings['interrupted']} of {streams}")],
    )


def count_running(server: Server) -> int:
    with urllib.request.urlopen(f"{server.url}/metrics", timeout=60) as answer:
        lines = answer.read().decode().splitlines()
    return next(
        int(float(line.split()[1])) for line in lines if line.startswith("xiaojia_generations_running ")
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a fifth of the time, for a first look")
    parser.add_argument("--litellm", default="", help="the Python of an environment with litellm[proxy]")
    parser.add_argument("--only", default="", help="names of servers, with commas")
    arguments = parser.parse_args()
    names = arguments.only.split(",") if arguments.only else [name for name in NAMES if name != "litellm"]
    if arguments.litellm:
        names.append("litellm")
    else:
        print("LiteLLM's proxy is left out: --litellm takes the Python of an environment that has it.")
    quick = arguments.quick
    with run_provider() as provider, contextlib.ExitStack() as stack:
        servers = [stack.enter_context(run_server(name, provider, arguments.litellm)) for name in names]
        bare = Server("provider", provider, servers[0].process)
        quickest = [server for server in servers if server.name in ("app", "bytes")]
        figures = {
            "burst: CPU a delta, µs": show_bursts(servers, 1 if quick else 3),
            "paced, 50 × 100/s: CPU a delta, µs": show_paced(servers, 50, 100, 3 if quick else 10),
            "paced, 500 × 10/s: CPU a delta, µs": show_paced(quickest, 500, 10, 3 if quick else 10),
            "first token, added: p50 / p99, ms": show_first_token(servers, bare, 50 if quick else 500),
            "memory of an open stream, kB": show_many(quickest, 500 if quick else 2000, 30),
        }
        if "app" in names:
            show_stop(provider, 200 if quick else 2000)
        print_table(
            f"In one table ({os.cpu_count()} cores)",
            ("server", *figures),
            [(NAMES[name], *(column.get(name, "-") for column in figures.values())) for name in names],
        )


if __name__ == "__main__":
    main()
