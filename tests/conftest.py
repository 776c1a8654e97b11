"""Fixtures only: the whole app on a real socket, a scripted provider behind it, a browser in front."""

from __future__ import annotations

import gc
import os
from collections.abc import AsyncGenerator, Generator
from contextlib import AsyncExitStack
from dataclasses import replace

import pytest
from playwright.async_api import Browser

from chat.extraction import ReaderLimits
from tests.artifacts import ARTIFACTS
from tests.browsers import start_chromium
from tests.pages import Visit, visit
from tests.provider import Provider
from tests.servers import RunningApp, run_app

gc.disable()  # until all modules are imported


def pytest_collection_finish() -> None:
    """Search what was imported for cycles no more, as app.py does: it took a tenth of the tests' time."""
    gc.freeze()
    gc.enable()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what is slow and what uses the browser, and leave that out with BROWSER_TESTS=0.

    Modules with such tests take longest: they run first, so that no worker is alone with one at the end.
    """
    for item in items:
        if item.path.parent.name == "slow":
            item.add_marker("slow")
        if "browser" in getattr(item, "fixturenames", ()):
            item.add_marker("browser")
        if item.get_closest_marker("browser") and os.environ.get("BROWSER_TESTS") == "0":
            item.add_marker(pytest.mark.skip(reason="BROWSER_TESTS=0"))
    long = {item.path for item in items if item.get_closest_marker("browser")}
    items.sort(key=lambda item: item.path not in long)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    ARTIFACTS.begin(item.nodeid)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Keep what a failing test said, before its fixtures close what they opened."""
    report = yield
    if report.failed:
        ARTIFACTS.has_failed = True
        sections = [f"--- {title} ---\n{text}" for title, text in report.sections]
        ARTIFACTS.write(f"report-{report.when}.txt", "\n".join([report.longreprtext, *sections]))
    return report


@pytest.fixture(scope="session", autouse=True)
def no_warm_readers() -> Generator[None]:
    """Servers in this process start a reader with the first file: few of them read one."""
    from_settings = ReaderLimits.from_settings
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            ReaderLimits,
            "from_settings",
            lambda settings: replace(from_settings(settings), is_kept_warm=False),
        )
        yield


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    """Of the widest scope, so that a fixture of any may be asynchronous."""
    return "asyncio"


@pytest.fixture(scope="session")
async def browser() -> AsyncGenerator[Browser, None]:
    """Chromium, one for all tests of a worker, which share its event loop from then on.

    Without one the test fails and names the switch that leaves it out.
    """
    async with AsyncExitStack() as stack:
        try:
            browser = await stack.enter_async_context(start_chromium())
        except FileNotFoundError as error:
            missing = str(error)
        else:
            yield browser
            return
    pytest.fail(missing, pytrace=False)


@pytest.fixture(scope="module")
async def module_provider() -> AsyncGenerator[Provider, None]:
    """The provider of a module's tests, for fixtures of the module: the address stays the same."""
    async with Provider() as provider:
        yield provider


@pytest.fixture
def provider(module_provider: Provider) -> Provider:
    """The same for one test: nothing was asked of it, and nothing is scripted."""
    module_provider.reset()
    return module_provider


@pytest.fixture(scope="module")
async def module_app(
    module_provider: Provider, tmp_path_factory: pytest.TempPathFactory
) -> AsyncGenerator[RunningApp, None]:
    folder = tmp_path_factory.mktemp("app")
    async with run_app(folder, OPENAI_BASE_URL=module_provider.url, OPENAI_API_KEY="sk-test-key") as app:
        yield app


@pytest.fixture
def app(module_app: RunningApp, provider: Provider) -> RunningApp:
    """The whole application over the scripted provider, page and routes, which the module's tests share.

    Each test uses visitors and conversations of its own.
    """
    module_app.client.cookies.clear()
    return module_app


@pytest.fixture
async def tab(browser: Browser, served: RunningApp, provider: Provider) -> AsyncGenerator[Visit, None]:
    """A new visitor's tab on `served`, the application as a module's own fixture starts it."""
    async with visit(browser, served.url) as opened:
        yield opened
        assert opened.problems == []
