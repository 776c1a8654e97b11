"""A download of weights that can be paused, resumed and watched: its state, and the child that does it.

Knows no page and no llama.cpp. The child is chat.local_model.hub_download.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import os
import sys
from pathlib import Path
from typing import Any, Literal

from chat.local_model.hub_download import find_blobs
from chat.local_model.weights import HubFile, Weights

PROJECT = Path(__file__).parents[2]
QUIET = {"HF_HUB_DISABLE_PROGRESS_BARS": "1", "HF_HUB_DISABLE_TELEMETRY": "1"}
State = Literal["offered", "running", "paused", "failed", "done"]

log = logging.getLogger(__name__)


class WeightsDownload:
    """A file of the Hub on its way to this machine.

    received, total: bytes; the total is an estimate until the Hub has named it. fault: of a failed download:
    `unreachable`, `absent`, `gated`, `altered`, `disk` or `ended`.
    """

    def __init__(self, wanted: HubFile, size: int = 0) -> None:
        self.wanted = wanted
        self.total = size
        parts = find_blobs(wanted.repository).glob("*.part")  # of a download before a restart
        self.received = max((part.stat().st_size for part in parts), default=0)
        self.state: State = "paused" if self.received else "offered"
        self.fault = ""
        self._task: asyncio.Task[None] | None = None
        self._weights: asyncio.Future[Weights] = asyncio.get_running_loop().create_future()

    @property
    def name(self) -> str:
        return self.wanted.name

    def start(self) -> None:
        """Begin, or go on where it stopped. Idempotent."""
        if self.state in ("running", "done"):
            return
        self.state, self.fault = "running", ""
        self._task = asyncio.create_task(self._run(self._task), name="downloading weights")

    def pause(self) -> None:
        """End the child; what has arrived is kept. Idempotent."""
        if self.state == "running" and self._task:
            self.state = "paused"
            self._task.cancel()

    async def wait(self) -> Weights:
        """Return the weights when they have arrived, however often the download stops before."""
        return await asyncio.shield(self._weights)

    async def aclose(self) -> None:
        """End the child, and wait for its end."""
        self.pause()
        if self._task:
            await asyncio.wait([self._task])

    async def _run(self, earlier: asyncio.Task[None] | None) -> None:
        if earlier:  # its child has the file open until it ends
            await asyncio.wait([earlier])
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "chat.local_model.hub_download",
            cwd=PROJECT, env=os.environ | QUIET, start_new_session=True,  # Ctrl-C reaches the app only
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
        )  # fmt: skip
        assert process.stdin
        assert process.stdout
        job = {"repository": self.wanted.repository, "file": self.wanted.file}
        try:
            with contextlib.suppress(ConnectionError):
                process.stdin.write(json.dumps(job).encode() + b"\n")
                await process.stdin.drain()
            said: dict[str, Any] = {}
            async for line in process.stdout:
                said = json.loads(line)
                self._hear(said)
            if "path" not in said and "fault" not in said:  # the state may be that of the next child already
                self._fail("ended")
        finally:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()

    def _hear(self, said: dict[str, Any]) -> None:
        if "path" in said:
            self.state = "done"
            self._weights.set_result(Weights(Path(said["path"]), self.name))
        elif "fault" in said:
            self._fail(said["fault"])
        else:
            self.received, self.total = said["received"], said["total"] or self.total

    def _fail(self, fault: str) -> None:
        self.state, self.fault = "failed", fault
        log.warning("%s was not downloaded from the Hugging Face Hub: %s", self.name, fault)
