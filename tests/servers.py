"""The app under test on a real socket. `run_app` serves all of it, `run_routes` everything but the page.

`async with run_app(folder, OPENAI_BASE_URL=provider.url) as app`, then `app.url`, `app.engine`, `app.client`.
`run_app` costs about 1 s of CPU, `run_routes` 0.4 s: a test that does not need the page uses the latter.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncGenerator, Generator
from dataclasses import dataclass
from pathlib import Path

import httpx
import uvicorn
from fastapi import FastAPI

from chat.engine import Engine
from chat.http.middleware.route_cors import add_cors
from chat.http.routes import add_routes
from chat.jobs import endpoint_setup
from chat.settings import Settings


class RoutesServer(uvicorn.Server):
    """uvicorn that leaves signals to the process, as app.py's server does."""

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        """Take none: uvicorn's own end on SIGTERM cuts running answers after two seconds."""
        yield


@dataclass
class RunningApp:
    """url has no slash at its end."""

    url: str
    engine: Engine
    client: httpx.AsyncClient
    server: uvicorn.Server
    settings: Settings


def make_settings(folder: Path, **environ: str) -> Settings:
    """Settings from these variables alone; data goes below `folder`."""
    given = {
        "DATA_DIR": str(folder / "data"),
        "GRADIO_SERVER_PORT": "0",
        "TITLES": "words",
        "OCR": "off",
        **environ,
    }
    return Settings.from_env(given)


@contextlib.asynccontextmanager
async def run_app(folder: Path, **environ: str) -> AsyncGenerator[RunningApp, None]:
    """Serve the whole application on a free port of the loopback."""
    from app import create_app, create_server  # here: tests and replicas without the page do not load Gradio

    settings = make_settings(folder, **environ)
    app = create_app(settings)
    with _page_socket() as taken:
        async with _serve(app, create_server(app, settings), settings, taken) as running:
            yield running


@contextlib.asynccontextmanager
async def run_routes(folder: Path, **environ: str) -> AsyncGenerator[RunningApp, None]:
    """Serve the routes alone, without the page."""
    async with run_settings(make_settings(folder, **environ)) as running:
        yield running


@contextlib.asynccontextmanager
async def run_settings(settings: Settings, port: int = 0) -> AsyncGenerator[RunningApp, None]:
    """The same with settings that are made already. port: 0 for any that is free."""
    engine = Engine(settings)

    @contextlib.asynccontextmanager
    async def live(app: FastAPI) -> AsyncGenerator[None, None]:
        await engine.open()
        async with endpoint_setup.connect(engine.settings, engine.models):
            yield
            await engine.aclose()

    app = FastAPI(lifespan=live)
    app.state.engine = engine
    add_cors(app, settings.cors_origins)
    add_routes(app)
    config = uvicorn.Config(app, log_level="warning", timeout_graceful_shutdown=2, timeout_keep_alive=60)
    with _listen(port) as taken:
        async with _serve(app, RoutesServer(config), settings, taken) as running:
            yield running


def _listen(port: int) -> socket.socket:
    """Return a listening socket that names its protocol, as that of the application does."""
    made = socket.create_server(("127.0.0.1", port))
    return socket.socket(made.family, made.type, socket.IPPROTO_TCP, fileno=made.detach())


_FREE: list[socket.socket] = []  # listening sockets that no application uses now


@contextlib.contextmanager
def _page_socket() -> Generator[socket.socket, None, None]:
    """Give applications with the page the same addresses, one after another; others never get them.

    Of an address that it knows Chromium has the compiled scripts: a first page costs 2 CPU s, not 5.5.
    """
    kept = _FREE.pop() if _FREE else _listen(0)
    try:
        with kept.dup() as taken:
            yield taken
    finally:
        _FREE.append(kept)


@contextlib.asynccontextmanager
async def _serve(
    app: FastAPI, server: uvicorn.Server, settings: Settings, taken: socket.socket
) -> AsyncGenerator[RunningApp, None]:
    """Serve on a socket that listens already."""
    url = f"http://127.0.0.1:{taken.getsockname()[1]}"
    serving = asyncio.create_task(server.serve(sockets=[taken]))
    while not server.started:
        if serving.done():
            await serving
        await asyncio.sleep(0.01)
    try:
        async with httpx.AsyncClient(base_url=url, timeout=30) as client:
            yield RunningApp(url, app.state.engine, client, server, settings)
    finally:
        await app.state.engine.end_generations()
        server.should_exit = True
        await serving
