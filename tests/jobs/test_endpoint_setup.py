"""Where completions come from, while the embedded model is still being fetched."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
# A download that never ends, in a process of its own: what holds its end up is seen from outside alone.
ENDING_WHILE_IT_FETCHES = """
import asyncio, sys, threading
from chat.jobs import endpoint_setup
from chat.engine import Engine
from chat.settings import Settings

async def main():
    fetching = asyncio.Event()
    loop = asyncio.get_running_loop()

    def fetch(local_model):
        loop.call_soon_threadsafe(fetching.set)
        threading.Event().wait()

    endpoint_setup.find_weights, endpoint_setup.fetch_weights = lambda local_model: None, fetch
    engine = Engine(Settings.from_env({"DATA_DIR": sys.argv[1]}))
    async with endpoint_setup.connect(engine.settings, engine.models):
        await fetching.wait()
        print(engine.notice)

asyncio.run(main())
"""


def test_a_download_does_not_hold_up_the_end(tmp_path: Path) -> None:
    command = [sys.executable, "-c", ENDING_WHILE_IT_FETCHES, str(tmp_path)]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=True)
    assert ended.stdout == "The embedded model is being fetched; until it is there, only `quotes` answers.\n"
    assert "Traceback" not in ended.stderr
