"""A short load: users of the page and streams at once, to the limit of running answers and beyond it."""

from __future__ import annotations

from pathlib import Path

from tests.benchmarks.load import load

DELTAS, PAUSE = 60, 0.5  # answers take half a minute: on a busy machine too, all have begun before one ends


async def test_no_delta_is_lost_and_what_comes_beyond_the_limit_is_refused(tmp_path: Path) -> None:
    outcome = await load(users=10, streams=40, deltas=DELTAS, pause=PAUSE, folder=tmp_path)
    assert outcome.is_good, [outcome.show(), *outcome.failures]
