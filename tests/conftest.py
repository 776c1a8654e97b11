"""Fixtures only: the whole app on a real socket, a scripted provider behind it, a browser in front."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from tests.provider import Provider
from tests.servers import RunningApp, run_app


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
async def provider() -> AsyncGenerator[Provider, None]:
    async with Provider() as provider:
        yield provider


@pytest.fixture
async def app(provider: Provider, tmp_path: Path) -> AsyncGenerator[RunningApp, None]:
    """The whole application, page and routes, over the scripted provider."""
    async with run_app(tmp_path, OPENAI_BASE_URL=provider.url, OPENAI_API_KEY="sk-test-key") as app:
        yield app
