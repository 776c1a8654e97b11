"""小加 Xiaojia, put together: settings -> engine -> routes -> Gradio -> one uvicorn, on one event loop.

Run: `python app.py` (or `make run`, which does the set-up too). No logic lives here, only what
belongs to whom: the engine opens before the first request and closes after the last reader has its ending.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import importlib.util
import logging
import signal
import socket
import sys
from collections.abc import AsyncGenerator
from functools import partial
from pathlib import Path
from types import FrameType
from typing import Any

import uvicorn
from fastapi import FastAPI

from chat import __version__
from chat.asset_files import ASSETS
from chat.cluster.peers import check_redis
from chat.engine import Engine
from chat.errors import ChatError, SettingError
from chat.gradio_frontend import change_file, frontend_folder
from chat.gradio_internals import MountedPage
from chat.http.bounded_protocol import BoundedProtocol, ConnectionShares, raise_file_limit
from chat.http.loop_steps import LoopSteps
from chat.http.middleware.content_policy import security_headers
from chat.http.middleware.gradio_allowlist import GradioAllowlistMiddleware
from chat.http.middleware.gradio_sessions import GradioSessionMiddleware
from chat.http.middleware.gradio_uploads import GradioUploadMiddleware
from chat.http.middleware.login_cookies import LoginCookieMiddleware
from chat.http.middleware.login_throttle import LoginThrottleMiddleware
from chat.http.middleware.page_document import PageDocumentMiddleware
from chat.http.middleware.path_prefix import PathPrefixMiddleware
from chat.http.middleware.request_bodies import RequestBodyMiddleware
from chat.http.middleware.request_log import RequestLogMiddleware
from chat.http.middleware.request_origin import RequestOriginMiddleware
from chat.http.middleware.route_cors import add_cors
from chat.http.middleware.security_headers import SecurityHeadersMiddleware
from chat.http.middleware.static_files import StaticFile, StaticFilesMiddleware
from chat.http.middleware.upload_places import UploadPlacesMiddleware
from chat.http.routes import add_routes, build_routes, match_page_first
from chat.jobs import endpoint_setup
from chat.settings import Settings
from chat.telemetry import logs
from chat.ui.page import create_page
from chat.ui.page_head import PageHead
from chat.ui.theme import create_theme

LOOK_SECONDS, PAGES_LOOKS, CALM_LOOKS = 0.02, 75, 20  # whether what pages have asked is answered
ACCEPTED = 16  # connections in one step of the loop
GRACE_SECONDS = 2  # for a reader that does not read; the others have their ending at once


def create_app(settings: Settings) -> FastAPI:
    """Return the whole application. Nothing is started before its lifespan begins."""
    engine = Engine(settings)

    @contextlib.asynccontextmanager
    async def live(app: FastAPI) -> AsyncGenerator[None, None]:
        await engine.open()
        async with endpoint_setup.connect(engine.settings, engine.models):
            yield
            await engine.aclose()

    # The schema and its page are chat.http.documentation_routes, which observe PUBLIC_DOCS.
    app = FastAPI(title="小加 Xiaojia", version=__version__, lifespan=live, openapi_url=None)
    app.state.engine = engine
    add_cors(app, settings.cors_origins)
    add_routes(app)
    page = create_page(engine)
    app.state.page = MountedPage.mount(app, page, **_mount_options(engine))
    match_page_first(app, app.state.page.gradio_app)
    build_routes(app)
    _add_page_files(app, PageHead(page, settings.assistant_name, has_replicas=bool(settings.redis_url)))
    _add_middleware(app, engine, app.state.page)
    return app


def _add_page_files(app: FastAPI, head: PageHead) -> None:
    """Add what serves the page's document and its static files, inside of all other middleware."""
    app.add_middleware(PageDocumentMiddleware, compose=head.compose)
    app.add_middleware(
        StaticFilesMiddleware,
        made={path: StaticFile.of(path, content) for path, content in head.files.items()},
        folder=frontend_folder() / "assets",
        change=change_file,
    )


def _add_middleware(app: FastAPI, engine: Engine, page: MountedPage) -> None:
    """Add the middleware, innermost first."""
    settings = engine.settings
    app.add_middleware(GradioUploadMiddleware, inbox=engine.inbox, forget=page.forget_upload)
    has_others = bool(settings.redis_url)
    app.add_middleware(
        GradioSessionMiddleware,
        inbox=engine.inbox,
        page=page,
        is_leaving=lambda: has_others and not engine.is_ready,
    )
    app.add_middleware(
        GradioAllowlistMiddleware, upload_bytes=settings.max_upload_bytes, has_mcp=_has_mcp(engine)
    )
    if not settings.is_space:
        app.add_middleware(LoginCookieMiddleware)
    app.add_middleware(UploadPlacesMiddleware, places=engine.at_once.uploads)
    app.add_middleware(
        LoginThrottleMiddleware, access=engine.access, count_refusal=engine.metrics.count_refusal
    )
    app.add_middleware(RequestBodyMiddleware, shares=engine.bodies)
    app.add_middleware(RequestOriginMiddleware, hosts=settings.allowed_hosts, origins=settings.cors_origins)
    app.add_middleware(RequestLogMiddleware)
    app.add_middleware(
        SecurityHeadersMiddleware, headers=security_headers(settings.image_hosts, is_space=settings.is_space)
    )
    app.add_middleware(PathPrefixMiddleware, root_path=settings.root_path)


def _mount_options(engine: Engine) -> dict[str, Any]:
    return {
        "ssr_mode": False,  # Spaces sets GRADIO_SSR_MODE: Node would take the port and answer for our routes
        "run_history": False,
        "show_error": False,
        "footer_links": [],
        # Gradio makes the icons of other sizes of it, which SVG does not allow
        "favicon_path": ASSETS / "favicon.ico",
        "max_file_size": engine.settings.max_upload_bytes,
        "enable_monitoring": False,
        "root_path": engine.settings.root_path or None,
        "auth": engine.access.check_login if engine.access.has_login else None,
        "mcp_server": _has_mcp(engine),
        "theme": create_theme(),
    }


def _has_mcp(engine: Engine) -> bool:
    """With `pip install "gradio[mcp]"`; not where a log-in is on, which its tools would not ask for."""
    return importlib.util.find_spec("mcp") is not None and not engine.access.has_login


class Server(uvicorn.Server):
    """uvicorn, which on a signal lets every reader receive its ending before the sockets close."""

    _ending: asyncio.Task[None] | None = None

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        # Not handed on: uvicorn would raise the signal once more at the end, and an end that was asked for
        # would have the status of a crash. Called between two steps of the loop, which it must wake.
        if self.should_exit and sig == signal.SIGINT:
            self.force_exit = True
        asyncio.get_running_loop().call_soon_threadsafe(self._start_ending)

    def _start_ending(self) -> None:
        """End, after the grace for running answers; a second signal cuts that short."""
        app: FastAPI = self.config.app  # type: ignore[assignment]
        if self._ending is None:
            self._ending = asyncio.create_task(self._end(app))
        elif not self.should_exit:
            self._ending.cancel()
            self._ending = asyncio.create_task(self._end_now(app))

    async def _end(self, app: FastAPI) -> None:
        await app.state.engine.drain()
        await self._end_now(app)

    async def _end_now(self, app: FastAPI) -> None:
        await app.state.engine.end_generations()
        page: MountedPage = app.state.page
        # Before the sockets close: another replica gets a page's later events, and this one's response is
        # lost.
        await _let_pages_settle(page)
        self.should_exit = True
        page.close()


async def _let_pages_settle(page: MountedPage) -> None:
    """Return when no page waits for an event, and none has sent another for a moment."""
    calm = 0 if page.has_been_used() else CALM_LOOKS
    for _ in range(PAGES_LOOKS):
        if calm == CALM_LOOKS:
            return
        await asyncio.sleep(LOOK_SECONDS)
        calm = 0 if page.awaiting() else calm + 1


def create_server(app: FastAPI, settings: Settings) -> Server:
    """Return the server of an app made by `create_app`."""
    shares = ConnectionShares(raise_file_limit(), settings.trusted_proxies)
    protocol: Any = partial(BoundedProtocol, shares=shares, steps=LoopSteps())
    return Server(
        uvicorn.Config(
            app,
            http=protocol,
            ws="none",  # no route has any, and no middleware looks at one
            host=settings.host,
            port=settings.port,
            log_config=None,  # chat.telemetry.logs has all entries
            log_level="warning",
            access_log=False,  # it would write query strings, which hold prompts: see RequestLogMiddleware
            timeout_graceful_shutdown=GRACE_SECONDS,
            timeout_keep_alive=30,
            proxy_headers=True,
            forwarded_allow_ips=list(settings.trusted_proxies),
            server_header=False,
        )
    )


def listen(settings: Settings) -> socket.socket:
    """Take the port. Raises SettingError where somebody else has it.

    Without the protocol's name asyncio's own loop leaves TCP_NODELAY off: each second write waits 40 ms.
    """
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    taken = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        taken.bind((settings.host, settings.port))
    except OSError as error:
        taken.close()
        raise SettingError(
            f"GRADIO_SERVER_PORT={settings.port} cannot be used on {settings.host} ({error.strerror}): "
            "stop what is listening there, or set another port."
        ) from None
    return taken


def share_out(taken: socket.socket) -> list[socket.socket]:
    """Return handles of the listening socket, of which each accepts one connection in a step of the loop.

    With one, uvloop accepts no more: behind 600 connections of an attacker a visitor's waits for 600 steps.
    What they send is taken up in turn (chat.http.loop_steps), once they are accepted.
    """
    has_uvloop = importlib.util.find_spec("uvloop") is not None  # asyncio's own loop accepts all that wait
    return [taken, *(taken.dup() for _ in range(ACCEPTED - 1) if has_uvloop)]


def announce(settings: Settings, port: int) -> None:
    """Print, in a few plain lines, where the page is, who answers, and where data is kept."""
    host = "127.0.0.1" if settings.host in ("0.0.0.0", "") else settings.host  # noqa: S104 - compared, not bound
    print(f"小加 Xiaojia: http://{host}:{port}{settings.root_path}")
    print(endpoint_setup.describe(settings))
    print(f"Data: {settings.data_folder().resolve()}", flush=True)
    if warning := settings.open_spending():
        print(warning, file=sys.stderr, flush=True)


def report_to_zero_gpu() -> None:
    """Tell a ZeroGPU Space that the app has started, with a GPU function, or it is ended.

    Gradio's launch would tell it, which is not called here. The function is never called either: answers take
    no GPU, and so none of a visitor's quota.
    """
    try:
        import spaces  # type: ignore[import-untyped, import-not-found, unused-ignore]
        from spaces import zero

        @spaces.GPU  # type: ignore[untyped-decorator, unused-ignore]
        def take_gpu() -> None:
            """Do nothing."""

        zero.startup()
    except Exception as error:
        logging.getLogger(__name__).warning(
            "ZeroGPU was not told that the app has started: %s: %s", type(error).__name__, error
        )


def spare_collector() -> None:
    """Search what is loaded for cycles no more, and all else rarely: every stream stands still meanwhile.

    With 2,500 answers running a search of everything takes a second, and the interpreter's own measure has it
    done every few seconds: a quarter of all that the process did. What is young is searched in small parts:
    7,000 objects at once, whose memory is in no cache, take up to 60 ms.
    """
    gc.freeze()
    gc.set_threshold(500, 3, 1_000)


def main() -> int:
    """Run until a signal. Returns the exit status: a wrong setting is one line and 2."""
    try:
        settings = Settings.from_env(dotenv=Path(".env"))
        logs.configure(settings.log_format, settings.secrets())
        asyncio.run(check_redis(settings.redis_url, settings.redis_prefix))
        taken = listen(settings)
        app = create_app(settings)
        announce(settings, taken.getsockname()[1])
    except ChatError as error:
        print(error, file=sys.stderr)
        return 2
    if settings.is_zero_gpu:
        report_to_zero_gpu()
    spare_collector()
    create_server(app, settings).run(sockets=share_out(taken))
    gc.freeze()  # all is closed: the interpreter need not search a million objects for cycles, for seconds
    return 0


if __name__ == "__main__":
    sys.exit(main())
