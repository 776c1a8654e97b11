"""A generation's events -> snapshots of the turn that grows, as often as they are worth showing.

Knows no Gradio and no Chatbot: callbacks turn snapshots into messages. One follower owns what a page shows as
growing; a newer one supersedes it (a reload, another conversation, a new question), whatever order they end
in.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import orjson

from chat.generations.events import Event, read_text
from chat.generations.generation import Generation
from chat.ui.pace import Load, Pace

SESSIONS_MAX = 10_000
IDLE_SECONDS = 2.0  # of silence, after which a reader looks whether anybody is there
LOCK_SECONDS = 2.0  # a showing that takes longer belongs to a browser that is gone


@dataclass
class Growing:
    """What is known of an answer so far. reasoning_seconds: None until the reasoning is over.

    waited: seconds without a first token. fault: after which the endpoint is asked again.
    """

    generation_id: str = ""
    model: str = ""
    text: str = ""
    reasoning: str = ""
    reasoning_seconds: float | None = None
    receipt: dict[str, Any] = field(default_factory=dict)
    progress: dict[str, Any] = field(default_factory=dict)
    ending: dict[str, Any] | None = None
    waited: float = 0.0
    fault: str = ""
    _reasoning_began: float | None = None

    def add(self, events: Sequence[Event]) -> None:
        """Take in events, in their order."""
        self.text, self.reasoning = read_text(events, self.text, self.reasoning)
        now = asyncio.get_running_loop().time()
        if self.reasoning and self._reasoning_began is None:
            self._reasoning_began = now
        if not self.text:
            self.reasoning_seconds = None
        elif self.reasoning_seconds is None and self._reasoning_began is not None:
            self.reasoning_seconds = now - self._reasoning_began
        for event in events:
            if event.type != "chunk":
                self._note(event)

    def _note(self, event: Event) -> None:
        data = orjson.loads(event.data)
        if event.type == "generation":
            self.generation_id, self.model = data["generation_id"], data["model"]
        if event.type in ("generation", "receipt"):
            self.receipt = data.get("receipt") or {}
        if event.type == "progress":
            self.progress = data
        if event.type in ("done", "error"):
            self.ending = data


def grow(generation: Generation) -> Growing:
    """Return what is known of an answer now."""
    growing = Growing(generation.id)
    growing.add(list(generation.events))
    return growing


class Follower:
    """One reading for one page: it may show until a newer one of the same page begins."""

    def __init__(self, page: _Page) -> None:
        self._page = page
        page.newest = self

    @property
    def is_newest(self) -> bool:
        return self._page.newest is self

    async def follow(self, generation: Generation, load: Load) -> AsyncGenerator[Growing | None, None]:
        """Yield the growing answer (one value that changes), at a pace, to its end or until superseded.

        None is yielded while nothing comes: Gradio looks only at a yield whether the browser is still there.
        """
        growing, pace = Growing(generation.id), Pace(load)
        with load.enter():
            async with aclosing(generation.follow(idle=IDLE_SECONDS)) as batches:
                async for events in batches:
                    if not self.is_newest:
                        return
                    if not events:
                        yield None
                        continue
                    growing.add(events)
                    pace.begin()
                    yield growing
                    pace.end(len(growing.text))
                    if growing.ending is None:
                        await pace.rest()


class _Page:
    def __init__(self) -> None:
        self.newest: Follower | None = None
        self.question: list[dict[str, Any]] = []
        self.lock = asyncio.Lock()


class Followers:
    """What each open page follows, by the session that the page is."""

    def __init__(self) -> None:
        self.load = Load()
        self._pages: OrderedDict[str, _Page] = OrderedDict()

    def begin(self, session: str) -> Follower:
        """Return the follower of this page from now on; an older one ends."""
        return Follower(self._page(session))

    def newest(self, session: str) -> Follower | None:
        """Return the follower that may show on this page now."""
        return self._page(session).newest

    @asynccontextmanager
    async def turn(self, session: str) -> AsyncGenerator[None, None]:
        """Enter when the page has what was yielded in an earlier turn: values arrive in the order of the
        turns.
        """
        page = self._page(session)
        lock = page.lock
        try:
            async with asyncio.timeout(LOCK_SECONDS):
                await lock.acquire()
        except TimeoutError:  # a browser that is gone takes nothing any more
            page.lock = lock = asyncio.Lock()
            await lock.acquire()
        try:
            yield
        finally:
            lock.release()

    def put_question(self, session: str, question: list[dict[str, Any]]) -> None:
        """Keep what stands above the answer that grows, so that following it needs no database."""
        self._page(session).question = question

    def question(self, session: str) -> list[dict[str, Any]]:
        return self._page(session).question

    def _page(self, session: str) -> _Page:
        page = self._pages.pop(session, None) or _Page()
        self._pages[session] = page
        while len(self._pages) > SESSIONS_MAX:
            self._pages.popitem(last=False)
        return page
