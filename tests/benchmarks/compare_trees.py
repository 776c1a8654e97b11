"""CPU time of two versions of the application, in alternating runs:

    python -m tests.benchmarks.compare_trees FOLDER [--rounds 5] [--load]

FOLDER: a work tree of the version before (`git worktree add --detach FOLDER COMMIT`). Both serve at once and
are measured in turn, by the CPU time of their own processes: what else the machine does strikes both.
--load: `tests.benchmarks.load` of each tree too, which takes minutes. Prints medians and their ratio.
"""

from __future__ import annotations

import argparse
import re
import statistics
import subprocess
import sys
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from tests.benchmarks.streams import (
    BURST_DELTAS,
    BURST_STREAMS,
    ROOT,
    Server,
    measure,
    print_table,
    read,
    run_provider,
    run_server,
)

LOAD_CPU = re.compile(r"CPU of the application \| ([\d.]+) s")
LOAD_ANSWERS = re.compile(r"(?:running at once|newcomers of other networks admitted) \| (\d+)")
PACED_STREAMS, PACED_RATE, PACED_SECONDS = 50, 100, 3


def burst(server: Server) -> float:
    """Return microseconds of CPU per delta."""
    return measure(server, f"burst-{BURST_DELTAS}", BURST_STREAMS, BURST_DELTAS).cpu


def paced(server: Server) -> float:
    deltas = PACED_RATE * PACED_SECONDS
    return measure(server, f"paced-{deltas}-{1 / PACED_RATE}", PACED_STREAMS, deltas).cpu


def load_of(tree: Path) -> float:
    """Return milliseconds of CPU per answer under the load of that tree: newer ones admit newcomers too."""
    command = [sys.executable, "-m", "tests.benchmarks.load"]
    done = subprocess.run(command, cwd=tree, check=False, capture_output=True, text=True)
    found = LOAD_CPU.search(done.stdout)
    if not found:
        raise SystemExit(f"The load of {tree} has no figure: {done.stdout[-500:]}{done.stderr[-500:]}")
    return float(found[1]) * 1000 / sum(map(int, LOAD_ANSWERS.findall(done.stdout)))


def alternate(rounds: int, before: Callable[[], float], now: Callable[[], float]) -> Sequence[str]:
    """Run both in turn; return the cells of a row."""
    pairs = [(before(), now()) for _ in range(rounds)]
    old, new = (statistics.median(values) for values in zip(*pairs, strict=True))
    ratios = [new / old for old, new in pairs]
    return f"{old:.1f}", f"{new:.1f}", f"{new / old:.2f}", f"{min(ratios):.2f} to {max(ratios):.2f}"


def main() -> None:
    parser = argparse.ArgumentParser(description="See the first lines of this file.")
    parser.add_argument("tree", type=Path)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--load", action="store_true")
    given = parser.parse_args()
    tree = given.tree.resolve()
    rows: list[Sequence[str]] = []
    with (
        run_provider() as provider,
        run_server("app", provider, tree=tree) as before,
        run_server("app", provider) as now,
    ):
        for server in (before, now):
            read(server, "burst-100", 2)
        for name, cost in (("burst, µs a delta", burst), ("paced, 50 × 100/s, µs a delta", paced)):
            cells = alternate(given.rounds, partial(cost, before), partial(cost, now))
            rows.append((name, *cells))
    if given.load:
        cells = alternate(given.rounds, partial(load_of, tree), partial(load_of, ROOT))
        rows.append(("make load, CPU, ms an answer", *cells))
    title = f"CPU time, medians of {given.rounds} alternating runs"
    print_table(title, ("", "before", "now", "ratio of the medians", "ratios of the runs"), rows)


if __name__ == "__main__":
    main()
