"""What OpenAPI says of the routes is what they do: schemathesis makes requests of it and checks the answers.

Two things that it cannot know: a file can be refused for what it holds, so 415 and 422 are answers of that
route; and DELETE stops a generation, whose events can be read on.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.provider import Provider
from tests.servers import RunningApp, run_app, run_routes

TOKEN = "s3cret"
SECONDS = 20
SEED = 7
CONFIGURATION = """
[checks]
use_after_free.enabled = false

[[operations]]
include-path = "/ai/files"
checks.positive_data_acceptance.expected-statuses = ["2xx", "413", "415", "422", "429"]
"""


async def read_openapi(app: RunningApp) -> dict[str, Any]:
    document: dict[str, Any] = (await app.client.get("/openapi.json")).json()
    return document


@pytest.fixture
async def routes(provider: Provider, tmp_path: Path) -> AsyncGenerator[RunningApp, None]:
    async with run_routes(
        tmp_path, OPENAI_BASE_URL=provider.url, API_TOKEN=TOKEN, MAX_GENERATIONS_PER_VISITOR="1000"
    ) as app:
        yield app


async def test_openapi_describes_every_route_of_ours_and_nothing_of_gradios(
    provider: Provider, tmp_path: Path
) -> None:
    async with run_app(tmp_path, OPENAI_BASE_URL=provider.url) as app:
        document = await read_openapi(app)
        docs = await app.client.get("/docs")
    operations = {(method, path) for path, item in document["paths"].items() for method in item}
    assert operations == {
        ("get", "/ai/stream_chat"),
        ("post", "/ai/stream_chat"),
        ("post", "/ai/generations"),
        ("get", "/ai/generations/{generation_id}/events"),
        ("delete", "/ai/generations/{generation_id}"),
        ("post", "/ai/generations/{generation_id}/continue"),
        ("post", "/ai/files"),
        ("get", "/ai/conversations/{conversation_id}/files"),
        ("post", "/ai/conversations/{conversation_id}/files/{file_id}"),
        ("get", "/ai/files/{file_id}/content"),
        ("get", "/ai/files/{file_id}/pages/{number}"),
        ("get", "/ai/files/{file_id}/pages/{number}/text"),
        ("get", "/healthz"),
        ("get", "/readyz"),
    }
    assert all(item["security"] == [] for path in document["paths"].values() for item in path.values())
    assert docs.status_code == 200
    assert all(f"<code>{path}</code>" in docs.text for path in document["paths"])


async def test_a_url_past_what_the_server_reads_is_answered_as_it_is_documented(routes: RunningApp) -> None:
    url = f"{routes.url}/ai/stream_chat?user_message={'a' * 100_000}"
    async with aiohttp.request("GET", url) as answer:
        assert (answer.status, answer.headers["content-type"]) == (400, "text/plain; charset=utf-8")
    document = await read_openapi(routes)
    documented = document["paths"]["/ai/stream_chat"]["get"]["responses"]["400"]["content"]
    assert set(documented) == {"application/json", "text/plain"}


async def test_every_operation_has_a_summary_a_description_and_its_refusals(routes: RunningApp) -> None:
    document = await read_openapi(routes)
    for path, item in document["paths"].items():
        for method, operation in item.items():
            assert "" not in (operation["summary"], operation["description"]), (method, path)
            for parameter in operation.get("parameters", ()):
                assert parameter["schema"].get("description") or parameter.get("description"), parameter
            if path.startswith("/ai/"):
                assert operation["security"] == [{"HTTPBearer": []}]
                error = operation["responses"]["422"]["content"]["application/json"]["schema"]
                assert error == {"$ref": "#/components/schemas/ErrorBody"}


async def test_streams_are_documented_as_event_streams_that_end_with_204(routes: RunningApp) -> None:
    paths = (await read_openapi(routes))["paths"]
    streams = [
        paths["/ai/stream_chat"]["get"],
        paths["/ai/stream_chat"]["post"],
        paths["/ai/generations/{generation_id}/events"]["get"],
    ]
    for operation in streams:
        assert list(operation["responses"]["200"]["content"]) == ["text/event-stream"]
        assert "content" not in operation["responses"]["204"]


@pytest.mark.slow
async def test_schemathesis_finds_no_unexpected_answer(routes: RunningApp, tmp_path: Path) -> None:
    (tmp_path / "schemathesis.toml").write_text(CONFIGURATION)
    command = Path(sys.executable).with_name("schemathesis")
    process = await asyncio.create_subprocess_exec(
        command,
        "run",
        routes.url + "/openapi.json",
        f"--header=Authorization:Bearer {TOKEN}",
        f"--max-time={SECONDS}",
        "--max-examples=30",
        f"--seed={SEED}",
        "--workers=1",
        "--no-color",
        "--warnings=off",
        "--generation-database=none",
        cwd=tmp_path,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output, _ = await process.communicate()
    assert process.returncode == 0, output.decode()
