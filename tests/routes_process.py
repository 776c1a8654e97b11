"""The routes without the page, as a process of its own: a replica that starts quickly, for tests of faults.

    python tests/routes_process.py        # with the settings in the environment; prints its URL like app.py

What belongs to a signal is as in app.py: a grace for running answers, their endings, then the sockets.
"""

from __future__ import annotations

import asyncio
import signal
import sys
from pathlib import Path

# Not this file's folder: its `http` would hide the standard library's.
sys.path.pop(0)
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from chat.settings import Settings
from tests.servers import run_settings


async def main() -> None:
    settings = Settings.from_env()
    stopped = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopped.set)
    async with run_settings(settings, settings.port) as app:
        print(f"Routes: {app.url}", flush=True)
        await stopped.wait()
        await app.engine.drain()


if __name__ == "__main__":
    asyncio.run(main())
