"""The application as a process that tells its own state: for soak and load.

    async with ProbedApp(folder, OPENAI_BASE_URL=url) as app:
        await app.probe()       # memory after a collection, tasks, open files, children, temporary files

Run as a program it serves the whole application on a free port, prints the address, and answers every line on
its input with one line of JSON: `state` with all of it, `running` with the answers being written.
"""

from __future__ import annotations

import asyncio
import ctypes
import gc
import json
import os
import sys
from collections.abc import Collection
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import uvloop

from app import spare_collector
from tests.child_processes import find_descendants
from tests.servers import RunningApp, run_app

ROOT = Path(__file__).parents[2]
PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
START_SECONDS = 180  # of a machine that is busy with other things
STOP_SECONDS = 30
LINE_BYTES = 1 << 20


@dataclass(frozen=True)
class State:
    """What the process holds. temporary: below its temporary folder, but for copies of stored files."""

    memory_mb: float
    tasks: int
    files: int
    children: int
    temporary: int
    running: int
    objects: int


def measure(app: RunningApp, stored: Collection[str]) -> State:
    """Return what it holds, beside copies of the files with these ids."""
    gc.collect()
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim:
        trim(0)  # what the allocator keeps for later is not what the application holds
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    left = Path(os.environ["TMPDIR"]).rglob("*")
    return State(
        memory_mb=round(pages * PAGE_BYTES / 1e6, 1),
        tasks=len(asyncio.all_tasks()),
        files=len(os.listdir("/proc/self/fd")),
        children=len(find_descendants(os.getpid())),
        temporary=sum(path.name.partition(".")[0] not in stored for path in left),
        running=app.engine.running,
        objects=len(gc.get_objects()),
    )


class ProbedApp:
    """The process, from outside. Everything that it writes is below `folder`."""

    def __init__(self, folder: Path, *, pages: int = 0, **environ: str) -> None:
        self._folder = folder
        self._environ = environ
        self._pages = pages  # that are remembered, so that a short run can fill them; 0: as many as ever
        self.url = ""

    async def __aenter__(self) -> Self:
        temporary = self._folder / "temporary"
        temporary.mkdir()
        kept = {name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "LANG")}
        arguments = [str(self._folder), json.dumps(self._environ), str(self._pages)]
        self._process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "tests.benchmarks.probed_app", *arguments,
            cwd=ROOT, env=kept | {"TMPDIR": str(temporary), "GRADIO_TEMP_DIR": str(temporary / "gradio")},
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, limit=LINE_BYTES,
        )  # fmt: skip
        try:
            async with asyncio.timeout(START_SECONDS):
                self.url = await self._read()
        except BaseException:
            await self._end()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._end()

    async def _end(self) -> None:
        assert self._process.stdin
        self._process.stdin.close()
        try:
            async with asyncio.timeout(STOP_SECONDS):
                await self._process.wait()
        except TimeoutError:
            self._process.kill()
            await self._process.wait()

    @property
    def pid(self) -> int:
        return self._process.pid

    async def probe(self) -> State:
        """Return the state after a collection, for which everything else in the process stands still."""
        return State(**await self._ask("state"))

    async def count_running(self) -> int:
        """Return how many answers are being written; costs the process nothing."""
        return int((await self._ask("running"))["running"])

    async def _ask(self, question: str) -> dict[str, Any]:
        assert self._process.stdin
        self._process.stdin.write(f"{question}\n".encode())
        await self._process.stdin.drain()
        answer: dict[str, Any] = json.loads(await self._read())
        return answer

    async def _read(self) -> str:
        assert self._process.stdout
        line = (await self._process.stdout.readline()).decode().strip()
        assert line, "the application has ended"
        return line


async def _serve(folder: Path, environ: dict[str, str], pages: int) -> None:
    lines = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    async with run_app(folder, **environ) as app:
        if pages:
            whole: Any = app.server.config.app
            whole.state.page.gradio_app.state_holder.capacity = pages
        spare_collector()
        print(app.url, flush=True)
        while question := await lines.readline():
            if question == b"running\n":
                answer = {"running": app.engine.running}
            else:
                answer = asdict(measure(app, await _read_ids(app)))
            print(json.dumps(answer), flush=True)


async def _read_ids(app: RunningApp) -> set[str]:
    """Return the ids of all stored files."""
    now = datetime.now(UTC)
    return {id for store in app.engine._stores.all for id, _ in await store.expired_attachments(now)}


def allow_many_files() -> int:
    """Raise the limit of open files as far as it goes; return it."""
    import resource

    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    return most


if __name__ == "__main__":
    allow_many_files()
    uvloop.run(_serve(Path(sys.argv[1]), json.loads(sys.argv[2]), int(sys.argv[3])))
