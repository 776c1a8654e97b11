"""A Hugging Face Hub on loopback: the requests that a download makes, answered as the Hub does.

`with serve_hub(files) as hub`, then `hub.url` as HF_ENDPOINT. `hub.allow(bytes)` lets as many of each file
pass; without it all do. ranges: the Range header of each GET.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Condition, Thread

import pytest
from huggingface_hub import constants

COMMIT = "0123456789abcdef0123456789abcdef01234567"
PIECE_BYTES = 1 << 16
CODES = {"absent": (404, "RepoNotFound"), "gated": (403, "GatedRepo")}


class Hub:
    """files: content by `owner/repo/file`. hashes: what the Hub says that a file's SHA-256 is."""

    def __init__(self, files: Mapping[str, bytes]) -> None:
        self.files = files
        self.hashes = {name: hashlib.sha256(content).hexdigest() for name, content in files.items()}
        self.ranges: list[str | None] = []
        self.cuts = 0  # so many of the next responses break off in the middle
        self.url = ""
        self._allowed: int | None = None
        self._changed = Condition()

    def allow(self, count: int | None) -> None:
        with self._changed:
            self._allowed = count
            self._changed.notify_all()

    def wait_for(self, position: int) -> None:
        """Return when the byte at the position may pass."""
        with self._changed:
            self._changed.wait_for(lambda: self._allowed is None or position < self._allowed)


@contextmanager
def serve_hub(files: Mapping[str, bytes]) -> Iterator[Hub]:
    hub = Hub(files)
    handler = type("HubRequest", (_Request,), {"hub": hub})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        server.daemon_threads = True
        hub.url = f"http://127.0.0.1:{server.server_port}"
        thread = Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield hub
        finally:
            hub.allow(None)
            server.shutdown()
            thread.join()


def point_at(hub: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let this process, and those that it starts, use this Hub."""
    monkeypatch.setenv("HF_ENDPOINT", hub)
    monkeypatch.setattr(constants, "ENDPOINT", hub)
    template = "/{repo_id}/resolve/{revision}/{filename}"
    monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", hub + template)


class _Request(BaseHTTPRequestHandler):
    hub: Hub

    def do_HEAD(self) -> None:
        self._answer(is_body=False)

    def do_GET(self) -> None:
        self.hub.ranges.append(self.headers["Range"])
        self._answer(is_body=True)

    def _answer(self, *, is_body: bool) -> None:
        name = self.path.removeprefix("/").replace("resolve/main/", "").replace(f"resolve/{COMMIT}/", "")
        if name not in self.hub.files:
            status, code = CODES.get(name.split("/")[1], (404, "EntryNotFound"))
            self.send_response(status)
            self.send_header("X-Error-Code", code)
            self.send_header("Content-Length", "0")
            return self.end_headers()
        content, first = self.hub.files[name], 0
        if is_body and self.headers["Range"]:
            first = int(self.headers["Range"].removeprefix("bytes=").partition("-")[0])
        self.send_response(206 if first else 200)
        self.send_header("ETag", f'"{self.hub.hashes[name]}"')
        self.send_header("X-Repo-Commit", COMMIT)
        self.send_header("Content-Length", str(len(content) - first))
        if first:
            self.send_header("Content-Range", f"bytes {first}-{len(content) - 1}/{len(content)}")
        self.end_headers()
        if is_body:
            with suppress(ConnectionError):
                self._send(content, first)
        return None

    def _send(self, content: bytes, first: int) -> None:
        last = len(content)
        if self.hub.cuts:
            self.hub.cuts -= 1
            last = first + (last - first) // 2
            self.close_connection = True
        for start in range(first, last, PIECE_BYTES):
            self.hub.wait_for(start)
            self.wfile.write(content[start : min(start + PIECE_BYTES, last)])

    def log_message(self, format: str, *args: object) -> None:
        pass
