"""A short soak of three replicas: as many faults as there are kinds, at random."""

from __future__ import annotations

from pathlib import Path

from tests.benchmarks.replica_soak import FAULTS, replica_soak


async def test_faults_at_random_lose_double_and_misreport_nothing(tmp_path: Path) -> None:
    report = await replica_soak(seconds=60, streams=12, pause=3, seed=1, folder=tmp_path)
    assert report.wrong == [], report.show()
    assert sum(report.faults.values()) >= 3, FAULTS
    assert report.ends["stored"] > 12
