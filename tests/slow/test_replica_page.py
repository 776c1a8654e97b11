"""The page in Chromium on one of two replicas, behind nginx as deployed, when that replica goes away."""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest
from playwright.async_api import Browser, Route, expect

from tests.nginx import PROGRAM, Nginx, deployed_replicas
from tests.pages import WAIT_MILLISECONDS, Visit, text_file, visit
from tests.processes import AppProcess
from tests.provider import Call, Provider, closed_port
from tests.scenarios import ANSWER

if TYPE_CHECKING:
    from tests.servers_postgres import PostgresServer
    from tests.servers_redis import RedisServer

pytest_plugins = ("tests.servers_postgres", "tests.servers_redis")
pytestmark = pytest.mark.skipif(PROGRAM is None, reason="nginx is not installed")

PACED = "paced-20-0.02"  # a model that says 20 words in 0.4 s
RUNNING = "xiaojia_generations_running 1.0"


class Deployment:
    """Two replicas behind one nginx, with the same settings; one that has ended can be started again."""

    def __init__(self, folder: Path, settings: dict[str, str], provider: Provider) -> None:
        self.provider = provider
        self._folder = folder
        self._settings = settings
        self._stack = AsyncExitStack()
        self._ports = [closed_port(), closed_port()]
        self._replicas: dict[int, AppProcess] = {}
        self.nginx = Nginx(folder, 0, deployed_replicas(self._ports))

    async def __aenter__(self) -> Deployment:
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(self.nginx)
            await self.complete(stack)
            self._stack = stack.pop_all()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._stack.aclose()

    async def complete(self, stack: AsyncExitStack | None = None) -> None:
        """Start what is not running, and let nginx ask both."""
        stack = stack or self._stack
        gone = [port for port in self._ports if port not in self._replicas]
        started = [stack.enter_async_context(self._replica(port)) for port in gone]
        self._replicas |= zip(gone, await asyncio.gather(*started), strict=True)
        await self.nginx.restart(deployed_replicas(self._ports))

    async def renew(self) -> None:
        """Stop each replica as a deployment does, one after another, and start another in its place."""
        for port in self._ports:
            gone = self.take_away(port)
            assert await gone.stop() == 0, gone.output
            self._replicas[port] = await self._stack.enter_async_context(self._replica(port))

    def _replica(self, port: int) -> AppProcess:
        return AppProcess(self._folder / str(port), **self._settings, GRADIO_SERVER_PORT=str(port))

    async def find_writer(self) -> int:
        """Return the port of the replica that writes an answer."""
        for port, replica in self._replicas.items():
            if RUNNING in (await replica.client.get("/metrics")).text:
                return port
        raise AssertionError("no answer is being written")

    async def find_other(self, tab: Visit) -> str:
        """Return the URL of a replica that has not made the page in this tab."""
        made = await tab.page.evaluate("window.gradio_config.app_id")
        for replica in self._replicas.values():
            # JavaScript keeps 53 of the id's 64 bits.
            if float((await replica.client.get("/gradio_api/app_id")).json()["app_id"]) != float(made):
                return replica.url
        raise AssertionError("there is one replica only")

    async def leave_out(self, port: int) -> None:
        """Let nginx ask the other one alone, as when a deployment moves visitors. Connections are dropped."""
        await self.nginx.restart(deployed_replicas([one for one in self._ports if one != port]))

    def take_away(self, port: int) -> AppProcess:
        return self._replicas.pop(port)


@pytest.fixture(scope="module")
async def deployment(
    postgres: PostgresServer, shared_redis: RedisServer, tmp_path_factory: pytest.TempPathFactory
) -> AsyncGenerator[Deployment, None]:
    postgres.execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
    async with Provider() as provider:
        settings = {
            "REDIS_URL": shared_redis.url,
            "DATABASE_URL": postgres.url("postgres"),
            "OPENAI_BASE_URL": provider.url,
            "OPENAI_API_KEY": "sk-test",
            "OPENAI_MODEL": f"held,plain,{PACED}",
            "SHUTDOWN_GRACE": "170",  # no answer of these tests needs it, on a busy machine either
            "TITLES": "words",
        }
        async with Deployment(tmp_path_factory.mktemp("replicas"), settings, provider) as made:
            yield made


@pytest.fixture
async def tab(browser: Browser, deployment: Deployment) -> AsyncGenerator[Visit, None]:
    """A tab of a new visitor, on whichever replica nginx chooses."""
    await deployment.complete()
    async with visit(browser, deployment.nginx.url) as opened:
        yield opened


async def begin(tab: Visit, provider: Provider, text: str = "One ") -> Call:
    """Ask, and return when the beginning of the answer is on the page."""
    await tab.send("Hello")
    call = await provider.next_call()
    await call.text(text)
    await expect(tab.growing.locator(".prose")).to_have_text(text.strip())
    return call


async def test_a_page_that_is_moved_while_its_replica_writes_goes_on_with_the_answer_and_stops_it(
    tab: Visit, deployment: Deployment
) -> None:
    call = await begin(tab, deployment.provider)
    await tab.composer.fill("half a quest")
    await tab.page.evaluate("window.isTheSame = true")
    await deployment.leave_out(await deployment.find_writer())
    await call.text("two ")
    await expect(tab.growing.locator(".prose")).to_have_text("One two", timeout=WAIT_MILLISECONDS)
    await expect(tab.composer).to_have_value("half a quest")
    assert await tab.page.evaluate("window.isTheSame"), "nothing was loaded anew"
    clicked = time.monotonic()
    await tab.page.locator("#composer .stop-button").dispatch_event("click")
    seconds = await call.connection.wait_closed() - clicked
    await expect(tab.history.locator(".note")).to_have_text("Stopped.")
    await expect(tab.history.locator(".prose")).to_have_text("One two")
    print(f"\nStop on another replica closed the upstream after {seconds * 1000:.0f} ms")


async def test_a_page_whose_replica_is_killed_comes_back_on_another_and_continues(
    tab: Visit, deployment: Deployment
) -> None:
    await begin(tab, deployment.provider)
    replica = deployment.take_away(await deployment.find_writer())
    await tab.page.evaluate("window.isTheSame = true")
    replica.send(signal.SIGKILL)
    await tab.button("continue").click(timeout=WAIT_MILLISECONDS)
    await expect(tab.history.locator(".question")).to_have_text(["Hello"])
    call = await deployment.provider.next_call()
    await call.text("two")
    await call.finish()
    await expect(tab.history.locator(".prose")).to_have_text("One two")
    assert await tab.page.evaluate("window.isTheSame"), "nothing was loaded anew"


async def test_a_page_whose_replica_is_stopped_sees_its_answer_to_the_end_and_asks_the_other_next(
    tab: Visit, deployment: Deployment
) -> None:
    call = await begin(tab, deployment.provider)
    replica = deployment.take_away(await deployment.find_writer())
    stopping = asyncio.create_task(replica.stop())
    await call.text("two ")
    await expect(tab.growing.locator(".prose")).to_have_text("One two")
    await call.finish()
    await expect(tab.history.locator(".prose")).to_have_text("One two")
    assert await stopping == 0, replica.output
    await tab.choose("plain")
    await tab.ask("And then?")
    await expect(tab.history.locator(".question")).to_have_text(["Hello", "And then?"])


async def test_while_a_replica_stops_its_other_pages_and_new_ones_are_answered_by_the_next(
    browser: Browser, tab: Visit, deployment: Deployment
) -> None:
    call = await begin(tab, deployment.provider)
    async with visit(browser, deployment.nginx.url) as beside:
        await beside.choose("plain")
        await beside.ask("First")
        await beside.page.evaluate("window.isTheSame = true")
        replica = deployment.take_away(await deployment.find_writer())
        stopping = asyncio.create_task(replica.stop())
        while (await replica.client.get("/readyz")).status_code == 200:
            await asyncio.sleep(0.01)
        await beside.ask("Second")
        await beside.attach(text_file("notes.txt", "The lamp shines."))
        await expect(beside.page.locator(".attached.done")).to_be_visible(timeout=WAIT_MILLISECONDS)
        await beside.ask("Third")
        await expect(beside.history.locator(".question")).to_contain_text(["First", "Second", "Third"])
        assert await beside.page.evaluate("window.isTheSame"), "nothing was loaded anew"
        async with visit(browser, deployment.nginx.url) as newcomer:
            await newcomer.choose("plain")
            await newcomer.ask("Hello")
    assert not stopping.done()
    await call.text("two ")
    await call.finish()
    await expect(tab.history.locator(".prose")).to_have_text("One two")
    assert await stopping == 0, replica.output


async def test_a_message_that_reached_a_replica_as_it_began_to_stop_is_sent_again_to_the_next(
    browser: Browser, tab: Visit, deployment: Deployment
) -> None:
    call = await begin(tab, deployment.provider)
    is_heard = asyncio.Event()

    async def hold(route: Route) -> None:
        await is_heard.wait()
        await route.continue_()

    async with visit(browser, deployment.nginx.url) as beside:
        await beside.choose("plain")
        await beside.page.route("**/gradio_api/queue/data*", hold, times=1)
        async with beside.page.expect_response("**/gradio_api/queue/join*"):
            await beside.page.locator("#search input").fill("x")
        replica = deployment.take_away(await deployment.find_writer())
        stopping = asyncio.create_task(replica.stop())
        while (await replica.client.get("/readyz")).status_code == 200:
            await asyncio.sleep(0.01)
        async with beside.page.expect_response("**/gradio_api/queue/join*") as joined:
            await beside.send("Hello")
        assert (await joined.value).ok, "what it is still to hear from there, it hears there"
        is_heard.set()
        await expect(beside.history.locator(".prose")).to_have_text([ANSWER], timeout=WAIT_MILLISECONDS)
        await expect(beside.history.locator(".question")).to_have_text(["Hello"])
        await expect(beside.composer).to_have_value("")
    await call.finish()
    assert await stopping == 0, replica.output


async def test_a_rolling_restart_fails_no_message_of_an_open_page_and_asks_none_twice(
    tab: Visit, deployment: Deployment
) -> None:
    await tab.choose(PACED)
    await tab.page.evaluate("window.isTheSame = true")
    is_over, asked = asyncio.Event(), 0

    async def keep_asking() -> None:
        nonlocal asked
        while not is_over.is_set():
            asked += 1
            await tab.ask(f"Question {asked}")
            answer = await tab.history.locator(".prose").last.inner_text()
            assert len(answer.split()) == 20, answer

    asking = asyncio.create_task(keep_asking())
    await deployment.renew()
    is_over.set()
    await asking
    assert await tab.page.evaluate("window.isTheSame"), "nothing was loaded anew"
    assert [call.model for call in deployment.provider.chats].count(PACED) == asked
    print(f"\n{asked} messages over two restarts, failed: 0, asked twice: 0")


async def test_a_page_whose_question_went_to_another_replica_as_its_own_ended_finds_the_answer_there(
    tab: Visit, deployment: Deployment
) -> None:
    await tab.choose("plain")
    await tab.ask("First")
    other, public = await deployment.find_other(tab), urlsplit(deployment.nginx.url).netloc

    has_moved = False

    async def ask_other(route: Route) -> None:
        nonlocal has_moved
        path = route.request.url.partition("/gradio_api/")[2]
        if path != "app_id" and (has_moved or "Hello" not in (route.request.post_data or "")):
            return await route.continue_()
        has_moved = True
        headers = {**route.request.headers, "x-forwarded-host": public}  # as nginx sends it
        await route.continue_(url=f"{other}/gradio_api/{path}", headers=headers)

    for path in ("queue/join*", "app_id"):
        await tab.page.route(f"**/gradio_api/{path}", ask_other)
    await tab.page.evaluate("window.isTheSame = true")
    await tab.send("Hello")
    await expect(tab.composer).to_have_value("")
    await tab.composer.fill("half a quest")
    await expect(tab.history.locator(".question")).to_have_text(["First", "Hello"], timeout=WAIT_MILLISECONDS)
    await expect(tab.history.locator(".prose")).to_have_text([ANSWER, ANSWER])
    await expect(tab.composer).to_have_value("half a quest")
    assert await tab.page.evaluate("window.isTheSame"), "nothing was loaded anew"
