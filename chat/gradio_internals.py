"""Every private name of Gradio that this project uses, each with its reason, checked against Gradio 6.31.

`WORKAROUNDS` are applied after the mount; `MountedPage` reads and closes what a mounted page keeps. For each,
tests/test_gradio_internals.py checks that it has an effect, and that Gradio without it still behaves as its
reason says: a workaround that Gradio has made unnecessary fails the weekly run with the newest Gradio. Knows
no event and no visitor.
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib.util
import inspect
import sys
from collections.abc import Callable, Collection, Mapping
from copy import copy
from functools import lru_cache
from types import SimpleNamespace
from typing import Any, Literal, cast

import anyio
from gradio import mount_gradio_app
from gradio.blocks import Blocks
from gradio.components import HTML, JSON, Textbox
from gradio.state_holder import SessionState, StateHolder
from gradio.utils import LRUCache

# Names of Gradio's own protocol, which are documented nowhere.
GRADIO_PREFIX = "/gradio_api/"  # of its routes
EVENT_ROUTES = (f"{GRADIO_PREFIX}queue/join", f"{GRADIO_PREFIX}queue/data")
SESSION_FIELD = "session_hash"  # of an event and of a query: the page that sent it

PAGES_REMEMBERED = 1_000  # Gradio's state of them; an event of another page creates it again
PAGES_WAITING = 20_000  # sessions with an event in the queue: some bytes each
EVENTS_AT_ONCE = 1_000  # 40 otherwise
EVENTS_RECORDED = 100  # 10,000 otherwise
QUEUE_SECONDS = 0.004  # between two looks of the queue for events
EVENT_STEPS = 2  # of the loop from one begin of an event to the next: each step works on all that have begun
# What passes a value on as it is.
SIMPLE: Collection[object] = frozenset(
    {HTML.preprocess, HTML.postprocess, JSON.preprocess, Textbox.preprocess, Textbox.postprocess}
)
SIMPLE_CHARACTERS = 50_000  # of a text that Gradio looks through, for script tags
PROGRESS_SECONDS = 1  # between two looks for progress, which no event of ours reports


def is_gradio_file(value: Mapping[str, Any]) -> bool:
    """Tell whether an object of an event is a file in Gradio's form.

    Gradio copies such a file, or fetches it from any address, whatever component the event is for.
    """
    return "path" in value and "meta" in value


def scope_of(request: Any) -> Mapping[str, Any]:
    """Return the ASGI scope of the request behind a `gr.Request`, empty where there is none.

    It holds the request id and the session of a sign-in, which `gr.Request` does not pass on.
    """
    return getattr(request.request, "scope", None) or {}


def hub_session_of(request: Any) -> Mapping[str, Any]:
    """Return what Gradio's LoginButton keeps of a sign-in with Hugging Face in its signed cookie, else {}.

    `gr.OAuthToken` gives the same, but a callback with such a parameter fails for a visitor without a
    sign-in.
    """
    found = (scope_of(request).get("session") or {}).get("oauth_info")
    return found if isinstance(found, Mapping) else {}


class MountedPage:
    """A page after `gr.mount_gradio_app`, with every workaround applied."""

    @classmethod
    def mount(cls, app: Any, page: Blocks, **options: Any) -> MountedPage:
        """Mount a page on the root of an app. options: of `gr.mount_gradio_app`."""
        mount_gradio_app(app, page, "/", **options)
        return cls(app, page)

    def __init__(self, app: Any, page: Blocks) -> None:
        self._page = page
        self.gradio_app = _gradio_app_of(app)
        for apply in WORKAROUNDS:
            apply(page, self.gradio_app)
        self._queue: Any = page._queue

    def is_known(self, session: str) -> bool:
        """Tell whether a page with this session has sent an event.

        Gradio's stream of any other waits forever.
        """
        return session in self._queue.pending_messages_per_session

    def is_awaiting(self, session: str) -> bool:
        """Tell whether a page waits for an event that it sent."""
        return bool(self._queue.pending_event_ids_session.get(session))

    def count_awaited(self, session: str) -> int:
        """Return how many events a page has sent whose end it has not received."""
        return len(self._queue.pending_event_ids_session.get(session) or ())

    def forget_session(self, session: str) -> None:
        """Drop the messages and events of a page that nothing reads; running ones end at their next value."""
        queue = self._queue
        queue.pending_messages_per_session.pop(session, None)
        for id in queue.pending_event_ids_session.pop(session, None) or ():
            if event := queue.event_ids_to_events.pop(id, None):
                event.alive = False
                with contextlib.suppress(KeyError, ValueError):
                    queue.event_queue_per_concurrency_id[event.concurrency_id].queue.remove(event)

    def awaiting(self) -> int:
        """Return the number of pages that wait for an event."""
        return sum(map(bool, self._queue.pending_event_ids_session.values()))

    def has_been_used(self) -> bool:
        """Tell whether any page has sent an event since the start."""
        return bool(self._queue.pending_event_ids_session)

    def forget_upload(self, path: str) -> None:
        """Remove a path from Gradio's set of uploads: it grows for as long as the process runs."""
        self._page.upload_file_set.discard(path)

    def close(self) -> None:
        """Stop the queue. Streams of open pages end then, which otherwise hold the server's shutdown."""
        self._queue.close()


def check_file_paths(page: Blocks, gradio_app: Any) -> None:
    """Let Gradio check the paths of files in events.

    `mount_gradio_app` leaves `has_launched` False. `processing_utils._check_allowed` then returns at once,
    and an event can name any file of the server, which Gradio copies to its cache and serves from there.
    """
    page.has_launched = True


def start_queue_once(page: Blocks, gradio_app: Any) -> None:
    """Let requests to `/startup-events` do nothing: the lifespan starts the queue, and does not set this
    flag.

    Otherwise the first page starts a second pair of queue loops.
    """
    gradio_app.startup_events_triggered = True


def run_many_events(page: Blocks, gradio_app: Any) -> None:
    """Let as many events run at once as pages may stream: the default stops the 41st visitor."""
    page._queue.max_thread_count = EVENTS_AT_ONCE


def poll_rarely(page: Blocks, gradio_app: Any) -> None:
    """Let the queue look for events 250 times a second, not 1,000, and for progress once, not 100 times.

    Idle, the defaults cost 5 % of a core.
    """
    page._queue.sleep_when_free = QUEUE_SECONDS
    page._queue.progress_update_sleep_when_free = PROGRESS_SECONDS


def send_no_estimates(page: Blocks, gradio_app: Any) -> None:
    """Send no estimate of the wait, which the page does not show.

    For each event that joins or begins, Gradio walks all that wait, in one step of the loop. Of 500 visitors
    that sent at once, all but one waited for 20 s; without estimates all had begun after 8.
    """
    page._queue.broadcast_estimations = lambda *_: None  # type: ignore[method-assign]


def begin_one_event_a_step(page: Blocks, gradio_app: Any) -> None:
    """Let the queue begin one event in two steps of the loop, where it begins all that wait in one.

    Those go on in step with each other: 20 pages that ask at once then block the loop for 100 ms.
    """
    page._queue.delete_lock = LaterStepLock()  # the queue takes it before it looks for the next event


def match_events_first(page: Blocks, gradio_app: Any) -> None:
    """Let a request be compared with the routes of events before all others of Gradio.

    Those are behind seventy, and FastAPI compares with most of them twice: a sixth of what an answer on the
    page costs.
    """
    routes: list[Any] = gradio_app.router.routes
    included = next(one for one in routes if hasattr(one, "original_router"))
    routes.remove(included)
    routes.insert(0, included)
    included.original_router.routes.sort(key=lambda route: getattr(route, "path", "") not in EVENT_ROUTES)


def read_signatures_once(page: Blocks, gradio_app: Any) -> None:
    """Let Gradio read the signature of each component's constructor once.

    For every output of an event that is an update, of one that changes nothing too, it makes a component and
    reads the signature for that, twice.
    """
    read: Any = lru_cache(None)(inspect.getfullargspec)
    meta: Any = sys.modules["gradio.component_meta"]
    meta.inspect = SimpleNamespace(**{**vars(inspect), "getfullargspec": read})


def convert_simple_values_here(page: Blocks, gradio_app: Any) -> None:
    """Let Gradio convert the values of simple components in the loop.

    It takes a thread for each, which costs more than to convert it: ninety for an answer on the page.
    """

    async def run_sync(work: Callable[..., Any], *args: Any, **options: Any) -> Any:
        is_long = any(isinstance(value, str) and len(value) > SIMPLE_CHARACTERS for value in args)
        if getattr(work, "__func__", None) in SIMPLE and not is_long:
            return work(*args)
        return await anyio.to_thread.run_sync(work, *args, **options)

    blocks: Any = sys.modules["gradio.blocks"]
    blocks.anyio = SimpleNamespace(**{**vars(anyio), "to_thread": SimpleNamespace(run_sync=run_sync)})


def forget_old_sessions(page: Blocks, gradio_app: Any) -> None:
    """Keep the sessions of the newest pages only: Gradio's dict keeps one for every page since the start.

    Its table of their messages has 2,000 places, so that the 2,001st page would end another one.
    """
    page._queue.pending_messages_per_session = LRUCache(PAGES_WAITING)
    page._queue.pending_event_ids_session = LRUCache(PAGES_WAITING)


def record_few_events(page: Blocks, gradio_app: Any) -> None:
    """Keep few events for /monitoring, which is closed, and compute no table of them.

    Gradio builds a pandas table of all kept events at the end of each event.
    """
    page._queue.ANALYTICS_MAX_EVENTS = EVENTS_RECORDED
    page._queue.ANAYLTICS_CACHE_FREQUENCY = sys.maxsize  # Gradio's spelling


def keep_states_small(page: Blocks, gradio_app: Any) -> None:
    """Keep no description of components per page: see PageState."""
    gradio_app.state_holder = PageStates(page, PAGES_REMEMBERED)


def skip_matplotlib(page: Blocks, gradio_app: Any) -> None:
    """Let `import matplotlib` fail at once where it is not installed.

    Gradio tries to import it twice an update, for 0.25 ms.
    """
    if "matplotlib" not in sys.modules and importlib.util.find_spec("matplotlib") is None:
        sys.modules["matplotlib"] = None  # type: ignore[assignment]


WORKAROUNDS: tuple[Callable[[Blocks, Any], None], ...] = (
    check_file_paths,
    start_queue_once,
    run_many_events,
    poll_rarely,
    send_no_estimates,
    begin_one_event_a_step,
    match_events_first,
    read_signatures_once,
    convert_simple_values_here,
    forget_old_sessions,
    record_few_events,
    keep_states_small,
    skip_matplotlib,
)


class LaterStepLock(asyncio.Lock):
    """A lock that is taken in a later step of the loop, also where it is free.

    Not by a task that is being cancelled, as the stream of a page that has gone is: the wait would end it
    before it has cleaned up, and its heartbeat would run for ever.
    """

    async def acquire(self) -> Literal[True]:
        task = asyncio.current_task()
        if task is None or not task.cancelling():
            for _ in range(EVENT_STEPS):
                await asyncio.sleep(0)
        return await super().acquire()


class PageState(SessionState):
    """The components of one page, where the page has changed them, without a description of each.

    Gradio describes every component anew at each update, a JSON schema each time, and keeps the descriptions
    with all values: a third of what a busy server does, and tens of kilobytes a page. Only deep links read
    them, and those are closed (chat/http/middleware/gradio_allowlist.py).
    """

    def __init__(self, blocks: Blocks) -> None:
        self.blocks_config = copy(blocks.default_config)
        self.config_values: dict[int, dict[str, Any]] = {}
        self.state_data: dict[int, Any] = {}
        self._state_ttl: dict[int, Any] = {}
        self.is_closed = False
        self.STATE_TTL_WHEN_CLOSED = 3600  # seconds; Gradio's

    def __setitem__(self, key: int, value: Any) -> None:
        self.blocks_config.blocks[key] = value  # no gr.State is on this page: it would hold a connection open

    def _update_config(self, key: int) -> None:
        """Describe nothing."""

    def _update_value_in_config(self, key: int, value: Any) -> None:
        """Keep nothing."""


class PageStates(StateHolder):
    """The states of the newest pages. An event of a page that was dropped creates its state again."""

    def __init__(self, blocks: Blocks, capacity: int) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.set_blocks(blocks)
        self.capacity = capacity

    def __getitem__(self, session_id: str) -> SessionState:
        if session_id not in self.session_data:
            self.session_data[session_id] = PageState(self.blocks)
        return super().__getitem__(session_id)


def _gradio_app_of(app: Any) -> Any:
    """Return the app that `mount_gradio_app` made, which it returns nowhere."""
    mounted = (getattr(route, "app", None) for route in app.routes)
    return cast(Any, next(one for one in mounted if hasattr(one, "get_blocks")))
