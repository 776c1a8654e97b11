"""What Gradio does and keeps for each page that is open, cut down to what this page needs.

Gradio describes every component anew at each update of it, a JSON schema each time, and keeps the description
with all that is shown: a third of what a busy server does, and tens of kilobytes a page. Only its deep links
read them, which are closed here. Its queue tells everybody who waits how long at each event that begins (500
visitors at once waited for 20 seconds), looks for work a thousand times a second, for progress that nobody
reports a hundred times, makes a table of all events at the end of each, and tries to import matplotlib twice
an update. Knows no event and no visitor.
"""

from __future__ import annotations

import importlib.util
import sys
from copy import copy
from typing import Any

from gradio.blocks import Blocks
from gradio.state_holder import SessionState, StateHolder
from gradio.utils import LRUCache

PAGES_REMEMBERED = 1_000  # Gradio's state of them; an event of another page makes it anew
PAGES_WAITING = 20_000  # that have asked for something: some bytes each
EVENTS_AT_ONCE = 1_000  # 40 otherwise
LOOK_SECONDS = 0.004  # between two looks for events that wait to be run
ESTIMATE_SECONDS = 60  # between two estimates of the wait, sent to all who wait; none is shown


def cut_down(page: Blocks, gradio_app: Any) -> None:
    """Let Gradio do no more for the page, mounted as this app, than it needs."""
    queue = page._queue
    queue.max_thread_count = EVENTS_AT_ONCE
    queue.sleep_when_free = LOOK_SECONDS
    queue.progress_update_sleep_when_free = 1
    queue.live_updates, queue.update_intervals = False, ESTIMATE_SECONDS
    queue.pending_event_ids_session = LRUCache(PAGES_WAITING)  # a dict that forgets none otherwise
    queue.ANALYTICS_MAX_EVENTS = 100
    queue.ANAYLTICS_CACHE_FREQUENCY = sys.maxsize
    gradio_app.state_holder = PageStates(page, PAGES_REMEMBERED)
    if importlib.util.find_spec("matplotlib") is None:
        sys.modules["matplotlib"] = None  # type: ignore[assignment] # an import fails at once


class PageState(SessionState):
    """The components of one page, where it has changed them; nothing of what they show."""

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
    """The newest pages: an event of a page that is forgotten makes its state anew."""

    def __init__(self, blocks: Blocks, capacity: int) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.set_blocks(blocks)
        self.capacity = capacity

    def __getitem__(self, session_id: str) -> SessionState:
        if session_id not in self.session_data:
            self.session_data[session_id] = PageState(self.blocks)
        return super().__getitem__(session_id)
