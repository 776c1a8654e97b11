"""CPU time of reading PDFs by two versions of the application, in alternating runs:

    CORPORA=... python -m tests.benchmarks.compare_reading FOLDER [--rounds 5] [folder in CORPORA ...]

FOLDER: a work tree of the version before (`git worktree add --detach FOLDER COMMIT`). Each run is a process
of its own that has read everything once before it is timed. Files with rows of tables in this version stand
apart. Prints medians of the seconds, and the ratio of each run.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
from pathlib import Path

from tests.benchmarks.streams import ROOT, print_table

LARGEST = 3_000_000  # bytes of a file
FEWEST_BARS = 3  # of a text with a table
# Runs in either tree: prints for each file its seconds, and how many bars its text has.
READ = """
import contextlib, json, sys, time
from pathlib import Path
from chat.extraction.source import Source
from chat.extraction.worker import read
seconds, bars = {}, {}
for path in sys.argv[1:] * 2:
    began, pages = time.process_time(), []
    with contextlib.suppress(Exception):
        pages.extend(read(Source(Path(path), Path(path).name)))
    seconds[path] = time.process_time() - began
    bars[path] = sum(getattr(page, "text", "").count(" | ") for page in pages)
print(json.dumps([seconds, bars]))
"""


def measure(tree: Path, files: list[str]) -> tuple[dict[str, float], dict[str, int]]:
    """Return seconds and bars of each file."""
    done = subprocess.run(
        [sys.executable, "-c", READ, *files], cwd=tree, check=True, capture_output=True, text=True
    )
    seconds, bars = json.loads(done.stdout.splitlines()[-1])
    return seconds, bars


def main() -> None:
    parser = argparse.ArgumentParser(description="See the first lines of this file.")
    parser.add_argument("tree", type=Path)
    parser.add_argument("folders", nargs="*", default=["pdf", "printed"])
    parser.add_argument("--rounds", type=int, default=5)
    given = parser.parse_args()
    found = [path for name in given.folders for path in (Path(os.environ["CORPORA"]) / name).rglob("*.pdf")]
    files = sorted(str(path) for path in found if path.stat().st_size <= LARGEST)
    before, now = list[dict[str, float]](), list[dict[str, float]]()
    bars: dict[str, int] = {}
    for _ in range(given.rounds):
        before.append(measure(given.tree.resolve(), files)[0])
        seconds, bars = measure(ROOT, files)
        now.append(seconds)
    rows = []
    for name, has_table in (("without tables", False), ("with tables", True)):
        chosen = [file for file in files if (bars[file] >= FEWEST_BARS) == has_table]
        pairs = [
            (sum(one[file] for file in chosen), sum(two[file] for file in chosen))
            for one, two in zip(before, now, strict=True)
        ]
        ratios = sorted(new / old for old, new in pairs)
        old, new = (statistics.median(values) for values in zip(*pairs, strict=True))
        cells = (
            f"{old:.2f}",
            f"{new:.2f}",
            f"{statistics.median(ratios):.2f}",
            f"{ratios[0]:.2f} to {ratios[-1]:.2f}",
        )
        rows.append((f"{len(chosen)} files {name}", *cells))
    print_table("CPU seconds", ("", "before", "now", "ratio", "ratios of the runs"), rows)


if __name__ == "__main__":
    main()
