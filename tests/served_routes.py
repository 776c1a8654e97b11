"""The routes under test: in one process, and on two replicas asked in turn, over a real Redis and PostgreSQL.

One provider and one server for the module that asks for them; a test with settings of its own starts its own.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack

import httpx
import pytest

from tests.provider import Provider
from tests.routes import InTurn, Served
from tests.servers import run_routes

pytest_plugins = ("tests.servers_postgres", "tests.servers_redis")


@pytest.fixture(scope="module", params=["one process", "two replicas in turn"])
async def served(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> AsyncGenerator[Served, None]:
    shared: dict[str, str] = {}
    if request.param != "one process":
        postgres = request.getfixturevalue("postgres")
        postgres.execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
        redis = request.getfixturevalue("shared_redis")
        shared = {"REDIS_URL": redis.url, "DATABASE_URL": postgres.url("postgres")}
    async with AsyncExitStack() as stack:
        provider = await stack.enter_async_context(Provider())
        apps = [
            await stack.enter_async_context(
                run_routes(
                    tmp_path_factory.mktemp("api"),
                    OPENAI_BASE_URL=provider.url,
                    OPENAI_API_KEY="sk-test",
                    MAX_GENERATIONS_PER_VISITOR="100",
                    READER_PROCESSES="1",
                    **shared,
                )
            )
            for _ in range(2 if shared else 1)
        ]
        transport = InTurn([app.url for app in apps])
        client = httpx.AsyncClient(transport=transport, base_url="http://replicas", timeout=30)
        await stack.enter_async_context(client)
        yield Served(client, provider, [app.engine for app in apps])
