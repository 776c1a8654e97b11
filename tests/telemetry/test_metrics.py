"""Metrics for Prometheus, readiness, and access to both."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.limits.test_auth import basic
from tests.provider import Provider
from tests.servers import RunningApp, run_app, run_routes


async def figures(app: RunningApp) -> dict[str, float]:
    """Return every sample but buckets and times of making, as Prometheus reads it."""
    await app.engine._stores.queue.settle_all()
    text = (await app.client.get("/metrics")).text
    return {
        name + "".join(f"{{{label}}}" for label in sample.labels.values()): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if not (name := sample.name).endswith(("_bucket", "_created", "_sum"))
        and not name.startswith(("xiaojia_loop", "xiaojia_held", "xiaojia_queue"))
    }


async def test_answers_refusals_faults_and_files_are_counted(provider: Provider, tmp_path: Path) -> None:
    async with run_routes(
        tmp_path, OPENAI_BASE_URL=provider.url, OPENAI_MODEL="plain,status-503,held"
    ) as app:
        ask = app.client.post
        await ask("/ai/stream_chat", json={"user_message": "secret words"})
        await ask("/ai/stream_chat", json={"user_message": "secret words", "model": "status-503"})
        await ask("/ai/files", files={"file": ("secret.txt", b"secret words")})
        started = await ask("/ai/generations", json={"user_message": "x", "model": "held"})
        during = await figures(app)
        await app.client.delete(f"/ai/generations/{started.json()['generation_id']}")
        after = await figures(app)
        shown = (await app.client.get("/metrics")).text
        assert "secret" not in shown
        for told in (
            'xiaojia_loop_longest_block_seconds{clock="cpu"}',
            'xiaojia_queue_wait_seconds_count{queue="files"}',
            'xiaojia_held_bytes{class="answers"}',
        ):
            assert told in shown
    assert during["xiaojia_generations_running"] == 1
    assert after == {
        "xiaojia_generations_running": 0,
        "xiaojia_generations_total{stop}": 1,
        "xiaojia_generations_total{error}": 1,
        "xiaojia_generations_total{cancelled}": 1,
        "xiaojia_first_token_seconds_count": 1,
        "xiaojia_deltas_total": after["xiaojia_deltas_total"],
        "xiaojia_tokens_total{prompt}": 3,
        "xiaojia_tokens_total{completion}": 5,
        "xiaojia_tokens_total{estimated}": after["xiaojia_tokens_total{estimated}"],
        "xiaojia_upstream_errors_total{unavailable}": 1,
        "xiaojia_extraction_seconds_count{text/plain}": 1,
    }
    assert after["xiaojia_deltas_total"] > 0


async def test_refusals_are_counted_by_their_limit(provider: Provider, tmp_path: Path) -> None:
    async with run_routes(
        tmp_path, OPENAI_BASE_URL=provider.url, OPENAI_MODEL="plain", RATE_LIMIT="1/hour"
    ) as app:
        for _ in range(3):
            await app.client.post("/ai/stream_chat", json={"user_message": "x"})
        assert (await figures(app))["xiaojia_refusals_total{rate_limit}"] == 2


async def test_two_apps_in_one_process_count_apart(provider: Provider, tmp_path: Path) -> None:
    environ = {"OPENAI_BASE_URL": provider.url, "OPENAI_MODEL": "plain"}
    async with (
        run_routes(tmp_path / "a", **environ) as first,
        run_routes(tmp_path / "b", **environ) as second,
    ):
        await first.client.post("/ai/stream_chat", json={"user_message": "x"})
        assert (await figures(first))["xiaojia_generations_total{stop}"] == 1
        assert "xiaojia_generations_total{stop}" not in await figures(second)


async def test_it_is_ready_until_it_stops(provider: Provider, tmp_path: Path) -> None:
    async with run_routes(tmp_path, OPENAI_BASE_URL=provider.url) as app:
        ready = await app.client.get("/readyz")
        await app.engine.end_generations()
        stopping = await app.client.get("/readyz")
        alive = await app.client.get("/healthz")
    assert (ready.status_code, ready.json()) == (200, {"status": "ready", "model": "yes"})
    assert (stopping.status_code, stopping.json()["error"]["type"]) == (503, "stopping")
    assert int(stopping.headers["retry-after"]) > 0
    assert alive.status_code == 200


@pytest.mark.slow
async def test_documentation_and_metrics_require_the_log_in_unless_public(
    provider: Provider, tmp_path: Path
) -> None:
    paths = ("/docs", "/openapi.json", "/metrics", "/healthz", "/readyz")
    environ = {"OPENAI_BASE_URL": provider.url, "USERS": "anna:one"}
    async with run_app(tmp_path / "a", **environ, PUBLIC_DOCS="false") as app:
        statuses = {path: (await app.client.get(path)).status_code for path in paths}
        challenge = (await app.client.get("/docs")).headers["www-authenticate"]
        known = {"authorization": basic("anna", "one")}
        allowed = {path: (await app.client.get(path, headers=known)).status_code for path in paths}
    async with run_app(tmp_path / "b", **environ) as app:
        public = {path: (await app.client.get(path)).status_code for path in paths}
    assert statuses == dict.fromkeys(paths, 401)
    assert challenge.startswith("Basic")
    assert allowed == public == dict.fromkeys(paths, 200)


async def test_docs_need_no_other_host_and_no_script(provider: Provider, tmp_path: Path) -> None:
    async with run_app(tmp_path, OPENAI_BASE_URL=provider.url) as app:
        page = (await app.client.get("/docs")).text
    assert re.findall(r'(?:src|href)="([^"]+)"', page) == ["openapi.json", "ai/example"]
    assert "<script" not in page
    for name in ("user_message", "request_id", "last-event-id", "password"):
        assert f"<td>{name}</td>" in page, name
