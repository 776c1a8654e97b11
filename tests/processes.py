"""The application as a process of its own: `python app.py`, as people start it.

    async with AppProcess(tmp_path, OPENAI_BASE_URL=provider.url) as process:
        process.url, process.client, await process.stop()

It runs in a session of its own, so that what it leaves behind can be found, and is killed when pytest ends in
whatever way. Needs /proc.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from pathlib import Path
from types import TracebackType
from typing import Self

import httpx

from tests.artifacts import ARTIFACTS
from tests.child_processes import end_with_parent

ROOT = Path(__file__).resolve().parent.parent
START_SECONDS = 180  # of a machine that is busy with other things
STOP_SECONDS = 180
CLIENT_SECONDS = 60


class AppProcess:
    """Started on entering, and ended with everything that it started on leaving."""

    python = Path(sys.executable)
    program = ROOT / "app.py"

    def __init__(self, folder: Path, **environ: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._environ = environ
        self.url = ""
        self.output = ""

    async def __aenter__(self) -> Self:
        kept = {name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "LANG")}
        environ = {
            "DATA_DIR": str(self._folder / "data"),
            "GRADIO_SERVER_PORT": "0",
            "OCR": "off",
            **self._environ,
        }
        self._process = await asyncio.create_subprocess_exec(
            self.python,
            self.program,
            cwd=self._folder,
            env=kept | {"GRADIO_ANALYTICS_ENABLED": "False"} | environ,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=end_with_parent(),
        )
        self._reading = asyncio.create_task(self._read_output())
        try:
            async with asyncio.timeout(START_SECONDS):
                await self._wait_until_it_answers()
        except BaseException:
            self.keep_output()
            await self._end()
            raise
        self.client = httpx.AsyncClient(base_url=self.url, timeout=CLIENT_SECONDS)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error or ARTIFACTS.has_failed:
            self.keep_output()
        await self.client.aclose()
        await self._end()

    def keep_output(self) -> None:
        ARTIFACTS.write(f"server-{ARTIFACTS.number()}.log", self.output)

    async def _end(self) -> None:
        for pid in self.processes():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        await self._process.wait()
        await self._reading

    @property
    def pid(self) -> int:
        return self._process.pid

    def send(self, number: signal.Signals) -> None:
        self._process.send_signal(number)

    async def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Send a signal; return the exit status. Raises TimeoutError where it does not end."""
        self.send(number)
        async with asyncio.timeout(STOP_SECONDS):
            return await self._process.wait()

    def processes(self) -> list[int]:
        """Return the process and all that it started, as far as they are alive."""
        return [pid for pid in map(int, filter(str.isdigit, os.listdir("/proc"))) if self._is_ours(pid)]

    async def wait_until_alone(self, timeout: float = 15) -> None:
        """Return when no process of its session is left."""
        async with asyncio.timeout(timeout):
            while self.processes():
                await asyncio.sleep(0.02)

    def _is_ours(self, pid: int) -> bool:
        try:
            state, _, _, session = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[:4]
        except (FileNotFoundError, ProcessLookupError):
            return False
        return int(session) == self._process.pid and state != "Z"

    async def _read_output(self) -> None:
        assert self._process.stdout
        async for line in self._process.stdout:
            self.output += line.decode()

    async def _wait_until_it_answers(self) -> None:
        async with httpx.AsyncClient() as client:
            while True:
                assert self._process.returncode is None, self.output
                self.url = next(
                    (word for word in self.output.split() if word.startswith("http://127.0.0.1:")), ""
                )
                with contextlib.suppress(httpx.TransportError):
                    if self.url and (await client.get(self.url + "/healthz")).status_code == 200:
                        return
                await asyncio.sleep(0.05)


class RoutesProcess(AppProcess):
    """The same without the page: it starts in a moment."""

    program = ROOT / "tests" / "routes_process.py"
