"""A Chinese input method, and the keys that are typed into it: IBus with libpinyin, on an X server.

The programs are Debian's (tests/install_programs.sh). WebDriver's keys never reach an input method; those of
xdotool take the way of a keyboard's. Knows no page of ours and no browser.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncGenerator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.webdrivers import run_desktop

BUS = Path("/usr/bin/dbus-daemon")
DAEMON = Path("/usr/bin/ibus-daemon")
PYTHON = Path("/usr/bin/python3")  # Debian's, with IBus's own module
PINYIN = Path("/usr/libexec/ibus-engine-libpinyin")
KEYS = Path("/usr/bin/xdotool")
# The command `ibus engine` ends with an error here after it has chosen.
CHOOSE = """import gi
gi.require_version("IBus", "1.0")
from gi.repository import IBus
IBus.init()
raise SystemExit(not IBus.Bus().set_global_engine("libpinyin"))"""
START_SECONDS = 60
PIPE, QUIET = asyncio.subprocess.PIPE, asyncio.subprocess.DEVNULL


def missing_input_method() -> list[str]:
    """Return the programs that are needed and that are not there."""
    return [str(path) for path in (BUS, DAEMON, PYTHON, PINYIN, KEYS) if not path.is_file()]


@dataclass(frozen=True)
class Keyboard:
    """desktop: the variables by which a program finds the screen and the input method."""

    desktop: Mapping[str, str]

    async def take_window(self) -> None:
        """Give the keys to the window: no window manager does."""
        await self._run(KEYS, "search", "--sync", "--onlyvisible", "--name", ".", "windowfocus", "%@")

    async def choose_pinyin(self) -> None:
        """Let keys go through the input method from now on. A text field has the focus."""
        await self._run(PYTHON, "-I", "-c", CHOOSE)

    async def press(self, *keys: str) -> None:
        """Press one key after another, by their names in X: n, space, Return."""
        await self._run(KEYS, "key", *keys)

    async def _run(self, program: Path, *words: str) -> None:
        environment = {**os.environ, **self.desktop}
        process = await asyncio.create_subprocess_exec(program, *words, env=environment, stderr=PIPE)
        _, said = await process.communicate()
        if process.returncode:
            raise RuntimeError(f"{program} {' '.join(words)}: {said.decode().strip()}")


@asynccontextmanager
async def run_input_method(folder: Path) -> AsyncGenerator[Keyboard, None]:
    """Run a desktop with the input method; what it learns of its user stays in the folder."""
    async with AsyncExitStack() as stack:
        desktop = await stack.enter_async_context(run_desktop())
        homes = {"HOME": "", "XDG_CONFIG_HOME": "config", "XDG_CACHE_HOME": "cache", "XDG_DATA_HOME": "data"}
        desktop |= {name: str(folder / path) for name, path in homes.items()}
        desktop |= {
            "GTK_IM_MODULE": "ibus",
            "XMODIFIERS": "@im=ibus",
            "NO_AT_BRIDGE": "1",
            "LC_ALL": "C.UTF-8",
        }
        bus = await stack.enter_async_context(
            _run_beside(desktop, BUS, "--session", "--nofork", "--nosyslog", "--print-address=1")
        )
        assert bus.stdout
        desktop["DBUS_SESSION_BUS_ADDRESS"] = (await bus.stdout.readline()).decode().strip()
        # Without --xim: its server for old programs keeps the choice of an engine waiting for half a minute.
        await stack.enter_async_context(_run_beside(desktop, DAEMON, "--panel=disable"))
        async with asyncio.timeout(START_SECONDS):
            while not await asyncio.to_thread(_has_address, folder):
                await asyncio.sleep(0.05)
        yield Keyboard(desktop)


def _has_address(folder: Path) -> bool:
    """Tell whether the daemon has written where it is called."""
    return any(folder.glob("config/ibus/bus/*"))


@asynccontextmanager
async def _run_beside(
    desktop: Mapping[str, str], program: Path, *words: str
) -> AsyncGenerator[asyncio.subprocess.Process, None]:
    environment = {**os.environ, **desktop}
    process = await asyncio.create_subprocess_exec(
        program, *words, env=environment, stdout=PIPE, stderr=QUIET
    )
    try:
        yield process
    finally:
        process.terminate()
        await process.wait()
