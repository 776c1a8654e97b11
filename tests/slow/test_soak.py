"""A short soak: visitors who come and go, with faults and files, and leave nothing behind."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.benchmarks.probed_app import State
from tests.benchmarks.soak import find_leaks, soak

VISITS_MIN = 20  # in any case, on a machine that is busy with other things


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="counts in /proc")
async def test_visitors_leave_nothing_behind(tmp_path: Path) -> None:
    report = await soak(seconds=20, visitors=6, warm_up=8, folder=tmp_path, pages=10)
    assert report.wrong == []
    assert report.leaks == [], report.show()
    assert sum(report.counts.values()) > VISITS_MIN


def test_what_is_left_over_is_told() -> None:
    before = State(memory_mb=200, tasks=9, files=25, children=2, temporary=5, running=0, objects=1)
    after = State(memory_mb=300, tasks=20, files=40, children=4, temporary=9, running=1, objects=9)
    assert find_leaks(before, before) == []
    assert [leak.partition(":")[0] for leak in find_leaks(before, after)] == [
        *("tasks", "files", "children", "temporary", "running", "memory"),
    ]
