"""nginx as Debian ships it, in front of a port.

Without more, with its defaults: buffering on, 60 s time-outs. `deployed` is the server that deploy/nginx.conf
describes, `deployed_replicas` that of deploy/nginx-replicas.conf. Its configuration, its port and its files
are the test's own. Knows no application.
"""

from __future__ import annotations

import asyncio
import shutil
import signal
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.child_processes import end_with_parent
from tests.provider import closed_port

PROGRAM = shutil.which("nginx", path="/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin")
DEPLOY = Path(__file__).resolve().parent.parent / "deploy"
DEPLOYED, REPLICAS = DEPLOY / "nginx.conf", DEPLOY / "nginx-replicas.conf"
CONFIGURATION = """
daemon off;
master_process off;
pid FOLDER/nginx.pid;
error_log stderr;
events { }
http {
    access_log off;
    client_body_temp_path FOLDER/body;
    proxy_temp_path FOLDER/proxy;
    fastcgi_temp_path FOLDER/fastcgi;
    uwsgi_temp_path FOLDER/uwsgi;
    scgi_temp_path FOLDER/scgi;
    SERVER
}
"""
PLAIN = """
    server {
        listen 127.0.0.1:PORT;
        location / { proxy_pass http://127.0.0.1:UPSTREAM; }
    }
"""


def deployed(*, prefix: str = "", certificate: Path | None = None, more: str = "") -> str:
    """Return deploy/nginx.conf for a test, changed only as it says itself for a prefix.

    certificate: a file with key and certificate, for TLS. more: further servers.
    """
    tls = f" ssl;\n    ssl_certificate {certificate};\n    ssl_certificate_key {certificate};"
    changes = {
        "listen 80;": f"listen 127.0.0.1:PORT{tls if certificate else ';'}",
        "server 127.0.0.1:7860;": "server 127.0.0.1:UPSTREAM;",
    }
    if prefix:
        changes["location / {"] = f"location {prefix}/ {{"
        changes["proxy_pass http://xiaojia;"] = "proxy_pass http://xiaojia/;"
    text = DEPLOYED.read_text()
    for old, new in changes.items():
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    return text + more


def deployed_replicas(ports: Sequence[int]) -> str:
    """Return deploy/nginx-replicas.conf for replicas on these ports, at most three."""
    text = REPLICAS.read_text().replace("listen 80;", "listen 127.0.0.1:PORT;")
    for at, number in enumerate((11, 12, 13)):
        old = f"server 172.30.77.{number}:7860 max_fails=0;"
        assert text.count(old) == 1, old
        text = text.replace(old, f"server 127.0.0.1:{ports[at]} max_fails=0;" if at < len(ports) else "")
    return text


class Nginx:
    """Runs between `async with`; `restart` drops every connection, as a deployment does."""

    def __init__(self, folder: Path, upstream: int, server: str = PLAIN) -> None:
        self.port = closed_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._folder, self._upstream = folder, upstream
        self._file = folder / "nginx.conf"
        self._write(server)

    async def __aenter__(self) -> Self:
        await self._start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._stop()

    async def restart(self, server: str = "") -> None:
        """Stop it at once, and start it again on the same port, with another server where one is given."""
        await self._stop()
        if server:
            self._write(server)
        await self._start()

    def _write(self, server: str) -> None:
        values = {"SERVER": server, "FOLDER": self._folder, "PORT": self.port, "UPSTREAM": self._upstream}
        text = CONFIGURATION
        for name, value in values.items():
            text = text.replace(name, str(value))
        self._file.write_text(text)

    async def _start(self) -> None:
        assert PROGRAM
        self._process = await asyncio.create_subprocess_exec(
            *(PROGRAM, "-e", "stderr", "-c", self._file),
            stderr=asyncio.subprocess.DEVNULL,
            preexec_fn=end_with_parent(),
        )
        while True:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", self.port)
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
