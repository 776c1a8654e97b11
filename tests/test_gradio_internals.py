"""Each workaround of chat/gradio_internals.py has its effect, and Gradio without it behaves as its reason
says.

A small page, mounted as app.py mounts its own and served by a real uvicorn. Where the second half fails,
Gradio has changed: see whether the workaround is still needed.
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib.util
import inspect
import socket
import sys
import types
from collections.abc import AsyncGenerator, Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import anyio
import gradio as gr
import httpx
import pytest
import uvicorn
from fastapi import FastAPI
from fastapi.routing import APIRoute

from chat import gradio_import, gradio_internals
from chat.gradio_internals import (
    EVENTS_AT_ONCE,
    PROGRESS_SECONDS,
    QUEUE_SECONDS,
    WORKAROUNDS,
    LaterStepLock,
    MountedPage,
    begin_one_event_a_step,
    check_file_paths,
    convert_simple_values_here,
    forget_old_sessions,
    keep_states_small,
    match_events_first,
    poll_rarely,
    read_signatures_once,
    record_few_events,
    run_many_events,
    send_no_estimates,
    skip_matplotlib,
    start_queue_once,
)

WRITE, OPEN_FILE, WAIT = range(3)  # the events of the page, by Gradio's number
HANGING_SECONDS = 60
ROUTES_MATCHED = 20  # of Gradio, for an event
KEPT = 2  # of what a workaround bounds, in these tests


@dataclass
class Served:
    """The page, and what was counted of it while it ran."""

    page: gr.Blocks
    client: httpx.AsyncClient
    folder: Path
    mounted: MountedPage
    release: asyncio.Event
    slept: list[float] = field(default_factory=list)
    described: list[Any] = field(default_factory=list)
    tables: list[Any] = field(default_factory=list)
    matched: list[Any] = field(default_factory=list)
    signatures: list[Any] = field(default_factory=list)
    threads: list[Any] = field(default_factory=list)
    imports: list[str] = field(default_factory=list)
    began: asyncio.Event = field(default_factory=asyncio.Event)
    ended: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def queue(self) -> Any:
        return self.page._queue

    async def join(self, event: int, value: Any, session: str) -> None:
        body = {"data": [value], "fn_index": event, "session_hash": session, "trigger_id": None}
        (await self.client.post("/gradio_api/queue/join", json=body)).raise_for_status()

    async def run(self, event: int, value: Any, session: str) -> str:
        """Return all that a page receives of an event."""
        await self.join(event, value, session)
        async with asyncio.timeout(
            HANGING_SECONDS
        ):  # its heartbeats keep the client's own timeout from firing
            stream = await self.client.get("/gradio_api/queue/data", params={"session_hash": session})
        return stream.text.replace(" ", "")


def create_page(release: asyncio.Event, began: asyncio.Event, ended: asyncio.Event) -> gr.Blocks:
    async def write(text: str) -> gr.Textbox:
        return gr.Textbox(value=text)

    async def wait(text: str) -> str:
        began.set()
        try:
            await release.wait()
        finally:
            ended.set()
        return text

    with gr.Blocks(analytics_enabled=False) as page:
        box, file, button = gr.Textbox(), gr.File(), gr.Button()
        button.click(write, box, box, concurrency_limit=None)
        button.click(lambda path: str(path), file, box, concurrency_limit=None)
        button.click(wait, box, box, concurrency_limit=None)
    return page  # type: ignore[no-any-return]


@contextlib.asynccontextmanager
async def serve(folder: Path, patch: pytest.MonkeyPatch) -> AsyncGenerator[Served, None]:
    patch.setenv("GRADIO_TEMP_DIR", str(folder / "cache"))
    for name in ("PAGES_WAITING", "PAGES_REMEMBERED", "EVENTS_RECORDED"):
        patch.setattr(gradio_internals, name, KEPT)
    release, began, ended = asyncio.Event(), asyncio.Event(), asyncio.Event()
    page, app = create_page(release, began, ended), FastAPI()
    gr.mount_gradio_app(app, page, "/", ssr_mode=False, footer_links=[])
    mounted = MountedPage(app, page)
    taken = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning", timeout_graceful_shutdown=1))
    url = f"http://127.0.0.1:{taken.getsockname()[1]}"
    async with httpx.AsyncClient(base_url=url, timeout=30) as client:
        served = Served(page, client, folder, mounted, release, began=began, ended=ended)
        count(served, patch)
        serving = asyncio.create_task(server.serve(sockets=[taken]))
        try:
            while not server.started and not serving.done():
                await asyncio.sleep(0)
            yield served
        finally:
            release.set()
            mounted.close()
            server.should_exit = True
            await serving


def count(served: Served, patch: pytest.MonkeyPatch) -> None:
    """Note what Gradio does, beside doing it."""
    queueing, blocks = sys.modules["gradio.queueing"], sys.modules["gradio.blocks"]

    async def sleep(seconds: float) -> None:
        served.slept.append(seconds)
        await asyncio.sleep(seconds)

    noted = types.SimpleNamespace(**{**vars(asyncio), "sleep": sleep})
    patch.setattr(queueing, "asyncio", noted)
    note(blocks.BlocksConfig, "config_for_block", served.described, patch)
    note(served.queue, "_get_df", served.tables, patch)
    note(inspect, "getfullargspec", served.signatures, patch)
    note(anyio.to_thread, "run_sync", served.threads, patch)
    matches = APIRoute.matches

    def match(route: APIRoute, scope: Any) -> Any:
        served.matched.append(route)
        return matches(route, scope)

    patch.setattr(APIRoute, "matches", match)
    finder = types.SimpleNamespace(find_spec=lambda name, *_: served.imports.append(name))
    patch.setattr(sys, "meta_path", [finder, *sys.meta_path])


def note(owner: Any, name: str, calls: list[Any], patch: pytest.MonkeyPatch) -> None:
    original = getattr(owner, name)

    def noted(*args: Any, **options: Any) -> Any:
        calls.append(args)
        return original(*args, **options)

    patch.setattr(owner, name, staticmethod(noted) if isinstance(owner, type) else noted)


async def refuses_files(served: Served) -> bool:
    secret = served.folder / "secret.txt"
    secret.write_text("secret")
    file = {"path": str(secret), "meta": {"_type": "gradio.FileData"}}
    told = await served.run(OPEN_FILE, file, "one")
    assert '"msg":"process_completed"' in told
    return '"success":false' in told and not list(served.folder.glob("cache/**/secret.txt"))


async def has_one_queue_loop(served: Served) -> bool:
    await served.client.get("/gradio_api/startup-events")
    coroutines: list[Any] = [task.get_coro() for task in asyncio.all_tasks()]
    loops = [one for one in coroutines if one.__qualname__ == "Queue.start_processing"]
    return len([one for one in loops if one.cr_frame.f_locals["self"] is served.queue]) == 1


async def has_room_for_many(served: Served) -> bool:
    assert served.queue.active_jobs
    return len(served.queue.active_jobs) == EVENTS_AT_ONCE


async def polls_rarely(served: Served) -> bool:
    await served.run(WRITE, "x", "one")
    assert served.slept
    return min(served.slept) == QUEUE_SECONDS and PROGRESS_SECONDS in served.slept


async def sends_no_estimate(served: Served) -> bool:
    return '"msg":"estimation"' not in await served.run(WRITE, "x", "one")


async def begins_one_a_step(served: Served) -> bool:
    """Let three events wait, then look in which steps of the loop they begin."""
    steps, began, free = 0, list[int](), served.queue.active_jobs
    all_begun = asyncio.Event()

    async def begin(*_: Any) -> None:
        began.append(steps)
        if len(began) == 3:
            all_begun.set()

    served.queue.process_events, served.queue.active_jobs = begin, [()]
    for number in range(3):
        await served.join(WRITE, "x", f"page {number}")
    served.queue.active_jobs = free
    async with asyncio.timeout(HANGING_SECONDS):
        while not all_begun.is_set():
            steps += 1
            await asyncio.sleep(0)
    return len(set(began)) == 3


async def matches_events_first(served: Served) -> bool:
    await served.run(WRITE, "x", "one")
    return len(served.matched) < ROUTES_MATCHED


async def reads_signatures_once(served: Served) -> bool:
    served.signatures.clear()
    gr.HTML(render=False)
    return not served.signatures


async def converts_simple_values_here(served: Served) -> bool:
    await served.run(WRITE, "x", "one")
    return not any(isinstance(getattr(work, "__self__", None), gr.Textbox) for work, *_ in served.threads)


async def forgets_sessions(served: Served) -> bool:
    for number in range(KEPT + 2):
        await served.run(WRITE, "x", f"page {number}")
    return len(served.queue.pending_event_ids_session) == KEPT


async def records_little(served: Served) -> bool:
    for number in range(KEPT + 2):
        await served.run(WRITE, "x", f"page {number}")
    assert served.queue.events_recorded == KEPT + 2
    return len(served.queue.event_analytics) == KEPT and not served.tables


async def describes_nothing(served: Served) -> bool:
    served.described.clear()
    for number in range(KEPT + 2):
        assert "text" in await served.run(WRITE, "text", f"page {number}")
    return not served.described and len(served.mounted.gradio_app.state_holder.session_data) == KEPT


async def imports_no_matplotlib(served: Served) -> bool:
    served.imports.clear()
    await served.run(WRITE, "x", "one")
    return "matplotlib" not in served.imports


PROBES: dict[Callable[..., None], Callable[[Served], Awaitable[bool]]] = {
    check_file_paths: refuses_files,
    start_queue_once: has_one_queue_loop,
    run_many_events: has_room_for_many,
    poll_rarely: polls_rarely,
    send_no_estimates: sends_no_estimate,
    begin_one_event_a_step: begins_one_a_step,
    match_events_first: matches_events_first,
    read_signatures_once: reads_signatures_once,
    convert_simple_values_here: converts_simple_values_here,
    forget_old_sessions: forgets_sessions,
    record_few_events: records_little,
    keep_states_small: describes_nothing,
    skip_matplotlib: imports_no_matplotlib,
}
each = pytest.mark.parametrize("workaround", WORKAROUNDS, ids=lambda one: one.__name__)


@pytest.fixture(autouse=True)
def unchanged_modules(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "matplotlib", raising=False)
    monkeypatch.setattr(sys.modules["gradio.component_meta"], "inspect", inspect)
    monkeypatch.setattr(sys.modules["gradio.blocks"], "anyio", anyio)


@each
async def test_a_workaround_has_its_effect(
    workaround: Callable[..., None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with serve(tmp_path, monkeypatch) as served:
        assert await PROBES[workaround](served)


@pytest.mark.slow
@each
async def test_gradio_without_it_behaves_as_its_reason_says(
    workaround: Callable[..., None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if workaround is skip_matplotlib and importlib.util.find_spec("matplotlib"):
        pytest.skip("matplotlib is installed: its import is no failure")
    others = tuple(one for one in WORKAROUNDS if one is not workaround)
    monkeypatch.setattr(gradio_internals, "WORKAROUNDS", others)
    async with serve(tmp_path, monkeypatch) as served:
        assert not await PROBES[workaround](served)


def test_gradio_writes_no_stubs_at_its_import(monkeypatch: pytest.MonkeyPatch) -> None:
    """And would write one for each class of a component: so it does, where that is left in its place."""
    module, written = sys.modules[gradio_import.MODULE], list[str]()
    assert vars(module)[gradio_import.STUB_WRITER] is gradio_import.write_no_stub
    monkeypatch.setattr(module, gradio_import.STUB_WRITER, lambda _, name, events: written.append(name))
    types.new_class("Made", (gr.Textbox,))
    assert written == ["Made"]


async def test_a_mounted_page_knows_its_sessions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with serve(tmp_path, monkeypatch) as served:
        mounted = served.mounted
        assert (mounted.has_been_used(), mounted.is_known("one"), mounted.awaiting()) == (False, False, 0)
        await served.join(WAIT, "x", "one")
        assert mounted.has_been_used()
        assert (mounted.is_known("one"), mounted.is_awaiting("one")) == (True, True)
        assert (mounted.is_known("two"), mounted.is_awaiting("two")) == (False, False)
        assert mounted.awaiting() == 1
        served.release.set()
        await served.client.get("/gradio_api/queue/data", params={"session_hash": "one"})
        assert (mounted.is_awaiting("one"), mounted.awaiting()) == (False, 0)


async def test_a_forgotten_upload_is_not_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with serve(tmp_path, monkeypatch) as served:
        answer = await served.client.post("/gradio_api/upload", files={"files": ("a.txt", b"text")})
        assert served.page.upload_file_set == set(answer.json())
        served.mounted.forget_upload(answer.json()[0])
        assert served.page.upload_file_set == set()


async def test_a_closed_queue_ends_the_events_that_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with serve(tmp_path, monkeypatch) as served:
        await served.join(WAIT, "x", "one")
        await served.began.wait()
        assert not served.ended.is_set()
        served.mounted.close()
        async with asyncio.timeout(HANGING_SECONDS):
            await served.ended.wait()


async def test_a_task_that_is_cancelled_takes_the_lock_of_the_queue_at_once() -> None:
    lock, is_waiting, cleaned = LaterStepLock(), asyncio.Event(), []

    async def stream() -> None:
        try:
            is_waiting.set()
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            async with lock:
                cleaned.append("events")
            cleaned.append("heartbeat")
            raise

    async with anyio.create_task_group() as group:
        group.start_soon(stream)
        await is_waiting.wait()
        group.cancel_scope.cancel()  # which cancels every further wait, too
    assert cleaned == ["events", "heartbeat"]
