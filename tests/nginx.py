"""nginx as Debian ships it, in front of a port, with its defaults: buffering on, 60 s time-outs.

Its configuration, its port and its files are the test's own. Knows no application.
"""

from __future__ import annotations

import asyncio
import shutil
import signal
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.provider import closed_port

PROGRAM = shutil.which("nginx", path="/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin")
CONFIGURATION = """
daemon off;
master_process off;
pid {folder}/nginx.pid;
error_log stderr;
events {{ }}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    server {{
        listen 127.0.0.1:{port};
        location / {{ proxy_pass http://127.0.0.1:{upstream}; }}
    }}
}}
"""


class Nginx:
    """Runs between `async with`; `restart` drops every connection, as a deployment does."""

    def __init__(self, folder: Path, upstream: int) -> None:
        self._port = closed_port()
        self._file = folder / "nginx.conf"
        self._file.write_text(CONFIGURATION.format(folder=folder, port=self._port, upstream=upstream))
        self.url = f"http://127.0.0.1:{self._port}"

    async def __aenter__(self) -> Self:
        await self._start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._stop()

    async def restart(self) -> None:
        """Stop it at once, and start it again on the same port."""
        await self._stop()
        await self._start()

    async def _start(self) -> None:
        assert PROGRAM
        self._process = await asyncio.create_subprocess_exec(
            PROGRAM, "-e", "stderr", "-c", self._file, stderr=asyncio.subprocess.DEVNULL
        )
        while True:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", self._port)
            except ConnectionRefusedError:
                assert self._process.returncode is None, "nginx did not start"
                await asyncio.sleep(0.02)
                continue
            writer.close()
            await writer.wait_closed()
            return

    async def _stop(self) -> None:
        self._process.send_signal(signal.SIGTERM)
        await self._process.wait()
