"""Pages of one network push out its own unread pages, and no page of another. Over a real queue of Gradio."""

from __future__ import annotations

import asyncio
from typing import Any

import gradio as gr
import pytest
from fastapi import FastAPI
from starlette.routing import Match

from chat.errors import Refused
from chat.gradio_internals import MountedPage
from chat.http.middleware import page_sessions
from chat.http.middleware.page_sessions import PageSessions
from chat.http.routes import PageEvents, add_routes, match_page_first
from chat.visitors import Network

STRANGER, OTHER = Network.of("192.0.2.1"), Network.of("192.0.2.2")


class Pages:
    """A mounted page whose queue takes events and runs none."""

    def __init__(self, patch: pytest.MonkeyPatch, *, pages: int, events: int) -> None:
        patch.setattr(page_sessions, "PAGES_OF_NETWORK", pages)
        patch.setattr(page_sessions, "EVENTS_OF_NETWORK", events)
        with gr.Blocks(analytics_enabled=False) as page:
            box = gr.Textbox()
            gr.Button().click(lambda text: text, box, box)
        app = FastAPI()
        gr.mount_gradio_app(app, page, "/", ssr_mode=False, footer_links=[])
        self.mounted = MountedPage(app, page)
        self.sessions = PageSessions(self.mounted)
        self.queue: Any = page._queue

    def join(self, session: str, network: Network) -> None:
        """Send an event as Gradio's route does, behind the middleware."""
        self.sessions.admit(session, network)
        self.queue.pending_messages_per_session.setdefault(session, asyncio.Queue())
        ids = self.queue.pending_event_ids_session.setdefault(session, set())
        ids.add(f"{session}, event {len(ids)}")

    def known(self, *sessions: str) -> list[bool]:
        return [self.mounted.is_known(session) for session in sessions]


async def test_past_its_pages_a_network_loses_its_own_oldest(monkeypatch: pytest.MonkeyPatch) -> None:
    pages = Pages(monkeypatch, pages=2, events=100)
    pages.join("other", OTHER)
    for name in ("one", "two", "three"):
        pages.join(name, STRANGER)
    assert pages.known("other", "one", "two", "three") == [True, False, True, True]


async def test_past_its_events_a_network_loses_what_is_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    pages = Pages(monkeypatch, pages=100, events=3)
    pages.join("other", OTHER)
    pages.join("read", STRANGER)
    with pages.sessions.reading("read"):
        for name in ("one", "two", "three"):
            pages.join(name, STRANGER)
        assert pages.known("other", "read", "one", "two", "three") == [True, True, False, True, True]


async def test_an_event_within_the_share_looks_at_no_other_page(monkeypatch: pytest.MonkeyPatch) -> None:
    pages, asked = Pages(monkeypatch, pages=100, events=50), list[str]()
    count = pages.mounted.count_awaited

    def note(session: str) -> int:
        asked.append(session)
        return count(session)

    monkeypatch.setattr(pages.mounted, "count_awaited", note)
    for number in range(50):
        pages.join(f"{number}", STRANGER)
    assert not asked
    pages.join("one more", STRANGER)
    assert asked
    assert pages.known("0", "1", "one more") == [False, True, True]


async def test_where_all_are_read_the_next_event_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    pages = Pages(monkeypatch, pages=100, events=2)
    with pages.sessions.reading("one"):
        pages.join("one", STRANGER)
        pages.join("one", STRANGER)
        with pytest.raises(Refused):
            pages.join("one", STRANGER)
        pages.join("other", OTHER)
        assert pages.known("one", "other") == [True, True]


async def test_of_many_networks_the_newest_are_known(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(page_sessions, "NETWORKS", 2)
    pages = Pages(monkeypatch, pages=1, events=100)
    third = Network.of("192.0.2.3")
    for name, network in (("a", STRANGER), ("b", OTHER), ("c", STRANGER), ("d", third), ("e", OTHER)):
        pages.join(name, network)
    # c pushed out a; when d came, the other network's page b was known no more, so that e pushed out nothing.
    assert pages.known("a", "b", "c", "d", "e") == [False, True, True, True, True]


@pytest.mark.parametrize(
    ("path", "is_event"), [("/gradio_api/queue/join", True), ("/ai/generations", False), ("/", False)]
)
def test_events_of_the_page_are_compared_with_no_route_of_ours(path: str, is_event: bool) -> None:
    app = FastAPI()
    add_routes(app)
    app.mount("/", FastAPI())
    match_page_first(app, FastAPI())
    scope = {"type": "http", "method": "POST", "path": path, "root_path": "", "headers": []}
    matched = next(route for route in app.router.routes if route.matches(scope)[0] is Match.FULL)
    assert isinstance(matched, PageEvents) is is_event
