"""A browser test that fails leaves its tab in test-artifacts/, also where a fixture opened the tab."""

from __future__ import annotations

import asyncio
import contextlib
from pathlib import Path

import pytest
from playwright.async_api import Browser

from tests.artifacts import ARTIFACTS
from tests.pages import visit
from tests.servers import RunningApp


@pytest.mark.slow
@pytest.mark.parametrize("is_fixture", [False, True])
async def test_a_failure_leaves_screenshot_document_and_console(
    browser: Browser, app: RunningApp, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_fixture: bool
) -> None:
    monkeypatch.setattr(ARTIFACTS, "folder", tmp_path / "kept")
    with contextlib.suppress(AssertionError):
        async with visit(browser, app.url) as tab:
            await tab.page.evaluate("console.warn('a fox passes')")
            monkeypatch.setattr(ARTIFACTS, "has_failed", is_fixture)
            assert is_fixture
    [folder] = (tmp_path / "kept").iterdir()
    png, console, html = (folder / f"tab-1.{end}" for end in ("png", "console.txt", "html"))
    assert png.read_bytes().startswith(b"\x89PNG")
    assert "warning: a fox passes" in console.read_text()
    assert 'id="composer"' in html.read_text()


async def test_a_tab_of_a_test_that_passes_leaves_nothing(
    browser: Browser, app: RunningApp, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ARTIFACTS, "folder", tmp_path / "kept")
    async with visit(browser, app.url):
        pass
    assert not await asyncio.to_thread((tmp_path / "kept").exists)
