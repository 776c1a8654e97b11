"""What Gradio keeps of each page that is open, cut down to what this page needs.

Gradio describes every component anew at each update of it, a JSON schema each time, and keeps the description
with all that is shown: a third of what a busy server does, and tens of kilobytes a page. Only its deep links
read them, which are closed here. Knows no event and no visitor.
"""

from __future__ import annotations

from copy import copy
from typing import Any

from gradio.blocks import Blocks
from gradio.state_holder import SessionState, StateHolder


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
